//! The number and rate of requests, and which requests wait if the panel asks for a pause.

use std::time::{Duration, Instant};

use sync_core::{ContentKind, ContentSource};
use sync_tests::{Action, Behaviour, PanelConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::scene::{list, panel, quick, source};

fn busy(after: &str) -> Behaviour {
    Behaviour::Status(429, Vec::new(), vec![("Retry-After".to_owned(), after.to_owned())])
}

#[tokio::test]
async fn a_second_has_so_many_requests() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick().requests_per_second(10.0));
    let began = Instant::now();
    for _ in 0..14 {
        source.categories(ContentKind::Movies).await.unwrap();
    }
    assert!(began.elapsed().as_millis() >= 400, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_request_is_under_way_only_when_allowed() {
    for (allowed, expected) in [(1, 1), (2, 2), (0, 1)] {
        let panel = panel(PanelConfig::default());
        for action in [Action::LiveCategories, Action::VodCategories, Action::SeriesCategories] {
            panel.on(action, Behaviour::SlowFirstByte(Duration::from_millis(150)));
        }
        let source = source(&panel.base_url(), quick().parallel_requests(allowed));
        let all = ContentKind::ALL.map(|kind| source.categories(kind));
        assert!(futures_util::future::join_all(all).await.into_iter().all(|answer| answer.is_ok()));
        assert_eq!(panel.max_parallel(), expected, "{allowed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_applies_to_the_whole_account() {
    let panel = panel(PanelConfig::default());
    panel.on_next(Action::LiveCategories, 1, &busy("3600"));
    let config = quick().attempts(1).parallel_requests(2).retry_after_cap(Duration::from_millis(500));
    let source = source(&panel.base_url(), config);
    let began = Instant::now();
    source.categories(ContentKind::Channels).await.unwrap_err();
    // The next requests wait for the pause that the failed request was told.
    let (movies, series) = tokio::join!(list(&source, ContentKind::Movies), source.categories(ContentKind::Series));
    assert!(movies.is_ok() && series.is_ok());
    assert!(began.elapsed().as_millis() >= 500, "{:?}", began.elapsed());
    // A caller that doesn't want to wait so long can drop its request.
    panel.on_next(Action::LiveCategories, 1, &busy("3600"));
    source.categories(ContentKind::Channels).await.unwrap_err();
    let asked = panel.requests().len();
    tokio::time::timeout(Duration::from_millis(50), source.account()).await.unwrap_err();
    assert_eq!(panel.requests().len(), asked);
}

/// The connection closes when it is used again, and the pace doesn't allow another request yet.
#[tokio::test]
async fn a_connection_that_dies_is_replaced_at_the_pace_and_that_is_not_the_panels_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]";
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            // The second request of a connection is read, and then the connection is closed.
            let _ = stream.read(&mut head).await;
        }
    });
    let config = quick().requests_per_second(2.0).attempts(1).first_byte_timeout(Duration::from_millis(300));
    let source = source(&base, config);
    source.categories(ContentKind::Channels).await.unwrap();
    source.categories(ContentKind::Channels).await.unwrap();
    assert_eq!(source.usage().requests, 3);
}

#[tokio::test]
async fn a_storm_of_refusals_loses_nothing() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick().retry_after_cap(Duration::from_millis(20)));
    panel.on(Action::LiveStreams, Behaviour::Sequence(vec![busy("1"), Behaviour::status(429), busy("x")]));
    let began = Instant::now();
    assert_eq!(list(&source, ContentKind::Channels).await.unwrap().entries.len(), 40);
    assert_eq!(panel.request_count(Action::LiveStreams), 4);
    assert!(began.elapsed().as_millis() >= 2000, "the pace is lower now: {:?}", began.elapsed());
}
