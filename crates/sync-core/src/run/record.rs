//! The records of runs: how each ended, and what it did to each kind.

use std::fmt;
use std::time::Duration;

use crate::error::{ErrorClass, ErrorCode};
use crate::hint::Hint;
use crate::model::ContentKind;
use crate::ports::source::{SourceError, UnreadableAt};
use crate::ports::store::StoreError;
use crate::removal::guard::HoldReason;
use crate::run::counts::Counts;
use crate::run::options::SyncMode;

/// Identifies a run within a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RunId(pub i64);

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

/// What started a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Trigger {
    /// A person, by a command.
    Manual,
    /// The schedule of the service.
    Schedule,
    /// A call that runs whatever is due.
    OnceDue,
    /// It is an undo.
    Undo,
    /// It applied a change set.
    ChangeSet,
    /// A program that uses the library.
    Library,
    /// The run was made by a version that didn't say, or it did not come to its end.
    #[default]
    Unknown,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 7] =
        [Self::Manual, Self::Schedule, Self::OnceDue, Self::Undo, Self::ChangeSet, Self::Library, Self::Unknown];

    /// The name used in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Schedule => "schedule",
            Self::OnceDue => "once_due",
            Self::Undo => "undo",
            Self::ChangeSet => "change_set",
            Self::Library => "library",
            Self::Unknown => "unknown",
        }
    }

    /// The trigger with this name; [`Self::Unknown`] for a name that is not known.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|trigger| trigger.as_str() == name).unwrap_or_default()
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
    pub fn from_source(error: &SourceError, kind: Option<ContentKind>) -> Self {
        Self::new(kind, error.code(), error.with_causes()).with_hint(error.hint())
    }

    /// An error of the store.
    pub fn from_store(error: &StoreError, kind: Option<ContentKind>) -> Self {
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

/// One run of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RunRecord {
    /// The run.
    pub run: RunId,
    /// How it ended, or [`RunStatus::Syncing`], or [`RunStatus::Interrupted`] when it has no end
    /// and nobody holds the lease.
    pub status: RunStatus,
    /// When it started, in unix seconds.
    pub started_at: i64,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// How long it took, where it came to its end.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub duration: Option<Duration>,
    /// What started it.
    pub trigger: Trigger,
    /// Its first error, where it had one.
    pub error: Option<ReportError>,
    /// Its kinds.
    pub kinds: Vec<KindRecord>,
}

impl RunRecord {
    /// A run that has no end, and no kinds.
    pub const fn new(run: RunId, status: RunStatus, started_at: i64) -> Self {
        Self {
            run,
            status,
            started_at,
            finished_at: None,
            duration: None,
            trigger: Trigger::Unknown,
            error: None,
            kinds: Vec::new(),
        }
    }

    /// The counts of all kinds together.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for kind in &self.kinds {
            sum += kind.counts;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProfileId;
    use crate::ports::source::{AnswerFault, Denial, Obstacle};

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
        let mut error = ReportError::from_store(&StoreError::Full, None);
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
        let store = of_the_store.iter().map(|error| ReportError::from_store(error, None));
        let source = of_the_source.iter().map(|error| ReportError::from_source(error, None));
        for error in store.chain(source) {
            let read = ReportError::new(None, ErrorCode::parse(error.code.as_str()), error.message.clone());
            assert_eq!((&read.code, read.class(), &read.message), (&error.code, error.class(), &error.message));
        }
    }
}
