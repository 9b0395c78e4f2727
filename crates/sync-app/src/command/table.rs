//! Reports as a small table, for people.

use sync_core::{ContentKind, Counts, KindOutcome, SyncReport};

use super::terminal::{clean, complain, grouped, say};

/// Prints what a run did; what went wrong goes to stderr, with what to do next.
pub(crate) fn print(report: &SyncReport) {
    let seconds = report.duration.as_secs_f64();
    let dry = if report.dry_run { " (dry run: nothing was written)" } else { "" };
    say(&format!("{}: {} in {seconds:.1} s{dry}", clean(report.profile.as_str()), report.status));
    if report.errors.iter().any(|error| error.kind.is_none()) && report.counts() == Counts::default() {
        // It never came to the kinds: a table of nothing says nothing.
        return notes(report);
    }
    say(&format!(
        "  {:<9} {:<11} {:<10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7} {:>8}",
        "kind", "mode", "outcome", "added", "updated", "refreshed", "removed", "unchanged", "held", "skipped", "MB"
    ));
    for kind in ContentKind::ALL {
        let record = report.kind(kind);
        if record.outcome == KindOutcome::Skipped {
            continue;
        }
        let counts = record.counts;
        #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
        let megabytes = record.bytes as f64 / 1e6;
        say(&format!(
            "  {:<9} {:<11} {:<10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7} {megabytes:>8.1}",
            kind.as_str(),
            record.mode.as_str(),
            record.outcome.as_str(),
            grouped(counts.added),
            grouped(counts.updated),
            grouped(counts.refreshed),
            grouped(counts.removed),
            grouped(counts.unchanged),
            grouped(counts.held),
            grouped(counts.skipped),
        ));
    }
    notes(report);
}

/// Prints warnings, holds and errors.
pub(crate) fn notes(report: &SyncReport) {
    let profile = clean(report.profile.as_str());
    for warning in &report.warnings {
        complain(&format!("warning: {profile}: {}", clean(warning)));
    }
    for record in report.kinds.iter().filter(|record| record.outcome == KindOutcome::Held) {
        let reason = record.hold_reason.map(|reason| reason.to_string()).unwrap_or_default();
        let held = grouped(record.counts.held);
        complain(&format!("held: {profile}: {}: {held} removals wait, because {reason}; the items stay", record.kind));
        complain(&format!(
            "  hint: see `xtream-sync status {profile}`; when they are really gone, agree with `xtream-sync sync {profile} --accept-removals --only {}`",
            record.kind
        ));
    }
    let mut last = None;
    for error in &report.errors {
        complain(&format!("error: {profile}: {}", clean(&error.to_string())));
        if last != Some(&error.hint) {
            complain(&format!("  hint: {}", clean(&error.hint)));
        }
        last = Some(&error.hint);
    }
}
