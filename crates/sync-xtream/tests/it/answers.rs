//! Answers to the login and to the questions for categories.

use sync_core::source::AnswerFault;
use sync_core::{AccountStatus, ContentKind, ContentSource, ErrorClass};
use sync_tests::{Account, Action, Behaviour, PanelConfig};
use sync_xtream::Credentials;

use crate::scene::{Server, channels, fault, list, ok, panel, quick, source, source_of};

#[tokio::test]
async fn an_account_is_read() {
    let panel = panel(PanelConfig::default());
    let account = source(&panel.base_url(), quick()).account().await.unwrap();
    assert_eq!(account.status, AccountStatus::Active);
    assert_eq!(account.expires_at, Some(2_051_222_400));
    assert_eq!(account.max_connections, Some(1));
    assert_eq!(account.message.as_deref(), Some("Welcome / ברוך הבא"));
    assert!((account.panel_time.unwrap() - panel.panel_time()).abs() <= 1);
}

#[tokio::test]
async fn a_banned_account_is_inactive() {
    let banned = Account { status: "BANNED".to_owned(), ..Account::new("demo", "demo-secret") };
    let panel = panel(PanelConfig { accounts: vec![banned], ..PanelConfig::default() });
    let account = source(&panel.base_url(), quick()).account().await.unwrap();
    assert_eq!(account.status, AccountStatus::Inactive("BANNED".to_owned()));
}

#[tokio::test]
async fn strange_credentials_arrive_byte_for_byte() {
    let strange = "p+a&s=s%#?/é ü@:";
    let panel = panel(PanelConfig { accounts: vec![Account::new("ann ü", strange)], ..PanelConfig::default() });
    let source = source_of(&panel.base_url(), Credentials::new(" ann ü", format!("{strange}\n")), quick());
    source.account().await.unwrap();
    let requests = panel.requests();
    assert_eq!(requests[0].param("username"), Some("ann ü"));
    assert_eq!(requests[0].param("password"), Some(strange));
    assert_eq!(requests[0].method, "GET");
}

#[tokio::test]
async fn a_sub_path_and_a_user_agent_are_used() {
    let panel = panel(PanelConfig { sub_path: "/panel".to_owned(), ..PanelConfig::default() });
    let source = source(&format!("{}/player_api.php", panel.base_url()), quick().user_agent("VLC/3.0"));
    source.account().await.unwrap();
    let requests = panel.requests();
    assert_eq!(requests[0].path, "/panel/player_api.php");
    assert_eq!(requests[0].header("user-agent"), Some("VLC/3.0"));
    assert_eq!(requests[0].header("accept-encoding").map(|all| all.split(',').count()), Some(4));
}

#[tokio::test]
async fn a_refused_login_is_one_request() {
    let panel = panel(PanelConfig::default());
    let wrong = source_of(&panel.base_url(), Credentials::new("demo", "wrong"), quick());
    let error = wrong.account().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Login);
    assert_eq!(panel.requests().len(), 1);
    assert_eq!(wrong.usage().requests, 1);

    panel.on(Action::Account, Behaviour::status(401));
    assert_eq!(source(&panel.base_url(), quick()).account().await.unwrap_err().class(), ErrorClass::Login);
    assert_eq!(panel.requests().len(), 2);
}

#[tokio::test]
async fn statuses_at_the_login_are_ambiguous_and_asked_once() {
    let panel = panel(PanelConfig::default());
    for (status, words) in
        [(403, "banned"), (404, "expired"), (410, "410"), (458, "connections"), (884, "884"), (999, "999")]
    {
        panel.forget_requests();
        panel.on(Action::Account, Behaviour::status(status));
        let error = source(&panel.base_url(), quick().user_agent("mine")).account().await.unwrap_err();
        assert_eq!(fault(&error), AnswerFault::Status);
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(panel.requests().len(), 1);
    }
}

#[tokio::test]
async fn answers_that_are_whole_but_wrong_have_a_name_and_are_asked_once() {
    let cases = [
        ("", AnswerFault::Empty),
        ("<html><title>x</title></html>", AnswerFault::Html),
        ("Blocked", AnswerFault::NotJson),
        ("null", AnswerFault::NotAList),
        (r#"{"error":"no"}"#, AnswerFault::ErrorObject),
    ];
    for (body, expected) in cases {
        let server = Server::start(vec![ok(body)]).await;
        let source = source(&server.base, quick().user_agent("mine"));
        assert_eq!(fault(&source.account().await.unwrap_err()), expected, "{body}");
        assert_eq!(fault(&source.categories(ContentKind::Series).await.unwrap_err()), expected, "{body}");
        assert_eq!(fault(&list(&source, ContentKind::Movies).await.unwrap_err()), expected, "{body}");
        assert_eq!(server.requests().len(), 3, "{body}");
    }
}

#[tokio::test]
async fn categories_come_in_the_panels_order() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick());
    for kind in ContentKind::ALL {
        let categories = source.categories(kind).await.unwrap();
        assert!(categories.len() >= 3);
    }
    panel.on(Action::VodCategories, Behaviour::KeyedObject);
    let keyed = source.categories(ContentKind::Movies).await.unwrap();
    panel.behave();
    assert_eq!(source.categories(ContentKind::Movies).await.unwrap(), keyed);
}

#[tokio::test]
async fn a_list_that_is_no_list_says_what_it_is() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick());
    panel.on(Action::SeriesCategories, Behaviour::AccountInstead);
    panel.on(Action::Series, Behaviour::AccountInstead);
    assert_eq!(fault(&source.categories(ContentKind::Series).await.unwrap_err()), AnswerFault::AccountObject);
    assert_eq!(fault(&list(&source, ContentKind::Series).await.unwrap_err()), AnswerFault::AccountObject);
    panel.on(Action::SeriesCategories, Behaviour::Refused);
    panel.on(Action::Series, Behaviour::Refused);
    assert_eq!(source.categories(ContentKind::Series).await.unwrap_err().class(), ErrorClass::Login);
    assert_eq!(list(&source, ContentKind::Series).await.unwrap_err().class(), ErrorClass::Login);
    // After a good login these say nothing about the password.
    for status in [401, 403] {
        panel.on(Action::Series, Behaviour::status(status));
        assert_eq!(fault(&list(&source, ContentKind::Series).await.unwrap_err()), AnswerFault::Status);
    }
    assert_eq!(panel.requests().len(), 6);
}

#[tokio::test]
async fn what_a_panel_says_of_its_own_address_is_not_believed() {
    let lies = r#"{"user_info":{"auth":1},"server_info":{"url":"10.0.0.1","port":"80011","https_port":"","server_protocol":"https"}}"#;
    let server = Server::start(vec![ok(lies), ok(&channels(2))]).await;
    let source = source(&server.base, quick());
    source.account().await.unwrap();
    assert_eq!(list(&source, ContentKind::Channels).await.unwrap().entries.len(), 2);
}
