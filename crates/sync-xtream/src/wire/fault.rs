//! What is wrong with an answer.

use sync_core::SourceError;
use sync_core::source::{AnswerFault, Denial};

use crate::credentials::Credentials;
use crate::words::Message;

/// What is wrong with an answer, in words that hold no address. Words of the panel are quotes within the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What it is.
    pub(crate) what: AnswerFault,
    /// What was seen.
    pub(crate) message: Message,
    /// Whether the answer says that the login is refused.
    pub(crate) refused: bool,
    /// Whether it is refused because of the account's state, whatever the password is.
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

    /// The fault as an error that may be shown: without the login.
    pub(crate) fn into_error(self, credentials: &Credentials) -> SourceError {
        let message = self.message.shown(credentials);
        match (self.refused, self.by_state) {
            (false, _) => SourceError::Unusable { fault: self.what, message },
            (true, false) => SourceError::Refused { message },
            (true, true) => SourceError::Denied { denial: Denial::Account, message },
        }
    }
}
