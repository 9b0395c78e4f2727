//! The errors of a cache, by what a caller can do about them.

use crate::error::{ErrorClass, ErrorCode, with_causes};
use crate::hint::Hint;
use crate::model::ProfileId;

/// A state that a change set names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichState {
    /// The state before the set.
    From,
    /// The state after the set.
    To,
}

impl std::fmt::Display for WhichState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::From { "before" } else { "after" })
    }
}

/// The error of a store, by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another run has the lease.
    #[error("another run is syncing profile `{0}`")]
    Leased(ProfileId),
    /// A later lease was taken, so this run may not write any more.
    #[error("another run has taken over the profile")]
    Fenced,
    /// The caller cancelled before the commit. Nothing was written.
    #[error("cancelled")]
    Cancelled,
    /// There is no such profile.
    #[error("there is no profile `{0}`")]
    UnknownProfile(String),
    /// A newer version of the program made the cache. It is unchanged.
    #[error("the cache was made by a newer version of this program ({0})")]
    Newer(String),
    /// There is no cache to read yet.
    #[error("there is no cache at {0} yet")]
    Missing(String),
    /// An older version made the cache, and this call may not upgrade it.
    #[error("the cache was made by an older version of this program")]
    Older,
    /// An older cache could not be upgraded. It is unchanged.
    #[error("the cache could not be migrated: {0}")]
    Migration(String),
    /// The disk is full, or the file has reached its limit. Nothing was written.
    #[error("the disk is full")]
    Full,
    /// The file or its folder can't be written.
    #[error("the cache can't be written: {0}")]
    ReadOnly(String),
    /// The file is damaged, or is no cache.
    #[error("the cache is damaged: {0}")]
    Corrupt(String),
    /// The file is sound but belongs to another program.
    #[error("the file is the database of another program")]
    Foreign,
    /// Another program has kept the file locked for longer than the store waits.
    #[error("the cache is locked by another program")]
    Locked,
    /// The call breaks the store's rules. The caller has a defect.
    #[error("the call breaks a rule of the store: {0}")]
    Refused(String),
    /// The content is not in the state that a change set leads from or to. Nothing was written.
    #[error("the content is not in the state {0} the change set")]
    OtherState(WhichState),
    /// Another error inside the store.
    #[error("the store failed")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Returns an error of the adapter for which there is no other variant.
    pub fn backend(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Backend(error.into())
    }

    /// Returns the code used in reports.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Leased(_) => ErrorCode::ProfileBusy,
            Self::Fenced => ErrorCode::LeaseLost,
            Self::Cancelled => ErrorCode::Cancelled,
            Self::UnknownProfile(_) => ErrorCode::UnknownProfile,
            Self::Newer(_) => ErrorCode::NewerCache,
            Self::Missing(_) => ErrorCode::NoCache,
            Self::Older => ErrorCode::OlderCache,
            Self::Migration(_) => ErrorCode::Migration,
            Self::Full => ErrorCode::DiskFull,
            Self::ReadOnly(_) => ErrorCode::ReadOnly,
            Self::Corrupt(_) => ErrorCode::Corrupt,
            Self::Foreign => ErrorCode::ForeignFile,
            Self::Locked => ErrorCode::Locked,
            Self::OtherState(_) => ErrorCode::OtherState,
            Self::Refused(_) => ErrorCode::CallRefused,
            Self::Backend(_) => ErrorCode::Store,
        }
    }

    /// Returns what a caller can do about the error.
    pub fn class(&self) -> ErrorClass {
        self.code().class()
    }

    /// Returns what a person can do about the error.
    pub const fn hint(&self) -> Hint {
        match self {
            Self::Leased(_) | Self::Fenced => Hint::WaitForOtherRun,
            Self::Cancelled => Hint::SyncWhenItSuits,
            Self::UnknownProfile(_) => Hint::AddProfile,
            Self::Newer(_) => Hint::UseNewerVersion,
            Self::Missing(_) => Hint::SyncCreatesCache,
            Self::Older => Hint::SyncUpgradesCache,
            Self::Migration(_) => Hint::MakeUpgradePossible,
            Self::Full => Hint::MakeRoom,
            Self::ReadOnly(_) => Hint::CheckRights,
            Self::Corrupt(_) => Hint::KeepDamagedFile,
            Self::Foreign => Hint::NameAnotherFile,
            Self::Locked => Hint::EndOtherProgram,
            Self::OtherState(_) => Hint::ExportWhole,
            Self::Refused(_) | Self::Backend(_) => Hint::ReportStoreFailure,
        }
    }

    /// Returns the error and its causes on one line.
    pub fn with_causes(&self) -> String {
        with_causes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_a_hint() {
        let cases = [
            (StoreError::Fenced, "wait for the other run"),
            (StoreError::Full, "make room"),
            (StoreError::Older, "it migrates the cache"),
            (StoreError::Foreign, "name another database file"),
            (StoreError::Corrupt(String::new()), "keep the file"),
            (StoreError::backend("?"), "report it"),
        ];
        for (error, hint) in cases {
            assert!(error.hint().as_str().contains(hint), "{error:?}: {}", error.hint());
        }
    }
}
