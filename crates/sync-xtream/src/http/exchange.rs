//! Sends one request and waits for its answer, over redirects and over connections that break.

use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Client, StatusCode, Url};
use sync_core::policy::pace::Refusal;
use sync_core::source::Obstacle;
use tokio::time::timeout_at;

use super::counters::milliseconds;
use super::failure::{Failure, Way, is_broken_connection};
use super::limits::FOREVER;
use super::network::Place;
use super::panel_client::PanelClient;
use super::redirect::{RefusedRedirect, is_other_host, target};
use super::refused;
use super::request::{RequestOptions, RequestPermit};
use super::response::Response;
use super::validator::{self, Condition};
use crate::api::endpoint::Endpoint;
use crate::clock;

/// The compressions that can be inflated, here or by the HTTP client.
const CODINGS: &str = "gzip, br, zstd, deflate";

impl PanelClient {
    /// Sends a request, follows redirects, and waits until the answer begins.
    pub(crate) async fn send(
        &self,
        _permit: &RequestPermit,
        endpoint: &Endpoint,
        options: &RequestOptions,
    ) -> Result<Response, Failure> {
        self.rate_limiter.pass(&self.waits).await;
        let sent = Instant::now();
        let patience = self.config().first_byte_timeout.min(self.config().total_timeout);
        let mut deadline = Deadline { began: tokio::time::Instant::now(), patience };
        let note = |status: u16, outcome: &str| {
            let attempt = options.attempt;
            tracing::debug!(
                action = endpoint.action(),
                attempt,
                status,
                ms = milliseconds(sent.elapsed()),
                "{outcome}"
            );
        };
        let url = endpoint.url(self.address(), self.credentials());
        let mut hop = RedirectHop { url, number: 0, outside: false, at_home: true };
        let head = loop {
            let step = async {
                let head = self.exchange(&hop, options, &mut deadline).await?;
                let next = deadline.limit(self.next(&hop, &head)).await??;
                Ok::<_, Failure>((head, next))
            };
            let (head, next) = step.await.inspect_err(|failure| {
                note(0, "no answer");
                if failure.is_broken() {
                    self.rate_limiter.refused(Refusal::Overloaded, None);
                }
            })?;
            let Some(next) = next else { break head };
            note(head.status().as_u16(), "the panel redirects");
            // Some panels close the connection after a redirect without announcing it.
            if next.url.origin() == hop.url.origin() {
                self.counters.connection_kept(&head);
            }
            hop = next;
            deadline.pause(self.rate_limiter.pass(&self.waits).await);
        };
        let status = head.status();
        note(status.as_u16(), "answer begins");
        let asked = hop.at_home && options.condition.is_some();
        let unmodified = status == StatusCode::NOT_MODIFIED && asked;
        match Failure::from_status(endpoint, status, clock::retry_after(head.headers())) {
            Some(failure) if !unmodified => {
                let wait = failure.retry_after().map(|wait| wait.min(self.config().retry.retry_after_cap));
                if let Some(wait) = wait {
                    tracing::warn!(wait_ms = milliseconds(wait), "the panel asks to be left alone for a while");
                }
                match (refusal(endpoint, status), wait) {
                    (Some(refusal), wait) => self.rate_limiter.refused(refusal, wait),
                    (None, Some(wait)) => self.rate_limiter.hold(wait),
                    (None, None) => self.rate_limiter.answered(None),
                }
                self.counters.connection_kept(&head);
                if !refused::is_worth_reading(endpoint, status) {
                    return Err(failure);
                }
                let response = Response::new(self, head, endpoint, options, sent, deadline.began);
                Err(self.reason_in(response, endpoint, failure).await)
            }
            _ => {
                // Only listings of single categories are alike, so only their latencies are compared.
                self.rate_limiter.answered(endpoint.is_of_a_category().then(|| deadline.began.elapsed()));
                let validator = Some(head.headers()).filter(|_| hop.at_home && !unmodified);
                let validator =
                    validator.and_then(|headers| validator::read(headers, self.address(), self.credentials()));
                let mut response = Response::new(self, head, endpoint, options, sent, deadline.began);
                (response.validator, response.unmodified) = (validator, unmodified);
                Ok(response)
            }
        }
    }

    /// Sends one request and returns its answer, whatever that says.
    async fn exchange(
        &self,
        hop: &RedirectHop,
        options: &RequestOptions,
        deadline: &mut Deadline,
    ) -> Result<reqwest::Response, Failure> {
        let encrypted = hop.url.scheme() == "https";
        if let Some(words) = self.proxies.unusable(&hop.url) {
            return Err(Failure::barred(Obstacle::ProxyKind, words));
        }
        let client = self.client(hop.outside, encrypted)?;
        let reused = self.counters.take_connection();
        let mut asked = deadline.limit(self.ask(client, hop, options)).await;
        // Panels close idle connections after some seconds, perhaps at this very moment.
        if let Ok(Err(error)) = &asked
            && reused
            && is_broken_connection(error)
        {
            tracing::debug!("an old connection was closed; the request is sent over a new one");
            deadline.pause(self.rate_limiter.pass(&self.waits).await);
            asked = deadline.limit(self.ask(client, hop, options)).await;
        }
        // A request that fails after the connection was encrypted has already sent the password.
        let connected = !matches!(&asked, Ok(Err(error)) if error.is_connect() || error.is_builder());
        if connected && encrypted && !self.config().verify_tls {
            self.notices.unverified();
        }
        let way = Way { encrypted, proxied: self.proxies.lead(&hop.url) };
        let head = asked?.map_err(|error| Failure::from_request(&error, way))?;
        if head_size(head.headers()) > self.config().max_header_bytes {
            return Err(Failure::large_head());
        }
        Ok(head)
    }

    async fn ask(
        &self,
        client: &Client,
        hop: &RedirectHop,
        options: &RequestOptions,
    ) -> reqwest::Result<reqwest::Response> {
        self.counters.requests.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut request = client.get(hop.url.clone()).header(USER_AGENT, &options.client.user_agent);
        if options.client.compression {
            let codings = HeaderValue::from_static(if options.plain { "identity" } else { CODINGS });
            request = request.header(ACCEPT_ENCODING, codings);
        }
        if let Some(Condition { name, value }) = options.condition.as_ref().filter(|_| hop.at_home) {
            request = request.header(name, value);
        }
        request.send().await.map_err(reqwest::Error::without_url)
    }

    /// Returns the target of a redirect, if it may be asked.
    async fn next(&self, hop: &RedirectHop, head: &reqwest::Response) -> Result<Option<RedirectHop>, Failure> {
        // Its client connects to no private address of a name. An answer that comes from one nevertheless ends here.
        if hop.outside && self.is_at_home(&hop.url, head).await {
            return Err(RefusedRedirect::Inside.into());
        }
        let Some(to) = target(&hop.url, head.status(), head.headers(), hop.number)? else { return Ok(None) };
        let outside = hop.outside || !self.is_at_home(&hop.url, head).await;
        if outside {
            let place = Place::look_up(&to, self.config().is_private, self.config().look_up).await;
            if place.may_be_private() {
                return Err(RefusedRedirect::Inside.into());
            }
            // A proxy may know names that can't be looked up here.
            if place.is_nowhere() && !self.proxied {
                return Err(Failure::nameless());
            }
        }
        if is_other_host(&hop.url, &to) {
            if !self.config().follow_other_hosts {
                return Err(RefusedRedirect::OtherHost.into());
            }
            self.notices.other_host(to.host_str().unwrap_or_default(), to.as_str(), self.credentials());
        }
        let at_home = hop.at_home && !is_other_host(&hop.url, &to);
        Ok(Some(RedirectHop { url: to, number: hop.number + 1, outside, at_home }))
    }

    /// Returns whether an answer came from a private network. An answer through a proxy is judged by the name of its
    /// host, because the other end of the connection is only the proxy.
    async fn is_at_home(&self, from: &Url, head: &reqwest::Response) -> bool {
        let private = self.config().is_private;
        match head.remote_addr().filter(|_| !self.proxied) {
            Some(address) => private(address.ip()),
            None => Place::look_up(from, private, self.config().look_up).await.must_be_private(),
        }
    }
}

/// Returns how a panel refuses a request by this status; nothing if it doesn't, or if the status is about the login.
fn refusal(endpoint: &Endpoint, status: StatusCode) -> Option<Refusal> {
    match status.as_u16() {
        429 => Some(Refusal::TooMany),
        503 => Some(Refusal::Overloaded),
        403 if !endpoint.is_login() => Some(Refusal::Forbidden),
        _ => None,
    }
}

/// One request on the way over redirects.
struct RedirectHop {
    url: Url,
    number: usize,
    /// Whether an answer from the internet has led here.
    outside: bool,
    /// Whether the host is the panel's own.
    at_home: bool,
}

/// The deadline for the beginning of an answer, over all redirects.
struct Deadline {
    began: tokio::time::Instant,
    patience: Duration,
}

impl Deadline {
    /// Waits for a future, at most until the deadline.
    async fn limit<T>(&self, what: impl Future<Output = T>) -> Result<T, Failure> {
        let late = |_| Failure::slow(format!("no answer began within {:?}", self.patience), true);
        timeout_at(self.began + self.patience.min(FOREVER), what).await.map_err(late)
    }

    /// Moves the deadline by a pause of ours, which is not the panel's time.
    fn pause(&mut self, paused: Duration) {
        self.began += paused;
    }
}

/// Returns the size of an answer's headers in bytes.
fn head_size(headers: &HeaderMap) -> usize {
    // A colon, a space and a line break stand between them.
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
