//! Filters that let players in and nobody else.

use sync_core::source::AnswerFault;
use sync_core::{ContentKind, ContentSource, ErrorClass};
use sync_tests::PanelConfig;

use crate::scene::{Server, answer, channels, fault, list, ok, panel, quick, source};

const PLAYER: &str = "VLC/3.0.21 LibVLC/3.0.21";
const LOGIN: &str = r#"{"user_info":{"auth":1,"status":"Active"}}"#;

fn status(line: &str) -> Vec<u8> {
    answer(line, &["Content-Length: 0", "Connection: close"], b"")
}

/// The ways in which a filter says no.
fn blocks() -> [Vec<u8>; 6] {
    [
        status("403 Forbidden"),
        status("454 x"),
        ok("<html><title>Access denied</title></html>"),
        ok("Blocked"),
        ok("Forbidden"),
        ok(""),
    ]
}

/// The user agents of all requests.
fn agents(server: &Server) -> Vec<String> {
    let of = |head: String| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with("user-agent:")).unwrap().to_owned();
        line.split_once(": ").unwrap().1.to_owned()
    };
    server.requests().into_iter().map(of).collect()
}

#[tokio::test]
async fn a_blocked_login_is_tried_once_more_as_a_player() {
    for block in blocks() {
        let server = Server::start(vec![block, ok(LOGIN), ok(&channels(2))]).await;
        let source = source(&server.base, quick());
        assert_eq!(source.learnt().user_agent, None);
        source.account().await.unwrap();
        assert_eq!(source.learnt().user_agent.as_deref(), Some(PLAYER));
        list(&source, ContentKind::Channels).await.unwrap();
        let agents = agents(&server);
        assert!(agents[0].starts_with("xtream-sync/"), "{agents:?}");
        assert_eq!(agents[1..], [PLAYER, PLAYER], "it is kept");
        assert_eq!(source.usage().requests, 3);
    }
}

#[tokio::test]
async fn when_the_player_is_blocked_too_the_first_failure_counts() {
    for (second, requests) in [(status("404 Not Found"), 2), (ok("Blocked"), 2), (status("503 Busy"), 2)] {
        let server = Server::start(vec![ok("<html></html>"), second]).await;
        let source = source(&server.base, quick());
        assert_eq!(fault(&source.account().await.unwrap_err()), AnswerFault::Html);
        assert_eq!((source.learnt().user_agent, server.requests().len()), (None, requests));
        // Nor is it tried again: the next login is one request.
        source.account().await.unwrap_err();
        assert!(agents(&server)[2..].iter().all(|agent| agent.starts_with("xtream-sync/")));
    }
}

#[tokio::test]
async fn what_is_no_filter_is_no_reason_to_try_again() {
    let refused = ok(r#"{"user_info":{"auth":0}}"#);
    for other in [status("401 Unauthorized"), refused, status("404 Not Found"), ok("null"), ok(r#"{"error":1}"#)] {
        let server = Server::start(vec![other, ok(LOGIN)]).await;
        source(&server.base, quick()).account().await.unwrap_err();
        assert_eq!(server.requests().len(), 1);
    }
    // After a good login a block is the failure of a list.
    let server = Server::start(vec![ok(LOGIN), status("403 Forbidden")]).await;
    let source = source(&server.base, quick());
    source.account().await.unwrap();
    assert_eq!(fault(&list(&source, ContentKind::Movies).await.unwrap_err()), AnswerFault::Status);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_login_that_is_refused_behind_the_filter_is_refused() {
    let server = Server::start(vec![ok("Blocked"), ok(r#"{"user_info":{"auth":0}}"#)]).await;
    let error = source(&server.base, quick()).account().await.unwrap_err();
    assert_eq!((error.class(), server.requests().len()), (ErrorClass::Login, 2));
}

#[tokio::test]
async fn a_refused_login_is_not_sent_again_as_somebody_else() {
    // A status of refusal may come from the filter: nothing is learnt of it.
    let server = Server::start(vec![ok("Blocked"), status("401 Unauthorized")]).await;
    let refused = source(&server.base, quick());
    for requests in [2, 3] {
        assert_eq!(refused.account().await.unwrap_err().class(), ErrorClass::Login);
        assert_eq!((refused.learnt().user_agent, server.requests().len()), (None, requests));
    }
    assert_eq!(agents(&server)[1..], [PLAYER, PLAYER]);

    // Who has read the credentials has let the player in.
    let server = Server::start(vec![ok("Blocked"), ok(r#"{"user_info":{"auth":0}}"#)]).await;
    let refused = source(&server.base, quick());
    for requests in [2, 3] {
        assert_eq!(refused.account().await.unwrap_err().class(), ErrorClass::Login);
        assert_eq!((refused.learnt().user_agent.as_deref(), server.requests().len()), (Some(PLAYER), requests));
    }
    assert_eq!(agents(&server)[1..], [PLAYER, PLAYER]);

    // A ban after a refusal is no reason to come again as a player.
    let server = Server::start(vec![status("401 Unauthorized"), status("403 Forbidden")]).await;
    let refused = source(&server.base, quick());
    refused.account().await.unwrap_err();
    assert_eq!(fault(&refused.account().await.unwrap_err()), AnswerFault::Status);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_user_agent_that_is_set_is_not_replaced() {
    let server = Server::start(vec![ok("Blocked"), ok(LOGIN)]).await;
    let source = source(&server.base, quick().user_agent("mine"));
    assert_eq!(fault(&source.account().await.unwrap_err()), AnswerFault::NotJson);
    assert_eq!((agents(&server), source.learnt().user_agent), (vec!["mine".to_owned()], None));
}

#[tokio::test]
async fn what_was_learnt_is_used_from_the_start() {
    let server = Server::start(vec![ok(LOGIN)]).await;
    let learnt = source(&server.base, quick().learnt_user_agent("Player/1"));
    learnt.account().await.unwrap();
    assert_eq!(
        (agents(&server), learnt.learnt().user_agent.as_deref()),
        (vec!["Player/1".to_owned()], Some("Player/1"))
    );

    // Blocked, it gives way to the usual one, once.
    let server = Server::start(vec![status("403 Forbidden"), ok(LOGIN)]).await;
    let learnt = source(&server.base, quick().user_agent("mine").learnt_user_agent("Player/1"));
    learnt.account().await.unwrap();
    assert_eq!(agents(&server), ["Player/1", "mine"]);
    assert_eq!(learnt.learnt().user_agent, None);

    let server = Server::start(vec![status("403 Forbidden")]).await;
    let learnt = source(&server.base, quick().learnt_user_agent("Player/1"));
    learnt.account().await.unwrap_err();
    learnt.account().await.unwrap_err();
    assert_eq!(server.requests().len(), 3);
    assert_eq!(learnt.learnt().user_agent.as_deref(), Some("Player/1"));
}

#[tokio::test]
async fn every_request_is_a_get() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick());
    source.account().await.unwrap();
    source.categories(ContentKind::Movies).await.unwrap();
    list(&source, ContentKind::Movies).await.unwrap();
    assert!(panel.requests().iter().all(|request| request.method == "GET"));
}
