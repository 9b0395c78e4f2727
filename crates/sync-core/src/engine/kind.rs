//! One kind within a run: categories, listing, settling what is missing, apply.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::learning::{is_denial, is_known_as_not_offered, is_not_offered};
use super::planned::Planned;
use super::unmodified::{Answered, Unmodified};
use super::visit::Visit;
use super::{Engine, Run, Stop, guard};
use crate::arrivals::Arrivals;
use crate::diff::Differ;
use crate::facts::KindFacts;
use crate::guard::{HoldReason, RemovalEvidence, Verdict, judge_removals};
use crate::merge::Change;
use crate::model::{Category, CategorySet, ContentId, ContentKind, Text};
use crate::policy::SyncMode;
use crate::progress::Phase;
use crate::report::{KindOutcome, KindRecord, ReportError, Warning};
use crate::source::{Completeness, SourceError, Validator};
use crate::store::{ScopeCommit, Staging, StoredIndex};
use crate::volatile::{FieldFacts, Heard};

/// A finished listing, compared. Its staging area is kept apart: staging areas need not be `Sync`, and a
/// reference to one across an await would make the future of a run one that can't be spawned.
pub(super) struct Compared {
    pub(super) differ: Differ,
    pub(super) end: Completeness,
    pub(super) validator: Option<Validator>,
    /// The panel's clock when the listing was asked for, or ours where it doesn't tell; for sources
    /// that don't say when the listing started.
    pub(super) asked_at: i64,
    /// When it was received category by category.
    pub(super) by_category: Option<ByCategory>,
    pub(super) planned: Planned,
}

/// What became of the categories of a listing.
pub(super) struct ByCategory {
    /// Those that answered completely.
    pub(super) covered: CategorySet,
    /// Those that were to be asked for, and did not.
    pub(super) unanswered: CategorySet,
    pub(super) error: Option<ReportError>,
}

/// A kind that was received: all that is needed to write it.
pub(super) enum Received {
    /// Its listing came; its differences wait in the staging area.
    Listing(Box<Arrived>, Box<dyn Staging>),
    /// The panel says that the listing is the one that is known.
    Same(Option<Vec<Category>>, Unmodified),
}

/// A listing that came, with what came before it.
pub(super) struct Arrived {
    pub(super) categories: Option<Vec<Category>>,
    pub(super) stored: StoredIndex,
    pub(super) compared: Compared,
    /// What makes the listing no proof.
    pub(super) doubt: Option<HoldReason>,
}

/// What is about to be written, and what follows once it is.
struct Settlement {
    staging: Box<dyn Staging>,
    commit: ScopeCommit,
    evidence: bool,
    shrunk: Option<Vec<ContentId>>,
}

impl Engine {
    /// Receives a kind, compares and stages it. `None` when the panel need not be asked.
    pub(super) async fn receive_kind(&self, run: &Run<'_>, visit: &mut Visit) -> Result<Option<Received>, Stop> {
        let kind = visit.kind;
        if is_not_offered(&run.state, run.options, kind, self.clock.now()) {
            visit.warnings.push(Warning::NotOffered(kind));
            return Ok(None);
        }
        run.track.phase(Some(kind), Phase::Categories);
        let categories = self.categories(run, kind, &mut visit.record).await?;
        let begun = match self.ask_unless_same(run, visit, categories.is_some()).await? {
            Some(Answered::Unmodified(same)) => return Ok(Some(Received::Same(categories, same))),
            Some(Answered::Begun(begun)) => Some(begun),
            None => None,
        };
        let stored = guard(run.cancel, async { Ok(self.store.index(run.profile, kind.into()).await?) }).await?;
        visit.record.mode = mode(run.options.mode, &stored);
        let (mut compared, mut staging) = match self.compare(run, visit, &stored, categories.as_deref(), begun).await {
            Ok(received) => received,
            Err(stop) => {
                visit.denied = matches!(&stop, Stop::Source(error) if is_denial(error));
                if visit.denied && is_known_as_not_offered(&run.state, run.options, kind) {
                    // It was asked once more, and says the same: that is no news, and no failure.
                    visit.record.error = None;
                    visit.warnings.push(Warning::NotOffered(kind));
                    return Ok(None);
                }
                return Err(stop);
            }
        };
        visit.answered = compared.differ.listed() > 0;
        let doubt = Self::learn(run, &mut visit.facts, &compared, categories.is_some());
        self.learn_of_fields(run, visit, &mut compared, &mut *staging).await?;
        if let (None, Some(by_category)) = (&visit.record.error, &mut compared.by_category) {
            visit.record.error = by_category.error.take();
        }
        self.doubt_validator(visit, &stored, &compared);
        Ok(Some(Received::Listing(Box::new(Arrived { categories, stored, compared, doubt }), staging)))
    }

    /// Settles and writes a kind that was received; fills its record. On an error nothing of the kind
    /// has changed.
    pub(super) async fn write_kind(
        &self,
        run: &Run<'_>,
        visit: &mut Visit,
        received: Received,
        started: Duration,
    ) -> Result<(), Stop> {
        let (arrived, staging) = match received {
            Received::Same(categories, same) => return self.keep(run, visit, categories, same, started).await,
            Received::Listing(arrived, staging) => (*arrived, staging),
        };
        let Some(settlement) = self.settle_kind(run, visit, arrived, staging).await? else { return Ok(()) };
        // What was compared is gone by now: the next kind is on its way and needs the memory.
        let Settlement { mut staging, mut commit, evidence, shrunk } = settlement;
        run.track.applying(visit.kind, visit.record.counts);
        visit.record.duration += self.since(started);
        commit.record = visit.record.clone();
        staging.apply(commit, run.cancel.clone()).await?;
        if evidence {
            visit.facts.sound_listings = visit.facts.sound_listings.saturating_add(1);
        }
        visit.shrunk = shrunk;
        Ok(())
    }

    /// Decides what is to be written of a kind: nothing in a dry run, which makes its plan.
    async fn settle_kind(
        &self,
        run: &Run<'_>,
        visit: &mut Visit,
        arrived: Arrived,
        staging: Box<dyn Staging>,
    ) -> Result<Option<Settlement>, Stop> {
        let kind = visit.kind;
        let held_before = guard(run.cancel, async { Ok(self.store.held(run.profile, kind).await?) }).await?;
        let (settled, names) = self.settle(run, visit, &arrived, &held_before).await?;
        let Arrived { categories, stored, compared, doubt } = arrived;
        let Compared { differ, end, validator, asked_at, by_category, planned } = compared;
        let record = &mut visit.record;
        record.counts = differ.counts();
        record.counts.unchanged += settled.untold.len() as u64;
        record.counts.removed = settled.removed.len() as u64;
        record.counts.held = settled.held.len() as u64;
        record.counts.skipped = end.unreadable;
        record.skipped_at = end.unreadable_at;
        record.hold_reason = settled.reason;
        record.outcome = match () {
            () if !settled.held.is_empty() => KindOutcome::Held,
            () if record.counts.is_quiet() => KindOutcome::Unchanged,
            () => KindOutcome::Completed,
        };
        let rows = stored.index.len().saturating_sub(settled.removed.len());
        let moves = Some((differ.arrivals(), settled.removed.as_slice()));
        let categories = self.plausible_categories(run, visit, categories, rows, moves).await?;
        let shrunk = settled.shrank.then(|| settled.fresh.clone());
        if run.options.dry_run {
            visit.shrunk = shrunk;
            visit.plan = Some(planned.into_plan(kind, &settled, &names, differ.unnoticed()));
            return Ok(None);
        }
        let kept: Vec<_> = settled.held.iter().map(|held| held.id).chain(settled.untold).collect();
        let evidence = settled.evidence;
        let index = differ.into_index(&kept).map(Arc::new);
        // It leaves nothing open: it came whole and without defects, and what it misses is gone.
        let flawless = doubt.is_none() && end.unreadable == 0 && !end.trailing_bytes;
        let sound = flawless && by_category.is_none() && kept.is_empty();
        let new = index.as_deref().unwrap_or(&stored.index);
        let validator = self.validator_after(run, visit, validator, new, sound);
        // Where the store has no index that it trusts, it gets one, also when nothing is in it.
        let trusted = stored.applied_before && stored.consistent;
        let commit = ScopeCommit {
            run: run.id,
            fence: run.fence,
            applied_at: self.clock.now(),
            categories,
            index: index.or_else(|| (!trusted).then(|| stored.index.clone())),
            validator,
            held: (settled.held != held_before).then_some(settled.held),
            removals: settled.removed,
            successors: settled.successors,
            tombstone_days: run.options.retention.tombstone_days,
            watermark: end.started_at.unwrap_or(asked_at),
            first_load: !stored.applied_before,
            record: visit.record.clone(),
            fields: visit
                .facts
                .fields
                .come_with_rows(&run.state.facts.kinds[kind].fields)
                .then(|| visit.facts.fields.clone()),
        };
        Ok(Some(Settlement { staging, commit, evidence, shrunk }))
    }

    /// Takes in what a finished listing says of the panel; returns what makes it no proof.
    fn learn(
        run: &Run<'_>,
        facts: &mut KindFacts,
        compared: &Compared,
        categories_answered: bool,
    ) -> Option<HoldReason> {
        facts.offered();
        let defect = facts.defects(compared.end);
        match () {
            () if !categories_answered => Some(HoldReason::CategoriesMissing),
            () if run.account_expired => Some(HoldReason::AccountExpired),
            // Where nothing came at all, that is what counts.
            () if compared.differ.listed() == 0 => None,
            () => defect,
        }
    }

    /// Takes in what a finished listing says of the kind's fields. What was staged for the sake of a field
    /// that doesn't rest is left alone after all.
    async fn learn_of_fields(
        &self,
        run: &Run<'_>,
        visit: &mut Visit,
        compared: &mut Compared,
        staging: &mut dyn Staging,
    ) -> Result<(), Stop> {
        let Compared { differ, by_category, .. } = compared;
        let (kind, treatment) = (visit.kind, Arc::clone(&visit.treatment));
        let whole = by_category.as_ref().is_none_or(|parts| parts.unanswered.is_empty());
        let heard = Heard { whole, missing: differ.missing_so_far(), now: self.clock.now() };
        let fields = &visit.facts.fields;
        let conclusion = fields.after(kind, &treatment, differ.tally(), heard);
        let left = differ.accept(conclusion.accepted);
        for ids in left.chunks(ROWS) {
            let mut staged = guard(run.cancel, async { Ok(staging.get(ids.to_vec()).await?) }).await?;
            for one in &mut staged {
                one.change = Change::Unchanged;
            }
            guard(run.cancel, async { Ok(staging.put(staged).await?) }).await?;
        }
        visit.facts.fields = FieldFacts::concluded(kind, &treatment, differ.tally(), heard, &conclusion);
        Ok(())
    }

    /// Asks for the categories; a failure is noted and keeps every row of the kind in place.
    async fn categories(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        record: &mut KindRecord,
    ) -> Result<Option<Vec<Category>>, Stop> {
        match guard(run.cancel, async { Ok(self.source.categories(kind).await?) }).await {
            Ok(categories) => Ok(Some(categories)),
            // Asking again with refused credentials gets addresses banned.
            Err(Stop::Source(error @ (SourceError::Refused { .. } | SourceError::Denied { .. }))) => Err(error.into()),
            Err(Stop::Source(error)) => {
                let mut error = ReportError::of_source(&error, Some(kind));
                error.message = format!("the categories failed ({}); nothing of this kind is removed", error.message);
                record.error = Some(error);
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Puts back categories that vanished implausibly: names of shelves are lost as easily as what stands
    /// on them. Of those that vanish beside others, those go that are empty after this listing; all of
    /// them go with the last of the kind's `rows`.
    ///
    /// What is told from the categories that are known, and from those that this leaves, is the same: the
    /// next sync of the same lists must not come to something else.
    pub(super) async fn plausible_categories(
        &self,
        run: &Run<'_>,
        visit: &mut Visit,
        answered: Option<Vec<Category>>,
        rows: usize,
        moves: Option<Moves<'_>>,
    ) -> Result<Option<Vec<Category>>, Stop> {
        let Some(mut answered) = answered else { return Ok(None) };
        let kind = visit.kind;
        let stored = guard(run.cancel, async { Ok(self.store.categories(run.profile, kind).await?) }).await?;
        let mut met = HashSet::new();
        answered.retain(|category| met.insert(category.id.clone()));
        let mut missing: Vec<_> = stored.iter().filter(|known| !met.contains(&known.id)).cloned().collect();
        let listed = answered.len() as u64;
        let judged = |missing: usize| {
            let missing = missing as u64;
            let evidence = RemovalEvidence {
                stored: listed + missing,
                listed,
                missing,
                complete: true,
                unreadable: 0,
                trailing_bytes: false,
                categories_answered: true,
                account_expired: run.account_expired,
            };
            judge_removals(&evidence, run.options.guard)
        };
        if matches!(judged(missing.len()), Verdict::Hold(_)) && rows > 0 {
            if !answered.is_empty() {
                self.leave_out_empty(run, kind, &mut missing, moves).await?;
            }
            if let Verdict::Hold(reason) = judged(missing.len()) {
                let warning = format!("{kind}: {} categories are missing and stay, because {reason}", missing.len());
                visit.warnings.push(warning.into());
                answered.extend(missing);
            }
        }
        Ok((answered != stored).then_some(answered))
    }

    /// Leaves out the categories in which nothing is once a listing is applied.
    async fn leave_out_empty(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        categories: &mut Vec<Category>,
        moves: Option<Moves<'_>>,
    ) -> Result<(), Stop> {
        let names = categories.iter().map(|category| category.id.clone()).collect();
        let sizes = guard(run.cancel, async { Ok(self.store.category_sizes(run.profile, kind, names).await?) }).await?;
        let mut removed: HashMap<Text, u64> = HashMap::new();
        for ids in moves.map_or(&[][..], |(_, removed)| removed).chunks(ROWS) {
            let rows = guard(run.cancel, async { Ok(self.store.rows(run.profile, kind, ids.to_vec()).await?) }).await?;
            for category in rows.iter().flat_map(|row| row.categories().as_slice()) {
                *removed.entry(category.clone()).or_default() += 1;
            }
        }
        let mut sizes = sizes.into_iter();
        categories.retain(|category| {
            let (name, size) = (category.id.0.as_str(), sizes.next().unwrap_or_default());
            let gone = removed.get(name).copied().unwrap_or_default();
            moves.map_or(size > 0, |(arrivals, _)| !arrivals.is_deserted(name, size, gone))
        });
        Ok(())
    }
}

/// What a listing changes about categories: the items that it has, and the rows that it removes.
type Moves<'a> = (&'a Arrivals, &'a [ContentId]);

/// Rows asked for at a time.
const ROWS: usize = 500;

fn mode(asked: SyncMode, stored: &StoredIndex) -> SyncMode {
    let full = asked == SyncMode::Full || !stored.applied_before || !stored.consistent;
    if full { SyncMode::Full } else { SyncMode::Incremental }
}
