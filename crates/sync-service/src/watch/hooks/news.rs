//! Decides whether the result of a run is news. The history of runs says what was sent before, so a restart sends
//! nothing twice.

use sync_core::store::Applied;
use sync_core::{ContentKind, ErrorClass, KindOutcome, KindRecord, ReportError, RunRecord, SyncReport};

/// Returns whether a run has brought news: it has changed an item, it has findings in the overlay, it holds another
/// number of removals than the run before, or it has an error that the run before didn't have. `runs` are the newest
/// runs, newest first.
pub(super) fn is_news(report: &SyncReport, runs: &[RunRecord]) -> bool {
    let earlier: Vec<_> = runs.iter().filter(|run| report.run.is_none_or(|this| run.run < this)).collect();
    let counts = report.counts();
    counts.added + counts.updated + counts.removed > 0
        // A conflict, the end of an edit, a move and a new category appear in one report only.
        || !report.overlay.values().all(Applied::is_empty)
        || ContentKind::ALL.into_iter().any(|kind| kind_is_news(report.kind(kind), &earlier))
        || report.errors.iter().any(|error| error.kind.is_none() && run_error_is_new(error, &earlier))
}

fn kind_is_news(record: &KindRecord, earlier: &[&RunRecord]) -> bool {
    let before = earlier.iter().find_map(|run| {
        let asked = |it: &&KindRecord| it.kind == record.kind && it.outcome != KindOutcome::Skipped;
        run.kinds.iter().find(asked)
    });
    let held = record.counts.held;
    let is_held_anew = held > 0 && before.is_none_or(|before| before.counts.held != held);
    let error = record.error.as_ref().filter(|error| error.class() != ErrorClass::Cancelled);
    let known = before.and_then(|before| before.error.as_ref());
    is_held_anew || error.is_some_and(|error| known.is_none_or(|known| known.code != error.code))
}

/// Returns whether an error of the run as a whole, such as a refused login, is new.
fn run_error_is_new(error: &ReportError, earlier: &[&RunRecord]) -> bool {
    let known = earlier.first().and_then(|run| run.error.as_ref());
    error.class() != ErrorClass::Cancelled && known.is_none_or(|known| known.code != error.code)
}

#[cfg(test)]
mod tests {
    use sync_core::overlay::{EditEvent, EditField, EditOutcome, EditValue, Move};
    use sync_core::{ContentId, ErrorCode, ProfileId, RunId, RunStatus, SyncMode};

    use super::*;

    const MOVIES: ContentKind = ContentKind::Movies;

    fn report(change: impl FnOnce(&mut KindRecord)) -> SyncReport {
        let mut report = SyncReport::new(ProfileId::new("home").unwrap());
        report.run = Some(RunId(9));
        report.kinds[MOVIES].outcome = KindOutcome::Completed;
        change(&mut report.kinds[MOVIES]);
        report
    }

    /// Returns an earlier run of the movies.
    fn run(number: i64, change: impl FnOnce(&mut KindRecord)) -> RunRecord {
        let mut run = RunRecord::new(RunId(number), RunStatus::Completed, number);
        let mut record = KindRecord::skipped(MOVIES, SyncMode::Auto);
        record.outcome = KindOutcome::Completed;
        change(&mut record);
        run.kinds.push(record);
        run
    }

    fn failed(code: ErrorCode) -> impl FnOnce(&mut KindRecord) {
        |record| {
            record.outcome = KindOutcome::Failed;
            record.error = Some(ReportError::new(Some(MOVIES), code, "?".to_owned()));
        }
    }

    #[test]
    fn changes_are_news_and_a_run_without_changes_is_not() {
        assert!(!is_news(&report(|_| {}), &[]));
        assert!(!is_news(&report(|movies| (movies.counts.refreshed, movies.counts.unchanged) = (3, 4)), &[]));
        for change in [
            |movies: &mut KindRecord| movies.counts.added = 1,
            |movies: &mut KindRecord| movies.counts.updated = 1,
            |movies: &mut KindRecord| movies.counts.removed = 1,
        ] {
            assert!(is_news(&report(change), &[]));
        }
    }

    #[test]
    fn conflicts_moves_and_new_categories_are_news() {
        let found = |change: fn(&mut Applied)| {
            let mut report = report(|_| {});
            change(&mut report.overlay[MOVIES]);
            is_news(&report, &[])
        };
        assert!(found(|found| found.edits.push(EditEvent {
            kind: MOVIES,
            id: ContentId(1),
            name: "One".to_owned(),
            field: EditField::Name,
            local: EditValue::Text("Uno".to_owned()),
            panel: None,
            outcome: EditOutcome::Conflicts,
        })));
        assert!(found(|found| found.new_categories.push(sync_core::testing::category("1"))));
        let moved = Move { from: ContentId(1), to: ContentId(2), is_certain: false };
        let mut report = report(|_| {});
        report.overlay[MOVIES].moves.push(moved);
        assert!(is_news(&report, &[]));
    }

    #[test]
    fn held_removals_are_news_once() {
        let held = |count| move |movies: &mut KindRecord| movies.counts.held = count;
        let now = report(held(5));
        assert!(is_news(&now, &[]));
        assert!(is_news(&now, &[run(8, |_| {})]));
        assert!(!is_news(&now, &[run(8, held(5))]));
        assert!(is_news(&now, &[run(8, held(4))]));
        assert!(!is_news(&now, &[run(9, |_| {}), run(8, held(5))]), "the run itself is no evidence");
    }

    #[test]
    fn an_error_is_news_until_the_next_one_is_the_same() {
        let now = || report(failed(ErrorCode::Truncated));
        let skipped = |number| run(number, |movies| movies.outcome = KindOutcome::Skipped);
        assert!(is_news(&now(), &[]));
        assert!(is_news(&now(), &[run(8, |_| {}), run(7, failed(ErrorCode::Truncated))]));
        assert!(!is_news(&now(), &[run(8, failed(ErrorCode::Truncated))]));
        assert!(!is_news(&now(), &[skipped(8), run(7, failed(ErrorCode::Truncated))]));
        assert!(is_news(&now(), &[run(8, failed(ErrorCode::NotJson))]));
        assert!(!is_news(&report(failed(ErrorCode::Cancelled)), &[]));
    }

    #[test]
    fn an_error_of_the_whole_run_is_compared_with_the_run_before() {
        let refused = || ReportError::new(None, ErrorCode::LoginRefused, "?".to_owned());
        let mut now = report(|_| {});
        now.errors = vec![refused()];
        assert!(is_news(&now, &[]));
        let mut before = run(8, |_| {});
        assert!(is_news(&now, &[before.clone()]));
        before.error = Some(refused());
        assert!(!is_news(&now, &[before]));
    }
}
