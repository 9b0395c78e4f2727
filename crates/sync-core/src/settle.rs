//! What becomes of the items that a listing doesn't have: gone, held, or left alone. Pure.
//!
//! A missing item goes only when nothing speaks against it. What speaks against it is either a
//! *doubt* about the listing, which the next sound listing dispels, or a *loss* that is implausible.
//! What is held because of a loss is not released by a listing that is merely better: only by its
//! return, by consent, or by evidence, which is several sound listings over several days that all
//! miss it.

use crate::guard::{HoldReason, RemovalEvidence, Verdict, judge_removals};
use crate::model::ContentId;
use crate::policy::{GuardThresholds, Retention};
use crate::store::{Evidence, HeldRemoval, RunId};

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
    /// What makes the listing no proof of anything.
    pub doubt: Option<HoldReason>,
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
    /// Of the held ones, those that are held for a reason of this listing.
    pub fresh: Vec<ContentId>,
    /// Whether the kind as a whole shrank implausibly, now.
    pub shrank: bool,
    /// Whether the listing counts as evidence against something that is held.
    pub evidence: bool,
}

/// Decides about every missing item.
pub fn settle(at: &Circumstances<'_>, missing: Vec<Missing>) -> Settled {
    let mut settled = Settled::default();
    let mut fresh = Vec::new();
    let agreed = at.consent && at.doubt.is_none_or(HoldReason::yields_to_consent);
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
            Some(known) if known.reason == HoldReason::CategoryLost && at.is_dropped(&item) => {
                fresh.push((item, Some(known)));
            }
            Some(known) if known.reason.is_loss() => settled.held.push(at.waiting(known, item.successor)),
            _ => fresh.push((item, known)),
        }
    }
    let loss = at.loss(&settled, &fresh);
    for (item, known) in fresh {
        let reason = match (loss, at.doubt) {
            // A loss that is implausible is one, whatever else is wrong with the listing: a better one
            // must not be taken for proof.
            (Some(loss), _) => loss,
            (None, Some(doubt)) => doubt,
            (None, None) if item.category_lost => HoldReason::CategoryLost,
            (None, None) => {
                settled.remove(item.id, item.successor);
                continue;
            }
        };
        settled.shrank |= reason.is_shrink() || reason == HoldReason::SeveralKinds;
        settled.fresh.push(item.id);
        settled.reason = settled.reason.or(Some(reason));
        let evidence = at.doubt.is_none() && reason.yields_to_evidence();
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
    settled.evidence = at.doubt.is_none() && settled.held.iter().any(|held| held.evidence.is_some());
    if let Some(first) = settled.held.first() {
        settled.reason = at.doubt.or(settled.reason).or(Some(first.reason));
    }
    settled
}

impl Settled {
    fn remove(&mut self, id: ContentId, successor: Option<ContentId>) {
        self.removed.push(id);
        self.successors.extend(successor.map(|new| (id, new)));
    }
}

impl Circumstances<'_> {
    /// Whether a sound listing lacks an item because its category is no longer there.
    fn is_dropped(&self, item: &Missing) -> bool {
        self.doubt.is_none() && item.category_dropped && !item.category_lost
    }

    fn evidence(&self) -> Evidence {
        Evidence { listing: self.listing, at: self.now, panel_at: self.panel_now }
    }

    /// Why the loss of all that is newly missing is implausible, if it is.
    fn loss(&self, settled: &Settled, fresh: &[(Missing, Option<&HeldRemoval>)]) -> Option<HoldReason> {
        let waiting = settled.held.len() as u64;
        let gone = (settled.removed.len() + settled.untold.len()) as u64;
        let evidence = RemovalEvidence {
            stored: self.stored.saturating_sub(gone),
            listed: self.listed,
            missing: waiting + fresh.len() as u64,
            complete: true,
            unreadable: 0,
            trailing_bytes: false,
            categories_answered: true,
            account_expired: false,
        };
        let Verdict::Hold(reason) = judge_removals(&evidence, self.thresholds) else { return None };
        let moved = fresh.iter().filter(|(item, _)| item.successor.is_some()).count();
        Some(match reason {
            HoldReason::ShareLost if is_renumbering(moved, fresh.len()) => HoldReason::Renumbered,
            HoldReason::ShareLost if self.others_shrank => HoldReason::SeveralKinds,
            reason => reason,
        })
    }

    /// What goes on being held because of a loss.
    fn waiting(&self, known: &HeldRemoval, successor: Option<ContentId>) -> HeldRemoval {
        let mut held = known.clone();
        held.successor = held.successor.or(successor);
        if self.doubt.is_none() {
            if held.reason == HoldReason::EmptyListing {
                // The listing is no longer empty, so it is evidence; this is the first.
                held.reason = HoldReason::ShareLost;
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

/// Whether so many items that moved, of so many missing, are a renumbering.
pub(crate) fn is_renumbering(moved: usize, missing: usize) -> bool {
    moved >= RENUMBERED_MIN && moved * 2 > missing
}

/// Whether the evidence against a held item suffices. Both clocks have to agree on the days, so that
/// a clock that jumps releases nothing.
pub(crate) fn released(at: &Circumstances<'_>, held: &HeldRemoval) -> bool {
    let Some(evidence) = held.evidence.filter(|_| at.doubt.is_none() && held.reason.yields_to_evidence()) else {
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
