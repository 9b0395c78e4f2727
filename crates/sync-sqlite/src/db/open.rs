//! Opening a file that may be a cache: looking at it without a change to it.

use std::path::Path;

use diesel::SqliteConnection;
use sync_core::StoreError;

use super::schema::Schema;
use super::{connection, file, schema};

/// Looks at a file through a connection that can't write, and refuses what isn't ours. Whatever
/// else is wrong shows when it is opened for writing: a journal left by a crash, for one, can only
/// be looked at by who may mend it.
pub(crate) fn refuse_untouched(path: &Path) -> Result<(), StoreError> {
    match read_examined(&file::read_only_uri(path, false)?) {
        Err(error @ (StoreError::Newer(_) | StoreError::Foreign | StoreError::Corrupt(_))) => Err(error),
        _ => Ok(()),
    }
}

fn read_examined(uri: &str) -> Result<(SqliteConnection, Schema), StoreError> {
    let mut conn = connection::reader(uri)?;
    let schema = connection::snapshot(&mut conn, schema::examine)?;
    Ok((conn, schema))
}

/// Opens a file for looking at it, whatever its version up to this one; returns how SQLite calls it.
pub(crate) fn open_to_read(named: &Path) -> Result<(String, SqliteConnection, Schema), StoreError> {
    let path = file::existing(named)?;
    let mut uri = file::read_only_uri(&path, false)?;
    let mut opened = read_examined(&uri);
    if matches!(opened, Err(StoreError::ReadOnly(_))) && !has_log(&path) {
        // A folder in which SQLite can't put its `-shm`; without a log it needs none.
        uri = file::read_only_uri(&path, true)?;
        opened = read_examined(&uri);
    }
    let (reader, schema) = opened?;
    Ok((uri, reader, schema))
}

/// Whether there is a write-ahead log with something in it.
pub(crate) fn has_log(database: &Path) -> bool {
    std::fs::metadata(file::named_after(database, "-wal")).is_ok_and(|log| log.len() > 0)
}
