//! The place where items that differ wait until the listing is proved complete.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sync_core::LoggedChange;
use sync_core::store::{Applied, ScopeCommit, StagedItem, Staging, ValidatorChange};
use sync_core::{Change, ContentId, ContentKind, ProfileId, StoreError};
use tokio_util::sync::CancellationToken;

use crate::store::OwnStore;
use crate::tables::Profile;

/// A staging area in memory.
#[derive(Debug)]
pub(crate) struct OwnStaging {
    store: OwnStore,
    profile: ProfileId,
    kind: ContentKind,
    items: BTreeMap<ContentId, StagedItem>,
}

impl OwnStaging {
    pub(crate) fn new(store: OwnStore, profile: ProfileId, kind: ContentKind) -> Self {
        Self { store, profile, kind, items: BTreeMap::new() }
    }

    /// Writes everything. The caller holds the lock, so that no reader sees a part of it.
    fn write(&self, found: &mut Profile, commit: ScopeCommit) -> Result<(), StoreError> {
        let at = self.kind;
        if let Some((old, _)) = commit.successors.iter().find(|(old, _)| !commit.removals.contains(old)) {
            return Err(StoreError::Refused(format!("{old} has a successor and is not removed")));
        }
        found.now = commit.applied_at;
        found.record(commit.run, commit.record)?;
        if commit.first_load {
            found.note(Some(commit.run), self.kind, None, LoggedChange::Loaded);
        }
        let oldest = commit.applied_at - i64::from(commit.tombstone_days) * 86_400;
        found.kinds[at].removed.retain(|_, removed| commit.tombstone_days > 0 && *removed >= oldest);
        for (id, staged) in self.items.iter().filter(|(_, staged)| staged.change.is_written()) {
            found.kinds[at].rows.insert(*id, staged.item.clone());
            let returned = found.kinds[at].removed.remove(id).is_some();
            let logged = match staged.change {
                Change::Added if !commit.first_load && returned => LoggedChange::Returned,
                Change::Added if !commit.first_load => LoggedChange::Added,
                Change::Updated(fields) => LoggedChange::Updated(fields),
                _ => continue,
            };
            found.note(Some(commit.run), self.kind, Some(*id), logged);
        }
        for id in commit.removals {
            if found.kinds[at].rows.remove(&id).is_some() {
                if commit.tombstone_days > 0 {
                    found.kinds[at].removed.insert(id, commit.applied_at);
                }
                found.note(Some(commit.run), self.kind, Some(id), LoggedChange::Removed);
            }
        }
        let kind = &mut found.kinds[at];
        kind.categories = commit.categories.unwrap_or_else(|| std::mem::take(&mut kind.categories));
        kind.held = commit.held.unwrap_or_else(|| std::mem::take(&mut kind.held));
        kind.index = commit.index.or_else(|| kind.index.take());
        match commit.validator {
            ValidatorChange::Keep => {}
            ValidatorChange::Forget => kind.validator = None,
            ValidatorChange::Set(validator) => kind.validator = Some(validator),
        }
        kind.watermark = Some(commit.watermark);
        if let Some(fields) = commit.fields {
            found.facts.kinds[at].fields = fields;
        }
        Ok(())
    }
}

#[async_trait]
impl Staging for OwnStaging {
    async fn put(&mut self, items: Vec<StagedItem>) -> Result<(), StoreError> {
        self.items.extend(items.into_iter().map(|staged| (staged.item.id(), staged)));
        Ok(())
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Result<Vec<StagedItem>, StoreError> {
        Ok(ids.iter().filter_map(|id| self.items.get(id).cloned()).collect())
    }

    async fn reset(&mut self) -> Result<(), StoreError> {
        self.items.clear();
        Ok(())
    }

    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Result<Applied, StoreError> {
        self.store.with(&self.profile, |found| {
            if commit.fence != found.fence {
                return Err(StoreError::Fenced);
            }
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            self.write(found, commit).map(|()| Applied::default())
        })
    }
}
