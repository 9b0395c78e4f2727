//! The floor: programs that do only the part of a sync that can't be left out, in the shortest way in safe Rust. They
//! handle no failure, no policy, and no panel other than this one.

pub(crate) mod elements;
pub(crate) mod first;
mod http;
mod row;
pub(crate) mod unchanged;

use std::path::Path;

use crate::Outcome;
use crate::database::PROFILE;

/// Creates a database with the schema of a cache and the profile.
pub(crate) fn create(path: &Path) -> Outcome<rusqlite::Connection> {
    drop(sync_sqlite::SqliteStore::open(path)?);
    let connection = rusqlite::Connection::open(path)?;
    // The settings are those of the store's own connection for writing.
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16384; \
         PRAGMA journal_size_limit=4194304; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST;",
    )?;
    connection.execute("INSERT INTO xtream_profiles (profile_id,created_at,updated_at) VALUES (?1,1,1)", [PROFILE])?;
    Ok(connection)
}
