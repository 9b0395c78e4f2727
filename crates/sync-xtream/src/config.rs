//! The settings of a source.

use std::net::IpAddr;
use std::time::Duration;

use sync_core::rate::deadline::DEADLINE;

use crate::http::bandwidth::Bandwidth;
use crate::http::network;
use crate::http::retry::RetryPolicy;
use crate::wire::Limits;

/// The default rate. Panels behind a rate limiter allow 10 to 20.
const REQUESTS_PER_SECOND: f64 = 8.0;

/// The settings of a source: how it asks, waits and gives up. Every setting has a default. Durations are limits of one
/// request, and begin again with each repetition.
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
    pub(crate) listing_deadline: Duration,
    pub(crate) bandwidth: Option<Bandwidth>,
    pub(crate) max_header_bytes: usize,
    pub(crate) max_body_bytes: u64,
    pub(crate) limits: Limits,
    pub(crate) follow_other_hosts: bool,
    pub(crate) verify_tls: bool,
    pub(crate) system_proxy: bool,
    /// Returns whether an address is in a private network. Tests have only such addresses.
    pub(crate) is_private: fn(IpAddr) -> bool,
    /// Looks up the targets of redirects. Tests ask no name server.
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
            listing_deadline: DEADLINE,
            bandwidth: None,
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
    /// Returns the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time within which a connection has to be made, including the name look-up and TLS. Default 10 s.
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// Sets the time within which an answer has to begin, including redirects. Default 120 s, because panels build a
    /// list in memory before they send its first byte.
    pub fn first_byte_timeout(self, first_byte_timeout: Duration) -> Self {
        Self { first_byte_timeout, ..self }
    }

    /// Sets the longest pause in the middle of an answer. Default 30 s.
    pub fn idle_timeout(self, idle_timeout: Duration) -> Self {
        Self { idle_timeout, ..self }
    }

    /// Sets the longest time of a request as a whole, including the time of a slow receiver. Default 20 min.
    pub fn total_timeout(self, total_timeout: Duration) -> Self {
        Self { total_timeout, ..self }
    }

    /// Sets the greatest number of attempts per request, at least one. Default 4.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.retry.attempts = attempts.max(1);
        self
    }

    /// Sets the wait before the second attempt. It doubles for each further one, and up to a quarter is added or
    /// subtracted at random. Default 1 s, so the waits are 1, 2 and 4 s.
    pub fn backoff(mut self, base: Duration) -> Self {
        self.retry.base = base;
        self
    }

    /// Sets the longest `Retry-After` that is honoured. A longer one is cut to this. Default 5 min.
    pub fn retry_after_cap(mut self, cap: Duration) -> Self {
        self.retry.retry_after_cap = cap;
        self
    }

    /// Makes the random part of the waits repeatable. By default it isn't.
    pub fn jitter_seed(self, seed: u64) -> Self {
        Self { jitter_seed: Some(seed), ..self }
    }

    /// Sets the user agent. Default `xtream-sync/VERSION`. Some panels, and filters in front of them, serve only
    /// clients that call themselves a player.
    ///
    /// With the default, a login that the panel itself doesn't answer is tried once more as a player, which asks for no
    /// compression. If it is accepted, the source keeps that client, and `learnt` returns it. A user agent that is set
    /// here is not replaced.
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { user_agent: Some(user_agent.into()), ..self }
    }

    /// Sets the user agent that an earlier source has learnt. It is used from the start. If a login with it is refused,
    /// the usual one is tried once. A text that can't be sent is ignored.
    pub fn learnt_user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { learnt_user_agent: Some(user_agent.into()), ..self }
    }

    /// Sets whether the client that an earlier source has learnt asks for no compression. It belongs to
    /// [`learnt_user_agent`](Self::learnt_user_agent). Default no.
    pub fn learnt_uncompressed(self, learnt_uncompressed: bool) -> Self {
        Self { learnt_uncompressed, ..self }
    }

    /// Sets whether the source may ask once more as another client, if a login is not answered by the panel itself or
    /// if all lists are refused alike. Default yes.
    pub fn try_other_client(self, try_other_client: bool) -> Self {
        Self { try_other_client, ..self }
    }

    /// Sets the number of requests that may be under way at once, at least one. Default 1, because many providers count
    /// them as connections of the account.
    pub fn parallel_requests(self, parallel_requests: usize) -> Self {
        Self { parallel_requests: parallel_requests.max(1), ..self }
    }

    /// Sets the number of requests per second, over all calls, repetitions and redirects. After a pause, as many may
    /// come in a burst. Default 8. Infinity means no limit. A value that is no number means the default.
    pub fn requests_per_second(self, requests_per_second: f64) -> Self {
        let rate = if requests_per_second.is_nan() { REQUESTS_PER_SECOND } else { requests_per_second };
        Self { requests_per_second: rate.max(0.01), ..self }
    }

    /// Sets the number of bytes per second that have to arrive, on average over an idle timeout in which the source
    /// waits for the panel. Default 64. 0 means no limit.
    pub fn min_bytes_per_second(self, min_bytes_per_second: u32) -> Self {
        Self { min_bytes_per_second, ..self }
    }

    /// Sets the time within which a whole listing has to come, from its first byte on, if its size is known from the
    /// last time. Default 30 min.
    ///
    /// Such a listing has no total timeout, and no least number of bytes per second. It may be as slow as it likes, as
    /// long as it can meet this deadline; then it is stopped with [`SourceError::TooSlow`](sync_core::SourceError).
    pub fn listing_deadline(self, listing_deadline: Duration) -> Self {
        Self { listing_deadline, ..self }
    }

    /// Limits the rate at which bodies are read. By default there is no limit. Pauses for it are not the panel's time.
    pub fn bandwidth(self, bandwidth: Bandwidth) -> Self {
        Self { bandwidth: Some(bandwidth), ..self }
    }

    /// Sets the greatest size of an answer's headers, in bytes. Default 64 KiB. Answers with more than 400 KiB or a
    /// hundred headers are never read.
    pub fn max_header_bytes(self, max_header_bytes: usize) -> Self {
        Self { max_header_bytes, ..self }
    }

    /// Sets the greatest size of an answer after decompression, in bytes. Default 2 GiB.
    pub fn max_body_bytes(self, max_body_bytes: u64) -> Self {
        Self { max_body_bytes, ..self }
    }

    /// Sets the greatest number of elements of a list. Default 2,000,000. Each new item takes some 130 bytes of memory.
    pub fn max_elements(mut self, max_elements: u64) -> Self {
        self.limits.elements = max_elements;
        self
    }

    /// Sets the greatest size of an element of a list, in bytes. A larger one is counted as unreadable. Default 8 MiB.
    pub fn max_element_bytes(mut self, max_element_bytes: usize) -> Self {
        self.limits.element_bytes = max_element_bytes;
        self
    }

    /// Sets the greatest depth of an element, itself included. A deeper one is counted as unreadable. Default 64.
    pub fn max_nesting(mut self, max_nesting: u32) -> Self {
        self.limits.nesting = max_nesting;
        self
    }

    /// Sets whether redirects to another host are followed. Default yes, because panels redirect to the host that
    /// serves the account. Such a redirect contains the credentials if the panel puts them into the address.
    pub fn follow_other_hosts(self, follow_other_hosts: bool) -> Self {
        Self { follow_other_hosts, ..self }
    }

    /// Sets whether the panel's certificate has to be valid. Default yes. With no, anybody on the way can read the
    /// password and change the answers. `learnt` has a notice about it after an encrypted connection.
    pub fn verify_tls(self, verify_tls: bool) -> Self {
        Self { verify_tls, ..self }
    }

    /// Sets whether the proxy of the environment (`HTTP_PROXY`, `NO_PROXY` and similar variables) is used. Default yes.
    pub fn system_proxy(self, system_proxy: bool) -> Self {
        Self { system_proxy, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the differences of two configurations.
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
        let settings: [(Set, &str); 24] = [
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
            (|it| it.listing_deadline(seconds(21)), "listing_deadline: 21s"),
            (|it| it.bandwidth(Bandwidth::new(|| None)), "bandwidth: Some(Bandwidth { .. })"),
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
    fn a_senseless_value_becomes_the_nearest_sensible_one() {
        let config = XtreamConfig::new().parallel_requests(0).requests_per_second(f64::NAN);
        assert_eq!(changed(&XtreamConfig::new(), &config), [""; 0]);
        assert!(XtreamConfig::new().requests_per_second(f64::INFINITY).requests_per_second.is_infinite());
    }
}
