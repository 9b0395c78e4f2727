//! The plan: what a dry run would have written, item by item.

use crate::model::{ContentId, ContentKind, FieldSet};
use crate::removal::guard::HoldReason;
use crate::removal::held::HeldRemoval;

/// What a run would do to a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindPlan {
    /// The kind.
    pub kind: ContentKind,
    /// Items that are new, in the panel's order.
    pub added: Vec<PlannedItem>,
    /// Items of which significant fields differ, in the panel's order.
    pub updated: Vec<PlannedUpdate>,
    /// Items that would go, by id.
    pub removed: Vec<PlannedItem>,
    /// Items that would stay although they are missing, by id.
    pub held: Vec<PlannedRemoval>,
    /// Items whose rows differ although they are listed as they were, in the panel's order: somebody
    /// else has written to them. A run that trusts the index doesn't see them.
    pub foreign_edits: Vec<ContentId>,
}

impl KindPlan {
    /// A plan that does nothing.
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
    /// Tells anew why items are held; `told` are by kind and rising id.
    pub(crate) fn hold_anew(&mut self, told: &[(ContentKind, HeldRemoval)]) {
        for planned in &mut self.held {
            let at = (self.kind.ordinal(), planned.item.id);
            if let Ok(at) = told.binary_search_by_key(&at, |(kind, held)| (kind.ordinal(), held.id)) {
                planned.reason = told[at].1.reason;
            }
        }
    }
}

/// An item of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedItem {
    /// Its id.
    pub id: ContentId,
    /// Its name.
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
    /// Why.
    pub reason: HoldReason,
}
