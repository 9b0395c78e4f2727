//! Errors of calls that could not begin their run. Errors within a run are in its report.

use sync_core::{InvalidProfileId, OverlayError, ProfileId, StoreError, UnknownKind};
use sync_service::ReadError;
use sync_sqlite::BackupError;
use sync_xtream::{AddressError, SetupError};

/// The result of a call of this crate.
pub type Result<T> = std::result::Result<T, SyncError>;

/// The reason why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The text is not a valid id of a profile.
    #[error(transparent)]
    Profile(#[from] InvalidProfileId),
    /// The text is not a kind of content.
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    /// A profile lacks its address, its user name, or a stored password.
    #[error("profile `{0}` has no address, user name or stored password")]
    Incomplete(ProfileId),
    /// The panel's address can't be used.
    #[error("the panel's address can't be used")]
    Address(#[from] AddressError),
    /// The connection to the panel can't be set up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The cache failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A list or a search can't be answered.
    #[error(transparent)]
    Read(ReadError),
    /// An edit could not be made. Nothing has changed.
    #[error(transparent)]
    Overlay(OverlayError),
    /// A backup could not be made or restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

impl From<OverlayError> for SyncError {
    fn from(error: OverlayError) -> Self {
        match error {
            OverlayError::Store(error) => Self::Store(error),
            other => Self::Overlay(other),
        }
    }
}

impl From<ReadError> for SyncError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::Store(error),
            other => Self::Read(other),
        }
    }
}
