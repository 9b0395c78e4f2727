//! A store that records calls and can cancel, and sources that record calls or fall silent. Each wraps a fake.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::StreamExt;
use sync_core::source::{Learnt, Listing, ListingEvent, ListingRequest, Usage};
use sync_core::store::{
    Applied, KeptValidator, Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoredIndex, SyncState,
};
use sync_core::testing::{MemoryStore, ScriptedSource};
use sync_core::{
    Account, Category, CategoryId, ContentId, ContentKind, ContentSource, ContentStore, DigestScheme, Item, ProfileId,
    Scope, SourceError, StoreError,
};
use sync_core::{HeldRemoval, RunId};
use tokio_util::sync::CancellationToken;

type Kept<T> = Result<T, StoreError>;

/// A call on a store or a source, or its result. A wrapper can cancel there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Account,
    Categories,
    Listing,
    Batch,
    Complete,
    State,
    Index,
    Rows,
    Held,
    StoredCategories,
    CategorySizes,
    Put,
    Get,
    Apply,
    Committed,
}

/// A step and its kind.
pub(crate) type Moment = (Step, Option<ContentKind>);

/// An action at a moment.
pub(crate) type Hook = Box<dyn Fn() + Send + Sync>;

/// The steps of a run, in order. At each step, other futures of the run get a turn.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) seen: Mutex<Vec<Moment>>,
    /// The token is cancelled at the step with this number.
    pub(crate) cancel: Option<(usize, CancellationToken)>,
    /// The first moment of a pair waits until the second one has happened.
    pub(crate) held_up: Vec<(Moment, Moment)>,
    /// Each action is called at its moment, before the step continues.
    pub(crate) hooks: Vec<(Moment, Hook)>,
}

impl Trace {
    async fn note(&self, moment: Moment) {
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(moment);
            seen.len()
        };
        if let Some((_, token)) = self.cancel.iter().find(|(at, _)| *at == number) {
            token.cancel();
        }
        tokio::task::yield_now().await;
        for (_, first) in self.held_up.iter().filter(|(held_up, _)| *held_up == moment) {
            while self.position(*first).is_none() && !self.is_cancelled() {
                tokio::task::yield_now().await;
            }
        }
        self.hooks.iter().filter(|(at, _)| *at == moment).for_each(|(_, hook)| hook());
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|(_, token)| token.is_cancelled())
    }

    /// Returns the position of the first step of this moment.
    pub(crate) fn position(&self, moment: Moment) -> Option<usize> {
        self.seen.lock().unwrap().iter().position(|seen| *seen == moment)
    }
}

/// Everything that was written through a [`WatchedStore`].
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) staged: Vec<StagedItem>,
    pub(crate) commits: Vec<ScopeCommit>,
}

/// A memory store that records what is written, and cancels a token at a step.
#[derive(Clone)]
pub(crate) struct WatchedStore {
    pub(crate) inner: MemoryStore,
    pub(crate) written: Arc<Mutex<Written>>,
    pub(crate) cancel: Option<(Step, CancellationToken)>,
    pub(crate) trace: Option<Arc<Trace>>,
}

impl WatchedStore {
    pub(crate) fn over(inner: &MemoryStore, cancel: Option<(Step, CancellationToken)>) -> Self {
        Self { inner: inner.clone(), written: Arc::default(), cancel, trace: None }
    }

    pub(crate) fn traced(inner: &MemoryStore, trace: &Arc<Trace>) -> Self {
        Self { trace: Some(Arc::clone(trace)), ..Self::over(inner, None) }
    }

    /// Cancels the token if this is the step, and gives other futures a turn, as a busy database would.
    async fn at(&self, step: Step, kind: Option<ContentKind>) {
        if let Some(trace) = &self.trace {
            trace.note((step, kind)).await;
        }
        if let Some((_, token)) = self.cancel.iter().find(|(at, _)| *at == step) {
            token.cancel();
            tokio::task::yield_now().await;
        }
    }
}

struct WatchedStaging {
    store: WatchedStore,
    kind: Option<ContentKind>,
    inner: Box<dyn Staging>,
}

#[async_trait]
impl Staging for WatchedStaging {
    async fn put(&mut self, items: Vec<StagedItem>) -> Kept<()> {
        self.store.at(Step::Put, self.kind).await;
        self.store.written.lock().unwrap().staged.extend(items.clone());
        self.inner.put(items).await
    }
    async fn get(&mut self, ids: Vec<ContentId>) -> Kept<Vec<StagedItem>> {
        self.store.at(Step::Get, self.kind).await;
        self.inner.get(ids).await
    }
    async fn reset(&mut self) -> Kept<()> {
        self.inner.reset().await
    }
    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Kept<Applied> {
        self.store.at(Step::Apply, self.kind).await;
        self.store.written.lock().unwrap().commits.push(commit.clone());
        let applied = self.inner.apply(commit, cancel).await?;
        self.store.at(Step::Committed, self.kind).await;
        Ok(applied)
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
        self.at(Step::State, None).await;
        self.inner.sync_state(profile).await
    }
    async fn index(&self, profile: &ProfileId, scope: Scope) -> Kept<StoredIndex> {
        self.at(Step::Index, Some(scope.kind)).await;
        self.inner.index(profile, scope).await
    }
    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Option<KeptValidator>> {
        self.inner.validator(profile, kind).await
    }
    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Kept<Vec<Item>> {
        self.at(Step::Rows, Some(kind)).await;
        self.inner.rows(profile, kind, ids).await
    }
    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<Category>> {
        self.at(Step::StoredCategories, Some(kind)).await;
        self.inner.categories(profile, kind).await
    }
    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Kept<Vec<u64>> {
        self.at(Step::CategorySizes, Some(kind)).await;
        self.inner.category_sizes(profile, kind, categories).await
    }
    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Kept<Box<dyn Staging>> {
        let kind = Some(scope.kind);
        let inner = self.inner.stage(profile, scope).await?;
        Ok(Box::new(WatchedStaging { store: self.clone(), kind, inner }))
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
        self.at(Step::Held, Some(kind)).await;
        self.inner.held(profile, kind).await
    }
}

/// A source that cancels the token at one step and never answers.
#[derive(Clone)]
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

/// A source that records its requests and answers.
#[derive(Clone)]
pub(crate) struct TracedSource {
    pub(crate) inner: ScriptedSource,
    pub(crate) trace: Arc<Trace>,
}

#[async_trait]
impl ContentSource for TracedSource {
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
        self.trace.note((Step::Account, None)).await;
        ContentSource::account(&self.inner).await
    }
    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        self.trace.note((Step::Categories, Some(kind))).await;
        ContentSource::categories(&self.inner, kind).await
    }
    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        let (trace, kind) = (Arc::clone(&self.trace), Some(request.scope.kind));
        trace.note((Step::Listing, kind)).await;
        let listing = ContentSource::listing(&self.inner, request).await?;
        let events = listing.events.then(move |event| {
            let trace = Arc::clone(&trace);
            async move {
                let step = if matches!(event, Ok(ListingEvent::Complete(_))) { Step::Complete } else { Step::Batch };
                trace.note((step, kind)).await;
                event
            }
        });
        Ok(Listing { events: events.boxed() })
    }
}
