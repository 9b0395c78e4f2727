//! Decides what becomes of the items that a listing doesn't have: gone, held, or left alone. Pure.
//!
//! A missing item goes only when nothing speaks against it. What speaks against it is either a
//! *doubt* about the listing, which the next sound listing dispels, or a *loss* that is implausible.
//! What is held because of a loss is not released by a listing that is merely better: only by its
//! return, by consent, or by evidence, which is several sound listings over several days that all
//! miss it.

use std::collections::HashSet;

use crate::model::{ContentId, ContentKind};
use crate::removal::guard::{Doubt, HoldReason, Loss, implausible};
use crate::removal::held::{Evidence, HeldRemoval};
use crate::run::options::{GuardThresholds, Retention};
use crate::run::record::RunId;

/// Seconds.
const DAY: i64 = 86_400;

/// Fewer items under new ids are a coincidence.
const RENUMBERED_MIN: usize = 10;

/// What is known when the missing items are settled.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// Rows of the kind in the store.
    pub stored: u64,
    /// Items that the listing has.
    pub listed: u64,
    /// What makes the listing no proof of anything, besides that nothing is in it.
    pub doubt: Option<Doubt>,
    /// What is recorded as held, by rising id.
    pub held_before: &'a [HeldRemoval],
    /// Whether a person agrees to those.
    pub consent: bool,
    /// Whether another kind shrank implausibly in the same run.
    pub others_shrank: bool,
    /// When a loss is implausible.
    pub thresholds: GuardThresholds,
    /// When evidence suffices.
    pub retention: Retention,
    /// The number that this listing has, or would have, among the sound ones.
    pub listing: u64,
    /// Our clock, in unix seconds.
    pub now: i64,
    /// The panel's clock, in unix seconds.
    pub panel_now: i64,
    /// The run.
    pub run: RunId,
}

/// An item that the listing doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all of them go into one decision")]
pub struct Missing {
    /// The item.
    pub id: ContentId,
    /// Whether the listing would have it, were it there. A listing by category has only what is in
    /// the categories that answered.
    pub covered: bool,
    /// Whether it is in a category that was asked for and didn't answer.
    pub unanswered: bool,
    /// Whether it is of a category that had many items and has none.
    pub category_lost: bool,
    /// Whether it is of a category that the panel has dropped from its list of categories. Such a category
    /// isn't lost.
    pub category_dropped: bool,
    /// The new item that seems to be the same.
    pub successor: Option<ContentId>,
}

impl Missing {
    /// An item that the listing would have, and of which nothing else is known.
    pub const fn new(id: ContentId) -> Self {
        Self { id, covered: true, unanswered: false, category_lost: false, category_dropped: false, successor: None }
    }
}

/// What becomes of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The rows to remove.
    pub removed: Vec<ContentId>,
    /// By rising id.
    pub held: Vec<HeldRemoval>,
    /// Of the removed: old and new id.
    pub successors: Vec<(ContentId, ContentId)>,
    /// Neither missing nor there: the listing doesn't say.
    pub untold: Vec<ContentId>,
    /// Why the held ones are held, as far as one reason can tell.
    pub reason: Option<HoldReason>,
    /// Whether the kind as a whole shrank implausibly, now.
    pub shrank: bool,
    /// Whether the listing counts as evidence against something that is held.
    pub evidence: bool,
}

/// Decides about every missing item.
pub fn settle(at: &Circumstances<'_>, missing: Vec<Missing>) -> Settled {
    let mut settled = Settled::default();
    let mut fresh = Vec::new();
    let agreed = at.consent && at.doubt.is_none_or(Doubt::yields_to_consent);
    for item in missing {
        let known = at.held_before.binary_search_by_key(&item.id, |held| held.id).ok();
        let known = known.map(|found| &at.held_before[found]);
        match known {
            None if !item.covered => settled.untold.push(item.id),
            // A person can agree to what was recorded, though this listing doesn't look for it.
            Some(known) if agreed && known.reason.yields_to_consent() && !item.unanswered => {
                settled.remove(item.id, known.successor.or(item.successor));
            }
            // What nobody looked for is no evidence; it begins anew.
            Some(known) if !item.covered => settled.held.push(HeldRemoval { evidence: None, ..known.clone() }),
            Some(known) if released(at, known) => settled.remove(item.id, known.successor.or(item.successor)),
            // It was held because its category had nothing any more; by now the panel has dropped the category.
            Some(known) if known.reason == HoldReason::Loss(Loss::CategoryLost) && at.is_dropped(&item) => {
                fresh.push((item, Some(known)));
            }
            Some(known) if known.reason.is_loss() => settled.held.push(at.waiting(known, item.successor)),
            _ => fresh.push((item, known)),
        }
    }
    let loss = at.loss(&settled, &fresh);
    settled.shrank = loss.is_some_and(|loss| loss.is_shrink() || loss == Loss::SeveralKinds) && !fresh.is_empty();
    for (item, known) in fresh {
        let reason = match (loss, at.doubt) {
            // A loss that is implausible is one, whatever else is wrong with the listing: a better one
            // must not be taken for proof.
            (Some(loss), _) => HoldReason::Loss(loss),
            (None, Some(doubt)) => HoldReason::Doubt(doubt),
            (None, None) if item.category_lost => HoldReason::Loss(Loss::CategoryLost),
            (None, None) => {
                settled.remove(item.id, item.successor);
                continue;
            }
        };
        settled.reason = settled.reason.or(Some(reason));
        let evidence = at.is_sound() && reason.yields_to_evidence();
        settled.held.push(HeldRemoval {
            id: item.id,
            reason,
            since: known.map_or(at.now, |known| known.since),
            // What was in doubt before, and is a loss now, is missed since this run.
            run: known.filter(|_| !reason.is_loss()).map_or(at.run, |known| known.run),
            evidence: evidence.then(|| at.evidence()),
            successor: item.successor,
        });
    }
    settled.held.sort_unstable_by_key(|held| held.id);
    settled.evidence = at.is_sound() && settled.held.iter().any(|held| held.evidence.is_some());
    if let Some(first) = settled.held.first() {
        settled.reason = at.objection().or(settled.reason).or(Some(first.reason));
    }
    settled
}

impl Settled {
    /// Returns what is held since this run because the kind as a whole shrank, if it did.
    pub(crate) fn shrunk(&self, run: RunId) -> Option<Vec<HeldRemoval>> {
        let held = self.held.iter().filter(|held| held.run == run && held.reason.is_shrink());
        self.shrank.then(|| held.cloned().collect())
    }

    fn remove(&mut self, id: ContentId, successor: Option<ContentId>) {
        self.removed.push(id);
        self.successors.extend(successor.map(|new| (id, new)));
    }
}

impl Circumstances<'_> {
    /// A sound listing of `listed` items over `stored` rows, of which none is held: the first of a run without
    /// consent, under the usual thresholds. Both clocks show `now`.
    pub fn new(stored: u64, listed: u64, now: i64) -> Self {
        Self {
            stored,
            listed,
            doubt: None,
            held_before: &[],
            consent: false,
            others_shrank: false,
            thresholds: GuardThresholds::default(),
            retention: Retention::default(),
            listing: 1,
            now,
            panel_now: now,
            run: RunId(0),
        }
    }

    /// Returns what speaks against the listing as a whole. One without items says nothing of the rows there are.
    fn objection(&self) -> Option<HoldReason> {
        let empty = self.listed == 0 && self.stored > 0;
        self.doubt.map(HoldReason::Doubt).or(empty.then_some(HoldReason::Loss(Loss::EmptyListing)))
    }

    /// Whether the listing is a proof that what it lacks is missing.
    pub(crate) fn is_sound(&self) -> bool {
        self.objection().is_none()
    }

    /// Whether a sound listing lacks an item because its category is no longer there.
    fn is_dropped(&self, item: &Missing) -> bool {
        self.is_sound() && item.category_dropped && !item.category_lost
    }

    fn evidence(&self) -> Evidence {
        Evidence { listing: self.listing, at: self.now, panel_at: self.panel_now }
    }

    /// Returns why the loss of all that is newly missing is implausible, if it is.
    fn loss(&self, settled: &Settled, fresh: &[(Missing, Option<&HeldRemoval>)]) -> Option<Loss> {
        let waiting = settled.held.len() as u64;
        let gone = (settled.removed.len() + settled.untold.len()) as u64;
        let (stored, missing) = (self.stored.saturating_sub(gone), waiting + fresh.len() as u64);
        let moved = fresh.iter().filter(|(item, _)| item.successor.is_some()).count();
        Some(match implausible(stored, self.listed, missing, self.thresholds)? {
            Loss::ShareLost if is_renumbering(moved, fresh.len()) => Loss::Renumbered,
            Loss::ShareLost if self.others_shrank => Loss::SeveralKinds,
            loss => loss,
        })
    }

    /// What goes on being held because of a loss.
    fn waiting(&self, known: &HeldRemoval, successor: Option<ContentId>) -> HeldRemoval {
        let mut held = known.clone();
        held.successor = held.successor.or(successor);
        if self.is_sound() {
            if held.reason == HoldReason::Loss(Loss::EmptyListing) {
                // The listing is no longer empty, so it is evidence; this is the first.
                held.reason = HoldReason::Loss(Loss::ShareLost);
            }
            // Where a clock was set back, or the count began anew, so does the evidence.
            let later = |known: Evidence| {
                known.listing > self.listing || known.at > self.now || known.panel_at > self.panel_now
            };
            if held.reason.yields_to_evidence() && held.evidence.is_none_or(later) {
                held.evidence = Some(self.evidence());
            }
        }
        held
    }
}

/// Returns, of kinds that shrank in one run, what is to be held anew, by kind and rising id. What several kinds lost
/// together goes by consent only, and has no evidence.
pub(crate) fn lost_together(shrunk: &[(ContentKind, Vec<HeldRemoval>)]) -> Vec<(ContentKind, HeldRemoval)> {
    if shrunk.len() < 2 {
        return Vec::new();
    }
    let all = shrunk.iter().flat_map(|(kind, held)| held.iter().map(|held| (*kind, held)));
    let (reason, evidence) = (HoldReason::Loss(Loss::SeveralKinds), None);
    let mut told: Vec<_> = all.map(|(kind, held)| (kind, HeldRemoval { reason, evidence, ..held.clone() })).collect();
    told.sort_unstable_by_key(|(kind, held)| (kind.ordinal(), held.id));
    told
}

/// A held removal, for consent only if it was lost in one of these runs, in which several kinds shrank together.
pub(crate) fn consent_only(held: &HeldRemoval, together: &HashSet<RunId>) -> HeldRemoval {
    let lost = held.reason.is_shrink() && together.contains(&held.run);
    let reason = if lost { HoldReason::Loss(Loss::SeveralKinds) } else { held.reason };
    HeldRemoval { reason, ..held.clone() }
}

/// Whether so many items that moved, of so many missing, are a renumbering.
pub(crate) fn is_renumbering(moved: usize, missing: usize) -> bool {
    moved >= RENUMBERED_MIN && moved * 2 > missing
}

/// Whether the evidence against a held item suffices. Both clocks have to agree on the days, so that
/// a clock that jumps releases nothing.
pub(crate) fn released(at: &Circumstances<'_>, held: &HeldRemoval) -> bool {
    let Some(evidence) = held.evidence.filter(|_| at.is_sound() && held.reason.yields_to_evidence()) else {
        return false;
    };
    let listings = at.listing.saturating_add(1).saturating_sub(evidence.listing);
    let span = i64::from(at.retention.release_days) * DAY;
    listings >= u64::from(at.retention.release_listings)
        && at.now.saturating_sub(evidence.at) >= span
        && at.panel_now.saturating_sub(evidence.panel_at) >= span
}

#[cfg(test)]
mod tests;
