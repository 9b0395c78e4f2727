//! Opens a file that may be a cache, and examines it without changing it.

use std::path::Path;

use diesel::SqliteConnection;
use sync_core::StoreError;

use super::schema::Schema;
use super::{connection, file, schema};

/// Examines a file through a connection that can't write, and refuses a file that is not ours. All other errors show
/// when the file is opened for writing. For example, a journal that a crash has left can be read only by a program that
/// may repair the file.
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

/// Opens a file of this version or an older one for reading. Returns the name under which SQLite opens it.
pub(crate) fn open_to_read(named: &Path) -> Result<(String, SqliteConnection, Schema), StoreError> {
    let path = file::existing(named)?;
    let mut uri = file::read_only_uri(&path, false)?;
    let mut opened = read_examined(&uri);
    if matches!(opened, Err(StoreError::ReadOnly(_))) && !has_log(&path) {
        // SQLite can't create its `-shm` file in this folder. It needs none if there is no log.
        uri = file::read_only_uri(&path, true)?;
        opened = read_examined(&uri);
    }
    let (reader, schema) = opened?;
    Ok((uri, reader, schema))
}

/// Returns whether there is a write-ahead log that isn't empty.
pub(crate) fn has_log(database: &Path) -> bool {
    std::fs::metadata(file::named_after(database, "-wal")).is_ok_and(|log| log.len() > 0)
}
