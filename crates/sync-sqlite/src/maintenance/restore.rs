//! Restores a backup: the backup takes the place of a cache, and the former cache stays beside it.
//!
//! Everything that has to be read and copied is done first, beside the cache, and no other program waits for it. Then
//! the two files change places while no program has the cache open. There is a cache at its place at every moment.
//! Nothing of the old log is left, because SQLite would apply it to the new file.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diesel::SqliteConnection;
use sync_core::StoreError;

use crate::db::blocking::off_thread;
use crate::db::open::open_to_read;
use crate::db::schema::Schema;
use crate::db::statement::{Record, integer, record, records};
use crate::db::{connection, fault, file, lock, schema};
use crate::maintenance::backup::{BackupError, is_part_of};
use crate::maintenance::copy::{self, look_at};
use crate::maintenance::copy::{Copy, require_whole, sync_folder};
use crate::store::SqliteStore;
use crate::tables::profile::RANDOM_EPOCH;

/// The result of restoring a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// The path of the former cache; `None` if there was none.
    pub kept: Option<PathBuf>,
    /// The number of profiles in the cache now.
    pub profiles: u64,
    /// The number of edits of the former cache that are not in the backup, or are newer than those of the backup. They
    /// are in the cache that was kept.
    pub newer_edits: u64,
}

/// Puts a copy of a backup in the place of a cache, and keeps the former cache as `NAME.before-restore-TIME`. An older
/// backup is migrated when it is next opened.
///
/// # Errors
///
/// Returns [`BackupError::Unfit`] for a file that is no cache, is damaged, or was made by a newer version;
/// [`StoreError::Leased`] while a sync is running; and [`StoreError::Locked`] while any program, this one included, has
/// the cache open. The cache is unchanged then, and also if the future is dropped before its end.
pub async fn restore(cache: &Path, backup: &Path) -> Result<Restored, BackupError> {
    match backup.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BackupError::Missing(backup.to_owned())),
        Ok(found) if found.is_dir() => return Err(BackupError::Folder(backup.to_owned())),
        Ok(found) if !found.is_file() => return Err(BackupError::Special(backup.to_owned())),
        _ => {}
    }
    file::create_folder(cache)?;
    let cache = cache.canonicalize().unwrap_or_else(|_| cache.to_owned());
    if cache.is_dir() {
        return Err(BackupError::Folder(cache));
    }
    if is_part_of(backup, &cache) {
        return Err(BackupError::Itself(backup.to_owned()));
    }
    let copy = Copy::beside(&cache).map_err(|error| fault::of_io(&error, "creating a copy beside the cache"))?;
    let (path, from) = (copy.path().to_owned(), backup.to_owned());
    let prepared = off_thread(move || Prepared::new(&path, &from)).await?;
    // There is no await from here on, so the restore can't be interrupted by dropping the future.
    prepared.swap(copy, &cache)
}

/// The properties of a copied backup.
struct Prepared {
    profiles: u64,
    time: String,
}

impl Prepared {
    fn new(copy: &Path, backup: &Path) -> Result<Self, BackupError> {
        let unfit = |error| BackupError::Unfit { path: backup.to_owned(), error };
        let (_, mut from, schema) = open_to_read(backup).map_err(unfit)?;
        if schema == Schema::Empty {
            return Err(unfit(StoreError::Corrupt("the file is empty".to_owned())));
        }
        require_whole(&mut from, "integrity_check").map_err(unfit)?;
        connection::batch(&mut from, "PRAGMA query_only=OFF")?;
        copy::fill(copy, &mut from)?;
        begin_epochs(copy)?;
        let time = record(&mut from, "SELECT strftime('%Y%m%dT%H%M%SZ','now')", &[])?;
        let time = time.map_or_else(|| Ok(String::new()), |mut row| row.text(0))?;
        Ok(Self { profiles: look_at(copy)?.profiles, time })
    }

    fn swap(self, copy: Copy, cache: &Path) -> Result<Restored, BackupError> {
        let _alone = lock::alone(cache).map_err(|error| in_use(cache, error))?;
        let mut quiet = flush_log(cache)?;
        let newer_edits = quiet.as_mut().map_or(0, |old| newer_edits(old, copy.path()));
        let kept = set_aside(cache, &self.time).map_err(|error| fault::of_io(&error, "putting the cache aside"))?;
        let put = copy.put(cache, true);
        // The connection has kept other programs out of the old file until now.
        drop(quiet);
        put.map_err(|error| fault::of_io(&error, "putting the backup in place"))?;
        tracing::info!(kept = kept.as_ref().map(|path| path.display().to_string()), "cache restored");
        Ok(Restored { kept, profiles: self.profiles, newer_edits })
    }
}

/// Begins a new epoch of every feed, because entries after the backup are not in it and their sequences are used again.
/// A backup of an older schema gets its epochs when it is migrated.
fn begin_epochs(copy: &Path) -> Result<(), BackupError> {
    let mut conn = connection::connect(file::plain(copy)?)?;
    if schema::examine(&mut conn)? == Schema::Current {
        connection::batch(&mut conn, &format!("UPDATE xtream_profiles SET feed_epoch={RANDOM_EPOCH}"))?;
    }
    Ok(())
}

/// Counts the edits of a cache that are not in a copy, or are older there. A cache that can't be read has no edits.
fn newer_edits(old: &mut SqliteConnection, copy: &Path) -> u64 {
    let mut counted = || {
        let kept = edits(&mut copy::open(copy)?)?;
        let is_newer = |(key, at): &(&EditKey, &i64)| kept.get(*key).is_none_or(|kept| kept < *at);
        Ok::<_, StoreError>(edits(old)?.iter().filter(is_newer).count() as u64)
    };
    counted().unwrap_or_else(|error| {
        tracing::debug!(error = %error, "the edits of the cache that was there before were not counted");
        0
    })
}

/// The profile, kind, parent, item and field of an edit, each as an SQL literal.
type EditKey = String;

/// Returns the time of each edit of a cache. A cache of an older schema has none.
fn edits(conn: &mut SqliteConnection) -> Result<HashMap<EditKey, i64>, StoreError> {
    if integer(conn, "SELECT 1 FROM sqlite_master WHERE type='table' AND name='xtream_edits'", &[])?.is_none() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT quote(profile_id)||quote(kind)||quote(parent)||','||quote(content_id)||quote(field),edited_at \
               FROM xtream_edits WHERE typeof(edited_at)='integer'";
    let read = |mut row: Record| Ok((row.text(0)?, row.integer(1)?));
    records(conn, sql, &[])?.into_iter().map(read).collect()
}

/// Names the profile that is being synced, if that is why the cache is in use.
fn in_use(cache: &Path, error: StoreError) -> StoreError {
    let Ok(store) = SqliteStore::open_read_only(cache) else { return error };
    let profiles = store.profiles_blocking().unwrap_or_default();
    let syncing = profiles.into_iter().map(|profile| profile.id).find(|id| store.is_leased(id));
    syncing.map_or(error, StoreError::Leased)
}

/// Moves the content of a cache's log into its file, and keeps other programs out as long as the connection lives. A
/// file that is no database, or is damaged, is left as it is.
fn flush_log(cache: &Path) -> Result<Option<SqliteConnection>, StoreError> {
    if !fs::metadata(cache).is_ok_and(|found| found.len() > 0) {
        return Ok(None);
    }
    let flush = || {
        let mut conn = connection::connect(file::plain(cache)?)?;
        connection::batch(&mut conn, "PRAGMA busy_timeout=500")?;
        match schema::examine(&mut conn) {
            // A cache of a newer version is set aside like any other.
            Err(StoreError::Newer(_)) => {}
            examined => drop(examined?),
        }
        // Only a connection that has the file alone can switch the log off. All content is then in the file.
        let mode = record(&mut conn, "PRAGMA journal_mode=DELETE", &[])?.map(|mut row| row.text(0)).transpose()?;
        if mode.as_deref() != Some("delete") {
            return Err(StoreError::Locked);
        }
        connection::batch(&mut conn, "BEGIN EXCLUSIVE")?;
        Ok(conn)
    };
    match flush() {
        Ok(conn) => Ok(Some(conn)),
        Err(StoreError::Corrupt(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives a cache, and the files that SQLite has left beside it, another name. The cache also keeps its own name until
/// another file takes it.
fn set_aside(cache: &Path, time: &str) -> io::Result<Option<PathBuf>> {
    let kept = (1..).map(|count| {
        let number = if count > 1 { format!("-{count}") } else { String::new() };
        file::named_after(cache, &format!(".before-restore-{time}{number}"))
    });
    for kept in kept {
        let there = cache.try_exists()?;
        if there {
            match fs::hard_link(cache, &kept) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                // Some file systems have no links.
                Err(_) if !kept.exists() => fs::rename(cache, &kept)?,
                linked => linked?,
            }
        }
        for part in ["-wal", "-shm", "-journal"] {
            match fs::rename(file::named_after(cache, part), file::named_after(&kept, part)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        sync_folder(cache)?;
        return Ok(there.then_some(kept));
    }
    Ok(None)
}
