//! The methods of the store for readers.

use async_trait::async_trait;
use std::collections::BTreeMap;

use sync_core::catalogue::{
    Catalogue, ContentStatus, FeedPage, ItemState, KindStatus, KnownItem, Page, PageRequest, Selected, Selection,
    SizedCategory,
};
use sync_core::search::{RowsOfKind, SearchFields, select_from_rows};
use sync_core::store::ContentStore;
use sync_core::{ContentId, ContentKind, Item, PerKind, ProfileId, RunStatus, StoreError};
use sync_core::{Feed, HeldRemoval, RunRecord};

use crate::store::OwnStore;

#[async_trait]
impl Catalogue for OwnStore {
    async fn content_status(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError> {
        let sync_status = self.runs(profile, 1).await?.first().map(|run| run.status);
        self.with(profile, |found| {
            Ok(ContentStatus {
                sync_status,
                message: None,
                kinds: PerKind::from_fn(|kind| KindStatus {
                    kind,
                    last_sync: found.kinds[kind].watermark,
                    rows: found.kinds[kind].rows.len() as u64,
                    held: Vec::new(),
                    doubted_since: None,
                }),
                account: None,
                facts: found.facts.clone(),
            })
        })
    }

    async fn held_removals(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        self.held(profile, kind).await
    }

    async fn sized_categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<SizedCategory>, StoreError> {
        let categories = self.categories(profile, kind).await?;
        self.with(profile, |found| {
            let mut sizes = BTreeMap::new();
            for item in found.kinds[kind].rows.values() {
                item.categories().iter().for_each(|id| *sizes.entry(id.to_string()).or_default() += 1);
            }
            Ok(SizedCategory::list(categories, sizes))
        })
    }

    async fn item(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
        changes: u32,
    ) -> Result<Option<KnownItem>, StoreError> {
        self.with(profile, |found| {
            let Some(item) = found.kinds[kind].rows.get(&id).cloned() else { return Ok(None) };
            let of_item = found.log.iter().rev().filter(|change| (change.kind, change.id) == (kind, Some(id)));
            let changes = of_item.take(changes as usize).cloned().collect();
            let state = ItemState::Present { item: Box::new(item), created_at: 0, updated_at: 0, held: None };
            Ok(Some(KnownItem::new(state, changes)))
        })
    }

    async fn select(&self, profile: &ProfileId, selection: Selection) -> Result<Selected, StoreError> {
        self.with(profile, |found| {
            let kinds = PerKind::from_fn(|kind| RowsOfKind {
                rows: found.kinds[kind].rows.values().collect(),
                listed: found.kinds[kind].index.iter().flat_map(|index| index.ids()).copied().map(ContentId).collect(),
                ..RowsOfKind::default()
            });
            Ok(select_from_rows(&kinds, &selection, SearchFields::All))
        })
    }

    async fn page(&self, profile: &ProfileId, kind: ContentKind, page: PageRequest) -> Result<Page, StoreError> {
        self.with(profile, |found| {
            let is_wanted = |item: &&Item| {
                page.after.is_none_or(|after| item.id() > after)
                    && page.category.as_ref().is_none_or(|category| item.categories().contains(&category.0))
            };
            let rows = found.kinds[kind].rows.values().filter(is_wanted).take(page.limit.max(1) as usize + 1);
            Ok(Page::of(rows.cloned().collect(), page.limit))
        })
    }

    async fn feed(&self, profile: &ProfileId) -> Result<Feed, StoreError> {
        self.with(profile, |found| Ok(found.feed()))
    }

    async fn feed_page(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<FeedPage, StoreError> {
        self.with(profile, |found| {
            let later = found.log.iter().filter(|change| change.sequence > after);
            Ok(FeedPage::new(found.feed(), later.take(limit as usize).cloned().collect()))
        })
    }

    async fn runs(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        self.with(profile, |found| {
            let leased = found.lease.upgrade().is_some();
            let mut runs: Vec<_> = found.runs.iter().rev().take(limit as usize).cloned().collect();
            for run in runs.iter_mut().filter(|run| run.status == RunStatus::Syncing && !leased) {
                run.status = RunStatus::Interrupted;
            }
            Ok(runs)
        })
    }
}
