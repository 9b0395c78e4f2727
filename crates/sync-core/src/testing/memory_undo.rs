//! The undo of the in-memory store.

use std::sync::Arc;

use super::memory_overlay::{Before, Touched};
use super::memory_tables::{Reverse, Tables, row_columns};
use crate::change_set::Moves;
use crate::feed::change::{ChangeRecord, ColumnChange, LoggedChange, RowChange, put_back};
use crate::feed::collapse::row_change;
use crate::feed::undo::{
    Refused, UndoCounts, UndoEvidence, UndoObstacle, UndoOutcome, UndoRefusal, UndoReport, UndoRequest, judge,
};
use crate::login::Login;
use crate::model::{ContentId, ContentKind, FieldSet, Item, PerKind, Scope, Value};
use crate::ports::store::StoreError;
use crate::removal::guard::{HoldReason, Loss};
use crate::removal::held::HeldRemoval;
use crate::run::counts::Counts;
use crate::run::options::SyncMode;
use crate::run::record::{KindOutcome, KindRecord, RunId, RunRecord, RunStatus, Trigger};

impl Tables {
    /// Undoes a run, in the run with this number. Without a number it only returns the outcome.
    pub(super) fn undo(&mut self, request: &UndoRequest, run: Option<RunId>) -> Result<UndoOutcome, StoreError> {
        if request.fence.is_some_and(|fence| fence != self.fence) {
            return Err(StoreError::Fenced);
        }
        let Some(of) = request.run.or_else(|| self.newest_change(&request.kinds)) else {
            let refused = UndoRefusal { of: None, refused: Refused::Nothing, items: Vec::new() };
            return Ok(UndoOutcome::Refused(refused));
        };
        let evidence = request.kinds.iter().map(|kind| Ok((*kind, self.evidence(of, *kind)?)));
        let kinds = match judge(of, evidence.collect::<Result<_, StoreError>>()?) {
            Ok(kinds) => kinds,
            Err(refusal) => return Ok(UndoOutcome::Refused(refusal)),
        };
        let mut report = UndoReport { run, of, kinds: PerKind::from_fn(|_| None) };
        if let Some(run) = run {
            let mut record = RunRecord::new(run, RunStatus::Completed, request.at);
            (record.finished_at, record.trigger) = (Some(request.at), Trigger::Undo);
            self.runs.push(record);
        }
        for kind in kinds {
            let counts = self.undo_kind(of, kind, run, request.at)?;
            report.kinds[kind] = Some(counts);
        }
        Ok(UndoOutcome::Done(report))
    }

    fn entries(&self, of: RunId, kind: ContentKind) -> Vec<ChangeRecord> {
        let is_of = |change: &&ChangeRecord| {
            change.sequence > self.floor && change.run == Some(of) && change.kind == kind && !change.change.is_of_edit()
        };
        self.changes.iter().filter(is_of).cloned().collect()
    }

    /// Returns the newest run that changed something in these kinds.
    fn newest_change(&self, kinds: &[ContentKind]) -> Option<RunId> {
        let has = |run: &&RunRecord| {
            kinds.iter().any(|kind| !self.entries(run.run, *kind).is_empty() || self.replaced(run.run, *kind).is_some())
        };
        self.runs.iter().rev().find(has).map(|run| run.run)
    }

    /// Returns the state of a kind before the run, if the run replaced the categories.
    fn replaced(&self, run: RunId, kind: ContentKind) -> Option<&Reverse> {
        self.reverse.get(&(run, kind)).filter(|reverse| reverse.categories.is_some())
    }

    fn evidence(&self, of: RunId, kind: ContentKind) -> Result<UndoEvidence, StoreError> {
        let found = self.runs.iter().find(|run| run.run == of);
        let found = found.ok_or_else(|| StoreError::Refused(format!("there is no run {}", of.0)))?;
        let entries = self.entries(of, kind);
        let last = entries.last().map_or(0, |entry| entry.sequence);
        let later = self.changes.iter().filter(|change| {
            change.kind == kind
                && change.sequence > last
                && !change.change.is_of_edit()
                && entries.iter().any(|entry| entry.id == change.id)
        });
        let obstacle = |change: &ChangeRecord| {
            Some(UndoObstacle { kind, id: change.id?, name: change.name.clone(), run: change.run })
        };
        let counts = found.kinds.iter().find(|record| record.kind == kind).map(|record| record.counts);
        Ok(UndoEvidence {
            entries: entries.len() as u64,
            first_load: entries.iter().any(|entry| entry.change == LoggedChange::Loaded),
            lacks_values: entries.iter().any(|entry| entry.columns.is_none()),
            categories: self.replaced(of, kind).is_some(),
            recorded: counts.is_some_and(|counts| counts.added + counts.updated + counts.removed > 0),
            touched: later.filter_map(obstacle).collect(),
            categories_touched: self
                .reverse
                .iter()
                .any(|((run, of_kind), reverse)| *run > of && *of_kind == kind && reverse.categories.is_some()),
        })
    }

    /// Puts a kind back. Without a run it only counts.
    fn undo_kind(
        &mut self,
        of: RunId,
        kind: ContentKind,
        run: Option<RunId>,
        at: i64,
    ) -> Result<UndoCounts, StoreError> {
        let entries = self.entries(of, kind);
        let mut counts = UndoCounts::default();
        for entry in &entries {
            match row_change(entry) {
                Some(RowChange::Came) => counts.removed += 1,
                Some(RowChange::Stayed) => counts.updated += 1,
                Some(RowChange::Went) => (counts.added, counts.held) = (counts.added + 1, counts.held + 1),
                None => {}
            }
        }
        let Some(run) = run else { return Ok(counts) };
        let reverse = self.reverse.get(&(of, kind)).cloned().unwrap_or_default();
        let mut mine = Reverse {
            watermark: self.last_sync[kind],
            categories: reverse.categories.is_some().then(|| self.categories[kind].clone()),
            held: self.held[kind].clone(),
            ..Reverse::default()
        };
        let content = self.content_hash(kind);
        let (mut gone, mut anew, mut back) = (Vec::new(), Vec::new(), Vec::new());
        let before = Before { rows: self.rows[kind].clone(), held: self.held[kind].clone() };
        let mut touched = Touched::new();
        for entry in &entries {
            let id = entry.id.ok_or_else(|| StoreError::Refused("an entry without an item".to_owned()))?;
            let columns = entry.columns.as_deref().unwrap_or_default();
            let (item, told) = match row_change(entry) {
                Some(RowChange::Came) => {
                    gone.push(id);
                    let (number, item) = self.rows[kind].remove(&id.0).ok_or_else(|| missing(id))?;
                    let told = row_columns(&item, number, RowChange::Went);
                    (item, told)
                }
                Some(RowChange::Stayed) => {
                    anew.push(id);
                    let (number, item) = self.rows[kind].get(&id.0).cloned().ok_or_else(|| missing(id))?;
                    let item = put_back(item, columns);
                    self.rows[kind].insert(id.0, (number, item.clone()));
                    let mut changed = FieldSet::EMPTY;
                    columns.iter().filter_map(|it| kind.field(it.column)).for_each(|at| changed.add(at));
                    touched.push((id.0, Some(changed)));
                    let turned = |it: &ColumnChange| ColumnChange {
                        column: it.column,
                        before: it.after.clone(),
                        after: it.before.clone(),
                    };
                    (item, columns.iter().map(turned).collect())
                }
                _ => {
                    back.push(id);
                    let number = columns.iter().find(|column| column.column == "id").map(|column| &column.before);
                    let Some(Value::Integer(number)) = number else { return Err(missing(id)) };
                    let number = u64::try_from(*number).unwrap_or_default();
                    touched.push((id.0, None));
                    let item = put_back(Item::with_id(kind, id), columns);
                    self.rows[kind].insert(id.0, (number, item.clone()));
                    let told = row_columns(&item, number, RowChange::Came);
                    (item, told)
                }
            };
            mine.tombstones.extend(self.tombstones.remove(&(kind, id.0)).map(|at| (id.0, at)));
            let taken = entry.change.taken_back().ok_or_else(|| missing(id))?;
            self.log(Some(run), at, &item, LoggedChange::Undone(taken), told);
        }
        for (id, removed_at) in &reverse.tombstones {
            self.tombstones.insert((kind, *id), *removed_at);
        }
        self.held[kind] = self.held_again(kind, &reverse, &back, run, at);
        if let Some(categories) = reverse.categories {
            self.categories[kind] = categories;
        }
        for (scope, index) in self.indexes.iter_mut().filter(|(scope, _)| scope.kind == kind) {
            if *scope == Scope::whole(kind) {
                *index = Arc::new(index.undone(&gone, &anew, &back));
            }
        }
        for id in anew.iter().chain(&back) {
            let key = (kind, id.0);
            // The hash of a row that was put back from its removal is still stored.
            let had_login = anew.contains(id) && self.row_hashes.remove(&key).is_some();
            let may_have = |item: &Item| !self.row_hashes.contains_key(&key) && Login::may_be_in(item);
            self.unhashed[kind] |= had_login || self.rows[kind].get(&id.0).is_some_and(|(_, item)| may_have(item));
        }
        (self.validators[kind], self.last_sync[kind]) = (None, reverse.watermark);
        mine.held_after.clone_from(&self.held[kind]);
        self.reverse.insert((run, kind), mine);
        let compared = kind.of_class(crate::model::FieldClass::Significant);
        self.looked[kind] = None;
        self.judge_edits(kind, &touched, &before, (at, compared), Some(run), at);
        self.bring_edits_back(of, kind);
        self.mark_content(kind, content, Moves::None);
        let done =
            Counts { added: counts.added, updated: counts.updated, removed: counts.removed, ..Counts::default() };
        let outcome = KindOutcome::Completed;
        self.record(run, KindRecord { outcome, counts: done, ..KindRecord::skipped(kind, SyncMode::Incremental) })?;
        Ok(counts)
    }

    /// Returns the held removals as before the run, except for those that changed later, and with the items that are
    /// back.
    fn held_again(
        &self,
        kind: ContentKind,
        reverse: &Reverse,
        back: &[ContentId],
        run: RunId,
        at: i64,
    ) -> Vec<HeldRemoval> {
        let find = |list: &[HeldRemoval], id: ContentId| list.iter().find(|held| held.id == id).cloned();
        let mut held: Vec<_> = self.held[kind]
            .iter()
            .filter_map(|now| match (find(&reverse.held, now.id), find(&reverse.held_after, now.id)) {
                // The run was the first that missed the item.
                (None, Some(_)) => None,
                (Some(before), Some(after)) if after == *now => Some(before),
                _ => Some(now.clone()),
            })
            .collect();
        for before in &reverse.held {
            let released = find(&reverse.held_after, before.id).is_none();
            if released && find(&held, before.id).is_none() {
                // The panel has listed the item since then, so the evidence begins again.
                held.push(HeldRemoval { evidence: None, ..before.clone() });
            }
        }
        held.retain(|held| self.rows[kind].contains_key(&held.id.0) && !back.contains(&held.id));
        held.extend(back.iter().map(|id| HeldRemoval {
            id: *id,
            reason: HoldReason::Loss(Loss::Undone),
            since: at,
            run,
            evidence: None,
            successor: None,
        }));
        held.sort_unstable_by_key(|held| held.id);
        held
    }
}

fn missing(id: ContentId) -> StoreError {
    StoreError::Refused(format!("{id} can't be put back"))
}
