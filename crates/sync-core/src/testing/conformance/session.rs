//! A run that is under way, for the cases that need one.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::detect::merge::Change;
use crate::facts::PanelFacts;
use crate::model::{ContentId, ContentKind, Item, ProfileId, Scope};
use crate::ports::store::{Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoreError};
use crate::removal::guard::{HoldReason, Loss};
use crate::removal::held::{Evidence, HeldRemoval};
use crate::run::counts::Counts;
use crate::run::options::SyncMode;
use crate::run::record::RunId;
use crate::run::record::{KindOutcome, KindRecord};
use crate::testing::builders::{ItemBuilder, movie, profile, staged};

use super::ReadableStore;

pub(super) const SCHEME: DigestScheme = DigestScheme(42);

/// A run that is under way, with the common values of its commits.
pub(super) struct Session<'a> {
    pub(super) store: &'a dyn ReadableStore,
    pub(super) profile: ProfileId,
    pub(super) lease: Lease,
    pub(super) run: RunId,
}

impl<'a> Session<'a> {
    pub(super) async fn start(store: &'a dyn ReadableStore, name: &str) -> Self {
        let profile = profile(name);
        store.ensure_profile(&profile).await.unwrap();
        let lease = store.lease(&profile).await.unwrap();
        let run = store.start_run(&profile, lease.fence, 1000).await.unwrap();
        Self { store, profile, lease, run }
    }

    /// Starts another run of a profile.
    pub(super) async fn resume(store: &'a dyn ReadableStore, profile: &ProfileId, at: i64) -> Self {
        let lease = store.lease(profile).await.unwrap();
        let run = store.start_run(profile, lease.fence, at).await.unwrap();
        Self { store, profile: profile.clone(), lease, run }
    }

    pub(super) async fn end(self) {
        self.finish(None).await;
    }

    pub(super) async fn finish(self, facts: Option<PanelFacts>) {
        let end = RunEnd { facts, ..self.run_end() };
        self.store.finish_run(&self.profile, end).await.unwrap();
    }

    /// Returns the end of this run, without facts.
    pub(super) fn run_end(&self) -> RunEnd {
        RunEnd { message: "done".to_owned(), ..RunEnd::new(self.run, self.lease.fence, 2000) }
    }

    pub(super) fn commit(&self, kind: ContentKind) -> ScopeCommit {
        let record = KindRecord {
            outcome: KindOutcome::Completed,
            counts: Counts { added: 1, ..Counts::default() },
            ..KindRecord::skipped(kind, SyncMode::Full)
        };
        ScopeCommit { watermark: 1400, ..ScopeCommit::new(self.run, self.lease.fence, 1500, record) }
    }

    pub(super) async fn staging(&self, kind: ContentKind) -> Box<dyn Staging> {
        self.store.stage(&self.profile, Scope::whole(kind)).await.unwrap()
    }

    pub(super) async fn apply(&self, items: Vec<StagedItem>, commit: ScopeCommit) -> Result<(), StoreError> {
        let mut staging = self.staging(commit.record.kind).await;
        staging.put(items).await?;
        staging.apply(commit, CancellationToken::new()).await.map(drop)
    }

    pub(super) async fn ids(&self, kind: ContentKind) -> Vec<i64> {
        self.store.get_content_ids(&self.profile, kind).await.unwrap().iter().map(|id| id.0).collect()
    }

    pub(super) async fn row(&self, kind: ContentKind, id: i64) -> Option<Item> {
        self.store.rows(&self.profile, kind, vec![ContentId(id)]).await.unwrap().pop()
    }
}

/// Returns an index of these ids, as a commit takes it.
#[expect(clippy::unnecessary_wraps, reason = "every caller needs it wrapped")]
pub(super) fn index_of(ids: &[i64]) -> Option<Arc<ListingIndex>> {
    let entries = ids.iter().map(|id| (ContentId(*id), Digest(id.unsigned_abs() + 7)));
    Some(Arc::new(ListingIndex::new(SCHEME, entries).unwrap()))
}

/// Returns a held removal with evidence.
pub(super) fn held_one(id: i64, run: RunId) -> HeldRemoval {
    let evidence = Some(Evidence { listing: 1, at: 9, panel_at: 8 });
    HeldRemoval {
        id: ContentId(id),
        reason: HoldReason::Loss(Loss::ShareLost),
        since: 7,
        run,
        evidence,
        successor: None,
    }
}

pub(super) fn added(item: ItemBuilder) -> StagedItem {
    staged(item, Change::Added)
}

/// Loads these movies as the first listing, in a run of its own.
pub(super) async fn load<'a>(store: &'a dyn ReadableStore, name: &str, ids: &[i64]) -> Session<'a> {
    let session = Session::start(store, name).await;
    let commit = ScopeCommit { index: index_of(ids), first_load: true, ..session.commit(ContentKind::Movies) };
    session.apply(ids.iter().map(|id| added(movie(*id))).collect(), commit).await.unwrap();
    let profile = session.profile.clone();
    session.end().await;
    let lease = store.lease(&profile).await.unwrap();
    let run = store.start_run(&profile, lease.fence, 3000).await.unwrap();
    Session { store, profile, lease, run }
}
