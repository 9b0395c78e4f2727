//! Conditions on a profile that have to hold before anything of it is read or written.

use diesel::SqliteConnection;
use sync_core::{ProfileId, StoreError};

use crate::db::bind::signed;
use crate::db::statement;

/// Fails unless the profile exists.
pub(crate) fn require_profile(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM xtream_profiles WHERE profile_id=?";
    statement::integer(conn, sql, &[profile.as_str().into()])?.map(|_| ()).ok_or_else(|| unknown(profile))
}

/// Fails unless the fence is that of the latest lease.
pub(crate) fn check_fence(conn: &mut SqliteConnection, profile: &ProfileId, fence: u64) -> Result<(), StoreError> {
    let sql = "SELECT fence FROM xtream_profiles WHERE profile_id=?";
    match statement::integer(conn, sql, &[profile.as_str().into()])? {
        None => Err(unknown(profile)),
        Some(latest) if latest == signed(fence) => Ok(()),
        Some(_) => Err(StoreError::Fenced),
    }
}

/// There is no such profile.
pub(crate) fn unknown(profile: &ProfileId) -> StoreError {
    StoreError::UnknownProfile(profile.to_string())
}
