//! The line to a panel: a few requests at a time, each with its time limits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use reqwest::header::CONNECTION;
use reqwest::{Client, Response, Version};
use sync_core::SourceError;
use sync_core::source::{AnswerFault, Learnt, Usage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address::PanelAddress;
use crate::agents::{Agents, ClientHeaders, Listings};
use crate::answer::DOCUMENT_MAX;
use crate::call::Call;
use crate::client::{Purpose, SetupError, client};
use crate::clock::PanelClock;
use crate::config::XtreamConfig;
use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::notices::Notices;
use crate::pace::Pace;
use crate::proxy::Proxies;
use crate::retry::Attempts;
use crate::validator::Condition;
use crate::wire::Fault;
use crate::wire::charset::Charset;

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
    /// An answer has come, and its connection may be used again.
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
    /// Whether to ask for no compression, because what came was damaged.
    pub(crate) plain: bool,
    /// What tells this client from another.
    pub(crate) client: ClientHeaders,
    /// Under what an answer is wanted; for the panel's own host only.
    pub(crate) condition: Option<Condition>,
}

impl Manner {
    /// Whether nothing is to be inflated but what looks like it.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain || !self.client.compression
    }
}

/// An account at a panel, and the way to it.
pub(crate) struct Line {
    /// The clients, each made when it is needed.
    clients: [OnceLock<Result<Client, SetupError>>; Purpose::COUNT],
    address: PanelAddress,
    credentials: Credentials,
    config: XtreamConfig,
    turn: Arc<Semaphore>,
    pub(crate) agents: Agents,
    pub(crate) listings: Listings,
    pub(crate) pace: Pace,
    pub(crate) notices: Notices,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: PanelClock,
    /// Whether the other end of a connection may be a proxy.
    pub(crate) proxied: bool,
    pub(crate) proxies: Proxies,
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
        let proxies = Proxies::of(config.system_proxy, |name| std::env::var_os(name));
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
            listings: Listings::default(),
            proxied: proxies.may_be_used(),
            proxies,
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
        let learnt = self.agents.learnt();
        let text = |client: &ClientHeaders| client.user_agent.to_str().ok().map(str::to_owned);
        Learnt {
            user_agent: learnt.as_ref().and_then(text),
            uncompressed: learnt.is_some_and(|client| !client.compression),
            other_client_tried: self.agents.has_tried(),
            other_client_left: self.agents.has_spare() && self.listings.all_refused_alike(),
            notices: self.notices.lines(),
        }
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
        Attempts::new(call, &self.config.retry, rng).single(self.agents.is_on_trial())
    }

    /// How the next request is sent.
    pub(crate) fn manner(&self, attempt: u32, plain: bool) -> Manner {
        Manner { attempt, plain, client: self.agents.current(), condition: None }
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
            plain |= failure.is_damaged();
            let Err(failure) = attempts.pause(failure).await else { continue };
            return if call.is_login() {
                self.try_login_again(&turn, call, manner, &read, failure).await
            } else {
                Err(failure.into_error(attempts.number()))
            };
        }
    }

    pub(crate) async fn attempt<T>(
        &self,
        turn: &Turn,
        call: &Call,
        manner: &Manner,
        read: impl Fn(&Document) -> Result<T, Fault>,
    ) -> Result<T, Failure> {
        let document = self.fetch(turn, call, manner).await?;
        read(&document).map_err(|fault| self.failure_of(fault))
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

    /// What is wrong with a body, as a failure of the attempt. The credentials are taken out of the panel's words here.
    pub(crate) fn failure_of(&self, fault: Fault) -> Failure {
        match fault.what {
            AnswerFault::Truncated => Failure::cut(fault.message.shown(&self.credentials)),
            _ => Failure::Final(fault.into_error(&self.credentials)),
        }
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
