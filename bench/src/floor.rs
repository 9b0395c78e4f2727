//! What nothing can be below: programs that do what a sync cannot do without, by the shortest way there is in safe
//! Rust, and nothing else. They know no failure, no policy, no other panel than this one.

pub(crate) mod elements;
pub(crate) mod first;
mod http;
mod row;
pub(crate) mod unchanged;

use std::path::Path;

use crate::Outcome;
use crate::database::PROFILE;

/// A new database with the schema of a cache, and the profile in it.
pub(crate) fn create(path: &Path) -> Outcome<rusqlite::Connection> {
    drop(sync_sqlite::SqliteStore::open(path)?);
    let connection = rusqlite::Connection::open(path)?;
    // As the store's own connection for writing, with the memory that it has for so many rows.
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16384; \
         PRAGMA journal_size_limit=4194304; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST;",
    )?;
    connection.execute("INSERT INTO xtream_profiles (profile_id,created_at,updated_at) VALUES (?1,1,1)", [PROFILE])?;
    Ok(connection)
}
