//! Time limits, size limits, and one request at a time.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use sync_core::source::{AnswerFault, ListingEvent};
use sync_core::{ContentKind, ContentSource, SourceError};
use sync_tests::{Action, Behaviour, Framing, PanelConfig};
use sync_xtream::XtreamSource;

use crate::scene::{PATIENCE, Server, answer, channels, large_panel, list, ok, panel, quick, source, whole};

const SHORT: Duration = Duration::from_millis(120);

fn unreachable(error: &SourceError) -> &str {
    let SourceError::Unreachable { message, .. } = error else { panic!("{error:?}") };
    message
}

#[tokio::test]
async fn a_silent_panel_is_given_up() {
    let panel = panel(PanelConfig::default());
    panel.on(Action::Account, Behaviour::Hang);
    let source = source(&panel.base_url(), quick().first_byte_timeout(SHORT).attempts(2));
    let began = Instant::now();
    let error = source.account().await.unwrap_err();
    assert!(unreachable(&error).contains("no answer began"), "{error}");
    assert!((240..2000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!(panel.request_count(Action::Account), 2);
}

#[tokio::test]
async fn a_head_that_trickles_is_no_beginning() {
    let server = Server::start_holding(vec![b"HTTP/1.1 200 OK\r\nX: ".to_vec()], true).await;
    let source = source(&server.base, quick().first_byte_timeout(SHORT).attempts(1));
    let error = source.account().await.unwrap_err();
    assert!(unreachable(&error).contains("no answer began"), "{error}");
}

#[tokio::test]
async fn a_body_that_stalls_is_asked_for_again() {
    let panel = large_panel(PanelConfig::default());
    panel.on_next(Action::VodStreams, 1, &Behaviour::HangAfter(700_000));
    let source = source(&panel.base_url(), quick().idle_timeout(SHORT));
    let listed = list(&source, ContentKind::Movies).await.unwrap();
    assert_eq!((listed.entries.len(), listed.restarts), (4000, 1));

    panel.on(Action::VodStreams, Behaviour::HangAfter(2000));
    let error = list(&source, ContentKind::Movies).await.unwrap_err();
    assert!(unreachable(&error).contains("in the middle"), "{error}");
}

#[tokio::test]
async fn a_body_that_trickles_meets_the_limit_of_the_whole() {
    let panel = panel(PanelConfig::default());
    panel.on(Action::VodStreams, Behaviour::Throttle(2000));
    let source = source(&panel.base_url(), quick().total_timeout(Duration::from_millis(400)).attempts(1));
    let error = list(&source, ContentKind::Movies).await.unwrap_err();
    assert!(unreachable(&error).contains("not over"), "{error}");
}

/// Bytes that have arrived already are still subject to the time limit. The error then says that the panel is not too
/// slow.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_meets_the_limit_of_the_whole_too() {
    let server = Server::start(vec![ok(&channels(200_000))]).await;
    let source = source(&server.base, quick().total_timeout(Duration::from_millis(800)).attempts(1));
    let mut listing = source.listing(whole(ContentKind::Channels)).await.unwrap();
    let error = loop {
        match listing.events.next().await.unwrap() {
            Ok(ListingEvent::Batch(_)) => tokio::time::sleep(Duration::from_millis(60)).await,
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    let SourceError::Unreachable { message, overloaded: false, .. } = &error else { panic!("{error:?}") };
    assert!(message.contains("not over") && message.contains("not the panel's"), "{message}");
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_the_limit_and_not_larger() {
    let body = channels(200);
    let limit = body.len() as u64;
    for (limit, good) in [(limit - 1, false), (limit, true), (limit + 1, true)] {
        let server = Server::start(vec![ok(&body)]).await;
        let source = source(&server.base, quick().max_body_bytes(limit));
        match list(&source, ContentKind::Channels).await {
            Ok(listed) => assert!(good && listed.entries.len() == 200),
            Err(error) => {
                assert!(
                    !good && matches!(error, SourceError::Unusable { fault: AnswerFault::TooLarge, .. }),
                    "{error:?}"
                );
                assert_eq!(server.requests().len(), 1);
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let server =
        Server::start(vec![answer("302 Found", &["Location: /player_api.php", "Connection: close"], b"")]).await;
    let error = source(&server.base, quick()).account().await.unwrap_err();
    assert!(matches!(error, SourceError::Unusable { fault: AnswerFault::Redirect, .. }), "{error:?}");
    assert_eq!(server.requests().len(), 6);
    for target in ["file:///etc/passwd", "ftp://127.0.0.1/"] {
        let location = format!("Location: {target}");
        let server = Server::start(vec![answer("302 Found", &[&location, "Connection: close"], b"")]).await;
        let error = source(&server.base, quick()).account().await.unwrap_err();
        assert!(matches!(error, SourceError::Unusable { fault: AnswerFault::Redirect, .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_never_more_than_one_request() {
    let panel = panel(PanelConfig::default());
    for action in [Action::Account, Action::LiveCategories, Action::VodStreams] {
        panel.on(action, Behaviour::SlowFirstByte(Duration::from_millis(30)));
    }
    let source = source(&panel.base_url(), quick());
    let (account, categories, movies, series) = tokio::join!(
        source.account(),
        source.categories(ContentKind::Channels),
        list(&source, ContentKind::Movies),
        list(&source, ContentKind::Series),
    );
    assert!(account.is_ok() && categories.is_ok() && movies.is_ok() && series.is_ok());
    assert_eq!(panel.max_parallel(), 1);
}

/// Asserts that another request is answered soon, so that no earlier request keeps its permit.
async fn is_free(source: &XtreamSource) {
    let began = Instant::now();
    source.categories(ContentKind::Series).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_listing_frees_its_permit_at_any_time() {
    let panel = large_panel(PanelConfig::default());
    let patient = quick().backoff(Duration::from_secs(60));
    let source = source(&panel.base_url(), patient);
    is_free(&source).await;

    // The listing is dropped before the answer, in the middle of the body, and in the wait before the next attempt.
    for behaviour in [Behaviour::Hang, Behaviour::HangAfter(200_000), Behaviour::status(500)] {
        panel.forget_requests();
        panel.on(Action::VodStreams, behaviour);
        let mut listing = source.listing(whole(ContentKind::Movies)).await.unwrap();
        // The task sends the request without a receiver.
        while panel.request_count(Action::VodStreams) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let nothing = tokio::time::timeout(Duration::from_millis(50), async {
            while let Some(Ok(ListingEvent::Batch(_))) = listing.events.next().await {}
        });
        nothing.await.unwrap_err();
        drop(listing);
        is_free(&source).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_request_frees_its_permit() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick().backoff(Duration::from_secs(60)));
    for behaviour in [Behaviour::Hang, Behaviour::HangAfter(10), Behaviour::status(500)] {
        panel.on(Action::LiveCategories, behaviour);
        let asked = tokio::time::timeout(Duration::from_millis(80), source.categories(ContentKind::Channels));
        asked.await.unwrap_err();
        is_free(&source).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_holds_back_the_network() {
    let body = channels(400_000);
    let server = Server::start(vec![ok(&body)]).await;
    let source = source(&server.base, quick());
    let mut listing = source.listing(whole(ContentKind::Channels)).await.unwrap();
    listing.events.next().await.unwrap().unwrap();
    let mut before = source.usage().bytes;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = source.usage().bytes;
        if now == before {
            break;
        }
        before = now;
    }
    assert!(before < body.len() as u64 / 4, "{before} of {}", body.len());
    let rest = async { listing.events.filter(|event| std::future::ready(event.is_ok())).count().await };
    assert!(tokio::time::timeout(PATIENCE, rest).await.unwrap() > 100);
    assert_eq!(source.usage().bytes, body.len() as u64);
}

#[tokio::test]
async fn the_framing_of_stock_panels_is_no_fault() {
    let panel = panel(PanelConfig { framing: Framing::Close, ..PanelConfig::default() });
    let listed = list(&source(&panel.base_url(), quick()), ContentKind::Movies).await.unwrap();
    assert_eq!((listed.entries.len(), listed.restarts), (60, 0));
}
