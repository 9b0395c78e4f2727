//! A store of this program's own: everything is in memory, behind one lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sync_core::store::{KeptValidator, Lease, RunEnd, Staging, StoredIndex, SyncState};
use sync_core::{
    Category, CategoryId, ContentId, ContentKind, ContentStore, Digest, DigestScheme, Item, ListingIndex, PerKind,
    ProfileId, RunStatus, Scope, StoreError,
};
use sync_core::{HeldRemoval, LoggedChange, RunId, RunRecord};

use crate::staging::OwnStaging;
use crate::tables::{Kind, Profile};

/// Keeps any number of profiles for as long as it lives.
#[derive(Debug, Clone, Default)]
pub struct OwnStore(Arc<Mutex<HashMap<ProfileId, Profile>>>);

impl Kind {
    /// Returns the index, or an index that knows the rows and trusts none of them.
    fn index(&self) -> StoredIndex {
        let applied_before = self.watermark.is_some();
        match &self.index {
            Some(index) if index.len() == self.rows.len() => StoredIndex::new(Arc::clone(index), applied_before, true),
            _ => {
                let doubted = self.rows.keys().map(|id| (*id, Digest::NEVER));
                let index = ListingIndex::new(DigestScheme::FIELDS, doubted).expect("the rows have an id each");
                StoredIndex::new(Arc::new(index), applied_before, self.rows.is_empty())
            }
        }
    }
}

impl OwnStore {
    fn lock(&self) -> MutexGuard<'_, HashMap<ProfileId, Profile>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a function with a profile, under the lock.
    pub(crate) fn with<T>(
        &self,
        profile: &ProfileId,
        work: impl FnOnce(&mut Profile) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut profiles = self.lock();
        work(profiles.get_mut(profile).ok_or_else(|| StoreError::UnknownProfile(profile.to_string()))?)
    }

    /// Reads a kind of a profile. A profile that doesn't exist is read as an empty one.
    fn read<T>(&self, profile: &ProfileId, kind: ContentKind, read: impl FnOnce(&Kind) -> T) -> T {
        let profiles = self.lock();
        match profiles.get(profile) {
            Some(found) => read(&found.kinds[kind]),
            None => read(&Kind::default()),
        }
    }
}

#[async_trait]
impl ContentStore for OwnStore {
    async fn ensure_profile(&self, profile: &ProfileId) -> Result<(), StoreError> {
        self.lock().entry(profile.clone()).or_default();
        Ok(())
    }

    async fn lease(&self, profile: &ProfileId) -> Result<Lease, StoreError> {
        self.with(profile, |found| {
            if found.lease.upgrade().is_some() {
                return Err(StoreError::Leased(profile.clone()));
            }
            let held = Arc::new(());
            found.lease = Arc::downgrade(&held);
            found.fence += 1;
            Ok(Lease::new(found.fence, held))
        })
    }

    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError> {
        self.with(profile, |found| {
            if fence != found.fence {
                return Err(StoreError::Fenced);
            }
            for run in found.runs.iter_mut().filter(|run| run.status == RunStatus::Syncing) {
                run.status = RunStatus::Interrupted;
            }
            let run = RunId(found.runs.last().map_or(1, |last| last.run.0 + 1));
            let status = RunStatus::Syncing;
            found.runs.push(RunRecord::new(run, status, started_at));
            Ok(run)
        })
    }

    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Result<(), StoreError> {
        self.with(profile, |found| {
            if end.fence != found.fence {
                return Err(StoreError::Fenced);
            }
            let run = found.run(end.run)?;
            run.status = end.status;
            run.finished_at = Some(end.finished_at);
            run.kinds.retain(|known| end.records.iter().all(|record| record.kind != known.kind));
            run.kinds.extend(end.records);
            if let Some(facts) = end.facts {
                found.facts = facts;
            }
            for (kind, told) in end.held {
                let held = found.kinds[kind].held.iter_mut().find(|held| held.id == told.id);
                if let Some(held) = held {
                    (held.reason, held.evidence) = (told.reason, told.evidence);
                }
            }
            Ok(())
        })
    }

    async fn sync_state(&self, profile: &ProfileId) -> Result<SyncState, StoreError> {
        self.with(profile, |found| {
            let of = |read: fn(&Kind) -> u64| PerKind::from_fn(|kind| read(&found.kinds[kind]));
            let mut state = SyncState::default();
            state.last_sync = PerKind::from_fn(|kind| found.kinds[kind].watermark);
            state.rows = of(|kind| kind.rows.len() as u64);
            state.held = of(|kind| kind.held.len() as u64);
            state.facts = found.facts.clone();
            Ok(state)
        })
    }

    async fn index(&self, profile: &ProfileId, scope: Scope) -> Result<StoredIndex, StoreError> {
        Ok(self.read(profile, scope.kind, Kind::index))
    }

    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Result<Option<KeptValidator>, StoreError> {
        Ok(self
            .read(profile, kind, |found| found.validator.clone().filter(|kept| kept.rows == found.rows.len() as u64)))
    }

    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError> {
        Ok(self.read(profile, kind, |found| ids.iter().filter_map(|id| found.rows.get(id).cloned()).collect()))
    }

    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<Category>, StoreError> {
        Ok(self.read(profile, kind, |found| found.categories.clone()))
    }

    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Result<Vec<u64>, StoreError> {
        Ok(self.read(profile, kind, |found| {
            let size = |category: &CategoryId| {
                found.rows.values().filter(|item| item.categories().contains(&category.0)).count() as u64
            };
            categories.iter().map(size).collect()
        }))
    }

    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Result<Box<dyn Staging>, StoreError> {
        self.with(profile, |_| Ok(()))?;
        Ok(Box::new(OwnStaging::new(self.clone(), profile.clone(), scope.kind)))
    }

    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<ContentId>, StoreError> {
        Ok(self.read(profile, kind, |found| found.rows.keys().copied().collect()))
    }

    async fn delete_content_by_ids(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<u64, StoreError> {
        self.with(profile, |found| {
            let mut gone = 0;
            for id in &ids {
                if found.kinds[kind].rows.remove(id).is_some() {
                    found.note(None, kind, Some(*id), LoggedChange::Removed);
                    gone += 1;
                }
            }
            let kind = &mut found.kinds[kind];
            kind.index = kind.index.as_ref().map(|index| Arc::new(index.without(&ids)));
            kind.validator = None;
            kind.held.retain(|held| !ids.contains(&held.id));
            Ok(gone)
        })
    }

    async fn clear(&self, profile: &ProfileId) -> Result<(), StoreError> {
        self.with(profile, |found| {
            found.kinds = Default::default();
            found.facts.kinds = Default::default();
            Ok(())
        })
    }

    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        let mut held = self.read(profile, kind, |found| found.held.clone());
        held.sort_by_key(|held| held.id);
        Ok(held)
    }
}
