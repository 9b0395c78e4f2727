//! What readers ask of the store.

use async_trait::async_trait;
use sync_core::catalogue::{Catalogue, ContentStatus, FeedPage, KindStatus, Page, PageRequest};
use sync_core::store::ContentStore;
use sync_core::{Category, ContentKind, Item, PerKind, ProfileId, RunStatus, StoreError};
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

    async fn sized_categories(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<(Category, u64)>, StoreError> {
        let categories = self.categories(profile, kind).await?;
        let ids = categories.iter().map(|category| category.id.clone()).collect();
        let sizes = self.category_sizes(profile, kind, ids).await?;
        Ok(categories.into_iter().zip(sizes).collect())
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
