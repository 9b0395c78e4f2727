//! The results of an apply in words: the line of JSON, the counts, why a set was refused, and what was kept.

use sync_core::change_set::Place;
use sync_core::text::printable;
use sync_core::{ContentKind, ProfileId};
use sync_service::{ApplyError, ApplyOutcome, ApplyReport, ChangeSetError as ReadError, Refusal};

use crate::command::json;
use crate::command::terminal::{grouped, is_quiet, print_err, print_out};
use crate::json::{Applied, Counts, Position};

/// The advice for a set that fits any profile without content.
pub(super) const WHOLE: &str = "make a set of everything with `xtream-sync changes export`, without --since, and apply it to a \
                     profile without content: a new one (--profile ID), or one after `xtream-sync clear ID`";

impl From<sync_core::Counts> for Counts {
    fn from(counts: sync_core::Counts) -> Self {
        let sync_core::Counts { added, updated, refreshed, removed, unchanged, held, skipped, .. } = counts;
        Self { added, updated, refreshed, removed, unchanged, held, skipped }
    }
}

/// Prints the result of applying a set.
pub(super) fn print(profile: &ProfileId, report: &ApplyReport, as_json: bool) {
    let (status, reason) = match &report.outcome {
        ApplyOutcome::Applied => ("applied", None),
        ApplyOutcome::Already => ("already", None),
        ApplyOutcome::Refused(refusal) => ("refused", Some(refusal.as_str())),
        ApplyOutcome::Interrupted(ApplyError::Cancelled) => ("partial", Some("cancelled")),
        ApplyOutcome::Interrupted(_) => ("partial", Some("store")),
        _ => ("unknown", None),
    };
    let position = |place: Place| Position { epoch: place.epoch, sequence: place.sequence };
    if as_json {
        let kinds = report.kinds.iter().filter_map(|(kind, counts)| Some((kind, (*counts)?)));
        return json::print_out(&Applied {
            profile: profile.as_str().into(),
            status: status.into(),
            reason: reason.map(Into::into),
            from: report.from.map(position),
            to: report.to.map(position),
            kinds: kinds.map(|(kind, counts)| (kind.as_str(), counts.into())).collect(),
            run: report.run.map(|run| run.0),
            skipped: report.skipped.iter().map(Into::into).collect(),
            off: report.off.iter().map(|kind| kind.as_str().into()).collect(),
        });
    }
    if is_quiet() {
        return;
    }
    let id = printable(profile.as_str());
    match &report.outcome {
        ApplyOutcome::Applied => print_out(&format!("{id}: the change set is applied")),
        ApplyOutcome::Already if report.kinds.values().all(Option::is_none) => {
            return print_out(&format!("{id}: the change set has nothing for this profile"));
        }
        ApplyOutcome::Already => {
            return print_out(&format!(
                "{id}: nothing to apply: every value that counts as a change is the same already (images, ratings and \
                 dates travel with rows that have changed)"
            ));
        }
        ApplyOutcome::Interrupted(_) => print_out(&format!("{id}: a part of the change set is applied")),
        _ => {}
    }
    for kind in &report.written {
        let counts = report.kinds[*kind].unwrap_or_default();
        let [added, updated, refreshed, removed] =
            [counts.added, counts.updated, counts.refreshed, counts.removed].map(grouped);
        print_out(&format!(
            "  {:<9} {added} added, {updated} updated, {refreshed} refreshed, {removed} removed",
            kind.as_str()
        ));
    }
}

/// Returns the names of kinds as a list in words.
pub(super) fn listed(kinds: &[ContentKind]) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" and ")
}

/// Returns in words what was written before an apply ended.
pub(super) fn kept(report: &ApplyReport) -> String {
    match &report.written[..] {
        [] => "nothing was changed".to_owned(),
        written => format!("{} were applied before and stay", listed(written)),
    }
}

/// Prints why a set was refused, what was kept, and what to do.
pub(super) fn refuse(refusal: &Refusal, kept: &str) {
    print_err(&format!("error: {refusal}; {kept}"));
    let hint = match refusal {
        Refusal::Damaged(ReadError::Empty) => {
            "see whether the command that makes the set has failed, and whether the file is the right one"
        }
        Refusal::Damaged(ReadError::NotASet) => "name a file that `xtream-sync changes export` has made",
        Refusal::Damaged(ReadError::TooLarge(_)) => {
            "no set of this program is so large, unless the catalogue is; export each kind by itself with --kind"
        }
        Refusal::Damaged(_) => "copy the file again, or make it again",
        Refusal::Version(_) => "use a newer version of this program",
        Refusal::Panel => "name the profile that the set is for, with --profile ID",
        Refusal::From(_) | Refusal::To(_) => WHOLE,
        _ => return,
    };
    print_err(&format!("  hint: {hint}"));
}
