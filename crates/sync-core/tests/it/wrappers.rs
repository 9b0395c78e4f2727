//! A store that looks on and can cancel, and a source that falls silent: both stand before a fake.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_core::source::{Learnt, Listing, ListingRequest, Usage};
use sync_core::store::{
    ChangeRecord, HeldRemoval, Lease, RunEnd, RunId, RunRecord, ScopeCommit, StagedItem, Staging, StoredIndex,
    SyncState,
};
use sync_core::testing::{MemoryStore, ScriptedSource};
use sync_core::{
    Account, Category, CategoryId, ContentId, ContentKind, ContentSource, ContentStore, DigestScheme, Item, ProfileId,
    Scope, SourceError, StoreError,
};
use tokio_util::sync::CancellationToken;

type Kept<T> = Result<T, StoreError>;

/// Where a wrapper cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Account,
    Categories,
    Listing,
    State,
    Index,
    Rows,
    Put,
    Apply,
    Committed,
}

/// What was written through a [`WatchedStore`].
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) staged: Vec<StagedItem>,
    pub(crate) commits: Vec<ScopeCommit>,
}

/// A memory store that notes what is written, and cancels a token at a step.
#[derive(Clone)]
pub(crate) struct WatchedStore {
    pub(crate) inner: MemoryStore,
    pub(crate) written: Arc<Mutex<Written>>,
    pub(crate) cancel: Option<(Step, CancellationToken)>,
}

impl WatchedStore {
    pub(crate) fn over(inner: &MemoryStore, cancel: Option<(Step, CancellationToken)>) -> Self {
        Self { inner: inner.clone(), written: Arc::default(), cancel }
    }

    /// Cancels when this is the step, and gives others a turn, as a busy database would.
    async fn at(&self, step: Step) {
        if let Some((_, token)) = self.cancel.iter().find(|(at, _)| *at == step) {
            token.cancel();
            tokio::task::yield_now().await;
        }
    }
}

struct WatchedStaging {
    store: WatchedStore,
    inner: Box<dyn Staging>,
}

#[async_trait]
impl Staging for WatchedStaging {
    async fn put(&mut self, items: Vec<StagedItem>) -> Kept<()> {
        self.store.at(Step::Put).await;
        self.store.written.lock().unwrap().staged.extend(items.clone());
        self.inner.put(items).await
    }
    async fn get(&mut self, ids: Vec<ContentId>) -> Kept<Vec<StagedItem>> {
        self.inner.get(ids).await
    }
    async fn reset(&mut self) -> Kept<()> {
        self.inner.reset().await
    }
    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Kept<()> {
        self.store.at(Step::Apply).await;
        self.store.written.lock().unwrap().commits.push(commit.clone());
        self.inner.apply(commit, cancel).await?;
        self.store.at(Step::Committed).await;
        Ok(())
    }
}

#[async_trait]
impl ContentStore for WatchedStore {
    async fn ensure_profile(&self, profile: &ProfileId) -> Kept<()> {
        self.inner.ensure_profile(profile).await
    }
    async fn lease(&self, profile: &ProfileId) -> Kept<Lease> {
        self.inner.lease(profile).await
    }
    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Kept<RunId> {
        self.inner.start_run(profile, fence, started_at).await
    }
    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Kept<()> {
        self.inner.finish_run(profile, end).await
    }
    async fn sync_state(&self, profile: &ProfileId) -> Kept<SyncState> {
        self.at(Step::State).await;
        self.inner.sync_state(profile).await
    }
    async fn index(&self, profile: &ProfileId, scope: Scope) -> Kept<StoredIndex> {
        self.at(Step::Index).await;
        self.inner.index(profile, scope).await
    }
    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Kept<Vec<Item>> {
        self.at(Step::Rows).await;
        self.inner.rows(profile, kind, ids).await
    }
    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<Category>> {
        self.inner.categories(profile, kind).await
    }
    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Kept<Vec<u64>> {
        self.inner.category_sizes(profile, kind, categories).await
    }
    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Kept<Box<dyn Staging>> {
        let inner = self.inner.stage(profile, scope).await?;
        Ok(Box::new(WatchedStaging { store: self.clone(), inner }))
    }
    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<ContentId>> {
        self.inner.get_content_ids(profile, kind).await
    }
    async fn delete_content_by_ids(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Kept<u64> {
        self.inner.delete_content_by_ids(profile, kind, ids).await
    }
    async fn clear(&self, profile: &ProfileId) -> Kept<()> {
        self.inner.clear(profile).await
    }
    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<HeldRemoval>> {
        self.inner.held(profile, kind).await
    }
    async fn changes(&self, profile: &ProfileId, after: i64, limit: u32) -> Kept<Vec<ChangeRecord>> {
        self.inner.changes(profile, after, limit).await
    }
    async fn runs(&self, profile: &ProfileId, limit: u32) -> Kept<Vec<RunRecord>> {
        self.inner.runs(profile, limit).await
    }
}

/// A source that at one step cancels the token and never answers.
pub(crate) struct SilentSource {
    pub(crate) inner: ScriptedSource,
    pub(crate) silent_at: Step,
    pub(crate) token: CancellationToken,
}

impl SilentSource {
    async fn at(&self, step: Step) {
        if self.silent_at == step {
            self.token.cancel();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl ContentSource for SilentSource {
    fn digest_scheme(&self) -> DigestScheme {
        self.inner.digest_scheme()
    }
    fn usage(&self) -> Usage {
        self.inner.usage()
    }
    fn learnt(&self) -> Learnt {
        self.inner.learnt()
    }
    async fn account(&self) -> Result<Account, SourceError> {
        self.at(Step::Account).await;
        ContentSource::account(&self.inner).await
    }
    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        self.at(Step::Categories).await;
        ContentSource::categories(&self.inner, kind).await
    }
    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        self.at(Step::Listing).await;
        ContentSource::listing(&self.inner, request).await
    }
}
