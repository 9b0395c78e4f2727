//! Decides about a received kind. The decision is a pure function, so that a dry run makes the same one and writes
//! nothing.
//!
//! [`crate::removal::decide`] decides about the missing items. This module derives from it the categories, the record,
//! the index and the validator.

mod categories;
mod needs;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use categories::kept_categories;
pub(super) use categories::weighed;
pub(super) use needs::{Needs, ready};

use super::state::{
    Arrived, ByCategory, Compared, Decided, Grant, Known, ListingReceived, MissingRow, MissingRows, Received,
    Unmodified,
};
use super::unmodified::has_all_digests;
use crate::change_set::Moves;
use crate::detect::digest::DigestScheme;
use crate::detect::index::ListingIndex;
use crate::detect::volatile::FieldFacts;
use crate::facts::KindFacts;
use crate::model::{Category, ContentId};
use crate::ports::source::Validator;
use crate::ports::store::{KeptValidator, ScopeCommit, ValidatorChange};
use crate::removal::decide::{Circumstances, Missing, RemovalDecision, consent_only, decide_removals, is_renumbering};
use crate::removal::held::HeldRemoval;
use crate::run::counts::Counts;
use crate::run::options::{SyncMode, SyncOptions};
use crate::run::plan::KindPlan;
use crate::run::record::{KindOutcome, KindRecord};

/// The values that a decision depends on, besides the listing and the store.
pub(super) struct Setting<'a> {
    pub(super) options: &'a SyncOptions,
    pub(super) grant: Grant,
    /// The record of the kind so far.
    pub(super) record: &'a KindRecord,
    /// The facts about the kind, with those of this run.
    pub(super) facts: &'a KindFacts,
    /// The facts about its fields at the start of the run.
    pub(super) fields_before: &'a FieldFacts,
    /// Whether another kind shrank implausibly in the same run.
    pub(super) others_shrank: bool,
    pub(super) account_expired: bool,
    /// The scheme of the listing's digests.
    pub(super) scheme: DigestScheme,
    /// Whether the panel's validators are believed.
    pub(super) believes_validators: bool,
    pub(super) now: i64,
}

/// Decides about a kind.
pub(super) fn decide(received: Received, known: &Known, setting: &Setting<'_>) -> Decided {
    let Received { categories, listing } = received;
    match listing {
        ListingReceived::Compared(arrived) => decide_listing(categories, *arrived, known, setting),
        ListingReceived::Same(unmodified) => decide_unmodified(categories, unmodified, known, setting),
    }
}

/// Decides about a listing that was received.
fn decide_listing(answered: Option<Vec<Category>>, arrived: Arrived, known: &Known, setting: &Setting<'_>) -> Decided {
    let kind = setting.record.kind;
    let decision = decide_missing(answered.as_deref(), &arrived, known, setting);
    let Arrived { stored, compared, doubt } = arrived;
    let Compared { differ, end, validator, asked_at, by_category, planned, .. } = compared;
    let mut warnings = Vec::new();
    let renumbered = decision.successors.len();
    if is_renumbering(renumbered, decision.removed.len()) {
        warnings.push(format!("{kind}: {renumbered} of the removed items came back under other ids").into());
    }
    let mut counts = differ.counts();
    counts.unchanged += decision.not_covered.len() as u64;
    counts.removed = decision.removed.len() as u64;
    counts.held = decision.held.len() as u64;
    counts.skipped = end.unreadable;
    let outcome = match () {
        () if !decision.held.is_empty() => KindOutcome::Held,
        () if counts.is_quiet() => KindOutcome::Unchanged,
        () => KindOutcome::Completed,
    };
    let left = stored.index.len().saturating_sub(decision.removed.len());
    let gone = known.rows.by_category(&decision.removed);
    let is_empty = |category: &str, size: u64| {
        differ.seen_items().is_emptied(category, size, gone.get(category).copied().unwrap_or_default())
    };
    let categories =
        answered.and_then(|answered| kept_categories(answered, known, left, is_empty, setting, &mut warnings));
    let plan = planned.map(|planned| planned.into_plan(kind, &decision, &known.rows.names, differ.foreign_edits()));
    let shrunk = decision.shrunk(setting.grant.run);
    let kept: Vec<_> = decision.held.iter().map(|held| held.id).chain(decision.not_covered).collect();
    let index = differ.into_index(&kept).map(Arc::new);
    // A sound listing leaves nothing open: it is whole and without defects, and every missing item is removed.
    let flawless = doubt.is_none() && end.unreadable == 0 && !end.trailing_bytes;
    let sound = flawless && by_category.is_none() && kept.is_empty();
    let validator = validator_after(validator, index.as_deref().unwrap_or(&stored.index), sound, setting);
    // An index that isn't trusted has lost the order.
    let moves = match &index {
        Some(index) if stored.consistent => Moves::between(&stored.index, index),
        Some(_) if stored.applied_before => Moves::Whole,
        _ => Moves::None,
    };
    // A store without a trusted index gets one, even an empty one.
    let trusted = stored.applied_before && stored.consistent;
    let record = KindRecord {
        counts,
        outcome,
        hold_reason: decision.reason,
        skipped_at: end.unreadable_at,
        ..setting.record.clone()
    };
    let fields = setting.facts.fields.come_with_rows(setting.fields_before).then(|| setting.facts.fields.clone());
    let commit = ScopeCommit {
        categories,
        index: index.or_else(|| (!trusted).then(|| stored.index.clone())),
        validator,
        held: (decision.held != known.held).then_some(decision.held),
        removals: decision.removed,
        successors: decision.successors,
        first_load: !stored.applied_before,
        fields,
        moves,
        ..setting.nothing(record, end.started_at.unwrap_or(asked_at))
    };
    Decided { commit, plan, warnings, evidence: decision.evidence, shrunk }
}

/// Decides about a listing that is not modified. No item is written.
fn decide_unmodified(
    answered: Option<Vec<Category>>,
    same: Unmodified,
    known: &Known,
    setting: &Setting<'_>,
) -> Decided {
    let Unmodified { watermark, rows } = same;
    let mut warnings = Vec::new();
    let left = usize::try_from(rows).unwrap_or(usize::MAX);
    // No item was added or removed, so a category is empty only if it was empty before.
    let is_empty = |_: &str, size: u64| size == 0;
    let categories =
        answered.and_then(|answered| kept_categories(answered, known, left, is_empty, setting, &mut warnings));
    let record = KindRecord {
        mode: SyncMode::Incremental,
        outcome: KindOutcome::Unchanged,
        counts: Counts { unchanged: rows, ..Counts::default() },
        not_modified: true,
        ..setting.record.clone()
    };
    let plan = Some(KindPlan::new(setting.record.kind));
    let commit = ScopeCommit { categories, validator: ValidatorChange::Keep, ..setting.nothing(record, watermark) };
    Decided { commit, plan, warnings, evidence: false, shrunk: None }
}

impl Setting<'_> {
    /// Returns a commit that writes no item and deletes the validator.
    fn nothing(&self, record: KindRecord, watermark: i64) -> ScopeCommit {
        ScopeCommit {
            tombstone_days: self.options.retention.tombstone_days,
            watermark,
            ..ScopeCommit::new(self.grant.run, self.grant.fence, self.now, record)
        }
    }

    /// Returns the facts on which the decision about the missing items depends.
    fn circumstances<'a>(&self, arrived: &Arrived, held_before: &'a [HeldRemoval]) -> Circumstances<'a> {
        let Arrived { stored, compared, doubt } = arrived;
        Circumstances {
            stored: stored.index.len() as u64,
            listed: compared.differ.listed() as u64,
            doubt: *doubt,
            held_before,
            consent: self.options.accept_removals,
            others_shrank: self.others_shrank,
            thresholds: self.options.guard,
            retention: self.options.retention,
            listing: self.facts.sound_listings.saturating_add(1),
            now: self.now,
            panel_now: compared.end.started_at.unwrap_or(compared.asked_at),
            run: self.grant.run,
        }
    }
}

/// Decides about the missing items of a listing.
fn decide_missing(
    answered: Option<&[Category]>,
    arrived: &Arrived,
    known: &Known,
    setting: &Setting<'_>,
) -> RemovalDecision {
    let compared = &arrived.compared;
    let missing = compared.differ.missing();
    let needs = Needs::new(answered, arrived, known, &missing, setting);
    let lost = needs.lost_categories(arrived, known, setting);
    let identities: Vec<_> = known.rows.items.iter().map(|row| (row.identity, row.id)).collect();
    let successors =
        if needs.rows { compared.differ.seen_items().successors(&identities) } else { hashbrown::HashMap::new() };
    let rows: HashMap<ContentId, &MissingRow> = known.rows.items.iter().map(|row| (row.id, row)).collect();
    let missing = missing.into_iter().map(|id| {
        let row = rows.get(&id).map_or(&[][..], |row| &row.categories);
        let names = || row.iter().map(|position| known.rows.categories[*position as usize].as_str());
        let is_covered = |by: &ByCategory| !row.is_empty() && names().all(|name| by.covered.contains(name));
        let is_unanswered = |by: &ByCategory| names().any(|name| by.unanswered.contains(name));
        Missing {
            id,
            category_dropped: names().any(|name| needs.dropped.contains(name)),
            covered: compared.by_category.as_ref().is_none_or(is_covered),
            unanswered: compared.by_category.as_ref().is_some_and(is_unanswered),
            category_lost: row.iter().any(|position| lost.contains(position)),
            successor: successors.get(&id).copied(),
        }
    });
    let missing = missing.collect();
    // The end of a run marks removals that several kinds lost together. A run that was killed has not done so.
    if known.together.is_empty() {
        return decide_removals(&setting.circumstances(arrived, &known.held), missing);
    }
    let held: Vec<_> = known.held.iter().map(|held| consent_only(held, &known.together)).collect();
    decide_removals(&setting.circumstances(arrived, &held), missing)
}

/// Returns the change of the stored validator after a listing with this `validator` and this `index`. Only the
/// validator of a sound listing is stored: after "not modified" nothing would be compared again.
fn validator_after(
    validator: Option<Validator>,
    index: &ListingIndex,
    sound: bool,
    setting: &Setting<'_>,
) -> ValidatorChange {
    let whole = sound && has_all_digests(index) && setting.believes_validators;
    match validator.filter(|_| whole) {
        Some(validator) => ValidatorChange::Set(KeptValidator {
            validator,
            scheme: setting.scheme,
            policy: setting.options.policy,
            listed_at: setting.now,
            rows: index.len() as u64,
        }),
        None => ValidatorChange::Forget,
    }
}

impl Known {
    /// Returns the number of stored items of a category; 0 if it was not asked for.
    fn size(&self, category: &str) -> u64 {
        self.sizes.get(category).copied().unwrap_or_default()
    }
}

impl MissingRows {
    /// Returns the category at a position, and its number of missing items.
    pub(super) fn category(&self, position: u32) -> (&str, u64) {
        (&self.categories[position as usize], self.sizes[position as usize])
    }

    /// Returns the number of these items per category.
    fn by_category(&self, ids: &[ContentId]) -> HashMap<&str, u64> {
        let counted: HashSet<_> = ids.iter().collect();
        let mut sizes = HashMap::new();
        for row in self.items.iter().filter(|row| counted.contains(&row.id)) {
            for position in &row.categories {
                *sizes.entry(self.category(*position).0).or_default() += 1;
            }
        }
        sizes
    }
}

#[cfg(test)]
mod tests;
