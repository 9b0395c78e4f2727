//! A store that records the calls of its methods.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::model::{Category, CategoryId, ContentId, ContentKind, Item, ProfileId, Scope};
use crate::ports::store::{
    Applied, ContentStore, KeptValidator, Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoreError, StoredIndex,
    SyncState,
};
use crate::removal::held::HeldRemoval;
use crate::run::record::RunId;

/// One call of a store or of one of its staging areas.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Call {
    /// [`ContentStore::ensure_profile`].
    EnsureProfile,
    /// [`ContentStore::lease`].
    Lease,
    /// [`ContentStore::start_run`].
    StartRun,
    /// [`ContentStore::finish_run`], with its argument.
    FinishRun(Box<RunEnd>),
    /// [`ContentStore::sync_state`].
    SyncState,
    /// [`ContentStore::index`] of this scope.
    Index(Scope),
    /// [`ContentStore::validator`] of this kind.
    Validator(ContentKind),
    /// [`ContentStore::rows`] of these ids.
    Rows(ContentKind, Vec<ContentId>),
    /// [`ContentStore::categories`] of this kind.
    Categories(ContentKind),
    /// [`ContentStore::category_sizes`] of these categories.
    CategorySizes(ContentKind, Vec<CategoryId>),
    /// [`ContentStore::stage`] of this scope.
    Stage(Scope),
    /// [`ContentStore::get_content_ids`] of this kind.
    Ids(ContentKind),
    /// [`ContentStore::delete_content_by_ids`] of these ids.
    Delete(ContentKind, Vec<ContentId>),
    /// [`ContentStore::clear`].
    Clear,
    /// [`ContentStore::held`] of this kind.
    Held(ContentKind),
    /// [`Staging::put`] of these items.
    Put(Vec<StagedItem>),
    /// [`Staging::get`] of these ids.
    Get(Vec<ContentId>),
    /// [`Staging::reset`].
    Reset,
    /// [`Staging::apply`], with its argument.
    Apply(Box<ScopeCommit>),
}

/// A store that records each call and passes it on to another store.
#[derive(Clone)]
pub struct RecordingStore {
    inner: Arc<dyn ContentStore>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl std::fmt::Debug for RecordingStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordingStore").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl RecordingStore {
    /// Returns a store that records the calls of this one.
    pub fn new(inner: Arc<dyn ContentStore>) -> Self {
        Self { inner, calls: Arc::default() }
    }

    /// Returns the calls so far, in their order.
    pub fn calls(&self) -> Vec<Call> {
        list(&self.calls).clone()
    }

    fn note(&self, call: Call) -> &dyn ContentStore {
        list(&self.calls).push(call);
        self.inner.as_ref()
    }
}

fn list(calls: &Mutex<Vec<Call>>) -> MutexGuard<'_, Vec<Call>> {
    calls.lock().expect("nothing panics while holding it")
}

#[async_trait]
impl ContentStore for RecordingStore {
    async fn ensure_profile(&self, profile: &ProfileId) -> Result<(), StoreError> {
        self.note(Call::EnsureProfile).ensure_profile(profile).await
    }

    async fn lease(&self, profile: &ProfileId) -> Result<Lease, StoreError> {
        self.note(Call::Lease).lease(profile).await
    }

    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError> {
        self.note(Call::StartRun).start_run(profile, fence, started_at).await
    }

    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Result<(), StoreError> {
        self.note(Call::FinishRun(Box::new(end.clone()))).finish_run(profile, end).await
    }

    async fn sync_state(&self, profile: &ProfileId) -> Result<SyncState, StoreError> {
        self.note(Call::SyncState).sync_state(profile).await
    }

    async fn index(&self, profile: &ProfileId, scope: Scope) -> Result<StoredIndex, StoreError> {
        self.note(Call::Index(scope.clone())).index(profile, scope).await
    }

    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Result<Option<KeptValidator>, StoreError> {
        self.note(Call::Validator(kind)).validator(profile, kind).await
    }

    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError> {
        self.note(Call::Rows(kind, ids.clone())).rows(profile, kind, ids).await
    }

    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<Category>, StoreError> {
        self.note(Call::Categories(kind)).categories(profile, kind).await
    }

    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Result<Vec<u64>, StoreError> {
        self.note(Call::CategorySizes(kind, categories.clone())).category_sizes(profile, kind, categories).await
    }

    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Result<Box<dyn Staging>, StoreError> {
        let inner = self.note(Call::Stage(scope.clone())).stage(profile, scope).await?;
        Ok(Box::new(RecordingStaging { inner, calls: Arc::clone(&self.calls) }))
    }

    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<ContentId>, StoreError> {
        self.note(Call::Ids(kind)).get_content_ids(profile, kind).await
    }

    async fn delete_content_by_ids(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<u64, StoreError> {
        self.note(Call::Delete(kind, ids.clone())).delete_content_by_ids(profile, kind, ids).await
    }

    async fn clear(&self, profile: &ProfileId) -> Result<(), StoreError> {
        self.note(Call::Clear).clear(profile).await
    }

    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        self.note(Call::Held(kind)).held(profile, kind).await
    }
}

struct RecordingStaging {
    inner: Box<dyn Staging>,
    calls: Arc<Mutex<Vec<Call>>>,
}

#[async_trait]
impl Staging for RecordingStaging {
    async fn put(&mut self, items: Vec<StagedItem>) -> Result<(), StoreError> {
        list(&self.calls).push(Call::Put(items.clone()));
        self.inner.put(items).await
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Result<Vec<StagedItem>, StoreError> {
        list(&self.calls).push(Call::Get(ids.clone()));
        self.inner.get(ids).await
    }

    async fn reset(&mut self) -> Result<(), StoreError> {
        list(&self.calls).push(Call::Reset);
        self.inner.reset().await
    }

    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Result<Applied, StoreError> {
        list(&self.calls).push(Call::Apply(Box::new(commit.clone())));
        self.inner.apply(commit, cancel).await
    }
}
