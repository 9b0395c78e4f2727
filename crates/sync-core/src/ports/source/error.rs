//! The errors of a source, by what a caller can do about them.

use super::causes::{Denial, Obstacle};
use crate::error::{ErrorClass, ErrorCode, with_causes};
use crate::hint::Hint;

/// The error of a source, by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The panel could not be reached, or failed in every attempt. A later attempt may succeed.
    #[error("the panel is unreachable or out of order: {message}")]
    Unreachable {
        /// What happened, without addresses.
        message: String,
        /// The number of attempts.
        attempts: u32,
        /// Whether the answer seems to have been too much for the panel: status 504 or 524, no answer in time, or no
        /// end of it in time. A smaller request may succeed.
        overloaded: bool,
    },
    /// Something on the way to the panel has to be repaired. The panel itself was asked for nothing.
    #[error("the panel is unreachable or out of order: {message}")]
    Obstructed {
        /// The obstacle.
        obstacle: Obstacle,
        /// What happened, without addresses.
        message: String,
        /// The number of attempts.
        attempts: u32,
    },
    /// The panel refuses the credentials. They, or the account, have to change.
    #[error("the panel refuses the login: {message}")]
    Refused {
        /// What the panel said.
        message: String,
    },
    /// The login is refused for a reason that is not, or may not be, the credentials.
    #[error("the panel refuses the login: {message}")]
    Denied {
        /// The reason.
        denial: Denial,
        /// What the source has seen.
        message: String,
    },
    /// The panel's answer is not what was asked for.
    #[error("the panel's answer is not usable: {message}")]
    Unusable {
        /// The error of the answer.
        fault: AnswerFault,
        /// What the source has seen, without addresses.
        message: String,
    },
    /// The listing was too slow to be complete before its deadline, and was stopped. It is not asked for again in this
    /// run.
    #[error("the listing comes too slowly: {message}")]
    TooSlow {
        /// Rate, size and deadline.
        message: String,
    },
    /// The source doesn't offer this operation. The caller goes on without it.
    #[error("the source can't do this")]
    Unsupported,
    /// Another error inside the source.
    #[error("the source failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The error of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerFault {
    /// The status is an error that no repetition repairs, such as 403.
    Status,
    /// The status says that the panel doesn't know this request for a listing: 400, 404 and similar ones.
    UnknownRequest,
    /// The port is for encrypted connections, and was asked without encryption.
    EncryptedPort,
    /// The answer has not a single byte.
    Empty,
    /// The answer is a web page.
    Html,
    /// The answer is text that is not JSON, such as `Blocked`.
    NotJson,
    /// The answer is JSON but not a list: `null`, `false`, a number or a text.
    NotAList,
    /// The answer is the account instead of a list. The panel doesn't know the request.
    AccountObject,
    /// The answer is an object with `error`.
    ErrorObject,
    /// The answer is another object that is not a list.
    OtherObject,
    /// The list has no element that is an item of the kind.
    WrongItems,
    /// The answer broke off before its end in every attempt.
    Truncated,
    /// The answer exceeds a limit of bytes, of elements, or of its head.
    TooLarge,
    /// The answer is a redirect that is not followed.
    Redirect,
    /// The answer is another list than that of the category that was asked for.
    FilterIgnored,
}

impl AnswerFault {
    /// Returns the code used in reports.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Status | Self::UnknownRequest | Self::EncryptedPort => ErrorCode::HttpStatus,
            Self::Empty => ErrorCode::EmptyBody,
            Self::Html => ErrorCode::HtmlPage,
            Self::NotJson => ErrorCode::NotJson,
            Self::NotAList => ErrorCode::NotAList,
            Self::AccountObject => ErrorCode::AccountObject,
            Self::ErrorObject | Self::OtherObject => ErrorCode::ErrorObject,
            Self::WrongItems => ErrorCode::WrongItems,
            Self::Truncated => ErrorCode::Truncated,
            Self::TooLarge => ErrorCode::TooLarge,
            Self::Redirect => ErrorCode::RedirectRefused,
            Self::FilterIgnored => ErrorCode::FilterIgnored,
        }
    }

    const fn hint(self) -> Hint {
        match self {
            Self::EncryptedPort => Hint::UseHttps,
            Self::Status | Self::Html | Self::NotJson | Self::Empty => Hint::CheckAddressOrUserAgent,
            Self::WrongItems => Hint::ReportWrongItems,
            Self::AccountObject | Self::UnknownRequest => Hint::KindNotOffered,
            Self::Truncated => Hint::SyncAfterTruncation,
            Self::TooLarge => Hint::RaiseLimit,
            Self::Redirect => Hint::CheckRedirect,
            Self::FilterIgnored => Hint::NextSyncAsksForAll,
            Self::NotAList | Self::ErrorObject | Self::OtherObject => Hint::ReportToProvider,
        }
    }
}

impl SourceError {
    /// Returns an error of the adapter for which there is no other variant.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// Returns the code used in reports.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Unreachable { .. } | Self::Obstructed { .. } => ErrorCode::PanelUnreachable,
            Self::Refused { .. } | Self::Denied { denial: Denial::Status, .. } => ErrorCode::LoginRefused,
            Self::Denied { denial: Denial::HttpLogin, .. } => ErrorCode::HttpLoginRequired,
            Self::Denied { denial: Denial::Account, .. } => ErrorCode::AccountInactive,
            Self::Unusable { fault, .. } => fault.code(),
            Self::TooSlow { .. } => ErrorCode::TooSlow,
            Self::Unsupported | Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// Returns what a caller can do about the error.
    pub fn class(&self) -> ErrorClass {
        self.code().class()
    }

    /// Returns whether the answer suggests that the panel doesn't offer the kind that it was asked for.
    pub const fn denies_the_kind(&self) -> bool {
        use AnswerFault::{AccountObject, ErrorObject, UnknownRequest};
        matches!(self, Self::Unusable { fault: AccountObject | ErrorObject | UnknownRequest, .. })
    }

    /// Returns what a person can do about the error.
    pub const fn hint(&self) -> Hint {
        match self {
            Self::Unreachable { .. } => Hint::SyncLater,
            Self::Obstructed { obstacle, .. } => obstacle.hint(),
            Self::Refused { .. } => Hint::CheckCredentials,
            Self::Denied { denial, .. } => denial.hint(),
            Self::Unusable { fault, .. } => fault.hint(),
            Self::TooSlow { .. } => Hint::RaiseDeadline,
            Self::Unsupported | Self::Internal(_) => Hint::ReportDefect,
        }
    }

    /// Returns the error and its causes on one line.
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ContentSource, ListingEvent};
    use super::*;

    #[test]
    fn the_port_is_object_safe_and_errors_can_travel() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<SourceError>();
        travels::<Box<dyn ContentSource>>();
        travels::<ListingEvent>();
    }

    #[test]
    fn an_error_has_a_hint() {
        let unusable = |fault| SourceError::Unusable { fault, message: String::new() };
        let obstructed = |obstacle| SourceError::Obstructed { obstacle, message: String::new(), attempts: 1 };
        let denied = |denial| SourceError::Denied { denial, message: String::new() };
        let cases = [
            (SourceError::Unreachable { message: String::new(), attempts: 4, overloaded: false }, "sync again later"),
            (SourceError::Refused { message: String::new() }, "check user name and password"),
            (unusable(AnswerFault::Html), "check the address"),
            (unusable(AnswerFault::Truncated), "sync again later"),
            (unusable(AnswerFault::TooLarge), "raise the limit"),
            (SourceError::internal("?"), "report it"),
            (SourceError::TooSlow { message: String::new() }, "longer deadline"),
            (unusable(AnswerFault::EncryptedPort), "https://"),
            (obstructed(Obstacle::PlainPort), "http://"),
            (obstructed(Obstacle::Encryption), "http://"),
            (obstructed(Obstacle::NotHttp), "https://"),
            (obstructed(Obstacle::OldEncryption), "TLS 1.2"),
            (obstructed(Obstacle::Certificate), "Without verification"),
            (obstructed(Obstacle::Network), "network"),
            (obstructed(Obstacle::Proxy), "NO_PROXY"),
            (obstructed(Obstacle::ProxyKind), "socks5h://"),
            (denied(Denial::HttpLogin), "in front of the panel"),
            (denied(Denial::Account), "renewed"),
        ];
        for (error, hint) in cases {
            assert!(error.hint().as_str().contains(hint), "{error:?}: {}", error.hint());
        }
    }

    /// The hint names the user agent if a filter may be the cause.
    #[test]
    fn field_03_hints_name_the_user_agent_where_a_filter_may_be_the_cause() {
        let unusable = |fault| SourceError::Unusable { fault, message: String::new() };
        let message = String::new;
        for filtered in [
            SourceError::Denied { denial: Denial::Status, message: message() },
            SourceError::Unreachable { message: message(), attempts: 4, overloaded: false },
            unusable(AnswerFault::Status),
            unusable(AnswerFault::Html),
            unusable(AnswerFault::NotJson),
            unusable(AnswerFault::Empty),
            unusable(AnswerFault::Redirect),
        ] {
            assert!(filtered.hint().as_str().contains("user agent"), "{filtered:?}");
        }
        for other in [
            SourceError::Refused { message: message() },
            SourceError::Denied { denial: Denial::Account, message: message() },
            SourceError::Obstructed { obstacle: Obstacle::Network, message: message(), attempts: 4 },
        ] {
            assert!(!other.hint().as_str().contains("user agent"), "{other:?}");
        }
    }
}
