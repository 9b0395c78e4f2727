//! Reports as a small table, for people.

use sync_core::source::UnreadableAt;
use sync_core::text::{one_line, printable};
use sync_core::{ContentKind, Counts, KindOutcome, KindRecord, SyncReport};

use super::hints;
use super::look::Look;
use super::plan;
use super::table::{Column, Table};
use super::terminal::{complain, grouped, say};

/// The columns of a report.
const COLUMNS: [Column; 11] = [
    Column::text("kind").roomy(9),
    Column::text("mode").roomy(11).spare(2),
    Column::text("outcome").roomy(10),
    Column::number("added").roomy(9),
    Column::number("updated").roomy(9),
    Column::number("refreshed").roomy(9).spare(3),
    Column::number("removed").roomy(9),
    Column::number("unchanged").roomy(9),
    Column::number("held").roomy(7),
    Column::number("skipped").roomy(7).spare(1),
    Column::number("MB").roomy(8).spare(4),
];

/// The row of a kind; `None` if the run didn't ask for it.
fn row(record: &KindRecord) -> Option<Vec<String>> {
    if record.outcome == KindOutcome::Skipped {
        return None;
    }
    let Counts { added, updated, refreshed, removed, unchanged, held, skipped, .. } = record.counts;
    let counts = [added, updated, refreshed, removed, unchanged, held, skipped].map(grouped);
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    let megabytes = record.bytes as f64 / 1e6;
    let words = [record.kind.as_str(), record.mode.as_str(), record.outcome.as_str()].map(str::to_owned);
    Some(words.into_iter().chain(counts).chain([format!("{megabytes:.1}")]).collect())
}

/// Prints the result of a run, and the plan of a dry run.
pub(crate) fn print(report: &SyncReport) {
    let seconds = report.duration.as_secs_f64();
    let dry = if report.dry_run { " (dry run: nothing was written)" } else { "" };
    say(&format!("{}: {} in {seconds:.1} s{dry}", printable(report.profile.as_str()), report.status));
    if report.errors.iter().any(|error| error.kind.is_none()) && report.counts() == Counts::default() {
        // The run ended before the first kind, so the table would be empty.
        return;
    }
    let rows: Vec<_> = ContentKind::ALL.into_iter().filter_map(|kind| row(report.kind(kind))).collect();
    let table = Table::new(Look::of_stdout(), &COLUMNS, 2, 1, &rows);
    say(&table.header());
    for row in &rows {
        say(&table.line(row));
    }
    plan::print(report);
}

/// Prints the kinds that are switched off: they were not asked for, which is no error.
pub(crate) fn print_off(kinds: &[ContentKind]) {
    for kind in kinds {
        say(&format!("  {:<9} switched off", kind.as_str()));
    }
}

/// Prints warnings and errors to stderr, with what to do next.
pub(crate) fn notes(report: &SyncReport) {
    let profile = printable(report.profile.as_str());
    for warning in &report.warnings {
        complain(&format!("warning: {profile}: {}", one_line(&hints::of_warning(warning))));
    }
    for record in report.kinds.values() {
        if let Some(at) = record.skipped_at {
            complain(&format!("note: {profile}: {}: {}", record.kind, skipped(record.counts.skipped, at)));
        }
    }
    let mut last = None;
    for error in &report.errors {
        complain(&format!("error: {profile}: {}", one_line(&error.to_string())));
        let hint = hints::of_error(error);
        if last != Some(hint) {
            complain(&format!("  hint: {}", one_line(hint)));
        }
        last = Some(hint);
    }
}

/// Returns the number of skipped elements and the position of the first one, in words.
fn skipped(count: u64, at: UnreadableAt) -> String {
    let elements = if count == 1 {
        "1 element was skipped. It".to_owned()
    } else {
        format!("{} elements were skipped. The first one", grouped(count))
    };
    let around = match (at.before, at.after) {
        (Some(before), Some(after)) => format!(", between the items {before} and {after}"),
        (Some(before), None) => format!(", after item {before}"),
        (None, Some(after)) => format!(", before item {after}"),
        (None, None) => String::new(),
    };
    format!("{elements} begins at byte {} of the answer{around}", grouped(at.offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::ContentId;

    #[test]
    fn a_skipped_element_is_told_with_its_place() {
        let at = |before: Option<i64>, after: Option<i64>| UnreadableAt {
            offset: 12_345,
            before: before.map(ContentId),
            after: after.map(ContentId),
        };
        for (count, at, expected) in [
            (
                1,
                at(Some(1), Some(3)),
                "1 element was skipped. It begins at byte 12,345 of the answer, between the items 1 and 3",
            ),
            (
                2,
                at(None, Some(3)),
                "2 elements were skipped. The first one begins at byte 12,345 of the answer, before item 3",
            ),
            (1, at(Some(1), None), "1 element was skipped. It begins at byte 12,345 of the answer, after item 1"),
            (1, at(None, None), "1 element was skipped. It begins at byte 12,345 of the answer"),
        ] {
            assert_eq!(skipped(count, at), expected);
        }
    }
}
