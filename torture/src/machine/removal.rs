//! I5: a removed item was rightly removed, and no item is left that had to be removed. This module repeats the rules of
//! the guard, from the answers of the panel and not from the results of the engine.

use std::collections::BTreeSet;

use sync_core::{HoldReason, Item, Loss};

use super::applied::Applied;
use crate::campaign::Violation;
use crate::promise;

const DAY: i64 = 86_400;

/// An item that an undo brought back, and that the panel doesn't list. Only consent removes it.
const UNDONE: HoldReason = HoldReason::Loss(Loss::Undone);

/// Records the items that a sound listing misses, and those that have returned.
pub(crate) fn note(at: &Applied<'_>) {
    let mut world = at.run.world.inner();
    let site = &mut world.sites[at.run.site];
    let sound = doubt(at, &site.sighted[at.kind]).is_none();
    let missed = &mut site.missed[at.kind];
    missed.retain(|id, _| !at.lists(*id));
    for (id, row) in at.before.rows.iter().filter(|(id, _)| sound && !at.lists(**id)) {
        if at.covers(row) {
            missed.entry(*id).or_default().push((at.now, at.panel_now));
        }
    }
}

/// Judges every item that the listing doesn't have.
pub(crate) fn check(at: &Applied<'_>) -> Result<(), Violation> {
    let world = at.run.world.inner();
    let site = &world.sites[at.run.site];
    let (kind, before, after) = (at.kind, at.before, at.after);
    let sound = doubt(at, &site.sighted[kind]).is_none();
    let missed = &site.missed[kind];
    let missing: Vec<_> = before.rows.iter().filter(|(id, _)| !at.lists(**id)).collect();
    let held_before = |id: i64| before.held.iter().find(|held| held.id.0 == id);
    // Items that are removed for a reason of their own, and items that are removed because nothing speaks against it.
    let (mut for_itself, mut untold, mut waiting) = (0, 0, 0);
    let mut fresh: Vec<(i64, &Item)> = Vec::new();
    for (id, row) in &missing {
        let gone = !after.rows.contains_key(id);
        let held = held_before(**id);
        let waits = held.is_some_and(|held| held.reason.is_loss()) || held.is_some() && !at.covers(row);
        match (gone, held) {
            (true, Some(held)) if agreed(at, row, held.reason) => for_itself += 1,
            (true, Some(held))
                if sound && held.reason.yields_to_evidence() && proved(at, missed.get(id), site.retention) =>
            {
                for_itself += 1;
            }
            (false, Some(held)) if held.reason == UNDONE => {
                let still = after.held.iter().find(|held| held.id.0 == **id).map(|held| held.reason);
                promise!(still == Some(UNDONE), "{kind}: {id} was held as undone, and is held as {still:?} (I20)");
                waiting += 1;
            }
            (true, _) if waits => {
                let reason = held.map(|held| held.reason);
                return Err(Violation::new(format!("{kind}: {id} waited ({reason:?}) and went without proof (I5)")));
            }
            (true, _) => {
                let why = doubt(at, &site.sighted[kind]);
                promise!(sound, "{kind}: {id} went in doubt: {why:?} (I5)");
                promise!(at.covers(row), "{kind}: {id} went, and nobody looked for it (I5)");
                fresh.push((**id, row));
            }
            (false, _) if waits => waiting += 1,
            (false, None) if !at.covers(row) => untold += 1,
            (false, _) => fresh.push((**id, row)),
        }
    }
    let left = before.rows.len() - for_itself - untold;
    let lost = waiting + fresh.len();
    let too_many = lost * 100 > left * usize::from(site.guard.share_percent) && lost as u64 > site.guard.floor_rows;
    let gone = fresh.iter().filter(|(id, _)| !after.rows.contains_key(id));
    for (id, row) in gone {
        promise!(!too_many, "{kind}: {id} went with {lost} of {left} (I5)");
        for category in row.categories().as_slice() {
            let had = before.rows.values().filter(|row| row.categories().contains(category)).count() as u64;
            let suspicious = site.guard.category_rows > 0 && had >= site.guard.category_rows;
            promise!(
                !suspicious || has_some(at, category),
                "{kind}: {id} went with all {had} of category {category} (I5)"
            );
        }
    }
    // The reverse: a small loss in a sound listing is removed at once. A listing with known defects is sound only for a
    // run that has learnt of them. Runs that died or were dry have not learnt of them.
    let whole = at.taken.end.unreadable == 0 && !at.taken.end.trailing_bytes;
    let plain = sound && whole && !too_many && site.guard.category_rows == 0 && before.held.is_empty();
    if plain && at.taken.covered.is_none() {
        let kept: BTreeSet<_> = fresh.iter().filter(|(id, _)| after.rows.contains_key(id)).map(|(id, _)| id).collect();
        promise!(kept.is_empty(), "{kind}: {kept:?} are gone from a sound listing, and stay");
    }
    Ok(())
}

/// Returns the reason why a listing proves nothing; `None` if it is sound.
fn doubt(at: &Applied<'_>, sighted: &std::collections::BTreeMap<(bool, u64), u32>) -> Option<&'static str> {
    let end = at.taken.end;
    let by_category = at.taken.covered.is_some();
    // A defect is known after three equal sightings. By category, the defects of all answers count together.
    let known = |follows, digest: Option<u64>| {
        digest.is_some_and(|digest| by_category || sighted.get(&(follows, digest)).is_some_and(|times| *times >= 3))
    };
    match () {
        () if !at.categories_answered => Some("the categories were not answered"),
        () if at.expired => Some("the account has ended"),
        () if at.listed.is_empty() && at.broken.is_empty() && !at.before.rows.is_empty() => Some("nothing was listed"),
        () if end.unreadable > 0 && !known(false, end.unreadable_digest) => Some("elements can't be read"),
        () if end.trailing_bytes && !known(true, end.trailing_digest) => Some("something follows"),
        () => None,
    }
}

/// Returns whether a person has consented to the removal, and no rule forbids it.
fn agreed(at: &Applied<'_>, row: &Item, reason: HoldReason) -> bool {
    let asked = at.run.options.accept_removals && at.categories_answered;
    asked && reason.yields_to_consent() && !is_unanswered(at, row)
}

/// Returns whether the row is in a category that was asked for and didn't answer.
fn is_unanswered(at: &Applied<'_>, row: &Item) -> bool {
    let Some(covered) = &at.taken.covered else { return false };
    let notes = at.run.notes();
    let all = notes.heard[at.kind].categories.as_deref().unwrap_or_default();
    all.iter().any(|category| row.categories().contains(&category.id.0) && !covered.contains(&category.id.0))
}

/// Returns whether enough sound listings over enough days have missed the item.
fn proved(at: &Applied<'_>, missed: Option<&Vec<(i64, i64)>>, retention: sync_core::Retention) -> bool {
    let Some(missed) = missed else { return false };
    let span = i64::from(retention.release_days) * DAY;
    missed.iter().enumerate().any(|(first, (ours, panels))| {
        missed.len() - first >= retention.release_listings as usize
            && at.now - ours >= span
            && at.panel_now - panels >= span
    })
}

/// Returns whether the listing has an item of a category.
fn has_some(at: &Applied<'_>, category: &str) -> bool {
    let stays_broken = |id| at.before.rows.get(id).is_some_and(|row| row.categories().contains(category));
    at.broken.iter().any(stays_broken)
        || at.listed.iter().any(|(id, elements)| {
            let row = at.before.rows.get(id);
            let stays = at.after.rows.get(id).is_some_and(|row| row.categories().contains(category));
            stays || at.candidates(row, elements).iter().any(|item| item.categories().contains(category))
        })
}
