//! What a change set says: which states it leads from and to, and the rows between them.

use super::hash::ContentHash;
use super::identity::PanelIdentity;
use super::order::OrderChange;
use crate::model::{Category, ContentId, ContentKind, FieldSet, Item};

/// What stands at the beginning of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetHeader {
    /// The panel whose content it is.
    pub panel: PanelIdentity,
    /// When the set was made, in unix seconds.
    pub made_at: i64,
    /// Whether the fields that have no part in the hash are in it.
    pub has_display: bool,
    /// The kinds, in the order in which they follow.
    pub kinds: Vec<KindChange>,
}

/// How a kind gets from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindChange {
    /// The kind.
    pub kind: ContentKind,
    /// The state that the set can be applied to.
    pub from: Place,
    /// The state after it.
    pub to: Place,
    /// The panel's clock at the start of the last listing, in unix seconds; `None` if there was none.
    pub listed_at: Option<i64>,
    /// The number of rows that are new.
    pub new: u64,
    /// The number of rows that have changed.
    pub changed: u64,
    /// The number of rows that are gone.
    pub gone: u64,
}

/// A state of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The epoch of the feed; 0 for the state before the first listing. It only informs.
    pub epoch: i64,
    /// The position in the feed. It only informs.
    pub sequence: i64,
    /// The hash of the content. It decides.
    pub hash: ContentHash,
}

impl Place {
    /// The state before the first listing.
    pub const EMPTY: Self = Self { epoch: 0, sequence: 0, hash: ContentHash::EMPTY };
}

/// A part of what a set says of a kind. The rows come first, by rising id; then the categories; then the order.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A row that is new. The login is replaced by placeholders.
    New(Item),
    /// Fields of a row.
    Changed(ChangedRow),
    /// A row that is gone.
    Gone(ContentId),
    /// All categories of the kind, in the panel's order.
    Categories(Vec<Category>),
    /// The order of the listing, if it differs by more than the rows that are gone.
    Order(OrderChange),
}

/// The fields of a row that have other values.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedRow {
    /// The values. Fields that are not in `fields` mean nothing.
    pub item: Item,
    /// The fields. One without a value is cleared.
    pub fields: FieldSet,
}
