//! The content of a change set: the states between which it leads, and the rows that differ.

use super::hash::ContentHash;
use super::identity::PanelIdentity;
use super::order::OrderChange;
use crate::model::{Category, ContentId, ContentKind, FieldSet, Item};

/// The header of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetHeader {
    /// The panel from which the content comes.
    pub panel: PanelIdentity,
    /// The time at which the set was made, in unix seconds.
    pub made_at: i64,
    /// Whether the set has the fields that are not part of the hash.
    pub has_display: bool,
    /// The kinds, in the order in which they are in the set.
    pub kinds: Vec<KindChange>,
}

/// The change of a kind from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindChange {
    /// The kind.
    pub kind: ContentKind,
    /// The state to which the set can be applied.
    pub from: Place,
    /// The state after the set.
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
    /// The epoch of the feed; 0 for the state before the first listing. It is for information only.
    pub epoch: i64,
    /// The position in the feed. It is for information only.
    pub sequence: i64,
    /// The hash of the content. Only the hash decides whether a set fits.
    pub hash: ContentHash,
}

impl Place {
    /// The state before the first listing.
    pub const EMPTY: Self = Self { epoch: 0, sequence: 0, hash: ContentHash::EMPTY };
}

/// A part of a set about a kind. The rows come first, by ascending id; then the categories; then the order.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A row that is new. The login is replaced by placeholders.
    New(Item),
    /// Some fields of a row.
    Changed(ChangedRow),
    /// A row that is gone.
    Gone(ContentId),
    /// All categories of the kind, in the panel's order.
    Categories(Vec<Category>),
    /// The order of the listing, if it differs by more than the missing rows.
    Order(OrderChange),
}

/// The fields of a row whose values differ.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedRow {
    /// The values. Fields that are not in `fields` mean nothing.
    pub item: Item,
    /// The fields. A field without a value is cleared.
    pub fields: FieldSet,
}
