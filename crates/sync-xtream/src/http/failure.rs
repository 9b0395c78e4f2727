//! The failures of an attempt, in our own words.
//!
//! The texts of the HTTP client contain addresses, and addresses contain credentials. So these texts are never passed
//! on: an error is examined and described in new words.

mod connecting;
mod transport;

use std::borrow::Cow;
use std::time::Duration;

use reqwest::StatusCode;
use sync_core::SourceError;
use sync_core::source::{AnswerFault, Denial, Obstacle};

use super::redirect::RefusedRedirect;
use crate::api::endpoint::Endpoint;

pub(crate) use connecting::Way;
pub(crate) use transport::is_broken_connection;

/// The reason why an attempt failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is no usable answer, but another attempt may succeed. `overloaded` says that a smaller request might have
    /// been easier for the panel.
    Transient { message: String, retry_after: Option<Duration>, overloaded: bool, cause: Cause },
    /// The answer broke off, and another attempt may succeed. If the data is damaged, an attempt without compression is
    /// more likely to.
    Truncated { message: String, damaged: bool },
    /// Something is in the way, and the panel was asked nothing. If it is `lasting`, another attempt would fail as
    /// well.
    Obstructed { obstacle: Obstacle, message: String, lasting: bool },
    /// The answer is a redirect that is not followed.
    Redirect(RefusedRedirect),
    /// Another attempt would fail as well.
    Permanent(SourceError),
}

/// The reason why an attempt that may be repeated has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The answer had this status.
    Status(u16),
    /// The connection broke after it was made.
    Broken,
    /// The answer took too long.
    Slow,
}

impl Failure {
    #[cfg(test)]
    pub(crate) fn transient(message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::Transient { message: message.into(), retry_after, overloaded: false, cause: Cause::Slow }
    }

    /// Returns the failure of a connection that broke before an answer came.
    fn broken(message: impl Into<String>) -> Self {
        Self::Transient { message: message.into(), retry_after: None, overloaded: false, cause: Cause::Broken }
    }

    /// Returns the failure of an answer that took too long. `overloaded` says that the panel is to blame.
    pub(crate) fn slow(message: impl Into<String>, overloaded: bool) -> Self {
        Self::Transient { message: message.into(), retry_after: None, overloaded, cause: Cause::Slow }
    }

    pub(crate) fn truncated(message: impl Into<String>) -> Self {
        Self::Truncated { message: message.into(), damaged: false }
    }

    pub(crate) fn unusable(fault: AnswerFault, message: impl Into<String>) -> Self {
        Self::Permanent(SourceError::Unusable { fault, message: message.into() })
    }

    pub(crate) fn denied(denial: Denial, message: impl Into<String>) -> Self {
        Self::Permanent(SourceError::Denied { denial, message: message.into() })
    }

    /// Returns the failure for an obstacle that may pass.
    fn obstructed(obstacle: Obstacle, message: impl Into<String>) -> Self {
        Self::Obstructed { obstacle, message: message.into(), lasting: false }
    }

    /// Returns the failure for an obstacle that a person has to remove.
    pub(crate) fn barred(obstacle: Obstacle, message: impl Into<String>) -> Self {
        Self::Obstructed { obstacle, message: message.into(), lasting: true }
    }

    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. } | Self::Truncated { .. } | Self::Obstructed { lasting: false, .. })
    }

    /// Returns a description if a filter that doesn't know the client may have caused the failure. A filter is not the
    /// cause of the panel's own answers, which are a refusal, 429 or a time to wait, nor of a connection that was never
    /// made.
    pub(crate) fn like_a_filter(&self) -> Option<String> {
        use AnswerFault::{Empty, Html, NotJson, Redirect, Status, UnknownRequest};
        match self {
            Self::Transient { cause: Cause::Status(code), retry_after: None, .. } if *code != 429 => {
                Some(code.to_string())
            }
            Self::Transient { cause: Cause::Broken, .. } | Self::Truncated { .. } => Some("broken".to_owned()),
            Self::Permanent(
                error @ (SourceError::Denied { denial: Denial::Status, .. }
                | SourceError::Unusable {
                    fault: Status | UnknownRequest | Html | NotJson | Empty | Redirect,
                    ..
                }),
            ) => Some(error.to_string()),
            Self::Redirect(refused) if refused.may_depend_on_the_client() => Some(refused.words().to_owned()),
            Self::Transient { .. } | Self::Obstructed { .. } | Self::Redirect(_) | Self::Permanent(_) => None,
        }
    }

    /// Returns whether the connection broke before an answer came.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Transient { cause: Cause::Broken, .. })
    }

    /// Returns whether the cause may be an outage, which may have ended by now.
    pub(crate) fn may_be_an_outage(&self) -> bool {
        matches!(self, Self::Transient { cause: Cause::Status(_), .. })
    }

    /// Returns whether the panel itself refuses the login.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Permanent(SourceError::Refused { .. } | SourceError::Denied { denial: Denial::Account, .. })
        )
    }

    /// Returns whether the failure is about the login, even if another server than the panel says so.
    pub(crate) fn is_about_the_login(&self) -> bool {
        matches!(self, Self::Permanent(SourceError::Refused { .. } | SourceError::Denied { .. }))
    }

    /// Returns whether the bytes came and could not be inflated.
    pub(crate) fn is_damaged(&self) -> bool {
        matches!(self, Self::Truncated { damaged: true, .. })
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        if let Self::Transient { retry_after, .. } = self { *retry_after } else { None }
    }

    pub(crate) fn message(&self) -> Cow<'_, str> {
        match self {
            Self::Transient { message, .. } | Self::Truncated { message, .. } | Self::Obstructed { message, .. } => {
                message.into()
            }
            Self::Redirect(refused) => refused.words().into(),
            Self::Permanent(error) => error.code().to_string().into(),
        }
    }

    /// Returns the error after this number of attempts.
    pub(crate) fn into_error(self, attempts: u32) -> SourceError {
        match self {
            Self::Transient { message, overloaded, .. } => SourceError::Unreachable { message, attempts, overloaded },
            Self::Obstructed { obstacle, message, .. } => SourceError::Obstructed { obstacle, message, attempts },
            Self::Truncated { message, .. } => SourceError::Unusable { fault: AnswerFault::Truncated, message },
            Self::Redirect(refused) => {
                SourceError::Unusable { fault: AnswerFault::Redirect, message: refused.words().to_owned() }
            }
            Self::Permanent(error) => error,
        }
    }

    /// Returns the failure for an answer's status, or `None` if its body is to be read.
    pub(crate) fn from_status(endpoint: &Endpoint, status: StatusCode, retry_after: Option<Duration>) -> Option<Self> {
        let code = status.as_u16();
        let unusable = |words: &str| Self::unusable(AnswerFault::Status, format!("it answers {code}{words}"));
        Some(match code {
            200..=299 => return None,
            401 if endpoint.is_login() => Self::denied(Denial::Status, "it answers 401 to user name and password"),
            403 if endpoint.is_login() => {
                unusable(": it may have banned this computer's address, or it refuses this user agent")
            }
            404 if endpoint.is_login() => unusable(
                ": the address is wrong, or the panel hides behind it that user name or password are wrong, or that the account has expired",
            ),
            304 => unusable(": nobody asked whether anything has changed"),
            300..=399 => Self::unusable(AnswerFault::Redirect, format!("it answers {code} and sends elsewhere")),
            408 | 429 | 500..=599 => Self::Transient {
                message: format!("it answers {code}"),
                retry_after,
                overloaded: matches!(code, 504 | 524),
                cause: Cause::Status(code),
            },
            400 | 404 | 405 | 410 if endpoint.is_whole_listing() || endpoint.is_categories() => {
                let what = if endpoint.is_categories() { "categories" } else { "list" };
                let message = format!("it answers {code} to the request for the {what}");
                Self::unusable(AnswerFault::UnknownRequest, message)
            }
            407 => unusable(": the proxy asks for a login of its own"),
            454 => unusable(": it refuses this user agent"),
            458 => unusable(": the account is at its limit of connections"),
            _ => unusable(""),
        })
    }

    /// Returns the failure for an unknown host name.
    pub(crate) fn nameless() -> Self {
        Self::obstructed(Obstacle::Network, "the name of the host can't be found")
    }

    /// Returns the failure for headers that are too large.
    pub(crate) fn large_head() -> Self {
        Self::unusable(AnswerFault::TooLarge, "its head is larger than a head may be")
    }

    /// Returns the failure for bytes that can't be inflated.
    pub(crate) fn damaged(received: u64) -> Self {
        let message = format!("the answer broke off after {received} bytes: the compressed data is damaged");
        Self::Truncated { message, damaged: true }
    }
}

impl From<RefusedRedirect> for Failure {
    fn from(refused: RefusedRedirect) -> Self {
        Self::Redirect(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{ContentKind, Scope};

    /// Returns `r` for repeated, `l` for about the login, `s` for status, `e` for redirect, and `-` for none.
    fn verdict(endpoint: &Endpoint, code: u16) -> char {
        match Failure::from_status(endpoint, StatusCode::from_u16(code).unwrap(), None) {
            None => '-',
            Some(failure) if failure.is_transient() => 'r',
            Some(Failure::Permanent(SourceError::Denied { denial: Denial::Status, .. })) => 'l',
            Some(Failure::Permanent(SourceError::Unusable { fault: AnswerFault::Status, .. })) => 's',
            Some(Failure::Permanent(SourceError::Unusable { fault: AnswerFault::UnknownRequest, .. })) => 'u',
            Some(Failure::Permanent(SourceError::Unusable { fault: AnswerFault::Redirect, .. })) => 'e',
            Some(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_status_decides_about_a_repetition() {
        let codes =
            [200, 204, 302, 304, 400, 401, 403, 404, 408, 410, 429, 454, 456, 458, 500, 503, 511, 520, 600, 884, 999];
        let all = |endpoint: Endpoint| codes.map(|code| verdict(&endpoint, code)).into_iter().collect::<String>();
        assert_eq!(all(Endpoint::Account), "--esslssrsrsssrrrrsss");
        assert_eq!(all(Endpoint::Listing(Scope::whole(ContentKind::Movies))), "--esussurursssrrrrsss");
        assert_eq!(all(Endpoint::Categories(ContentKind::Movies)), "--esussurursssrrrrsss");
        let within = Some(sync_core::CategoryId("7".to_owned()));
        assert_eq!(all(Endpoint::Listing(Scope { kind: ContentKind::Movies, within })), "--esssssrsrsssrrrrsss");
    }

    #[test]
    fn field_04_every_status_but_429_may_be_that_of_a_filter() {
        let of_status =
            |code, wait| Failure::from_status(&Endpoint::Account, StatusCode::from_u16(code).unwrap(), wait);
        for code in [302, 400, 401, 403, 404, 406, 408, 410, 418, 444, 451, 454, 500, 502, 503, 520, 521, 884, 999] {
            assert!(of_status(code, None).unwrap().like_a_filter().is_some(), "{code}");
        }
        assert_eq!(of_status(429, None).unwrap().like_a_filter(), None);
        let wait = Some(Duration::from_secs(1));
        assert_eq!(of_status(503, wait).unwrap().like_a_filter(), None, "the panel asks for patience");
        for fault in [AnswerFault::Html, AnswerFault::NotJson, AnswerFault::Empty, AnswerFault::Redirect] {
            assert!(Failure::unusable(fault, "").like_a_filter().is_some(), "{fault:?}");
        }
        let elsewhere = Failure::Redirect(RefusedRedirect::Inside);
        for broken in [Failure::broken("reset"), Failure::truncated("cut"), Failure::damaged(5), elsewhere] {
            assert!(broken.like_a_filter().is_some(), "{broken:?}");
        }
        for other in [
            Failure::Redirect(RefusedRedirect::TooMany),
            Failure::Redirect(RefusedRedirect::OtherHost),
            Failure::nameless(),
            Failure::slow("slow", true),
            Failure::denied(Denial::HttpLogin, ""),
            Failure::denied(Denial::Account, ""),
            Failure::Permanent(SourceError::Refused { message: String::new() }),
            Failure::unusable(AnswerFault::ErrorObject, ""),
            Failure::unusable(AnswerFault::EncryptedPort, ""),
        ] {
            assert_eq!(other.like_a_filter(), None, "{other:?}");
        }
    }
}
