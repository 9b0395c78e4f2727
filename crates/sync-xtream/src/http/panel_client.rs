//! The client of a panel: an account, with the state that all its requests share.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Client;
use sync_core::SourceError;
use sync_core::source::{AnswerFault, Learnt, Usage};
use tokio::sync::Semaphore;

use super::client::{ClientKind, SetupError, client};
use super::counters::Counters;
use super::failure::Failure;
use super::proxy::Proxies;
use super::rate_limiter::RateLimiter;
use super::request::{RequestOptions, RequestPermit};
use super::retry::Attempts;
use super::user_agents::{ClientHeaders, Listings, UserAgents};
use super::waits::Waits;
use crate::address::PanelAddress;
use crate::api::endpoint::Endpoint;
use crate::clock::PanelClock;
use crate::config::XtreamConfig;
use crate::credentials::Credentials;
use crate::notices::Notices;
use crate::wire::Fault;

/// An account at a panel, and the means to reach it.
pub(crate) struct PanelClient {
    /// The HTTP clients. Each is made when it is first needed.
    clients: [OnceLock<Result<Client, SetupError>>; ClientKind::COUNT],
    address: PanelAddress,
    credentials: Credentials,
    config: XtreamConfig,
    permits: Arc<Semaphore>,
    pub(crate) user_agents: UserAgents,
    pub(crate) listings: Listings,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) notices: Notices,
    pub(crate) waits: Waits,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: PanelClock,
    /// Whether the other end of a connection may be a proxy.
    pub(crate) proxied: bool,
    pub(crate) proxies: Proxies,
}

impl PanelClient {
    pub(crate) fn new(
        address: PanelAddress,
        credentials: Credentials,
        config: XtreamConfig,
    ) -> Result<Self, SetupError> {
        let encrypted = address.is_encrypted();
        let proxies = Proxies::new(config.system_proxy, |name| std::env::var_os(name));
        let panel = Self {
            user_agents: UserAgents::new(&config)?,
            clients: Default::default(),
            address,
            credentials,
            permits: Arc::new(Semaphore::new(config.parallel_requests.min(Semaphore::MAX_PERMITS))),
            rate_limiter: RateLimiter::new(config.requests_per_second, config.retry.base),
            notices: Notices::default(),
            waits: Waits::default(),
            counters: Arc::default(),
            clock: PanelClock::default(),
            listings: Listings::default(),
            proxied: proxies.may_be_used(),
            proxies,
            config,
        };
        // The client for most requests is made at once, so that an error in the settings shows now.
        match panel.made(ClientKind { outside: false, encrypted: encrypted || panel.proxied }) {
            Ok(_) => Ok(panel),
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
        Usage {
            requests: self.counters.requests.load(Relaxed),
            bytes: self.counters.bytes.load(Relaxed),
            wire_bytes: Some(self.counters.wire_bytes.load(Relaxed)),
            streamed: Duration::from_nanos(self.counters.streamed.load(Relaxed)),
        }
    }

    pub(crate) fn learnt(&self) -> Learnt {
        let learnt = self.user_agents.learnt();
        let text = |client: &ClientHeaders| client.user_agent.to_str().ok().map(str::to_owned);
        Learnt {
            user_agent: learnt.as_ref().and_then(text),
            uncompressed: learnt.is_some_and(|client| !client.compression),
            other_client_tried: self.user_agents.has_tried(),
            other_client_left: self.user_agents.has_spare() && self.listings.all_refused_alike(),
            notices: self.notices.lines(),
            address: None,
        }
    }

    /// Returns the client for a request. Through a proxy, names are not looked up here, and the proxy itself may well
    /// have a private address.
    pub(crate) fn client(&self, outside: bool, encrypted: bool) -> Result<&Client, Failure> {
        // The connection to a proxy may be encrypted even if the one to the panel is not.
        let kind = ClientKind { outside: outside && !self.proxied, encrypted: encrypted || self.proxied };
        let made = self.made(kind).as_ref();
        made.map_err(|_| Failure::Permanent(SourceError::internal("the HTTP client could not be set up")))
    }

    fn made(&self, kind: ClientKind) -> &Result<Client, SetupError> {
        self.clients[kind.number()].get_or_init(|| client(&self.config, kind))
    }

    /// Waits until one more request may be under way.
    pub(crate) async fn permit(&self) -> RequestPermit {
        RequestPermit::acquire(&self.permits).await
    }

    pub(crate) fn attempts<'a>(&'a self, endpoint: &'a Endpoint) -> Attempts<'a> {
        let rng = self.config.jitter_seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Attempts::new(endpoint, &self.config.retry, rng).single(self.user_agents.is_on_trial()).telling(&self.waits)
    }

    /// Returns the options of the next request.
    pub(crate) fn options(&self, attempt: u32, plain: bool) -> RequestOptions {
        RequestOptions { attempt, plain, client: self.user_agents.current(), condition: None, size: None }
    }

    /// Returns the error of a body as a failure of the attempt. This removes the credentials from the panel's words.
    pub(crate) fn failure_of(&self, fault: Fault) -> Failure {
        match fault.what {
            AnswerFault::Truncated => Failure::truncated(fault.message.shown(&self.credentials)),
            _ => Failure::Permanent(fault.into_error(&self.credentials)),
        }
    }
}
