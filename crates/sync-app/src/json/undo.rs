//! The result of an undo.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Members;

/// The line of `undo --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum UndoLine<'a> {
    /// The run was undone, or would be with `--dry-run`.
    Done(Undo<'a>),
    /// The undo was refused; nothing was changed.
    Refused(RefusedUndo<'a>),
}

/// An undo that was done, or that would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Undo<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The number of the run that the undo is itself; `None` with `--dry-run`.
    pub run: Option<i64>,
    /// The number of the run that was undone.
    pub of: i64,
    /// The numbers of items of each kind that the undo concerns.
    pub kinds: Members<'a, UndoCounts>,
}

/// The numbers of items of a kind that an undo has put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UndoCounts {
    /// The number of items that are back.
    pub added: u64,
    /// The number of items that have the values of before.
    pub updated: u64,
    /// The number of items that are gone again.
    pub removed: u64,
    /// The number of items whose removal is held.
    pub held: u64,
}

/// An undo that was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefusedUndo<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The number of the run that was to be undone; `None` if there is none.
    pub of: Option<i64>,
    /// Why it was refused: `nothing`, `later_run`, `later_edit`, `first_load`, `no_values` or `pruned`.
    pub refused: Cow<'a, str>,
    /// Items that something later has changed.
    pub items: Vec<ChangedLater<'a>>,
}

/// An item that something later has changed, so that a run can't be undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangedLater<'a> {
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id.
    pub id: i64,
    /// The name; `None` if it is not known.
    pub name: Option<Cow<'a, str>>,
    /// The number of the later run; `None` if the change was made by hand.
    pub run: Option<i64>,
}
