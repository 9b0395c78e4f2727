//! I19: the feed is complete. Every state that was ever read is kept with its position. As long as this position can be
//! read from, the entries behind it lead from the rows at that time to the present rows.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::catalogue::FeedPage;
use sync_core::feed::change::RowChange;
use sync_core::store::RunEnd;
use sync_core::{
    ChangeRecord, ContentId, ContentKind, FieldClass, HeldRemoval, Item, LoggedChange, PerKind, Retention, RunId, Value,
};

use super::backend::Hidden;
use super::state::{KindState, State};
use crate::campaign::Violation;
use crate::planner::model::differing;
use crate::{promise, show};

const DAY: i64 = 86_400;

type Rows = BTreeMap<i64, Item>;

/// The history of a profile, besides its present state.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The number of times that it was cleared.
    clears: u64,
    /// The sequence up to which entries were pruned.
    pruned: i64,
    moments: Vec<Moment>,
    /// The states of the kinds before the runs that wrote them.
    found: BTreeMap<(RunId, ContentKind), Found>,
}

/// The rows at a position.
#[derive(Debug)]
struct Moment {
    clears: u64,
    epoch: i64,
    position: i64,
    rows: PerKind<Rows>,
}

/// The state of a kind before a run wrote it, and the held removals after the run.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) before: KindState,
    pub(crate) hidden: Hidden,
    pub(crate) held_after: Vec<HeldRemoval>,
    /// Whether the run replaced the categories.
    pub(crate) categories: bool,
}

impl History {
    /// Records that a run, or an undo, has written a kind.
    pub(crate) fn wrote(&mut self, run: RunId, kind: ContentKind, before: &State, after: &State, hidden: Hidden) {
        let (before, after) = (before.kind(kind), after.kind(kind));
        let found = Found {
            before: before.clone(),
            hidden,
            held_after: after.held.clone(),
            categories: before.categories != after.categories,
        };
        self.found.insert((run, kind), found);
    }

    /// Returns the state of a kind before a run wrote it.
    pub(crate) fn found(&self, run: RunId, kind: ContentKind) -> Option<&Found> {
        self.found.get(&(run, kind))
    }

    /// Returns the runs that replaced the categories of a kind, oldest first.
    pub(crate) fn replacing(&self, kind: ContentKind) -> impl Iterator<Item = RunId> {
        self.found.iter().filter(move |((_, of), found)| *of == kind && found.categories).map(|((run, _), _)| *run)
    }

    /// Records that the content was cleared.
    pub(crate) fn cleared(&mut self, before: &State, after: &State) -> Result<(), Violation> {
        self.clears += 1;
        self.found.clear();
        let (old, new) = (before.feed, after.feed);
        promise!(old.epoch != new.epoch, "the epoch goes on over a clear (I19)");
        promise!(new.newest == old.newest, "sequences begin anew with a clear: {old:?}, then {new:?} (I19)");
        promise!(new.oldest == new.newest, "what was cleared away can be read still: {new:?} (I19)");
        Ok(())
    }

    /// Records that a run has ended. Old entries are pruned, and nothing else.
    pub(crate) fn ended(&mut self, before: &State, after: &State, end: &RunEnd) -> Result<(), Violation> {
        for ((_, kind), found) in self.found.iter_mut().filter(|((run, _), _)| *run == end.run) {
            // If the end of a run gives a held removal another reason, that is a part of the run.
            let now = &after.kind(*kind).held;
            for held in &mut found.held_after {
                let told = end.held.iter().any(|(of, told)| of == kind && told.id == held.id);
                *held = now.iter().find(|now| told && now.id == held.id).unwrap_or(held).clone();
            }
        }
        let log: Vec<_> = before.changes.iter().filter(|it| it.sequence > self.pruned).collect();
        let from = kept_from(&log, end.retention, end.finished_at);
        if from > 0 {
            self.pruned = log[from - 1].sequence;
        }
        let (old, new) = (before.feed, after.feed);
        let expected = old.oldest.max(self.pruned);
        promise!(old.epoch == new.epoch, "the epoch ended with a run (I19)");
        promise!(
            new.oldest == expected,
            "the feed begins behind {} after a run, not behind {expected}: entries were pruned too early, in the middle \
             of a run, or too late (I19)",
            new.oldest
        );
        Ok(())
    }

    /// Records the present rows.
    pub(crate) fn remember(&mut self, state: &State) {
        let (epoch, position) = (state.feed.epoch, state.feed.newest);
        let known = self.moments.last().is_some_and(|last| (last.clears, last.position) == (self.clears, position));
        if !known {
            let rows = PerKind::from_fn(|kind| state.kind(kind).rows.clone());
            self.moments.push(Moment { clears: self.clears, epoch, position, rows });
        }
    }

    /// Checks that the feed leads from every recorded moment to the present rows, or says that it doesn't.
    pub(crate) fn check(&self, now: &State, page: &FeedPage) -> Result<(), Violation> {
        let feed = page.feed;
        promise!(feed == now.feed, "the feed is {feed:?}, and was {:?} a moment ago (I19)", now.feed);
        let all: Vec<_> = now.changes.iter().filter(|it| it.sequence > feed.oldest).collect();
        for (old, new) in all.iter().zip(&page.changes) {
            promise!(*old == new, "an entry has changed since it was read: {old:?}, then {new:?} (I19)");
        }
        let (known, found) = (all.len(), page.changes.len());
        promise!(known == found, "{known} entries are behind position {}, {found} can be read (I19)", feed.oldest);
        let newest = page.changes.last().map_or(feed.oldest, |last| last.sequence);
        promise!(feed.newest == newest, "the newest entry is {newest}, and the feed says {feed:?} (I19)");
        for moment in self.moments.iter().filter(|moment| moment.clears != self.clears) {
            let told = feed.check(Some(moment.epoch), moment.position);
            promise!(told.is_err(), "position {} is of before a clear, and is good (I19)", moment.position);
        }
        let mut moments: Vec<_> = self
            .moments
            .iter()
            .filter(|it| it.clears == self.clears && feed.check(Some(it.epoch), it.position).is_ok())
            .collect();
        let lost = self.moments.iter().filter(|it| it.clears == self.clears && it.position >= feed.oldest).count();
        promise!(moments.len() == lost, "a position is refused of which nothing was pruned: {feed:?} (I19)");
        moments.sort_by_key(|moment| moment.position);
        let mut walk = Walk { rows: PerKind::from_fn(|kind| now.kind(kind).rows.clone()), ends: PerKind::default() };
        for entry in page.changes.iter().rev() {
            while let Some(moment) = moments.pop_if(|moment| moment.position >= entry.sequence) {
                walk.is_at(moment)?;
            }
            walk.back(entry).map_err(|Violation(told)| Violation(format!("entry {}: {told}", entry.sequence)))?;
        }
        moments.into_iter().try_for_each(|moment| walk.is_at(moment))
    }
}

/// Returns the place in a log from which on entries are kept. This repeats the rule.
fn kept_from(log: &[&ChangeRecord], retention: Retention, now: i64) -> usize {
    let oldest = now - i64::from(retention.feed_days) * DAY;
    let young = log.iter().position(|entry| entry.at >= oldest).unwrap_or(log.len());
    let room = usize::try_from(retention.feed_entries).unwrap_or(usize::MAX);
    let mut from = young.max(log.len().saturating_sub(room));
    let newest = log.iter().rev().find_map(|entry| entry.run);
    loop {
        // A run is kept as a whole or not at all, and the newest one is kept.
        let kept: BTreeSet<_> = log[from..].iter().filter_map(|entry| entry.run).chain(newest).collect();
        let begin = log.iter().position(|entry| entry.run.is_some_and(|run| kept.contains(&run)));
        match begin {
            Some(begin) if begin < from => from = begin,
            _ => return from,
        }
    }
}

/// A walk from the present rows back through the entries.
struct Walk {
    rows: PerKind<Rows>,
    /// The kinds whose first load was met. Its entry says nothing about the rows before it.
    ends: PerKind<bool>,
}

impl Walk {
    /// Takes back an entry, and checks its values against the rows at that place.
    fn back(&mut self, entry: &ChangeRecord) -> Result<(), Violation> {
        let kind = entry.kind;
        if self.ends[kind] {
            return Ok(());
        }
        if entry.change.is_of_edit() {
            return Ok(());
        }
        if entry.change == LoggedChange::Loaded {
            self.ends[kind] = true;
            return Ok(());
        }
        let rows = &mut self.rows[kind];
        let told = |what: &str| Violation::new(format!("{kind}: {what}: {} (I19)", shown(entry)));
        let id = entry.id.ok_or_else(|| told("a change of no item"))?;
        let change = row_change(entry).ok_or_else(|| told("it is about no row"))?;
        if change == RowChange::Went {
            if rows.contains_key(&id.0) {
                return Err(told("it went, and is there"));
            }
            rows.insert(id.0, whole(entry, id, |column| &column.before).ok_or_else(|| told("it is not whole"))?);
            return Ok(());
        }
        let Some(row) = rows.get_mut(&id.0) else { return Err(told("it is told of, and isn't there")) };
        for column in entry.columns.as_deref().unwrap_or_default() {
            let at = kind.field(column.column).filter(|at| kind.of_class(FieldClass::Significant).has(*at));
            let Some(at) = at else { continue };
            if row.value(at).to_owned() != column.after {
                return Err(told(&format!("{} became {:?}", column.column, row.value(at))));
            }
            row.put(at, column.before.clone());
        }
        if change == RowChange::Came {
            let is_told = matches!(entry.change, LoggedChange::Added | LoggedChange::Returned)
                || whole(entry, id, |column| &column.after).is_some();
            if !is_told {
                return Err(told("it is not whole"));
            }
            rows.remove(&id.0);
        }
        Ok(())
    }

    /// Checks that the entries lead back to the rows of a moment.
    fn is_at(&self, moment: &Moment) -> Result<(), Violation> {
        for (kind, rows) in self.rows.iter().filter(|(kind, _)| !self.ends[*kind]) {
            let then = &moment.rows[kind];
            for (id, row) in then {
                let Some(led) = rows.get(id) else {
                    return Err(Violation::new(format!(
                        "{kind}: {id} was there at position {}, and its going is not in the feed (I19)",
                        moment.position
                    )));
                };
                let off = differing(row, led, FieldClass::Significant);
                promise!(
                    off.is_empty(),
                    "{kind}: the feed leads back to {} at position {}, it was {}; {off:?} (I19)",
                    show::item(led),
                    moment.position,
                    show::item(row)
                );
            }
            let more = rows.keys().find(|id| !then.contains_key(id));
            promise!(
                more.is_none(),
                "{kind}: {more:?} came after position {}, and the feed doesn't say so (I19)",
                moment.position
            );
        }
        Ok(())
    }
}

/// Returns how an entry changes the row of its item.
pub(crate) fn row_change(entry: &ChangeRecord) -> Option<RowChange> {
    let columns = entry.columns.as_deref().unwrap_or_default();
    let number = columns.iter().find(|column| column.column == "id");
    let there = |value: Option<&Value>| value.is_none_or(|value| *value != Value::Null);
    entry.change.row(there(number.map(|it| &it.before)), there(number.map(|it| &it.after)))
}

/// Returns the whole row that an entry has; `None` if a column is left out.
fn whole(entry: &ChangeRecord, id: ContentId, side: impl Fn(&sync_core::ColumnChange) -> &Value) -> Option<Item> {
    let mut item = Item::with_id(entry.kind, id);
    let columns = entry.columns.as_deref()?;
    for (at, field) in entry.kind.fields().iter().enumerate() {
        let column = columns.iter().find(|column| column.column == field.name)?;
        item.put(at, side(column).clone());
    }
    Some(item)
}

/// Returns an entry as a short text.
fn shown(entry: &ChangeRecord) -> String {
    let columns = entry.columns.as_deref().unwrap_or_default();
    let kept: Vec<_> = columns.iter().filter(|it| it.before != Value::Null || it.after != Value::Null).collect();
    format!("{:?} {} by {:?}, {kept:?}", entry.id, entry.change.as_str(), entry.run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_is_kept_by_half() {
        let entry = |(at, run): (i64, i64)| {
            let record = ChangeRecord::new(at + 1, at * DAY, ContentKind::Movies, LoggedChange::Added);
            record.of_run((run != 0).then_some(RunId(run)))
        };
        let log: Vec<_> = (0..).zip([1, 2, 2, 0, 2, 3]).map(entry).collect();
        let log: Vec<_> = log.iter().collect();
        let kept = |feed_entries| kept_from(&log, Retention { feed_entries, ..Retention::default() }, 6 * DAY);
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(kept), [5, 5, 1, 1, 1, 1, 0]);
    }
}
