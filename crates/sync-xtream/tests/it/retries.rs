//! Which requests are repeated, and how often.

use std::time::{Duration, Instant};

use sync_core::source::{AnswerFault, Obstacle};
use sync_core::{ContentKind, ContentSource, SourceError};
use sync_tests::{Action, Behaviour, PanelConfig};

use crate::scene::{Server, answer, channels, list, ok, panel, quick, source};

fn busy(status: u16, headers: &[(&str, &str)]) -> Behaviour {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Behaviour::Status(status, b"error code: 1015".to_vec(), headers)
}

#[tokio::test]
async fn two_failures_and_a_success_are_three_requests() {
    let panel = panel(PanelConfig::default());
    for action in [Action::Account, Action::LiveCategories, Action::LiveStreams] {
        panel.on(action, Behaviour::Sequence(vec![busy(500, &[]), busy(520, &[])]));
    }
    let source = source(&panel.base_url(), quick());
    source.account().await.unwrap();
    source.categories(ContentKind::Channels).await.unwrap();
    let listed = list(&source, ContentKind::Channels).await.unwrap();
    assert_eq!((listed.entries.len(), listed.restarts), (40, 0));
    for action in [Action::Account, Action::LiveCategories, Action::LiveStreams] {
        assert_eq!(panel.request_count(action), 3);
    }
    assert_eq!(source.usage().requests, 9);
}

#[tokio::test]
async fn after_four_attempts_the_panel_is_unreachable() {
    let panel = panel(PanelConfig::default());
    panel.on(Action::VodStreams, busy(503, &[]));
    let error = list(&source(&panel.base_url(), quick()), ContentKind::Movies).await.unwrap_err();
    let SourceError::Unreachable { message, attempts: 4, overloaded: false } = error else { panic!("{error:?}") };
    assert_eq!(message, "it answers 503");
    assert_eq!(panel.request_count(Action::VodStreams), 4);
}

#[tokio::test]
async fn a_missing_page_is_asked_for_once() {
    let panel = panel(PanelConfig::default());
    panel.on(Action::Series, Behaviour::status(404));
    let error = list(&source(&panel.base_url(), quick()), ContentKind::Series).await.unwrap_err();
    assert!(matches!(error, SourceError::Unusable { fault: AnswerFault::UnknownRequest, .. }));
    assert_eq!(panel.request_count(Action::Series), 1);
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_the_cap() {
    let panel = panel(PanelConfig::default());
    // Each case has its own source, because a refusal lowers the pace.
    let source = || source(&panel.base_url(), quick().retry_after_cap(Duration::from_millis(300)));
    for after in ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"] {
        panel.on_next(Action::LiveCategories, 1, &busy(429, &[("Retry-After", after)]));
        let began = Instant::now();
        source().categories(ContentKind::Channels).await.unwrap();
        assert!((300..2000).contains(&began.elapsed().as_millis()), "{after}: {:?}", began.elapsed());
    }
    for after in ["-5", "soon", "0"] {
        panel.on_next(Action::LiveCategories, 1, &busy(429, &[("Retry-After", after)]));
        let began = Instant::now();
        source().categories(ContentKind::Channels).await.unwrap();
        assert!(began.elapsed().as_millis() < 250, "{after}: {:?}", began.elapsed());
    }
}

/// Returns the beginning of a listing, for each way in which the end of a body can be announced.
fn cut_answers(body: &str) -> [Vec<u8>; 3] {
    let (head, half) = (body.len(), &body[..body.len() - 10]);
    let length = format!("Content-Length: {head}");
    let chunk = format!("{:x}\r\n{half}\r\n", half.len());
    [
        answer("200 OK", &[&length], half.as_bytes()),
        answer("200 OK", &["Transfer-Encoding: chunked"], chunk.as_bytes()),
        answer("200 OK", &["Connection: close"], half.as_bytes()),
    ]
}

#[tokio::test]
async fn a_cut_body_is_asked_for_again_in_every_framing() {
    let body = channels(1500);
    for cut in cut_answers(&body) {
        let server = Server::start(vec![cut.clone(), cut, ok(&body)]).await;
        let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
        assert_eq!((listed.entries.len(), listed.restarts), (1500, 2));
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_body_that_is_always_cut_is_truncated() {
    for cut in cut_answers(&channels(20)) {
        let server = Server::start(vec![cut]).await;
        let error = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap_err();
        assert!(matches!(error, SourceError::Unusable { fault: AnswerFault::Truncated, .. }), "{error:?}");
        assert_eq!(server.requests().len(), 4);
    }
    let [.., closed] = cut_answers(r#"[{"category_id":"1","category_name":"A"}]"#);
    let server = Server::start(vec![closed]).await;
    let error = source(&server.base, quick()).categories(ContentKind::Channels).await.unwrap_err();
    assert!(matches!(error, SourceError::Unusable { fault: AnswerFault::Truncated, .. }), "{error:?}");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn damaged_compression_is_asked_for_without_compression() {
    let damaged = answer("200 OK", &["Content-Encoding: br", "Content-Length: 11"], b"[no brotli]");
    let server = Server::start(vec![damaged, ok(&channels(3))]).await;
    let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
    assert_eq!(listed.entries.len(), 3);
    let requests = server.requests();
    assert!(requests[0].to_lowercase().contains("gzip"));
    assert!(requests[1].to_lowercase().contains("accept-encoding: identity"));
}

#[tokio::test]
async fn a_compression_that_is_only_announced_is_no_damage() {
    let body = "[{\"name\":\"Été\",\"stream_id\":1}]";
    let length = format!("Content-Length: {}", body.len());
    for (coding, requests) in
        [("gzip", 1), ("Identity", 1), ("utf-8", 1), ("identity, identity", 1), ("br", 2), ("zstd", 2), ("deflate", 2)]
    {
        let lie = answer("200 OK", &[&format!("Content-Encoding: {coding}"), &length], body.as_bytes());
        let server = Server::start(vec![lie]).await;
        let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
        assert_eq!((listed.entries.len(), server.requests().len()), (1, requests), "{coding}");
    }
}

#[tokio::test]
async fn damage_is_remembered_over_other_failures() {
    let damaged = || answer("200 OK", &["Content-Encoding: br", "Content-Length: 11"], b"[no brotli]");
    let busy = || answer("503 Busy", &["Content-Length: 0"], b"");
    for body in [channels(3), r#"[{"category_id":"1","category_name":"A"}]"#.to_owned()] {
        let server = Server::start(vec![damaged(), busy(), ok(&body)]).await;
        let source = source(&server.base, quick());
        if body.contains("category_name") {
            source.categories(ContentKind::Channels).await.unwrap();
        } else {
            list(&source, ContentKind::Channels).await.unwrap();
        }
        let plain = |head: &String| head.to_lowercase().contains("accept-encoding: identity");
        assert_eq!(server.requests().iter().map(plain).collect::<Vec<_>>(), [false, true, true]);
    }
}

#[tokio::test]
async fn a_closed_port_is_reported_after_all_attempts() {
    let base = {
        let server = Server::start(vec![ok("")]).await;
        server.task_stopped().await
    };
    let error = source(&base, quick()).account().await.unwrap_err();
    let SourceError::Obstructed { obstacle: Obstacle::Network, message, attempts: 4 } = error else {
        panic!("{error:?}")
    };
    assert_eq!(message, "the connection is refused");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_reported() {
    let server = Server::start(vec![b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()]).await;
    let error = source(&server.base, quick()).account().await.unwrap_err();
    assert!(error.to_string().contains("HTTP"), "{error}");
    assert!(error.hint().as_str().contains("https://"), "{}", error.hint());
}

/// A login or a list, nginx or another server: the hint names the other scheme, and the request is not repeated.
#[tokio::test]
async fn field_15_http_to_an_encrypted_port_names_https() {
    for body in [
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
        "Client sent an HTTP request to an HTTPS server.\n",
    ] {
        let length = format!("Content-Length: {}", body.len());
        let server = Server::start(vec![answer("400 Bad Request", &[&length], body.as_bytes())]).await;
        let source = source(&server.base, quick());
        let login = source.account().await.unwrap_err();
        let listed = list(&source, ContentKind::Movies).await.unwrap_err();
        for error in [login, listed] {
            assert!(matches!(error, SourceError::Unusable { fault: AnswerFault::EncryptedPort, .. }), "{error:?}");
            assert!(error.hint().as_str().contains("https://") && error.code() == "http_status", "{}", error.hint());
        }
        assert_eq!(server.requests().len(), 2);
    }
    // Another 400 says that the panel doesn't know the request.
    let server = Server::start(vec![answer("400 Bad Request", &["Content-Length: 0"], b"")]).await;
    let error = list(&source(&server.base, quick()), ContentKind::Movies).await.unwrap_err();
    assert!(matches!(error, SourceError::Unusable { fault: AnswerFault::UnknownRequest, .. }), "{error:?}");
}
