//! Connections to the cache: how they are set up, and the two of a store.

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

/// How long SQLite waits for another program's write, in milliseconds.
const BUSY_TIMEOUT: u32 = 5000;

/// How long it waits at a stretch for the right to write, in milliseconds; between two stretches
/// the caller may give up.
const STRETCH: u32 = 100;

/// How long a caller waits for the right to write: as long as another profile's first sync may
/// take to apply on a slow disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a reader keeps of the file.
const READER_CACHE: &str = "PRAGMA cache_size=-2048;";

/// The oldest SQLite without the faults in write-ahead logging that were found up to then.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

/// Opens a connection, and does nothing with it but to have it wait for others.
pub(crate) fn connect(database: &str) -> Result<SqliteConnection, StoreError> {
    let mut conn = SqliteConnection::establish(database).map_err(fault::of_connection)?;
    // Before anything else: until it is set, whatever is locked fails at once.
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

/// Prepares a connection for writing.
pub(crate) fn set_up_writer(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    use_wal(conn)?;
    // A password that was taken out shall not be found in the free bytes of its page.
    batch(
        conn,
        "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=4194304; \
         PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST;",
    )?;
    hold_pages_for(conn, 0)?;
    batch(conn, &format!("PRAGMA busy_timeout={STRETCH};"))
}

/// The memory for pages that a connection for writing has when it writes little.
const LEAST_CACHE: usize = 4096;
/// The most that it gets.
const MOST_CACHE: usize = 16_384;
/// What an entry of an index takes, in pages that are two thirds full, and as much again twice for the rows that are
/// written until its page is hot again.
const BYTES_AN_ENTRY: usize = 96;

/// Gives a connection for writing the memory that writing so many rows needs.
///
/// Rows come in the panel's order, so those of one category are all over their index: while a catalogue is loaded, all
/// of that index is hot. A page that has left memory and changes again costs the sum of everything that was written to the
/// log after it. For few rows some pages do: one is sooner read again than kept.
pub(crate) fn hold_pages_for(conn: &mut SqliteConnection, rows: usize) -> Result<(), StoreError> {
    batch(conn, &format!("PRAGMA cache_size=-{};", kibibytes_for(rows)))?;
    #[cfg(feature = "failpoints")]
    stop::tune(conn)?;
    Ok(())
}

fn kibibytes_for(rows: usize) -> usize {
    (LEAST_CACHE + rows / 1024 * BYTES_AN_ENTRY).min(MOST_CACHE)
}

/// Empties the log. Doesn't wait for readers: it is no more than tidy.
pub(crate) fn checkpoint(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    batch(conn, &format!("PRAGMA busy_timeout=0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout={STRETCH};"))
}

/// Opens a connection for reading; `database` is a path or an URI.
pub(crate) fn reader(database: &str) -> Result<SqliteConnection, StoreError> {
    let mut conn = connect(database)?;
    batch(&mut conn, "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY;")?;
    batch(&mut conn, READER_CACHE)?;
    Ok(conn)
}

/// Runs `work`, which goes over many pages once, without keeping them: a page that is kept costs more
/// than to read it.
pub(crate) fn scanning<T>(
    conn: &mut SqliteConnection,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    batch(conn, "PRAGMA cache_size=-64;")?;
    let done = work(conn);
    batch(conn, READER_CACHE)?;
    done
}

/// Switches to write-ahead logging. SQLite doesn't wait while somebody else is switching, so this
/// does.
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

/// A connection that is opened when it is needed, and thrown away when something went wrong with
/// it: after a panic or a failed rollback it may still be inside a transaction.
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
        // A panic while it was held has left the slot empty.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a caller waits for the right to write.
fn patience() -> Duration {
    #[cfg(feature = "failpoints")]
    if let Some(patience) = stop::patience() {
        return patience;
    }
    PATIENCE
}

/// Runs `work` in a transaction that has the right to write from its first moment: one that
/// only asks for it later can fail at once, whatever it would wait. `patient` is asked from time
/// to time while somebody else writes; its error ends the wait.
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
            // Not begun: somebody else is writing.
            Err(StoreError::Locked) if work.is_some() && Instant::now() < until => patient()?,
            done => return done,
        }
    }
}

/// Runs `work` on one state of the cache. The connection refuses to write, so the transaction
/// never asks for that right.
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
