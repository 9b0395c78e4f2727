//! Failures that suggest that the answer was too much for the panel, and failures that don't.

use std::time::{Duration, Instant};

use sync_core::source::Obstacle;
use sync_core::{ContentKind, ContentSource, SourceError};
use sync_tests::{Action, Behaviour, PanelConfig};
use sync_xtream::XtreamConfig;

use crate::scene::{Server, answer, large_panel, list, ok, panel, quick, source};

const SHORT: Duration = Duration::from_millis(300);

fn once() -> XtreamConfig {
    quick().attempts(1)
}

async fn verdict(behaviour: Behaviour, config: XtreamConfig) -> (String, bool) {
    let panel = large_panel(PanelConfig::default());
    panel.on(Action::VodStreams, behaviour);
    let error = list(&source(&panel.base_url(), config), ContentKind::Movies).await.unwrap_err();
    let SourceError::Unreachable { message, overloaded, .. } = error else { panic!("{error:?}") };
    (message, overloaded)
}

#[tokio::test]
async fn statuses_of_gateway_timeouts_are_overloads() {
    for (code, expected) in
        [(504, true), (524, true), (500, false), (502, false), (503, false), (520, false), (429, false)]
    {
        let (message, overloaded) = verdict(Behaviour::status(code), once()).await;
        assert_eq!((message, overloaded), (format!("it answers {code}"), expected));
    }
}

#[tokio::test]
async fn time_limits_are_overloads() {
    let hang = verdict(Behaviour::Hang, once().first_byte_timeout(SHORT)).await;
    assert!(hang.0.contains("no answer began") && hang.1, "{hang:?}");
    let stall = verdict(Behaviour::HangAfter(300_000), once().idle_timeout(SHORT)).await;
    assert!(stall.0.contains("nothing came") && stall.1, "{stall:?}");
    let long = verdict(Behaviour::Throttle(20_000), once().total_timeout(SHORT)).await;
    assert!(long.0.contains("not over") && long.1, "{long:?}");
}

#[tokio::test]
async fn a_trickle_ends_with_the_idle_timeout() {
    // Some bytes come in every tenth of a second, so there is no silence. But they are too few.
    let began = Instant::now();
    let config = once().idle_timeout(Duration::from_millis(900)).min_bytes_per_second(10_000);
    let trickle = verdict(Behaviour::Throttle(100), config).await;
    assert!(trickle.0.contains("bytes came within") && trickle.1, "{trickle:?}");
    assert!((900..5000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_slow_receiver_is_no_slow_panel() {
    use futures_util::StreamExt;
    let panel = large_panel(PanelConfig::default());
    let source = source(&panel.base_url(), once().idle_timeout(Duration::from_secs(1)).min_bytes_per_second(10_000));
    let listing = source.listing(crate::scene::whole(ContentKind::Movies)).await.unwrap();
    let mut events = listing.events;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Ok(sync_core::source::ListingEvent::Complete(_)))), "{last:?}");
}

#[tokio::test]
async fn a_panel_that_is_not_there_is_not_overloaded() {
    let base = Server::start(vec![ok("")]).await.task_stopped().await;
    let error = list(&source(&base, once()), ContentKind::Movies).await.unwrap_err();
    assert!(matches!(error, SourceError::Obstructed { obstacle: Obstacle::Network, .. }), "{error:?}");
    let error = source("http://panel.invalid", once()).account().await.unwrap_err();
    assert!(matches!(error, SourceError::Obstructed { obstacle: Obstacle::Network, .. }), "{error:?}");
}

#[tokio::test]
async fn the_last_attempt_decides() {
    let status = |line: &str| answer(line, &["Content-Length: 0", "Connection: close"], b"");
    for (first, second, expected) in
        [("504 Gateway Timeout", "503 Busy", false), ("503 Busy", "524 A Timeout Occurred", true)]
    {
        let server = Server::start(vec![status(first), status(second)]).await;
        let error = list(&source(&server.base, quick().attempts(2)), ContentKind::Movies).await.unwrap_err();
        let SourceError::Unreachable { overloaded, attempts: 2, .. } = error else { panic!("{error:?}") };
        assert_eq!(overloaded, expected, "{first}, {second}");
    }
}

#[tokio::test]
async fn a_late_good_answer_is_no_failure() {
    let panel = panel(PanelConfig::default());
    panel.on(Action::VodStreams, Behaviour::SlowFirstByte(Duration::from_millis(700)));
    let config = once().idle_timeout(SHORT).min_bytes_per_second(1000);
    assert_eq!(list(&source(&panel.base_url(), config), ContentKind::Movies).await.unwrap().entries.len(), 60);
}
