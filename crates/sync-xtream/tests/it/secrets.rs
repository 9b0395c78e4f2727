//! Tests with a recognisable password: no error and no `Referer` may contain it.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use sync_core::{ContentKind, ContentSource, SourceError};
use sync_tests::{Account, PanelConfig};
use sync_xtream::{Credentials, XtreamConfig};

use crate::scene::{Server, answer, list, ok, panel, quick, source_of};

const USER: &str = "canary-user";
const PASSWORD: &str = "canary/word ü";

fn config() -> XtreamConfig {
    quick().attempts(2).first_byte_timeout(Duration::from_millis(150)).idle_timeout(Duration::from_millis(150))
}

/// Returns every form in which an error can be seen.
fn shown(error: &SourceError) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {}", error.hint());
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, " {cause} {cause:?}");
        source = cause.source();
    }
    text
}

fn assert_clean(text: &str, what: &str) {
    assert!(!text.to_lowercase().contains("canary"), "{what}: {text}");
    assert!(!text.contains("player_api"), "{what}: {text}");
}

#[tokio::test]
async fn no_error_contains_the_password() {
    let echo = format!("{USER} {PASSWORD} canary%2Fword%20%C3%BC canary%2Fword+%C3%BC");
    let html = format!("<html><title>{echo}</title></html>");
    let refusal = format!(r#"{{"user_info":{{"auth":0,"message":"{echo}"}}}}"#);
    let gzip = answer("200 OK", &["Content-Encoding: gzip", "Content-Length: 9"], b"\x1f\x8bno gzip");
    let refused = |status: &str| answer(status, &["Connection: close"], refusal.as_bytes());
    let realm = format!("WWW-Authenticate: Basic realm=\"{USER}\"");
    let cases: [(&str, Vec<u8>, bool); 18] = [
        ("refused with a status", refused("401 Unauthorized"), false),
        ("refused with a page's status", refused("403 Forbidden"), false),
        ("login by HTTP", answer("401 Unauthorized", &[&realm, "Connection: close"], html.as_bytes()), false),
        ("status with a page", answer("400 Bad Request", &["Connection: close"], html.as_bytes()), false),
        ("503", answer("503 canary", &["Content-Length: 0"], b""), false),
        ("404", answer("404 Not Found", &["Content-Length: 0"], b""), false),
        ("loop", answer("302 Found", &["Location: ?canary", "Connection: close"], b""), false),
        ("bad redirect", answer("302 Found", &["Location: file:///canary"], b""), false),
        ("worse redirect", answer("302 Found", &["Location: http://[canary"], b""), false),
        ("no HTTP", b"canary canary\r\n\r\n".to_vec(), false),
        ("cut", answer("200 OK", &["Content-Length: 500"], b"[{\"a\":\"canary"), false),
        ("cut chunked", answer("200 OK", &["Transfer-Encoding: chunked"], b"5\r\n[{\"a"), false),
        ("damaged", gzip, false),
        ("hang", Vec::new(), true),
        ("stall", answer("200 OK", &["Content-Length: 500"], b"[{\"a\":1"), true),
        ("words", ok(&echo), false),
        ("page", ok(&html), false),
        ("refused", ok(&refusal), false),
    ];
    for (what, bytes, hold) in cases {
        let server = Server::start_holding(vec![bytes], hold).await;
        let source = source_of(&server.base, Credentials::new(USER, PASSWORD), config());
        assert_clean(&format!("{source:?}"), what);
        assert_clean(&shown(&source.account().await.unwrap_err()), what);
        assert_clean(&shown(&source.categories(ContentKind::Movies).await.unwrap_err()), what);
        assert_clean(&shown(&list(&source, ContentKind::Series).await.unwrap_err()), what);
    }
    let closed = Server::start(vec![ok("")]).await.task_stopped().await;
    let source = source_of(&closed, Credentials::new(USER, PASSWORD), config());
    assert_clean(&shown(&source.account().await.unwrap_err()), "refused connection");
    let source = source_of("http://canary.invalid", Credentials::new(USER, PASSWORD), config());
    assert_clean(&shown(&source.account().await.unwrap_err()), "no such host");
    let source = source_of(&closed.replace("http:", "https:"), Credentials::new(USER, PASSWORD), config());
    assert_clean(&shown(&source.account().await.unwrap_err()), "no such server");
}

/// The words are those of an expired account, of an object in place of a list, and of both sides of its key.
#[tokio::test]
async fn field_14_words_of_the_panel_are_searched_and_ours_are_not() {
    for user in ["ann", "one", "the", "test", "live", "list"] {
        let source = |base: &str| source_of(base, Credentials::new(user, "canary-word"), config());
        let server = Server::start(vec![ok(r#"[{"num":1,"name":"A","stream_id":"abc","category_id":"1"}]"#)]).await;
        let error = list(&source(&server.base), ContentKind::Channels).await.unwrap_err();
        assert!(
            error.to_string().ends_with("none of 1 elements is one of channels: no `stream_id` is a number"),
            "{user}: {error}"
        );
        let body = format!(r#"{{"error":"no {user} with canary-word"}}"#);
        let server = Server::start(vec![ok(&body)]).await;
        let error = list(&source(&server.base), ContentKind::Channels).await.unwrap_err();
        assert!(error.to_string().ends_with("an object came in place of a list (error: no *** with ***)"), "{error}");
        let server = Server::start(vec![ok(&format!("<html><title>No {user}, canary-word</title>"))]).await;
        let error = list(&source(&server.base), ContentKind::Channels).await.unwrap_err();
        assert!(error.to_string().ends_with("a web page came in place of a list: No ***, ***"), "{error}");
        let body = format!(r#"{{"user_info":{{"auth":0,"status":"Expired","message":"{user}: canary-word"}}}}"#);
        let server = Server::start(vec![ok(&body)]).await;
        let error = source(&server.base).account().await.unwrap_err();
        assert!(error.to_string().ends_with("the panel calls the account `Expired` (***: ***)"), "{error}");
        let server = Server::start(vec![answer("403 Forbidden", &["Content-Length: 0"], b"")]).await;
        let error = list(&source(&server.base), ContentKind::Channels).await.unwrap_err();
        assert!(error.to_string().ends_with("it answers 403"), "{error}");
    }
}

#[tokio::test]
async fn an_operators_message_is_searched() {
    let status = format!("locked {PASSWORD}");
    let account = Account { status, ..Account::new(USER, PASSWORD) };
    let panel = panel(PanelConfig { accounts: vec![account], ..PanelConfig::default() });
    let source = source_of(&panel.base_url(), Credentials::new(USER, PASSWORD), config());
    let account = source.account().await.unwrap();
    assert_clean(&format!("{account:?}"), "account");
}

/// The message is cut in the middle of a repeated password, at any position of the password.
#[tokio::test]
async fn no_cut_uncovers_half_of_a_password() {
    for before in 0..20 {
        let echo = format!("{} {}", "x".repeat(before), "canary-word".repeat(200));
        let message = |auth| format!(r#"{{"user_info":{{"auth":{auth},"message":"{echo}","status":"{echo}"}}}}"#);
        let source = |base: &str| source_of(base, Credentials::new("somebody", "canary-word"), config());
        let clean = |text: String| assert!(!text.contains("canar"), "{before}: {text}");
        for body in
            [echo.clone(), format!("<html><title>{echo}</title>"), format!(r#"{{"{echo}":"{echo}"}}"#), message(0)]
        {
            let server = Server::start(vec![ok(&body)]).await;
            clean(shown(&source(&server.base).account().await.unwrap_err()));
            clean(shown(&list(&source(&server.base), ContentKind::Movies).await.unwrap_err()));
        }
        let server = Server::start(vec![ok(&message(1))]).await;
        clean(format!("{:?}", source(&server.base).account().await.unwrap()));
    }
}

#[tokio::test]
async fn the_target_of_a_redirect_gets_no_referer() {
    let target = Server::start(vec![ok(r#"{"user_info":{"auth":1}}"#)]).await;
    let location = format!("Location: {}/elsewhere", target.base);
    let origin = Server::start(vec![answer("302 Found", &[&location, "Connection: close"], b"")]).await;
    let source = source_of(&origin.base, Credentials::new(USER, PASSWORD), config());
    source.account().await.unwrap();
    let requests = target.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].starts_with("GET /elsewhere "));
    assert_clean(&requests[0], "redirect");
    assert!(!requests[0].to_lowercase().contains("referer"));
}
