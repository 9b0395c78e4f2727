//! A kind within a run: it is received, decided and committed, and its record is ended.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::decide::{Setting, decide};
use super::state::{Grant, KindSync, Received, Staged};
use super::unmodified::believed;
use super::{Engine, Run, StepError, named};
use crate::model::ContentKind;
use crate::policy::probe::Look;
use crate::ports::store::Applied;
use crate::run::counts::Counts;
use crate::run::options::SyncMode;
use crate::run::record::{KindOutcome, KindRecord};
use crate::run::report::SyncReport;

/// A received kind, or the error; `None` if the panel need not be asked.
type Outcome = Result<Option<(Received, Staged)>, StepError>;

impl Engine {
    /// Receives a kind. Nothing of it is written yet.
    pub(super) async fn begin_kind(&self, run: &Run<'_>, kind: ContentKind) -> (KindSync, Outcome) {
        let facts = run.facts.kinds[kind].clone();
        let policy = run.options.policy.at(run.state.last_sync[kind]);
        // A full dry run compares a cache with its panel, and must not report volatile fields.
        let looks = !(run.options.dry_run && run.options.mode == SyncMode::Full);
        let treatment = facts.fields.treatment(kind, &policy, looks.then(|| self.clock.now()));
        let mut sync = KindSync {
            kind,
            record: KindRecord::skipped(kind, named(run.options.mode, &run.state, kind)),
            facts,
            treatment: Arc::new(treatment),
            shrunk: None,
            plan: None,
            validator: None,
            validators_lied_at: None,
            warnings: Vec::new(),
            answered: false,
            denied: false,
            began_at: self.clock.now(),
            look: Look::Whole,
            asked: None,
            overlay: Applied::default(),
            span: tracing::info_span!("kind", kind = %kind),
        };
        // The source is asked only here and for one kind at a time, so the difference of its usage is this kind's.
        let (before, started) = (self.source.usage(), self.clock.monotonic());
        let span = sync.span.clone();
        let received = if run.cancel.is_cancelled() {
            Err(StepError::Cancelled)
        } else {
            self.receive_kind(run, &mut sync).instrument(span).await
        };
        let used = self.source.usage().since(before);
        sync.record.requests = used.requests;
        sync.record.bytes = used.bytes;
        sync.record.wire_bytes = used.wire_bytes;
        sync.record.duration = self.since(started);
        (sync, received)
    }

    /// Writes a received kind, and ends its record.
    pub(super) async fn end_kind(&self, run: &Run<'_>, (mut sync, received): (KindSync, Outcome)) -> KindSync {
        let (received_in, started) = (sync.record.duration, self.clock.monotonic());
        let span = sync.span.clone();
        let synced = match received {
            Ok(Some((received, staged))) => {
                self.write_kind(run, &mut sync, received, staged, started).instrument(span.clone()).await
            }
            Ok(None) => Ok(()),
            Err(stop) => Err(stop),
        };
        let record = &mut sync.record;
        if let Err(stop) = synced {
            let cancelled = matches!(stop, StepError::Cancelled);
            record.outcome = if cancelled { KindOutcome::Cancelled } else { KindOutcome::Failed };
            record.counts = Counts::default();
            record.hold_reason = None;
            record.skipped_at = None;
            record.not_modified = false;
            record.error = Some(stop.into_report(Some(sync.kind)));
            // Facts about fields and arrivals depend on rows that were written, so those of a failed kind are dropped.
            sync.facts.fields.clone_from(&run.state.facts.kinds[sync.kind].fields);
            sync.facts.arrivals.clone_from(&run.state.facts.kinds[sync.kind].arrivals);
            // Probes are compared with the list that the store has.
            sync.facts.probe.base.clone_from(&run.state.facts.kinds[sync.kind].probe.base);
        }
        record.duration = received_in + self.since(started);
        run.progress.kind_done(sync.kind, record.counts);
        let _entered = span.entered();
        match &record.error {
            Some(error) if record.outcome == KindOutcome::Failed => {
                tracing::warn!(code = error.code.as_str(), "{}", error.message);
            }
            _ => {
                tracing::info!(outcome = %record.outcome, added = record.counts.added, updated = record.counts.updated,
                removed = record.counts.removed, held = record.counts.held, "kind ended");
            }
        }
        sync
    }

    /// Decides about a received kind, and carries out the decision.
    async fn write_kind(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        received: Received,
        staged: Staged,
        started: Duration,
    ) -> Result<(), StepError> {
        let decided = {
            let setting = self.setting(run, sync);
            let known = self.known(run, &received, &setting).await?;
            // The comparison is dropped here: the next kind is being received and needs the memory.
            decide(received, &known, &setting)
        };
        self.commit(run, sync, decided, staged, started).await
    }

    /// Returns the values that the decision depends on, besides the listing and the store.
    fn setting<'a>(&self, run: &'a Run<'_>, sync: &'a KindSync) -> Setting<'a> {
        let now = self.clock.now();
        Setting {
            options: run.options,
            grant: run.grant.unwrap_or(Grant::NONE),
            record: &sync.record,
            facts: &sync.facts,
            fields_before: &run.state.facts.kinds[sync.kind].fields,
            others_shrank: run.shrunk.iter().any(|(other, _)| *other != sync.kind),
            account_expired: run.account_expired,
            scheme: self.scheme(sync),
            believes_validators: sync.validators_lied_at.is_none() && believed(&run.facts, now),
            now,
        }
    }

    pub(super) fn since(&self, started: Duration) -> Duration {
        self.clock.monotonic().saturating_sub(started)
    }
}

impl Run<'_> {
    /// Adds the result of a kind to the run and its report. Kinds are added in their order.
    pub(super) fn take_in(&mut self, sync: KindSync, report: &mut SyncReport) {
        let KindSync { kind, record, facts, shrunk, plan, warnings, answered, denied, overlay, .. } = sync;
        self.answered |= answered;
        self.denied.extend(denied.then_some(kind));
        self.facts.kinds[kind] = facts;
        self.shrunk.extend(shrunk.map(|held| (kind, held)));
        self.plan.extend(plan);
        self.warnings.extend(warnings);
        report.errors.extend(record.error.clone());
        report.kinds[kind] = record;
        report.overlay[kind] = overlay;
    }
}
