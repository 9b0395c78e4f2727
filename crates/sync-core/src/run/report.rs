//! What a run has to say for itself.

use std::fmt;
use std::time::Duration;

use crate::error::ErrorClass;
use crate::model::{Account, ContentKind, PerKind, ProfileId};
use crate::run::counts::Counts;
use crate::run::options::SyncMode;
use crate::run::plan::KindPlan;
use crate::run::record::{KindOutcome, KindRecord, ReportError, RunId, RunStatus};

/// What a person should know of a run although nothing went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The panel doesn't offer this kind. A run that names the kind asks for it all the same.
    NotOffered(ContentKind),
    /// Anything else, in words.
    Other(String),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOffered(kind) => write!(
                f,
                "{kind}: the panel doesn't offer this kind. It is asked for once a day, or when a sync names it; cached items \
                 stay"
            ),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl From<String> for Warning {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SyncReport {
    /// The profile.
    pub profile: ProfileId,
    /// The run in the store's history; `None` when it never started or was a dry run.
    pub run: Option<RunId>,
    /// How it ended.
    pub status: RunStatus,
    /// How long it took.
    #[cfg_attr(feature = "serde", serde(rename = "duration_ms", serialize_with = "crate::serialise::milliseconds"))]
    pub duration: Duration,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// Every kind, those that were not asked for as skipped.
    pub kinds: PerKind<KindRecord>,
    /// Everything that went wrong, in the order in which it did.
    pub errors: Vec<ReportError>,
    /// What the panel said of the account.
    pub account: Option<Account>,
    /// What a person should know although nothing went wrong.
    pub warnings: Vec<Warning>,
    /// Of a dry run, what it would have done to each kind that it came to.
    pub plan: Vec<KindPlan>,
}

impl SyncReport {
    /// The report of a run that has done nothing yet.
    pub fn new(profile: ProfileId) -> Self {
        Self {
            profile,
            run: None,
            status: RunStatus::Failed,
            duration: Duration::ZERO,
            dry_run: false,
            kinds: PerKind::from_fn(|kind| KindRecord::skipped(kind, SyncMode::Full)),
            errors: Vec::new(),
            account: None,
            warnings: Vec::new(),
            plan: Vec::new(),
        }
    }

    /// The record of a kind.
    pub fn kind(&self, kind: ContentKind) -> &KindRecord {
        &self.kinds[kind]
    }

    /// The counts of all kinds together.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for kind in self.kinds.values() {
            sum += kind.counts;
        }
        sum
    }

    /// The status that follows from the kinds and errors of a finished run.
    pub fn status_of<'a>(kinds: impl IntoIterator<Item = &'a KindRecord>, errors: &[ReportError]) -> RunStatus {
        let asked: Vec<_> = kinds.into_iter().filter(|kind| kind.outcome != KindOutcome::Skipped).collect();
        let any = |outcome| asked.iter().any(|kind| kind.outcome == outcome);
        if any(KindOutcome::Cancelled) || errors.iter().any(|error| error.class() == ErrorClass::Cancelled) {
            RunStatus::Cancelled
        } else if !asked.is_empty() && asked.iter().all(|kind| kind.outcome == KindOutcome::Failed) {
            RunStatus::Failed
        } else if any(KindOutcome::Failed) || any(KindOutcome::Held) || !errors.is_empty() {
            RunStatus::Partial
        } else {
            RunStatus::Completed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_from_the_kinds() {
        use KindOutcome::{Cancelled, Completed, Failed, Held, Skipped, Unchanged};
        let cases = [
            ([Completed, Unchanged, Completed], RunStatus::Completed),
            ([Unchanged, Skipped, Skipped], RunStatus::Completed),
            ([Completed, Failed, Completed], RunStatus::Partial),
            ([Completed, Held, Skipped], RunStatus::Partial),
            ([Failed, Skipped, Failed], RunStatus::Failed),
            ([Failed, Held, Failed], RunStatus::Partial),
            ([Completed, Cancelled, Skipped], RunStatus::Cancelled),
        ];
        for (outcomes, status) in cases {
            let kinds: Vec<_> = ContentKind::ALL
                .into_iter()
                .zip(outcomes)
                .map(|(kind, outcome)| KindRecord { outcome, ..KindRecord::skipped(kind, SyncMode::Full) })
                .collect();
            assert_eq!(SyncReport::status_of(&kinds, &[]), status, "{outcomes:?}");
        }
    }
}
