//! The tables of a profile in the in-memory store.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::memory_overlay::{Before, EditedItems, Looked, Touched};
use super::memory_snapshots::Mark;
use crate::change_set::{PanelIdentity, RowHash};
use crate::detect::index::ListingIndex;
use crate::detect::merge::Change;
use crate::facts::PanelFacts;
use crate::feed::change::{ChangeRecord, ColumnChange, LoggedChange, RowChange, updated_columns, whole_row};
use crate::feed::position::Feed;
use crate::feed::retention::{Aged, kept_from};
use crate::model::{Category, ContentKind, Item, PerKind, Scope, Value};
use crate::overlay::OverlayRules;
use crate::ports::catalogue::AccountStanding;
use crate::ports::profiles::Profile;
use crate::ports::store::{Applied, KeptValidator, ScopeCommit, StagedItem, StoreError, SyncState, ValidatorChange};
use crate::removal::held::HeldRemoval;
use crate::run::options::Retention;
use crate::run::record::{KindRecord, RunStatus};
use crate::run::record::{RunId, RunRecord};

/// A profile's tables. They are cloned before an apply and swapped after it, so a reader sees the old or the new state,
/// never a mix.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) fence: u64,
    /// The profile, after it was saved.
    pub(super) settings: Option<Profile>,
    pub(super) last_status: Option<RunStatus>,
    pub(super) message: Option<String>,
    pub(super) account: Option<AccountStanding>,
    /// The time at which each kind was marked for a full comparison.
    pub(super) marked_at: PerKind<Option<i64>>,
    /// The rows by id, each with its row number, which never changes.
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
    /// The times at which each row was made and last written, by kind and id; also of removed rows.
    pub(super) written: BTreeMap<(ContentKind, i64), (i64, i64)>,
    /// The time of each removal, by kind and id.
    pub(super) tombstones: BTreeMap<(ContentKind, i64), i64>,
    /// The epoch of the feed.
    pub(super) epoch: i64,
    /// The sequence up to which entries can't be read any more.
    pub(super) floor: i64,
    pub(super) last_sequence: i64,
    /// The latest time that any call has named, because a store in memory has no clock.
    pub(super) now: i64,
    /// The state before each run changed it, by run and kind.
    pub(super) reverse: BTreeMap<(RunId, ContentKind), Reverse>,
    /// The items that the user has edited.
    pub(super) edited: EditedItems,
    /// The filters and rewrite rules.
    pub(super) rules: OverlayRules,
    /// The edited items that were gone, and the rows with their names, at the last search for the items to which edits
    /// belong.
    pub(super) looked: PerKind<Option<Looked>>,
    /// The identity of the panel.
    pub(super) panel: Option<PanelIdentity>,
    /// The hashes of rows that hold the login, by kind and id.
    pub(super) row_hashes: BTreeMap<(ContentKind, i64), RowHash>,
    /// The kinds in which an undo has put back rows that may hold the login.
    pub(super) unhashed: PerKind<bool>,
    /// The content at earlier positions of the feed, oldest first.
    pub(super) marks: PerKind<Vec<Mark>>,
}

/// The state of a kind before a run changed it, without the rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reverse {
    pub(super) watermark: Option<i64>,
    /// The categories, if the run replaced them.
    pub(super) categories: Option<Vec<Category>>,
    pub(super) held: Vec<HeldRemoval>,
    /// The held removals after the run.
    pub(super) held_after: Vec<HeldRemoval>,
    /// The tombstones that the run deleted.
    pub(super) tombstones: Vec<(i64, i64)>,
}

impl Tables {
    /// Returns empty tables with a feed of this epoch.
    pub(super) fn new(epoch: i64) -> Self {
        Self { epoch, ..Self::default() }
    }

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

    /// Writes a commit. A commit that breaks the contract of the store is an error.
    pub(super) fn apply(
        &mut self,
        scope: &Scope,
        items: &BTreeMap<i64, StagedItem>,
        commit: ScopeCommit,
    ) -> Result<Applied, StoreError> {
        let kind = scope.kind;
        if commit.fence != self.fence {
            return Err(StoreError::Fenced);
        }
        if self.run(commit.run)?.status != RunStatus::Syncing {
            return Err(StoreError::Refused("the run has ended".to_owned()));
        }
        self.check_from(kind, commit.proof)?;
        let content = self.content_hash(kind);
        // Old tombstones are deleted first, so that no returning item finds them.
        let oldest = commit.applied_at - i64::from(commit.tombstone_days) * 86_400;
        self.tombstones.retain(|(of, _), at| *of != kind || (commit.tombstone_days > 0 && *at >= oldest));
        self.now = self.now.max(commit.applied_at);
        let mut reverse = Reverse {
            watermark: self.last_sync[kind],
            categories: commit
                .categories
                .as_ref()
                .filter(|new| **new != self.categories[kind])
                .map(|_| self.categories[kind].clone()),
            held: self.held[kind].clone(),
            ..Reverse::default()
        };
        if commit.first_load {
            let loaded = ChangeRecord::new(self.next_sequence(), commit.applied_at, kind, LoggedChange::Loaded);
            self.changes.push(loaded.of_run(Some(commit.run)));
        }
        let before = Before { rows: self.rows[kind].clone(), held: self.held[kind].clone() };
        let mut touched = Touched::new();
        for staged in items.values().filter(|staged| staged.change.is_written()) {
            let changed = match staged.change {
                Change::Updated(fields) | Change::Refreshed(fields) => Some(fields),
                _ => None,
            };
            touched.push((staged.item.id().0, changed));
            reverse.tombstones.extend(self.write(kind, &commit, staged)?);
        }
        for id in &commit.removals {
            let gone = self.rows[kind].remove(&id.0);
            let (row, item) =
                gone.ok_or_else(|| StoreError::Refused(format!("{kind} {id} to be removed isn't there")))?;
            if commit.tombstone_days > 0 {
                self.tombstones.insert((kind, id.0), commit.applied_at);
            }
            self.log_removed(Some(commit.run), commit.applied_at, &item, row);
        }
        for (old, _) in &commit.successors {
            if !commit.removals.contains(old) {
                return Err(StoreError::Refused(format!("{old} has a successor and is not removed")));
            }
        }
        self.validate(kind, items, &commit)?;
        let mut new_categories = Vec::new();
        if let Some(categories) = commit.categories {
            let filter = &mut self.rules.filters[kind];
            filter.meet(&categories);
            new_categories = filter.tell(&self.categories[kind], &categories);
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
        self.check_to(kind, commit.proof)?;
        let moves = commit.moves;
        reverse.held_after.clone_from(&self.held[kind]);
        self.reverse.insert((commit.run, kind), reverse);
        let listing = (commit.asked_at, commit.compared);
        let run = Some(commit.run);
        let mut applied = self.judge_edits(kind, &touched, &before, listing, run, commit.applied_at);
        applied.new_categories = new_categories;
        self.mark_content(kind, content, moves);
        self.record(commit.run, commit.record)?;
        Ok(applied)
    }

    /// Carries out the change of the validator. A validator can't be kept if anything else of the kind is written.
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

    /// Writes a row. Returns the tombstone that it deletes.
    fn write(
        &mut self,
        kind: ContentKind,
        commit: &ScopeCommit,
        staged: &StagedItem,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let id = staged.item.id();
        if staged.item.kind() != kind {
            return Err(StoreError::Refused(format!("a {} among {kind}", staged.item.kind())));
        }
        if staged.item.name().is_empty() {
            return Err(StoreError::Refused(format!("{kind} {id} has no name")));
        }
        let known = self.rows[kind].get(&id.0).cloned();
        let mut lifted = None;
        let logged = match (staged.change, &known) {
            (Change::Added, Some(_)) => return Err(StoreError::Refused(format!("{kind} {id} is not new"))),
            (Change::Added, None) => {
                lifted = self.tombstones.remove(&(kind, id.0)).map(|at| (id.0, at));
                let logged = if lifted.is_some() { LoggedChange::Returned } else { LoggedChange::Added };
                (!commit.first_load).then_some(logged)
            }
            (_, None) => return Err(StoreError::Refused(format!("{kind} {id} to be updated isn't there"))),
            (Change::Updated(fields), _) => Some(LoggedChange::Updated(fields)),
            _ => None,
        };
        let row = if let Some((row, _)) = &known {
            *row
        } else {
            self.next_row += 1;
            self.next_row
        };
        self.rows[kind].insert(id.0, (row, staged.item.clone()));
        match staged.hash {
            Some(hash) => drop(self.row_hashes.insert((kind, id.0), hash)),
            None => drop(self.row_hashes.remove(&(kind, id.0))),
        }
        let is_known = known.is_some() || lifted.is_some();
        let times = self.written.entry((kind, id.0)).or_insert((commit.applied_at, 0));
        *times = (if is_known { times.0 } else { commit.applied_at }, commit.applied_at);
        if let Some(change) = logged {
            let columns = match (change, &known) {
                (LoggedChange::Updated(fields), Some((_, before))) => updated_columns(before, &staged.item, fields),
                _ => Vec::new(),
            };
            self.log(Some(commit.run), commit.applied_at, &staged.item, change, columns);
        }
        Ok(lifted)
    }

    /// Checks that the index has exactly the ids of the rows, and that every held removal has a row.
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

    /// Replaces the record of a kind at the end of a run.
    pub(super) fn replace_record(&mut self, run: RunId, record: KindRecord) -> Result<(), StoreError> {
        let kinds = &mut self.run(run)?.kinds;
        match kinds.iter_mut().find(|known| known.kind == record.kind) {
            Some(known) => *known = record,
            None => kinds.push(record),
        }
        Ok(())
    }

    /// Corrects the reason of an item that is still held. The correction belongs to the run, like its other changes.
    pub(super) fn correct_reason(&mut self, run: RunId, kind: ContentKind, corrected: &HeldRemoval) {
        let left = self.reverse.get_mut(&(run, kind)).map(|reverse| &mut reverse.held_after);
        for held in [Some(&mut self.held[kind]), left].into_iter().flatten() {
            if let Ok(at) = held.binary_search_by_key(&corrected.id, |held| held.id) {
                (held[at].reason, held[at].evidence) = (corrected.reason, corrected.evidence);
            }
        }
    }

    pub(super) fn next_sequence(&mut self) -> i64 {
        self.last_sequence += 1;
        self.last_sequence
    }

    /// Logs a change of an item.
    pub(super) fn log(
        &mut self,
        run: Option<RunId>,
        at: i64,
        item: &Item,
        change: LoggedChange,
        columns: Vec<ColumnChange>,
    ) {
        let record = ChangeRecord::new(self.next_sequence(), at, item.kind(), change);
        let named = record.of_run(run).of_item(Some(item.id()), Some(item.name().to_owned()));
        self.changes.push(named.with_columns(Some(columns)));
    }

    /// Logs the removal of an item, with its whole row.
    pub(super) fn log_removed(&mut self, run: Option<RunId>, at: i64, item: &Item, row: u64) {
        self.log(run, at, item, LoggedChange::Removed, row_columns(item, row, RowChange::Went));
    }

    pub(super) fn feed(&self) -> Feed {
        Feed { epoch: self.epoch, oldest: self.floor, newest: self.last_sequence }
    }

    /// Prunes old entries of the change log.
    pub(super) fn prune(&mut self, retention: &Retention, now: i64) {
        let aged = |change: &ChangeRecord| Aged { sequence: change.sequence, run: change.run, at: change.at };
        let entries: Vec<_> = self.changes.iter().map(aged).collect();
        if let Some(from) = kept_from(&entries, retention, 0, now) {
            self.changes.retain(|change| change.sequence >= from);
            self.floor = self.floor.max(from - 1);
            let first = self.changes.iter().find_map(|change| change.run);
            self.reverse.retain(|(run, _), _| first.is_some_and(|first| *run >= first));
            self.prune_marks();
        }
    }
}

/// Returns all columns of a row that was inserted or deleted. The number of the row is one of them.
pub(super) fn row_columns(item: &Item, row: u64, change: RowChange) -> Vec<ColumnChange> {
    let (here, gone) = (Value::Integer(i64::try_from(row).unwrap_or(i64::MAX)), Value::Null);
    let (before, after) = if change == RowChange::Went { (here, gone) } else { (gone, here) };
    let mut columns = vec![ColumnChange { column: "id", before, after }];
    columns.extend(whole_row(item, change));
    columns
}

fn distinct(categories: Vec<Category>) -> Result<Vec<Category>, StoreError> {
    for (at, category) in categories.iter().enumerate() {
        if categories[..at].iter().any(|earlier| earlier.id == category.id) {
            return Err(StoreError::Refused(format!("category {} stands twice", category.id)));
        }
    }
    Ok(categories)
}
