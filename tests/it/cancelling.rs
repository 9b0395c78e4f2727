//! Cancelling in every phase, in process. The run ends at once, and the kind under way is unchanged.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sync_app::{CancellationToken, Database, SystemClock};
use sync_core::{
    ContentKind, Engine, KindOutcome, Observer, Phase, ProfileId, Progress, RunStatus, SyncOptions, SyncReport,
};
use sync_tests::{Action, Behaviour, CatalogueConfig, Gate, Kind, Step};
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};

use crate::program::{PASSWORD, USERNAME, wait_until};
use crate::scene::{HOME, Scene};

/// The time limit within which a cancelled run returns. By design, cancelling is noticed within 200 ms; the rest is for
/// a busy machine.
const PROMPT: Duration = Duration::from_secs(2);

async fn run(
    scene: &Scene,
    config: XtreamConfig,
    observer: Arc<dyn Observer>,
    cancel: &CancellationToken,
) -> SyncReport {
    let address = PanelAddress::parse(&scene.panel.base_url()).unwrap().address;
    let config = config.system_proxy(false);
    let source = XtreamSource::new(address, Credentials::new(USERNAME, PASSWORD), config).unwrap();
    let database = Database::open(&scene.database).unwrap();
    let profile = ProfileId::new(HOME).unwrap();
    let engine = Engine::new(Arc::new(source), Arc::new(database.store().clone()), Arc::new(SystemClock::new()));
    engine.with_observer(observer).run(&profile, &SyncOptions::default(), cancel).await
}

/// Runs a sync that `arrange` makes wait at some point, cancels it when `there` says that it waits, and checks what is
/// left.
#[track_caller]
fn cancelled(
    seed: u64,
    arrange: impl FnOnce(&Scene),
    there: impl Fn(&Scene) -> bool + Sync,
    outcomes: [KindOutcome; 3],
) {
    let scene = Scene::synced(seed);
    let expected = scene.panel.advance(&Step { updated_percent: 5.0, ..Step::ordinary() });
    scene.panel.forget_requests();
    arrange(&scene);
    let before = Kind::ALL.map(|kind| scene.cache().content_of(HOME, kind));
    let cancel = CancellationToken::new();
    // There is an hour between attempts. A run that doesn't notice the cancellation here never returns.
    let config = XtreamConfig::new().backoff(Duration::from_secs(3600));
    let (report, took) = std::thread::scope(|scope| {
        let canceller = scope.spawn(|| {
            wait_until("the run is where it is to be cancelled", || there(&scene));
            // A kind is written while the next one is received.
            let complete = outcomes.iter().filter(|outcome| **outcome == KindOutcome::Completed).count();
            wait_until("what came before is written", || scene.written() == complete);
            cancel.cancel();
            Instant::now()
        });
        let report = runtime().block_on(run(&scene, config, Arc::new(()), &cancel));
        let ended = Instant::now();
        (report, ended - canceller.join().unwrap())
    });
    assert!(took < PROMPT, "{took:?}");
    assert_eq!(report.status, RunStatus::Cancelled, "{report:?}");
    assert_eq!(ContentKind::ALL.map(|kind| report.kind(kind).outcome), outcomes, "{report:?}");
    for (kind, (outcome, before)) in Kind::ALL.into_iter().zip(outcomes.into_iter().zip(before)) {
        if outcome == KindOutcome::Cancelled {
            assert_eq!(scene.cache().content_of(HOME, kind), before, "{kind}");
        } else {
            scene.assert_true_of(kind);
        }
    }
    let status = "SELECT status||' '||(finished_at IS NOT NULL) FROM xtream_sync_runs ORDER BY id DESC LIMIT 1";
    assert_eq!(scene.cache().lines(&format!("SELECT * FROM ({status})")), ["cancelled 1"]);
    scene.panel.behave();
    let report = scene.sync(&[]).exits(0).report();
    for (kind, outcome) in Kind::ALL.into_iter().zip(outcomes) {
        if outcome == KindOutcome::Cancelled {
            assert_eq!(report.counts(kind), scene.counts(&expected, kind));
        }
    }
    scene.assert_true();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

const ALL: [KindOutcome; 3] = [KindOutcome::Cancelled; 3];
const FROM_MOVIES: [KindOutcome; 3] = [KindOutcome::Completed, KindOutcome::Cancelled, KindOutcome::Cancelled];

#[test]
fn while_logging_in() {
    let asked = |scene: &Scene| scene.panel.request_count(Action::Account) == 1;
    cancelled(1001, |scene| scene.panel.on(Action::Account, Behaviour::Hang), asked, ALL);
}

#[test]
fn while_waiting_for_the_categories() {
    let asked = |scene: &Scene| scene.panel.request_count(Action::VodCategories) == 1;
    cancelled(1002, |scene| scene.panel.on(Action::VodCategories, Behaviour::Hang), asked, FROM_MOVIES);
}

#[test]
fn while_waiting_for_the_first_byte() {
    let asked = |scene: &Scene| scene.panel.request_count(Action::VodStreams) == 1;
    cancelled(1003, |scene| scene.panel.on(Action::VodStreams, Behaviour::Hang), asked, FROM_MOVIES);
}

#[test]
fn in_the_middle_of_a_listing() {
    let gate = Gate::new();
    let arrange = |scene: &Scene| scene.panel.on(Action::VodStreams, Behaviour::Gate(100_000, gate.clone()));
    cancelled(1004, arrange, |_| gate.reached_count() > 0, FROM_MOVIES);
}

#[test]
fn between_two_attempts() {
    let refused = |scene: &Scene| scene.panel.request_count(Action::VodStreams) == 1 && scene.panel.in_flight() == 0;
    cancelled(1005, |scene| scene.panel.on(Action::VodStreams, Behaviour::status(503)), refused, FROM_MOVIES);
}

#[test]
fn before_a_run_begins() {
    let scene = Scene::synced(1006);
    scene.panel.advance(&Step::ordinary());
    scene.panel.forget_requests();
    let before = scene.cache().content(HOME);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let report = runtime().block_on(run(&scene, XtreamConfig::new(), Arc::new(()), &cancel));
    assert_eq!((report.status, report.run), (RunStatus::Cancelled, None));
    assert_eq!(scene.panel.requests().len(), 0);
    assert_eq!(scene.cache().content(HOME), before);
    assert_eq!(scene.cache().count("xtream_sync_runs"), 1);
}

/// Cancels some time after the apply of the movies was announced.
struct AtApply {
    cancel: CancellationToken,
    after: Duration,
    at: Mutex<Option<Instant>>,
}

impl Observer for AtApply {
    fn progress(&self, progress: Progress) {
        if progress.kind == Some(ContentKind::Movies) && progress.phase == Phase::Applying {
            if self.after.is_zero() {
                self.cancel.cancel();
            }
            *self.at.lock().unwrap() = Some(Instant::now() + self.after);
        }
    }
}

#[test]
fn while_applying() {
    let config = CatalogueConfig { seed: 1007, channels: 50, movies: 12_000, series: 50, items_per_category: 400 };
    let scene = Scene::of(&config);
    let mut undone = 0;
    for delay in [0, 5, 20, 60, 150] {
        let before = scene.cache().content_of(HOME, Kind::Movies);
        let cancel = CancellationToken::new();
        let after = Duration::from_millis(delay);
        let observer = Arc::new(AtApply { cancel: cancel.clone(), after, at: Mutex::default() });
        let (report, took) = std::thread::scope(|scope| {
            let canceller = scope.spawn(|| {
                wait_until("the apply begins", || observer.at.lock().unwrap().is_some_and(|at| Instant::now() >= at));
                cancel.cancel();
                Instant::now()
            });
            let report = runtime().block_on(run(&scene, XtreamConfig::new(), Arc::clone(&observer) as _, &cancel));
            let ended = Instant::now();
            (report, ended.saturating_duration_since(canceller.join().unwrap()))
        });
        assert!(took < PROMPT, "{took:?}");
        if report.kind(ContentKind::Movies).outcome == KindOutcome::Cancelled {
            undone += 1;
            assert_eq!(report.status, RunStatus::Cancelled);
            assert_eq!(scene.cache().content_of(HOME, Kind::Movies), before, "after {delay} ms");
        } else {
            // The commit came first, so the apply is complete.
            scene.assert_true_of(Kind::Movies);
        }
        if delay == 0 {
            assert_eq!(undone, 1, "cancelled before the first row");
        }
        scene.cache().assert_sound();
    }
    scene.sync(&[]).exits(0);
    scene.assert_true();
}
