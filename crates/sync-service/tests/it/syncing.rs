//! Syncs and comparisons of profiles.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_core::source::Learnt;
use sync_core::testing::{FixedClock, MemoryStore, ScriptedSource, movie, profile};
use sync_core::{
    ContentKind, ContentSource, KindOutcome, PanelFacts, PolicyChoice, Profile, Profiles, Retention, RunStatus,
    StoreError, SyncOptions,
};
use sync_service::{Service, ServiceError, SourceFactory, options_of};
use tokio_util::sync::CancellationToken;

/// Returns one source, and records what it was told.
pub(crate) struct OneSource {
    source: Option<Arc<dyn ContentSource>>,
    told: Mutex<Vec<(Profile, PanelFacts)>>,
}

impl OneSource {
    pub(crate) fn new(source: ScriptedSource) -> Self {
        Self::sharing(source)
    }

    pub(crate) fn sharing(source: impl ContentSource + 'static) -> Self {
        Self { source: Some(Arc::new(source)), told: Mutex::default() }
    }
}

#[async_trait]
impl SourceFactory for OneSource {
    type Error = &'static str;

    async fn source(&self, profile: &Profile, learnt: &PanelFacts) -> Result<Arc<dyn ContentSource>, Self::Error> {
        self.told.lock().unwrap().push((profile.clone(), learnt.clone()));
        self.source.clone().ok_or("it has no password")
    }
}

pub(crate) fn service() -> (MemoryStore, Service) {
    let cache = MemoryStore::new();
    (cache.clone(), Service::new(Arc::new(cache), Arc::new(FixedClock::default())))
}

pub(crate) fn movies(names: &[(i64, &str)]) -> ScriptedSource {
    ScriptedSource::new().lists(ContentKind::Movies, names.iter().map(|(id, name)| movie(*id).name(name).listed()))
}

#[tokio::test]
async fn a_profile_is_synced_with_its_settings_and_learnt_facts() {
    let (cache, service) = service();
    let home = Profile { user_agent: Some("Player/1".to_owned()), ..Profile::new(profile("home")) };
    cache.save_profile(&home).await.unwrap();
    let learnt = Learnt { user_agent: Some("Player/2".to_owned()), ..Learnt::default() };
    let (sources, cancel) = (OneSource::new(movies(&[(1, "One")]).learns(learnt)), CancellationToken::new());
    let options = options_of(&home);
    let sync = async || service.sync(&home, &options, &sources, Arc::new(()), &cancel).await.unwrap();
    let report = sync().await;
    assert_eq!((report.status, report.counts().added), (RunStatus::Completed, 1));
    assert!(sync().await.counts().is_quiet());
    let told = sources.told.lock().unwrap().clone();
    assert_eq!(told.iter().map(|(profile, _)| profile.clone()).collect::<Vec<_>>(), [home.clone(), home]);
    let agents: Vec<_> = told.iter().map(|(_, learnt)| learnt.user_agent.as_deref()).collect();
    assert_eq!(agents, [None, Some("Player/2")]);
}

#[tokio::test]
async fn a_profile_that_is_new_is_created_by_its_run() {
    let (cache, service) = service();
    let home = Profile::new(profile("home"));
    let sources = OneSource::new(movies(&[(1, "One")]));
    let report =
        service.sync(&home, &SyncOptions::default(), &sources, Arc::new(()), &CancellationToken::new()).await.unwrap();
    assert_eq!(report.status, RunStatus::Completed);
    assert_eq!(cache.profile(&home.id).await.unwrap(), Some(home));
}

#[tokio::test]
async fn without_a_source_nothing_begins() {
    let (cache, service) = service();
    let home = Profile::new(profile("home"));
    cache.save_profile(&home).await.unwrap();
    let sources = OneSource { source: None, told: Mutex::default() };
    let (options, cancel) = (SyncOptions::default(), CancellationToken::new());
    let error = service.sync(&home, &options, &sources, Arc::new(()), &cancel).await.unwrap_err();
    assert!(matches!(error, ServiceError::Source("it has no password")), "{error}");
    assert_eq!(error.to_string(), "the panel can't be asked: it has no password");
    assert_eq!(sync_core::Catalogue::runs(&cache, &home.id, 9).await.unwrap(), []);
}

#[tokio::test]
async fn a_comparison_shows_whether_the_panel_differs_and_writes_nothing() {
    let (cache, service) = service();
    let home = Profile::new(profile("home"));
    cache.save_profile(&home).await.unwrap();
    let (options, cancel) = (options_of(&home), CancellationToken::new());
    let first = OneSource::new(movies(&[(1, "One"), (2, "Two")]));
    service.sync(&home, &options, &first, Arc::new(()), &cancel).await.unwrap();
    let same = service.compare(&home, &first, Arc::new(()), &cancel).await.unwrap();
    assert!(!same.differs && same.findings.is_empty() && same.report.dry_run);

    let before = cache.items(&home.id, ContentKind::Movies);
    let later = OneSource::new(movies(&[(1, "One"), (2, "Second"), (3, "Three")]));
    let other = service.compare(&home, &later, Arc::new(()), &cancel).await.unwrap();
    assert!(other.differs && other.findings.is_empty());
    let counts = other.report.kind(ContentKind::Movies).counts;
    assert_eq!((counts.added, counts.updated), (1, 1));
    assert_eq!(other.report.kind(ContentKind::Movies).outcome, KindOutcome::Completed);
    assert_eq!(cache.items(&home.id, ContentKind::Movies), before);
}

#[tokio::test]
async fn profiles_are_found_by_id_each_once() {
    let (cache, service) = service();
    let [home, away] = ["home", "away"].map(|id| Profile::new(profile(id)));
    for profile in [&home, &away] {
        cache.save_profile(profile).await.unwrap();
    }
    assert_eq!(service.profiles(&[]).await.unwrap(), [away.clone(), home.clone()], "all, by id");
    let ids = [home.id.clone(), away.id.clone(), home.id.clone()];
    assert_eq!(service.profiles(&ids).await.unwrap(), [home.clone(), away]);
    let error = service.profiles(&[home.id, profile("nobody")]).await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownProfile(id) if id == "nobody"));
}

#[test]
fn a_run_has_the_policies_of_its_profile() {
    let retention = Retention { release_listings: 2, release_days: 1, tombstone_days: 9, ..Retention::default() };
    let profile = Profile { policy: PolicyChoice::Timestamp, retention, ..Profile::new(profile("home")) };
    let expected = SyncOptions { policy: PolicyChoice::Timestamp, retention, ..SyncOptions::default() };
    assert_eq!(options_of(&profile), expected);
}
