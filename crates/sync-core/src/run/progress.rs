//! Progress of a run, told while it goes on.

use crate::model::{ContentKind, ProfileId};
use crate::run::counts::Counts;

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Phase {
    /// Logging in.
    Account,
    /// Asking for the categories of a kind.
    Categories,
    /// Receiving and comparing the listing of a kind.
    Listing,
    /// Writing what differs.
    Applying,
    /// A kind has ended.
    KindDone,
}

impl Phase {
    /// The name used in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "logging in",
            Self::Categories => "categories",
            Self::Listing => "listing",
            Self::Applying => "applying",
            Self::KindDone => "done",
        }
    }
}

/// One report of progress.
///
/// The phases of one kind come in their order, and kinds end in theirs. Two kinds may be under way at
/// once: while one is written, the next is already received, so their reports come mixed. Who shows one
/// line a kind looks at [`Self::kind`]; who shows one line in all shows the latest report.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Progress {
    /// The profile.
    pub profile: ProfileId,
    /// The kind; `None` while logging in.
    pub kind: Option<ContentKind>,
    /// What is being done.
    pub phase: Phase,
    /// Items of the kind seen so far.
    pub seen: u64,
    /// Items of the kind at the last sync; 0 when it was never synced.
    pub expected: u64,
    /// Bytes of the kind received so far, decompressed.
    pub bytes: u64,
    /// The counts of the kind so far.
    pub counts: Counts,
    /// How much of the whole run is done, 0 to 100; never falls within a run.
    pub percent: u8,
}

impl Progress {
    /// The beginning of a phase.
    pub fn new(profile: ProfileId, kind: Option<ContentKind>, phase: Phase) -> Self {
        Self { profile, kind, phase, seen: 0, expected: 0, bytes: 0, counts: Counts::default(), percent: 0 }
    }
}

/// Who wants to know.
pub trait Observer: Send + Sync {
    /// Takes a report. It is called in the middle of the run and must not block.
    fn progress(&self, progress: Progress);
}

/// Nobody.
impl Observer for () {
    fn progress(&self, _: Progress) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_named_as_people_read_them() {
        let phases = [Phase::Account, Phase::Categories, Phase::Listing, Phase::Applying, Phase::KindDone];
        assert_eq!(phases.map(Phase::as_str), ["logging in", "categories", "listing", "applying", "done"]);
    }
}
