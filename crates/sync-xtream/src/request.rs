//! The line to a panel: one request at a time, each with its time limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};
use sync_core::source::{AnswerFault, Usage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::address::PanelAddress;
use crate::answer::Answer;
use crate::call::Call;
use crate::client::{SetupError, client};
use crate::clock::{self, PanelClock};
use crate::config::XtreamConfig;
use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::retry::Attempts;
use crate::wire::{Fault, SHOWN};

/// Categories and accounts are read whole; none that is real is as large as this.
const DOCUMENT_MAX: u64 = 64 << 20;

/// What was asked and received.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

/// The right to have a request under way. It is kept over all attempts at a call: a panel that
/// asks for patience gets it from the whole account.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// An account at a panel, and the way to it.
pub(crate) struct Line {
    client: Client,
    address: PanelAddress,
    credentials: Credentials,
    config: XtreamConfig,
    turn: Arc<Semaphore>,
    counters: Arc<Counters>,
    pub(crate) clock: PanelClock,
}

/// A body that was read whole.
pub(crate) struct Document {
    pub(crate) body: Vec<u8>,
    pub(crate) arrived: Instant,
    pub(crate) date: Option<i64>,
}

impl Line {
    pub(crate) fn new(
        address: PanelAddress,
        credentials: Credentials,
        config: XtreamConfig,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            client: client(&config)?,
            address,
            credentials,
            config,
            turn: Arc::new(Semaphore::new(1)),
            counters: Arc::default(),
            clock: PanelClock::default(),
        })
    }

    pub(crate) fn config(&self) -> &XtreamConfig {
        &self.config
    }

    pub(crate) fn address(&self) -> &PanelAddress {
        &self.address
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage { requests: self.counters.requests.load(Relaxed), bytes: self.counters.bytes.load(Relaxed) }
    }

    /// Waits until no other request is under way.
    pub(crate) async fn turn(&self) -> Turn {
        let permit = Arc::clone(&self.turn).acquire_owned().await;
        Turn(permit.expect("the semaphore is never closed"))
    }

    pub(crate) fn attempts<'a>(&'a self, call: &'a Call) -> Attempts<'a> {
        let rng = self.config.jitter_seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Attempts::new(call, &self.config.retry, rng)
    }

    /// Sends a request and waits until its answer begins. `plain` asks for no compression.
    pub(crate) async fn send(&self, _turn: &Turn, call: &Call, attempt: u32, plain: bool) -> Result<Answer, Failure> {
        let mut request = self.client.get(call.url(&self.address, &self.credentials));
        if plain {
            request = request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        self.counters.requests.fetch_add(1, Relaxed);
        let sent = Instant::now();
        let began = tokio::time::Instant::now();
        let patience = self.config.first_byte_timeout.min(self.config.total_timeout);
        let note = |status: u16, outcome: &str| {
            tracing::debug!(action = call.action(), attempt, status, ms = milliseconds(sent.elapsed()), "{outcome}");
        };
        let response = match timeout(patience, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                note(0, "no answer");
                return Err(Failure::of_request(&error.without_url()));
            }
            Err(_) => {
                note(0, "no answer in time");
                return Err(Failure::transient(format!("no answer began within {patience:?}"), None));
            }
        };
        let status = response.status();
        note(status.as_u16(), "answer begins");
        match Failure::of_status(call, status, clock::retry_after(response.headers())) {
            Some(failure) => Err(failure),
            None => Ok(Answer::new(response, call, sent, began, &self.config, Arc::clone(&self.counters))),
        }
    }

    /// Asks for something small, as often as the rules allow, and reads it.
    pub(crate) async fn document<T>(
        &self,
        call: &Call,
        read: impl Fn(&Document) -> Result<T, Fault>,
    ) -> Result<T, sync_core::SourceError> {
        let turn = self.turn().await;
        let mut attempts = self.attempts(call);
        let mut plain = false;
        loop {
            let failure = match self.fetch(&turn, call, attempts.number(), plain).await {
                Ok(document) => match read(&document) {
                    Ok(read) => return Ok(read),
                    Err(fault) => self.failure_of(fault),
                },
                Err(failure) => failure,
            };
            plain = failure.is_damaged();
            attempts.pause(failure).await?;
        }
    }

    async fn fetch(&self, turn: &Turn, call: &Call, attempt: u32, plain: bool) -> Result<Document, Failure> {
        let mut answer = self.send(turn, call, attempt, plain).await?;
        let (arrived, date) = (Instant::now(), answer.date());
        let mut body = Vec::new();
        while let Some(piece) = answer.piece().await? {
            body.extend_from_slice(&piece);
            if answer.received() > DOCUMENT_MAX {
                return Err(Failure::unusable(
                    AnswerFault::TooLarge,
                    format!("it is larger than {DOCUMENT_MAX} bytes"),
                ));
            }
        }
        Ok(Document { body, arrived, date })
    }

    /// What is wrong with a body, as a failure of the attempt. Words of the panel pass through
    /// here, so the credentials are taken out of them.
    pub(crate) fn failure_of(&self, mut fault: Fault) -> Failure {
        fault.message = self.credentials.redact(&fault.message).chars().take(SHOWN).collect();
        match fault.what {
            AnswerFault::Truncated => Failure::cut(fault.message),
            _ => Failure::Final(fault.into()),
        }
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
