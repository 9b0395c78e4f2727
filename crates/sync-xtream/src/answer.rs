//! An answer whose head is there and whose body is on its way.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use reqwest::Response;
use sync_core::source::AnswerFault;
use tokio::time::timeout;

use crate::call::Call;
use crate::clock::{before, date};
use crate::config::XtreamConfig;
use crate::failure::Failure;
use crate::request::{Counters, milliseconds};

/// Decompressors hand out small change. What is there already is gathered up to this, so that the
/// decoder isn't woken for every bit.
const PIECE: usize = 64 << 10;

/// Far beyond any sensible limit, and still an instant that can be computed.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The body of an answer, read piece by piece.
pub(crate) struct Answer {
    response: Response,
    action: &'static str,
    sent: Instant,
    date: Option<i64>,
    sent_by_date: Option<i64>,
    deadline: tokio::time::Instant,
    idle: Duration,
    total: Duration,
    limit: u64,
    received: u64,
    /// How the body ended, noticed when the piece before was gathered.
    ended: Option<Result<(), Failure>>,
    counters: Arc<Counters>,
}

impl Answer {
    pub(crate) fn new(
        response: Response,
        call: &Call,
        sent: Instant,
        began: tokio::time::Instant,
        config: &XtreamConfig,
        counters: Arc<Counters>,
    ) -> Self {
        let date = date(response.headers());
        Self {
            date,
            sent_by_date: date.map(|date| before(date, sent.elapsed())),
            action: call.action(),
            response,
            sent,
            deadline: began + config.total_timeout.min(FOREVER),
            idle: config.idle_timeout,
            total: config.total_timeout,
            limit: config.max_body_bytes,
            received: 0,
            ended: None,
            counters,
        }
    }

    /// The `Date` of its head, in unix seconds.
    pub(crate) fn date(&self) -> Option<i64> {
        self.date
    }

    /// When it was asked for.
    pub(crate) fn sent(&self) -> Instant {
        self.sent
    }

    /// The panel's time when it was asked for, by the `Date` of its head.
    pub(crate) fn sent_by_date(&self) -> Option<i64> {
        self.sent_by_date
    }

    /// Bytes so far, after decompression.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The next bytes; `None` when the body has ended as it should.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(end) = self.ended.take() {
            return end.map(|()| None);
        }
        let left = self.deadline.saturating_duration_since(tokio::time::Instant::now());
        let first = match timeout(self.idle.min(left), self.response.chunk()).await {
            Ok(read) => self.take(read)?,
            Err(_) if left <= self.idle => {
                return Err(Failure::transient(format!("the answer was not over within {:?}", self.total), None));
            }
            Err(_) => {
                let words = format!("nothing came for {:?} in the middle of the answer", self.idle);
                return Err(Failure::transient(words, None));
            }
        };
        match first {
            Some(first) if first.len() < PIECE => Ok(Some(self.gather(&first))),
            whole => Ok(whole),
        }
    }

    /// Adds what has arrived already.
    fn gather(&mut self, first: &[u8]) -> Bytes {
        let mut piece = BytesMut::with_capacity(PIECE);
        piece.extend_from_slice(first);
        while piece.len() < PIECE {
            let Some(read) = self.response.chunk().now_or_never() else { break };
            match self.take(read) {
                Ok(Some(more)) => piece.extend_from_slice(&more),
                Ok(None) => {
                    self.ended = Some(Ok(()));
                    break;
                }
                // The bytes before it count: they show where the answer broke off.
                Err(failure) => {
                    self.ended = Some(Err(failure));
                    break;
                }
            }
        }
        piece.freeze()
    }

    fn take(&mut self, read: reqwest::Result<Option<Bytes>>) -> Result<Option<Bytes>, Failure> {
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) => return Err(Failure::of_body(&error.without_url(), self.received)),
        };
        let length = bytes.len() as u64;
        self.received = self.received.saturating_add(length);
        self.counters.bytes.fetch_add(length, Relaxed);
        if self.received > self.limit {
            let words = format!("it is larger than {} bytes", self.limit);
            return Err(Failure::unusable(AnswerFault::TooLarge, words));
        }
        Ok(Some(bytes))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        tracing::debug!(
            action = self.action,
            status = self.response.status().as_u16(),
            bytes = self.received,
            ms = milliseconds(self.sent.elapsed()),
            "answer done"
        );
    }
}
