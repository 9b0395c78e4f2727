//! Implements the ports: runs every method of the store on a thread that may block.

use async_trait::async_trait;
use sync_core::catalogue::{
    Catalogue, ContentStatus, FeedPage, KnownItem, Page, PageRequest, Selected, Selection, SizedCategory,
};
use sync_core::maintenance::{Inspection, Maintenance};
use sync_core::overlay::{EditedItem, ImportReport, OverlayRules, RuleChange};
use sync_core::store::{ContentStore, KeptValidator, Lease, RunEnd, Staging, StoredIndex, SyncState};
use sync_core::{AccountKey, AccountPace, Entry, Paces};
use sync_core::{Category, CategoryId, ContentId, ContentKind, Item, Profile, ProfileId, Profiles, Scope, StoreError};
use sync_core::{ChangedItem, EditCounts, EditQuery, EditRequest, NamedItem, Overlay, OverlayError, ResolveRequest};
use sync_core::{Feed, HeldRemoval, KindHistory, PerKind, RunId, RunRecord, UndoOutcome, UndoRequest};
use sync_core::{Login, PanelIdentity, Snapshot, Snapshots};

use crate::staging::SqliteStaging;
use crate::store::SqliteStore;

#[async_trait]
impl ContentStore for SqliteStore {
    async fn ensure_profile(&self, profile: &ProfileId) -> Result<(), StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.ensure_profile_blocking(&profile)).await
    }

    async fn lease(&self, profile: &ProfileId) -> Result<Lease, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.lease_blocking(&profile)).await
    }

    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.start_run_blocking(&profile, fence, started_at)).await
    }

    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Result<(), StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.finish_run_blocking(&profile, &end)).await
    }

    async fn sync_state(&self, profile: &ProfileId) -> Result<SyncState, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.sync_state_blocking(&profile)).await
    }

    async fn index(&self, profile: &ProfileId, scope: Scope) -> Result<StoredIndex, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.index_blocking(&profile, &scope)).await
    }

    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Result<Option<KeptValidator>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.validator_blocking(&profile, kind)).await
    }

    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.rows_blocking(&profile, kind, &ids)).await
    }

    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<Category>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.categories_blocking(&profile, kind)).await
    }

    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Result<Vec<u64>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.category_sizes_blocking(&profile, kind, &categories)).await
    }

    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Result<Box<dyn Staging>, StoreError> {
        Ok(Box::new(SqliteStaging::new(self, profile, scope)))
    }

    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<ContentId>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.get_content_ids_blocking(&profile, kind)).await
    }

    async fn delete_content_by_ids(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<u64, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.delete_content_by_ids_blocking(&profile, kind, &ids)).await
    }

    async fn clear(&self, profile: &ProfileId) -> Result<(), StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.clear_blocking(&profile)).await
    }

    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.held_blocking(&profile, kind)).await
    }

    async fn undo(&self, profile: &ProfileId, request: UndoRequest) -> Result<UndoOutcome, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.undo_blocking(&profile, &request)).await
    }
}

#[async_trait]
impl Catalogue for SqliteStore {
    async fn content_status(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.content_status_blocking(&profile)).await
    }

    async fn runs(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.runs_blocking(&profile, limit)).await
    }

    async fn kind_histories(&self, profile: &ProfileId) -> Result<PerKind<KindHistory>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.kind_histories_blocking(&profile)).await
    }

    async fn feed(&self, profile: &ProfileId) -> Result<Feed, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.feed_blocking(&profile)).await
    }

    async fn feed_page(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<FeedPage, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.feed_page_blocking(&profile, after, limit)).await
    }

    async fn held_removals(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        self.held(profile, kind).await
    }

    async fn sized_categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<SizedCategory>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.sized_categories_blocking(&profile, kind)).await
    }

    async fn page(&self, profile: &ProfileId, kind: ContentKind, page: PageRequest) -> Result<Page, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.page_blocking(&profile, kind, &page)).await
    }

    async fn item(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
        changes: u32,
    ) -> Result<Option<KnownItem>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.item_blocking(&profile, kind, id, changes)).await
    }

    async fn select(&self, profile: &ProfileId, selection: Selection) -> Result<Selected, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.select_blocking(&profile, &selection)).await
    }
}

#[async_trait]
impl Profiles for SqliteStore {
    async fn profile(&self, id: &ProfileId) -> Result<Option<Profile>, StoreError> {
        let id = id.clone();
        self.off_thread(move |store| store.profile_blocking(&id)).await
    }

    async fn profiles(&self) -> Result<Vec<Profile>, StoreError> {
        self.off_thread(Self::profiles_blocking).await
    }

    async fn save_profile(&self, profile: &Profile) -> Result<(), StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.save_profile_blocking(&profile)).await
    }

    async fn remove_profile(&self, id: &ProfileId) -> Result<bool, StoreError> {
        let id = id.clone();
        self.off_thread(move |store| store.remove_profile_blocking(&id)).await
    }
}

#[async_trait]
impl Maintenance for SqliteStore {
    async fn inspect(&self, profile: Option<ProfileId>) -> Result<Inspection, StoreError> {
        self.off_thread(move |store| store.inspect_blocking(profile.as_ref())).await
    }

    async fn mark(&self, inspection: &Inspection) -> Result<Vec<(ProfileId, ContentKind)>, StoreError> {
        let inspection = inspection.clone();
        self.off_thread(move |store| store.mark_blocking(&inspection)).await
    }
}

#[async_trait]
impl Overlay for SqliteStore {
    async fn edited(&self, profile: &ProfileId, query: EditQuery) -> Result<Vec<EditedItem>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.edited_blocking(&profile, &query)).await
    }

    async fn edit_counts(&self, profile: &ProfileId) -> Result<EditCounts, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.edit_counts_blocking(&profile)).await
    }

    async fn edit(&self, profile: &ProfileId, request: EditRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.edit_blocking(&profile, &request)).await
    }

    async fn resolve(&self, profile: &ProfileId, request: ResolveRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.resolve_blocking(&profile, &request)).await
    }

    async fn rules(&self, profile: &ProfileId) -> Result<OverlayRules, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.rules_blocking(&profile)).await
    }

    async fn change_rules(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        changes: Vec<RuleChange>,
    ) -> Result<OverlayRules, OverlayError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.change_rules_blocking(&profile, kind, changes)).await
    }

    async fn named_items(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<NamedItem>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.named_items_blocking(&profile, kind)).await
    }

    async fn import(&self, profile: &ProfileId, items: Vec<EditedItem>, at: i64) -> Result<ImportReport, OverlayError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.import_blocking(&profile, items, at)).await
    }
}

#[async_trait]
impl Paces for SqliteStore {
    async fn enter(&self, account: &AccountKey) -> Result<Option<Entry>, StoreError> {
        let account = account.clone();
        self.off_thread(move |store| store.enter_blocking(&account)).await
    }

    async fn pace(&self, account: &AccountKey) -> Result<Option<AccountPace>, StoreError> {
        let account = account.clone();
        self.off_thread(move |store| store.pace_blocking(&account)).await
    }

    async fn save_pace(&self, account: &AccountKey, pace: &AccountPace) -> Result<(), StoreError> {
        let (account, pace) = (account.clone(), *pace);
        self.off_thread(move |store| store.save_pace_blocking(&account, &pace)).await
    }
}

#[async_trait]
impl Snapshots for SqliteStore {
    async fn snapshot(&self, profile: &ProfileId) -> Result<Box<dyn Snapshot>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| Ok(Box::new(store.snapshot_blocking(&profile)?) as _)).await
    }

    async fn identify(&self, profile: &ProfileId, wanted: Option<PanelIdentity>) -> Result<PanelIdentity, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.identify_blocking(&profile, wanted)).await
    }

    async fn complete_hashes(&self, profile: &ProfileId, login: &Login) -> Result<(), StoreError> {
        let (profile, login) = (profile.clone(), login.clone());
        self.off_thread(move |store| store.complete_hashes_blocking(&profile, &login)).await
    }
}
