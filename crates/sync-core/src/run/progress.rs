//! The progress of a run, reported while it is under way.

use crate::model::{ContentKind, ProfileId};
use crate::ports::source::Wait;
use crate::run::counts::Counts;

/// The work that a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Phase {
    /// The run logs in.
    Account,
    /// The run asks whether the list of a kind has changed.
    Probe,
    /// The run asks for the categories of a kind.
    Categories,
    /// The run receives and compares the listing of a kind.
    Listing,
    /// The run writes the differences of a kind.
    Applying,
    /// A kind has ended.
    KindDone,
}

impl Phase {
    /// Returns the name used in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "logging in",
            Self::Probe => "probe",
            Self::Categories => "categories",
            Self::Listing => "listing",
            Self::Applying => "applying",
            Self::KindDone => "done",
        }
    }
}

/// One report of progress.
///
/// The phases of a kind come in their order, and the kinds end in theirs. Two kinds may be under way at once, one being
/// written and the next being received, so their reports are mixed. A display with one line per kind looks at
/// [`Self::kind`]. A display with a single line shows the latest report.
///
/// A report with a [`Self::wait`] says that the source waits, and repeats what is known of its kind. The end of the
/// wait is not reported: the wait says how long it takes.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Progress {
    /// The profile.
    pub profile: ProfileId,
    /// The kind; `None` during the login.
    pub kind: Option<ContentKind>,
    /// The work that is being done.
    pub phase: Phase,
    /// The number of items of the kind seen so far.
    pub seen: u64,
    /// The number of items of the kind at the last sync; 0 if it was never synced.
    pub expected: u64,
    /// The bytes of the kind received so far, decompressed.
    pub bytes: u64,
    /// The same bytes as they came over the wire, if the source counts them.
    pub wire_bytes: Option<u64>,
    /// The counts of the kind so far.
    pub counts: Counts,
    /// The share of the whole run that is done, from 0 to 100. It never falls within a run.
    pub percent: u8,
    /// The wait that begins now; `None` if the source doesn't wait.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub wait: Option<Wait>,
}

impl Progress {
    /// Returns the report at the beginning of a phase.
    pub fn new(profile: ProfileId, kind: Option<ContentKind>, phase: Phase) -> Self {
        Self {
            profile,
            kind,
            phase,
            seen: 0,
            expected: 0,
            bytes: 0,
            wire_bytes: None,
            counts: Counts::default(),
            percent: 0,
            wait: None,
        }
    }
}

/// A receiver of progress reports.
pub trait Observer: Send + Sync {
    /// Takes a report. It is called in the middle of a run and must not block.
    fn progress(&self, progress: Progress);
}

/// This observer ignores every report.
impl Observer for () {
    fn progress(&self, _: Progress) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_named_as_people_read_them() {
        let phases =
            [Phase::Account, Phase::Probe, Phase::Categories, Phase::Listing, Phase::Applying, Phase::KindDone];
        assert_eq!(phases.map(Phase::as_str), ["logging in", "probe", "categories", "listing", "applying", "done"]);
    }
}
