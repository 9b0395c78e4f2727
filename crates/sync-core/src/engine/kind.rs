//! One kind of a run: categories, listing, comparison, guard, apply.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::StreamExt;

use super::{Engine, Run, Stop, guard};
use crate::diff::Differ;
use crate::guard::{HoldReason, RemovalEvidence, Verdict, judge_removals};
use crate::model::{Category, ContentId, ContentKind, Scope};
use crate::policy::SyncMode;
use crate::progress::Phase;
use crate::report::{KindOutcome, KindRecord, ReportError};
use crate::source::{AnswerFault, Completeness, Entry, ListingEvent, ListingRequest, SourceError};
use crate::store::{HeldRemoval, ScopeCommit, Staging, StoredIndex};

/// A finished listing, compared and staged.
struct Compared {
    differ: Differ,
    staging: Box<dyn Staging>,
    end: Completeness,
    /// The panel's clock when the listing was asked for, or ours where it doesn't tell; for sources
    /// that don't say when the listing started.
    asked_at: i64,
}

/// What becomes of the missing rows.
#[derive(Debug, Default)]
struct Removals {
    removed: Vec<ContentId>,
    held: Vec<HeldRemoval>,
    reason: Option<HoldReason>,
}

impl Engine<'_> {
    /// Syncs a kind; fills the record. On an error nothing of the kind has changed.
    pub(super) async fn sync_kind(
        &self,
        run: &mut Run<'_>,
        kind: ContentKind,
        record: &mut KindRecord,
    ) -> Result<(), Stop> {
        let before = (self.source.usage(), self.clock.monotonic());
        run.track.phase(Some(kind), Phase::Categories);
        let categories = self.categories(run, kind, record).await?;
        let stored = guard(run.cancel, async { Ok(self.store.index(run.profile, kind.into()).await?) }).await?;
        record.mode = mode(run.options.mode, &stored);
        let Compared { differ, mut staging, end, asked_at } = self.compare(run, kind, record.mode, &stored).await?;

        let held_before = guard(run.cancel, async { Ok(self.store.held(run.profile, kind).await?) }).await?;
        let removals = self.judge(run, &differ, &stored, end, categories.is_some(), &held_before);
        record.counts = differ.counts();
        record.counts.removed = removals.removed.len() as u64;
        record.counts.held = removals.held.len() as u64;
        record.counts.skipped = end.unreadable;
        record.hold_reason = removals.reason;
        record.outcome = match () {
            () if !removals.held.is_empty() => KindOutcome::Held,
            () if record.counts.is_quiet() => KindOutcome::Unchanged,
            () => KindOutcome::Completed,
        };
        if run.options.dry_run {
            return Ok(());
        }
        run.track.applying(kind, record.counts);
        let categories = self.plausible_categories(run, kind, categories).await?;
        self.measure(record, before.0, before.1);
        let kept: Vec<_> = removals.held.iter().map(|held| held.id).collect();
        let commit = ScopeCommit {
            run: run.id,
            fence: run.fence,
            applied_at: self.clock.now(),
            categories,
            index: differ
                .into_index(&kept)
                .map(Arc::new)
                .or_else(|| (!stored.applied_before).then(|| stored.index.clone())),
            held: (removals.held != held_before).then_some(removals.held),
            removals: removals.removed,
            watermark: end.started_at.unwrap_or(asked_at),
            first_load: !stored.applied_before,
            record: record.clone(),
        };
        staging.apply(commit, run.cancel.clone()).await?;
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

    /// Receives the listing, compares it, and stages what differs.
    async fn compare(
        &self,
        run: &mut Run<'_>,
        kind: ContentKind,
        mode: SyncMode,
        stored: &StoredIndex,
    ) -> Result<Compared, Stop> {
        let scope = Scope::whole(kind);
        let trusting = mode == SyncMode::Incremental;
        let scheme = self.source.digest_scheme();
        let policy = run.options.policy.at(run.state.last_sync[kind.ordinal()]);
        let mut differ = Differ::new(kind, Arc::clone(&stored.index), scheme, policy, trusting);
        let mut staging = self.store.stage(run.profile, scope.clone()).await?;
        let known = (trusting && stored.index.scheme() == scheme).then(|| Arc::clone(&stored.index));
        let asked_at = self.clock.now() + run.panel_ahead;
        let expected = stored.index.len() as u64;
        let usage = self.source.usage();
        run.track.listing(kind, 0, expected, 0, differ.counts());
        let request = ListingRequest { scope, known };
        let mut listing = guard(run.cancel, async { Ok(self.source.listing(request).await?) }).await?;
        loop {
            let event = guard(run.cancel, async { Ok(listing.events.next().await.transpose()?) }).await?;
            match event {
                Some(ListingEvent::Batch(batch)) => {
                    let staged = guard(run.cancel, self.stage(run, kind, &mut differ, &mut *staging, batch));
                    staged.await?;
                    let bytes = self.source.usage().bytes.saturating_sub(usage.bytes);
                    run.track.listing(kind, differ.listed() as u64, expected, bytes, differ.counts());
                }
                Some(ListingEvent::Restarted) => {
                    tracing::info!("the answer was cut; the listing starts again");
                    differ.reset();
                    staging.reset().await?;
                }
                Some(ListingEvent::Complete(end)) => return Ok(Compared { differ, staging, end, asked_at }),
                None => {
                    return Err(Stop::Source(SourceError::Unusable {
                        fault: AnswerFault::Truncated,
                        message: "the listing has no end".to_owned(),
                    }));
                }
            }
        }
    }

    async fn stage(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        differ: &mut Differ,
        staging: &mut dyn Staging,
        mut batch: Vec<Entry>,
    ) -> Result<(), Stop> {
        let needs = differ.prepare(&mut batch);
        let stored = match needs.stored {
            ids if ids.is_empty() => Vec::new(),
            ids => self.store.rows(run.profile, kind, ids).await?,
        };
        let staged = match needs.staged {
            ids if ids.is_empty() => Vec::new(),
            ids => staging.get(ids).await?,
        };
        let items = differ.resolve(batch, stored, staged).map_err(SourceError::internal)?;
        if !items.is_empty() {
            staging.put(items).await?;
        }
        Ok(())
    }

    /// Decides about the missing rows: consent first, for exactly what is recorded as held; then
    /// the guard, for the rest.
    fn judge(
        &self,
        run: &Run<'_>,
        differ: &Differ,
        stored: &StoredIndex,
        end: Completeness,
        categories_answered: bool,
        held_before: &[HeldRemoval],
    ) -> Removals {
        let missing = differ.missing();
        let evidence = |stored: usize, missing: usize| RemovalEvidence {
            stored: stored as u64,
            listed: differ.listed() as u64,
            missing: missing as u64,
            // The engine comes here only with a listing that was proved complete.
            complete: true,
            unreadable: end.unreadable,
            trailing_bytes: end.trailing_bytes,
            categories_answered,
            account_expired: run.account_expired,
        };
        let rows = stored.index.len();
        let thresholds = run.options.guard;
        let Verdict::Hold(reason) = judge_removals(&evidence(rows, missing.len()), thresholds) else {
            return Removals { removed: missing, ..Removals::default() };
        };
        let recorded = |id: &ContentId| held_before.binary_search_by_key(id, |held| held.id).ok();
        let consent = run.options.accept_removals && reason.yields_to_consent();
        let (mut removed, rest): (Vec<_>, Vec<_>) =
            missing.into_iter().partition(|id| consent && recorded(id).is_some());
        match judge_removals(&evidence(rows - removed.len(), rest.len()), thresholds) {
            Verdict::Allow => {
                removed.extend(rest);
                Removals { removed, ..Removals::default() }
            }
            Verdict::Hold(reason) => {
                let now = self.clock.now();
                let mut held: Vec<_> = rest
                    .into_iter()
                    .map(|id| match recorded(&id) {
                        Some(at) => HeldRemoval { reason, ..held_before[at].clone() },
                        None => HeldRemoval { id, reason, since: now, run: run.id },
                    })
                    .collect();
                held.sort_unstable_by_key(|held| held.id);
                Removals { removed, held, reason: Some(reason) }
            }
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
