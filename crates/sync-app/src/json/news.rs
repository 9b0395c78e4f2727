//! What a run has found in the user's own changes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The findings of a run in the overlay of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OverlayNews<'a> {
    /// The edits that conflict with the panel, or that have ended.
    pub edits: Vec<EditNews<'a>>,
    /// The items whose edits follow them to another id, or may do so.
    pub moves: Vec<MoveNews<'a>>,
    /// The categories that are new, if the filter wants them to be told.
    pub new_categories: Vec<NewCategory<'a>>,
    /// The number of findings that are left out.
    pub more: u64,
}

/// An edit that conflicts, or that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EditNews<'a> {
    /// The id of the item.
    pub id: i64,
    /// The name of the item.
    pub name: Cow<'a, str>,
    /// The field.
    pub field: Cow<'a, str>,
    /// The outcome: `conflicts`, `converged` (the panel has the user's value now) or `overruled` (a rule has ended the
    /// edit in favour of the panel's value).
    pub outcome: Cow<'a, str>,
    /// The user's value: `true`, a number, a text or a list of texts.
    pub local: Value,
    /// The panel's value; `None` if the panel has none.
    pub panel: Option<Value>,
}

/// An item that the panel lists under another id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MoveNews<'a> {
    /// The id of before.
    pub from: i64,
    /// The id of now.
    pub to: i64,
    /// The name; `None` if it is not known.
    pub name: Option<Cow<'a, str>>,
    /// Whether it is certain that both are the same item. If not, the move waits for the user's answer.
    pub certain: bool,
}

/// A category that is new.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewCategory<'a> {
    /// The id.
    pub id: Cow<'a, str>,
    /// The name.
    pub name: Cow<'a, str>,
}
