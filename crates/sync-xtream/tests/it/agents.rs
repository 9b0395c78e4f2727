//! Filters that let in only players.

use sync_core::source::AnswerFault;
use sync_core::{ContentKind, ContentSource, ErrorClass};
use sync_tests::{Action, Behaviour, Condition, Encoding, Kind, PanelConfig};

use crate::scene::{Server, answer, channels, fault, list, ok, panel, quick, source};

const PLAYER: &str = "VLC/3.0.21 LibVLC/3.0.21";
const LOGIN: &str = r#"{"user_info":{"auth":1,"status":"Active"}}"#;

fn status(line: &str) -> Vec<u8> {
    answer(line, &["Content-Length: 0", "Connection: close"], b"")
}

/// Returns answers of filters that are final, so that a repetition is useless.
fn blocks() -> [Vec<u8>; 16] {
    [
        status("401 Unauthorized"),
        status("403 Forbidden"),
        status("404 Not Found"),
        status("406 Not Acceptable"),
        status("418 I'm a teapot"),
        status("444 x"),
        status("451 x"),
        status("454 x"),
        status("884 x"),
        status("400 Bad Request"),
        answer("401 Unauthorized", &["WWW-Authenticate: ", "Content-Length: 12", "Connection: close"], b"Unauthorized"),
        ok("<html><title>Access denied</title></html>"),
        ok("Blocked"),
        ok("Forbidden"),
        ok(""),
        answer("302 Found", &["Location: ftp://elsewhere.example/", "Content-Length: 0", "Connection: close"], b""),
    ]
}

/// Returns the `Accept-Encoding` of each request, if it has one.
fn codings(server: &Server) -> Vec<Option<String>> {
    let of = |head: String| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with("accept-encoding:"))?.to_owned();
        Some(line.split_once(": ")?.1.to_owned())
    };
    server.requests().into_iter().map(of).collect()
}

/// Returns the user agents of all requests.
fn agents(server: &Server) -> Vec<String> {
    let of = |head: String| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with("user-agent:")).unwrap().to_owned();
        line.split_once(": ").unwrap().1.to_owned()
    };
    server.requests().into_iter().map(of).collect()
}

#[tokio::test]
async fn field_03_a_blocked_login_is_tried_once_more_as_a_player() {
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
        let codings = codings(&server);
        assert!(codings[0].is_some() && codings[1..] == [None, None], "no `Accept-Encoding` at all: {codings:?}");
        assert!(source.learnt().uncompressed && source.learnt().other_client_tried);
        assert_eq!(source.usage().requests, 3);
    }
}

#[tokio::test]
async fn when_the_player_is_blocked_too_the_first_failure_counts() {
    let seconds = [status("404 Not Found"), ok("Blocked"), status("503 Busy"), ok("[]"), Vec::new()];
    for (second, requests) in seconds.map(|second| (second, 2)) {
        let server = Server::start(vec![ok("<html></html>"), second]).await;
        let source = source(&server.base, quick());
        assert_eq!(fault(&source.account().await.unwrap_err()), AnswerFault::Html);
        assert_eq!((source.learnt().user_agent, server.requests().len()), (None, requests));
        // The player is not tried again: the next login is a single request.
        source.account().await.unwrap_err();
        assert!(agents(&server)[2..].iter().all(|agent| agent.starts_with("xtream-sync/")));
    }
}

#[tokio::test]
async fn the_panels_own_answers_are_no_reason_to_try_again() {
    let refused = r#"{"user_info":{"auth":0}}"#;
    let length = format!("Content-Length: {}", refused.len());
    let said = |status: &str| answer(status, &[&length, "Connection: close"], refused.as_bytes());
    for other in [
        ok(refused),
        ok(r#"{"user_info":{"auth":"0","status":"Inactive","exp_date":"1577847600"}}"#),
        said("401 Unauthorized"),
        said("403 Forbidden"),
        said("404 Not Found"),
        said("503 Busy"),
        answer("401 Unauthorized", &["Content-Length: 13", "Connection: close"], br#"{"error":"x"}"#),
        answer("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"x\"", "Connection: close"], b"<html>"),
        ok("null"),
        ok(r#"{"error":1}"#),
    ] {
        let server = Server::start(vec![other.clone(), ok(LOGIN)]).await;
        let source = source(&server.base, quick());
        source.account().await.unwrap_err();
        let shown = String::from_utf8_lossy(&other).into_owned();
        assert_eq!((server.requests().len(), source.learnt().other_client_tried), (1, false), "{shown}");
    }
    let server = Server::start(vec![status("429 Too Many Requests"), ok(LOGIN)]).await;
    source(&server.base, quick().attempts(1)).account().await.unwrap_err();
    assert_eq!(server.requests().len(), 1, "it asks for patience");
    // After a good login, a block fails only the list.
    let server = Server::start(vec![ok(LOGIN), status("403 Forbidden")]).await;
    let source = source(&server.base, quick());
    source.account().await.unwrap();
    assert_eq!(fault(&list(&source, ContentKind::Movies).await.unwrap_err()), AnswerFault::Status);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_login_that_the_panel_refuses_after_the_filter_is_refused() {
    let server = Server::start(vec![ok("Blocked"), ok(r#"{"user_info":{"auth":0}}"#)]).await;
    let error = source(&server.base, quick()).account().await.unwrap_err();
    assert_eq!((error.class(), server.requests().len()), (ErrorClass::Login, 2));
}

#[tokio::test]
async fn a_refused_login_is_not_sent_again_as_another_client() {
    // The refusal may come from the filter, so nothing is learnt.
    let server = Server::start(vec![ok("Blocked"), status("401 Unauthorized")]).await;
    let refused = source(&server.base, quick());
    for requests in [2, 3] {
        assert_eq!(refused.account().await.unwrap_err().class(), ErrorClass::Login);
        assert_eq!((refused.learnt().user_agent, server.requests().len()), (None, requests));
    }
    assert_eq!(agents(&server)[1..], [PLAYER, PLAYER]);

    // The panel has read the credentials, so it has let the player in.
    let server = Server::start(vec![ok("Blocked"), ok(r#"{"user_info":{"auth":0}}"#)]).await;
    let refused = source(&server.base, quick());
    for requests in [2, 3] {
        assert_eq!(refused.account().await.unwrap_err().class(), ErrorClass::Login);
        assert_eq!((refused.learnt().user_agent.as_deref(), server.requests().len()), (Some(PLAYER), requests));
    }
    assert_eq!(agents(&server)[1..], [PLAYER, PLAYER]);

    // A ban after a refused login is no reason to try again as a player.
    let server = Server::start(vec![ok(r#"{"user_info":{"auth":0}}"#), status("403 Forbidden")]).await;
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
async fn a_learnt_client_is_used_from_the_start() {
    let server = Server::start(vec![ok(LOGIN)]).await;
    let learnt = source(&server.base, quick().learnt_user_agent("Player/1"));
    learnt.account().await.unwrap();
    assert_eq!(
        (agents(&server), learnt.learnt().user_agent.as_deref()),
        (vec!["Player/1".to_owned()], Some("Player/1"))
    );

    // If the learnt client is blocked, the usual one is tried once.
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

/// A filter answers 403 to clients that ask for compression: to the usual client, and to a learnt one.
#[tokio::test]
async fn field_02_a_filter_of_accept_encoding_is_passed_and_learnt() {
    let panel = panel(PanelConfig::default());
    panel.in_front(Behaviour::html_status(403, "403 Forbidden").when(Condition::Accepts(Encoding::Gzip)));
    let first = source(&panel.base_url(), quick());
    first.account().await.unwrap();
    list(&first, ContentKind::Movies).await.unwrap();
    let learnt = first.learnt();
    assert_eq!((learnt.user_agent.as_deref(), learnt.uncompressed), (Some(PLAYER), true));
    assert_eq!(panel.requests().iter().filter(|request| request.status == Some(403)).count(), 1);
    panel.forget_requests();
    let config = quick().learnt_user_agent(PLAYER).learnt_uncompressed(true);
    let second = source(&panel.base_url(), config);
    second.account().await.unwrap();
    second.categories(ContentKind::Movies).await.unwrap();
    list(&second, ContentKind::Movies).await.unwrap();
    assert_eq!((second.learnt().user_agent, second.learnt().uncompressed), (learnt.user_agent, true));
    let requests = panel.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.header("accept-encoding").is_none()), "{requests:?}");
}

/// Answers of a filter that look like a panel out of order. The other client is tried after all attempts.
#[tokio::test]
async fn field_04_a_login_that_is_reset_or_closed_is_tried_as_a_player_after_all_attempts() {
    let reset = Behaviour::ResetAfter(0);
    let closed = Behaviour::Raw(Vec::new());
    let cut = Behaviour::CutAfter(5);
    for (block, outage) in [
        (reset, false),
        (closed, false),
        (cut, false),
        (Behaviour::status(500), true),
        (Behaviour::status(503), true),
        (Behaviour::html_status(520, "x"), true),
        (Behaviour::status(408), true),
    ] {
        let panel = panel(PanelConfig::default());
        panel.in_front(block.when(Condition::UserAgentWithout(vec!["VLC".to_owned()])));
        let source = source(&panel.base_url(), quick());
        source.account().await.unwrap();
        list(&source, ContentKind::Channels).await.unwrap();
        assert_eq!(source.learnt().user_agent.as_deref(), Some(PLAYER));
        // The status may come from an outage, so the run checks once whether the usual client is let in now.
        let expected = if outage { 5 } else { 4 };
        let own =
            |request: &&sync_tests::RequestRecord| request.header("user-agent").unwrap().starts_with("xtream-sync/");
        assert_eq!(panel.requests().iter().filter(own).count(), expected);
        assert_eq!(panel.requests().len(), expected + 2);
    }
}

/// After an outage, the other client was accepted because the panel works again. This teaches nothing about clients.
#[tokio::test]
async fn field_04_the_end_of_an_outage_teaches_nothing() {
    let server = Server::start(vec![status("503 Busy"), status("503 Busy"), ok(LOGIN)]).await;
    let source = source(&server.base, quick().attempts(2));
    source.account().await.unwrap();
    assert_eq!((source.learnt().user_agent, server.requests().len()), (None, 4));
    source.account().await.unwrap();
    assert!(agents(&server)[3..].iter().all(|agent| agent.starts_with("xtream-sync/")));
}

/// At most four attempts and the second try.
#[tokio::test]
async fn field_04_a_failing_login_is_bounded() {
    for (block, requests) in [
        (status("503 Busy"), 5),
        (Vec::new(), 5),
        (status("403 Forbidden"), 2),
        (ok("Blocked"), 2),
        (status("401 Unauthorized"), 2),
        (status("429 Too Many Requests"), 4),
        (answer("503 Busy", &["Retry-After: 0", "Content-Length: 0", "Connection: close"], b""), 4),
    ] {
        let server = Server::start(vec![block]).await;
        let source = source(&server.base, quick());
        source.account().await.unwrap_err();
        assert_eq!(server.requests().len(), requests);
        let others = agents(&server).iter().filter(|agent| *agent == PLAYER).count();
        assert!(others <= 1, "{others}");
    }
    // "At most once a day": on other days the settings forbid it.
    let server = Server::start(vec![status("403 Forbidden")]).await;
    let source = source(&server.base, quick().try_other_client(false));
    source.account().await.unwrap_err();
    assert_eq!((server.requests().len(), source.learnt().other_client_tried), (1, false));
}

#[tokio::test]
async fn field_03_a_401_that_stays_names_the_user_agent() {
    let server = Server::start(vec![status("401 Unauthorized")]).await;
    let error = source(&server.base, quick()).account().await.unwrap_err();
    assert_eq!((error.class(), error.code().as_str()), (ErrorClass::Login, "login_refused"));
    assert!(
        error.hint().as_str().contains("user agent") && error.hint().as_str().contains("password"),
        "{}",
        error.hint()
    );
}

#[tokio::test]
async fn field_16_a_login_by_http_is_told_apart() {
    for header in ["Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"1\"", "Bearer"] {
        let header = format!("WWW-Authenticate: {header}");
        let body = b"<html>401 Authorization Required</html>";
        let server = Server::start(vec![answer("401 Unauthorized", &[&header, "Connection: close"], body)]).await;
        let error = source(&server.base, quick()).account().await.unwrap_err();
        assert_eq!((error.class(), error.code().as_str()), (ErrorClass::Login, "http_login_required"), "{header}");
        assert!(
            error.to_string().contains("401") && error.hint().as_str().contains("in front of the panel"),
            "{error}"
        );
        assert_eq!(server.requests().len(), 1);
    }
}

/// The filter blocks only the lists. The source notices that all of them were refused alike, and has one try left.
#[tokio::test]
async fn field_04_lists_that_are_refused_alike_can_be_asked_for_as_a_player() {
    let panel = panel(PanelConfig::default());
    let filter = || Behaviour::players_only(403, &["VLC"]);
    for kind in Kind::ALL {
        panel.on(Action::listing(kind), filter());
    }
    let source = source(&panel.base_url(), quick());
    source.account().await.unwrap();
    assert!(!source.learnt().other_client_left);
    for kind in ContentKind::ALL {
        list(&source, kind).await.unwrap_err();
        assert!(source.learnt().other_client_left);
    }
    source.ask_as_other_client();
    assert_eq!(source.learnt().user_agent, None, "it is on trial");
    source.categories(ContentKind::Movies).await.unwrap();
    list(&source, ContentKind::Movies).await.unwrap();
    assert_eq!((source.learnt().user_agent.as_deref(), source.learnt().uncompressed), (Some(PLAYER), true));
    assert!(!source.learnt().other_client_left);
}

#[tokio::test]
async fn field_04_a_trial_that_fails_is_one_attempt_and_leaves_no_trace() {
    let busy = status("503 Busy");
    let server = Server::start(vec![ok(LOGIN), busy.clone(), busy]).await;
    let source = source(&server.base, quick().attempts(3));
    source.account().await.unwrap();
    list(&source, ContentKind::Movies).await.unwrap_err();
    source.ask_as_other_client();
    source.categories(ContentKind::Movies).await.unwrap_err();
    list(&source, ContentKind::Movies).await.unwrap_err();
    list(&source, ContentKind::Movies).await.unwrap_err();
    let agents = agents(&server);
    let as_player: Vec<bool> = agents.iter().map(|agent| agent == PLAYER).collect();
    assert_eq!(as_player, [false, false, false, false, true, true, false, false, false]);
    let learnt = source.learnt();
    assert_eq!((learnt.user_agent, learnt.other_client_tried, learnt.other_client_left), (None, true, false));
}

#[tokio::test]
async fn lists_with_different_results_are_no_filter() {
    let list_of = ok(&channels(1));
    for answers in [
        vec![ok(LOGIN), status("403 Forbidden"), list_of.clone()],
        vec![ok(LOGIN), list_of, status("403 Forbidden")],
        vec![ok(LOGIN), status("403 Forbidden"), status("404 Not Found")],
        vec![ok(LOGIN), ok(LOGIN), ok(LOGIN)],
    ] {
        let server = Server::start(answers).await;
        let source = source(&server.base, quick());
        source.account().await.unwrap();
        let _ = list(&source, ContentKind::Channels).await;
        let _ = list(&source, ContentKind::Channels).await;
        assert!(!source.learnt().other_client_left);
    }
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
