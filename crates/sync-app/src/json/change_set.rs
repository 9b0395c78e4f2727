//! The result of applying a change set.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Members;

/// The line of `changes apply --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Applied<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The result: `applied`, `already` (nothing was left to do), `refused`, or `partial` (the same set finishes it).
    pub status: Cow<'a, str>,
    /// Why the set was refused: `damaged`, `version`, `panel`, `from` or `to`; or why it ended early: `cancelled` or
    /// `store`. `None` otherwise.
    pub reason: Option<Cow<'a, str>>,
    /// The position after which the set begins, in the cache from which it was made; `None` for a set of everything, or
    /// if the file can't be read.
    pub from: Option<Position>,
    /// The position that the set reaches; `None` if the file can't be read.
    pub to: Option<Position>,
    /// The counts of each kind of the set.
    pub kinds: Members<'a, Counts>,
    /// The number of the run that the apply is; `None` if nothing was written.
    pub run: Option<i64>,
    /// The kinds of the set that this version doesn't know, by name.
    pub skipped: Vec<Cow<'a, str>>,
    /// The kinds of the set that the profile has switched off.
    pub off: Vec<Cow<'a, str>>,
}

/// A position in the feed of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Position {
    /// The random number of the feed.
    pub epoch: i64,
    /// The sequence number. Everything up to it is known.
    pub sequence: i64,
}

/// The seven counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// The number of items that are new in the cache.
    pub added: u64,
    /// The number of items of which a significant field differs.
    pub updated: u64,
    /// The number of items of which only display fields differ.
    pub refreshed: u64,
    /// The number of items whose rows were deleted.
    pub removed: u64,
    /// The number of items of which nothing differs.
    pub unchanged: u64,
    /// The number of items whose removal is held.
    pub held: u64,
    /// The number of elements that could not be read.
    pub skipped: u64,
}
