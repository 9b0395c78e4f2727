//! Shared parts of the tests: panels, sources, scripted servers, and collected listings.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use sync_core::source::{AnswerFault, Completeness, Entry, Listing, ListingEvent, ListingRequest, Validator};
use sync_core::{ContentKind, ContentSource, SourceError};
use sync_tests::{Catalogue, CatalogueConfig, Panel, PanelConfig};
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The longest time that a test waits for an expected event.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Returns settings with short waits and high limits.
pub(crate) fn quick() -> XtreamConfig {
    let config = XtreamConfig::new().backoff(Duration::from_millis(4)).jitter_seed(1);
    config.requests_per_second(f64::INFINITY).system_proxy(false)
}

pub(crate) fn source(base: &str, config: XtreamConfig) -> XtreamSource {
    source_of(base, Credentials::new("demo", "demo-secret"), config)
}

pub(crate) fn source_of(base: &str, credentials: Credentials, config: XtreamConfig) -> XtreamSource {
    XtreamSource::new(PanelAddress::parse(base).unwrap().address, credentials, config).unwrap()
}

pub(crate) fn panel(config: PanelConfig) -> Panel {
    Panel::start(config, Catalogue::new(&CatalogueConfig::small(7))).unwrap()
}

/// Returns a panel whose movies need more than one batch.
pub(crate) fn large_panel(config: PanelConfig) -> Panel {
    let sizes = CatalogueConfig { movies: 4000, ..CatalogueConfig::small(7) };
    Panel::start(config, Catalogue::new(&sizes)).unwrap()
}

pub(crate) fn whole(kind: ContentKind) -> ListingRequest {
    ListingRequest::new(kind.into())
}

/// A listing that was received to its end.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) entries: Vec<Entry>,
    pub(crate) restarts: usize,
    pub(crate) end: Completeness,
    pub(crate) version: Option<Validator>,
    pub(crate) unmodified: bool,
}

pub(crate) async fn collect(mut listing: Listing) -> Result<Collected, SourceError> {
    let mut collected = Collected::default();
    while let Some(event) = listing.events.next().await {
        match event? {
            ListingEvent::Batch(batch) => collected.entries.extend(batch),
            ListingEvent::Restarted => {
                collected.restarts += 1;
                collected.entries.clear();
                assert_eq!(collected.version, None, "it is told at the end");
            }
            ListingEvent::Version(validator) => collected.version = Some(validator),
            ListingEvent::Unmodified { .. } => {
                assert!(listing.events.next().await.is_none());
                return Ok(Collected { unmodified: true, ..collected });
            }
            ListingEvent::Complete(end) => {
                collected.end = end;
                assert!(listing.events.next().await.is_none());
                return Ok(collected);
            }
        }
    }
    panic!("a listing ended without a verdict");
}

pub(crate) async fn list(source: &XtreamSource, kind: ContentKind) -> Result<Collected, SourceError> {
    let listing = source.listing(whole(kind)).await?;
    tokio::time::timeout(PATIENCE, collect(listing)).await.expect("a listing ends in time")
}

/// Returns an answer with this status, these header lines and this body.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for header in headers {
        bytes.extend_from_slice(format!("{header}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// Returns a complete answer with a length.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", &[&format!("Content-Length: {}", body.len()), "Connection: close"], body.as_bytes())
}

/// Returns the error of an answer.
pub(crate) fn fault(error: &SourceError) -> AnswerFault {
    let SourceError::Unusable { fault, .. } = error else { panic!("{error:?}") };
    *fault
}

/// A server that gives the n-th connection the n-th answer, and the last one to all further ones.
pub(crate) struct Server {
    pub(crate) base: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answers: Vec<Vec<u8>>) -> Self {
        Self::start_holding(answers, false).await
    }

    /// Starts a server. With `hold`, connections stay open after the answer.
    pub(crate) async fn start_holding(answers: Vec<Vec<u8>>, hold: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let answer = answers[number.min(answers.len() - 1)].clone();
                tokio::spawn(serve(stream, answer, hold, Arc::clone(&seen)));
            }
        });
        Self { base, requests, task }
    }

    /// Stops the server. Returns its address, at which no server listens any more.
    pub(crate) async fn task_stopped(mut self) -> String {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.base.clone()
    }

    /// Returns the heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, answer: Vec<u8>, hold: bool, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    seen.lock().unwrap().push(String::from_utf8(head).unwrap());
    // The client may have closed the connection, as some tests want.
    let _ = stream.write_all(&answer).await;
    if hold {
        let _ = stream.read_u8().await;
    }
    let _ = stream.shutdown().await;
}

/// Returns a listing of this number of channels, as a panel writes it.
pub(crate) fn channels(count: usize) -> String {
    let element = |id| format!(r#"{{"num":{id},"name":"Channel {id}","stream_id":{id},"category_id":"1"}}"#);
    format!("[{}]", (1..=count).map(element).collect::<Vec<_>>().join(","))
}
