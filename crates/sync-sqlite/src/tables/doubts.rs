//! The table of doubts: kinds that the next sync compares in full, because a check has found what doesn't fit.

use diesel::SqliteConnection;
use sync_core::{ContentKind, ProfileId, StoreError};

use crate::db::statement::{integer, record};

/// Since when a kind is to be compared in full, by our clock; `None` when it isn't.
pub(crate) fn open_since(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT found_at FROM xtream_doubts WHERE profile_id=? AND kind=? AND settled_run IS NULL";
    integer(conn, sql, &[profile.as_str().into(), kind.as_str().into()])
}

/// The last run that has compared a kind in full because of a doubt. What the history says of
/// earlier ones is not relied on.
pub(crate) fn settled_run(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT settled_run FROM xtream_doubts WHERE profile_id=? AND kind=?";
    let found = record(conn, sql, &[profile.as_str().into(), kind.as_str().into()])?;
    Ok(found.map(|mut row| row.optional_integer(0)).transpose()?.flatten())
}
