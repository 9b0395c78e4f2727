//! Missing items: `decide_removals`, beside a second implementation of its rules.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::removal::{Circumstances, Missing, RemovalDecision, decide_removals};
use sync_core::{ContentId, Doubt, GuardThresholds, HoldReason, Loss, Retention};
use sync_core::{Evidence, HeldRemoval, RunId};

use crate::campaign::{Passed, Violation};
use crate::dice::Dice;
use crate::promise;
use crate::trace::Trace;

const DAY: i64 = 86_400;

/// The right decisions about missing items.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fates {
    gone: BTreeSet<i64>,
    held: BTreeMap<i64, HeldRemoval>,
    not_covered: BTreeSet<i64>,
}

/// Returns whether the listing proves that the items that it lacks are missing.
fn is_sound(at: &Circumstances<'_>) -> bool {
    at.doubt.is_none() && (at.listed > 0 || at.stored == 0)
}

/// Decides again: first the items whose decision doesn't depend on others, and then those whose decision depends on
/// their number.
fn fates(at: &Circumstances<'_>, missing: &[Missing]) -> Fates {
    let mut fates = Fates::default();
    let sound = is_sound(at);
    let mut fresh = Vec::new();
    for item in missing {
        let before = at.held_before.iter().find(|held| held.id == item.id);
        let Some(held) = before else {
            if item.covered {
                fresh.push((item, None));
            } else {
                fates.not_covered.insert(item.id.0);
            }
            continue;
        };
        let heard = at.doubt.is_none_or(Doubt::yields_to_consent) && held.reason.yields_to_consent();
        if at.consent && heard && !item.unanswered || item.covered && sound && proved(at, held) {
            fates.gone.insert(item.id.0);
        } else if !item.covered {
            fates.held.insert(item.id.0, HeldRemoval { evidence: None, ..held.clone() });
        } else if held.reason == HoldReason::Loss(Loss::CategoryLost)
            && sound
            && item.category_dropped
            && !item.category_lost
        {
            fresh.push((item, Some(held)));
        } else if held.reason.is_loss() {
            fates.held.insert(item.id.0, waiting(at, held, item));
        } else {
            fresh.push((item, Some(held)));
        }
    }
    let left = at.stored.saturating_sub((fates.gone.len() + fates.not_covered.len()) as u64);
    let lost = (fates.held.len() + fresh.len()) as u64;
    let too_many = u128::from(lost) * 100 > u128::from(left) * u128::from(at.thresholds.share_percent)
        && lost > at.thresholds.floor_rows;
    let moved = fresh.iter().filter(|(item, _)| item.successor.is_some()).count();
    for (item, before) in &fresh {
        let reason = if at.listed == 0 && left > 0 {
            HoldReason::Loss(Loss::EmptyListing)
        } else if too_many && moved >= 10 && moved * 2 > fresh.len() {
            HoldReason::Loss(Loss::Renumbered)
        } else if too_many && at.others_shrank {
            HoldReason::Loss(Loss::SeveralKinds)
        } else if too_many {
            HoldReason::Loss(Loss::ShareLost)
        } else if let Some(doubt) = at.doubt {
            HoldReason::Doubt(doubt)
        } else if item.category_lost {
            HoldReason::Loss(Loss::CategoryLost)
        } else {
            fates.gone.insert(item.id.0);
            continue;
        };
        let held = HeldRemoval {
            id: item.id,
            reason,
            since: before.map_or(at.now, |held| held.since),
            run: before.filter(|_| !reason.is_loss()).map_or(at.run, |held| held.run),
            evidence: (sound && reason.yields_to_evidence()).then(|| first_evidence(at)),
            successor: item.successor,
        };
        fates.held.insert(item.id.0, held);
    }
    fates
}

fn first_evidence(at: &Circumstances<'_>) -> Evidence {
    Evidence { listing: at.listing, at: at.now, panel_at: at.panel_now }
}

/// Returns whether there are enough listings over enough days, by both clocks.
fn proved(at: &Circumstances<'_>, held: &HeldRemoval) -> bool {
    let Some(first) = held.evidence.filter(|_| held.reason.yields_to_evidence()) else { return false };
    let enough = |from: i64, to: i64| {
        i128::from(to) - i128::from(from) >= i128::from(at.retention.release_days) * i128::from(DAY)
    };
    let listings = (i128::from(at.listing) + 1 - i128::from(first.listing)).max(0);
    listings >= i128::from(at.retention.release_listings)
        && enough(first.at, at.now)
        && enough(first.panel_at, at.panel_now)
}

/// Returns a held removal that stays held. A sound listing may be the first evidence.
fn waiting(at: &Circumstances<'_>, held: &HeldRemoval, item: &Missing) -> HeldRemoval {
    let mut held = HeldRemoval { successor: held.successor.or(item.successor), ..held.clone() };
    if !is_sound(at) {
        return held;
    }
    if held.reason == HoldReason::Loss(Loss::EmptyListing) {
        held.reason = HoldReason::Loss(Loss::ShareLost);
    }
    let ahead = |seen: Evidence| seen.listing > at.listing || seen.at > at.now || seen.panel_at > at.panel_now;
    if held.reason.yields_to_evidence() && held.evidence.is_none_or(ahead) {
        held.evidence = Some(first_evidence(at));
    }
    held
}

/// Decides, and compares the result with the second implementation.
pub(super) fn checked(at: &Circumstances<'_>, missing: &[Missing]) -> Result<RemovalDecision, Violation> {
    let decision = decide_removals(at, missing.to_vec());
    let expected = fates(at, missing);
    let found = Fates {
        gone: decision.removed.iter().map(|id| id.0).collect(),
        held: decision.held.iter().map(|held| (held.id.0, held.clone())).collect(),
        not_covered: decision.not_covered.iter().map(|id| id.0).collect(),
    };
    promise!(found == expected, "{at:?} with {missing:?}: decision as {found:?}, expected {expected:?}");
    promise!(decision.held.is_sorted_by_key(|held| held.id), "what is held is not in order: {decision:?}");
    let total = decision.removed.len() + decision.held.len() + decision.not_covered.len();
    promise!(total == missing.len(), "of {} missing items {total} were decision: {decision:?}", missing.len());
    promise!(decision.reason.is_none() == decision.held.is_empty(), "held without a reason: {decision:?}");
    for (old, _) in &decision.successors {
        promise!(found.gone.contains(&old.0), "{old} has a successor and is not removed");
    }
    // I5, the reverse: in doubt, an item is removed only with the consent of a person.
    if !is_sound(at) {
        let doubt = at.doubt;
        let agreed = |id: &i64| at.consent && at.held_before.iter().any(|held| held.id.0 == *id);
        promise!(found.gone.iter().all(agreed), "removed in doubt ({doubt:?}): {found:?}");
    }
    Ok(decision)
}

/// Draws a number that is small, or as large as possible.
fn number(dice: &mut Dice, end: usize) -> u64 {
    if dice.percent(3) { u64::MAX - dice.below(3) as u64 } else { dice.below(end) as u64 }
}

fn instant(dice: &mut Dice) -> i64 {
    match dice.below(40) {
        0 => i64::MAX,
        1 => i64::MIN,
        _ => 1_700_000_000 + dice.between(-2, 12) * DAY + dice.between(-1, 1),
    }
}

pub(super) fn thresholds(dice: &mut Dice) -> GuardThresholds {
    GuardThresholds {
        share_percent: dice.pick(&[0, 10, 30, 30, 50, 100, 255]),
        floor_rows: dice.pick(&[0, 2, 5, 10, 50]),
        category_rows: dice.pick(&[0, 2, 3, 20]),
    }
}

pub(super) fn retention(dice: &mut Dice) -> Retention {
    Retention {
        release_listings: dice.pick(&[0, 1, 3]),
        release_days: dice.pick(&[0, 1, 7]),
        tombstone_days: dice.pick(&[0, 30]),
        ..Retention::default()
    }
}

pub(super) fn reason(dice: &mut Dice) -> HoldReason {
    // Holds by an undo were added later. They have dice of their own, so that stored seeds give the same cases.
    let undone = HoldReason::Loss(Loss::Undone);
    let before: Vec<_> = HoldReason::ALL.into_iter().filter(|reason| *reason != undone).collect();
    let drawn = dice.pick(&before);
    if Dice::new(dice.clone().salt()).percent(10) { undone } else { drawn }
}

pub(super) fn doubt(dice: &mut Dice) -> Doubt {
    dice.pick(&Doubt::ALL)
}

/// Draws a case that has only missing items.
pub(super) fn run(dice: &mut Dice) -> Result<Passed, Violation> {
    let mut held_before = Vec::new();
    let mut missing = Vec::new();
    let few = dice.pick(&[3, 12, 30]);
    for id in 0..dice.below(few) {
        let id = ContentId(i64::try_from(id).expect("a small number") * 3 - 5);
        if dice.percent(50) {
            let evidence = dice.percent(60).then(|| Evidence {
                listing: number(dice, 6),
                at: instant(dice),
                panel_at: instant(dice),
            });
            let successor = dice.percent(20).then_some(ContentId(1000 + id.0));
            let run = RunId(dice.between(1, 5));
            held_before.push(HeldRemoval { id, reason: reason(dice), since: instant(dice), run, evidence, successor });
        }
        if dice.percent(85) {
            missing.push(Missing {
                id,
                covered: dice.percent(80),
                unanswered: dice.percent(10),
                category_lost: dice.percent(15),
                category_dropped: dice.percent(20),
                successor: dice.percent(40).then_some(ContentId(2000 + id.0)),
            });
        }
    }
    let listed = number(dice, 60) * u64::from(dice.percent(85));
    let at = Circumstances {
        // The number of rows is at least that of the missing ones.
        stored: number(dice, 90).saturating_add(missing.len() as u64),
        listed,
        doubt: dice.percent(35).then(|| doubt(dice)),
        held_before: &held_before,
        consent: dice.percent(30),
        others_shrank: dice.percent(30),
        thresholds: thresholds(dice),
        retention: retention(dice),
        // The greatest number of all is never reached.
        listing: number(dice, 9).min(u64::MAX - 1),
        now: instant(dice),
        panel_now: instant(dice),
        run: RunId(9),
    };
    let decision = checked(&at, &missing)?;
    let mut passed = Passed::default();
    let mut trace = Trace::default();
    trace.text(&format!("{decision:?}"));
    passed.trace = trace.digest();
    passed.tally.count("missing item", "decided");
    Ok(passed)
}
