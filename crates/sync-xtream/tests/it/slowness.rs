//! Slow listings of known size, and rate limits of our own.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use sync_core::source::{ListingEvent, ListingRequest};
use sync_core::{ContentKind, ContentSource, ErrorClass, ErrorCode, Scope, SourceError};
use sync_tests::{Action, Behaviour, Panel, PanelConfig};
use sync_xtream::{Bandwidth, XtreamConfig, XtreamSource};

use crate::scene::{Collected, PATIENCE, Server, channels, collect, large_panel, ok, quick, source, whole};

const SHORT: Duration = Duration::from_millis(300);

/// Asks for the movies with the size of the last listing, as a run does.
async fn movies_of(source: &XtreamSource, size: Option<u64>) -> Result<Collected, SourceError> {
    let listing = source.listing(whole(ContentKind::Movies).of_size(size)).await?;
    tokio::time::timeout(PATIENCE, collect(listing)).await.expect("a listing ends in time")
}

fn slow_panel(bytes_per_second: u64) -> Panel {
    let panel = large_panel(PanelConfig::default());
    panel.on(Action::VodStreams, Behaviour::Throttle(bytes_per_second));
    panel
}

fn asked(panel: &Panel) -> usize {
    panel.requests().iter().filter(|request| request.action == Some(Action::VodStreams)).count()
}

#[tokio::test]
async fn a_listing_that_cannot_meet_its_deadline_is_stopped_and_not_repeated() {
    let panel = slow_panel(20_000);
    let config = quick().listing_deadline(Duration::from_secs(1));
    let error = movies_of(&source(&panel.base_url(), config), Some(1_000_000)).await.unwrap_err();
    assert!(matches!(error, SourceError::TooSlow { .. }), "{error:?}");
    assert_eq!((error.code(), error.class()), (ErrorCode::TooSlow, ErrorClass::Unreachable));
    let told = error.to_string();
    assert!(told.contains("MB came within") && !told.contains("demo") && !told.contains("127.0.0.1"), "{told}");
    assert_eq!(asked(&panel), 1, "it would be as slow");
}

/// A listing that meets its deadline may take longer and be slower than any other answer.
#[tokio::test]
async fn a_listing_that_can_meet_its_deadline_has_no_other_limit_but_silence() {
    let panel = large_panel(PanelConfig::default());
    let size = {
        let source = source(&panel.base_url(), quick());
        let listed = movies_of(&source, None).await.unwrap();
        assert_eq!(listed.end.wire_bytes, source.usage().wire_bytes, "the size is told");
        listed.end.wire_bytes
    };
    assert!(size.unwrap() > 600_000, "{size:?}");
    panel.on(Action::VodStreams, Behaviour::Throttle(600_000));
    let strict = || quick().attempts(1).total_timeout(SHORT).min_bytes_per_second(u32::MAX);
    movies_of(&source(&panel.base_url(), strict()), None).await.unwrap_err();
    let listed = movies_of(&source(&panel.base_url(), strict()), size).await.unwrap();
    assert_eq!((listed.entries.len(), listed.end.wire_bytes), (4000, size));
    panel.on(Action::VodStreams, Behaviour::HangAfter(300_000));
    let error = movies_of(&source(&panel.base_url(), strict().idle_timeout(SHORT)), size).await.unwrap_err();
    assert!(matches!(&error, SourceError::Unreachable { overloaded: true, .. }), "{error:?}");
    assert!(error.to_string().contains("nothing came for"), "{error}");
}

/// The length in the head of the answer is more exact than the size of the last listing.
#[tokio::test]
async fn the_length_of_the_answer_counts_more_than_the_size_of_the_last() {
    let panel = slow_panel(600_000);
    let config = || quick().attempts(1).listing_deadline(Duration::from_secs(10));
    movies_of(&source(&panel.base_url(), config()), Some(u64::MAX)).await.unwrap();
}

/// The size is that of the whole listing, so it doesn't apply to a category.
#[tokio::test]
async fn a_category_has_the_limits_of_every_answer() {
    let panel = slow_panel(5_000);
    let source = source(&panel.base_url(), quick().attempts(1).total_timeout(SHORT));
    let category = source.categories(ContentKind::Movies).await.unwrap().swap_remove(0).id;
    let scope = Scope { kind: ContentKind::Movies, within: Some(category) };
    let listing = source.listing(ListingRequest::new(scope).of_size(Some(10))).await.unwrap();
    let error = collect(listing).await.unwrap_err();
    assert!(error.to_string().contains("not over within"), "{error}");
}

fn limited(bytes_per_second: &Arc<AtomicU64>) -> XtreamConfig {
    let limit = Arc::clone(bytes_per_second);
    quick().bandwidth(Bandwidth::new(move || NonZeroU64::new(limit.load(Ordering::Relaxed))))
}

/// The answer takes longer than any limit allows, because the source reads it slowly.
#[tokio::test]
async fn a_limit_of_our_own_is_not_the_panels_slowness() {
    let body = channels(1000);
    let limit = Arc::new(AtomicU64::new(body.len() as u64));
    let config = || limited(&limit).attempts(1).total_timeout(SHORT).idle_timeout(SHORT).min_bytes_per_second(u32::MAX);
    for size in [None, Some(body.len() as u64)] {
        let server = Server::start(vec![ok(&body)]).await;
        let source = source(&server.base, config().listing_deadline(SHORT));
        let listing = source.listing(whole(ContentKind::Channels).of_size(size)).await.unwrap();
        let listed = tokio::time::timeout(PATIENCE, collect(listing)).await.unwrap().unwrap();
        let usage = source.usage();
        assert_eq!((listed.entries.len(), usage.wire_bytes), (1000, Some(body.len() as u64)));
        assert!(usage.streamed < Duration::from_secs(1), "the pauses aren't the panel's time");
    }
}

/// A read that waits for a very slow limit ends when its receiver is dropped.
#[tokio::test]
async fn a_paused_read_ends_with_its_receiver() {
    let limit = Arc::new(AtomicU64::new(1));
    let (slow, login) = (ok(&channels(1000)), ok(r#"{"user_info":{"auth":1,"status":"Active"}}"#));
    let server = Server::start(vec![slow, login]).await;
    let source = source(&server.base, limited(&limit));
    let mut listing = source.listing(whole(ContentKind::Channels)).await.unwrap();
    let waits = tokio::time::timeout(SHORT, listing.events.next()).await;
    assert!(!matches!(waits, Ok(Some(Ok(ListingEvent::Complete(_))))), "{waits:?}");
    assert!(source.usage().wire_bytes.unwrap() < 10);
    drop(listing);
    limit.store(0, Ordering::Relaxed);
    // Only one request may be under way, so the first one has ended.
    tokio::time::timeout(PATIENCE, source.account()).await.unwrap().unwrap();
    assert_eq!(server.requests().len(), 2);
}
