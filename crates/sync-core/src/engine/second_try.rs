//! The second try of a run whose lists were all refused: once, as another client.
//!
//! Filters that don't know a client may let its login pass and refuse its lists. The source can tell that every list
//! was refused in the same way, and whether it has another client to ask as. The first list decides: refused again, it
//! is the only one that is asked for once more.

use super::{Engine, Run};
use crate::model::ContentKind;
use crate::run::record::{KindOutcome, KindRecord};
use crate::run::report::SyncReport;

impl Engine {
    /// Asks again for the kinds, if all of them have failed and the source can ask as another client.
    pub(super) async fn try_again_as_other_client(
        &self,
        run: &mut Run<'_>,
        report: &mut SyncReport,
        kinds: &[ContentKind],
    ) {
        let failed = |kind: &ContentKind| report.kind(*kind).outcome == KindOutcome::Failed;
        let failed: Vec<_> = kinds.iter().copied().filter(failed).collect();
        let asked = |kind: &ContentKind| report.kind(*kind).outcome != KindOutcome::Skipped;
        if failed.is_empty() || failed.len() != kinds.iter().filter(|kind| asked(kind)).count() {
            return;
        }
        if run.cancel.is_cancelled() || !self.source.learnt().other_client_left {
            return;
        }
        tracing::warn!("every list is refused; they are asked for once more as another client");
        self.source.ask_as_other_client();
        run.probes = false;
        let (first, others) = failed.split_at(1);
        let (before, errors) = (report.kind(first[0]).clone(), report.errors.clone());
        self.sync_kinds_again(run, report, first).await;
        let record = &mut report.kinds[first[0]];
        if record.outcome == KindOutcome::Failed {
            // The error of the usual client is the one to report.
            record.error = before.error;
            report.errors = errors;
        } else if !run.cancel.is_cancelled() {
            self.sync_kinds_again(run, report, others).await;
        }
    }

    /// Syncs failed kinds again. Requests, bytes and time of both attempts are counted.
    async fn sync_kinds_again(&self, run: &mut Run<'_>, report: &mut SyncReport, kinds: &[ContentKind]) {
        let before: Vec<KindRecord> = kinds.iter().map(|kind| report.kind(*kind).clone()).collect();
        report.errors.retain(|error| !error.kind.is_some_and(|kind| kinds.contains(&kind)));
        self.sync_kinds(run, report, kinds).await;
        for before in before {
            let record = &mut report.kinds[before.kind];
            record.requests += before.requests;
            record.bytes += before.bytes;
            record.wire_bytes = record.wire_bytes.zip(before.wire_bytes).map(|(now, then)| now + then);
            record.duration += before.duration;
        }
        report.errors.sort_by_key(|error| error.kind.map(ContentKind::ordinal));
    }
}
