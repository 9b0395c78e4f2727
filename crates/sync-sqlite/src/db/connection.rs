//! Connections to the cache: their settings, and the two connections of a store.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use sync_core::StoreError;

use crate::db::fault::{self, Abort};
#[cfg(feature = "failpoints")]
use crate::db::stop;
use crate::db::{file, statement};

/// The time for which SQLite waits while another program writes, in milliseconds.
const BUSY_TIMEOUT: u32 = 5000;

/// The time for which SQLite waits in one go for the right to write, in milliseconds. The caller may give up between
/// two waits.
const STRETCH: u32 = 100;

/// The time for which a caller waits for the right to write. The first sync of another profile may take so long to
/// apply on a slow disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// The setting for the pages of the file that a reader keeps in memory.
const READER_CACHE: &str = "PRAGMA cache_size=-2048;";

/// The oldest SQLite in which the defects of write-ahead logging are fixed that were known when this was written.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

/// Opens a connection whose only setting is that it waits for other programs.
pub(crate) fn connect(database: &str) -> Result<SqliteConnection, StoreError> {
    let mut conn = SqliteConnection::establish(database).map_err(fault::of_connection)?;
    // The timeout comes first, because without it every access to a locked file fails at once.
    batch(&mut conn, &format!("PRAGMA busy_timeout={BUSY_TIMEOUT}; PRAGMA trusted_schema=OFF;"))?;
    let version = statement::record(&mut conn, "SELECT sqlite_version()", &[])?
        .map_or(Ok(String::new()), |mut row| row.text(0))?;
    if !is_recent(&version) {
        return Err(StoreError::backend(format!("SQLite {version} is too old")));
    }
    Ok(conn)
}

fn is_recent(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = [(); 3].map(|()| parts.next().unwrap_or(0));
    found >= OLDEST_SQLITE
}

/// Opens a connection for writing.
pub(crate) fn writer(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut conn = connect(file::plain(path)?)?;
    set_up_writer(&mut conn)?;
    Ok(conn)
}

/// Configures a connection for writing.
pub(crate) fn set_up_writer(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    use_wal(conn)?;
    // A deleted password must not stay in the free bytes of its page.
    batch(
        conn,
        "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=4194304; \
         PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST;",
    )?;
    hold_pages_for(conn, 0)?;
    batch(conn, &format!("PRAGMA busy_timeout={STRETCH};"))
}

/// The memory for pages of a connection that writes few rows, in KiB.
const LEAST_CACHE: usize = 4096;
/// The most memory for pages of a connection that writes, in KiB.
const MOST_CACHE: usize = 16_384;
/// The memory per row, in bytes: an entry of an index in pages that are two thirds full, and twice as much for the rows
/// that are written until the page of the entry is used again.
const BYTES_AN_ENTRY: usize = 96;

/// Gives a connection the memory for pages that it needs to write this number of rows.
///
/// Rows come in the panel's order, so the rows of one category are spread over the whole index of the table. All of
/// this index is in use while a listing is loaded. If a page has left memory and is changed again, SQLite computes the
/// checksums again of everything that was written to the log after the page. For few rows a small memory is enough,
/// because reading a page again costs less than keeping it.
pub(crate) fn hold_pages_for(conn: &mut SqliteConnection, rows: usize) -> Result<(), StoreError> {
    batch(conn, &format!("PRAGMA cache_size=-{};", kibibytes_for(rows)))?;
    #[cfg(feature = "failpoints")]
    stop::tune(conn)?;
    Ok(())
}

fn kibibytes_for(rows: usize) -> usize {
    (LEAST_CACHE + rows / 1024 * BYTES_AN_ENTRY).min(MOST_CACHE)
}

/// Empties the write-ahead log. It doesn't wait for readers, because this only tidies up.
pub(crate) fn checkpoint(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    batch(conn, &format!("PRAGMA busy_timeout=0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout={STRETCH};"))
}

/// Opens a connection for reading. `database` is a path or an URI.
pub(crate) fn reader(database: &str) -> Result<SqliteConnection, StoreError> {
    let mut conn = connect(database)?;
    batch(&mut conn, "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY;")?;
    batch(&mut conn, READER_CACHE)?;
    Ok(conn)
}

/// Runs `work`, which reads many pages once each, without keeping them in memory. Keeping such a page costs more than
/// reading it again.
pub(crate) fn scanning<T>(
    conn: &mut SqliteConnection,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    batch(conn, "PRAGMA cache_size=-64;")?;
    let done = work(conn);
    batch(conn, READER_CACHE)?;
    done
}

/// Switches to write-ahead logging. SQLite doesn't wait while another connection is switching, so this function does.
fn use_wal(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let until = Instant::now() + Duration::from_millis(BUSY_TIMEOUT.into());
    loop {
        match statement::record(conn, "PRAGMA journal_mode=WAL", &[]) {
            Ok(Some(mut row)) => {
                let mode = row.text(0)?;
                return if mode == "wal" {
                    Ok(())
                } else {
                    Err(StoreError::backend(format!("the file system has no write-ahead logging (mode is `{mode}`)")))
                };
            }
            Ok(None) => return Err(StoreError::backend("SQLite doesn't say its journal mode")),
            Err(StoreError::Locked) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(error),
        }
    }
}

/// Runs statements without binds.
pub(crate) fn batch(conn: &mut SqliteConnection, sql: &str) -> Result<(), StoreError> {
    conn.batch_execute(sql).map_err(fault::of_diesel)
}

/// A connection that is opened when it is needed, and dropped after an error: after a panic or a failed rollback it may
/// still be in a transaction.
pub(crate) struct Slot(Mutex<Option<SqliteConnection>>);

impl Slot {
    pub(crate) fn new(conn: Option<SqliteConnection>) -> Self {
        Self(Mutex::new(conn))
    }

    /// Runs `work` with the connection.
    pub(crate) fn with<T>(
        &self,
        open: impl FnOnce() -> Result<SqliteConnection, StoreError>,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = self.lock();
        let mut conn = match slot.take() {
            Some(conn) => conn,
            None => open()?,
        };
        let done = work(&mut conn)?;
        *slot = Some(conn);
        Ok(done)
    }

    fn lock(&self) -> MutexGuard<'_, Option<SqliteConnection>> {
        // A panic while the lock was taken has left the slot empty.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the time for which a caller waits for the right to write.
fn patience() -> Duration {
    #[cfg(feature = "failpoints")]
    if let Some(patience) = stop::patience() {
        return patience;
    }
    PATIENCE
}

/// Runs `work` in a transaction that has the right to write from its beginning. A transaction that asks for this right
/// later can fail at once, even if it would wait. `patient` is called from time to time while another program writes,
/// and its error ends the wait.
pub(crate) fn immediate<T>(
    conn: &mut SqliteConnection,
    patient: impl Fn() -> Result<(), StoreError>,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let until = Instant::now() + patience();
    let mut work = Some(work);
    loop {
        let mut cause = None;
        let done = conn.immediate_transaction(|conn| {
            let work = work.take().expect("the transaction begins once");
            work(conn).map_err(|error| Abort::because(error, &mut cause))
        });
        match done.map_err(|abort| abort.of(cause)) {
            // The transaction has not begun, because another program is writing.
            Err(StoreError::Locked) if work.is_some() && Instant::now() < until => patient()?,
            done => return done,
        }
    }
}

/// Runs `work` on one state of the cache. The connection is read-only, so the transaction never asks for the right to
/// write.
pub(crate) fn snapshot<T>(
    conn: &mut SqliteConnection,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut cause = None;
    conn.transaction(|conn| work(conn).map_err(|error| Abort::because(error, &mut cause)))
        .map_err(|abort| abort.of(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_for_pages_follows_what_is_written() {
        for (rows, kibibytes) in [(0, 4096), (5000, 4480), (40_000, 7840), (150_000, 16_384)] {
            assert_eq!(kibibytes_for(rows), kibibytes, "{rows}");
        }
        let mut conn = connect(":memory:").unwrap();
        hold_pages_for(&mut conn, 40_000).unwrap();
        assert_eq!(statement::integer(&mut conn, "PRAGMA cache_size", &[]).unwrap(), Some(-7840));
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, recent) in [("3.51.3", true), ("3.51.2", false), ("3.6.99", false), ("4.0", true), ("", false)] {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }
}
