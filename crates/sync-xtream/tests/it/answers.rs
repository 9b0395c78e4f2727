//! Answers to the login and to requests for categories.

use sync_core::source::{AnswerFault, Entry};
use sync_core::{AccountStatus, ContentKind, ContentSource, ErrorClass};
use sync_tests::{Account, Action, Behaviour, PanelConfig};
use sync_xtream::Credentials;

use crate::scene::{Server, answer, channels, fault, list, ok, panel, quick, source, source_of};

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
async fn field_01_a_trial_account_is_served() {
    let trial = Account { status: "Trial".to_owned(), ..Account::new("demo", "demo-secret") };
    let panel = panel(PanelConfig { accounts: vec![trial], ..PanelConfig::default() });
    let account = source(&panel.base_url(), quick()).account().await.unwrap();
    assert_eq!(account.status, AccountStatus::Other("Trial".to_owned()));
}

#[tokio::test]
async fn field_29_an_ended_account_is_no_wrong_password() {
    let ended =
        r#"{"user_info":{"auth":"0","status":"Inactive","exp_date":"1577847600","message":"Welcome demo-secret"}}"#;
    let server = Server::start(vec![ok(ended)]).await;
    let error = source(&server.base, quick()).account().await.unwrap_err();
    assert_eq!(
        (error.class(), error.code().as_str(), server.requests().len()),
        (ErrorClass::Login, "account_inactive", 1)
    );
    let told = error.to_string();
    assert!(told.contains("ended on 01 Jan 2020") && told.contains("`Inactive` (Welcome ***)"), "{told}");
    assert!(error.hint().as_str().contains("renewed"), "{}", error.hint());
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

    // A login that is refused with a status, in the panel's own words, is one request as well.
    let body = br#"{"user_info":{"auth":0}}"#.to_vec();
    panel.on(Action::Account, Behaviour::Status(401, body, Vec::new()));
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
async fn complete_but_wrong_answers_have_their_own_error_and_are_asked_once() {
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
async fn an_answer_that_is_no_list_has_its_own_error() {
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
    // After a good login, these statuses say nothing about the password.
    for status in [401, 403] {
        panel.on(Action::Series, Behaviour::status(status));
        assert_eq!(fault(&list(&source, ContentKind::Series).await.unwrap_err()), AnswerFault::Status);
    }
    assert_eq!(panel.requests().len(), 6);
}

#[tokio::test]
async fn a_panels_own_address_is_not_believed() {
    let lies = r#"{"user_info":{"auth":1},"server_info":{"url":"10.0.0.1","port":"80011","https_port":"","server_protocol":"https"}}"#;
    let server = Server::start(vec![ok(lies), ok(&channels(2))]).await;
    let source = source(&server.base, quick());
    source.account().await.unwrap();
    assert_eq!(list(&source, ContentKind::Channels).await.unwrap().entries.len(), 2);
}

/// Returns an answer with this content type.
fn typed(content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    answer("200 OK", &[&format!("Content-Type: {content_type}"), &length, "Connection: close"], body)
}

#[tokio::test]
async fn field_10_the_declared_charset_is_that_of_lists_categories_and_accounts() {
    let list_body = b"[{\"num\":1,\"name\":\"\xc7\xe1\xcc\xd2\xed\xd1\xc9\",\"stream_id\":1}]";
    let categories = b"[{\"category_id\":\"1\",\"category_name\":\"\xc7\xe1\xcc\xd2\xed\xd1\xc9\"}]";
    let account = b"{\"user_info\":{\"auth\":1,\"message\":\"\xc7\xe1\xcc\xd2\xed\xd1\xc9\"},\"server_info\":{}}";
    for (content_type, name) in [
        ("application/json; charset=windows-1256", "الجزيرة"),
        ("application/json;charset=\"CP1256\"", "الجزيرة"),
        ("application/json; charset=ISO-8859-1", "ÇáÌÒíÑÉ"),
        ("application/json; charset=utf-8", "ÇáÌÒíÑÉ"),
        ("application/json", "ÇáÌÒíÑÉ"),
    ] {
        let answers = [&account[..], categories, list_body].map(|body| typed(content_type, body));
        let server = Server::start(answers.to_vec()).await;
        let source = source(&server.base, quick());
        assert_eq!(source.account().await.unwrap().message.as_deref(), Some(name), "{content_type}");
        assert_eq!(source.categories(ContentKind::Channels).await.unwrap()[0].name, name, "{content_type}");
        let listed = list(&source, ContentKind::Channels).await.unwrap();
        let [Entry::Item(listed, _)] = &listed.entries[..] else { panic!("one channel") };
        assert_eq!(listed.item.name(), name, "{content_type}");
    }
    let body = "[{\"stream_id\":1,\"name\":\"Thüringen\"}]".as_bytes();
    let server = Server::start(vec![typed("text/html; charset=windows-1256", body)]).await;
    let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
    let [Entry::Item(listed, _)] = &listed.entries[..] else { panic!("one channel") };
    assert_eq!(listed.item.name(), "Thüringen", "valid UTF-8 stays UTF-8");
}

#[tokio::test]
async fn field_26_some_statuses_mean_that_the_panel_doesnt_know_the_list() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick());
    for (status, expected) in [
        (400, AnswerFault::UnknownRequest),
        (404, AnswerFault::UnknownRequest),
        (410, AnswerFault::UnknownRequest),
        (403, AnswerFault::Status),
        (458, AnswerFault::Status),
    ] {
        panel.on(Action::Series, Behaviour::status(status));
        let error = list(&source, ContentKind::Series).await.unwrap_err();
        assert_eq!((fault(&error), error.code().as_str()), (expected, "http_status"), "{status}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        // A sync learns nothing from categories alone, but a test of the login has nothing else.
        panel.on(Action::SeriesCategories, Behaviour::status(status));
        assert_eq!(fault(&source.categories(ContentKind::Series).await.unwrap_err()), expected);
    }
}

#[tokio::test]
async fn field_18_an_unreadable_end_contains_no_credentials() {
    let body = r#"{"user_info":{"auth":1,"exp_date":"never, demo-secret"},"server_info":{}}"#;
    let server = Server::start(vec![ok(body)]).await;
    let account = source(&server.base, quick()).account().await.unwrap();
    assert_eq!((account.expires_at, account.unread_end.as_deref()), (None, Some("never, ***")));
}

#[tokio::test]
async fn field_25_the_keys_of_a_message_contain_no_credentials() {
    let server = Server::start(vec![ok(r#"[{"demo-secret":1,"name":"Secret title"}]"#)]).await;
    let error = list(&source(&server.base, quick()), ContentKind::Movies).await.unwrap_err();
    assert_eq!(fault(&error), AnswerFault::WrongItems);
    let words = error.to_string();
    assert!(words.contains("`***`, `name`") && !words.contains("Secret title"), "{words}");
}
