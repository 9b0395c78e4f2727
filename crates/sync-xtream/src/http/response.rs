//! An answer whose head has arrived and whose body is arriving.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use reqwest::Version;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use sync_core::rate::Transfer;
use sync_core::source::{AnswerFault, Validator};
use tokio::time::timeout;

use super::bandwidth::Bandwidth;
use super::counters::{Counters, milliseconds};
use super::failure::Failure;
use super::inflate::{Announced, Inflate};
use super::limits::DOCUMENT_MAX;
use super::panel_client::PanelClient;
use super::patience::Patience;
use super::request::RequestOptions;
use crate::api::endpoint::Endpoint;
use crate::clock::{before, date};
use crate::wire::charset::Charset;

/// The size up to which the bytes that have arrived are gathered. Decompressors give out small pieces, and the decoder
/// should not be woken for each.
const PIECE: usize = 64 << 10;

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
    /// The time of the request, without the pauses before it.
    began: tokio::time::Instant,
    patience: Patience,
    bandwidth: Option<Bandwidth>,
    /// The bytes that have come and may not be read yet.
    arrived: Bytes,
    limit: u64,
    received: u64,
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
        // A length in the head is more exact than the last size. The last size doesn't apply to an uncompressed answer.
        let size = options.size.and_then(|size| head.content_length().or((!options.plain).then_some(size)));
        let transfer = size.filter(|size| *size > 0 && endpoint.is_whole_listing());
        let patience = Patience::new(
            config.idle_timeout,
            config.min_bytes_per_second,
            config.total_timeout,
            began.elapsed(),
            transfer.map(|size| Transfer::new(size, config.listing_deadline)),
        );
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
            began,
            patience,
            bandwidth: config.bandwidth.clone(),
            arrived: Bytes::new(),
            received: 0,
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

    /// Returns the number of bytes so far, as they came.
    pub(crate) fn wire_bytes(&self) -> u64 {
        self.patience.wire_bytes()
    }

    /// Returns the next bytes, or `None` if the body has ended properly.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(end) = self.ended.take() {
            return end.map(|()| None);
        }
        // Bytes that have arrived already would be read without a check of the time.
        self.patience.left(self.began.elapsed())?;
        match self.next().await? {
            Some(first) if first.len() < PIECE => Ok(Some(self.gather(&first))),
            whole => Ok(whole),
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
            match self.read().await? {
                Some(bytes) => self.inflate.give(bytes),
                None => match self.inflate.end().map_err(|error| self.not_inflated(&error))? {
                    Some(bytes) if bytes.is_empty() => tokio::task::yield_now().await,
                    Some(bytes) => return self.count(bytes).map(Some),
                    None => {
                        self.counters.connection_kept(&self.head);
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// Returns the next bytes of the wire, at the rate that is allowed.
    async fn read(&mut self) -> Result<Option<Bytes>, Failure> {
        if self.arrived.is_empty() {
            match self.receive().await? {
                Some(bytes) => self.arrived = bytes,
                None => return Ok(None),
            }
        }
        let mut granted = self.arrived.len();
        if let Some(bandwidth) = &self.bandwidth {
            let asked = tokio::time::Instant::now();
            granted = bandwidth.pass(granted).await;
            self.patience.paused(asked.elapsed());
        }
        self.note(granted);
        Ok(Some(self.arrived.split_to(granted)))
    }

    /// Counts bytes of the wire for the account.
    fn note(&self, bytes: usize) {
        self.counters.wire_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Waits for the panel's next bytes.
    async fn receive(&mut self) -> Result<Option<Bytes>, Failure> {
        let limit = self.patience.limit(self.began.elapsed())?;
        let streamed = self.patience.streamed();
        let asked = tokio::time::Instant::now();
        let outcome = timeout(limit, self.head.chunk()).await;
        self.patience.waited(asked.elapsed());
        let streamed = u64::try_from(self.patience.streamed().saturating_sub(streamed).as_nanos()).unwrap_or(u64::MAX);
        self.counters.streamed.fetch_add(streamed, Relaxed);
        match outcome {
            Err(_) => Err(self.patience.late()),
            Ok(Err(error)) => Err(Failure::from_body(&error.without_url(), self.received)),
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(bytes))) => {
                let length = bytes.len();
                self.patience.came(length as u64).inspect_err(|_| self.note(length))?;
                Ok(Some(bytes))
            }
        }
    }

    fn count(&mut self, bytes: Bytes) -> Result<Bytes, Failure> {
        let length = bytes.len() as u64;
        self.patience.inflated(length);
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
            wire_bytes = self.patience.wire_bytes(),
            streamed_ms = milliseconds(self.patience.streamed()),
            ms = milliseconds(self.sent.elapsed()),
            "answer done"
        );
    }
}
