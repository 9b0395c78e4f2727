//! I20: an undo restores exactly, or refuses. It has to leave behind the state that the run found, except for later
//! changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sync_core::feed::change::RowChange;
use sync_core::feed::undo::UndoObstacle;
use sync_core::{
    ChangeRecord, ContentId, ContentKind, FieldClass, HeldRemoval, HoldReason, LoggedChange, Loss, ProfileId, Refused,
    RunId, RunStatus, StoreError, Trigger, UndoCounts, UndoOutcome, UndoRefusal, UndoReport, UndoRequest,
};

use super::Machine;
use super::backend::{Hidden, TestedStore};
use super::feed::{Found, History, row_change};
use super::overlay;
use super::state::State;
use super::step::{UndoHow, UndoPlan};
use super::store::still;
use super::store_failed;
use crate::campaign::Violation;
use crate::planner::model::differing;
use crate::{promise, show};

/// A profile before and after an undo.
struct Looks {
    before: State,
    after: State,
    hidden: [Hidden; 2],
}

impl Machine {
    /// Undoes a run, and compares the result with the state that the run had found.
    pub(super) async fn undo(&mut self, plan: UndoPlan) -> Result<(), Violation> {
        let site = plan.profile;
        let (profile, at) = {
            let world = self.world.inner();
            (world.sites[site].profile.clone(), world.now)
        };
        let Some(before) = self.look(site).await? else { return Ok(()) };
        let run = plan.back.checked_sub(1).map(|back| before.runs.get(usize::from(back)).map(|run| run.run));
        if run == Some(None) {
            return Ok(());
        }
        let kinds = plan.kind.map_or_else(|| ContentKind::ALL.to_vec(), |kind| vec![kind]);
        let request = UndoRequest { fence: None, run: run.flatten(), kinds, at };
        let hidden = self.backend(site).hidden(&profile)?;
        let store = self.process(site, plan.process)?;
        let Some((request, outcome)) = self.carry_out(plan, &profile, request, store).await? else {
            self.world.count("undo", "while another has the lease");
            return Ok(());
        };
        if matches!(plan.how, UndoHow::CrashInside(_)) {
            self.world.count("undo", "killed");
            self.freeze(site)?;
            self.bury(site, plan.process, true)?;
        }
        let after = self.look(site).await?.ok_or_else(|| Violation::new("an undo took the profile"))?;
        let looks = Looks { before, after, hidden: [hidden, self.backend(site).hidden(&profile)?] };
        let mut world = self.world.inner();
        let told = match &outcome {
            Err(StoreError::Fenced) if plan.how == UndoHow::Fenced => "fenced",
            Err(_) if matches!(plan.how, UndoHow::FaultInside(_) | UndoHow::CrashInside(_)) => "failed inside",
            Err(error) => return Err(store_failed(error)),
            Ok(_) if plan.how == UndoHow::Fenced => return Err(Violation::new("an undo under an old fence (I9)")),
            Ok(UndoOutcome::Refused(refusal)) => {
                looks.may_refuse(&request, refusal, &world.sites[site].history)?;
                refusal.refused.as_str()
            }
            Ok(UndoOutcome::Done(report)) if request.fence.is_none() => {
                looks.may_be_done(&request, report, &world.sites[site].history)?;
                "dry"
            }
            // A process that died may have changed nothing.
            Ok(UndoOutcome::Done(_)) if matches!(plan.how, UndoHow::CrashInside(_)) && looks.is_still().is_ok() => {
                "lost with its process"
            }
            Ok(UndoOutcome::Done(report)) => {
                looks.may_be_done(&request, report, &world.sites[site].history)?;
                looks.is_undone(&request, report, &world.sites[site].history)?;
                "done"
            }
        };
        world.tally.count("undo", told);
        world.trace.text(told);
        match outcome {
            Ok(UndoOutcome::Done(report)) if told == "done" => {
                let run = report.run.ok_or_else(|| Violation::new("an undo is no run (I20)"))?;
                let site = &mut world.sites[site];
                for (kind, _) in report.kinds.iter().filter(|(_, counts)| counts.is_some()) {
                    site.history.wrote(run, kind, &looks.before, &looks.after, looks.hidden[0].clone());
                }
                site.epoch += 1;
                site.known = Some(looks.after);
                Ok(())
            }
            _ => looks.is_still(),
        }
    }

    /// Asks the store by the plan. Does nothing if another run has the lease.
    async fn carry_out(
        &mut self,
        plan: UndoPlan,
        profile: &ProfileId,
        mut request: UndoRequest,
        store: Arc<dyn TestedStore>,
    ) -> Result<Option<(UndoRequest, Result<UndoOutcome, StoreError>)>, Violation> {
        let mut lease = None;
        if plan.how != UndoHow::Dry {
            for _ in 0..if plan.how == UndoHow::Fenced { 2 } else { 1 } {
                drop(lease.take());
                let taken = match store.lease(profile).await {
                    Err(StoreError::Leased(_)) => return Ok(None),
                    taken => taken.map_err(|error| store_failed(&error))?,
                };
                request.fence = request.fence.or(Some(taken.fence));
                self.world.inner().sites[plan.profile].fence = taken.fence;
                lease = Some(taken);
            }
        }
        let death = self.backend(plan.profile).death();
        let asked = request.clone();
        let outcome = match plan.how {
            UndoHow::FaultInside(number) => death.break_undo(store.as_ref(), profile, asked, number).await,
            UndoHow::CrashInside(share) => death.undo(store.as_ref(), profile, asked, share).await,
            UndoHow::Plain | UndoHow::Dry | UndoHow::Fenced => store.undo(profile, asked).await,
        };
        Ok(Some((request, outcome)))
    }
}

/// The facts about a run and a kind that are to be undone.
struct Evidence<'a> {
    entries: Vec<&'a ChangeRecord>,
    first_load: bool,
    /// The items that a later change has touched.
    touched: Vec<UndoObstacle>,
    /// Whether the run replaced the categories.
    categories: bool,
    /// Whether a later run replaced the categories.
    categories_touched: bool,
}

impl Looks {
    fn evidence(&self, of: RunId, kind: ContentKind, history: &History) -> Evidence<'_> {
        let entries = self.before.logged(of, kind);
        let last = entries.last().map_or(i64::MAX, |last| last.sequence);
        let ids: BTreeSet<_> = entries.iter().filter_map(|entry| entry.id).collect();
        let later = self.before.of_rows().filter(|it| it.kind == kind && it.sequence > last);
        let obstacle = |it: &ChangeRecord| Some(UndoObstacle { kind, id: it.id?, name: it.name.clone(), run: it.run });
        Evidence {
            first_load: entries.iter().any(|entry| entry.change == LoggedChange::Loaded),
            touched: later.filter(|it| it.id.is_some_and(|id| ids.contains(&id))).filter_map(obstacle).collect(),
            categories: history.found(of, kind).is_some_and(|found| found.categories),
            categories_touched: history.replacing(kind).any(|run| run > of),
            entries,
        }
    }

    /// Checks that the run is the one that was asked for, or the newest one with changes.
    fn is_meant(&self, request: &UndoRequest, of: RunId, history: &History) -> Result<(), Violation> {
        if let Some(run) = request.run {
            promise!(of == run, "run {} was to be undone, and it was run {} (I20)", run.0, of.0);
            return Ok(());
        }
        let changed = self.before.of_rows();
        let newest = changed.filter(|it| request.kinds.contains(&it.kind)).filter_map(|it| it.run).max();
        // A run that changed only categories may be pruned with older entries.
        let replaced = request.kinds.iter().any(|kind| history.found(of, *kind).is_some_and(|it| it.categories));
        let right = newest == Some(of) || replaced && newest < Some(of);
        promise!(right, "the newest run that changed something is {newest:?}, not {} (I20)", of.0);
        Ok(())
    }

    /// Checks that nothing forbids an undo that was done.
    fn may_be_done(&self, request: &UndoRequest, report: &UndoReport, history: &History) -> Result<(), Violation> {
        self.is_meant(request, report.of, history)?;
        for kind in ContentKind::ALL {
            let counts = report.kinds[kind];
            let asked = request.kinds.contains(&kind);
            promise!(asked || counts.is_none(), "{kind}: was not to be undone (I20)");
            let evidence = self.evidence(report.of, kind, history);
            if !asked {
                continue;
            }
            promise!(!evidence.first_load, "{kind}: the first load was undone (I20)");
            promise!(evidence.touched.is_empty(), "{kind}: undone over {:?} (I20)", evidence.touched);
            let over = counts.is_some() && evidence.categories && evidence.categories_touched;
            promise!(!over, "{kind}: categories undone that a later run has replaced (I20)");
            let some = !evidence.entries.is_empty();
            promise!(!some || counts.is_some(), "{kind}: left out of an undo (I20)");
            promise!(some || counts.is_none() || evidence.categories, "{kind}: nothing was there to undo (I20)");
            let mut expected = UndoCounts::default();
            for entry in &evidence.entries {
                match row_change(entry) {
                    Some(RowChange::Came) => expected.removed += 1,
                    Some(RowChange::Stayed) => expected.updated += 1,
                    Some(RowChange::Went) => (expected.added, expected.held) = (expected.added + 1, expected.held + 1),
                    None => {}
                }
            }
            let counted = counts.is_none_or(|counts| counts == expected);
            promise!(counted, "{kind}: an undo counts {counts:?}, not {expected:?} (I20)");
        }
        Ok(())
    }

    /// Checks that a refusal has a reason.
    fn may_refuse(&self, request: &UndoRequest, refusal: &UndoRefusal, history: &History) -> Result<(), Violation> {
        let Some(of) = refusal.of else {
            let changed = self.before.of_rows();
            let some = changed.filter(|it| request.kinds.contains(&it.kind)).find_map(|it| it.run);
            promise!(request.run.is_none() && some.is_none(), "an undo finds no run, and there is {some:?} (I20)");
            promise!(refusal.refused == Refused::Nothing, "no run is refused: {refusal:?} (I20)");
            return Ok(());
        };
        self.is_meant(request, of, history)?;
        let evidence: Vec<_> = request.kinds.iter().map(|kind| self.evidence(of, *kind, history)).collect();
        let recorded = self.before.runs.iter().find(|run| run.run == of).is_none_or(|run| {
            let of_kind = |it: &&sync_core::KindRecord| request.kinds.contains(&it.kind);
            run.kinds.iter().filter(of_kind).any(|it| it.counts.added + it.counts.updated + it.counts.removed > 0)
        });
        let good = match refusal.refused {
            Refused::Nothing => evidence.iter().all(|it| it.entries.is_empty()),
            Refused::LaterRun => {
                evidence.iter().any(|it| !it.touched.is_empty() || it.categories && it.categories_touched)
            }
            Refused::FirstLoad => evidence.iter().any(|it| it.first_load),
            Refused::Pruned => recorded && evidence.iter().any(|it| it.entries.is_empty()),
            _ => false,
        };
        promise!(good, "an undo was refused without a reason: {refusal:?} (I20)");
        let named = |item| evidence.iter().any(|it| it.touched.contains(item));
        promise!(refusal.items.iter().all(named), "an undo is refused for what is in nobody's way: {refusal:?} (I20)");
        Ok(())
    }

    /// Checks that nothing has changed.
    fn is_still(&self) -> Result<(), Violation> {
        let (before, after) = (&self.before, &self.after);
        still(before, after, "with an undo that wasn't done (I20)")?;
        let rest = |state: &State| {
            let held: Vec<_> = state.kinds.values().map(|kind| kind.held.clone()).collect();
            (held, state.feed, state.runs.clone(), state.facts.clone())
        };
        promise!(rest(before) == rest(after), "an undo that wasn't done has left something (I20)");
        promise!(self.hidden[0] == self.hidden[1], "an undo that wasn't done has left something in tables (I20)");
        Ok(())
    }

    /// Checks that every kind of the report is as its run had found it, and everything else is as before.
    fn is_undone(&self, request: &UndoRequest, report: &UndoReport, history: &History) -> Result<(), Violation> {
        let (before, after) = (&self.before, &self.after);
        let run = report.run.ok_or_else(|| Violation::new("an undo is no run (I20)"))?;
        promise!(before.facts == after.facts, "facts moved with an undo (I20)");
        promise!(before.feed.epoch == after.feed.epoch, "the epoch ended with an undo (I19)");
        let new = &after.changes[before.changes.len()..];
        let new: Vec<_> = new.iter().filter(|it| !it.change.is_of_edit()).cloned().collect();
        let foreign =
            new.iter().find(|it| it.run != Some(run) || it.at != request.at || report.kinds[it.kind].is_none());
        promise!(foreign.is_none(), "an undo logs {foreign:?} (I20)");
        let recorded = after.runs.first().filter(|it| it.run == run);
        let recorded = recorded.ok_or_else(|| Violation::new("an undo is not in the history (I20)"))?;
        let ended = (recorded.status, recorded.trigger) == (RunStatus::Completed, Trigger::Undo);
        promise!(ended, "an undo is recorded as {recorded:?} (I20)");
        for (kind, counts) in report.kinds.iter() {
            let told = recorded.kinds.iter().find(|it| it.kind == kind).map(|it| it.counts);
            let Some(counts) = counts else {
                before.check_still(after, kind, "with an undo of others (I4)")?;
                before.check_edits_still(after, kind, "with an undo of others (I4)")?;
                promise!(told.is_none(), "{kind}: recorded with an undo of others (I20)");
                continue;
            };
            let told = told.map(|told| (told.added, told.updated, told.removed));
            let expected = Some((counts.added, counts.updated, counts.removed));
            promise!(told == expected, "{kind}: an undo is recorded as {told:?}, not {expected:?} (I20)");
            let entries = before.logged(report.of, kind);
            let found = history.found(report.of, kind);
            let found = found.ok_or_else(|| Violation::new(format!("{kind}: run {} wrote unseen", report.of.0)))?;
            let undone = UndoneKind { looks: self, kind, run, at: request.at, entries, found };
            undone.log(&new)?;
            overlay::undone(before, after, kind)?;
            undone.rows()?;
            undone.tables()?;
            undone.held()?;
            undone.rest()?;
        }
        Ok(())
    }
}

/// A kind that was put back.
struct UndoneKind<'a> {
    looks: &'a Looks,
    kind: ContentKind,
    /// The run of the undo, and its time.
    run: RunId,
    at: i64,
    /// The entries that were taken back.
    entries: Vec<&'a ChangeRecord>,
    /// The state that the run had found.
    found: &'a Found,
}

impl UndoneKind<'_> {
    /// Returns the ids of the entries that changed their rows in this way.
    fn ids(&self, change: RowChange) -> BTreeSet<i64> {
        let did = |entry: &&&ChangeRecord| row_change(entry) == Some(change);
        self.entries.iter().filter(did).filter_map(|entry| Some(entry.id?.0)).collect()
    }

    /// Checks that each entry is taken back by one entry. Its values are compared with the rows together with the feed.
    fn log(&self, new: &[ChangeRecord]) -> Result<(), Violation> {
        let kind = self.kind;
        let taken = |entry: &&ChangeRecord| Some((entry.id?.0, LoggedChange::Undone(entry.change.taken_back()?)));
        let expected: BTreeMap<_, _> = self.entries.iter().filter_map(taken).collect();
        let own: Vec<_> = new.iter().filter(|entry| entry.kind == kind).collect();
        let logged: BTreeMap<_, _> = own.iter().filter_map(|entry| Some((entry.id?.0, entry.change))).collect();
        let same = logged == expected && own.len() == expected.len();
        promise!(same, "{kind}: an undo logged {logged:?}, not {expected:?} (I20)");
        for entry in own {
            let id = entry.id.map_or(0, |id| id.0);
            let row = self.looks.after.kind(kind).rows.get(&id).or_else(|| self.looks.before.kind(kind).rows.get(&id));
            let name = row.map(sync_core::Item::name);
            promise!(entry.name.as_deref() == name, "{kind}: {id} is {name:?}, and undone as {:?} (I20)", entry.name);
        }
        Ok(())
    }

    fn rows(&self) -> Result<(), Violation> {
        let (kind, found) = (self.kind, &self.found.before.rows);
        let [before, after] = [&self.looks.before, &self.looks.after].map(|state| &state.kind(kind).rows);
        let touched: BTreeSet<_> = self.entries.iter().filter_map(|entry| Some(entry.id?.0)).collect();
        let back = self.ids(RowChange::Went);
        let all: BTreeSet<_> = [found, before, after].iter().flat_map(|rows| rows.keys().copied()).collect();
        for id in all {
            let [then, was, is] = [found, before, after].map(|rows| rows.get(&id));
            if !touched.contains(&id) {
                promise!(was == is, "{kind}: {} became {} with an undo of others (I20)", show::row(was), show::row(is));
                continue;
            }
            let restored = match (then, is) {
                (None, None) => true,
                (Some(then), Some(is)) if back.contains(&id) => then == is,
                (Some(then), Some(is)) => differing(then, is, FieldClass::Significant).is_empty(),
                _ => false,
            };
            promise!(
                restored,
                "{kind}: an undo made {} of {}, it was {} (I20)",
                show::row(is),
                show::row(was),
                show::row(then)
            );
        }
        Ok(())
    }

    /// Checks the numbers of rows, and the tombstones.
    fn tables(&self) -> Result<(), Violation> {
        let kind = self.kind;
        let then = &self.found.hidden;
        let [before, after] = &self.looks.hidden;
        let back = self.ids(RowChange::Went);
        for (id, number) in &after.numbers[kind] {
            let source = if back.contains(id) { then } else { before };
            let own = source.numbers[kind].get(id);
            promise!(own == Some(number), "{kind}: the row of {id} is {number:?} after an undo, not {own:?} (I20)");
        }
        let touched: BTreeMap<_, _> = self.entries.iter().filter_map(|entry| Some((entry.id?.0, *entry))).collect();
        let all: BTreeSet<_> =
            [then, before, after].iter().flat_map(|hidden| hidden.graves[kind].keys().copied()).collect();
        for id in all {
            let [then, was, is] = [then, before, after].map(|hidden| hidden.graves[kind].get(&id));
            let right = match touched.get(&id) {
                None => is == was,
                // The tombstone was pruned before the item returned.
                Some(entry) if entry.change == LoggedChange::Added => is.is_none() || is == then,
                Some(_) => is == then,
            };
            promise!(right, "{kind}: the tombstone of {id} is {is:?} after an undo, it was {then:?} (I20)");
        }
        Ok(())
    }

    /// Checks that the held removals are as the run had found them, except for later changes, and that returned items
    /// are held.
    fn held(&self) -> Result<(), Violation> {
        let kind = self.kind;
        let [now, after] = [&self.looks.before, &self.looks.after].map(|state| state.kind(kind));
        let find = |list: &[HeldRemoval], id: i64| list.iter().find(|held| held.id.0 == id).cloned();
        let back = self.ids(RowChange::Went);
        for id in after.rows.keys().copied() {
            let is = find(&after.held, id);
            if back.contains(&id) {
                let (reason, id) = (HoldReason::Loss(Loss::Undone), ContentId(id));
                let expected =
                    HeldRemoval { id, reason, since: self.at, run: self.run, evidence: None, successor: None };
                promise!(is.as_ref() == Some(&expected), "{kind}: {id} is back and held as {is:?} (I20)");
                continue;
            }
            let [then, left] = [&self.found.before.held, &self.found.held_after].map(|list| find(list, id));
            let was = find(&now.held, id);
            let right = match (&then, &left) {
                (Some(then), None) if was.is_none() => {
                    // The panel has listed the item since, so the evidence begins anew.
                    is == Some(HeldRemoval { evidence: None, ..then.clone() })
                }
                _ if left == was => is == then,
                // A later listing has missed the item as well.
                (None, Some(_)) => is == was || is.is_none(),
                _ => is == was,
            };
            promise!(
                right,
                "{kind}: {id} is held as {is:?} after an undo; as {then:?} before the run, {left:?} behind it, {was:?} \
                 before the undo (I20)"
            );
        }
        Ok(())
    }

    /// Checks the index, the validator, the categories and the watermark.
    fn rest(&self) -> Result<(), Violation> {
        let kind = self.kind;
        let [was, is] = [&self.looks.before, &self.looks.after].map(|state| state.kind(kind));
        let then = &self.found.before;
        let expected = if self.found.categories { &then.categories } else { &was.categories };
        promise!(
            is.categories == *expected,
            "{kind}: categories are {:?} after an undo, they were {expected:?} (I20)",
            is.categories
        );
        let watermarks = (is.last_sync, then.last_sync);
        promise!(
            watermarks.0 == watermarks.1,
            "{kind}: the watermark is {watermarks:?} after an undo and before the run (I20)"
        );
        promise!(is.validator.is_none(), "{kind}: a validator outlived an undo (I20)");
        promise!(is.applied_before == was.applied_before, "{kind}: an undo made it new (I20)");
        // If a clear during the apply has left rows without an index, they have none when they come back either.
        if !was.consistent || !was.applied_before {
            return Ok(());
        }
        promise!(is.consistent, "{kind}: the index is in doubt after an undo (I20)");
        let [gone, moved, back] = [RowChange::Came, RowChange::Stayed, RowChange::Went].map(|change| self.ids(change));
        let stayed: Vec<_> = was.index.ids().iter().copied().filter(|id| !gone.contains(id)).collect();
        let (kept, last) = is.index.ids().split_at(stayed.len().min(is.index.len()));
        let come: BTreeSet<_> = last.iter().copied().collect();
        let order = kept == stayed && come == back && last.len() == back.len();
        promise!(order, "{kind}: the index is {:?} after an undo (I20)", is.index.ids());
        for (at, id) in is.index.ids().iter().enumerate() {
            // Digests that equal nothing are compared as numbers here.
            let known = was.index.position(ContentId(*id), 0).map(|at| was.index.digest_at(at).0);
            let digest = is.index.digest_at(at);
            let put_back = moved.contains(id) || back.contains(id);
            let right = if put_back { digest.is_never() } else { Some(digest.0) == known };
            promise!(right, "{kind}: the index knows {digest:?} of {id} after an undo (I20)");
        }
        Ok(())
    }
}
