//! Changes, and items that are new.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Members, Raw};

/// A line of `changes --json`: an entry of the change log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Change<'a> {
    /// The random number of the feed. Positions of another epoch have no meaning.
    pub epoch: i64,
    /// The position of the entry in the feed.
    pub sequence: i64,
    /// The number of the run; `None` if the change was made, answered or imported by hand.
    pub run: Option<i64>,
    /// The time of the change.
    pub at: i64,
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id of the item; `None` for `loaded`.
    pub id: Option<i64>,
    /// The id of the series of an episode; 0 for everything else.
    pub parent: i64,
    /// The change: `loaded`, `added`, `returned`, `updated`, `removed`, `undone`, or the end of an edit: `converged` or
    /// `overruled`.
    pub change: Cow<'a, str>,
    /// The name of the item; `None` for `loaded`.
    pub name: Option<Cow<'a, str>>,
    /// The columns that the change concerns, each with its values; `None` in place of the values in entries of versions
    /// that kept none.
    pub fields: Members<'a, Option<BeforeAndAfter>>,
    /// The change that was taken back. Only `undone` has the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<Cow<'a, str>>,
}

/// The values of a column around a change. For the end of an edit, they are the user's and the panel's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BeforeAndAfter {
    /// The value before the change; `null` for a row that was not there.
    pub before: Raw,
    /// The value after the change; `null` for a row that is gone.
    pub after: Raw,
}

/// A line of `new --json`: an item that is new, or that has returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewItem<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id of the category; `None` if the item has none.
    pub category: Option<Cow<'a, str>>,
    /// The name of the category; `None` if it has none, or if the panel doesn't list it.
    pub category_name: Option<Cow<'a, str>>,
    /// The id.
    pub id: i64,
    /// The name.
    pub name: Cow<'a, str>,
    /// The year; `None` if the panel doesn't say.
    pub year: Option<i64>,
    /// The time at which the item was first listed, or listed again.
    pub at: i64,
    /// Whether the item was removed before and has returned.
    pub returned: bool,
}
