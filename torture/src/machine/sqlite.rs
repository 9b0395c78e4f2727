//! The machine over SQLite: the store adapter on a real file, deaths as the state that they leave on the disk, and
//! checks of the tables by plain SQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};
use sync_core::store::{Applied, ScopeCommit, Staging};
use sync_core::{ContentKind, ProfileId, StoreError, UndoOutcome, UndoRequest};
use sync_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Death, Hidden, TestedStore};
use crate::campaign::Violation;
use crate::promise;

/// A cache in a folder of its own.
pub(crate) struct Sqlite {
    files: Mutex<Arc<Files>>,
    /// The image that is put in place once every process is gone.
    image: Arc<Mutex<Option<Image>>>,
    eye: Mutex<Option<Connection>>,
}

/// The files of a cache.
struct Files {
    database: PathBuf,
    log: PathBuf,
    /// The folder. It is removed at the end.
    _folder: TempDir,
}

/// Database and write-ahead log, as a dead process leaves them.
struct Image {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self { files: Mutex::new(Arc::new(Files::new())), image: Arc::default(), eye: Mutex::default() }
    }

    fn files(&self) -> Arc<Files> {
        Arc::clone(&self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the tables. The connection is kept.
    fn ask<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Violation> {
        let mut eye = self.eye.lock().unwrap_or_else(PoisonError::into_inner);
        if eye.is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            *eye = Some(Connection::open_with_flags(&self.files().database, flags).map_err(|error| failed(&error))?);
        }
        ask(eye.as_ref().expect("it was just filled")).map_err(|error| failed(&error))
    }
}

fn failed(error: &rusqlite::Error) -> Violation {
    Violation::new(format!("plain SQL fails: {error}"))
}

impl Files {
    fn new() -> Self {
        // The loss of power is not tested here, so memory will do.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        let folder = folder.expect("there is a place for temporary files");
        let database = folder.path().join("cache.db");
        let log = folder.path().join("cache.db-wal");
        Self { database, log, _folder: folder }
    }

    fn image(&self) -> Image {
        let read = |path: &Path| fs::read(path).unwrap_or_default();
        Image { database: read(&self.database), log: read(&self.log) }
    }

    /// Makes files of an image in a new folder. A thread of a process that is gone may still be in the middle of a
    /// call.
    fn of(image: &Image) -> std::io::Result<Self> {
        let files = Self::new();
        fs::write(&files.database, &image.database)?;
        if !image.log.is_empty() {
            fs::write(&files.log, &image.log)?;
        }
        Ok(files)
    }
}

impl Backend for Sqlite {
    fn open(&self) -> Result<Arc<dyn TestedStore>, StoreError> {
        Ok(Arc::new(SqliteStore::open(&self.files().database)?))
    }

    fn another(&self) -> Arc<dyn Backend> {
        Arc::new(Self::new())
    }

    fn death(&self) -> Arc<dyn Death> {
        Arc::new(Killed { files: self.files(), image: Arc::clone(&self.image) })
    }

    fn freeze(&self) -> Result<(), Violation> {
        let mut image = self.image.lock().unwrap_or_else(PoisonError::into_inner);
        image.get_or_insert_with(|| self.files().image());
        Ok(())
    }

    fn thaw(&self) -> Result<(), Violation> {
        *self.eye.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let Some(image) = self.image.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        let thawed = Files::of(&image);
        let thawed = thawed.map_err(|error| Violation::new(format!("the image can't be put in place: {error}")))?;
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(thawed);
        Ok(())
    }

    fn survived(&self) {
        // Other processes were using the file, so it stays as they have it.
        *self.image.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn check(&self, profiles: &[ProfileId]) -> Result<(), Violation> {
        if !self.files().database.exists() {
            return Ok(());
        }
        for (sql, good) in RULES {
            let found = self.ask(|eye| eye.query_row(sql, [], |row| row.get::<_, String>(0)))?;
            promise!(found == good, "`{sql}` says `{found}`");
        }
        for profile in profiles {
            for (kind, (table, count)) in ContentKind::ALL.into_iter().zip(TABLES) {
                let sql = format!(
                    "SELECT IFNULL((SELECT {count} FROM xtream_content_sync WHERE profile_id=?1),0) \
                     - (SELECT COUNT(*) FROM {table} WHERE profile_id=?1)"
                );
                let off = self.ask(|eye| eye.query_row(&sql, [profile.as_str()], |row| row.get::<_, i64>(0)))?;
                promise!(off == 0, "{kind}: the count of `{profile}` is off by {off}");
            }
        }
        Ok(())
    }

    fn hidden(&self, profile: &ProfileId) -> Result<Hidden, Violation> {
        let mut all = Hidden::default();
        for (kind, (table, _)) in ContentKind::ALL.into_iter().zip(TABLES) {
            let sql = format!("SELECT {}, id, created_at FROM {table} WHERE profile_id=?1", kind.id_column());
            all.numbers[kind] = self.ask(|eye| {
                let mut statement = eye.prepare(&sql)?;
                let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)));
                statement.query_map([profile.as_str()], row)?.collect()
            })?;
            let sql = "SELECT content_id, name||'|'||removed_at||'|'||run_id||'|'||ifnull(successor_id,'')||'|'||\
                       ifnull(item_created_at,'') FROM xtream_tombstones WHERE profile_id=?1 AND kind=?2";
            all.graves[kind] = self.ask(|eye| {
                let mut statement = eye.prepare(sql)?;
                let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                statement.query_map([profile.as_str(), kind.as_str()], row)?.collect()
            })?;
        }
        Ok(all)
    }
}

/// The tables of items, and the columns with their counts.
const TABLES: [(&str, &str); 3] =
    [("xtream_channels", "channels_count"), ("xtream_movies", "movies_count"), ("xtream_series", "series_count")];

/// Queries and the results that every cache gives at every moment.
const RULES: [(&str, &str); 5] = [
    ("PRAGMA integrity_check", "ok"),
    ("SELECT IFNULL(GROUP_CONCAT(\"table\"),'none') FROM pragma_foreign_key_check", "none"),
    (
        "SELECT CAST(COUNT(*) AS TEXT) FROM (SELECT profile_id,'channels' kind,stream_id id FROM xtream_channels \
         UNION ALL SELECT profile_id,'movies',stream_id FROM xtream_movies \
         UNION ALL SELECT profile_id,'series',series_id FROM xtream_series) \
         JOIN xtream_tombstones t USING (profile_id,kind) WHERE t.content_id=id",
        "0",
    ),
    (
        "SELECT CAST(COUNT(*) AS TEXT) FROM (SELECT 1 FROM xtream_sync_runs WHERE status='syncing' \
         GROUP BY profile_id HAVING COUNT(*)>1)",
        "0",
    ),
    (
        "SELECT CAST(COUNT(*) AS TEXT) FROM xtream_sync_run_kinds k LEFT JOIN xtream_sync_runs r ON r.id=k.run_id \
         WHERE r.id IS NULL",
        "0",
    ),
];

/// `kill -9`, as seen on the disk.
struct Killed {
    files: Arc<Files>,
    image: Arc<Mutex<Option<Image>>>,
}

#[async_trait]
impl Death for Killed {
    /// A commit appends to the log. A process that dies during a commit has appended a part.
    async fn apply(&self, staging: &mut dyn Staging, commit: ScopeCommit, share: u8) -> Result<Applied, StoreError> {
        let before = self.files.image();
        let done = staging.apply(commit, CancellationToken::new()).await;
        self.leave(before, share);
        done
    }

    async fn break_inside(
        &self,
        staging: &mut dyn Staging,
        commit: ScopeCommit,
        cancel: CancellationToken,
        number: u8,
    ) -> Result<Applied, StoreError> {
        let place = match number {
            248.. => ("INSERT", "xtream_content_hashes"),
            _ => BREAKING[usize::from(number) % BREAKING.len()],
        };
        let trap = self.trap(place, number)?;
        let done = staging.apply(commit, cancel).await;
        trap.execute_batch("DROP TRIGGER torture").map_err(StoreError::backend)?;
        done
    }

    async fn undo(
        &self,
        store: &dyn TestedStore,
        profile: &ProfileId,
        request: UndoRequest,
        share: u8,
    ) -> Result<UndoOutcome, StoreError> {
        let before = self.files.image();
        let done = store.undo(profile, request).await;
        self.leave(before, share);
        done
    }

    async fn break_undo(
        &self,
        store: &dyn TestedStore,
        profile: &ProfileId,
        request: UndoRequest,
        number: u8,
    ) -> Result<UndoOutcome, StoreError> {
        let trap = self.trap(BREAKING_UNDO[usize::from(number) % BREAKING_UNDO.len()], number)?;
        let done = store.undo(profile, request).await;
        trap.execute_batch("DROP TRIGGER torture").map_err(StoreError::backend)?;
        done
    }
}

impl Killed {
    /// Leaves the files of a process that died when this share of the changes since `before` was written.
    fn leave(&self, before: Image, share: u8) {
        let log = torn(&before.log, &self.files.image().log, share);
        *self.image.lock().unwrap_or_else(PoisonError::into_inner) = Some(Image { database: before.database, log });
    }

    /// Makes a statement of this kind fail, until the trap is dropped.
    fn trap(&self, (event, table): (&str, &str), number: u8) -> Result<Connection, StoreError> {
        // The second one is what SQLite itself does when the disk is full.
        let how = ["ABORT", "ROLLBACK", "FAIL"][usize::from(number / 16) % 3];
        let eye = Connection::open(&self.files.database).map_err(StoreError::backend)?;
        let trap = format!(
            "CREATE TRIGGER torture BEFORE {event} ON {table} BEGIN SELECT RAISE({how},'database or disk is full'); END"
        );
        eye.execute_batch(&trap).map_err(StoreError::backend)?;
        Ok(eye)
    }
}

/// The statements at which an apply can fail.
const BREAKING: [(&str, &str); 11] = [
    ("INSERT", "xtream_channels"),
    ("INSERT", "xtream_movies"),
    ("INSERT", "xtream_series"),
    ("DELETE", "xtream_movies"),
    ("INSERT", "xtream_changes"),
    ("INSERT", "xtream_listing_index"),
    ("INSERT", "xtream_held_removals"),
    ("INSERT", "xtream_tombstones"),
    ("INSERT", "xtream_movie_categories"),
    ("UPDATE", "xtream_content_sync"),
    ("INSERT", "xtream_sync_run_kinds"),
];

/// The statements at which an undo can fail.
const BREAKING_UNDO: [(&str, &str); 14] = [
    ("INSERT", "xtream_sync_runs"),
    ("INSERT", "xtream_movies"),
    ("UPDATE", "xtream_movies"),
    ("DELETE", "xtream_movies"),
    ("INSERT", "xtream_channels"),
    ("DELETE", "xtream_channels"),
    ("INSERT", "xtream_movie_categories"),
    ("INSERT", "xtream_changes"),
    ("INSERT", "xtream_held_removals"),
    ("DELETE", "xtream_tombstones"),
    ("INSERT", "xtream_listing_index"),
    ("UPDATE", "xtream_content_sync"),
    ("INSERT", "xtream_sync_run_kinds"),
    ("UPDATE", "xtream_sync_run_kinds"),
];

/// Returns the log when a share (of 255) of its changes was written. Only the last share has all of them.
fn torn(before: &[u8], after: &[u8], share: u8) -> Vec<u8> {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let end = if after.len() > before.len() {
        after.len()
    } else {
        after.iter().zip(before).rposition(|(a, b)| a != b).map_or(same, |last| last + 1)
    };
    let written = same + (end - same) * usize::from(share) / 255;
    let mut log = after[..written].to_vec();
    log.extend(before.iter().skip(written));
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_log_is_the_new_one_up_to_a_point_and_the_old_one_after_it() {
        assert_eq!(torn(b"", b"abcd", 0), b"");
        assert_eq!(torn(b"", b"abcd", 128), b"ab");
        assert_eq!(torn(b"ab", b"abcd", 128), b"abc");
        assert_eq!(torn(b"ab", b"abcd", 255), b"abcd");
        assert_eq!(torn(b"xyzw", b"abzw", 128), b"ayzw", "a log that was begun anew");
        assert_eq!(torn(b"abcd", b"abcd", 9), b"abcd");
    }
}
