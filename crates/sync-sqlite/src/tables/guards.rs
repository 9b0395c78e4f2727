//! Conditions on a profile that have to hold before anything of it is read or written.

use diesel::prelude::*;
use sync_core::{ProfileId, StoreError};

use crate::db::bind::signed;
use crate::db::fault::of_diesel;
use crate::tables::schema::xtream_profiles;

/// Fails unless the profile exists.
pub(crate) fn require_profile(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let found = xtream_profiles::table
        .filter(xtream_profiles::profile_id.eq(profile.as_str()))
        .select(xtream_profiles::id)
        .first::<i64>(conn)
        .optional()
        .map_err(of_diesel)?;
    found.map(|_| ()).ok_or_else(|| unknown(profile))
}

/// Fails unless the fence is that of the latest lease.
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

/// There is no such profile.
pub(crate) fn unknown(profile: &ProfileId) -> StoreError {
    StoreError::UnknownProfile(profile.to_string())
}
