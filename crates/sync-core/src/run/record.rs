//! The records of runs: how each run ended, and what it did to each kind.

use std::fmt;
use std::time::Duration;

use crate::error::{ErrorClass, ErrorCode};
use crate::hint::Hint;
use crate::model::{Account, AccountStatus, ContentKind};
use crate::ports::source::{SourceError, UnreadableAt};
use crate::ports::store::StoreError;
use crate::removal::guard::HoldReason;
use crate::run::counts::Counts;
use crate::run::options::SyncMode;

/// The number of a run within a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RunId(pub i64);

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RunStatus {
    /// The run is under way.
    Syncing,
    /// The run did everything that it was asked for.
    Completed,
    /// Something failed or is held, and the rest was done.
    Partial,
    /// Nothing was done.
    Failed,
    /// The caller cancelled the run.
    Cancelled,
    /// The process ended in the middle of the run.
    Interrupted,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Syncing, Self::Completed, Self::Partial, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// Returns the name used in tables and reports.
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

    /// Returns the status with this name.
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
    /// A person started it with a command.
    Manual,
    /// The schedule of the service started it.
    Schedule,
    /// A call that runs whatever is due started it.
    OnceDue,
    /// The run is an undo.
    Undo,
    /// The run applied a change set.
    ChangeSet,
    /// A program that uses the library started it.
    Library,
    /// The run was made by a version that didn't record this, or it has no end.
    #[default]
    Unknown,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 7] =
        [Self::Manual, Self::Schedule, Self::OnceDue, Self::Undo, Self::ChangeSet, Self::Library, Self::Unknown];

    /// Returns the name used in tables and reports.
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

    /// Returns the trigger with this name, or [`Self::Unknown`] if the name is unknown.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|trigger| trigger.as_str() == name).unwrap_or_default()
    }
}

/// The result of a kind in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum KindOutcome {
    /// The changes were applied.
    Completed,
    /// There was nothing to change.
    Unchanged,
    /// Additions and updates were applied, and removals are held.
    Held,
    /// The kind is unchanged because of an error.
    Failed,
    /// The kind is unchanged because the caller cancelled.
    Cancelled,
    /// The kind was not asked for.
    Skipped,
    /// A probe saw nothing new, and the list was not fetched. The kind is unchanged, and no younger.
    ProbedUnchanged,
}

impl KindOutcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Completed,
        Self::Unchanged,
        Self::Held,
        Self::Failed,
        Self::Cancelled,
        Self::Skipped,
        Self::ProbedUnchanged,
    ];

    /// Returns the name used in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::ProbedUnchanged => "probed_unchanged",
        }
    }

    /// Returns the outcome with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

impl fmt::Display for KindOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error in a report: what happened, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportError {
    /// The kind of the error; `None` if it concerns the whole run.
    pub kind: Option<ContentKind>,
    /// The stable code.
    pub code: ErrorCode,
    /// What happened, and what was kept.
    pub message: String,
    /// The advice for a person. A stored error has none, because advice may be out of date.
    pub hint: Option<Hint>,
}

impl ReportError {
    /// Returns an error without a hint.
    pub const fn new(kind: Option<ContentKind>, code: ErrorCode, message: String) -> Self {
        Self { kind, code, message, hint: None }
    }

    /// Returns the same error with this hint.
    #[must_use]
    pub fn with_hint(self, hint: Hint) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Returns the report of a source's error.
    pub fn from_source(error: &SourceError, kind: Option<ContentKind>) -> Self {
        Self::new(kind, error.code(), error.with_causes()).with_hint(error.hint())
    }

    /// Returns the error that an account which was let in is not served, or `None` if it is.
    pub fn from_account(account: &Account) -> Option<Self> {
        let AccountStatus::Inactive(status) = &account.status else { return None };
        let operator = account.message.as_deref().map(|text| format!(" ({text})")).unwrap_or_default();
        let message = format!("the panel says that the account is `{status}`{operator}");
        Some(Self::new(None, ErrorCode::AccountInactive, message).with_hint(Hint::RenewAccount))
    }

    /// Returns the report of a store's error.
    pub fn from_store(error: &StoreError, kind: Option<ContentKind>) -> Self {
        Self::new(kind, error.code(), error.with_causes()).with_hint(error.hint())
    }

    /// Returns what a caller can do about the error.
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

/// The record of a run about one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct KindRecord {
    /// The kind.
    pub kind: ContentKind,
    /// The mode, full or incremental.
    pub mode: SyncMode,
    /// The result.
    pub outcome: KindOutcome,
    /// The counts. All are zero if nothing was applied.
    pub counts: Counts,
    /// Whether the panel answered that the listing is not modified, and sent none.
    pub not_modified: bool,
    /// The bytes of the received bodies, decompressed.
    pub bytes: u64,
    /// The bytes of the received bodies as they came over the wire, compressed. `None` if the source doesn't count
    /// them, or the run was made by a version that didn't.
    pub wire_bytes: Option<u64>,
    /// The number of requests, including repeated ones.
    pub requests: u64,
    /// The time for receiving and writing the kind. If two kinds were under way at once, the time counts for both. Time
    /// that a kind waited for another one is not included.
    #[cfg_attr(feature = "serde", serde(rename = "duration_ms", serialize_with = "crate::serialise::milliseconds"))]
    pub duration: Duration,
    /// The reason for held removals, if there are any.
    pub hold_reason: Option<HoldReason>,
    /// The position of the first skipped element. Stores need not keep it.
    pub skipped_at: Option<UnreadableAt>,
    /// The error, if there was one.
    pub error: Option<ReportError>,
}

impl KindRecord {
    /// Returns the record of a kind that was not synced yet.
    pub fn skipped(kind: ContentKind, mode: SyncMode) -> Self {
        Self {
            kind,
            mode,
            outcome: KindOutcome::Skipped,
            counts: Counts::default(),
            not_modified: false,
            bytes: 0,
            wire_bytes: Some(0),
            requests: 0,
            duration: Duration::ZERO,
            hold_reason: None,
            skipped_at: None,
            error: None,
        }
    }
}

/// The record of one run in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RunRecord {
    /// The number of the run.
    pub run: RunId,
    /// How the run ended. It is [`RunStatus::Syncing`] while the run is under way, and [`RunStatus::Interrupted`] if
    /// the run has no end and its lease is not taken.
    pub status: RunStatus,
    /// The time of the start, in unix seconds.
    pub started_at: i64,
    /// The time of the end, in unix seconds.
    pub finished_at: Option<i64>,
    /// The duration, if the run has ended.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub duration: Option<Duration>,
    /// What started the run.
    pub trigger: Trigger,
    /// The first error, if there was one.
    pub error: Option<ReportError>,
    /// The records of the kinds.
    pub kinds: Vec<KindRecord>,
}

impl RunRecord {
    /// Returns the record of a run without an end and without kinds.
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

    /// Returns the counts of all kinds together.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for kind in &self.kinds {
            sum += kind.counts;
        }
        sum
    }

    /// Returns the bytes of all kinds as they came over the wire, or `None` if they are unknown of one.
    pub fn wire_bytes(&self) -> Option<u64> {
        wire_bytes(&self.kinds)
    }
}

/// Returns the bytes of kinds as they came over the wire, or `None` if they are unknown of one.
pub(super) fn wire_bytes<'a>(kinds: impl IntoIterator<Item = &'a KindRecord>) -> Option<u64> {
    kinds.into_iter().map(|kind| kind.wire_bytes).sum()
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
    fn a_former_error_has_the_same_class() {
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
            SourceError::TooSlow { message: "?".to_owned() },
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
