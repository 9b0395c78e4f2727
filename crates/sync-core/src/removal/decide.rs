//! Decides about the items that are not in a listing: they are removed, held, or left alone. Pure functions.
//!
//! A missing item is removed only if there is no objection. An objection is either a *doubt* about the listing, which
//! the next sound listing ends, or a *loss* that is implausible. A removal that is held because of a loss is not
//! released by a listing that is only better. It is released by the return of the item, by consent, or by evidence:
//! several sound listings over several days, all without the item.

use std::collections::HashSet;

use crate::model::{ContentId, ContentKind};
use crate::removal::guard::{Doubt, HoldReason, Loss, implausible};
use crate::removal::held::{Evidence, HeldRemoval};
use crate::run::options::{GuardThresholds, Retention};
use crate::run::record::RunId;

/// A day in seconds.
const DAY: i64 = 86_400;

/// The least number of items under new ids that is taken for a renumbering. Fewer are a coincidence.
const RENUMBERED_MIN: usize = 10;

/// The facts on which the decision about missing items depends.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The number of rows of the kind in the store.
    pub stored: u64,
    /// The number of items in the listing.
    pub listed: u64,
    /// The doubt about the listing, if there is one. An empty listing is not a doubt but a loss.
    pub doubt: Option<Doubt>,
    /// The removals that are recorded as held, by ascending id.
    pub held_before: &'a [HeldRemoval],
    /// Whether a person agrees to the removals in `held_before`.
    pub consent: bool,
    /// Whether another kind shrank implausibly in the same run.
    pub others_shrank: bool,
    /// The thresholds above which a loss is implausible.
    pub thresholds: GuardThresholds,
    /// The evidence that is needed for a release.
    pub retention: Retention,
    /// The number that this listing has, or would have, among the sound ones.
    pub listing: u64,
    /// Our clock, in unix seconds.
    pub now: i64,
    /// The panel's clock, in unix seconds.
    pub panel_now: i64,
    /// The run that decides.
    pub run: RunId,
}

/// An item that is in the index and not in the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all of them go into one decision")]
pub struct Missing {
    /// The item.
    pub id: ContentId,
    /// Whether the listing would have the item if the panel had it. A listing by category covers only the
    /// categories that answered.
    pub covered: bool,
    /// Whether the item is in a category that was asked for and failed.
    pub unanswered: bool,
    /// Whether the item is in a category that had many items and has none.
    pub category_lost: bool,
    /// Whether the item is in a category that the panel has dropped from its list of categories. Such a category
    /// is not lost.
    pub category_dropped: bool,
    /// The new item that seems to be the same.
    pub successor: Option<ContentId>,
}

impl Missing {
    /// Returns a missing item that the listing covers, without further facts.
    pub const fn new(id: ContentId) -> Self {
        Self { id, covered: true, unanswered: false, category_lost: false, category_dropped: false, successor: None }
    }
}

/// The decision about the missing items of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RemovalDecision {
    /// The rows to remove.
    pub removed: Vec<ContentId>,
    /// The removals to hold, by ascending id.
    pub held: Vec<HeldRemoval>,
    /// The old and the new id of each removed item with a successor.
    pub successors: Vec<(ContentId, ContentId)>,
    /// Items about which nothing is known, because the listing doesn't cover them. Their rows stay.
    pub not_covered: Vec<ContentId>,
    /// The reason for the held removals. If there are several, the one about the listing as a whole comes first.
    pub reason: Option<HoldReason>,
    /// Whether the kind as a whole shrank implausibly in this listing.
    pub shrank: bool,
    /// Whether the listing counts as evidence for a held removal.
    pub evidence: bool,
}

/// Decides about every missing item.
pub fn decide_removals(circumstances: &Circumstances<'_>, missing: Vec<Missing>) -> RemovalDecision {
    let mut decision = RemovalDecision::default();
    let mut fresh = Vec::new();
    let agreed = circumstances.consent && circumstances.doubt.is_none_or(Doubt::yields_to_consent);
    for item in missing {
        let known = circumstances.held_before.binary_search_by_key(&item.id, |held| held.id).ok();
        let known = known.map(|found| &circumstances.held_before[found]);
        match known {
            None if !item.covered => decision.not_covered.push(item.id),
            // Consent covers recorded removals, even of items that this listing doesn't cover.
            Some(known) if agreed && known.reason.yields_to_consent() && !item.unanswered => {
                decision.remove(item.id, known.successor.or(item.successor));
            }
            // A listing that doesn't cover the item is no evidence. The evidence begins again.
            Some(known) if !item.covered => decision.held.push(HeldRemoval { evidence: None, ..known.clone() }),
            Some(known) if released(circumstances, known) => {
                decision.remove(item.id, known.successor.or(item.successor));
            }
            // The item was held because its category was empty. Meanwhile the panel has dropped the category.
            Some(known) if known.reason == HoldReason::Loss(Loss::CategoryLost) && circumstances.is_dropped(&item) => {
                fresh.push((item, Some(known)));
            }
            Some(known) if known.reason.is_loss() => decision.held.push(circumstances.waiting(known, item.successor)),
            _ => fresh.push((item, known)),
        }
    }
    let loss = circumstances.loss(&decision, &fresh);
    decision.shrank = loss.is_some_and(|loss| loss.is_shrink() || loss == Loss::SeveralKinds) && !fresh.is_empty();
    for (item, known) in fresh {
        let reason = match (loss, circumstances.doubt) {
            // An implausible loss comes before a doubt: otherwise the next sound listing would end the hold.
            (Some(loss), _) => HoldReason::Loss(loss),
            (None, Some(doubt)) => HoldReason::Doubt(doubt),
            (None, None) if item.category_lost => HoldReason::Loss(Loss::CategoryLost),
            (None, None) => {
                decision.remove(item.id, item.successor);
                continue;
            }
        };
        decision.reason = decision.reason.or(Some(reason));
        let evidence = circumstances.is_sound() && reason.yields_to_evidence();
        decision.held.push(HeldRemoval {
            id: item.id,
            reason,
            since: known.map_or(circumstances.now, |known| known.since),
            // A removal that was held because of a doubt, and now because of a loss, counts from this run.
            run: known.filter(|_| !reason.is_loss()).map_or(circumstances.run, |known| known.run),
            evidence: evidence.then(|| circumstances.evidence()),
            successor: item.successor,
        });
    }
    decision.held.sort_unstable_by_key(|held| held.id);
    decision.evidence = circumstances.is_sound() && decision.held.iter().any(|held| held.evidence.is_some());
    if let Some(first) = decision.held.first() {
        decision.reason = circumstances.objection().or(decision.reason).or(Some(first.reason));
    }
    decision
}

impl RemovalDecision {
    /// Returns the removals that are held since this run because the kind as a whole shrank; `None` if it did not.
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
    /// Returns the circumstances of a first sound listing of `listed` items over `stored` rows: nothing is held, there
    /// is no consent, and the thresholds have their defaults. Both clocks show `now`.
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

    /// Returns the reason why the listing as a whole proves nothing, if there is one. An empty listing proves nothing
    /// about existing rows.
    fn objection(&self) -> Option<HoldReason> {
        let empty = self.listed == 0 && self.stored > 0;
        self.doubt.map(HoldReason::Doubt).or(empty.then_some(HoldReason::Loss(Loss::EmptyListing)))
    }

    /// Returns whether the listing proves that the items without an element are missing.
    pub(crate) fn is_sound(&self) -> bool {
        self.objection().is_none()
    }

    /// Returns whether an item is missing in a sound listing because the panel has dropped its category.
    fn is_dropped(&self, item: &Missing) -> bool {
        self.is_sound() && item.category_dropped && !item.category_lost
    }

    fn evidence(&self) -> Evidence {
        Evidence { listing: self.listing, at: self.now, panel_at: self.panel_now }
    }

    /// Returns the reason why the loss of all newly missing items is implausible; `None` if it is plausible.
    fn loss(&self, decision: &RemovalDecision, fresh: &[(Missing, Option<&HeldRemoval>)]) -> Option<Loss> {
        let waiting = decision.held.len() as u64;
        let gone = (decision.removed.len() + decision.not_covered.len()) as u64;
        let (stored, missing) = (self.stored.saturating_sub(gone), waiting + fresh.len() as u64);
        let moved = fresh.iter().filter(|(item, _)| item.successor.is_some()).count();
        Some(match implausible(stored, self.listed, missing, self.thresholds)? {
            Loss::ShareLost if is_renumbering(moved, fresh.len()) => Loss::Renumbered,
            Loss::ShareLost if self.others_shrank => Loss::SeveralKinds,
            loss => loss,
        })
    }

    /// Returns a removal that stays held because of a loss, with its evidence up to date.
    fn waiting(&self, known: &HeldRemoval, successor: Option<ContentId>) -> HeldRemoval {
        let mut held = known.clone();
        held.successor = held.successor.or(successor);
        if self.is_sound() {
            if held.reason == HoldReason::Loss(Loss::EmptyListing) {
                // The listing is no longer empty, so this one is the first evidence.
                held.reason = HoldReason::Loss(Loss::ShareLost);
            }
            // The evidence begins again if a clock was set back or the count of listings began again.
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

/// Returns the removals of several kinds that shrank in one run, held for that reason, by kind and ascending id. Only
/// consent releases them, so they have no evidence.
pub(crate) fn lost_together(shrunk: &[(ContentKind, Vec<HeldRemoval>)]) -> Vec<(ContentKind, HeldRemoval)> {
    if shrunk.len() < 2 {
        return Vec::new();
    }
    let all = shrunk.iter().flat_map(|(kind, held)| held.iter().map(|held| (*kind, held)));
    let (reason, evidence) = (HoldReason::Loss(Loss::SeveralKinds), None);
    let mut marked: Vec<_> = all.map(|(kind, held)| (kind, HeldRemoval { reason, evidence, ..held.clone() })).collect();
    marked.sort_unstable_by_key(|(kind, held)| (kind.ordinal(), held.id));
    marked
}

/// Returns a held removal. Its reason is changed to one that only consent releases if it dates from one of these runs,
/// in which several kinds shrank together.
pub(crate) fn consent_only(held: &HeldRemoval, together: &HashSet<RunId>) -> HeldRemoval {
    let lost = held.reason.is_shrink() && together.contains(&held.run);
    let reason = if lost { HoldReason::Loss(Loss::SeveralKinds) } else { held.reason };
    HeldRemoval { reason, ..held.clone() }
}

/// Returns whether `moved` items under new ids, of `missing` ones, are a renumbering.
pub(crate) fn is_renumbering(moved: usize, missing: usize) -> bool {
    moved >= RENUMBERED_MIN && moved * 2 > missing
}

/// Returns whether the evidence is enough to release a held removal. Both clocks have to agree on the days, so that
/// a clock that jumps releases nothing.
pub(crate) fn released(circumstances: &Circumstances<'_>, held: &HeldRemoval) -> bool {
    let Some(evidence) = held.evidence.filter(|_| circumstances.is_sound() && held.reason.yields_to_evidence()) else {
        return false;
    };
    let listings = circumstances.listing.saturating_add(1).saturating_sub(evidence.listing);
    let span = i64::from(circumstances.retention.release_days) * DAY;
    listings >= u64::from(circumstances.retention.release_listings)
        && circumstances.now.saturating_sub(evidence.at) >= span
        && circumstances.panel_now.saturating_sub(evidence.panel_at) >= span
}

#[cfg(test)]
mod tests;
