//! The settings of a source.

use std::time::Duration;

use crate::retry::RetryPolicy;

/// How a source asks, waits and gives up. Every setting has a default; durations are limits of one
/// request, repetitions begin anew.
#[derive(Debug, Clone)]
pub struct XtreamConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) first_byte_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) total_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) jitter_seed: Option<u64>,
    pub(crate) user_agent: String,
    pub(crate) max_body_bytes: u64,
    pub(crate) max_element_bytes: usize,
    pub(crate) system_proxy: bool,
}

impl Default for XtreamConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(20 * 60),
            retry: RetryPolicy::default(),
            jitter_seed: None,
            user_agent: concat!("xtream-sync/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_body_bytes: 2 << 30,
            max_element_bytes: 8 << 20,
            system_proxy: true,
        }
    }
}

impl XtreamConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a connection may take to come about, name look-up and TLS included. Default 10 s.
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// How long the panel may think before its answer begins, redirects included. Default 120 s:
    /// panels build a list in memory before they send the first byte of it.
    pub fn first_byte_timeout(self, first_byte_timeout: Duration) -> Self {
        Self { first_byte_timeout, ..self }
    }

    /// How long nothing may arrive in the middle of an answer. Default 30 s.
    pub fn idle_timeout(self, idle_timeout: Duration) -> Self {
        Self { idle_timeout, ..self }
    }

    /// How long a request may take altogether, the time of a slow receiver included. Default 20 min.
    pub fn total_timeout(self, total_timeout: Duration) -> Self {
        Self { total_timeout, ..self }
    }

    /// How often a request is sent at most; at least once. Default 4.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.retry.attempts = attempts.max(1);
        self
    }

    /// The wait before the second attempt, doubled for each further one, give or take a quarter at
    /// random. Default 1 s, so 1, 2 and 4 s.
    pub fn backoff(mut self, base: Duration) -> Self {
        self.retry.base = base;
        self
    }

    /// The longest `Retry-After` that is honoured; a longer one is cut to this. Default 5 min.
    pub fn retry_after_cap(mut self, cap: Duration) -> Self {
        self.retry.retry_after_cap = cap;
        self
    }

    /// Makes the random part of the waits repeatable. By default it is not.
    pub fn jitter_seed(self, seed: u64) -> Self {
        Self { jitter_seed: Some(seed), ..self }
    }

    /// What the source calls itself. Default `xtream-sync/VERSION`; some panels and the filters in
    /// front of them serve only what calls itself a player.
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into(), ..self }
    }

    /// How many bytes an answer may have after decompression. Default 2 GiB.
    pub fn max_body_bytes(self, max_body_bytes: u64) -> Self {
        Self { max_body_bytes, ..self }
    }

    /// How many bytes one element of a list may have; a larger one is counted as unreadable.
    /// Default 8 MiB.
    pub fn max_element_bytes(self, max_element_bytes: usize) -> Self {
        Self { max_element_bytes, ..self }
    }

    /// Whether the proxy of the environment (`HTTP_PROXY`, `NO_PROXY` and their kin) is used.
    /// Default yes.
    pub fn system_proxy(self, system_proxy: bool) -> Self {
        Self { system_proxy, ..self }
    }
}
