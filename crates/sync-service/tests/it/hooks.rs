//! Hooks: what they are told, and that they delay nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sync_core::testing::{FixedClock, MemoryStore, profile};
use sync_core::{Cache, ContentKind, Profile, Profiles, StoreError, SyncReport, Timer, Trigger};
use sync_service::watch::{Caches, HookParts, HookSender, Hooks, Logins, NotSent, Told, WatchEvent, WatchObserver};
use sync_service::{Login, Service, options_of};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::syncing::{OneSource, movies};

const MOVIES: ContentKind = ContentKind::Movies;

struct OneCache(MemoryStore);

#[async_trait]
impl Caches for OneCache {
    async fn for_reading(&self) -> Result<Arc<dyn Cache>, StoreError> {
        Ok(Arc::new(self.0.clone()))
    }

    async fn for_writing(&self) -> Result<Arc<dyn Cache>, StoreError> {
        self.for_reading().await
    }
}

struct Sleep;

#[async_trait]
impl Timer for Sleep {
    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The login of each profile is the same, if it is known at all.
#[derive(Default)]
struct OneLogin {
    is_unknown: AtomicBool,
}

#[async_trait]
impl Logins for OneLogin {
    async fn login(&self, _: &Profile) -> Option<Login> {
        let is_known = !self.is_unknown.load(Ordering::Relaxed);
        is_known.then(|| Login::new(Some("ann"), Some("s3cr3t-word")))
    }
}

/// Records what it is told. Each send needs a permit, and the first sends can be made to fail.
struct Recorder {
    told: Mutex<Vec<String>>,
    whole: Mutex<Vec<Told>>,
    permits: Semaphore,
    /// The number of sends that fail, and whether another attempt makes sense.
    failures: Mutex<(usize, bool)>,
    /// The attempts to tell, and what is heard of those that failed: whether they are repeated.
    given_up: Mutex<Vec<bool>>,
}

#[async_trait]
impl HookSender for Recorder {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn is_set(&self, profile: &Profile) -> bool {
        profile.id.as_str() != "silent"
    }

    async fn send(&self, told: &Told) -> Result<(), NotSent> {
        self.told.lock().unwrap().push(told.text.clone());
        self.permits.acquire().await.unwrap().forget();
        let mut failures = self.failures.lock().unwrap();
        if failures.0 > 0 {
            failures.0 -= 1;
            return Err(NotSent { why: "it is down".to_owned(), may_pass: failures.1 });
        }
        self.whole.lock().unwrap().push(told.clone());
        Ok(())
    }
}

impl WatchObserver for Recorder {
    fn event(&self, event: &WatchEvent<'_>) {
        let WatchEvent::HookFailed { hook: "webhook", why: "it is down", until, .. } = event else {
            panic!("{event:?}")
        };
        self.given_up.lock().unwrap().push(until.is_none());
    }
}

struct Scene {
    cache: MemoryStore,
    service: Service,
    recorder: Arc<Recorder>,
    logins: Arc<OneLogin>,
    hooks: Arc<Hooks>,
}

impl Scene {
    /// Returns running hooks over a cache with the profile `home`.
    async fn new(permits: usize) -> Self {
        let (cache, clock) = (MemoryStore::new(), Arc::new(FixedClock::default()));
        cache.save_profile(&Profile::new(profile("home"))).await.unwrap();
        let recorder = Arc::new(Recorder {
            told: Mutex::default(),
            whole: Mutex::default(),
            permits: Semaphore::new(permits),
            failures: Mutex::default(),
            given_up: Mutex::default(),
        });
        let logins = Arc::new(OneLogin::default());
        let hooks = Arc::new(Hooks::new(HookParts {
            caches: Arc::new(OneCache(cache.clone())),
            sender: Arc::clone(&recorder) as _,
            logins: Arc::clone(&logins) as _,
            clock: Arc::clone(&clock) as _,
            timer: Arc::new(Sleep),
            observer: Arc::clone(&recorder) as _,
            always: false,
        }));
        tokio::spawn({
            let hooks = Arc::clone(&hooks);
            async move { hooks.run().await }
        });
        let service = Service::new(Arc::new(cache.clone()), clock);
        Self { cache, service, recorder, logins, hooks }
    }

    /// Syncs these movies of `home`, and tells the hooks nothing.
    async fn sync(&self, names: &[(i64, &str)]) -> SyncReport {
        let home = self.home().await;
        let (sources, cancel) = (OneSource::new(movies(names)), CancellationToken::new());
        self.service.sync(&home, &options_of(&home), &sources, Arc::new(()), &cancel).await.unwrap()
    }

    async fn home(&self) -> Profile {
        self.cache.profile(&profile("home")).await.unwrap().unwrap()
    }

    async fn tell(&self, report: &SyncReport) {
        let profile = &self.home().await;
        self.hooks.event(&WatchEvent::Ended { profile, report, trigger: Trigger::Schedule });
    }

    async fn sync_and_tell(&self, names: &[(i64, &str)]) -> SyncReport {
        let report = self.sync(names).await;
        self.tell(&report).await;
        report
    }

    fn told(&self) -> Vec<String> {
        self.recorder.told.lock().unwrap().clone()
    }

    /// Waits until so many sends have begun.
    async fn told_so_often(&self, times: usize) {
        while self.told().len() < times {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_has_the_names_of_changed_items_and_no_others() {
    let scene = Scene::new(100).await;
    scene.sync_and_tell(&[(1, "One"), (2, "Two")]).await;
    scene.hooks.idle().await;
    scene.sync_and_tell(&[(1, "One"), (2, "Two")]).await;
    scene.hooks.idle().await;
    let long = "x".repeat(300);
    scene.sync_and_tell(&[(1, "Uno"), (3, "Three s3cr3t-word"), (4, &long)]).await;
    scene.hooks.idle().await;
    let told = scene.recorder.whole.lock().unwrap().clone();
    assert_eq!(told.len(), 2, "{:?}", scene.told());
    assert_eq!(told[0].text, "home: 2 movies loaded");
    let changes = &told[1].changes[MOVIES];
    let names = |some: &sync_service::SomeItems| {
        (some.items.iter().map(|item| (item.id, item.name.clone())).collect::<Vec<_>>(), some.more)
    };
    let cut = format!("{}…", "x".repeat(200));
    assert_eq!(names(&changes.added), (vec![(3, "Three {password}".to_owned()), (4, cut)], 0));
    assert_eq!(names(&changes.updated), (vec![(1, "Uno".to_owned())], 0));
    assert_eq!(names(&changes.removed), (vec![(2, "Two".to_owned())], 0));
    assert!(told[1].text.starts_with("home: 2 new movies: Three {password}, xxx"), "{}", told[1].text);
}

#[tokio::test(start_paused = true)]
async fn without_the_login_a_result_has_no_names() {
    let scene = Scene::new(100).await;
    scene.sync(&[(1, "One")]).await;
    scene.logins.is_unknown.store(true, Ordering::Relaxed);
    scene.sync_and_tell(&[(1, "One"), (2, "Two s3cr3t-word")]).await;
    scene.hooks.idle().await;
    assert_eq!(scene.told(), ["home: 1 new movie"]);
    let told = scene.recorder.whole.lock().unwrap().clone();
    let added = &told[0].changes[MOVIES].added;
    assert_eq!((added.items.len(), added.more), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn of_many_changes_the_first_are_named() {
    let scene = Scene::new(100).await;
    scene.sync(&[(1, "Known")]).await;
    let many: Vec<_> = (1..=60).map(|id| (id, "Known")).collect();
    let report = scene.sync(&many).await;
    // Later runs make no difference, because their entries come later.
    scene.sync(&many[..59]).await;
    scene.tell(&report).await;
    scene.hooks.idle().await;
    let told = scene.recorder.whole.lock().unwrap().clone();
    let added = &told[0].changes[MOVIES].added;
    assert_eq!((added.items.len(), added.more), (20, 39));
    let ids: Vec<_> = added.items.iter().map(|item| item.id).collect();
    assert_eq!(ids, (2..=21).collect::<Vec<_>>());
    assert!(told[0].text.ends_with("and 54 more"), "{}", told[0].text);
}

#[tokio::test(start_paused = true)]
async fn every_result_is_sent_if_the_profile_asks_for_it() {
    let scene = Scene::new(100).await;
    let mut home = scene.home().await;
    home.hooks.always = true;
    scene.cache.save_profile(&home).await.unwrap();
    scene.sync(&[(1, "One")]).await;
    scene.sync_and_tell(&[(1, "One")]).await;
    let report = SyncReport::new(profile("silent"));
    let silent = Profile::new(profile("silent"));
    scene.hooks.event(&WatchEvent::Ended { profile: &silent, report: &report, trigger: Trigger::Schedule });
    scene.hooks.idle().await;
    assert_eq!(scene.told(), ["home: nothing has changed"]);
}

#[tokio::test(start_paused = true)]
async fn a_newer_result_replaces_one_that_waits() {
    let scene = Scene::new(0).await;
    scene.sync_and_tell(&[(1, "One")]).await;
    scene.told_so_often(1).await;
    // No other result is sent at the same time.
    scene.sync_and_tell(&[(1, "One"), (2, "Two")]).await;
    scene.sync_and_tell(&[(1, "One"), (2, "Two"), (3, "Three")]).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.told().len(), 1);
    scene.recorder.permits.add_permits(2);
    scene.hooks.idle().await;
    assert_eq!(scene.told(), ["home: 1 movie loaded", "home: 1 new movie: Three"]);
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_repeated_and_given_up_in_the_end() {
    let scene = Scene::new(100).await;
    *scene.recorder.failures.lock().unwrap() = (2, true);
    scene.sync_and_tell(&[(1, "One")]).await;
    scene.hooks.idle().await;
    assert_eq!((scene.told().len(), scene.recorder.whole.lock().unwrap().len()), (3, 1));
    *scene.recorder.failures.lock().unwrap() = (usize::MAX, true);
    let began = tokio::time::Instant::now();
    scene.sync_and_tell(&[(1, "One"), (2, "Two")]).await;
    scene.hooks.idle().await;
    assert_eq!((scene.told().len(), began.elapsed().as_secs()), (8, 600));
    *scene.recorder.failures.lock().unwrap() = (usize::MAX, false);
    scene.sync_and_tell(&[(1, "One"), (2, "Two"), (3, "Three")]).await;
    scene.hooks.idle().await;
    assert_eq!(scene.told().len(), 9, "what does not pass is tried once");
    let given_up = scene.recorder.given_up.lock().unwrap().clone();
    assert_eq!(given_up, [false, false, false, false, false, false, true, true]);
}

#[tokio::test(start_paused = true)]
async fn a_newer_result_ends_the_wait_for_the_next_attempt() {
    let scene = Scene::new(100).await;
    *scene.recorder.failures.lock().unwrap() = (1, true);
    let began = tokio::time::Instant::now();
    scene.sync_and_tell(&[(1, "One")]).await;
    scene.told_so_often(1).await;
    scene.sync_and_tell(&[(1, "One"), (2, "Two")]).await;
    scene.hooks.idle().await;
    assert_eq!(scene.told(), ["home: 1 movie loaded", "home: 1 new movie: Two"]);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
