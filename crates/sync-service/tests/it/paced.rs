//! One run at a time asks an account, and scheduled runs stop at its budget.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_core::source::WaitCause;
use sync_core::testing::{FixedClock, MemoryStore, ScriptedSource, movie, profile};
use sync_core::{
    AccountPace, Cache, Clock, ContentKind, ContentSource, ContentStore, ErrorCode, Observer, Paces, PanelFacts,
    Profile, Profiles, Progress, RunStatus, SyncOptions, SyncReport, TimeZone, WallTime, Why,
};
use sync_service::{PanelAccount, Service, SourceFactory, options_of};
use tokio_util::sync::CancellationToken;

struct Panel(ScriptedSource);

#[async_trait]
impl SourceFactory for Panel {
    type Error = String;

    async fn source(&self, _: &Profile, _: &PanelFacts) -> Result<Arc<dyn ContentSource>, String> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// Records the causes of waits.
#[derive(Default)]
struct Waits(Mutex<Vec<WaitCause>>);

impl Observer for Waits {
    fn progress(&self, progress: Progress) {
        self.0.lock().unwrap().extend(progress.wait.map(|wait| wait.cause));
    }
}

struct Scene {
    cache: MemoryStore,
    clock: FixedClock,
    home: Profile,
    panel: Panel,
    waits: Arc<Waits>,
}

impl Scene {
    async fn new() -> Self {
        let cache = MemoryStore::new();
        let home = Profile {
            base_url: Some("http://panel.example:8080".to_owned()),
            username: Some("ann".to_owned()),
            ..Profile::new(profile("home"))
        };
        cache.save_profile(&home).await.unwrap();
        let panel = Panel(ScriptedSource::new().lists(ContentKind::Movies, [movie(1).listed()]));
        Self { cache, clock: FixedClock::at(1_900_000_000), home, panel, waits: Arc::default() }
    }

    fn service(&self) -> Service {
        Service::new(Arc::new(self.cache.clone()) as Arc<dyn Cache>, Arc::new(self.clock.clone()))
    }

    async fn sync(&self, cancel: &CancellationToken) -> SyncReport {
        let options = SyncOptions { kinds: vec![ContentKind::Movies], ..options_of(&self.home) };
        let waits = Arc::clone(&self.waits) as _;
        self.service().sync(&self.home, &options, &self.panel, waits, cancel).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_waits_while_another_one_asks_the_account() {
    let scene = Scene::new().await;
    let other = PanelAccount::new(["http://other.example", "https://panel.example"], "ann");
    let entry = scene.cache.enter(other.key()).await.unwrap();
    assert!(entry.is_some());
    let ends = async {
        tokio::time::sleep(std::time::Duration::from_secs(15)).await;
        assert_eq!(scene.panel.0.asked().len(), 0);
        drop(entry);
    };
    let cancel = CancellationToken::new();
    let (report, ()) = tokio::join!(scene.sync(&cancel), ends);
    assert_eq!(report.status, RunStatus::Completed);
    assert_eq!(*scene.waits.0.lock().unwrap(), [WaitCause::AccountInUse, WaitCause::AccountInUse]);
    // The account is free again.
    assert!(scene.cache.enter(other.key()).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_account_can_be_cancelled() {
    let scene = Scene::new().await;
    let _entry = scene.cache.enter(PanelAccount::of(&scene.home).key()).await.unwrap().unwrap();
    let cancel = CancellationToken::new();
    let cancels = async {
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        cancel.cancel();
    };
    let (report, ()) = tokio::join!(scene.sync(&cancel), cancels);
    assert_eq!(report.status, RunStatus::Cancelled);
    assert_eq!(scene.panel.0.asked().len(), 0);
}

/// Two runs of one profile are not queued: the second one would find nothing new.
#[tokio::test(start_paused = true)]
async fn a_profile_that_is_being_synced_is_not_waited_for() {
    let scene = Scene::new().await;
    let _entry = scene.cache.enter(PanelAccount::of(&scene.home).key()).await.unwrap().unwrap();
    let lease = scene.cache.lease(&scene.home.id).await.unwrap();
    scene.cache.start_run(&scene.home.id, lease.fence, scene.clock.now()).await.unwrap();
    let report = scene.sync(&CancellationToken::new()).await;
    assert_eq!((report.status, &report.errors[0].code), (RunStatus::Failed, &ErrorCode::ProfileBusy));
    assert!(scene.waits.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn scheduled_runs_wait_for_the_next_day_when_the_budget_is_used_up() {
    let mut scene = Scene::new().await;
    scene.home.network.daily_requests = Some(100);
    let time = WallTime { now: scene.clock.now(), zone: "UTC".parse::<TimeZone>().unwrap() };
    let mut pace = AccountPace::new(time.now);
    for (requests, used_up) in [(99, false), (100, true)] {
        pace.requests = requests;
        scene.cache.save_pace(PanelAccount::of(&scene.home).key(), &pace).await.unwrap();
        let upcoming = scene.service().upcoming(scene.home.clone(), time).await.unwrap();
        assert_eq!(upcoming.pace, Some(pace));
        let next = &upcoming.next[ContentKind::Movies];
        assert_eq!(next.why == Why::BudgetUsed(100), used_up, "{next:?}");
        assert_eq!(next.at.unwrap() > time.now, used_up);
    }
    // A person is never refused.
    assert_eq!(scene.sync(&CancellationToken::new()).await.status, RunStatus::Completed);
}
