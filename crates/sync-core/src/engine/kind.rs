//! One kind within a run: categories, listing, settling what is missing, apply.

use std::collections::HashSet;
use std::sync::Arc;

use super::learning::is_not_offered;
use super::planned::Planned;
use super::{Engine, Run, Stop, guard};
use crate::diff::Differ;
use crate::guard::{HoldReason, RemovalEvidence, Verdict, judge_removals};
use crate::model::{Category, CategorySet, ContentKind};
use crate::policy::SyncMode;
use crate::progress::Phase;
use crate::report::{KindOutcome, KindRecord, ReportError};
use crate::source::{Completeness, SourceError};
use crate::store::{ScopeCommit, Staging, StoredIndex};

/// A finished listing, compared and staged.
pub(super) struct Compared {
    pub(super) differ: Differ,
    pub(super) staging: Box<dyn Staging>,
    pub(super) end: Completeness,
    /// The panel's clock when the listing was asked for, or ours where it doesn't tell; for sources
    /// that don't say when the listing started.
    pub(super) asked_at: i64,
    /// Of a listing by category, the categories that answered.
    pub(super) covered: Option<CategorySet>,
    /// Of a listing by category, what failed.
    pub(super) failed: Option<ReportError>,
    pub(super) planned: Planned,
}

impl Engine<'_> {
    /// Syncs a kind; fills the record. On an error nothing of the kind has changed.
    pub(super) async fn sync_kind(
        &self,
        run: &mut Run<'_>,
        kind: ContentKind,
        record: &mut KindRecord,
    ) -> Result<(), Stop> {
        if is_not_offered(&run.state, run.options, kind, self.clock.now()) {
            run.warnings.push(format!(
                "{kind}: the panel doesn't offer them, so they were not asked for; they are, with --only {kind} or once a day"
            ));
            return Ok(());
        }
        let before = (self.source.usage(), self.clock.monotonic());
        run.track.phase(Some(kind), Phase::Categories);
        let categories = self.categories(run, kind, record).await?;
        let stored = guard(run.cancel, async { Ok(self.store.index(run.profile, kind.into()).await?) }).await?;
        record.mode = mode(run.options.mode, &stored);
        let mut compared = match self.compare(run, kind, record.mode, &stored, categories.as_deref()).await {
            Ok(compared) => compared,
            Err(stop) => {
                if let Stop::Source(error) = &stop {
                    run.facts.kinds[kind.ordinal()].offered(Some(error), self.clock.now());
                }
                return Err(stop);
            }
        };
        let doubt = self.learn(run, kind, &compared, categories.is_some());
        if record.error.is_none() {
            record.error = compared.failed.take();
        }
        let held_before = guard(run.cancel, async { Ok(self.store.held(run.profile, kind).await?) }).await?;
        let (settled, names) = self.settle(run, kind, &compared, &stored, doubt, &held_before).await?;
        let Compared { differ, mut staging, end, asked_at, planned, .. } = compared;
        record.counts = differ.counts();
        record.counts.unchanged += settled.untold.len() as u64;
        record.counts.removed = settled.removed.len() as u64;
        record.counts.held = settled.held.len() as u64;
        record.counts.skipped = end.unreadable;
        record.hold_reason = settled.reason;
        record.outcome = match () {
            () if !settled.held.is_empty() => KindOutcome::Held,
            () if record.counts.is_quiet() => KindOutcome::Unchanged,
            () => KindOutcome::Completed,
        };
        if run.options.dry_run {
            run.plan.push(planned.into_plan(kind, &settled, &names));
            return Ok(());
        }
        run.track.applying(kind, record.counts);
        let categories = self.plausible_categories(run, kind, categories).await?;
        self.measure(record, before.0, before.1);
        let kept: Vec<_> = settled.held.iter().map(|held| held.id).chain(settled.untold).collect();
        let evidence = settled.evidence;
        let commit = ScopeCommit {
            run: run.id,
            fence: run.fence,
            applied_at: self.clock.now(),
            categories,
            index: differ
                .into_index(&kept)
                .map(Arc::new)
                .or_else(|| (!stored.applied_before).then(|| stored.index.clone())),
            held: (settled.held != held_before).then_some(settled.held),
            removals: settled.removed,
            successors: settled.successors,
            tombstone_days: run.options.retention.tombstone_days,
            watermark: end.started_at.unwrap_or(asked_at),
            first_load: !stored.applied_before,
            record: record.clone(),
        };
        staging.apply(commit, run.cancel.clone()).await?;
        if evidence {
            run.facts.kinds[kind.ordinal()].sound_listings += 1;
        }
        Ok(())
    }

    /// Takes in what a finished listing says of the panel; returns what makes it no proof.
    fn learn(
        &self,
        run: &mut Run<'_>,
        kind: ContentKind,
        compared: &Compared,
        categories_answered: bool,
    ) -> Option<HoldReason> {
        let facts = &mut run.facts.kinds[kind.ordinal()];
        facts.offered(None, self.clock.now());
        let ignored = facts.image_hosts_ignored(run.options.mode);
        facts.rotated(compared.differ.images_rotate(), ignored);
        let defect = facts.defects(compared.end);
        match () {
            () if !categories_answered => Some(HoldReason::CategoriesMissing),
            () if run.account_expired => Some(HoldReason::AccountExpired),
            // Where nothing came at all, that is what counts.
            () if compared.differ.listed() == 0 => None,
            () => defect,
        }
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
            Err(Stop::Source(error @ SourceError::Refused { .. })) => Err(error.into()),
            Err(Stop::Source(error)) => {
                let mut error = ReportError::of_source(&error, Some(kind));
                error.message = format!("the categories failed ({}); nothing of this kind is removed", error.message);
                record.error = Some(error);
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Puts back categories that vanished implausibly, unless a person agrees to removals: names of
    /// shelves are lost as easily as what stands on them.
    async fn plausible_categories(
        &self,
        run: &mut Run<'_>,
        kind: ContentKind,
        answered: Option<Vec<Category>>,
    ) -> Result<Option<Vec<Category>>, Stop> {
        let Some(mut answered) = answered else { return Ok(None) };
        let stored = self.store.categories(run.profile, kind).await?;
        let mut met = HashSet::new();
        answered.retain(|category| met.insert(category.id.clone()));
        let missing: Vec<_> = stored.iter().filter(|known| !met.contains(&known.id)).cloned().collect();
        let evidence = RemovalEvidence {
            stored: stored.len() as u64,
            listed: answered.len() as u64,
            missing: missing.len() as u64,
            complete: true,
            unreadable: 0,
            trailing_bytes: false,
            categories_answered: true,
            account_expired: run.account_expired,
        };
        if let Verdict::Hold(reason) = judge_removals(&evidence, run.options.guard)
            && !run.options.accept_removals
        {
            run.warnings.push(format!("{kind}: {} categories are missing and stay, because {reason}", missing.len()));
            answered.extend(missing);
        }
        Ok((answered != stored).then_some(answered))
    }
}

fn mode(asked: SyncMode, stored: &StoredIndex) -> SyncMode {
    let full = asked == SyncMode::Full || !stored.applied_before || !stored.consistent;
    if full { SyncMode::Full } else { SyncMode::Incremental }
}
