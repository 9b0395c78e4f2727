//! The record of the requests that the panel got.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::behaviour::Action;
use super::lock;
use super::request::Request;

/// A request. Its `Debug` output leaves the password out.
#[derive(Clone)]
pub struct RequestRecord {
    /// The method, usually `GET` or `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The action; `None` for a path that is not the player API.
    pub action: Option<Action>,
    /// The parameters, decoded: those of the query, then those of a form.
    pub params: Vec<(String, String)>,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The time of arrival, since the start of the panel.
    pub began: Duration,
    /// The time when the answer was sent or abandoned; `None` while the request is under way.
    pub ended: Option<Duration>,
    /// The status of the answer; `None` if no answer began, or if it was not HTTP.
    pub status: Option<u16>,
    /// The number of bytes of the body that were passed to the network.
    pub body_bytes: u64,
}

impl RequestRecord {
    /// Returns the value of a parameter. A form takes precedence over the query.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for RequestRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open: Vec<_> = self.params.iter().filter(|(name, _)| name != "password").collect();
        out.debug_struct("RequestRecord")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("action", &self.action)
            .field("params", &open)
            .field("status", &self.status)
            .field("began", &self.began)
            .field("ended", &self.ended)
            .field("body_bytes", &self.body_bytes)
            .finish_non_exhaustive()
    }
}

/// All requests, and the number of those that are under way.
#[derive(Debug)]
pub(super) struct Ledger {
    start: Instant,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    records: Vec<Arc<Mutex<RequestRecord>>>,
    in_flight: usize,
    max_parallel: usize,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), entries: Mutex::default() }
    }

    pub(super) fn records(&self) -> Vec<RequestRecord> {
        lock(&self.entries).records.iter().map(|record| lock(record).clone()).collect()
    }

    pub(super) fn max_parallel(&self) -> usize {
        lock(&self.entries).max_parallel
    }

    pub(super) fn in_flight(&self) -> usize {
        lock(&self.entries).in_flight
    }

    pub(super) fn clear(&self) {
        let mut entries = lock(&self.entries);
        entries.records.clear();
        entries.max_parallel = entries.in_flight;
    }

    /// Adds a request. Returns its entry, and the number of other requests of the player API that are under way. A
    /// request is under way until its entry is dropped.
    pub(super) fn enter(&self, request: &Request, action: Option<Action>) -> (Entry<'_>, usize) {
        let record = Arc::new(Mutex::new(RequestRecord {
            method: request.method.clone(),
            path: request.path.clone(),
            action,
            params: request.params.clone(),
            headers: request.headers.clone(),
            began: self.start.elapsed(),
            ended: None,
            status: None,
            body_bytes: 0,
        }));
        let mut entries = lock(&self.entries);
        entries.records.push(Arc::clone(&record));
        let others = entries.in_flight;
        if action.is_some() {
            entries.in_flight += 1;
            entries.max_parallel = entries.max_parallel.max(entries.in_flight);
        }
        (Entry { ledger: self, record, counted: action.is_some() }, others)
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    ledger: &'a Ledger,
    record: Arc<Mutex<RequestRecord>>,
    counted: bool,
}

impl Entry<'_> {
    pub(super) fn answers(&self, status: u16) {
        lock(&self.record).status = Some(status);
    }

    pub(super) fn sent(&self, bytes: usize) {
        lock(&self.record).body_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        lock(&self.record).ended = Some(self.ledger.start.elapsed());
        if self.counted {
            lock(&self.ledger.entries).in_flight -= 1;
        }
    }
}
