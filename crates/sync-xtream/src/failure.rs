//! What went wrong with an attempt, in words of our own.
//!
//! The texts of the HTTP client hold addresses, and addresses hold credentials. So none of them is
//! passed on: an error is looked at, and then described anew.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use reqwest::StatusCode;
use rustls::CertificateError;
use sync_core::SourceError;
use sync_core::source::AnswerFault;

use crate::call::Call;
use crate::network::OnlyInside;
use crate::redirect::RefusedRedirect;

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No answer, or none worth reading; another attempt may succeed. `overloaded` when it looks as
    /// if less would have been an easier question.
    Transient { message: String, retry_after: Option<Duration>, overloaded: bool },
    /// The answer broke off; another attempt may succeed, of damaged data rather without compression.
    Cut { message: String, damaged: bool },
    /// A status that filters give to clients they don't know.
    Blocked(SourceError),
    /// No connection, and another attempt would fare the same.
    Hopeless { message: String },
    /// Nothing that another attempt would change.
    Final(SourceError),
}

impl Failure {
    pub(crate) fn transient(message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::Transient { message: message.into(), retry_after, overloaded: false }
    }

    /// The panel took too long.
    pub(crate) fn slow(message: impl Into<String>) -> Self {
        Self::Transient { message: message.into(), retry_after: None, overloaded: true }
    }

    pub(crate) fn cut(message: impl Into<String>) -> Self {
        Self::Cut { message: message.into(), damaged: false }
    }

    pub(crate) fn unusable(fault: AnswerFault, message: impl Into<String>) -> Self {
        Self::Final(SourceError::Unusable { fault, message: message.into() })
    }

    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. } | Self::Cut { .. })
    }

    /// Whether something may have kept a client out that it doesn't know.
    pub(crate) fn is_blocked(&self) -> bool {
        use AnswerFault::{Empty, Html, NotJson};
        match self {
            Self::Blocked(_) => true,
            Self::Final(SourceError::Unusable { fault, .. }) => matches!(fault, Html | NotJson | Empty),
            _ => false,
        }
    }

    /// Whether the login is refused.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Final(SourceError::Refused { .. }))
    }

    /// Whether the bytes came, and could not be inflated.
    pub(crate) fn is_damaged(&self) -> bool {
        matches!(self, Self::Cut { damaged: true, .. })
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        if let Self::Transient { retry_after, .. } = self { *retry_after } else { None }
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Transient { message, .. } | Self::Cut { message, .. } | Self::Hopeless { message } => message,
            Self::Final(error) | Self::Blocked(error) => error.code(),
        }
    }

    /// The error after this many attempts.
    pub(crate) fn into_error(self, attempts: u32) -> SourceError {
        match self {
            Self::Transient { message, overloaded, .. } => SourceError::Unreachable { message, attempts, overloaded },
            Self::Hopeless { message } => SourceError::Unreachable { message, attempts, overloaded: false },
            Self::Cut { message, .. } => SourceError::Unusable { fault: AnswerFault::Truncated, message },
            Self::Final(error) | Self::Blocked(error) => error,
        }
    }

    /// What an answer's status says; `None` when its body is to be read.
    pub(crate) fn of_status(call: &Call, status: StatusCode, retry_after: Option<Duration>) -> Option<Self> {
        let code = status.as_u16();
        let status = |words: &str| SourceError::Unusable {
            fault: AnswerFault::Status,
            message: format!("it answers {code}{words}"),
        };
        let unusable = |words: &str| Self::Final(status(words));
        Some(match code {
            200..=299 => return None,
            401 if call.is_login() => {
                Self::Final(SourceError::Refused { message: "it answers 401 to user name and password".to_owned() })
            }
            403 if call.is_login() => {
                Self::Blocked(status(": it may have banned this computer's address, or it refuses this user agent"))
            }
            404 if call.is_login() => unusable(
                ": the address is wrong, or the panel hides behind it that user name or password are wrong, or that the account has expired",
            ),
            304 => unusable(": nobody asked whether anything has changed"),
            300..=399 => Self::unusable(AnswerFault::Redirect, format!("it answers {code} and sends elsewhere")),
            408 | 429 | 500..=599 => {
                let overloaded = matches!(code, 504 | 524);
                Self::Transient { message: format!("it answers {code}"), retry_after, overloaded }
            }
            400 | 404 | 405 | 410 if call.is_whole_listing() => {
                let message = format!("it answers {code} to the request for the list");
                Self::unusable(AnswerFault::UnknownRequest, message)
            }
            454 => Self::Blocked(status(": it refuses this user agent")),
            458 => unusable(": the account is at its limit of connections"),
            _ => unusable(""),
        })
    }

    /// Why no answer began.
    pub(crate) fn of_request(error: &reqwest::Error) -> Self {
        if error.is_builder() {
            return Self::Final(SourceError::internal("the request could not be made"));
        }
        if find::<OnlyInside>(error).is_some() {
            return RefusedRedirect::Inside.into();
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return of_tls(tls);
        }
        let words = match find::<std::io::Error>(error).map(std::io::Error::kind) {
            _ if error.is_dns() => return Self::nameless(),
            _ if error.is_timeout() => "no connection came about in time",
            Some(ErrorKind::ConnectionRefused) => "the connection is refused",
            Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => "the connection was reset",
            Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => "there is no way to the host",
            _ if error.is_connect() => "no connection can be made",
            _ if said(error, "head is too large") => return Self::large_head(),
            _ => of_protocol(error),
        };
        Self::transient(words, None)
    }

    /// Nobody knows the host.
    pub(crate) fn nameless() -> Self {
        Self::transient("the name of the host can't be found", None)
    }

    /// More headers than an answer may have.
    pub(crate) fn large_head() -> Self {
        Self::unusable(AnswerFault::TooLarge, "its head is larger than a head may be")
    }

    /// Why an answer broke off.
    pub(crate) fn of_body(error: &reqwest::Error, received: u64) -> Self {
        if transport_failed(error) {
            Self::cut(format!("the answer broke off after {received} bytes: the connection broke"))
        } else {
            Self::damaged(received)
        }
    }

    /// The bytes came, and can't be inflated.
    pub(crate) fn damaged(received: u64) -> Self {
        let message = format!("the answer broke off after {received} bytes: the compressed data is damaged");
        Self::Cut { message, damaged: true }
    }
}

/// A wrong certificate stays wrong; other troubles of TLS may pass.
fn of_tls(error: &rustls::Error) -> Failure {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return Failure::transient("no encrypted connection could be agreed on", None);
    };
    let reason = match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "it is for another host",
        CertificateError::UnknownIssuer => "nobody known has issued it",
        CertificateError::Revoked => "it has been revoked",
        _ => "it can't be verified",
    };
    Failure::Hopeless { message: format!("the panel's certificate is not accepted: {reason}") }
}

/// The client's type for these is not ours to name; its texts are constant and only looked at.
fn of_protocol(error: &reqwest::Error) -> &'static str {
    let invalid = ["invalid HTTP", "invalid content-length", "invalid transfer-encoding"];
    if invalid.iter().any(|words| said(error, words)) {
        "what answers there doesn't speak HTTP"
    } else {
        "the connection broke before an answer came"
    }
}

fn said(error: &reqwest::Error, words: &str) -> bool {
    causes(error).skip(1).any(|cause| cause.to_string().contains(words))
}

/// Whether a connection broke that stood already, as idle ones do just when they are used again.
pub(crate) fn is_broken_connection(error: &reqwest::Error) -> bool {
    let broken =
        |kind| matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted);
    let io = find::<std::io::Error>(error).is_some_and(|io| broken(io.kind()));
    !error.is_connect() && (io || said(error, "connection closed") || said(error, "operation was canceled"))
}

/// Whether the bytes stopped coming, rather than came out wrong.
fn transport_failed(error: &reqwest::Error) -> bool {
    // The client's words for a body that ended early are constant; a decompressor has others.
    let ended = |words: &str| words.contains("message length") || words.contains("EOF during chunk");
    causes(error).skip(1).any(|cause| {
        let network = |kind| matches!(kind, ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted);
        cause.is::<reqwest::Error>()
            || cause.downcast_ref::<std::io::Error>().is_some_and(|io| network(io.kind()))
            || ended(&cause.to_string())
    }) || !error.is_decode()
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and what is behind it. What an I/O error wraps is no source of it, but a part.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{ContentKind, Scope};

    /// `r` repeated, `l` login refused, `s` status, `b` blocked, `e` redirect, `-` none.
    fn verdict(call: &Call, code: u16) -> char {
        match Failure::of_status(call, StatusCode::from_u16(code).unwrap(), None) {
            None => '-',
            Some(failure) if failure.is_transient() => 'r',
            Some(Failure::Final(SourceError::Refused { .. })) => 'l',
            Some(Failure::Final(SourceError::Unusable { fault: AnswerFault::Status, .. })) => 's',
            Some(Failure::Final(SourceError::Unusable { fault: AnswerFault::UnknownRequest, .. })) => 'u',
            Some(Failure::Blocked(SourceError::Unusable { fault: AnswerFault::Status, .. })) => 'b',
            Some(Failure::Final(SourceError::Unusable { fault: AnswerFault::Redirect, .. })) => 'e',
            Some(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_status_says_what_is_next() {
        let codes =
            [200, 204, 302, 304, 400, 401, 403, 404, 408, 410, 429, 454, 456, 458, 500, 503, 511, 520, 600, 884, 999];
        let all = |call: Call| codes.map(|code| verdict(&call, code)).into_iter().collect::<String>();
        assert_eq!(all(Call::Account), "--esslbsrsrbssrrrrsss");
        assert_eq!(all(Call::Listing(Scope::whole(ContentKind::Movies))), "--esussururbssrrrrsss");
        let within = Some(sync_core::CategoryId("7".to_owned()));
        assert_eq!(all(Call::Listing(Scope { kind: ContentKind::Movies, within })), "--esssssrsrbssrrrrsss");
    }

    #[test]
    fn certificates_are_not_tried_again() {
        for (error, words) in [
            (CertificateError::Expired, "expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidForName, "another host"),
            (CertificateError::UnknownIssuer, "nobody known"),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::BadEncoding, "can't be verified"),
        ] {
            let failure = of_tls(&rustls::Error::InvalidCertificate(error));
            assert!(matches!(&failure, Failure::Hopeless { message } if message.contains(words)), "{failure:?}");
        }
        assert!(of_tls(&rustls::Error::HandshakeNotComplete).is_transient());
    }
}
