//! One request and the way to its answer: over redirects, and over connections that die.

use std::time::Instant;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Response, Url};
use tokio::time::timeout_at;

use crate::answer::{Answer, FOREVER};
use crate::call::Call;
use crate::clock;
use crate::failure::{Failure, is_broken_connection};
use crate::network::Place;
use crate::redirect::{RefusedRedirect, is_other_host, target};
use crate::request::{Line, Manner, Turn, milliseconds};

/// The compressions that can be inflated, here or by the client.
const CODINGS: &str = "gzip, br, zstd, deflate";

impl Line {
    /// Sends a request and waits until its answer begins, at the end of all redirects.
    pub(crate) async fn send(&self, _turn: &Turn, call: &Call, manner: &Manner) -> Result<Answer, Failure> {
        self.pace.pass().await;
        let (sent, began) = (Instant::now(), tokio::time::Instant::now());
        let patience = self.config().first_byte_timeout.min(self.config().total_timeout);
        let mut deadline = began + patience.min(FOREVER);
        let note = |status: u16, outcome: &str| {
            let attempt = manner.attempt;
            tracing::debug!(action = call.action(), attempt, status, ms = milliseconds(sent.elapsed()), "{outcome}");
        };
        let mut hop = Hop { url: call.url(self.address(), self.credentials()), number: 0, outside: false };
        let response = loop {
            let step = async {
                let response = self.exchange(&hop.url, manner).await?;
                let next = self.next(&hop, &response).await?;
                Ok((response, next))
            };
            let (response, next) = match timeout_at(deadline, step).await {
                Ok(Ok(step)) => step,
                Ok(Err(failure)) => {
                    note(0, "no answer");
                    return Err(failure);
                }
                Err(_) => {
                    note(0, "no answer in time");
                    return Err(Failure::slow(format!("no answer began within {patience:?}")));
                }
            };
            let Some(next) = next else { break response };
            note(response.status().as_u16(), "the panel redirects");
            hop = next;
            // The pace is ours, and not what the panel takes its time for.
            let paused = tokio::time::Instant::now();
            self.pace.pass().await;
            deadline += paused.elapsed();
        };
        let status = response.status();
        note(status.as_u16(), "answer begins");
        match Failure::of_status(call, status, clock::retry_after(response.headers())) {
            Some(failure) => {
                if let Some(wait) = failure.retry_after() {
                    let wait = wait.min(self.config().retry.retry_after_cap);
                    tracing::warn!(wait_ms = milliseconds(wait), "the panel asks to be left alone for a while");
                    self.pace.hold(wait);
                }
                Err(failure)
            }
            None => Ok(Answer::new(response, call, sent, began, self.config(), self.counters.clone())),
        }
    }

    /// One request and its answer, whatever that says.
    async fn exchange(&self, url: &Url, manner: &Manner) -> Result<Response, Failure> {
        let reused = self.counters.take_connection();
        let response = match self.ask(url, manner).await {
            // Panels close idle connections after some seconds, perhaps at this very moment.
            Err(error) if reused && is_broken_connection(&error) => {
                tracing::debug!("an old connection was closed; the request is sent over a new one");
                self.pace.pass().await;
                self.ask(url, manner).await
            }
            other => other,
        };
        let response = response.map_err(|error| Failure::of_request(&error))?;
        if head_size(response.headers()) > self.config().max_header_bytes {
            return Err(Failure::large_head());
        }
        Ok(response)
    }

    async fn ask(&self, url: &Url, manner: &Manner) -> reqwest::Result<Response> {
        self.counters.requests.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let codings = HeaderValue::from_static(if manner.plain { "identity" } else { CODINGS });
        let request = self.client(manner.plain).get(url.clone());
        let request = request.header(USER_AGENT, &manner.agent).header(ACCEPT_ENCODING, codings);
        request.send().await.map_err(reqwest::Error::without_url)
    }

    /// Where the answer sends to, if that may be asked.
    async fn next(&self, hop: &Hop, response: &Response) -> Result<Option<Hop>, Failure> {
        // A name may have got another address since it was looked at.
        if hop.outside && self.is_at_home(&hop.url, response).await {
            return Err(RefusedRedirect::Inside.into());
        }
        let Some(to) = target(&hop.url, response.status(), response.headers(), hop.number)? else { return Ok(None) };
        let outside = hop.outside || !self.is_at_home(&hop.url, response).await;
        if outside && Place::of(&to, self.config().is_private).await.may_be_private() {
            return Err(RefusedRedirect::Inside.into());
        }
        if is_other_host(&hop.url, &to) {
            if !self.config().follow_other_hosts {
                return Err(RefusedRedirect::OtherHost.into());
            }
            self.notices.other_host(to.host_str().unwrap_or_default(), to.as_str(), self.credentials());
        }
        Ok(Some(Hop { url: to, number: hop.number + 1, outside }))
    }

    /// Whether an answer came from a private network. What a proxy fetches is judged by the name of
    /// its host: the other end of the connection is only the proxy.
    async fn is_at_home(&self, from: &Url, response: &Response) -> bool {
        let private = self.config().is_private;
        match response.remote_addr().filter(|_| !self.proxied) {
            Some(address) => private(address.ip()),
            None => Place::of(from, private).await.must_be_private(),
        }
    }
}

/// A request on the way over redirects.
struct Hop {
    url: Url,
    number: usize,
    /// Whether an answer from the internet has led here.
    outside: bool,
}

/// How many bytes the headers of an answer have.
fn head_size(headers: &HeaderMap) -> usize {
    // A colon, a space and a line break are between them.
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
