//! An answer whose head has arrived and whose body is arriving.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use reqwest::Version;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use sync_core::source::{AnswerFault, Validator};
use tokio::time::timeout;

use super::counters::{Counters, milliseconds};
use super::failure::Failure;
use super::inflate::{Announced, Inflate};
use super::limits::{DOCUMENT_MAX, FOREVER};
use super::panel_client::PanelClient;
use super::request::RequestOptions;
use super::throughput::Throughput;
use crate::api::endpoint::Endpoint;
use crate::clock::{before, date};
use crate::wire::charset::Charset;

/// The size up to which the bytes that have arrived are gathered. Decompressors give out small pieces, and the decoder
/// should not be woken for each.
const PIECE: usize = 64 << 10;

/// The bytes of a body as they come, and the time that they take. It begins with the first byte, because a panel thinks
/// before that.
#[derive(Debug, Clone, Copy, Default)]
struct Wire {
    bytes: u64,
    /// The times of the first and of the latest bytes.
    times: Option<(Instant, Instant)>,
}

impl Wire {
    fn came(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        let now = Instant::now();
        self.times = Some((self.times.map_or(now, |(first, _)| first), now));
    }

    /// Returns the time from the first byte to the latest.
    fn streamed(&self) -> Duration {
        self.times.map_or(Duration::ZERO, |(first, latest)| latest - first)
    }
}

/// An answer whose body is read piece by piece.
pub(crate) struct Response {
    /// The panel's name for this version of the list.
    pub(crate) validator: Option<Validator>,
    /// Whether the panel says that this is the version of the request. Then there is no body.
    pub(crate) unmodified: bool,
    /// The charset that the head declares.
    pub(crate) charset: Charset,
    head: reqwest::Response,
    inflate: Inflate,
    action: &'static str,
    sent: Instant,
    date: Option<i64>,
    sent_by_date: Option<i64>,
    deadline: tokio::time::Instant,
    /// The time that was spent waiting for the panel, from the first byte of the request on.
    waited: Duration,
    throughput: Throughput,
    total: Duration,
    limit: u64,
    received: u64,
    wire: Wire,
    /// The end of the body, if it was noticed while the piece before was gathered.
    ended: Option<Result<(), Failure>>,
    counters: Arc<Counters>,
}

impl Response {
    pub(crate) fn new(
        panel: &PanelClient,
        head: reqwest::Response,
        endpoint: &Endpoint,
        options: &RequestOptions,
        sent: Instant,
        began: tokio::time::Instant,
    ) -> Self {
        let (date, config) = (date(head.headers()), panel.config());
        let limit = if endpoint.is_listing() { config.max_body_bytes } else { config.max_body_bytes.min(DOCUMENT_MAX) };
        let announced = Announced::read(head.headers().get_all(CONTENT_ENCODING), options.is_plain());
        Self {
            validator: None,
            unmodified: false,
            charset: Charset::declared(head.headers()),
            inflate: Inflate::new(announced, limit),
            limit,
            date,
            sent_by_date: date.map(|date| before(date, sent.elapsed())),
            action: endpoint.action(),
            head,
            sent,
            deadline: began + config.total_timeout.min(FOREVER),
            waited: began.elapsed(),
            throughput: Throughput::new(config.idle_timeout, config.min_bytes_per_second),
            total: config.total_timeout,
            received: 0,
            wire: Wire::default(),
            ended: None,
            counters: Arc::clone(&panel.counters),
        }
    }

    /// Returns the head of the answer.
    pub(crate) fn head(&self) -> &reqwest::Response {
        &self.head
    }

    /// Returns the `Date` of the head, in unix seconds.
    pub(crate) fn date(&self) -> Option<i64> {
        self.date
    }

    /// Returns the moment of the request.
    pub(crate) fn sent(&self) -> Instant {
        self.sent
    }

    /// Returns the panel's time at the request, by the `Date` of the head.
    pub(crate) fn sent_by_date(&self) -> Option<i64> {
        self.sent_by_date
    }

    /// Returns whether the transport proves that an ended body is complete: by its length, by its last chunk, by its
    /// last frame, or by the end of its compression. Otherwise the panel has only closed the connection.
    pub(crate) fn is_proved(&self) -> bool {
        let headers = self.head.headers();
        let framed = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
        framed || self.head.version() >= Version::HTTP_2 || self.inflate.has_own_end()
    }

    /// Returns the number of bytes so far, after decompression.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Returns the next bytes, or `None` if the body has ended properly.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(end) = self.ended.take() {
            return end.map(|()| None);
        }
        let asked = tokio::time::Instant::now();
        let left = self.deadline.saturating_duration_since(asked);
        // Bytes that have arrived already would be read without a check of the time.
        if left.is_zero() {
            return Err(self.overdue());
        }
        let patience = self.throughput.patience();
        let outcome = timeout(patience.min(left), self.next()).await;
        self.waited += asked.elapsed();
        let first = match outcome {
            Ok(read) => read?,
            Err(_) if left <= patience => return Err(self.overdue()),
            Err(_) => return Err(Failure::slow(self.throughput.complaint(), true)),
        };
        self.throughput.waited(asked.elapsed());
        match first {
            Some(first) if first.len() < PIECE => Ok(Some(self.gather(&first))),
            whole => Ok(whole),
        }
    }

    /// Returns the failure for the end of the time limit. A smaller request helps if most of the time was spent waiting
    /// for the panel.
    fn overdue(&self) -> Failure {
        let words = format!("the answer was not over within {:?}", self.total);
        if self.waited >= self.total / 2 {
            Failure::slow(words, true)
        } else {
            Failure::slow(format!("{words}, and most of that time was not the panel's"), false)
        }
    }

    /// Adds the bytes that have arrived already.
    fn gather(&mut self, first: &[u8]) -> Bytes {
        let mut piece = BytesMut::with_capacity(PIECE);
        piece.extend_from_slice(first);
        while piece.len() < PIECE {
            let Some(read) = self.next().now_or_never() else { break };
            match read {
                Ok(Some(more)) => piece.extend_from_slice(&more),
                Ok(None) => {
                    self.ended = Some(Ok(()));
                    break;
                }
                // The bytes before it count, because they show where the answer broke off.
                Err(failure) => {
                    self.ended = Some(Err(failure));
                    break;
                }
            }
        }
        piece.freeze()
    }

    /// Returns the next bytes as they come, inflated. Dropping the future loses none.
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match self.inflate.take().map_err(|error| self.not_inflated(&error))? {
                Some(bytes) if bytes.is_empty() => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Some(bytes) => return self.count(bytes).map(Some),
                None => {}
            }
            match self.head.chunk().await {
                Ok(Some(bytes)) => {
                    let length = bytes.len() as u64;
                    self.wire.came(length);
                    self.counters.wire_bytes.fetch_add(length, Relaxed);
                    self.inflate.give(bytes);
                }
                Ok(None) => match self.inflate.end().map_err(|error| self.not_inflated(&error))? {
                    Some(bytes) if bytes.is_empty() => tokio::task::yield_now().await,
                    Some(bytes) => return self.count(bytes).map(Some),
                    None => {
                        self.counters.connection_kept(&self.head);
                        return Ok(None);
                    }
                },
                Err(error) => return Err(Failure::from_body(&error.without_url(), self.received)),
            }
        }
    }

    fn count(&mut self, bytes: Bytes) -> Result<Bytes, Failure> {
        let length = bytes.len() as u64;
        self.throughput.came(length);
        self.received = self.received.saturating_add(length);
        self.counters.bytes.fetch_add(length, Relaxed);
        if self.received > self.limit {
            return Err(self.too_large());
        }
        Ok(bytes)
    }

    fn too_large(&self) -> Failure {
        Failure::unusable(AnswerFault::TooLarge, format!("it is larger than {} bytes", self.limit))
    }

    /// Returns the failure for bytes that can't be inflated.
    fn not_inflated(&self, error: &std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::FileTooLarge => self.too_large(),
            _ => Failure::damaged(self.received),
        }
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        tracing::debug!(
            action = self.action,
            status = self.head.status().as_u16(),
            bytes = self.received,
            wire_bytes = self.wire.bytes,
            streamed_ms = milliseconds(self.wire.streamed()),
            ms = milliseconds(self.sent.elapsed()),
            "answer done"
        );
    }
}
