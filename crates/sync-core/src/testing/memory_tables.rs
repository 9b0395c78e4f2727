//! What the in-memory store keeps of a profile.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::detect::index::ListingIndex;
use crate::detect::merge::Change;
use crate::facts::PanelFacts;
use crate::model::{Category, ContentId, ContentKind, Item, PerKind, Scope};
use crate::ports::catalogue::AccountStanding;
use crate::ports::profiles::Profile;
use crate::ports::store::{KeptValidator, ScopeCommit, StagedItem, StoreError, SyncState, ValidatorChange};
use crate::removal::held::HeldRemoval;
use crate::run::change_log::{ChangeRecord, LoggedChange};
use crate::run::record::{KindRecord, RunStatus};
use crate::run::record::{RunId, RunRecord};

/// A profile's tables. Cloned before an apply and swapped after it: old or new, never a mix.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) fence: u64,
    /// The profile, once it was saved.
    pub(super) settings: Option<Profile>,
    pub(super) last_status: Option<RunStatus>,
    pub(super) message: Option<String>,
    pub(super) account: Option<AccountStanding>,
    /// When each kind was marked for a full comparison.
    pub(super) marked_at: PerKind<Option<i64>>,
    /// Rows by id, each with its row number, which never changes.
    pub(super) rows: PerKind<BTreeMap<i64, (u64, Item)>>,
    pub(super) categories: PerKind<Vec<Category>>,
    pub(super) indexes: Vec<(Scope, Arc<ListingIndex>)>,
    pub(super) held: PerKind<Vec<HeldRemoval>>,
    pub(super) last_sync: PerKind<Option<i64>>,
    pub(super) changes: Vec<ChangeRecord>,
    pub(super) runs: Vec<RunRecord>,
    pub(super) next_row: u64,
    pub(super) facts: PanelFacts,
    pub(super) validators: PerKind<Option<KeptValidator>>,
    /// When each removed item was removed, by kind and id.
    pub(super) tombstones: BTreeMap<(ContentKind, i64), i64>,
}

impl Tables {
    pub(super) fn rows(&self, kind: ContentKind) -> &BTreeMap<i64, (u64, Item)> {
        &self.rows[kind]
    }

    pub(super) fn state(&self) -> SyncState {
        SyncState {
            last_sync: self.last_sync,
            rows: PerKind::from_fn(|kind| self.rows(kind).len() as u64),
            held: PerKind::from_fn(|kind| self.held[kind].len() as u64),
            facts: self.facts.clone(),
        }
    }

    pub(super) fn validator(&self, kind: ContentKind) -> Option<KeptValidator> {
        let kept = self.validators[kind].as_ref();
        kept.filter(|kept| kept.rows == self.rows(kind).len() as u64).cloned()
    }

    pub(super) fn run(&mut self, run: RunId) -> Result<&mut RunRecord, StoreError> {
        let found = self.runs.iter_mut().find(|record| record.run == run);
        found.ok_or_else(|| StoreError::Refused(format!("there is no run {}", run.0)))
    }

    /// Writes a commit; every breach of the rules is an error.
    pub(super) fn apply(
        &mut self,
        scope: &Scope,
        items: &BTreeMap<i64, StagedItem>,
        commit: ScopeCommit,
    ) -> Result<(), StoreError> {
        let kind = scope.kind;
        if commit.fence != self.fence {
            return Err(StoreError::Fenced);
        }
        if self.run(commit.run)?.status != RunStatus::Syncing {
            return Err(StoreError::Refused("the run has ended".to_owned()));
        }
        // What was removed too long ago is forgotten before anything comes back.
        let oldest = commit.applied_at - i64::from(commit.tombstone_days) * 86_400;
        self.tombstones.retain(|(of, _), at| *of != kind || (commit.tombstone_days > 0 && *at >= oldest));
        for staged in items.values().filter(|staged| staged.change.is_written()) {
            self.write(kind, &commit, staged)?;
        }
        if commit.first_load {
            self.log(commit.run, kind, None, LoggedChange::Loaded);
        }
        for id in &commit.removals {
            let gone = self.rows[kind].remove(&id.0);
            gone.ok_or_else(|| StoreError::Refused(format!("{kind} {id} to be removed isn't there")))?;
            if commit.tombstone_days > 0 {
                self.tombstones.insert((kind, id.0), commit.applied_at);
            }
            self.log(commit.run, kind, Some(*id), LoggedChange::Removed);
        }
        for (old, _) in &commit.successors {
            if !commit.removals.contains(old) {
                return Err(StoreError::Refused(format!("{old} has a successor and is not removed")));
            }
        }
        self.validate(kind, items, &commit)?;
        if let Some(categories) = commit.categories {
            self.categories[kind] = distinct(categories)?;
        }
        if let Some(held) = commit.held {
            self.held[kind] = held;
        }
        if let Some(index) = commit.index {
            self.indexes.retain(|(known, _)| known != scope);
            self.indexes.push((scope.clone(), index));
        }
        self.check(scope)?;
        if let Some(fields) = commit.fields {
            self.facts.kinds[kind].fields = fields;
        }
        self.last_sync[kind] = Some(commit.watermark);
        self.marked_at[kind] = None;
        self.record(commit.run, commit.record)
    }

    /// A validator stands for a listing of which nothing else is to be done.
    fn validate(
        &mut self,
        kind: ContentKind,
        items: &BTreeMap<i64, StagedItem>,
        commit: &ScopeCommit,
    ) -> Result<(), StoreError> {
        let written = items.values().any(|staged| staged.change.is_written());
        let changes = written || !commit.removals.is_empty() || commit.held.is_some() || commit.index.is_some();
        let kept = &mut self.validators[kind];
        match &commit.validator {
            ValidatorChange::Keep if changes => {
                return Err(StoreError::Refused(format!("{kind} change, and keep their validator")));
            }
            ValidatorChange::Keep => {}
            ValidatorChange::Forget => *kept = None,
            ValidatorChange::Set(new) => *kept = Some(new.clone()),
        }
        Ok(())
    }

    fn write(&mut self, kind: ContentKind, commit: &ScopeCommit, staged: &StagedItem) -> Result<(), StoreError> {
        let id = staged.item.id();
        if staged.item.kind() != kind {
            return Err(StoreError::Refused(format!("a {} among {kind}", staged.item.kind())));
        }
        if staged.item.name().is_empty() {
            return Err(StoreError::Refused(format!("{kind} {id} has no name")));
        }
        let known = self.rows[kind].get(&id.0).map(|(row, _)| *row);
        let logged = match (staged.change, known) {
            (Change::Added, Some(_)) => return Err(StoreError::Refused(format!("{kind} {id} is not new"))),
            (Change::Added, None) => {
                let returned = self.tombstones.remove(&(kind, id.0)).is_some();
                let logged = if returned { LoggedChange::Returned } else { LoggedChange::Added };
                (!commit.first_load).then_some(logged)
            }
            (_, None) => return Err(StoreError::Refused(format!("{kind} {id} to be updated isn't there"))),
            (Change::Updated(fields), _) => Some(LoggedChange::Updated(fields)),
            _ => None,
        };
        let row = known.unwrap_or_else(|| {
            self.next_row += 1;
            self.next_row
        });
        self.rows[kind].insert(id.0, (row, staged.item.clone()));
        if let Some(change) = logged {
            self.log(commit.run, kind, Some(id), change);
        }
        Ok(())
    }

    /// An index knows exactly the rows there are; what is held is there.
    fn check(&self, scope: &Scope) -> Result<(), StoreError> {
        let rows = self.rows(scope.kind);
        let index = self.indexes.iter().find(|(known, _)| known == scope).map(|(_, index)| index);
        if let Some(index) = index.filter(|_| scope.within.is_none()) {
            let same = index.len() == rows.len() && index.ids().iter().all(|id| rows.contains_key(id));
            if !same {
                return Err(StoreError::Refused("the index doesn't know exactly the rows there are".to_owned()));
            }
        }
        let lost = self.held[scope.kind].iter().find(|held| !rows.contains_key(&held.id.0));
        match lost {
            Some(held) => Err(StoreError::Refused(format!("{} is held and isn't there", held.id))),
            None => Ok(()),
        }
    }

    pub(super) fn record(&mut self, run: RunId, record: KindRecord) -> Result<(), StoreError> {
        let kinds = &mut self.run(run)?.kinds;
        if kinds.iter().any(|known| known.kind == record.kind) {
            return Err(StoreError::Refused(format!("{} was recorded before", record.kind)));
        }
        kinds.push(record);
        Ok(())
    }

    /// Writes the record of a kind with the end of a run, in the place of the one that its apply wrote.
    pub(super) fn record_anew(&mut self, run: RunId, record: KindRecord) -> Result<(), StoreError> {
        let kinds = &mut self.run(run)?.kinds;
        match kinds.iter_mut().find(|known| known.kind == record.kind) {
            Some(known) => *known = record,
            None => kinds.push(record),
        }
        Ok(())
    }

    /// Tells anew why an item is held, where it still is.
    pub(super) fn hold_anew(&mut self, kind: ContentKind, told: &HeldRemoval) {
        let held = &mut self.held[kind];
        if let Ok(at) = held.binary_search_by_key(&told.id, |held| held.id) {
            (held[at].reason, held[at].evidence) = (told.reason, told.evidence);
        }
    }

    pub(super) fn log(&mut self, run: RunId, kind: ContentKind, id: Option<ContentId>, change: LoggedChange) {
        let sequence = self.changes.last().map_or(1, |last| last.sequence + 1);
        let run = (run != RunId(0)).then_some(run);
        self.changes.push(ChangeRecord { sequence, run, kind, id, change });
    }
}

fn distinct(categories: Vec<Category>) -> Result<Vec<Category>, StoreError> {
    for (at, category) in categories.iter().enumerate() {
        if categories[..at].iter().any(|earlier| earlier.id == category.id) {
            return Err(StoreError::Refused(format!("category {} stands twice", category.id)));
        }
    }
    Ok(categories)
}
