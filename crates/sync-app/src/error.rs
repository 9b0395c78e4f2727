//! Why a call could not even begin its run. What happens within a run is in its report.

use sync_core::{InvalidProfileId, ProfileId, StoreError, UnknownKind};
use sync_sqlite::BackupError;
use sync_xtream::{AddressError, SetupError};

/// What a call of this crate returns.
pub type Result<T> = std::result::Result<T, SyncError>;

/// Why a call could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The text can't name a profile.
    #[error(transparent)]
    Profile(#[from] InvalidProfileId),
    /// The text is no kind of content.
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
    /// A backup failed, or its restoring.
    #[error(transparent)]
    Backup(#[from] BackupError),
}
