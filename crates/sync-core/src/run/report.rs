//! The report: the result of a run.

use std::fmt;
use std::time::Duration;

use crate::error::ErrorClass;
use crate::model::{Account, ContentKind, PerKind, ProfileId};
use crate::ports::store::{Applied, StoreError};
use crate::run::counts::Counts;
use crate::run::options::{SyncMode, SyncOptions};
use crate::run::plan::KindPlan;
use crate::run::record::{KindOutcome, KindRecord, ReportError, RunId, RunStatus, wire_bytes};

/// Something that a person should know about a run that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The panel doesn't offer this kind. A run that names the kind asks for it in any case.
    NotOffered(ContentKind),
    /// Any other warning, as text.
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

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SyncReport {
    /// The profile.
    pub profile: ProfileId,
    /// The number of the run in the store's history; `None` if it never started or was a dry run.
    pub run: Option<RunId>,
    /// The status.
    pub status: RunStatus,
    /// The duration.
    #[cfg_attr(feature = "serde", serde(rename = "duration_ms", serialize_with = "crate::serialise::milliseconds"))]
    pub duration: Duration,
    /// Whether the run was a dry run.
    pub dry_run: bool,
    /// The records of all kinds. A kind that was not asked for is skipped.
    pub kinds: PerKind<KindRecord>,
    /// The errors, in their order.
    pub errors: Vec<ReportError>,
    /// What the panel said of the account.
    pub account: Option<Account>,
    /// The warnings.
    pub warnings: Vec<Warning>,
    /// The plans of a dry run, one per kind that it reached.
    pub plan: Vec<KindPlan>,
    /// What the run has found in the overlay of each kind.
    pub overlay: PerKind<Applied>,
}

impl SyncReport {
    /// Returns the report of a run that has done nothing yet.
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
            overlay: PerKind::from_fn(|_| Applied::default()),
        }
    }

    /// Returns the report of a run that could not begin, because of an error of the store.
    pub fn not_begun(profile: ProfileId, options: &SyncOptions, error: &StoreError) -> Self {
        let mut report = Self { dry_run: options.dry_run, ..Self::new(profile) };
        report.fail(&options.kinds, &ReportError::from_store(error, None));
        report
    }

    /// Marks every kind that was asked for and not yet synced as failed, by one error of the run.
    pub(crate) fn fail(&mut self, kinds: &[ContentKind], error: &ReportError) {
        let outcome = if error.class() == ErrorClass::Cancelled { KindOutcome::Cancelled } else { KindOutcome::Failed };
        for kind in kinds {
            let record = &mut self.kinds[*kind];
            record.outcome = outcome;
            record.error = Some(error.clone());
        }
        self.errors.push(error.clone());
        self.status = Self::status_of(self.kinds.values(), &self.errors);
    }

    /// Returns the record of a kind.
    pub fn kind(&self, kind: ContentKind) -> &KindRecord {
        &self.kinds[kind]
    }

    /// Returns the counts of all kinds together.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for kind in self.kinds.values() {
            sum += kind.counts;
        }
        sum
    }

    /// Returns the bytes of all kinds as they came over the wire, or `None` if they are unknown of one.
    pub fn wire_bytes(&self) -> Option<u64> {
        wire_bytes(self.kinds.values())
    }

    /// Returns the status that follows from the kinds and errors of a finished run.
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
