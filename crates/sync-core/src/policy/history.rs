//! The history of runs of a kind: the time of the last list, and the attempts that have failed since then.

use crate::error::ErrorCode;
use crate::model::{ContentKind, PerKind};
use crate::run::record::{KindOutcome, RunRecord, RunStatus, Trigger};

/// The largest number of failed attempts that are kept. A longer series doesn't lengthen a pause.
pub const FAILURES_KEPT: usize = 32;

/// The part of a kind's history on which a schedule depends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindHistory {
    /// The start of the newest run that took the panel's whole list, or the panel's answer that it is unchanged, by our
    /// clock, in unix seconds.
    pub listed_at: Option<i64>,
    /// The start of the newest run since then in which a probe saw nothing new, by our clock, in unix seconds. It
    /// doesn't make the list younger.
    pub probed_at: Option<i64>,
    /// The attempts since the list and the probe that have failed, newest first, at most [`FAILURES_KEPT`].
    pub failures: Vec<FailedAttempt>,
}

/// An attempt to sync a kind that has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedAttempt {
    /// The end of the run, or its start if it has no end, by our clock, in unix seconds.
    pub at: i64,
    /// The error; `None` if the process ended in the middle of the run.
    pub code: Option<ErrorCode>,
}

impl KindHistory {
    /// Returns the time from which the next look is counted: that of the list, or of a later probe.
    pub fn looked_at(&self) -> Option<i64> {
        self.listed_at.max(self.probed_at)
    }

    /// Returns the history of each kind from the newest runs, newest first.
    pub fn of_runs<'a>(runs: impl IntoIterator<Item = &'a RunRecord, IntoIter: Clone>) -> PerKind<Self> {
        let runs = runs.into_iter();
        PerKind::from_fn(|kind| Self::of_kind(runs.clone(), kind))
    }

    fn of_kind<'a>(runs: impl Iterator<Item = &'a RunRecord>, kind: ContentKind) -> Self {
        let mut history = Self::default();
        // An undo and a change set don't ask a panel.
        for run in runs.filter(|run| !matches!(run.trigger, Trigger::Undo | Trigger::ChangeSet)) {
            let record = run.kinds.iter().find(|record| record.kind == kind);
            match record.map(|record| record.outcome) {
                Some(KindOutcome::Completed | KindOutcome::Unchanged | KindOutcome::Held) => {
                    history.listed_at = Some(run.started_at);
                    break;
                }
                Some(KindOutcome::ProbedUnchanged) => {
                    history.probed_at.get_or_insert(run.started_at);
                }
                // A probe that was answered ends the failures before it.
                Some(KindOutcome::Failed) if history.probed_at.is_some() => {}
                Some(KindOutcome::Failed) => {
                    let error = record.and_then(|record| record.error.as_ref()).or(run.error.as_ref());
                    let code = Some(error.map_or(ErrorCode::Internal, |error| error.code.clone()));
                    history.failed(run.finished_at.unwrap_or(run.started_at), code);
                }
                // It is not known whether the kind was asked for. It counts as asked for, so that a program that always
                // ends in the middle of a run doesn't ask the panel again and again.
                None if run.status == RunStatus::Interrupted && history.probed_at.is_none() => {
                    history.failed(run.started_at, None);
                }
                Some(KindOutcome::Cancelled | KindOutcome::Skipped) | None => {}
            }
        }
        history
    }

    fn failed(&mut self, at: i64, code: Option<ErrorCode>) {
        if self.failures.len() < FAILURES_KEPT {
            self.failures.push(FailedAttempt { at, code });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::options::SyncMode;
    use crate::run::record::{KindRecord, ReportError, RunId};

    fn run(number: i64, status: RunStatus, kinds: &[(ContentKind, KindOutcome)]) -> RunRecord {
        let mut run = RunRecord::new(RunId(number), status, number * 100);
        run.finished_at = (status != RunStatus::Interrupted).then_some(number * 100 + 7);
        for (kind, outcome) in kinds {
            let mut record = KindRecord::skipped(*kind, SyncMode::Auto);
            record.outcome = *outcome;
            let error = ReportError::new(Some(*kind), ErrorCode::Truncated, "?".to_owned());
            record.error = (*outcome == KindOutcome::Failed).then_some(error);
            run.kinds.push(record);
        }
        run
    }

    #[test]
    fn the_newest_list_counts_and_the_failures_since() {
        use ContentKind::{Channels, Movies, Series};
        let mut undone = run(9, RunStatus::Completed, &[(Movies, KindOutcome::Completed)]);
        undone.trigger = Trigger::Undo;
        let runs = [
            undone,
            run(8, RunStatus::Syncing, &[]),
            run(7, RunStatus::Cancelled, &[(Movies, KindOutcome::Cancelled)]),
            run(6, RunStatus::Interrupted, &[(Channels, KindOutcome::Unchanged)]),
            run(5, RunStatus::Partial, &[(Movies, KindOutcome::Failed), (Series, KindOutcome::Held)]),
            run(4, RunStatus::Completed, &[(Movies, KindOutcome::Skipped), (Series, KindOutcome::Completed)]),
            run(3, RunStatus::Completed, &[(Movies, KindOutcome::Completed)]),
            run(2, RunStatus::Failed, &[(Movies, KindOutcome::Failed)]),
        ];
        let history = KindHistory::of_runs(&runs);
        let truncated = |at| FailedAttempt { at, code: Some(ErrorCode::Truncated) };
        let interrupted = || FailedAttempt { at: 600, code: None };
        let listed = |at, failures| KindHistory { listed_at: Some(at), probed_at: None, failures };
        assert_eq!(history[Channels], listed(600, vec![]));
        assert_eq!(history[Movies], listed(300, vec![interrupted(), truncated(507)]));
        assert_eq!(history[Series], listed(500, vec![interrupted()]));
        assert_eq!(KindHistory::of_runs(&[])[Movies], KindHistory::default());
    }

    #[test]
    fn a_probe_ends_failures_and_is_no_list() {
        use KindOutcome::{Completed, Failed, ProbedUnchanged};
        let movies = |number, status, outcome| run(number, status, &[(ContentKind::Movies, outcome)]);
        let runs = [
            movies(7, RunStatus::Failed, Failed),
            movies(6, RunStatus::Completed, ProbedUnchanged),
            movies(5, RunStatus::Failed, Failed),
            run(4, RunStatus::Interrupted, &[]),
            movies(3, RunStatus::Completed, ProbedUnchanged),
            movies(2, RunStatus::Completed, Completed),
            movies(1, RunStatus::Completed, ProbedUnchanged),
        ];
        let history = &KindHistory::of_runs(&runs)[ContentKind::Movies];
        assert_eq!((history.listed_at, history.probed_at, history.looked_at()), (Some(200), Some(600), Some(600)));
        assert_eq!(history.failures, [FailedAttempt { at: 707, code: Some(ErrorCode::Truncated) }]);
        let history = &KindHistory::of_runs(&runs[5..])[ContentKind::Movies];
        assert_eq!((history.probed_at, history.looked_at()), (None, Some(200)), "the list is newer");
    }

    #[test]
    fn the_number_of_kept_failures_is_bounded() {
        let runs: Vec<_> = (0..100)
            .rev()
            .map(|at| run(at, RunStatus::Failed, &[(ContentKind::Movies, KindOutcome::Failed)]))
            .collect();
        let history = &KindHistory::of_runs(&runs)[ContentKind::Movies];
        assert_eq!((history.failures.len(), history.failures[0].at), (FAILURES_KEPT, 9907));
    }
}
