//! Categories of a kind.

use super::id::CategoryId;

/// A category, in the order in which the panel lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Category {
    /// The panel's id.
    pub id: CategoryId,
    /// The name, or `#id` if the panel sent none.
    pub name: String,
    /// The parent category, if the panel uses them. Few panels do.
    pub parent_id: Option<i64>,
}
