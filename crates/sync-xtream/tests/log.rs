//! Tests that no log line contains the password. The test has a program of its own, because the log belongs to the
//! whole program.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use sync_core::source::{ListingEvent, ListingRequest};
use sync_core::{ContentKind, ContentSource};
use sync_tests::{Account, Action, Behaviour, Catalogue, CatalogueConfig, Panel, PanelConfig};
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};
use tracing_subscriber::filter::LevelFilter;

const USER: &str = "canary-user";
const PASSWORD: &str = "canary/word ü";

/// Collects log lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_contains_the_password() {
    let log = Log::default();
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
    subscriber.with_writer(move || lines.clone()).init();

    let config = PanelConfig { accounts: vec![Account::new(USER, PASSWORD)], ..PanelConfig::default() };
    let panel = Panel::start(config, Catalogue::new(&CatalogueConfig::small(7))).unwrap();
    panel.on_next(Action::Account, 1, &Behaviour::status(503));
    panel.on_next(Action::Account, 1, &Behaviour::Redirect("/player_api.php?canary".to_owned()));
    panel.on_next(Action::LiveStreams, 1, &Behaviour::CutAfter(500));
    let address = PanelAddress::parse(&panel.base_url()).unwrap().address;
    let config = XtreamConfig::new().backoff(Duration::from_millis(4)).system_proxy(false);
    let source = XtreamSource::new(address, Credentials::new(USER, PASSWORD), config).unwrap();
    // The redirect leads to an unusable answer, and that error is logged as well.
    let _ = source.account().await.map_err(|error| tracing::error!(%error, ?error));
    source.account().await.unwrap();
    let request = ListingRequest::new(ContentKind::Channels.into());
    let events: Vec<_> = source.listing(request).await.unwrap().events.collect().await;
    assert!(matches!(events.last(), Some(Ok(ListingEvent::Complete(_)))));

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("get_live_streams") && text.contains("the request failed and is repeated"), "{text}");
    assert!(text.contains("login"), "{text}");
    for line in text.lines() {
        assert!(!line.contains("canary") && !line.contains("player_api"), "{line}");
    }
}
