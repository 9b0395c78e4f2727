//! What a check of the cache has found.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{PlannedItem, Report};

/// A line of `check --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum CheckLine<'a> {
    /// The check of a profile, or of what belongs to no profile.
    Checked(Box<Checked<'a>>),
    /// The file itself is damaged, so nothing else was checked.
    Damaged(Damaged<'a>),
}

/// The result of the check of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Checked<'a, I = Vec<PlannedItem<'a>>> {
    /// The id of the profile; `None` for findings of the cache as a whole.
    pub profile: Option<Cow<'a, str>>,
    /// The result: `sound` or `inconsistent`.
    pub status: Cow<'a, str>,
    /// The findings.
    pub findings: Vec<Finding<'a>>,
    /// The dry run that has compared the cache with the panel. Only lines of `check --panel` have the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panel: Option<Report<'a, I>>,
}

/// Something in the cache that contradicts itself.
///
/// The members have the order in which they have always been printed, which is that of the alphabet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding<'a> {
    /// The stable name of what is wrong.
    pub code: Cow<'a, str>,
    /// The number of cases.
    pub count: u64,
    /// The first cases: ids, or other names.
    pub examples: Vec<Cow<'a, str>>,
    /// The kind; `None` if the finding concerns the profile or the cache as a whole.
    pub kind: Option<Cow<'a, str>>,
    /// Whether the check has marked the kind, so that its next run compares every item.
    pub marked: bool,
    /// Whether the check itself has put it right.
    pub mended_by_check: bool,
    /// Whether a sync puts it right.
    pub mended_by_sync: bool,
    /// What is wrong, for people.
    pub message: Cow<'a, str>,
}

/// The result for a file that SQLite calls damaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Damaged<'a> {
    /// What is damaged, in the words of SQLite.
    pub damage: Vec<Cow<'a, str>>,
    /// Always `None`: the file has all profiles.
    pub profile: Option<Cow<'a, str>>,
    /// The result, which is `damaged`.
    pub status: Cow<'a, str>,
}
