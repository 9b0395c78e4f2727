//! The waits of a source. They explain to an observer why nothing arrives.

use std::time::Duration;

/// A wait of a source before a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Wait {
    /// The reason of the wait.
    pub cause: WaitCause,
    /// The duration of the wait, from its beginning.
    #[cfg_attr(feature = "serde", serde(rename = "duration_ms", serialize_with = "crate::serialise::milliseconds"))]
    pub duration: Duration,
}

impl Wait {
    /// Returns a wait.
    pub const fn new(cause: WaitCause, duration: Duration) -> Self {
        Self { cause, duration }
    }
}

/// The reason of a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum WaitCause {
    /// A request failed, and is sent again after the wait.
    Retry {
        /// The number of the next attempt, from 2.
        attempt: u32,
        /// The greatest number of attempts.
        attempts: u32,
        /// What failed, in words, without credentials.
        error: String,
        /// Whether the panel has asked for the wait.
        asked: bool,
    },
    /// The panel has asked for a pause.
    Asked,
    /// The source waits so that it sends no more requests per second than it may, or than the panel accepts.
    Pace,
    /// The panel has refused a request because there were too many.
    Refused,
    /// Another run asks the account. The account is checked again after the wait.
    AccountInUse,
}

/// A receiver of the waits of a source.
pub trait WaitObserver: Send + Sync {
    /// Takes a wait that begins now. It is called in the middle of a request and must not block.
    fn waits(&self, wait: Wait);
}

/// This receiver ignores every wait.
impl WaitObserver for () {
    fn waits(&self, _: Wait) {}
}
