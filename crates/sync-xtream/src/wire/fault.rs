//! The error of an answer.

use sync_core::SourceError;
use sync_core::source::{AnswerFault, Denial};

use crate::credentials::Credentials;
use crate::words::Message;

/// The error of an answer, in words that contain no address. Words of the panel are quotes within the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The kind of error.
    pub(crate) what: AnswerFault,
    /// The description.
    pub(crate) message: Message,
    /// Whether the answer says that the login is refused.
    pub(crate) refused: bool,
    /// Whether the login is refused because of the account's state, whatever the password is.
    pub(crate) by_state: bool,
}

impl Fault {
    pub(crate) fn new(what: AnswerFault, message: impl Into<Message>) -> Self {
        Self { what, message: message.into(), refused: false, by_state: false }
    }

    pub(crate) fn refused(message: impl Into<Message>) -> Self {
        Self { refused: true, ..Self::new(AnswerFault::AccountObject, message) }
    }

    pub(crate) fn refused_by_state(message: impl Into<Message>) -> Self {
        Self { by_state: true, ..Self::refused(message) }
    }

    /// Returns the error without the login, so that it may be shown.
    pub(crate) fn into_error(self, credentials: &Credentials) -> SourceError {
        let message = self.message.shown(credentials);
        match (self.refused, self.by_state) {
            (false, _) => SourceError::Unusable { fault: self.what, message },
            (true, false) => SourceError::Refused { message },
            (true, true) => SourceError::Denied { denial: Denial::Account, message },
        }
    }
}
