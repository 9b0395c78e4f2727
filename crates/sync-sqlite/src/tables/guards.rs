//! Conditions that a profile must meet before anything of it is read or written.

use diesel::prelude::*;
use sync_core::{ProfileId, StoreError};

use crate::db::bind::signed;
use crate::db::fault::of_diesel;
use crate::tables::schema::xtream_profiles;

/// Returns an error if the profile doesn't exist.
pub(crate) fn require_profile(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let found = xtream_profiles::table
        .filter(xtream_profiles::profile_id.eq(profile.as_str()))
        .select(xtream_profiles::id)
        .first::<i64>(conn)
        .optional()
        .map_err(of_diesel)?;
    found.map(|_| ()).ok_or_else(|| unknown(profile))
}

/// Returns an error if the fence isn't that of the latest lease.
pub(crate) fn check_fence(conn: &mut SqliteConnection, profile: &ProfileId, fence: u64) -> Result<(), StoreError> {
    let latest = xtream_profiles::table
        .filter(xtream_profiles::profile_id.eq(profile.as_str()))
        .select(xtream_profiles::fence)
        .first::<i64>(conn)
        .optional()
        .map_err(of_diesel)?;
    match latest {
        None => Err(unknown(profile)),
        Some(latest) if latest == signed(fence) => Ok(()),
        Some(_) => Err(StoreError::Fenced),
    }
}

/// Returns the error for a profile that doesn't exist.
pub(crate) fn unknown(profile: &ProfileId) -> StoreError {
    StoreError::UnknownProfile(profile.to_string())
}
