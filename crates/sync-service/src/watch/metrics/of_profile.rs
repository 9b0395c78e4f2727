//! The metrics of one profile. They are in the registry as long as the profile exists.

use prometheus::core::Collector;
use prometheus::{GaugeVec, Histogram, HistogramOpts, IntCounterVec, Opts, Registry};
use sync_core::{ContentKind, KindOutcome, PerKind, SyncReport};

use super::super::event::NotNow;
use super::super::upcoming::Upcoming;
use super::list::{self, Metric};

/// The label whose value is the same in all metrics of a profile.
const PROFILE: &str = "profile";

/// The bounds of durations, in seconds. A sync without changes takes a second; a sync with a slow panel takes half an
/// hour.
const DURATIONS: [f64; 10] = [0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1800.0, 3600.0];

/// The outcomes of runs that are counted from zero on, so that the first run is visible as a rise.
const OUTCOMES: [&str; 4] = ["completed", "partial", "failed", "cancelled"];

/// The metrics of a profile.
pub(super) struct ProfileMetrics {
    registry: Registry,
    collectors: Vec<Box<dyn Collector>>,
    runs: IntCounterVec,
    run_seconds: Histogram,
    running: GaugeVec,
    changes: IntCounterVec,
    received: IntCounterVec,
    requests: IntCounterVec,
    probes: IntCounterVec,
    errors: IntCounterVec,
    postponed: IntCounterVec,
    hook_failures: IntCounterVec,
    items: GaugeVec,
    held: GaugeVec,
    listed_at: GaugeVec,
    age: GaugeVec,
    stale_after: GaugeVec,
    next_run: GaugeVec,
    paused: GaugeVec,
    refusals: GaugeVec,
    /// The times of the last listings, in unix seconds, from which the ages follow.
    last_listing: PerKind<Option<i64>>,
}

impl ProfileMetrics {
    /// Adds the metrics of a profile to a registry.
    pub(super) fn new(registry: &Registry, profile: &str) -> Self {
        let mut adding = Adding { registry, profile, collectors: Vec::new() };
        let metrics = Self {
            runs: adding.counter(&list::RUNS),
            run_seconds: adding.durations(&list::RUN_SECONDS),
            running: adding.gauge(&list::RUNNING),
            changes: adding.counter(&list::CHANGES),
            received: adding.counter(&list::RECEIVED),
            requests: adding.counter(&list::REQUESTS),
            probes: adding.counter(&list::PROBES),
            errors: adding.counter(&list::ERRORS),
            postponed: adding.counter(&list::POSTPONED),
            hook_failures: adding.counter(&list::HOOK_FAILURES),
            items: adding.gauge(&list::ITEMS),
            held: adding.gauge(&list::HELD),
            listed_at: adding.gauge(&list::LISTED_AT),
            age: adding.gauge(&list::AGE),
            stale_after: adding.gauge(&list::STALE_AFTER),
            next_run: adding.gauge(&list::NEXT_RUN),
            paused: adding.gauge(&list::PAUSED),
            refusals: adding.gauge(&list::REFUSALS),
            last_listing: PerKind::default(),
            registry: registry.clone(),
            collectors: adding.collectors,
        };
        metrics.begin_at_zero();
        metrics
    }

    /// Creates metrics that would otherwise begin with their first value. A rate doesn't see a rise from a missing
    /// value.
    fn begin_at_zero(&self) {
        let none: &[&str] = &[];
        self.running.with_label_values(none).set(0.0);
        self.refusals.with_label_values(none).set(0.0);
        for outcome in OUTCOMES {
            self.runs.with_label_values(&[outcome]);
        }
        for kind in ContentKind::ALL.map(ContentKind::as_str) {
            self.received.with_label_values(&[kind]);
            self.requests.with_label_values(&[kind]);
            self.probes.with_label_values(&[kind]);
            for outcome in ["added", "updated", "removed"] {
                self.changes.with_label_values(&[kind, outcome]);
            }
        }
    }

    pub(super) fn began(&self) {
        self.running.with_label_values::<&str>(&[]).set(1.0);
    }

    pub(super) fn hook_failed(&self, hook: &str) {
        self.hook_failures.with_label_values(&[hook]).inc();
    }

    pub(super) fn postponed(&self, why: &NotNow) {
        // A run that ends because of another program's lease has already begun.
        self.running.with_label_values::<&str>(&[]).set(0.0);
        self.postponed.with_label_values(&[why.code()]).inc();
    }

    pub(super) fn ended(&self, report: &SyncReport) {
        self.running.with_label_values::<&str>(&[]).set(0.0);
        self.runs.with_label_values(&[report.status.as_str()]).inc();
        self.run_seconds.observe(report.duration.as_secs_f64());
        for error in &report.errors {
            self.errors.with_label_values(&[error.code.as_str()]).inc();
        }
        for record in report.kinds.values() {
            let (kind, counts) = (record.kind.as_str(), record.counts);
            self.received.with_label_values(&[kind]).inc_by(record.bytes);
            self.requests.with_label_values(&[kind]).inc_by(record.requests);
            self.probes.with_label_values(&[kind]).inc_by(u64::from(record.outcome == KindOutcome::ProbedUnchanged));
            for (outcome, count) in [("added", counts.added), ("updated", counts.updated), ("removed", counts.removed)]
            {
                self.changes.with_label_values(&[kind, outcome]).inc_by(count);
            }
        }
    }

    /// Sets the metrics to the state of a profile.
    pub(super) fn looked(&mut self, upcoming: &Upcoming) {
        self.refusals.with_label_values::<&str>(&[]).set(f64::from(upcoming.facts.refusals));
        self.paused.reset();
        for kind in ContentKind::ALL {
            let (name, next) = (kind.as_str(), &upcoming.next[kind]);
            self.items.with_label_values(&[name]).set(count(upcoming.rows[kind]));
            self.held.with_label_values(&[name]).set(count(upcoming.held[kind]));
            self.last_listing[kind] = upcoming.history[kind].listed_at;
            set(&self.listed_at, name, self.last_listing[kind]);
            set(&self.stale_after, name, upcoming.stale_after(kind));
            set(&self.next_run, name, next.at);
            if next.why.is_pause() {
                self.paused.with_label_values(&[name, next.why.code()]).set(1.0);
            }
        }
    }

    /// Sets the ages of the listings as of now.
    pub(super) fn grow_old(&self, now: i64) {
        for kind in ContentKind::ALL {
            let age = self.last_listing[kind].map(|at| now.saturating_sub(at).max(0));
            set(&self.age, kind.as_str(), age);
        }
    }
}

/// Removes the metrics from the registry.
impl Drop for ProfileMetrics {
    fn drop(&mut self) {
        for collector in self.collectors.drain(..) {
            // The collector was registered, and only this code unregisters it.
            let _ = self.registry.unregister(collector);
        }
    }
}

/// Adds the metrics of a profile to a registry.
struct Adding<'a> {
    registry: &'a Registry,
    profile: &'a str,
    collectors: Vec<Box<dyn Collector>>,
}

impl Adding<'_> {
    fn add<C: Collector + Clone + 'static>(&mut self, collector: C) -> C {
        self.registry.register(Box::new(collector.clone())).expect("each metric of a profile is added once");
        self.collectors.push(Box::new(collector.clone()));
        collector
    }

    fn counter(&mut self, metric: &Metric) -> IntCounterVec {
        self.add(IntCounterVec::new(self.options(metric), &labels(metric)).expect(VALID))
    }

    fn gauge(&mut self, metric: &Metric) -> GaugeVec {
        self.add(GaugeVec::new(self.options(metric), &labels(metric)).expect(VALID))
    }

    fn durations(&mut self, metric: &Metric) -> Histogram {
        let options = HistogramOpts { common_opts: self.options(metric), buckets: DURATIONS.to_vec() };
        self.add(Histogram::with_opts(options).expect(VALID))
    }

    fn options(&self, metric: &Metric) -> Opts {
        Opts::new(metric.name, metric.help).const_label(PROFILE, self.profile)
    }
}

const VALID: &str = "the names of metrics and labels are valid";

/// Returns the labels of a metric whose values differ within a profile.
fn labels(metric: &Metric) -> Vec<&'static str> {
    metric.labels.iter().copied().filter(|label| *label != PROFILE).collect()
}

/// Sets the value of a kind, or removes it if it is `None`.
fn set(gauge: &GaugeVec, kind: &str, value: Option<i64>) {
    match value {
        Some(value) => gauge.with_label_values(&[kind]).set(whole(value)),
        // The value may be missing already.
        None => drop(gauge.remove_label_values(&[kind])),
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers; times and counts are below 2^53")]
pub(super) fn whole(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has no other numbers; times and counts are below 2^53")]
fn count(value: u64) -> f64 {
    value as f64
}
