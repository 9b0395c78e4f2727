//! The plan: the changes that a dry run would have written, item by item.

use crate::model::{ContentId, ContentKind, FieldSet};
use crate::removal::guard::HoldReason;
use crate::removal::held::HeldRemoval;

/// The changes that a run would make to a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindPlan {
    /// The kind.
    pub kind: ContentKind,
    /// New items, in the panel's order.
    pub added: Vec<PlannedItem>,
    /// Items whose significant fields differ, in the panel's order.
    pub updated: Vec<PlannedUpdate>,
    /// Items that would be removed, by id.
    pub removed: Vec<PlannedItem>,
    /// Items that would stay although they are missing, by id.
    pub held: Vec<PlannedRemoval>,
    /// Items that differ from their rows although their elements are as before, in the panel's order. Another program
    /// has written to these rows. A run that trusts the index doesn't find them.
    pub foreign_edits: Vec<ContentId>,
}

impl KindPlan {
    /// Returns a plan without changes.
    pub const fn new(kind: ContentKind) -> Self {
        Self {
            kind,
            added: Vec::new(),
            updated: Vec::new(),
            removed: Vec::new(),
            held: Vec::new(),
            foreign_edits: Vec::new(),
        }
    }
}

impl KindPlan {
    /// Corrects the reasons of held items. `corrected` is sorted by kind and ascending id.
    pub(crate) fn correct_reasons(&mut self, corrected: &[(ContentKind, HeldRemoval)]) {
        for planned in &mut self.held {
            let at = (self.kind.ordinal(), planned.item.id);
            if let Ok(at) = corrected.binary_search_by_key(&at, |(kind, held)| (kind.ordinal(), held.id)) {
                planned.reason = corrected[at].1.reason;
            }
        }
    }
}

/// An item of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedItem {
    /// The id of the item.
    pub id: ContentId,
    /// The name of the item.
    pub name: String,
}

/// An item that would be updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedUpdate {
    /// The item, with its new name.
    pub item: PlannedItem,
    /// The fields that differ.
    pub fields: FieldSet,
}

/// An item whose removal would be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRemoval {
    /// The item.
    pub item: PlannedItem,
    /// The reason.
    pub reason: HoldReason,
}
