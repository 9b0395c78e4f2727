//! The metrics of a watcher, as the text that Prometheus reads.

mod list;
mod of_profile;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::{Gauge, Opts, Registry, TextEncoder};
use sync_core::{Clock, ProfileId};

use super::event::{WatchEvent, WatchObserver};
use super::upcoming::Upcoming;
use of_profile::ProfileMetrics;

pub use list::{METRICS, Metric, MetricType};

/// The time without a sign of life after which a watcher is not well. It reads the cache at least every minute.
const SILENCE: Duration = Duration::from_secs(180);

/// Gathers the metrics of a watcher. The labels hold ids of profiles, kinds, and fixed words. They hold nothing from a
/// panel, and no login.
pub struct Metrics {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    registry: Registry,
    profiles: BTreeMap<ProfileId, ProfileMetrics>,
    cache_trouble: Gauge,
    /// The monotonic time of the last sign of life.
    alive_at: Option<Duration>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// The type of the text, for the header `Content-Type`.
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Returns metrics with their first values.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let registry = Registry::new();
        let of_all = |metric: Metric| {
            let gauge = Gauge::with_opts(Opts::new(metric.name, metric.help)).expect("the name of the metric is valid");
            registry.register(Box::new(gauge.clone())).expect("the metric is added once");
            gauge
        };
        let cache_trouble = of_all(list::CACHE_TROUBLE);
        of_all(list::STARTED).set(of_profile::whole(clock.now()));
        let state = State { registry, profiles: BTreeMap::new(), cache_trouble, alive_at: None };
        Self { clock, state: Mutex::new(state) }
    }

    /// Returns the current metrics, in the text format 0.0.4 of Prometheus.
    pub fn text(&self) -> String {
        let now = self.clock.now();
        let state = self.state();
        state.profiles.values().for_each(|metrics| metrics.grow_old(now));
        TextEncoder::new()
            .encode_to_string(&state.registry.gather())
            .expect("every metric that is gathered has a value")
    }

    /// Returns whether the watcher has given a sign of life within the last three minutes.
    pub fn is_alive(&self) -> bool {
        let now = self.clock.monotonic();
        self.state().alive_at.is_some_and(|at| now.saturating_sub(at) <= SILENCE)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&mut self, profile: &ProfileId) -> &mut ProfileMetrics {
        let new = || ProfileMetrics::new(&self.registry, profile.as_str());
        self.profiles.entry(profile.clone()).or_insert_with(new)
    }

    fn looked(&mut self, all: &[Upcoming]) {
        // The metrics of a removed profile are removed.
        self.profiles.retain(|id, _| all.iter().any(|upcoming| upcoming.profile.id == *id));
        for upcoming in all {
            self.of(&upcoming.profile.id).looked(upcoming);
        }
    }
}

impl WatchObserver for Metrics {
    fn event(&self, event: &WatchEvent<'_>) {
        let now = self.clock.monotonic();
        let mut state = self.state();
        match event {
            WatchEvent::Upcoming(upcoming) => {
                state.alive_at = Some(now);
                state.looked(upcoming);
            }
            WatchEvent::Alive => state.alive_at = Some(now),
            WatchEvent::Began { profile, .. } => state.of(&profile.id).began(),
            WatchEvent::Ended { profile, report, .. } => state.of(&profile.id).ended(report),
            WatchEvent::Postponed { profile, why, .. } => state.of(&profile.id).postponed(why),
            WatchEvent::HookFailed { profile, hook, .. } => state.of(&profile.id).hook_failed(hook),
            WatchEvent::CacheTrouble { .. } => state.cache_trouble.set(1.0),
            WatchEvent::CacheWorks => state.cache_trouble.set(0.0),
            WatchEvent::Reloaded => {}
        }
    }
}
