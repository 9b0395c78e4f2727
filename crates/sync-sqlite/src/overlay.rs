//! The overlay: edits, conflicts, filters and rewrite rules.

use sync_core::overlay::{EditedItem, ImportReport, OverlayRules, RuleChange};
use sync_core::{
    ChangedItem, ContentKind, EditCounts, EditQuery, EditRequest, NamedItem, OverlayError, ProfileId, ResolveRequest,
    StoreError,
};

use crate::store::SqliteStore;

fn not_yet<T, E: From<StoreError>>() -> Result<T, E> {
    Err(StoreError::Refused("not built yet".to_owned()).into())
}

impl SqliteStore {
    /// Returns the edited items of a profile; see [`sync_core::Overlay::edited`].
    pub fn edited_blocking(&self, _: &ProfileId, _: &EditQuery) -> Result<Vec<EditedItem>, StoreError> {
        not_yet()
    }

    /// Returns the number of edits; see [`sync_core::Overlay::edit_counts`].
    pub fn edit_counts_blocking(&self, _: &ProfileId) -> Result<EditCounts, StoreError> {
        not_yet()
    }

    /// Edits items; see [`sync_core::Overlay::edit`].
    pub fn edit_blocking(&self, _: &ProfileId, _: &EditRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        not_yet()
    }

    /// Answers conflicts; see [`sync_core::Overlay::resolve`].
    pub fn resolve_blocking(&self, _: &ProfileId, _: &ResolveRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        not_yet()
    }

    /// Returns the rules; see [`sync_core::Overlay::rules`].
    pub fn rules_blocking(&self, _: &ProfileId) -> Result<OverlayRules, StoreError> {
        not_yet()
    }

    /// Changes the rules of a kind; see [`sync_core::Overlay::change_rules`].
    pub fn change_rules_blocking(
        &self,
        _: &ProfileId,
        _: ContentKind,
        _: Vec<RuleChange>,
    ) -> Result<OverlayRules, OverlayError> {
        not_yet()
    }

    /// Returns what rules look at; see [`sync_core::Overlay::named_items`].
    pub fn named_items_blocking(&self, _: &ProfileId, _: ContentKind) -> Result<Vec<NamedItem>, StoreError> {
        not_yet()
    }

    /// Adds edits from elsewhere; see [`sync_core::Overlay::import`].
    pub fn import_blocking(&self, _: &ProfileId, _: Vec<EditedItem>, _: i64) -> Result<ImportReport, OverlayError> {
        not_yet()
    }
}
