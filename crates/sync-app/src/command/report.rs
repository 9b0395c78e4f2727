//! Reports as a small table, for people.

use sync_core::source::UnreadableAt;
use sync_core::text::{one_line, printable};
use sync_core::{ContentKind, Counts, KindOutcome, KindRecord, PerKind, SyncReport};
use sync_service::Added;

use super::cell::{clean, fitted, isolated};
use super::hints;
use super::look::Look;
use super::plan;
use super::table::{Column, Table};
use super::terminal::{grouped, print_err, print_out};

/// The columns of a report.
const COLUMNS: [Column; 11] = [
    Column::text("kind").roomy(9),
    Column::text("mode").roomy(11).spare(4),
    Column::text("outcome").roomy(10),
    Column::number("added").roomy(9),
    Column::number("updated").roomy(9),
    Column::number("refreshed").roomy(9).spare(3),
    Column::number("removed").roomy(9),
    Column::number("unchanged").roomy(9).spare(1),
    Column::number("held").roomy(7),
    Column::number("skipped").roomy(7).spare(2),
    Column::number("MB").roomy(8).spare(5),
];

/// The columns that a terminal shows only if there is a number in them: refreshed, held, skipped.
const SELDOM: [usize; 3] = [5, 8, 9];

/// The number of new items that are named.
pub(crate) const NAMES: usize = 5;

/// Returns the row of a kind, or `None` if the run didn't ask for the kind.
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

/// Prints the result of a run, the names of new items, and the plan of a dry run.
pub(crate) fn print(report: &SyncReport, added: &PerKind<Added>) {
    for line in lines(report, added, Look::of_stdout()) {
        print_out(&line);
    }
    plan::print(report);
}

/// Prints the kinds that are switched off. The run didn't ask for them, which is no error.
pub(crate) fn print_off(kinds: &[ContentKind]) {
    for kind in kinds {
        print_out(&format!("  {:<9} switched off", kind.as_str()));
    }
}

/// Returns the result of a run as lines.
fn lines(report: &SyncReport, added: &PerKind<Added>, look: Look) -> Vec<String> {
    let seconds = report.duration.as_secs_f64();
    let dry = if report.dry_run { " (dry run: nothing was written)" } else { "" };
    let mut lines = vec![format!("{}: {} in {seconds:.1} s{dry}", printable(report.profile.as_str()), report.status)];
    if report.errors.iter().any(|error| error.kind.is_none()) && report.counts() == Counts::default() {
        // The run ended before the first kind, so the table would be empty.
        return lines;
    }
    let mut rows: Vec<_> = ContentKind::ALL.into_iter().filter_map(|kind| row(report.kind(kind))).collect();
    let mut columns = COLUMNS.to_vec();
    if look.is_terminal() {
        for at in SELDOM.into_iter().rev().filter(|at| rows.iter().all(|row| row[*at] == "0")).collect::<Vec<_>>() {
            columns.remove(at);
            for row in &mut rows {
                row.remove(at);
            }
        }
    }
    let table = Table::new(look, &columns, 2, 1, &rows);
    lines.push(table.header());
    lines.extend(rows.iter().map(|row| table.line(row)));
    for (kind, added) in added.iter() {
        lines.extend(new_ones(kind, added, look));
    }
    lines
}

/// Returns the names of new items as lines.
fn new_ones(kind: ContentKind, added: &Added, look: Look) -> Vec<String> {
    const INDENT: usize = 4;
    if added.names.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("  new {kind}:")];
    for name in &added.names {
        let name = clean(name);
        let name = look.width.map_or(name.as_str().into(), |width| fitted(&name, width.saturating_sub(INDENT)));
        let name = if look.is_terminal() { isolated(&name) } else { name };
        lines.push(format!("    {name}"));
    }
    let more = added.total.saturating_sub(added.names.len() as u64);
    if more > 0 {
        lines.push(format!("    and {} more", grouped(more)));
    }
    lines
}

/// Prints warnings and errors to stderr, with what to do next.
pub(crate) fn notes(report: &SyncReport) {
    let profile = printable(report.profile.as_str());
    for warning in &report.warnings {
        print_err(&format!("warning: {profile}: {}", one_line(&hints::of_warning(warning))));
    }
    for record in report.kinds.values() {
        if let Some(at) = record.skipped_at {
            print_err(&format!("note: {profile}: {}: {}", record.kind, skipped(record.counts.skipped, at)));
        }
    }
    let mut last = None;
    for error in &report.errors {
        print_err(&format!("error: {profile}: {}", one_line(&error.to_string())));
        let hint = hints::of_error(error);
        if last != Some(hint) {
            print_err(&format!("  hint: {}", one_line(hint)));
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
    use crate::command::cell::width;
    use sync_core::{ContentId, ProfileId, RunStatus, SyncMode};

    /// Returns the report of a large profile. If `seldom`, every column has a number.
    fn large(seldom: bool) -> SyncReport {
        let mut report = SyncReport::new(ProfileId::new("home").unwrap());
        report.status = RunStatus::Completed;
        for kind in ContentKind::ALL {
            let mut record = KindRecord::skipped(kind, SyncMode::Incremental);
            record.outcome = if seldom { KindOutcome::Held } else { KindOutcome::Completed };
            let rare = u64::from(seldom) * 12_345;
            record.counts =
                Counts { added: 1_234, updated: 150_000, removed: 999, unchanged: 150_000, ..Counts::default() };
            (record.counts.refreshed, record.counts.held, record.counts.skipped) = (rare, rare, rare);
            record.bytes = 123_456_789;
            report.kinds[kind] = record;
        }
        report
    }

    fn look(width: usize) -> Look {
        Look { width: Some(width), colour: false }
    }

    fn nothing_new() -> PerKind<Added> {
        PerKind::from_fn(|_| Added::default())
    }

    #[test]
    fn the_table_fits_eighty_columns_with_all_important_figures() {
        for seldom in [false, true] {
            for columns in 40..=120 {
                let lines = lines(&large(seldom), &nothing_new(), look(columns));
                assert!(lines[1..].iter().all(|line| width(line) <= columns), "{columns}: {lines:#?}");
            }
            let header = &lines(&large(seldom), &nothing_new(), look(80))[1];
            for title in ["kind", "outcome", "added", "updated", "removed", "unchanged"] {
                assert!(header.contains(title), "{header}");
            }
            for title in ["refreshed", "held", "skipped"] {
                assert_eq!(header.contains(title), seldom, "{header}");
            }
        }
        let wide = lines(&large(false), &nothing_new(), look(80));
        assert_eq!(
            wide[1..3],
            [
                "  kind     mode        outcome   added updated removed unchanged    MB",
                "  channels incremental completed 1,234 150,000     999   150,000 123.5",
            ]
            .map(str::to_owned)
        );
    }

    #[test]
    fn a_file_gets_every_column() {
        let lines = lines(&large(false), &nothing_new(), Look::PLAIN);
        assert_eq!(lines[1].split_whitespace().count(), COLUMNS.len(), "{lines:#?}");
    }

    #[test]
    fn names_of_new_items_are_printable_and_fit() {
        let mut added = nothing_new();
        let names = ["The Matrix", "a\u{1b}[2Jb", "日本語の長い名前です", "שלום", "x"].map(str::to_owned).to_vec();
        (added[ContentKind::Movies].names, added[ContentKind::Movies].total) = (names, 1_417);
        added[ContentKind::Series].total = 3;
        let told = lines(&large(false), &added, look(16));
        let expected = [
            "  new movies:",
            "    The Matrix",
            "    a [2Jb",
            "    日本語の長…",
            "    \u{2068}שלום\u{2069}",
            "    x",
            "    and 1,412 more",
        ];
        assert_eq!(told[5..], expected.map(str::to_owned));
        let plain = lines(&large(false), &added, Look::PLAIN);
        assert_eq!(plain[8..10], ["    日本語の長い名前です", "    שלום"].map(str::to_owned));
    }

    #[test]
    fn a_skipped_element_is_shown_with_its_position() {
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
