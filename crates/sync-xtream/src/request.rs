//! The line to a panel: a few requests at a time, each with its time limits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use reqwest::header::{CONNECTION, HeaderValue};
use reqwest::{Client, Response, Version};
use sync_core::SourceError;
use sync_core::source::{AnswerFault, Learnt, Usage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address::PanelAddress;
use crate::agents::Agents;
use crate::call::Call;
use crate::client::{Purpose, SetupError, client};
use crate::clock::PanelClock;
use crate::config::XtreamConfig;
use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::network::may_use_proxy;
use crate::notices::Notices;
use crate::pace::Pace;
use crate::retry::Attempts;
use crate::validator::Condition;
use crate::wire::charset::Charset;
use crate::wire::{Fault, SHOWN};

/// Categories and accounts are read whole; none that is real is as large as this.
const DOCUMENT_MAX: u64 = 16 << 20;

/// What was asked and received.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// Whether a connection was left open, so that the next request may go over one that the panel
    /// is about to close.
    kept: AtomicBool,
}

impl Counters {
    /// An answer was read to its end.
    pub(crate) fn connection_kept(&self, response: &Response) {
        let closes =
            response.headers().get(CONNECTION).is_some_and(|word| word.as_bytes().eq_ignore_ascii_case(b"close"));
        self.kept.store(response.version() == Version::HTTP_11 && !closes, Relaxed);
    }

    /// Whether the next request may go over an old connection; the one after it doesn't.
    pub(crate) fn take_connection(&self) -> bool {
        self.kept.swap(false, Relaxed)
    }
}

/// The right to have a request under way. It is kept over all attempts at a call: a panel that
/// asks for patience gets it from the whole account.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// How a request is sent.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    /// The number of the attempt.
    pub(crate) attempt: u32,
    /// Whether to ask for no compression, and to inflate nothing but what looks like it.
    pub(crate) plain: bool,
    /// The user agent.
    pub(crate) agent: HeaderValue,
    /// Under what an answer is wanted; for the panel's own host only.
    pub(crate) condition: Option<Condition>,
}

/// An account at a panel, and the way to it.
pub(crate) struct Line {
    /// The clients, each made when it is needed.
    clients: [OnceLock<Result<Client, SetupError>>; Purpose::COUNT],
    address: PanelAddress,
    credentials: Credentials,
    config: XtreamConfig,
    turn: Arc<Semaphore>,
    agents: Agents,
    pub(crate) pace: Pace,
    pub(crate) notices: Notices,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: PanelClock,
    /// Whether the other end of a connection may be a proxy.
    pub(crate) proxied: bool,
}

/// A body that was read whole.
pub(crate) struct Document {
    pub(crate) body: Vec<u8>,
    pub(crate) arrived: Instant,
    pub(crate) date: Option<i64>,
    /// The charset that the head declares.
    pub(crate) charset: Charset,
}

impl Line {
    pub(crate) fn new(
        address: PanelAddress,
        credentials: Credentials,
        config: XtreamConfig,
    ) -> Result<Self, SetupError> {
        let encrypted = address.is_encrypted();
        let line = Self {
            agents: Agents::new(&config)?,
            clients: Default::default(),
            address,
            credentials,
            turn: Arc::new(Semaphore::new(config.parallel_requests.min(Semaphore::MAX_PERMITS))),
            pace: Pace::new(config.requests_per_second),
            notices: Notices::default(),
            counters: Arc::default(),
            clock: PanelClock::default(),
            proxied: may_use_proxy(config.system_proxy, |name| std::env::var_os(name)),
            config,
        };
        // The one for most requests, so that what is wrong with the settings shows now.
        match line.made(Purpose { plain: false, outside: false, encrypted: encrypted || line.proxied }) {
            Ok(_) => Ok(line),
            Err(error) => Err(*error),
        }
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

    pub(crate) fn learnt(&self) -> Learnt {
        Learnt { user_agent: self.agents.learnt(), notices: self.notices.lines() }
    }

    /// The client for a request. Through a proxy, names are not ours to look up, and that of the
    /// proxy may well be a private one.
    pub(crate) fn client(&self, plain: bool, outside: bool, encrypted: bool) -> Result<&Client, Failure> {
        // The way to a proxy may be encrypted where that to the panel is not.
        let purpose = Purpose { plain, outside: outside && !self.proxied, encrypted: encrypted || self.proxied };
        let made = self.made(purpose).as_ref();
        made.map_err(|_| Failure::Final(SourceError::internal("the HTTP client could not be set up")))
    }

    fn made(&self, purpose: Purpose) -> &Result<Client, SetupError> {
        self.clients[purpose.number()].get_or_init(|| client(&self.config, purpose))
    }

    /// Waits until there may be one more request under way.
    pub(crate) async fn turn(&self) -> Turn {
        let permit = Arc::clone(&self.turn).acquire_owned().await;
        Turn(permit.expect("the semaphore is never closed"))
    }

    pub(crate) fn attempts<'a>(&'a self, call: &'a Call) -> Attempts<'a> {
        let rng = self.config.jitter_seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Attempts::new(call, &self.config.retry, rng)
    }

    /// How the next request is sent.
    pub(crate) fn manner(&self, attempt: u32, plain: bool) -> Manner {
        Manner { attempt, plain, agent: self.agents.current(), condition: None }
    }

    /// Asks for something small, as often as the rules allow, and reads it.
    pub(crate) async fn document<T>(
        &self,
        call: &Call,
        read: impl Fn(&Document) -> Result<T, Fault>,
    ) -> Result<T, SourceError> {
        let turn = self.turn().await;
        let mut attempts = self.attempts(call);
        let mut plain = false;
        loop {
            let manner = self.manner(attempts.number(), plain);
            let failure = match self.attempt(&turn, call, &manner, &read).await {
                Ok(read) => return Ok(read),
                Err(failure) => failure,
            };
            if call.is_login() && failure.is_refusal() {
                self.agents.refused(manner.agent.clone());
            }
            if call.is_login()
                && failure.is_blocked()
                && let Some(agent) = self.agents.take_spare()
            {
                return self.try_agent(&turn, call, Manner { agent, ..manner }, &read, failure).await;
            }
            plain |= failure.is_damaged();
            attempts.pause(failure).await?;
        }
    }

    async fn attempt<T>(
        &self,
        turn: &Turn,
        call: &Call,
        manner: &Manner,
        read: impl Fn(&Document) -> Result<T, Fault>,
    ) -> Result<T, Failure> {
        let document = self.fetch(turn, call, manner).await?;
        read(&document).map_err(|fault| self.failure_of(fault))
    }

    /// Tries a login that was blocked once more, as somebody else.
    async fn try_agent<T>(
        &self,
        turn: &Turn,
        call: &Call,
        manner: Manner,
        read: impl Fn(&Document) -> Result<T, Fault>,
        blocked: Failure,
    ) -> Result<T, SourceError> {
        tracing::warn!(reason = blocked.message(), "the login looks blocked and is tried with another user agent");
        // Whoever reads the credentials in order to refuse them has let the request in; a status of
        // refusal may come from the filter.
        let mut let_in = false;
        let outcome = match self.fetch(turn, call, &manner).await {
            Ok(document) => {
                let read = read(&document);
                let_in = read.as_ref().map_or_else(|fault| fault.refused, |_| true);
                read.map_err(|fault| self.failure_of(fault))
            }
            Err(failure) => Err(failure),
        };
        let agent = manner.agent;
        if let_in {
            self.agents.keep(agent.clone());
        }
        match outcome {
            Ok(read) => Ok(read),
            Err(refusal) if refusal.is_refusal() => {
                self.agents.refused(agent);
                Err(refusal.into_error(manner.attempt))
            }
            Err(_) => Err(blocked.into_error(manner.attempt)),
        }
    }

    async fn fetch(&self, turn: &Turn, call: &Call, manner: &Manner) -> Result<Document, Failure> {
        let mut answer = self.send(turn, call, manner).await?;
        let (arrived, date, charset) = (Instant::now(), answer.date(), answer.charset);
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
        Ok(Document { body, arrived, date, charset })
    }

    /// What is wrong with a body, as a failure of the attempt. Words of the panel pass through
    /// here, so the credentials are taken out of them.
    pub(crate) fn failure_of(&self, mut fault: Fault) -> Failure {
        // These end with words of the panel, of which not all may have been read.
        let cut = matches!(fault.what, AnswerFault::Html | AnswerFault::NotJson);
        fault.message = self.credentials.redact_cut(&fault.message, cut).chars().take(SHOWN).collect();
        match fault.what {
            AnswerFault::Truncated => Failure::cut(fault.message),
            _ => Failure::Final(fault.into()),
        }
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
