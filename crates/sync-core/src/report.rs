//! What a run has to say for itself.

use std::fmt;
use std::time::Duration;

use crate::counts::Counts;
use crate::error::{ErrorClass, ErrorCode};
use crate::guard::HoldReason;
use crate::hint::Hint;
use crate::model::{Account, ContentKind, PerKind, ProfileId};
use crate::plan::KindPlan;
use crate::policy::SyncMode;
use crate::source::{SourceError, UnreadableAt};
use crate::store::{RunId, StoreError};

/// How a run stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RunStatus {
    /// Under way.
    Syncing,
    /// Everything asked for was done.
    Completed,
    /// Something failed or is held; the rest was done.
    Partial,
    /// Nothing was done.
    Failed,
    /// The caller cancelled.
    Cancelled,
    /// The process ended in the middle of it.
    Interrupted,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Syncing, Self::Completed, Self::Partial, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// The name used in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syncing => "syncing",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a kind ended within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum KindOutcome {
    /// Its changes were applied.
    Completed,
    /// There was nothing to change.
    Unchanged,
    /// Additions and updates were applied; removals are held.
    Held,
    /// It is as it was.
    Failed,
    /// It is as it was, because the caller cancelled.
    Cancelled,
    /// It was not asked for.
    Skipped,
}

impl KindOutcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Completed, Self::Unchanged, Self::Held, Self::Failed, Self::Cancelled, Self::Skipped];

    /// The name used in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// The outcome with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

impl fmt::Display for KindOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error as a report has it: what happened, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportError {
    /// The kind it belongs to; `None` when it is of the whole run.
    pub kind: Option<ContentKind>,
    /// A stable code.
    pub code: ErrorCode,
    /// What happened, and what was kept.
    pub message: String,
    /// What a person can do about it. An error of the past has none: what helped then may not now.
    pub hint: Option<Hint>,
}

impl ReportError {
    /// An error without a hint.
    pub const fn new(kind: Option<ContentKind>, code: ErrorCode, message: String) -> Self {
        Self { kind, code, message, hint: None }
    }

    /// The same error with this hint.
    #[must_use]
    pub fn with_hint(self, hint: Hint) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// An error of the source.
    pub fn of_source(error: &SourceError, kind: Option<ContentKind>) -> Self {
        Self::new(kind, error.code(), error.with_causes()).with_hint(error.hint())
    }

    /// An error of the store.
    pub fn of_store(error: &StoreError, kind: Option<ContentKind>) -> Self {
        Self::new(kind, error.code(), error.with_causes()).with_hint(error.hint())
    }

    /// What the caller can do about it.
    pub const fn class(&self) -> ErrorClass {
        self.code.class()
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.kind {
            write!(f, "{kind}: ")?;
        }
        f.write_str(&self.message)
    }
}

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
                "{kind}: the panel doesn't offer them. They are asked for once a day, or when a sync names them; what is \
                 cached stays"
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

/// What a run did to one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct KindRecord {
    /// The kind.
    pub kind: ContentKind,
    /// How it was treated: full or incremental.
    pub mode: SyncMode,
    /// How it ended.
    pub outcome: KindOutcome,
    /// What was done. All zero when nothing was applied.
    pub counts: Counts,
    /// Whether the panel said that the listing was the one of the last sync, and sent none.
    pub not_modified: bool,
    /// Bytes of the bodies received, decompressed.
    pub bytes: u64,
    /// Requests sent, repeated ones included.
    pub requests: u64,
    /// How long it took to receive and to write it. Where two kinds were under way at once, the time
    /// counts for both; time that it waited for another one counts for none.
    #[cfg_attr(feature = "serde", serde(rename = "duration_ms", serialize_with = "crate::serialise::milliseconds"))]
    pub duration: Duration,
    /// Why removals are held, when some are.
    pub hold_reason: Option<HoldReason>,
    /// Where the first of the skipped elements stands. Stores need not keep it.
    pub skipped_at: Option<UnreadableAt>,
    /// What went wrong.
    pub error: Option<ReportError>,
}

impl KindRecord {
    /// A kind to which nothing has happened yet.
    pub fn skipped(kind: ContentKind, mode: SyncMode) -> Self {
        Self {
            kind,
            mode,
            outcome: KindOutcome::Skipped,
            counts: Counts::default(),
            not_modified: false,
            bytes: 0,
            requests: 0,
            duration: Duration::ZERO,
            hold_reason: None,
            skipped_at: None,
            error: None,
        }
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
    use crate::source::{AnswerFault, Denial, Obstacle};

    #[test]
    fn names_are_printed_and_read_back() {
        for status in RunStatus::ALL {
            assert_eq!(RunStatus::from_name(&status.to_string()), Some(status));
        }
        for outcome in KindOutcome::ALL {
            assert_eq!(KindOutcome::from_name(&outcome.to_string()), Some(outcome));
        }
        assert_eq!((RunStatus::from_name(""), KindOutcome::from_name("ok")), (None, None));
        assert_eq!((RunStatus::Partial.to_string(), KindOutcome::Held.to_string()), ("partial".into(), "held".into()));
    }

    #[test]
    fn an_error_is_printed_with_its_kind() {
        let mut error = ReportError::of_store(&StoreError::Full, None);
        let message = error.to_string();
        assert_eq!(message, StoreError::Full.to_string());
        error.kind = Some(ContentKind::Movies);
        assert_eq!(error.to_string(), format!("movies: {message}"));
    }

    #[test]
    fn an_error_of_the_past_has_the_class_that_it_had() {
        let of_the_store = [
            StoreError::Fenced,
            StoreError::Cancelled,
            StoreError::Newer("9".to_owned()),
            StoreError::Missing("?".to_owned()),
            StoreError::Older,
            StoreError::Migration("?".to_owned()),
            StoreError::Foreign,
            StoreError::Full,
            StoreError::ReadOnly("?".to_owned()),
            StoreError::Corrupt("?".to_owned()),
            StoreError::Locked,
            StoreError::backend("?"),
            StoreError::UnknownProfile("home".to_owned()),
            StoreError::Leased(ProfileId::new("home").unwrap()),
        ];
        let of_the_source = [
            SourceError::Unreachable { message: "?".to_owned(), attempts: 4, overloaded: false },
            SourceError::Refused { message: "?".to_owned() },
            SourceError::Unusable { fault: AnswerFault::Html, message: "?".to_owned() },
            SourceError::Unusable { fault: AnswerFault::EncryptedPort, message: "?".to_owned() },
            SourceError::Obstructed { obstacle: Obstacle::Network, message: "?".to_owned(), attempts: 1 },
            SourceError::Denied { denial: Denial::Status, message: "?".to_owned() },
            SourceError::Denied { denial: Denial::HttpLogin, message: "?".to_owned() },
            SourceError::Denied { denial: Denial::Account, message: "?".to_owned() },
            SourceError::internal("?"),
        ];
        let store = of_the_store.iter().map(|error| ReportError::of_store(error, None));
        let source = of_the_source.iter().map(|error| ReportError::of_source(error, None));
        for error in store.chain(source) {
            let read = ReportError::new(None, ErrorCode::parse(error.code.as_str()), error.message.clone());
            assert_eq!((&read.code, read.class(), &read.message), (&error.code, error.class(), &error.message));
        }
    }

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

    #[test]
    fn every_name_reads_back() {
        for status in RunStatus::ALL {
            assert_eq!(RunStatus::from_name(status.as_str()), Some(status));
        }
        for outcome in KindOutcome::ALL {
            assert_eq!(KindOutcome::from_name(outcome.as_str()), Some(outcome));
        }
    }
}
