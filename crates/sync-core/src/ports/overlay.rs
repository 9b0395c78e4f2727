//! The port to the overlay: edits of items, conflicts, filters and rewrite rules.

use async_trait::async_trait;

use crate::model::{CategorySet, ContentId, ContentKind, ProfileId};
use crate::overlay::{EditField, EditOp, EditedItem, ImportReport, InvalidEdit, InvalidRule, OverlayRules, RuleChange};
use crate::ports::store::StoreError;

/// Keeps the user's changes of the items of a profile, and the rules about what is shown.
///
/// # Contract
///
/// - No sync writes an edit, except that an edit ends or gets a conflict as [`overlay`](crate::overlay) decides, and
///   follows an item that is certainly listed under another id. An edit survives the update, the removal and the return
///   of its item, a clear, and another address of the panel. It is deleted with its profile.
/// - An edit belongs to the item's row as it is when the call is carried out. No call needs a lease, and none waits for
///   a run; each is one transaction. Neither a run nor an edit beside it loses anything of the other.
/// - After each call, and after each apply, deletion, undo and clear, [`Catalogue`](crate::Catalogue) shows items as
///   their rows, the edits and the rules say.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Overlay: Send + Sync {
    /// Returns the edited items of a profile, by kind and ascending id.
    async fn edited(&self, profile: &ProfileId, query: EditQuery) -> Result<Vec<EditedItem>, StoreError>;

    /// Returns the number of edits of a profile, and the numbers of conflicts and offers.
    async fn edit_counts(&self, profile: &ProfileId) -> Result<EditCounts, StoreError>;

    /// Edits items: all of them, or none. Returns the items that changed, in the order of the request.
    ///
    /// # Errors
    ///
    /// [`OverlayError::UnknownItems`] for ids without a row and without edits, and [`OverlayError::Invalid`] and
    /// [`OverlayError::TooManyEdits`] for an edit that exceeds a limit.
    async fn edit(&self, profile: &ProfileId, request: EditRequest) -> Result<Vec<ChangedItem>, OverlayError>;

    /// Answers conflicts. Returns the items whose conflict has ended.
    ///
    /// - Keeping the user's value makes the panel's present value its base. Only another change of the panel is a
    ///   conflict again. An offered item is declined.
    /// - Taking the panel's value ends the edit. The edits of an item that is gone move to the offered item.
    ///
    /// # Errors
    ///
    /// [`OverlayError::UnknownItems`] for ids without a conflict.
    async fn resolve(&self, profile: &ProfileId, request: ResolveRequest) -> Result<Vec<ChangedItem>, OverlayError>;

    /// Returns the filters and rewrite rules of a profile.
    async fn rules(&self, profile: &ProfileId) -> Result<OverlayRules, StoreError>;

    /// Changes the rules of a kind, one change after the other: all of them, or none. Returns the new rules.
    ///
    /// # Errors
    ///
    /// [`OverlayError::Rule`] says what is wrong.
    async fn change_rules(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        changes: Vec<RuleChange>,
    ) -> Result<OverlayRules, OverlayError>;

    /// Returns the panel's name and categories of every item of a kind, by ascending id. Rules look at these values.
    async fn named_items(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<NamedItem>, StoreError>;

    /// Adds edits from elsewhere, in one transaction. Each item is found as
    /// [`find_imported`](crate::overlay::find_imported) says. If there are two edits of a field, the later one stays.
    /// The base and the conflict of an edit come with it, and are judged against the row.
    ///
    /// # Errors
    ///
    /// The same as those of [`Self::edit`], except that an item without a row is no error.
    async fn import(&self, profile: &ProfileId, items: Vec<EditedItem>, at: i64) -> Result<ImportReport, OverlayError>;
}

/// A request for edited items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EditQuery {
    /// Only items of this kind; `None` for every kind.
    pub kind: Option<ContentKind>,
    /// Only items with these ids; `None` for all.
    pub ids: Option<Vec<ContentId>>,
    /// Only items with a conflict, or with an offered item.
    pub conflicts: bool,
}

impl EditQuery {
    /// Returns a request for every edited item.
    pub const fn all() -> Self {
        Self { kind: None, ids: None, conflicts: false }
    }

    /// Returns a request for the items with a conflict or an offered item.
    pub const fn conflicts() -> Self {
        Self { kind: None, ids: None, conflicts: true }
    }

    /// Returns a request for the items of a kind with these ids.
    pub const fn of_items(kind: ContentKind, ids: Vec<ContentId>) -> Self {
        Self { kind: Some(kind), ids: Some(ids), conflicts: false }
    }
}

/// The number of edits of a profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EditCounts {
    /// The number of edits, of all kinds and fields.
    pub edits: u64,
    /// The number of edits that conflict with the panel's value.
    pub conflicts: u64,
    /// The number of items that are gone and have an offer.
    pub offers: u64,
}

impl EditCounts {
    /// Returns these counts.
    pub const fn new(edits: u64, conflicts: u64, offers: u64) -> Self {
        Self { edits, conflicts, offers }
    }
}

/// Changes to make to items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditRequest {
    /// The kind.
    pub kind: ContentKind,
    /// The items.
    pub ids: Vec<ContentId>,
    /// The changes to make to each item, in this order.
    pub ops: Vec<EditOp>,
    /// The time, in unix seconds.
    pub at: i64,
}

/// An answer to conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveRequest {
    /// The kind; `None` for every kind.
    pub kind: Option<ContentKind>,
    /// The items; `None` for every item with a conflict or an offered item.
    pub ids: Option<Vec<ContentId>>,
    /// Whether the panel's value is taken, or the user's is kept.
    pub take_panel: bool,
    /// The time, in unix seconds.
    pub at: i64,
}

/// An item that a call has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedItem {
    /// The kind.
    pub kind: ContentKind,
    /// The panel's id.
    pub id: ContentId,
    /// The changed fields. There are none if the item stayed as it was.
    pub changed: Vec<EditField>,
}

/// The panel's name and categories of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedItem {
    /// The panel's id.
    pub id: ContentId,
    /// The name.
    pub name: String,
    /// The categories.
    pub categories: CategorySet,
    /// Whether the user has hidden it.
    pub hidden: bool,
}

/// An edit or a rule that could not be written. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OverlayError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// These items have no row and no edits, or have no conflict.
    #[error("{} of the items are not there", .0.len())]
    UnknownItems(Vec<ContentId>),
    /// A value exceeds a limit.
    #[error(transparent)]
    Invalid(#[from] InvalidEdit),
    /// The profile would have more than [`EDITS_MAX`](crate::overlay::EDITS_MAX) edits.
    #[error("a profile has at most {} edits", crate::overlay::EDITS_MAX)]
    TooManyEdits,
    /// The rule can't be used.
    #[error(transparent)]
    Rule(#[from] InvalidRule),
}
