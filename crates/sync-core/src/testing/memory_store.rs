//! A cache in memory. It is stricter than SQLite, and refuses calls that a database would accept. This module has the
//! port for runs, and `memory_cache` the other ports.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::memory_tables::Tables;
use crate::change_set::Moves;
use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::facts::PanelFacts;
use crate::feed::undo::{UndoOutcome, UndoRequest};
use crate::model::{Category, CategoryId, ContentId, ContentKind, Item, PerKind, ProfileId, Scope};
use crate::policy::pace::AccountPace;
use crate::ports::catalogue::AccountStanding;
use crate::ports::store::{
    Applied, ContentStore, KeptValidator, Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoreError, StoredIndex,
    SyncState,
};
use crate::removal::guard::{HoldReason, Loss};
use crate::removal::held::HeldRemoval;
use crate::run::record::{ReportError, RunId, RunRecord, RunStatus};

/// A store for tests. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) profiles: BTreeMap<ProfileId, Tables>,
    pub(super) leased: BTreeSet<ProfileId>,
    /// The paces, by host and user name.
    pub(super) paces: BTreeMap<(String, String), AccountPace>,
    pub(super) entered: BTreeSet<(String, String)>,
    next_run: i64,
    next_epoch: i64,
    fail_apply: Option<(Option<ContentKind>, StoreError)>,
    fail_undo: Option<StoreError>,
}

impl Inner {
    /// Returns a new epoch that no feed has had. It looks random, like the epochs of a database.
    pub(super) fn epoch(&mut self) -> i64 {
        self.next_epoch += 1;
        self.next_epoch.wrapping_mul(0x5851_f42d_4c95_7f2d) & i64::MAX | 1
    }
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while holding it")
    }

    /// Makes the tables of a profile if there are none.
    pub(super) fn make(&self, profile: &ProfileId) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner();
        if !inner.profiles.contains_key(profile) {
            let epoch = inner.epoch();
            inner.profiles.insert(profile.clone(), Tables::new(epoch));
        }
        inner
    }

    pub(super) fn read<T>(&self, profile: &ProfileId, look: impl FnOnce(&Tables) -> T) -> Result<T, StoreError> {
        let inner = self.inner();
        inner.profiles.get(profile).map(look).ok_or_else(|| StoreError::UnknownProfile(profile.to_string()))
    }

    /// Changes a profile's tables, completely or not at all.
    pub(super) fn write<T>(
        &self,
        profile: &ProfileId,
        change: impl FnOnce(&mut Tables) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut inner = self.inner();
        let tables = inner.profiles.get_mut(profile).ok_or_else(|| StoreError::UnknownProfile(profile.to_string()))?;
        let mut changed = tables.clone();
        let result = change(&mut changed)?;
        *tables = changed;
        Ok(result)
    }

    /// Makes the next apply fail with this error.
    pub fn fail_next_apply(&self, error: StoreError) {
        self.inner().fail_apply = Some((None, error));
    }

    /// Makes the next apply of this kind fail with this error.
    pub fn fail_next_apply_of(&self, kind: ContentKind, error: StoreError) {
        self.inner().fail_apply = Some((Some(kind), error));
    }

    /// Makes the next undo fail with this error, after it has written everything.
    pub fn fail_next_undo(&self, error: StoreError) {
        self.inner().fail_undo = Some(error);
    }

    /// Takes back the mark that the end of a run puts on removals of several kinds, as if that end had not been
    /// recorded.
    pub fn unmark(&self, profile: &ProfileId, kind: ContentKind, run: RunId) {
        let changed = self.write(profile, |tables| {
            for held in tables.held[kind].iter_mut().filter(|held| held.run == run) {
                held.reason = HoldReason::Loss(Loss::ShareLost);
            }
            Ok(())
        });
        changed.expect("the profile is there");
    }

    /// Returns the stored items of a kind, by ascending id.
    pub fn items(&self, profile: &ProfileId, kind: ContentKind) -> Vec<Item> {
        self.read(profile, |tables| tables.rows(kind).values().map(|(_, item)| item.clone()).collect())
            .unwrap_or_default()
    }
}

#[async_trait]
impl ContentStore for MemoryStore {
    async fn ensure_profile(&self, profile: &ProfileId) -> Result<(), StoreError> {
        drop(self.make(profile));
        Ok(())
    }

    async fn lease(&self, profile: &ProfileId) -> Result<Lease, StoreError> {
        self.read(profile, |_| ())?;
        if !self.inner().leased.insert(profile.clone()) {
            return Err(StoreError::Leased(profile.clone()));
        }
        let held = Held { store: self.clone(), profile: profile.clone() };
        let fence = self.write(profile, |tables| {
            tables.fence += 1;
            Ok(tables.fence)
        })?;
        Ok(Lease::new(fence, held))
    }

    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError> {
        let run = {
            let mut inner = self.inner();
            inner.next_run += 1;
            RunId(inner.next_run)
        };
        self.write(profile, |tables| {
            if fence != tables.fence {
                return Err(StoreError::Fenced);
            }
            for earlier in tables.runs.iter_mut().filter(|run| run.status == RunStatus::Syncing) {
                earlier.status = RunStatus::Interrupted;
            }
            let status = RunStatus::Syncing;
            (tables.last_status, tables.message) = (Some(status), None);
            tables.runs.push(RunRecord::new(run, status, started_at));
            tables.now = tables.now.max(started_at);
            Ok(run)
        })
    }

    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Result<(), StoreError> {
        self.write(profile, |tables| {
            if end.fence != tables.fence {
                return Err(StoreError::Fenced);
            }
            for record in end.records {
                tables.replace_record(end.run, record)?;
            }
            let run = tables.run(end.run)?;
            run.status = end.status;
            (run.finished_at, run.duration) = (Some(end.finished_at), Some(end.duration));
            (run.trigger, run.error) = (end.trigger, end.error.map(|error| ReportError { hint: None, ..error }));
            tables.last_status = Some(end.status);
            tables.message = Some(end.message);
            if let Some(account) = &end.account {
                tables.account = Some(AccountStanding {
                    status: account.status.as_str().to_owned(),
                    expires_at: account.expires_at,
                    checked_at: Some(end.finished_at),
                });
            }
            if let Some(facts) = end.facts {
                tables.facts = facts;
            }
            for (kind, held) in &end.held {
                tables.correct_reason(end.run, *kind, held);
            }
            tables.prune(&end.retention, end.finished_at);
            Ok(())
        })
    }

    async fn sync_state(&self, profile: &ProfileId) -> Result<SyncState, StoreError> {
        self.read(profile, Tables::state)
    }

    async fn index(&self, profile: &ProfileId, scope: Scope) -> Result<StoredIndex, StoreError> {
        self.read(profile, |tables| {
            let found = tables.indexes.iter().find(|(known, _)| *known == scope).map(|(_, index)| Arc::clone(index));
            let applied_before = found.is_some();
            let rows = tables.rows(scope.kind);
            match found {
                Some(index) if index.len() == rows.len() && tables.marked_at[scope.kind].is_none() => {
                    StoredIndex { index, applied_before, consistent: true }
                }
                _ => {
                    let entries = rows.keys().map(|id| (ContentId(*id), Digest::NEVER));
                    let index = ListingIndex::new(DigestScheme::FIELDS, entries).expect("a map has each key once");
                    StoredIndex {
                        consistent: !applied_before && index.is_empty(),
                        index: Arc::new(index),
                        applied_before,
                    }
                }
            }
        })
    }

    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Result<Option<KeptValidator>, StoreError> {
        self.read(profile, |tables| tables.validator(kind))
    }

    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError> {
        self.read(profile, |tables| {
            let rows = tables.rows(kind);
            ids.iter().filter_map(|id| rows.get(&id.0)).map(|(_, item)| item.clone()).collect()
        })
    }

    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<Category>, StoreError> {
        self.read(profile, |tables| tables.categories[kind].clone())
    }

    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Result<Vec<u64>, StoreError> {
        self.read(profile, |tables| {
            let has = |item: &Item, category: &CategoryId| item.categories().contains(&category.0);
            let size = |category| tables.rows(kind).values().filter(|(_, item)| has(item, category)).count() as u64;
            categories.iter().map(size).collect()
        })
    }

    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Result<Box<dyn Staging>, StoreError> {
        let staging = MemoryStaging {
            store: self.clone(),
            profile: profile.clone(),
            scope,
            items: BTreeMap::new(),
            applied: false,
        };
        Ok(Box::new(staging))
    }

    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<ContentId>, StoreError> {
        self.read(profile, |tables| tables.rows(kind).keys().map(|id| ContentId(*id)).collect())
    }

    async fn delete_content_by_ids(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<u64, StoreError> {
        self.write(profile, |tables| {
            let mut gone = Vec::new();
            let content = tables.content_hash(kind);
            for id in ids {
                if let Some((row, item)) = tables.rows[kind].remove(&id.0) {
                    tables.log_removed(None, tables.now, &item, row);
                    gone.push(id);
                }
            }
            if !gone.is_empty() {
                tables.looked[kind] = None;
            }
            tables.validators[kind] = None;
            tables.held[kind].retain(|held| !gone.contains(&held.id));
            for (_, index) in tables.indexes.iter_mut().filter(|(scope, _)| scope.kind == kind) {
                *index = Arc::new(index.without(&gone));
            }
            tables.mark_content(kind, content, Moves::None);
            Ok(gone.len() as u64)
        })
    }

    async fn clear(&self, profile: &ProfileId) -> Result<(), StoreError> {
        let epoch = self.inner().epoch();
        self.write(profile, |tables| {
            let cleared = Tables {
                floor: tables.last_sequence,
                last_sequence: tables.last_sequence,
                next_row: tables.next_row,
                now: tables.now,
                fence: tables.fence,
                settings: tables.settings.clone(),
                account: tables.account.clone(),
                changes: tables.changes.clone(),
                runs: tables.runs.clone(),
                edited: tables.edited.clone(),
                rules: tables.rules.clone(),
                panel: tables.panel,
                facts: PanelFacts { kinds: PerKind::default(), ..tables.facts.clone() },
                ..Tables::new(epoch)
            };
            *tables = cleared;
            if tables.edited.is_empty()
                && let Some(settings) = &mut tables.settings
            {
                settings.former_logins = Vec::new();
            }
            Ok(())
        })
    }

    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        self.read(profile, |tables| tables.held[kind].clone())
    }

    async fn undo(&self, profile: &ProfileId, request: UndoRequest) -> Result<UndoOutcome, StoreError> {
        let run = request.fence.map(|_| {
            let mut inner = self.inner();
            inner.next_run += 1;
            RunId(inner.next_run)
        });
        let fault = self.inner().fail_undo.take();
        self.write(profile, |tables| {
            let outcome = tables.undo(&request, run)?;
            fault.map_or(Ok(outcome), Err)
        })
    }
}

/// A lease that is not dropped yet.
struct Held {
    store: MemoryStore,
    profile: ProfileId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.store.inner().leased.remove(&self.profile);
    }
}

/// Becomes ready at the second poll, in any runtime.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct MemoryStaging {
    store: MemoryStore,
    profile: ProfileId,
    scope: Scope,
    items: BTreeMap<i64, StagedItem>,
    applied: bool,
}

#[async_trait]
impl Staging for MemoryStaging {
    async fn put(&mut self, items: Vec<StagedItem>) -> Result<(), StoreError> {
        let mut met = BTreeSet::new();
        for staged in items {
            let id = staged.item.id();
            if !met.insert(id) {
                return Err(StoreError::Refused(format!("{id} stands twice in a batch")));
            }
            self.items.insert(id.0, staged);
        }
        Ok(())
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Result<Vec<StagedItem>, StoreError> {
        Ok(ids.iter().filter_map(|id| self.items.get(&id.0)).cloned().collect())
    }

    async fn reset(&mut self) -> Result<(), StoreError> {
        self.items.clear();
        Ok(())
    }

    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Result<Applied, StoreError> {
        if std::mem::replace(&mut self.applied, true) {
            return Err(StoreError::Refused("a staging area is applied once".to_owned()));
        }
        // Other work of the same task gets a turn before the write, as with a store that waits for a disk.
        give_way().await;
        let kind = self.scope.kind;
        let fault = self.store.inner().fail_apply.take_if(|(of, _)| of.is_none_or(|of| of == kind));
        self.store.write(&self.profile, |tables| {
            let applied = tables.apply(&self.scope, &self.items, commit)?;
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            fault.map_or(Ok(applied), |(_, error)| Err(error))
        })
    }
}
