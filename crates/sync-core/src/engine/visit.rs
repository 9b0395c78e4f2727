//! A kind under way: what it has come to so far, and what is done at its begin and at its end.

use std::sync::Arc;
use std::time::Duration;

use tracing::{Instrument, Span};

use super::kind::Received;
use super::{Engine, Run, Stop, named};
use crate::counts::Counts;
use crate::facts::KindFacts;
use crate::model::{ContentId, ContentKind};
use crate::plan::KindPlan;
use crate::policy::SyncMode;
use crate::report::{KindOutcome, KindRecord, SyncReport, Warning};
use crate::store::KeptValidator;
use crate::volatile::Treatment;

/// A kind under way. Two are at once, one being received and one being written, so whatever changes
/// on the way is here and not in the [`Run`].
pub(super) struct Visit {
    pub(super) kind: ContentKind,
    pub(super) record: KindRecord,
    /// What is known by now of how the panel serves the kind.
    pub(super) facts: KindFacts,
    /// How the listing treats the fields of the kind.
    pub(super) treatment: Arc<Treatment>,
    /// What it lost, when it shrank implausibly.
    pub(super) shrunk: Option<Vec<ContentId>>,
    pub(super) plan: Option<KindPlan>,
    /// The validator of the listing before.
    pub(super) validator: Option<KeptValidator>,
    /// When the panel was found out to give one listing the validator of another.
    pub(super) validators_lied_at: Option<i64>,
    pub(super) warnings: Vec<Warning>,
    /// Whether the panel answered with a listing in which something is.
    pub(super) answered: bool,
    /// Whether it denied the listing.
    pub(super) denied: bool,
    span: Span,
}

impl Engine {
    /// Receives a kind. Nothing of it is written yet, whatever comes of it.
    pub(super) async fn begin_visit(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
    ) -> (Visit, Result<Option<Received>, Stop>) {
        let facts = run.facts.kinds[kind].clone();
        let policy = run.options.policy.at(run.state.last_sync[kind]);
        // Who compares a cache with its panel is not to be told of what is volatile.
        let looks = !(run.options.dry_run && run.options.mode == SyncMode::Full);
        let treatment = facts.fields.treatment(kind, &policy, looks.then(|| self.clock.now()));
        let mut visit = Visit {
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
            span: tracing::info_span!("kind", kind = %kind),
        };
        // Only here is anything asked of the source, and for one kind at a time.
        let (before, started) = (self.source.usage(), self.clock.monotonic());
        let span = visit.span.clone();
        let received = if run.cancel.is_cancelled() {
            Err(Stop::Cancelled)
        } else {
            self.receive_kind(run, &mut visit).instrument(span).await
        };
        let after = self.source.usage();
        visit.record.requests = after.requests.saturating_sub(before.requests);
        visit.record.bytes = after.bytes.saturating_sub(before.bytes);
        visit.record.duration = self.since(started);
        (visit, received)
    }

    /// Writes what was received of a kind, and ends its record.
    pub(super) async fn end_visit(
        &self,
        run: &Run<'_>,
        (mut visit, received): (Visit, Result<Option<Received>, Stop>),
    ) -> Visit {
        let (received_in, started) = (visit.record.duration, self.clock.monotonic());
        let span = visit.span.clone();
        let synced = match received {
            Ok(Some(received)) => self.write_kind(run, &mut visit, received, started).instrument(span.clone()).await,
            Ok(None) => Ok(()),
            Err(stop) => Err(stop),
        };
        let record = &mut visit.record;
        if let Err(stop) = synced {
            let cancelled = matches!(stop, Stop::Cancelled);
            record.outcome = if cancelled { KindOutcome::Cancelled } else { KindOutcome::Failed };
            record.counts = Counts::default();
            record.hold_reason = None;
            record.skipped_at = None;
            record.not_modified = false;
            record.error = Some(stop.into_report(Some(visit.kind)));
            // What is learnt of fields is learnt of rows that were written.
            visit.facts.fields.clone_from(&run.state.facts.kinds[visit.kind].fields);
        }
        record.duration = received_in + self.since(started);
        run.track.kind_done(visit.kind, record.counts);
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
        visit
    }

    pub(super) fn since(&self, started: Duration) -> Duration {
        self.clock.monotonic().saturating_sub(started)
    }
}

impl Run<'_> {
    /// Takes in what a kind has come to. They come in their order.
    pub(super) fn take_in(&mut self, visit: Visit, report: &mut SyncReport) {
        let Visit { kind, record, facts, shrunk, plan, warnings, answered, denied, .. } = visit;
        self.answered |= answered;
        self.denied.extend(denied.then_some(kind));
        self.facts.kinds[kind] = facts;
        self.shrunk.extend(shrunk.map(|lost| (kind, lost)));
        self.plan.extend(plan);
        self.warnings.extend(warnings);
        report.errors.extend(record.error.clone());
        report.kinds[kind] = record;
    }
}
