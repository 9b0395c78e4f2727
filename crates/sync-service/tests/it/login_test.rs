//! Tests of a login: the requests that are sent, and the messages about the answers.

use sync_core::source::{AnswerFault, Denial, Learnt, Obstacle};
use sync_core::testing::{FixedClock, ScriptedSource, category, mocks, profile};
use sync_core::{Account, AccountStatus, ContentKind, ErrorClass, MockContentSource, PanelFacts, Profile, SourceError};
use sync_service::{KindTest, LoginState, LoginTest, SourceFactory, test_login};

use crate::syncing::OneSource;

async fn test(source: ScriptedSource) -> (LoginTest, Vec<String>) {
    let sources = OneSource::new(source.clone());
    let test = run(&sources).await;
    (test, source.asked())
}

async fn run(sources: &impl SourceFactory<Error = &'static str>) -> LoginTest {
    let home = Profile::new(profile("home"));
    test_login(&home, &PanelFacts::default(), sources, &FixedClock::default()).await.unwrap()
}

fn unusable(fault: AnswerFault) -> SourceError {
    SourceError::Unusable { fault, message: "something else".to_owned() }
}

fn unreachable() -> SourceError {
    SourceError::Unreachable { message: "it answers 502".to_owned(), attempts: 4, overloaded: false }
}

fn offers(categories: u64) -> KindTest {
    KindTest { offered: Some(true), categories: Some(categories) }
}

#[tokio::test]
async fn a_test_logs_in_once_and_asks_for_the_categories_of_each_kind() {
    let source = ScriptedSource::new()
        .account(Ok(Account { max_connections: Some(2), active_connections: Some(1), ..Account::active() }))
        .categories(ContentKind::Channels, Ok(vec![category("1"), category("2")]))
        .categories(ContentKind::Movies, Ok(vec![category("1")]))
        .learns(Learnt { notices: vec!["the panel redirects".to_owned()], ..Learnt::default() });
    let (test, asked) = test(source).await;
    assert_eq!(asked, ["account", "categories channels", "categories movies", "categories series"]);
    assert_eq!(test.login, LoginState::Ok);
    assert!(test.is_well());
    assert_eq!(test.kinds.values().copied().collect::<Vec<_>>(), [offers(2), offers(1), offers(0)]);
    assert_eq!(test.account.unwrap().active_connections, Some(1));
    assert_eq!(test.notices, ["the panel redirects"]);
}

#[tokio::test]
async fn no_list_is_asked_for() {
    let mut source = MockContentSource::new();
    source.expect_listing().never();
    source.expect_account().times(1).returning(|| Ok(Account::active()));
    source.expect_categories().times(3).returning(|_| Ok(Vec::new()));
    mocks::list_nothing_else(&mut source);
    assert!(run(&OneSource::sharing(source)).await.is_well());
}

#[tokio::test]
async fn a_login_that_fails_is_the_last_request() {
    let message = String::new;
    let refused = || SourceError::Refused { message: message() };
    let denied = |denial| SourceError::Denied { denial, message: message() };
    let obstructed = SourceError::Obstructed { obstacle: Obstacle::Network, message: message(), attempts: 4 };
    for (error, state, class) in [
        (refused(), LoginState::Refused, ErrorClass::Login),
        (denied(Denial::Status), LoginState::Refused, ErrorClass::Login),
        (denied(Denial::HttpLogin), LoginState::Refused, ErrorClass::Login),
        (denied(Denial::Account), LoginState::Ended, ErrorClass::Login),
        (unreachable(), LoginState::Unreachable, ErrorClass::Unreachable),
        (obstructed, LoginState::Unreachable, ErrorClass::Unreachable),
        (unusable(AnswerFault::Html), LoginState::Unusable, ErrorClass::Answer),
        (unusable(AnswerFault::ErrorObject), LoginState::Unusable, ErrorClass::Answer),
    ] {
        let (test, asked) = test(ScriptedSource::new().account(Err(error))).await;
        assert_eq!((test.login, asked.len()), (state, 1), "{test:?}");
        assert_eq!(test.errors.iter().map(sync_core::ReportError::class).collect::<Vec<_>>(), [class]);
        assert!(test.account.is_none() && test.kinds.values().all(|kind| *kind == KindTest::default()));
    }
}

#[tokio::test]
async fn an_inactive_account_counts_as_ended() {
    let banned = Account { status: AccountStatus::Inactive("Banned".to_owned()), ..Account::active() };
    let (test, asked) = test(ScriptedSource::new().account(Ok(banned))).await;
    assert_eq!((test.login, asked.len()), (LoginState::Ended, 1));
    assert_eq!(test.errors[0].message, "the panel says that the account is `Banned`");
    assert_eq!(test.account.unwrap().status.as_str(), "Banned");
}

/// A sync goes on with such an account, and warns.
#[tokio::test]
async fn an_accepted_account_past_its_end_is_reported() {
    let now = sync_core::Clock::now(&FixedClock::default());
    let past = Account { expires_at: Some(now - 1), ..Account::active() };
    let (test, _) = test(ScriptedSource::new().account(Ok(past))).await;
    assert_eq!(test.login, LoginState::Ok);
    assert!(test.is_well() && test.notices[0].contains("has expired"), "{test:?}");
    let odd = Account { status: AccountStatus::Other("Gold".to_owned()), ..Account::active() };
    let (test, _) = self::test(ScriptedSource::new().account(Ok(odd))).await;
    assert!(test.is_well() && test.notices[0].contains("`Gold`"), "{test:?}");
}

#[tokio::test]
async fn a_kind_is_not_offered_if_the_panel_answers_for_another() {
    for fault in [AnswerFault::AccountObject, AnswerFault::ErrorObject, AnswerFault::UnknownRequest] {
        let one = ScriptedSource::new().categories(ContentKind::Series, Err(unusable(fault)));
        let (test, asked) = test(one).await;
        assert_eq!(test.kinds[ContentKind::Series], KindTest { offered: Some(false), categories: None });
        assert!(test.is_well() && asked.len() == 4, "{test:?}");
        let all = ContentKind::ALL
            .into_iter()
            .fold(ScriptedSource::new(), |source, kind| source.categories(kind, Err(unusable(fault))));
        let (test, _) = self::test(all).await;
        assert_eq!(test.errors.len(), 3);
        assert!(test.kinds.values().all(|kind| kind.offered.is_none()), "{test:?}");
    }
}

#[tokio::test]
async fn a_failing_kind_is_reported_and_the_others_are_asked_for() {
    let source = ScriptedSource::new()
        .categories(ContentKind::Channels, Err(unreachable()))
        .categories(ContentKind::Movies, Err(unusable(AnswerFault::Html)));
    let (test, asked) = test(source).await;
    assert_eq!((test.login, asked.len()), (LoginState::Ok, 4));
    let kinds: Vec<_> = test.errors.iter().map(|error| error.kind).collect();
    assert_eq!(kinds, [Some(ContentKind::Channels), Some(ContentKind::Movies)]);
    assert_eq!(test.kinds[ContentKind::Channels], KindTest::default());
    assert_eq!(test.kinds[ContentKind::Series], offers(0));
}

#[tokio::test]
async fn after_a_refusal_nothing_more_is_asked() {
    let refused = SourceError::Refused { message: String::new() };
    let (test, asked) = test(ScriptedSource::new().categories(ContentKind::Channels, Err(refused))).await;
    assert_eq!(asked, ["account", "categories channels"]);
    assert!(!test.is_well());
}
