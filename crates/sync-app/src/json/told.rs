//! What a hook is told.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Kinds, NamedItem, PlannedItem, Report};

/// The line that a hook of `watch` gets on standard input, or as the body of a request: the result of a run, and what
/// has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Told<'a, I = Vec<PlannedItem<'a>>> {
    /// The result. Its members are members of this object.
    #[serde(flatten)]
    pub report: Report<'a, I>,
    /// The number of the run, as in `history`; `None` if the run has no record.
    pub run: Option<i64>,
    /// The first items of each sort of change, 20 at most. The first list of a kind names none.
    pub changes: Kinds<NamedChanges<'a>>,
    /// The numbers of the items that are not named.
    pub more: Kinds<UnnamedChanges>,
    /// All of it as a line for people.
    pub text: Cow<'a, str>,
}

/// The named items of each sort of change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NamedChanges<'a> {
    /// Items that are new or have returned.
    pub added: Vec<NamedItem<'a>>,
    /// Items that were updated.
    pub updated: Vec<NamedItem<'a>>,
    /// Items that were removed.
    pub removed: Vec<NamedItem<'a>>,
}

/// The numbers of items that are not named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnnamedChanges {
    /// The number of further items that are new or have returned.
    pub added: u64,
    /// The number of further items that were updated.
    pub updated: u64,
    /// The number of further items that were removed.
    pub removed: u64,
}
