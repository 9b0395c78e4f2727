//! Requests that are refused by status. The body may name the reason.
//!
//! A panel may refuse a login in its own words, with a status that filters use, too. Some servers say only in words
//! that a port is for encrypted connections.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use sync_core::SourceError;
use sync_core::source::{AnswerFault, Denial};
use tokio::time::timeout;

use super::failure::Failure;
use super::panel_client::PanelClient;
use super::response::Response;
use crate::api::account;
use crate::api::endpoint::Endpoint;
use crate::clock;
use crate::wire::json::document;

/// The greatest size of such a body. No answer about an account is longer.
const BODY_MAX: usize = 64 << 10;

/// The longest wait for a body that is not needed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The words of servers for an unencrypted request at a port for encrypted ones, in lower case: nginx, Go, Apache,
/// Tomcat.
const ENCRYPTED_PORT: [&[u8]; 4] = [
    b"plain http request was sent to https port",
    b"http request to an https server",
    b"speaking plain http to an ssl-enabled server port",
    b"combination of host and port requires tls",
];

/// Returns whether the body of a refused request may say more than its status.
pub(crate) fn is_worth_reading(endpoint: &Endpoint, status: StatusCode) -> bool {
    let code = status.as_u16();
    code == 400 || (endpoint.is_login() && code != 429 && code >= 400)
}

impl PanelClient {
    /// Reads the body of a refused request. Returns the failure that it describes, or else the one of its status.
    pub(crate) async fn reason_in(&self, mut response: Response, endpoint: &Endpoint, by_status: Failure) -> Failure {
        // A body that can't be read says nothing.
        let body = timeout(PATIENCE, beginning(&mut response)).await.unwrap_or_default();
        let (status, headers) = (response.head().status().as_u16(), response.head().headers());
        let plain = response.head().url().scheme() == "http";
        if status == 400 && plain && is_of_an_encrypted_port(&body) {
            let words = "it answers 400: the port is for encrypted connections";
            return Failure::unusable(AnswerFault::EncryptedPort, words);
        }
        if !endpoint.is_login() {
            return by_status;
        }
        match account::read(&body, response.charset, response.date(), clock::now()) {
            Err(fault) if fault.refused => return self.failure_of(fault),
            _ => {}
        }
        match (status, http_login(headers)) {
            (401, Some(kind)) => {
                let words = format!("it answers 401 and asks for a login by HTTP{kind}, before the panel is asked");
                Failure::denied(Denial::HttpLogin, words)
            }
            (401, None) if document(&body, response.charset).is_ok() => {
                let message = "it answers 401 to user name and password".to_owned();
                Failure::Permanent(SourceError::Refused { message })
            }
            _ => by_status,
        }
    }
}

/// Returns as much of a body as is worth reading, or nothing if it can't be read.
async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.piece().await {
        body.extend_from_slice(&piece);
        if body.len() > BODY_MAX {
            return Vec::new();
        }
    }
    body
}

fn is_of_an_encrypted_port(body: &[u8]) -> bool {
    let lower = body.to_ascii_lowercase();
    ENCRYPTED_PORT.iter().any(|words| memchr::memmem::find(&lower, words).is_some())
}

/// Returns the scheme of the HTTP login that the head asks for, if it does and the scheme is a common one.
fn http_login(headers: &HeaderMap) -> Option<&'static str> {
    const KINDS: [(&str, &str); 5] = [
        ("basic", " (Basic)"),
        ("digest", " (Digest)"),
        ("bearer", " (Bearer)"),
        ("negotiate", " (Negotiate)"),
        ("ntlm", " (NTLM)"),
    ];
    let asked = headers.get_all(WWW_AUTHENTICATE).iter().map(|value| value.as_bytes().trim_ascii());
    let asked: Vec<_> = asked.filter(|value| !value.is_empty()).collect();
    let first = asked.first()?;
    let word = first.split(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or_default();
    let named = KINDS.iter().find(|(kind, _)| word.eq_ignore_ascii_case(kind.as_bytes()));
    Some(named.map_or("", |(_, told)| told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::ContentKind;

    #[test]
    fn the_bodies_of_refused_logins_are_read() {
        let worth = |endpoint: &Endpoint, code| is_worth_reading(endpoint, StatusCode::from_u16(code).unwrap());
        assert_eq!(
            [302, 400, 401, 403, 429, 503, 884].map(|code| worth(&Endpoint::Account, code)),
            [false, true, true, true, false, true, true]
        );
        let list = Endpoint::Listing(ContentKind::Movies.into());
        assert_eq!([302, 400, 401, 403, 503].map(|code| worth(&list, code)), [false, true, false, false, false]);
    }

    #[test]
    fn field_15_servers_that_want_encryption_are_known_by_their_words() {
        for body in [
            "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
            "Client sent an HTTP request to an HTTPS server.\n",
            "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
            "Bad Request\r\nThis combination of host and port requires TLS.\r\n",
        ] {
            assert!(is_of_an_encrypted_port(body.as_bytes()), "{body}");
        }
        assert!(!is_of_an_encrypted_port(b"<html>400 Bad Request</html>"));
    }

    #[test]
    fn field_16_a_login_by_http_is_known_by_its_header() {
        let of = |values: &[&'static str]| {
            http_login(&values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap())).collect())
        };
        assert_eq!(of(&["Basic realm=\"x\""]), Some(" (Basic)"));
        assert_eq!(of(&["", "DIGEST realm=\"canary\", nonce=\"1\""]), Some(" (Digest)"));
        assert_eq!(of(&["canary realm=\"canary\""]), Some(""), "nothing of the header is told");
        assert_eq!((of(&[]), of(&[""]), of(&["  "])), (None, None, None));
    }
}
