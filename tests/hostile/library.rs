//! Runs within this process, with a clock that tests set. Cases in which days pass use them.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sync_app::CancellationToken;
use sync_core::{Clock, ContentKind, Engine, KindOutcome, ProfileId, RunStatus, SyncOptions, SyncReport};
use sync_sqlite::SqliteStore;
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};
use tokio::runtime::Runtime;

use crate::home::Home;
use crate::program::{PASSWORD, USERNAME, is_shown};
use crate::scene::HOME;

/// The seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// The engine over the cache and the panel of a home.
pub(crate) struct Library<'h, 't> {
    home: &'h Home<'t>,
    runtime: Runtime,
    store: SqliteStore,
    config: XtreamConfig,
    clock: Arc<LocalClock>,
}

/// The clock of the machine that syncs.
struct LocalClock {
    now: Mutex<i64>,
    since: Instant,
}

impl Clock for LocalClock {
    fn now(&self) -> i64 {
        *self.now.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.since.elapsed()
    }
}

impl<'h, 't> Library<'h, 't> {
    pub(crate) fn new(home: &'h Home<'t>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let config = XtreamConfig::new().system_proxy(false).requests_per_second(f64::INFINITY);
        Self {
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
            store: SqliteStore::open(&home.database).unwrap(),
            config: config.attempts(1).backoff(Duration::from_millis(1)),
            clock: Arc::new(LocalClock { now: Mutex::new(i64::try_from(now).unwrap()), since: Instant::now() }),
            home,
        }
    }

    /// Advances the local clock, but not the panel's.
    pub(crate) fn pass_here(&self, seconds: i64) {
        *self.clock.now.lock().unwrap() += seconds;
    }

    /// Advances both clocks.
    pub(crate) fn pass(&self, seconds: i64) {
        self.pass_here(seconds);
        self.home.panel.set_panel_time(self.home.panel.panel_time() + seconds);
    }

    /// Runs the engine, and counts the rows that are gone.
    #[track_caller]
    pub(crate) fn run(&self, options: &SyncOptions) -> SyncReport {
        let report = self.run_unwatched(options);
        self.home.look();
        let held = report.kinds.values().find(|kind| kind.outcome == KindOutcome::Held);
        let told = held.and_then(|kind| Some(format!("{} held: {}", kind.kind, kind.hold_reason?)));
        let told =
            told.unwrap_or_else(|| report.errors.first().map_or(report.status.to_string(), |e| e.code.to_string()));
        self.home.trial.note_run(None, told, report.status == RunStatus::Completed);
        report
    }

    /// Runs the engine. The caller checks the cache.
    #[track_caller]
    pub(crate) fn run_unwatched(&self, options: &SyncOptions) -> SyncReport {
        let address = PanelAddress::parse(&self.home.panel.base_url()).unwrap().address;
        let source = XtreamSource::new(address, Credentials::new(USERNAME, PASSWORD), self.config.clone()).unwrap();
        let profile = ProfileId::new(HOME).unwrap();
        let engine = Engine::new(Arc::new(source), Arc::new(self.store.clone()), Arc::clone(&self.clock) as _);
        let report = self.runtime.block_on(engine.run(&profile, options, &CancellationToken::new()));
        assert!(!is_shown(&format!("{report:?}")), "the password is shown");
        report
    }

    /// Returns the number of movies in the cache.
    pub(crate) fn count_movies(&self) -> usize {
        let profile = ProfileId::new(HOME).unwrap();
        self.store.get_content_ids_blocking(&profile, ContentKind::Movies).unwrap().len()
    }
}
