//! Redirects of a panel. Redirects from the internet into a private network are tested in the crate itself.

use std::time::Duration;

use sync_core::source::AnswerFault;
use sync_core::{ContentKind, ContentSource};

use crate::scene::{Server, answer, channels, fault, list, ok, quick, source};

const LOGIN: &str = r#"{"user_info":{"auth":1,"status":"Active"}}"#;

fn redirect(status: &str, location: &str) -> Vec<u8> {
    let location = format!("Location: {location}");
    let cookie = "Set-Cookie: session=1";
    answer(status, &[&location, cookie, "Content-Length: 0", "Connection: close"], b"")
}

/// Returns the address of the same server under another name.
fn localhost(server: &Server) -> String {
    server.base.replace("127.0.0.1", "localhost")
}

/// Returns the first lines of all requests.
fn paths(server: &Server) -> Vec<String> {
    let path = |head: String| head.split(' ').nth(1).unwrap().to_owned();
    server.requests().into_iter().map(path).collect()
}

#[tokio::test]
async fn five_redirects_of_every_kind_are_followed_and_counted() {
    let server = Server::start(vec![
        redirect("301 Moved Permanently", "/one?username=x"),
        redirect("302 Found", "two"),
        redirect("303 See Other", "?three"),
        redirect("307 Temporary Redirect", "/sub/four"),
        redirect("308 Permanent Redirect", "../five#here"),
        ok(LOGIN),
        ok(&channels(1)),
    ])
    .await;
    let source = source(&server.base, quick());
    source.account().await.unwrap();
    assert_eq!(source.usage().requests, 6);
    assert_eq!(source.learnt().notices, Vec::<String>::new(), "it is one host");
    // The next request is sent to the panel's own address again.
    list(&source, ContentKind::Channels).await.unwrap();
    let paths = paths(&server);
    assert_eq!(paths[1..6], ["/one?username=x", "/two", "/two?three", "/sub/four", "/five"]);
    assert!(paths[6].starts_with("/player_api.php?username=demo"), "{paths:?}");
}

#[tokio::test]
async fn a_sixth_redirect_is_not_followed() {
    let server = Server::start(vec![redirect("302 Found", "/on")]).await;
    let source = source(&server.base, quick());
    assert_eq!(fault(&source.account().await.unwrap_err()), AnswerFault::Redirect);
    assert_eq!(fault(&list(&source, ContentKind::Movies).await.unwrap_err()), AnswerFault::Redirect);
    assert_eq!((server.requests().len(), source.usage().requests), (12, 12));
}

#[tokio::test]
async fn a_redirect_to_another_host_sends_only_the_panels_own_parameters() {
    let target = Server::start(vec![ok(LOGIN)]).await;
    let plain = redirect("302 Found", &format!("{}/x", localhost(&target)));
    let origin = Server::start(vec![plain]).await;
    let source = source(&origin.base, quick());
    source.account().await.unwrap();
    source.account().await.unwrap();
    let head = target.requests()[0].to_lowercase();
    assert!(head.starts_with("get /x http/1.1\r\n"), "{head}");
    for header in ["cookie", "authorization", "referer", "demo"] {
        assert!(!head.contains(header), "{head}");
    }
    assert_eq!(source.learnt().notices, ["the panel redirects to another host, localhost"], "told once");
}

#[tokio::test]
async fn credentials_in_a_redirect_are_reported_without_showing_them() {
    let target = Server::start(vec![ok(LOGIN)]).await;
    let with = format!("{}/x?username=demo&password=demo-secret", localhost(&target));
    let origin = Server::start(vec![redirect("302 Found", &with)]).await;
    let source = source(&origin.base, quick());
    source.account().await.unwrap();
    let expected = "the panel redirects to another host, localhost; the credentials travel with the address";
    assert_eq!(source.learnt().notices, [expected]);
}

#[tokio::test]
async fn other_hosts_can_be_forbidden_and_other_ports_are_the_same_host() {
    let target = Server::start(vec![ok(LOGIN)]).await;
    let origin = Server::start(vec![
        redirect("302 Found", &format!("{}/x", localhost(&target))),
        redirect("302 Found", &format!("{}/x", target.base)),
    ])
    .await;
    let source = source(&origin.base, quick().follow_other_hosts(false));
    let error = source.account().await.unwrap_err();
    assert_eq!(fault(&error), AnswerFault::Redirect);
    assert!(error.to_string().contains("another host, which the settings forbid"), "{error}");
    assert!(target.requests().is_empty());
    source.account().await.unwrap();
    assert!(source.learnt().notices.is_empty());
}

#[tokio::test]
async fn a_redirect_without_a_location_is_a_status() {
    let server = Server::start(vec![answer("302 Found", &["Content-Length: 0"], b"")]).await;
    let error = list(&source(&server.base, quick()), ContentKind::Movies).await.unwrap_err();
    assert_eq!(fault(&error), AnswerFault::Redirect);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn all_redirects_together_have_the_time_limit_of_a_first_byte() {
    let silent = Server::start_holding(vec![Vec::new()], true).await;
    let origin = Server::start(vec![redirect("302 Found", &format!("{}/x", silent.base))]).await;
    let source = source(&origin.base, quick().attempts(1).first_byte_timeout(Duration::from_millis(200)));
    let error = source.account().await.unwrap_err();
    assert!(error.to_string().contains("no answer began within 200ms"), "{error}");
}
