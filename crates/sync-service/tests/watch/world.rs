//! A world with a clock that jumps, a machine that sleeps, and a cache that may be full.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sync_core::testing::MemoryStore;
use sync_core::{Cache, Clock, ContentKind, KindOutcome, Profile, StoreError, TimeZone, Timer};
use sync_service::watch::{Caches, WatchEvent, WatchObserver, WatchOptions, Watcher};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::panel::Panels;

/// The time of day at the start: 2026-09-20, 08:00 UTC.
pub(crate) const START: i64 = 1_789_891_200;

/// A clock over the runtime's simulated time.
pub(crate) struct SimClock {
    began: Instant,
    /// The seconds for which the machine has slept. The time of day goes on meanwhile, the monotonic clock doesn't.
    slept: AtomicI64,
    /// The seconds by which the time of day is wrong.
    wrong: AtomicI64,
}

impl SimClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), slept: AtomicI64::new(0), wrong: AtomicI64::new(0) })
    }

    /// Returns the seconds that have really passed.
    pub(crate) fn passed(&self) -> i64 {
        let awake = i64::try_from(self.began.elapsed().as_secs()).unwrap();
        awake + self.slept.load(Ordering::Relaxed)
    }

    pub(crate) fn sleep(&self, seconds: i64) {
        self.slept.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Moves the time of day, on or back.
    pub(crate) fn jump(&self, seconds: i64) {
        self.wrong.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> i64 {
        START + self.passed() + self.wrong.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Waits in simulated time.
pub(crate) struct SimTimer;

#[async_trait]
impl Timer for SimTimer {
    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The cache, and what is wrong with it.
pub(crate) struct SimCaches {
    pub(crate) store: MemoryStore,
    /// There is no room.
    pub(crate) full: AtomicBool,
    /// Another file is being put into its place.
    pub(crate) away: AtomicBool,
    /// A newer version has upgraded it.
    pub(crate) newer: AtomicBool,
}

impl SimCaches {
    pub(crate) fn new() -> Arc<Self> {
        let sound = || AtomicBool::new(false);
        Arc::new(Self { store: MemoryStore::new(), full: sound(), away: sound(), newer: sound() })
    }

    fn open(&self) -> Result<Arc<dyn Cache>, StoreError> {
        if self.newer.load(Ordering::Relaxed) {
            return Err(StoreError::Newer("9".to_owned()));
        }
        if self.away.load(Ordering::Relaxed) {
            return Err(StoreError::Missing("cache.db".to_owned()));
        }
        Ok(Arc::new(self.store.clone()))
    }
}

#[async_trait]
impl Caches for SimCaches {
    async fn for_reading(&self) -> Result<Arc<dyn Cache>, StoreError> {
        self.open()
    }

    async fn for_writing(&self) -> Result<Arc<dyn Cache>, StoreError> {
        if self.full.load(Ordering::Relaxed) { Err(StoreError::Full) } else { self.open() }
    }
}

/// A run, in seconds since the start.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) profile: String,
    pub(crate) began: i64,
    pub(crate) ended: Option<i64>,
    /// The kinds whose list was taken.
    pub(crate) taken: Vec<ContentKind>,
    pub(crate) failed: bool,
}

/// Records the runs, and the events in words.
pub(crate) struct Log {
    clock: Arc<SimClock>,
    pub(crate) runs: Mutex<Vec<Run>>,
    pub(crate) told: Mutex<Vec<String>>,
    looks: AtomicUsize,
}

impl Log {
    pub(crate) fn new(clock: &Arc<SimClock>) -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::clone(clock),
            runs: Mutex::default(),
            told: Mutex::default(),
            looks: AtomicUsize::new(0),
        })
    }

    /// Returns how often the cache was read.
    pub(crate) fn looks(&self) -> usize {
        self.looks.load(Ordering::Relaxed)
    }

    /// Returns the number of events that begin with these words.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.told.lock().unwrap().iter().filter(|told| told.starts_with(words)).count()
    }
}

impl WatchObserver for Log {
    fn event(&self, event: &WatchEvent<'_>) {
        let (mut runs, mut told) = (self.runs.lock().unwrap(), self.told.lock().unwrap());
        match event {
            WatchEvent::Began { profile, .. } => runs.push(Run {
                profile: profile.id.to_string(),
                began: self.clock.passed(),
                ended: None,
                taken: Vec::new(),
                failed: false,
            }),
            WatchEvent::Ended { profile, report, .. } => {
                let run = runs.iter_mut().rfind(|run| run.profile == profile.id.as_str()).expect("it has begun");
                assert!(run.ended.is_none(), "it ends once");
                run.ended = Some(self.clock.passed());
                let taken = [KindOutcome::Completed, KindOutcome::Unchanged, KindOutcome::Held];
                let kinds = report.kinds.values().filter(|record| taken.contains(&record.outcome));
                run.taken = kinds.map(|record| record.kind).collect();
                run.failed = !report.errors.is_empty();
            }
            WatchEvent::Postponed { why, .. } => told.push(format!("postponed: {}", why.code())),
            WatchEvent::CacheTrouble { error, until } => {
                told.push(format!("trouble: {error}; {}", until - self.clock.now()));
            }
            WatchEvent::Upcoming(_) => {
                self.looks.fetch_add(1, Ordering::Relaxed);
            }
            WatchEvent::Alive => told.push("alive".to_owned()),
            WatchEvent::CacheWorks => told.push("works".to_owned()),
            WatchEvent::Reloaded => told.push("reloaded".to_owned()),
            _ => {}
        }
    }
}

/// Returns a watcher in this world.
pub(crate) fn watcher(
    clock: &Arc<SimClock>,
    caches: &Arc<SimCaches>,
    panels: &Panels,
    log: &Arc<Log>,
    options: WatchOptions,
) -> Watcher<Panels> {
    Watcher {
        caches: Arc::clone(caches) as _,
        sources: panels.clone(),
        clock: Arc::clone(clock) as _,
        timer: Arc::new(SimTimer),
        zone: || "Europe/Berlin".parse::<TimeZone>().unwrap(),
        gate: Arc::new(()),
        observer: Arc::clone(log) as _,
        progress: Arc::new(()),
        reload: Arc::new(Notify::new()),
        options,
    }
}

/// Returns a profile with an account of its own.
pub(crate) fn profile(id: &str) -> Profile {
    Profile {
        base_url: Some(format!("http://{id}.example")),
        username: Some("ann".to_owned()),
        ..Profile::new(sync_core::ProfileId::new(id).unwrap())
    }
}
