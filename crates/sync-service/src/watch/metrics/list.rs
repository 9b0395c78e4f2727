//! Every metric: its name, its labels, and its meaning. Names and labels are a public interface.
//!
//! `docs/watch.md` has the same table, and a test of `sync-app` compares it with this list.

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// The type: a number that only rises, a number that goes both ways, or durations.
    pub metric_type: MetricType,
    /// The labels.
    pub labels: &'static [&'static str],
    /// The meaning in words.
    pub help: &'static str,
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricType {
    /// A number that only rises while the program runs.
    Counter,
    /// A number that goes both ways.
    Gauge,
    /// Durations, counted by their length.
    Histogram,
}

impl MetricType {
    /// Returns the name of the type at Prometheus.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

const fn metric(
    metric_type: MetricType,
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, metric_type, labels, help }
}

use MetricType::{Counter, Gauge, Histogram};

pub(super) const RUNS: Metric = metric(
    Counter,
    "xtream_sync_runs_total",
    &["profile", "outcome"],
    "Runs that have ended: completed, partial, failed or cancelled",
);
pub(super) const RUN_SECONDS: Metric = metric(Histogram, "xtream_sync_run_seconds", &["profile"], "Duration of runs");
pub(super) const RUNNING: Metric =
    metric(Gauge, "xtream_sync_running", &["profile"], "1 while a run is under way, else 0");
pub(super) const CHANGES: Metric = metric(
    Counter,
    "xtream_sync_changes_total",
    &["profile", "kind", "outcome"],
    "Changes of the cache by runs: added, updated or removed",
);
pub(super) const RECEIVED: Metric = metric(
    Counter,
    "xtream_sync_received_bytes_total",
    &["profile", "kind"],
    "Bytes of lists that were received, after decompression",
);
pub(super) const REQUESTS: Metric =
    metric(Counter, "xtream_sync_requests_total", &["profile", "kind"], "Requests that were sent for lists");
pub(super) const PROBES: Metric = metric(
    Counter,
    "xtream_sync_probed_unchanged_total",
    &["profile", "kind"],
    "Looks at which a probe saw nothing new, so that no list was fetched",
);
pub(super) const ERRORS: Metric =
    metric(Counter, "xtream_sync_errors_total", &["profile", "reason"], "Errors of runs, by their code");
pub(super) const POSTPONED: Metric = metric(
    Counter,
    "xtream_sync_postponed_total",
    &["profile", "reason"],
    "Runs that were due and did not begin: account_busy, before_command, still_slow, profile_busy, account_in_use or no_source",
);
pub(super) const HOOK_FAILURES: Metric = metric(
    Counter,
    "xtream_sync_hook_failures_total",
    &["profile", "reason"],
    "Attempts to tell a hook that have failed: on_change or webhook",
);
pub(super) const ITEMS: Metric = metric(Gauge, "xtream_sync_items", &["profile", "kind"], "Items in the cache");
pub(super) const HELD: Metric =
    metric(Gauge, "xtream_sync_held_items", &["profile", "kind"], "Items whose removal is held");
pub(super) const LISTED_AT: Metric = metric(
    Gauge,
    "xtream_sync_last_listing_timestamp_seconds",
    &["profile", "kind"],
    "Start of the newest run that took the whole list, or was told that it is unchanged",
);
pub(super) const AGE: Metric = metric(Gauge, "xtream_sync_age_seconds", &["profile", "kind"], "Time since that run");
pub(super) const STALE_AFTER: Metric = metric(
    Gauge,
    "xtream_sync_stale_after_seconds",
    &["profile", "kind"],
    "Age from which on a kind counts as stale; absent if it is switched off",
);
pub(super) const NEXT_RUN: Metric = metric(
    Gauge,
    "xtream_sync_next_run_timestamp_seconds",
    &["profile", "kind"],
    "Time at which a kind is synced next; absent if it is not synced by itself",
);
pub(super) const PAUSED: Metric = metric(
    Gauge,
    "xtream_sync_paused",
    &["profile", "kind", "reason"],
    "1 while a kind waits longer than its schedule says, with the reason; absent otherwise",
);
pub(super) const REFUSALS: Metric =
    metric(Gauge, "xtream_sync_refusals", &["profile"], "Logins in a row that the panel has refused");
pub(super) const CACHE_TROUBLE: Metric =
    metric(Gauge, "xtream_sync_cache_trouble", &[], "1 while the cache can't be read or written, else 0");
pub(super) const STARTED: Metric =
    metric(Gauge, "xtream_sync_start_time_seconds", &[], "Time at which the program was started");

/// Every metric, in the order of the documents.
pub const METRICS: [Metric; 20] = [
    RUNS,
    RUN_SECONDS,
    RUNNING,
    CHANGES,
    RECEIVED,
    REQUESTS,
    PROBES,
    ERRORS,
    POSTPONED,
    HOOK_FAILURES,
    ITEMS,
    HELD,
    LISTED_AT,
    AGE,
    STALE_AFTER,
    NEXT_RUN,
    PAUSED,
    REFUSALS,
    CACHE_TROUBLE,
    STARTED,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_and_labels_are_few() {
        for (at, metric) in METRICS.iter().enumerate() {
            assert!(metric.name.starts_with("xtream_sync_"), "{metric:?}");
            assert_eq!(metric.name.ends_with("_total"), metric.metric_type == Counter, "{metric:?}");
            assert!(metric.labels.iter().all(|label| ["profile", "kind", "outcome", "reason"].contains(label)));
            assert!(METRICS[..at].iter().all(|other| other.name != metric.name), "{metric:?}");
            assert!(!metric.help.ends_with('.') && !metric.help.is_empty());
        }
    }
}
