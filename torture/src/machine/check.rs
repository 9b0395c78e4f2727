//! The right result of an apply, and nothing else: its rows, counts, categories, watermark, change log, and the state
//! of every item that the panel did not list.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{ContentId, ContentKind, Counts, FieldClass, FieldFacts, FieldSet, Item, Listed};
use sync_core::{HeldRemoval, LoggedChange};

use super::applied::Applied;
use super::overlay;
use super::removal;
use super::run::{Heard, Run};
use super::state::State;
use crate::campaign::Violation;
use crate::planner::model::{Meaning, Rules, alike, meaning};
use crate::{promise, show};

/// Judges an apply of a kind, and records its counts.
pub(crate) fn applied(run: &Run, before: &State, after: &State, kind: ContentKind) -> Result<(), Violation> {
    for other in ContentKind::ALL.into_iter().filter(|other| *other != kind) {
        let when = format!("with an apply of {kind} (I4)");
        before.check_still(after, other, &when)?;
        before.check_edits_still(after, other, &when)?;
    }
    after.check()?;
    let but_fields = |state: &State| {
        let mut facts = state.facts.clone();
        facts.kinds[kind].fields = FieldFacts::default();
        facts
    };
    promise!(but_fields(before) == but_fields(after), "{kind}: facts moved with an apply");
    let (heard, account, disturbed) = {
        let notes = run.notes();
        let at = kind;
        let epoch = run.world.inner().sites[run.site].epoch;
        (notes.heard[at].clone(), notes.account.clone(), notes.epoch != epoch)
    };
    let now = run.world.inner().now;
    overlay::applied(before, after, kind, now)?;
    let asked_at = account.as_ref().and_then(|account| account.panel_time).unwrap_or(now);
    if let (Some(started_at), true) = (heard.whole.unmodified, heard.within.is_empty()) {
        return unmodified(run, before, after, kind, (disturbed, started_at.unwrap_or(asked_at)));
    }
    let taken = heard.taken().ok_or_else(|| Violation::new(format!("{kind}: applied without a proof (I5)")))?;
    let (known, new) = (before.kind(kind), after.kind(kind));
    let fields = [before, after].map(|state| &state.facts.kinds[kind].fields);
    let rules = Rules::between(kind, fields, run.options.policy.at(known.last_sync), now);
    let mut listed: BTreeMap<i64, Vec<&Listed>> = BTreeMap::new();
    for element in &taken.elements {
        listed.entry(element.item.id().0).or_default().push(element);
    }
    let broken = taken.broken.iter().map(|(_, id)| id.0);
    let broken = broken.filter(|id| known.rows.contains_key(id) && !listed.contains_key(id)).collect();
    let applied = Applied {
        run,
        kind,
        before: known,
        after: new,
        taken: &taken,
        listed,
        broken,
        rules,
        categories_answered: heard.categories.is_some(),
        expired: account.as_ref().is_some_and(|account| account.is_past_expiry(now)),
        now,
        panel_now: taken.end.started_at.unwrap_or(asked_at),
    };
    removal::note(&applied);
    if disturbed {
        // Another program wrote in between, so the exact result is not known.
        run.notes().applied[kind] = Some(None);
        return Ok(());
    }
    let counts = applied.rows(&heard)?;
    applied.held()?;
    applied.categories(&heard)?;
    applied.index()?;
    applied.log(before, after)?;
    removal::check(&applied)?;
    promise!(
        new.last_sync == Some(applied.panel_now),
        "{kind}: the watermark is {:?}, not {} (I3)",
        new.last_sync,
        applied.panel_now
    );
    if let Some(kept) = &new.validator {
        let told = heard.whole.version.as_ref() == Some(&kept.validator) && heard.within.is_empty();
        promise!(told, "{kind}: a validator came from nowhere");
        promise!(counts.held == 0, "{kind}: something is held, and the listing has a validator");
    }
    run.notes().applied[kind] = Some(Some(counts));
    Ok(())
}

/// Judges the end of a run. It may give some held removals another reason, and changes nothing else of any kind.
pub(crate) fn ended(before: &State, after: &State, told: &[(ContentKind, HeldRemoval)]) -> Result<(), Violation> {
    for kind in ContentKind::ALL {
        before.check_still(after, kind, "with the end of a run")?;
        before.check_edits_still(after, kind, "with the end of a run")?;
        let mut expected = before.kind(kind).held.clone();
        for held in &mut expected {
            let told = told.iter().find(|(of, told)| *of == kind && told.id == held.id);
            if let Some((_, told)) = told {
                (held.reason, held.evidence) = (told.reason, told.evidence);
            }
        }
        let found = &after.kind(kind).held;
        promise!(*found == expected, "{kind}: after the end of a run held as {found:?}, not as {expected:?}");
    }
    Ok(())
}

/// Judges an apply after the panel has said that the listing is unmodified. It writes only the categories and the
/// watermark.
fn unmodified(
    run: &Run,
    before: &State,
    after: &State,
    kind: ContentKind,
    (disturbed, watermark): (bool, i64),
) -> Result<(), Violation> {
    let (known, new) = (before.kind(kind), after.kind(kind));
    promise!(new.last_sync == Some(watermark), "{kind}: the watermark is {:?}, not {watermark} (I3)", new.last_sync);
    let mut expected = before.clone();
    let state = &mut expected.kinds[kind];
    state.last_sync = new.last_sync;
    state.categories.clone_from(&new.categories);
    expected.check_still(after, kind, "though the panel says that nothing has changed")?;
    promise!(known.held.is_empty(), "{kind}: something is held, and it was asked whether nothing has changed");
    let counts = Counts { unchanged: known.rows.len() as u64, ..Counts::default() };
    run.notes().applied[kind] = Some((!disturbed).then_some(counts));
    Ok(())
}

impl Applied<'_> {
    /// I1: every row is as in the listing, or as before. Returns the counts.
    fn rows(&self, heard: &Heard) -> Result<Counts, Violation> {
        let mut counts = Counts { skipped: self.taken.end.unreadable, ..Counts::default() };
        for (id, elements) in &self.listed {
            let row = self.before.rows.get(id);
            let Some(after) = self.after.rows.get(id) else {
                return Err(Violation::new(format!("{}: {id} is listed and gone", self.kind)));
            };
            let fits = |candidate: &Item| match meaning(row, candidate, &self.rules) {
                Meaning::Unchanged | Meaning::Passed => row == Some(after),
                _ if elements.len() == 1 => after == candidate,
                _ => alike(after, candidate, &self.rules),
            };
            let all = self.candidates(row, elements);
            promise!(
                all.iter().any(fits),
                "{}: {} became {}, of {} (I1); {:?}",
                self.kind,
                show::row(row),
                show::item(after),
                show::elements(elements.iter().copied()),
                self.rules
            );
            match meaning(row, after, &self.rules) {
                _ if row == Some(after) => counts.unchanged += 1,
                Meaning::Added => counts.added += 1,
                Meaning::Updated => counts.updated += 1,
                Meaning::Refreshed => counts.refreshed += 1,
                Meaning::Unchanged | Meaning::Passed => {
                    return Err(Violation::new(format!("{}: {id} was written for nothing", self.kind)));
                }
            }
        }
        for (id, row) in self.before.rows.iter().filter(|(id, _)| !self.listed.contains_key(id)) {
            match self.after.rows.get(id) {
                None => counts.removed += 1,
                Some(after) => {
                    promise!(after == row, "{}: {id} wasn't listed and was written", self.kind);
                    if self.broken.contains(id) {
                        counts.unchanged += 1;
                        continue;
                    }
                    let held = self.after.held.iter().any(|held| held.id.0 == *id);
                    let covered = self.covers(row);
                    promise!(held || !covered, "{}: {id} is missing, and neither gone nor held", self.kind);
                    counts.held += u64::from(held);
                    counts.unchanged += u64::from(!held);
                }
            }
        }
        for id in self.after.rows.keys() {
            let known = self.before.rows.contains_key(id) || self.listed.contains_key(id);
            promise!(known, "{}: {id} came from nowhere, of {} categories", self.kind, heard.within.len());
        }
        Ok(counts)
    }

    fn held(&self) -> Result<(), Violation> {
        for held in &self.after.held {
            promise!(!self.lists(held.id.0), "{}: {} is listed and held", self.kind, held.id);
        }
        Ok(())
    }

    /// Checks that the categories are those of the answer, and in some cases also some that vanished implausibly.
    fn categories(&self, heard: &Heard) -> Result<(), Violation> {
        let (before, after) = (&self.before.categories, &self.after.categories);
        let Some(answered) = &heard.categories else {
            promise!(before == after, "{}: categories moved without an answer", self.kind);
            return Ok(());
        };
        let mut met = BTreeSet::new();
        let answered: Vec<_> = answered.iter().filter(|category| met.insert(&category.id)).collect();
        let same = after.iter().take(answered.len()).eq(answered.iter().copied());
        promise!(same, "{}: the categories are {after:?}, not {answered:?}", self.kind);
        for kept in &after[answered.len()..] {
            promise!(before.contains(kept), "{}: category {} came from nowhere", self.kind, kept.id);
        }
        Ok(())
    }

    /// Checks that the index has the panel's order, and after it the items that were kept.
    fn index(&self) -> Result<(), Violation> {
        let mut met = BTreeSet::new();
        let ids = self.taken.order(|id| self.before.rows.contains_key(&id)).into_iter();
        let order: Vec<_> = ids.filter(|id| met.insert(*id)).collect();
        let found = self.after.index.ids();
        promise!(self.after.consistent, "{}: the index is in doubt after an apply", self.kind);
        promise!(found.starts_with(&order), "{}: the index is {found:?}, listed was {order:?}", self.kind);
        Ok(())
    }

    /// I7: the change log has the difference.
    fn log(&self, before: &State, after: &State) -> Result<(), Violation> {
        let new: Vec<_> =
            after.changes[before.changes.len()..].iter().filter(|it| !it.change.is_of_edit()).cloned().collect();
        promise!(new.iter().all(|change| change.kind == self.kind), "a change of another kind was logged");
        // If rows exist before a first load, they are left of a kind that was cleared during the load.
        let first = !self.before.applied_before;
        let (markers, new): (Vec<_>, Vec<_>) = new.iter().partition(|change| change.change == LoggedChange::Loaded);
        let marked = markers.len() == usize::from(first);
        promise!(marked, "{}: logged as loaded {} times, and a first load is {first}", self.kind, markers.len());
        let mut expected = BTreeMap::new();
        for (id, row) in &self.before.rows {
            match self.after.rows.get(id) {
                None => drop(expected.insert(*id, LoggedChange::Removed)),
                Some(after) if after != row && meaning(Some(row), after, &self.rules) == Meaning::Updated => {
                    expected.insert(*id, LoggedChange::Updated(shown(row, after)));
                }
                Some(_) => {}
            }
        }
        for id in self.after.rows.keys().filter(|id| !first && !self.before.rows.contains_key(id)) {
            expected.insert(*id, LoggedChange::Added);
        }
        let plain = |change| if change == LoggedChange::Returned { LoggedChange::Added } else { change };
        // An unproven field is logged once it is compared. This check doesn't repeat the rule for that.
        let unproven = self.kind.of_class(FieldClass::Unproven);
        let counted = |change| match change {
            LoggedChange::Updated(fields) => LoggedChange::Updated(FieldSet(fields.0 & !unproven.0)),
            other => plain(other),
        };
        let event = |it: &&sync_core::ChangeRecord| (it.id.unwrap_or(ContentId(i64::MIN)).0, counted(it.change));
        let found: BTreeMap<_, _> = new.iter().map(event).collect();
        promise!(found == expected && found.len() == new.len(), "{}: logged {new:?}, not {expected:?}", self.kind);
        Ok(())
    }
}

/// Returns the significant fields in which two items differ.
fn shown(a: &Item, b: &Item) -> FieldSet {
    let kind = a.kind();
    let mut set = FieldSet::EMPTY;
    for class in [FieldClass::Significant, FieldClass::Display] {
        kind.of_class(class).positions().filter(|at| a.value(*at) != b.value(*at)).for_each(|at| set.add(at));
    }
    set
}
