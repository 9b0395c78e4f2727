//! The result of a sync.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Kinds, OverlayNews, Plan, PlannedItem};

/// A line of `sync --json` and of `watch --json`: the result of a profile's run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report<'a, I = Vec<PlannedItem<'a>>> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// How the run ended: `completed`, `partial`, `failed` or `cancelled`.
    pub status: Cow<'a, str>,
    /// Whether it was a dry run, which writes nothing. The member is left out otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The result of each kind.
    pub kinds: Kinds<Kind<'a, I>>,
    /// The errors of the run and of its kinds.
    pub errors: Vec<Error<'a>>,
    /// What a person should know although nothing failed. The member is left out if it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Cow<'a, str>>,
    /// What started the run: `manual`, `schedule`, `once_due`, `undo`, `change_set`, `library` or `unknown`.
    pub trigger: Cow<'a, str>,
    /// The bytes of all kinds as they came over the wire, compressed and without headers; `None` if they are not known.
    pub wire_bytes: Option<u64>,
}

/// The result of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kind<'a, I = Vec<PlannedItem<'a>>> {
    /// The mode: `full` or `incremental`.
    pub mode: Cow<'a, str>,
    /// The outcome: `completed`, `unchanged`, `held`, `failed`, `cancelled`, `skipped`, or `probed_unchanged` if a
    /// probe saw nothing new and the list was not fetched.
    pub outcome: Cow<'a, str>,
    /// The number of items that are new in the cache.
    pub added: u64,
    /// The number of items of which a significant field differs.
    pub updated: u64,
    /// The number of items of which only display fields differ, such as the rating.
    pub refreshed: u64,
    /// The number of items whose rows were deleted.
    pub removed: u64,
    /// The number of items of which nothing differs.
    pub unchanged: u64,
    /// The number of items that the panel no longer lists and whose rows stay for now.
    pub held: u64,
    /// The number of elements that could not be read.
    pub skipped: u64,
    /// The decompressed bytes of the answers.
    pub bytes: u64,
    /// The number of requests.
    pub requests: u64,
    /// The duration in milliseconds.
    pub duration_ms: u64,
    /// The error; `None` if the kind has not failed.
    pub error: Option<Error<'a>>,
    /// Whether the panel answered that the list is unchanged (304). The member is left out otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_modified: bool,
    /// The reason why removals are held. The member is left out if none is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_reason: Option<Cow<'a, str>>,
    /// The position of the first skipped element. The member is left out if none was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_at: Option<SkippedAt>,
    /// What the run would do. The member is left out unless it is a dry run that has reached the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan<I>>,
    /// Whether the profile has the kind switched off and the run didn't name it. The member is left out otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub switched_off: bool,
    /// What the run has found in the user's own changes. The member is left out if that is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay: Option<OverlayNews<'a>>,
}

/// A position in an answer of the panel, and the items around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkippedAt {
    /// The beginning of the element in the answer, in bytes.
    pub offset: u64,
    /// The id of the item before it; `None` if there is none.
    pub before: Option<i64>,
    /// The id of the item after it; `None` if there is none.
    pub after: Option<i64>,
}

/// An error of a run or of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Error<'a> {
    /// The stable name of the error, such as `truncated`.
    pub code: Cow<'a, str>,
    /// What happened, for people.
    pub message: Cow<'a, str>,
    /// What a person can do about it; empty if there is no advice.
    pub hint: Cow<'a, str>,
}
