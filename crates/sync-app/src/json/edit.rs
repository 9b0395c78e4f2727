//! The user's own changes: edits, conflicts, and imports.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::NamedItem;

/// A line of `edit --json`, of its short forms `favourite`, `hide`, `tag` and `watched`, and of `conflicts resolve
/// --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangedItem<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id of the item.
    pub id: i64,
    /// The fields that have changed; empty if none has.
    pub changed: Vec<Cow<'a, str>>,
}

/// A line of `conflicts --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ConflictLine<'a> {
    /// The panel has changed a field that the user has changed.
    Conflict(Conflict<'a>),
    /// An item that is gone may be another one now.
    Offer(Offer<'a>),
}

/// A field that both the user and the panel have changed. A value is `true`, a number, a text or a list of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conflict<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id of the item.
    pub id: i64,
    /// The panel's name of the item.
    pub name: Cow<'a, str>,
    /// The field.
    pub field: Cow<'a, str>,
    /// The panel's value at the time of the edit; `None` if it had none.
    pub base: Option<Value>,
    /// The user's value.
    pub local: Value,
    /// The panel's value of now; `None` if it has none.
    pub panel: Option<Value>,
    /// The time since when they conflict.
    pub since: i64,
    /// The rule of the field, which says whether the user's value stays or the conflict waits for an answer.
    pub rule: Cow<'a, str>,
}

/// An edited item that is gone, and another that may be the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Offer<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id of the item that is gone.
    pub id: i64,
    /// Its name.
    pub name: Cow<'a, str>,
    /// The other item.
    pub maybe: NamedItem<'a>,
}

/// A line of `conflicts --waiting --json`: edits of an item that the panel doesn't list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WaitingEdits<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id under which the item was listed.
    pub id: i64,
    /// The panel's name of the item.
    pub name: Cow<'a, str>,
    /// The number of its edits.
    pub edits: u64,
    /// The number of listed items that have the name.
    pub candidates: u64,
}

/// The line of `overlay import --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Imported<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The number of items that were found by their ids.
    pub matched_by_id: u64,
    /// The number of items that were found by their names.
    pub matched_by_name: u64,
    /// The number of items that were not found. Their edits are kept under their ids.
    pub unmatched: u64,
}
