//! The runs of a profile.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Kind, Members};

/// A line of `history --json`: a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Run<'a> {
    /// The number of the run.
    pub run: i64,
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// How the run ended. It is `syncing` while the run is under way, and `interrupted` if it has no end.
    pub status: Cow<'a, str>,
    /// What started the run: `manual`, `schedule`, `once_due`, `undo`, `change_set`, `library` or `unknown`.
    pub trigger: Cow<'a, str>,
    /// The time of the start.
    pub started_at: i64,
    /// The time of the end; `None` if the run has not ended.
    pub finished_at: Option<i64>,
    /// The duration in milliseconds; `None` if the run has not ended.
    pub duration_ms: Option<u64>,
    /// The number of requests.
    pub requests: u64,
    /// The decompressed bytes of the answers.
    pub bytes: u64,
    /// The bytes as they came over the wire; `None` if their number is not known.
    pub wire_bytes: Option<u64>,
    /// The result of each kind that the run has reached.
    pub kinds: Members<'a, Kind<'a>>,
    /// The first error; `None` if there was none.
    pub error: Option<RunError<'a>>,
}

/// The error of a run that is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunError<'a> {
    /// The stable name of the error.
    pub code: Cow<'a, str>,
    /// What happened, for people.
    pub message: Cow<'a, str>,
}
