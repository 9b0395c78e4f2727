//! What a dry run would do.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What a run would do with the items of a kind. It names every item, so it can be as long as the listing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan<I> {
    /// The items that would be added.
    pub added: I,
    /// The items that would be updated; each has its `fields`.
    pub updated: I,
    /// The items that would be removed.
    pub removed: I,
    /// The items that would be held; each has its `reason`.
    pub held: I,
}

/// An item of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedItem<'a> {
    /// The id.
    pub id: i64,
    /// The name.
    pub name: Cow<'a, str>,
    /// The fields that differ. Only an item that would be updated has the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<Cow<'a, str>>>,
    /// The reason why the removal would be held. Only an item that would be held has the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
}
