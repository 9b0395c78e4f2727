//! The settings of a source.

use std::net::IpAddr;
use std::time::Duration;

use crate::http::network;
use crate::http::retry::RetryPolicy;
use crate::wire::Limits;

/// Panels in front of which a limiter stands allow 10 to 20.
const REQUESTS_PER_SECOND: f64 = 8.0;

/// How a source asks, waits and gives up. Every setting has a default; durations are limits of one
/// request, repetitions begin anew.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named where they are set")]
pub struct XtreamConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) first_byte_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) total_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) jitter_seed: Option<u64>,
    pub(crate) user_agent: Option<String>,
    pub(crate) learnt_user_agent: Option<String>,
    pub(crate) learnt_uncompressed: bool,
    pub(crate) try_other_client: bool,
    pub(crate) parallel_requests: usize,
    pub(crate) requests_per_second: f64,
    pub(crate) min_bytes_per_second: u32,
    pub(crate) max_header_bytes: usize,
    pub(crate) max_body_bytes: u64,
    pub(crate) limits: Limits,
    pub(crate) follow_other_hosts: bool,
    pub(crate) verify_tls: bool,
    pub(crate) system_proxy: bool,
    /// Tells addresses of somebody's own network; tests have only such.
    pub(crate) is_private: fn(IpAddr) -> bool,
    /// Finds the addresses of the targets of redirects; tests ask nobody.
    pub(crate) look_up: network::LookUp,
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
            user_agent: None,
            learnt_user_agent: None,
            learnt_uncompressed: false,
            try_other_client: true,
            parallel_requests: 1,
            requests_per_second: REQUESTS_PER_SECOND,
            min_bytes_per_second: 64,
            max_header_bytes: 64 << 10,
            max_body_bytes: 2 << 30,
            limits: Limits { element_bytes: 8 << 20, elements: 2_000_000, nesting: 64 },
            follow_other_hosts: true,
            verify_tls: true,
            system_proxy: true,
            is_private: network::is_private,
            look_up: network::look_up,
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
    ///
    /// With the default, a login that is not answered by the panel itself is tried once more as a player, which asks
    /// for no compression, and what is let in is kept and told by `learnt`. A user agent that is set here is not
    /// replaced.
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { user_agent: Some(user_agent.into()), ..self }
    }

    /// The user agent that an earlier source has learnt. It is used from the start; when a login
    /// with it is kept out, the usual one is tried once. One that can't be sent is left out.
    pub fn learnt_user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { learnt_user_agent: Some(user_agent.into()), ..self }
    }

    /// Whether what an earlier source has learnt asks for no compression; it belongs to
    /// [`learnt_user_agent`](Self::learnt_user_agent). Default no.
    pub fn learnt_uncompressed(self, learnt_uncompressed: bool) -> Self {
        Self { learnt_uncompressed, ..self }
    }

    /// Whether a login that is not answered by the panel itself, or lists that are all refused alike, may be asked for
    /// once more as another client. Default yes.
    pub fn try_other_client(self, try_other_client: bool) -> Self {
        Self { try_other_client, ..self }
    }

    /// How many requests may be under way at once; at least one. Default 1: many providers count
    /// them as connections of the account.
    pub fn parallel_requests(self, parallel_requests: usize) -> Self {
        Self { parallel_requests: parallel_requests.max(1), ..self }
    }

    /// How many requests a second are begun, over all calls, repetitions and redirects; as many may
    /// come in a burst after a rest. Default 8. Infinity is no limit; what is no number is the default.
    pub fn requests_per_second(self, requests_per_second: f64) -> Self {
        let rate = if requests_per_second.is_nan() { REQUESTS_PER_SECOND } else { requests_per_second };
        Self { requests_per_second: rate.max(0.01), ..self }
    }

    /// How many bytes a second have to arrive, on average over an idle timeout in which the panel
    /// is waited for. Default 64; 0 is no limit.
    pub fn min_bytes_per_second(self, min_bytes_per_second: u32) -> Self {
        Self { min_bytes_per_second, ..self }
    }

    /// How many bytes the headers of an answer may have. Default 64 KiB; beyond 400 KiB, or a
    /// hundred headers, no answer is read.
    pub fn max_header_bytes(self, max_header_bytes: usize) -> Self {
        Self { max_header_bytes, ..self }
    }

    /// How many bytes an answer may have after decompression. Default 2 GiB.
    pub fn max_body_bytes(self, max_body_bytes: u64) -> Self {
        Self { max_body_bytes, ..self }
    }

    /// How many elements a list may have. Default 2,000,000: what is new of a list
    /// takes some 130 bytes of memory each.
    pub fn max_elements(mut self, max_elements: u64) -> Self {
        self.limits.elements = max_elements;
        self
    }

    /// How many bytes one element of a list may have; a larger one is counted as unreadable.
    /// Default 8 MiB.
    pub fn max_element_bytes(mut self, max_element_bytes: usize) -> Self {
        self.limits.element_bytes = max_element_bytes;
        self
    }

    /// How deep an element may be nested, itself included; a deeper one is counted as unreadable.
    /// Default 64.
    pub fn max_nesting(mut self, max_nesting: u32) -> Self {
        self.limits.nesting = max_nesting;
        self
    }

    /// Whether redirects to another host are followed. Default yes: panels send to the host that
    /// serves the account. The credentials travel along where the panel puts them into the address.
    pub fn follow_other_hosts(self, follow_other_hosts: bool) -> Self {
        Self { follow_other_hosts, ..self }
    }

    /// Whether the panel's certificate has to be valid. Default yes. With no, anybody on the way
    /// can read the password and change the answers; `learnt` says so once a connection was encrypted.
    pub fn verify_tls(self, verify_tls: bool) -> Self {
        Self { verify_tls, ..self }
    }

    /// Whether the proxy of the environment (`HTTP_PROXY`, `NO_PROXY` and their kin) is used.
    /// Default yes.
    pub fn system_proxy(self, system_proxy: bool) -> Self {
        Self { system_proxy, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What differs of two configurations.
    fn changed(before: &XtreamConfig, after: &XtreamConfig) -> Vec<String> {
        let [before, after] = [before, after].map(|config| format!("{config:?}"));
        let pairs = before.split(", ").zip(after.split(", "));
        pairs.filter(|(before, after)| before != after).map(|(_, after)| after.to_owned()).collect()
    }

    #[test]
    fn each_setting_sets_itself_and_nothing_else() {
        type Set = fn(XtreamConfig) -> XtreamConfig;
        const fn seconds(count: u64) -> Duration {
            Duration::from_secs(count)
        }
        let settings: [(Set, &str); 22] = [
            (|it| it.connect_timeout(seconds(1)), "connect_timeout: 1s"),
            (|it| it.first_byte_timeout(seconds(2)), "first_byte_timeout: 2s"),
            (|it| it.idle_timeout(seconds(3)), "idle_timeout: 3s"),
            (|it| it.total_timeout(seconds(4)), "total_timeout: 4s"),
            (|it| it.attempts(0), "attempts: 1"),
            (|it| it.backoff(seconds(5)), "base: 5s"),
            (|it| it.retry_after_cap(seconds(6)), "retry_after_cap: 6s }"),
            (|it| it.jitter_seed(7), "jitter_seed: Some(7)"),
            (|it| it.user_agent("a"), "user_agent: Some(\"a\")"),
            (|it| it.learnt_user_agent("b"), "learnt_user_agent: Some(\"b\")"),
            (|it| it.learnt_uncompressed(true), "learnt_uncompressed: true"),
            (|it| it.try_other_client(false), "try_other_client: false"),
            (|it| it.parallel_requests(3), "parallel_requests: 3"),
            (|it| it.requests_per_second(0.0), "requests_per_second: 0.01"),
            (|it| it.min_bytes_per_second(10), "min_bytes_per_second: 10"),
            (|it| it.max_header_bytes(11), "max_header_bytes: 11"),
            (|it| it.max_body_bytes(12), "max_body_bytes: 12"),
            (|it| it.max_elements(13), "elements: 13"),
            (|it| it.max_element_bytes(14), "element_bytes: 14"),
            (|it| it.max_nesting(15), "nesting: 15 }"),
            (|it| it.follow_other_hosts(false), "follow_other_hosts: false"),
            (|it| it.verify_tls(false), "verify_tls: false"),
        ];
        let mut config = XtreamConfig::new();
        for (set, expected) in settings {
            let next = set(config.clone());
            let found = changed(&config, &next);
            assert!(matches!(found.as_slice(), [one] if one.ends_with(expected)), "{expected}: {found:?}");
            config = next;
        }
        assert!(!config.system_proxy(false).system_proxy);
    }

    #[test]
    fn what_makes_no_sense_is_the_nearest_that_does() {
        let config = XtreamConfig::new().parallel_requests(0).requests_per_second(f64::NAN);
        assert_eq!(changed(&XtreamConfig::new(), &config), [""; 0]);
        assert!(XtreamConfig::new().requests_per_second(f64::INFINITY).requests_per_second.is_infinite());
    }
}
