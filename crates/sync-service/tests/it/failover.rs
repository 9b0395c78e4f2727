//! Syncs and tests of profiles with several addresses.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sync_core::source::{AnswerFault, Denial, ListingEvent};
use sync_core::testing::{Answer, FixedClock, MemoryStore, ScriptedSource, category, movie, profile};
use sync_core::{
    Account, AccountStatus, Catalogue, ContentKind, ContentSource, ContentStore, ErrorClass, KindOutcome, PanelFacts,
    Profile, Profiles, RunStatus, SourceError, SyncReport,
};
use sync_service::{LoginState, Service, SourceFactory, options_of};
use tokio_util::sync::CancellationToken;

const ADDRESSES: [&str; 3] = ["http://a.example", "http://b.example", "http://c.example/tv"];

/// A panel with three addresses, each with a script of its own.
struct Panel([ScriptedSource; 3]);

#[async_trait]
impl SourceFactory for Panel {
    type Error = String;

    async fn source(&self, profile: &Profile, _: &PanelFacts) -> Result<Arc<dyn ContentSource>, String> {
        let address = profile.base_url.as_deref().unwrap_or_default();
        let at = ADDRESSES.iter().position(|known| *known == address).ok_or_else(|| address.to_owned())?;
        Ok(Arc::new(self.0[at].clone()))
    }
}

impl Panel {
    /// Every address answers.
    fn new() -> Self {
        Self([(); 3].map(|()| ScriptedSource::new().lists(ContentKind::Movies, [movie(1).listed(), movie(2).listed()])))
    }

    /// Sets the answer to the next login at this address.
    fn login(&self, at: usize, answer: Result<Account, SourceError>) -> &Self {
        let _ = self.0[at].clone().account(answer);
        self
    }

    fn dies(&self, at: usize) -> &Self {
        self.login(at, Err(dead()))
    }

    /// Returns how often each address was asked to log in.
    fn logins(&self) -> [usize; 3] {
        self.0.each_ref().map(|source| source.asked().iter().filter(|request| *request == "account").count())
    }
}

struct Scene {
    cache: MemoryStore,
    clock: FixedClock,
    service: Service,
    home: Profile,
    panel: Panel,
}

impl Scene {
    async fn new() -> Self {
        let (cache, clock) = (MemoryStore::new(), FixedClock::default());
        let home = Profile {
            base_url: Some(ADDRESSES[0].to_owned()),
            further_addresses: ADDRESSES[1..].iter().map(|&address| address.to_owned()).collect(),
            ..Profile::new(profile("home"))
        };
        cache.save_profile(&home).await.unwrap();
        let service = Service::new(Arc::new(cache.clone()), Arc::new(clock.clone()));
        Self { cache, clock, service, home, panel: Panel::new() }
    }

    async fn sync(&self) -> SyncReport {
        let (options, cancel) = (options_of(&self.home), CancellationToken::new());
        self.service.sync(&self.home, &options, &self.panel, Arc::new(()), &cancel).await.unwrap()
    }

    /// Returns the address that is kept as a fact.
    async fn remembered(&self) -> Option<String> {
        let state = self.cache.sync_state(&self.home.id).await.unwrap();
        state.facts.working_address.map(|known| known.address)
    }

    async fn rows(&self) -> u64 {
        self.cache.content_status(&self.home.id).await.unwrap().kinds[ContentKind::Movies].rows
    }
}

fn dead() -> SourceError {
    SourceError::Unreachable { message: "no connection".to_owned(), attempts: 4, overloaded: false }
}

fn page() -> SourceError {
    SourceError::Unusable { fault: AnswerFault::Html, message: "a web page".to_owned() }
}

fn warnings(report: &SyncReport) -> String {
    report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_first_address_is_used_as_long_as_it_answers() {
    let scene = Scene::new().await;
    let report = scene.sync().await;
    assert_eq!((report.status, scene.panel.logins()), (RunStatus::Completed, [1, 0, 0]));
    assert_eq!((warnings(&report), scene.remembered().await), (String::new(), None));
    for source in &scene.panel.0[1..] {
        assert_eq!(source.asked(), [""; 0], "nothing is sent to the others");
    }
}

#[tokio::test]
async fn the_next_address_is_tried_if_one_is_dead_or_no_panel_and_is_remembered_for_a_day() {
    for error in [dead, page] {
        let scene = Scene::new().await;
        scene.panel.login(0, Err(error()));
        let report = scene.sync().await;
        assert_eq!((report.status, scene.panel.logins()), (RunStatus::Completed, [1, 1, 0]));
        let told = warnings(&report);
        assert!(
            told.contains("the address a.example can't be used (") && told.contains("; b.example is used"),
            "{told}"
        );
        assert_eq!(scene.remembered().await.as_deref(), Some(ADDRESSES[1]));
        // Within a day this address is tried first, without a notice, and the day isn't extended.
        scene.clock.pass(Duration::from_secs(86_399));
        let report = scene.sync().await;
        assert_eq!((report.status, scene.panel.logins()), (RunStatus::Completed, [1, 2, 0]));
        assert_eq!(warnings(&report), "");
        scene.clock.pass(Duration::from_secs(1));
        let report = scene.sync().await;
        assert_eq!((report.status, scene.panel.logins()), (RunStatus::Completed, [2, 2, 0]));
        assert_eq!(scene.remembered().await, None, "the first one answers again");
        assert_eq!((report.counts().removed, scene.rows().await), (0, 2), "all rows stay");
    }
}

#[tokio::test]
async fn if_the_remembered_address_fails_the_others_are_tried_in_their_order() {
    let scene = Scene::new().await;
    scene.panel.dies(0);
    scene.sync().await;
    scene.panel.dies(1).dies(0);
    let report = scene.sync().await;
    assert_eq!((report.status, scene.panel.logins()), (RunStatus::Completed, [2, 2, 1]));
    assert_eq!(scene.remembered().await.as_deref(), Some(ADDRESSES[2]));
    let told = warnings(&report);
    assert!(told.contains("b.example can't be used") && told.contains("c.example/tv is used instead"), "{told}");
}

#[tokio::test]
async fn a_refusal_is_never_asked_for_again_at_another_address() {
    let refused = || Err(SourceError::Refused { message: "wrong".to_owned() });
    let denied = |denial| Err(SourceError::Denied { denial, message: "no".to_owned() });
    let ended = Account { status: AccountStatus::Inactive("Expired".to_owned()), ..Account::active() };
    for answer in [refused(), denied(Denial::Status), denied(Denial::Account), Ok(ended)] {
        let scene = Scene::new().await;
        scene.panel.login(0, answer);
        let report = scene.sync().await;
        assert_eq!((report.status, scene.panel.logins()), (RunStatus::Failed, [1, 0, 0]));
        assert_eq!(report.errors[0].class(), ErrorClass::Login);
        assert_eq!(scene.remembered().await, None);
    }
    // The same holds for one that comes after a dead address.
    let scene = Scene::new().await;
    scene.panel.dies(0).login(1, refused());
    let report = scene.sync().await;
    assert_eq!((report.errors[0].class(), scene.panel.logins()), (ErrorClass::Login, [1, 1, 0]));
}

#[tokio::test]
async fn if_no_address_answers_each_was_asked_once_and_the_rows_stay() {
    let scene = Scene::new().await;
    scene.sync().await;
    scene.panel.login(0, Err(page())).dies(1).dies(2);
    let report = scene.sync().await;
    assert_eq!((report.status, scene.panel.logins()), (RunStatus::Failed, [2, 1, 1]));
    let error = &report.errors[0];
    assert_eq!(error.class(), ErrorClass::Unreachable, "it may pass");
    for part in ["a.example: a web page", "b.example: no connection", "c.example/tv: no connection"] {
        assert!(error.message.contains(part), "{error}");
    }
    assert_eq!(scene.rows().await, 2);
}

#[tokio::test]
async fn a_panel_that_dies_after_the_login_is_asked_at_the_next_address() {
    let scene = Scene::new().await;
    let _ = scene.panel.0[0].clone().categories(ContentKind::Movies, Err(dead()));
    let _ = scene.panel.0[1].clone().categories(ContentKind::Movies, Ok(vec![category("1")]));
    let report = scene.sync().await;
    assert_eq!((report.status, scene.panel.logins()), (RunStatus::Completed, [1, 1, 0]));
    let asked = scene.panel.0[1].asked();
    assert_eq!(asked[..3], ["account", "categories movies", "listing movies"], "the login comes first");
    assert_eq!(scene.remembered().await.as_deref(), Some(ADDRESSES[1]));
    assert!(warnings(&report).contains("b.example is used instead"), "{}", warnings(&report));
}

#[tokio::test]
async fn a_listing_moves_on_before_its_first_element_and_not_after_it() {
    let batch = || ListingEvent::Batch(vec![sync_core::source::Entry::Item(Box::new(movie(9).listed()), None)]);
    for (events, moves) in [
        (vec![], true),
        // Elements before a restart are void.
        (vec![batch(), ListingEvent::Restarted], true),
        (vec![batch()], false),
    ] {
        let scene = Scene::new().await;
        // In place of the list that the address has otherwise.
        let first = ScriptedSource::new().answer(ContentKind::Movies, Answer::Events(events, Some(dead())));
        let scene = Scene { panel: Panel([first, scene.panel.0[1].clone(), scene.panel.0[2].clone()]), ..scene };
        let report = scene.sync().await;
        let movies = report.kind(ContentKind::Movies).outcome;
        if moves {
            assert_eq!((movies, scene.panel.logins()), (KindOutcome::Completed, [1, 1, 0]));
            assert_eq!(scene.rows().await, 2, "only what the address that answered has listed");
        } else {
            assert_eq!((movies, scene.panel.logins()), (KindOutcome::Failed, [1, 0, 0]));
            assert_eq!(scene.rows().await, 0);
        }
    }
}

/// The panel may still answer for a category.
#[tokio::test]
async fn an_overload_is_no_reason_for_another_address() {
    let overloaded = SourceError::Unreachable { message: "504".to_owned(), attempts: 4, overloaded: true };
    let scene = Scene::new().await;
    let first = ScriptedSource::new().answer(ContentKind::Movies, Answer::Error(overloaded));
    let scene = Scene { panel: Panel([first, ScriptedSource::new(), ScriptedSource::new()]), ..scene };
    let report = scene.sync().await;
    assert_eq!(report.kind(ContentKind::Movies).outcome, KindOutcome::Failed);
    assert_eq!(scene.panel.logins(), [1, 0, 0]);
}

#[tokio::test]
async fn after_a_refusal_at_another_address_nothing_more_is_asked() {
    let scene = Scene::new().await;
    let _ = scene.panel.0[0].clone().categories(ContentKind::Channels, Err(dead()));
    scene.panel.login(1, Err(SourceError::Refused { message: "wrong".to_owned() }));
    let report = scene.sync().await;
    assert_eq!(scene.panel.0[1].asked(), ["account"]);
    assert_eq!(scene.panel.0[0].asked(), ["account", "categories channels"]);
    assert_eq!(scene.panel.logins()[2], 0);
    assert!(report.errors.iter().all(|error| error.class() == ErrorClass::Login), "{:?}", report.errors);
}

#[tokio::test]
async fn each_address_is_tried_once_per_run_however_often_the_panel_dies() {
    let scene = Scene::new().await;
    for kind in ContentKind::ALL {
        for source in &scene.panel.0 {
            let _ = source.clone().categories(kind, Err(dead())).categories(kind, Err(dead()));
        }
    }
    let report = scene.sync().await;
    assert_eq!(scene.panel.logins(), [1, 1, 1]);
    assert_ne!(report.status, RunStatus::Completed);
}

#[tokio::test]
async fn a_login_test_reports_the_address_that_answered() {
    let scene = Scene::new().await;
    let test = scene.service.test_login(&scene.home, &scene.panel).await.unwrap();
    assert_eq!(test.address.as_deref(), Some(ADDRESSES[0]));
    scene.panel.dies(0);
    let test = scene.service.test_login(&scene.home, &scene.panel).await.unwrap();
    assert_eq!((test.login, test.address.as_deref()), (LoginState::Ok, Some(ADDRESSES[1])));
    assert!(test.notices[0].contains("a.example can't be used"), "{:?}", test.notices);
    scene.panel.dies(0).dies(1).dies(2);
    let test = scene.service.test_login(&scene.home, &scene.panel).await.unwrap();
    assert_eq!((test.login, test.address.as_deref()), (LoginState::Unreachable, Some(ADDRESSES[0])));
    assert_eq!(scene.remembered().await, None, "a test writes nothing");
}

#[tokio::test]
async fn an_address_that_is_named_twice_is_tried_once() {
    let scene = Scene::new().await;
    let home = Profile { further_addresses: vec![ADDRESSES[0].to_owned()], ..scene.home.clone() };
    scene.panel.dies(0);
    let test = scene.service.test_login(&home, &scene.panel).await.unwrap();
    assert_eq!((test.login, scene.panel.logins()), (LoginState::Unreachable, [1, 0, 0]));
}
