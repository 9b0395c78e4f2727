//! The judgement of each kind: it has to be wholly as before or wholly as the panel lists it.

use std::collections::BTreeSet;

use serde_json::Value;
use sync_tests::{Catalogue, Kind, disagreements};

use super::snapshot::{Part, Snapshot};
use crate::Outcome;

/// Fails with these words unless the condition holds.
macro_rules! demand {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+).into());
        }
    };
}
pub(crate) use demand;

/// The state of a kind after a run that was to bring it in step with the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    /// The kind is as before, byte for byte.
    Old,
    /// The kind is as the panel lists it.
    New,
}

/// Judges each kind after a run that began when the cache was `before`. A mix of both states is an error.
pub(crate) fn each_kind(before: &Snapshot, after: &Snapshot, catalogue: &Catalogue) -> Outcome<[Became; 3]> {
    each_kind_but(before, after, catalogue, &[])
}

/// Does the same for a panel that lists nothing of some kinds. All rows of these kinds are held.
pub(crate) fn each_kind_but(
    before: &Snapshot,
    after: &Snapshot,
    catalogue: &Catalogue,
    empty: &[Kind],
) -> Outcome<[Became; 3]> {
    untouched(before, after)?;
    let mut became = [Became::Old; 3];
    for kind in Kind::ALL {
        let (was, is) = (&before.parts[kind as usize], &after.parts[kind as usize]);
        consistent(kind, is)?;
        if was == is {
            // A kind that the run has committed has another watermark, or a record. The report is checked elsewhere.
            continue;
        }
        became[kind as usize] = Became::New;
        if empty.contains(&kind) && was.items.is_empty() {
            demand!(is.items.is_empty(), "{kind}: {} items came from a list of nothing", is.items.len());
        } else if empty.contains(&kind) {
            is_held(kind, before, after)?;
        } else {
            is_new(kind, before, after, catalogue)?;
        }
    }
    Ok(became)
}

/// Checks that each kind is as the panel lists it. It may also be as before, if nothing has changed within a second.
pub(crate) fn in_step(after: &Snapshot, catalogue: &Catalogue) -> Outcome {
    Kind::ALL.into_iter().try_for_each(|kind| agrees(kind, after, catalogue))
}

/// Checks that the report states the real result of each kind.
pub(crate) fn as_reported(report: &Value, became: [Became; 3], after: &Snapshot, catalogue: &Catalogue) -> Outcome {
    for kind in Kind::ALL {
        let outcome = report["kinds"][kind.name()]["outcome"].as_str().unwrap_or_default();
        match outcome {
            "failed" | "cancelled" => {
                demand!(became[kind as usize] == Became::Old, "{kind} is new, and is reported as {outcome}");
            }
            // If nothing had to change and no time has passed, the kind is also as before.
            "completed" | "unchanged" => agrees(kind, after, catalogue)?,
            _ => return Err(format!("{kind} is reported as {outcome}").into()),
        }
    }
    Ok(())
}

/// Checks that only the content of one profile has changed.
pub(crate) fn untouched(before: &Snapshot, after: &Snapshot) -> Outcome {
    demand!(before.settings == after.settings, "the settings have changed");
    if before.others != after.others {
        let other = before.others.iter().zip(&after.others).find(|(was, is)| was != is);
        return Err(format!("a row of another profile has changed: {other:?}").into());
    }
    Ok(())
}

/// Checks the conditions that hold for a kind after any fault.
pub(crate) fn consistent(kind: Kind, part: &Part) -> Outcome {
    let rows = part.items.len();
    demand!(i64::try_from(rows)? == part.count, "{kind}: {rows} rows, counted as {}", part.count);
    match &part.index {
        None => demand!(rows == 0 && part.watermark.is_none(), "{kind}: rows or a watermark without an index"),
        Some(ids) => {
            let listed: BTreeSet<_> = ids.iter().collect();
            demand!(listed.len() == ids.len(), "{kind}: an id is twice in the index");
            demand!(listed.iter().copied().eq(part.items.keys()), "{kind}: the index has other ids than the rows");
            demand!(part.watermark.is_some(), "{kind}: an index without a watermark");
        }
    }
    Ok(())
}

/// Checks that a kind that has changed is as the panel lists it, with everything that belongs to this state.
fn is_new(kind: Kind, before: &Snapshot, after: &Snapshot, catalogue: &Catalogue) -> Outcome {
    let (was, is) = (&before.parts[kind as usize], &after.parts[kind as usize]);
    agrees(kind, after, catalogue)?;
    demand!(is.watermark >= was.watermark, "{kind}: the watermark has fallen");
    for (id, (row, _)) in &is.items {
        let same = was.items.get(id).is_none_or(|(before, _)| before == row);
        demand!(same, "{kind} {id}: the row has another row id");
    }
    let run = after.last_run.as_ref().map(|(run, _)| *run);
    let known = before.last_run.as_ref().map(|(run, _)| *run);
    let Some(run) = run.filter(|_| run > known) else {
        return Err(format!("{kind}: it has changed without a run").into());
    };
    let Some(recorded) = after.recorded(run, kind)? else {
        return Err(format!("{kind}: it has changed, and the run has no record of it").into());
    };
    let added: BTreeSet<i64> = is.items.keys().filter(|id| !was.items.contains_key(id)).copied().collect();
    let removed: BTreeSet<i64> = was.items.keys().filter(|id| !is.items.contains_key(id)).copied().collect();
    let differs = |id: &&i64| was.items.get(id).is_some_and(|row| *row != is.items[*id]);
    let written = is.items.keys().filter(differs).count();
    let [told_added, updated, refreshed, told_removed, unchanged, held, skipped] = recorded.counts;
    let diff = [added.len(), written, removed.len(), is.items.len() - added.len() - written, 0, 0];
    let told = [told_added, updated + refreshed, told_removed, unchanged, held, skipped];
    let diff: Vec<_> = diff.into_iter().map(i64::try_from).collect::<Result<_, _>>()?;
    demand!(diff == told, "{kind}: {diff:?} is the difference of two snapshots, the record says {told:?}");
    if was.index.is_some() {
        demand!(after.logged(run, kind, "added")? == added, "{kind}: the log of what was added is wrong");
    }
    demand!(after.logged(run, kind, "removed")? == removed, "{kind}: the log of what was removed is wrong");
    demand!(
        i64::try_from(after.logged(run, kind, "updated")?.len())? == updated,
        "{kind}: the log of updates is wrong"
    );
    Ok(())
}

/// Checks that, if the panel lists nothing of a kind, every row is as before and is held, with everything that belongs
/// to this state.
fn is_held(kind: Kind, before: &Snapshot, after: &Snapshot) -> Outcome {
    let (was, is) = (&before.parts[kind as usize], &after.parts[kind as usize]);
    demand!(was.items == is.items, "{kind}: a row that is held has changed");
    // Both runs may be within the same second.
    demand!(is.watermark >= was.watermark, "{kind}: removals are held, and the watermark has fallen");
    let held = after.held(kind)?;
    demand!(held.iter().eq(is.items.keys()), "{kind}: {} of {} rows are held", held.len(), is.items.len());
    let recorded = after.last_run.as_ref().map(|(run, _)| after.recorded(*run, kind)).transpose()?.flatten();
    let told = recorded.map(|recorded| (recorded.outcome, recorded.counts[5]));
    let right = Some(("held".to_owned(), i64::try_from(held.len())?));
    demand!(told == right, "{kind}: {} are held, and the record says {told:?}", held.len());
    Ok(())
}

/// Checks that a kind is as the panel lists it, in every column.
pub(crate) fn agrees(kind: Kind, after: &Snapshot, catalogue: &Catalogue) -> Outcome {
    let found = disagreements(kind, &catalogue.truth(kind), &after.truth(kind)?);
    demand!(found.is_empty(), "{kind}: {} disagreements, such as {:?}", found.len(), &found[..found.len().min(3)]);
    demand!(after.categories(kind)? == catalogue.categories_truth(kind), "{kind}: the categories disagree");
    consistent(kind, &after.parts[kind as usize])
}
