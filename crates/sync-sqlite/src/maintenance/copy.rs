//! Copies a database into another file, by SQLite itself. The copy is one state, even while other programs write, and
//! has neither the log nor free pages.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::SqliteConnection;
use sync_core::StoreError;
use tempfile::{TempDir, TempPath};

use crate::db::statement::{execute, integer, records};
use crate::db::{connection, fault, file};

/// The beginning of the names of folders in which copies are made.
const PREFIX: &str = ".xtream-sync-";

/// The age from which a folder is stale. No copy takes so long, so a killed program has left the folder behind.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// The attempts to remove a folder. SQLite may create a file in it meanwhile.
const ATTEMPTS: u32 = 10;

/// A copy in a folder of its own, beside its final place. If it is dropped before it is put there, nothing of it is
/// left.
pub(crate) struct Copy {
    folder: Option<TempDir>,
    path: PathBuf,
}

impl Copy {
    /// Creates an empty copy for a place.
    pub(crate) fn beside(place: &Path) -> io::Result<Self> {
        let beside = file::folder_of(place);
        forget_stale(beside);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir_in(beside)?;
        let path = folder.path().join("copy.db");
        // SQLite uses an empty file as it is, with its permissions.
        file::owned(fs::OpenOptions::new().write(true).create_new(true)).open(&path)?;
        Ok(Self { folder: Some(folder), path })
    }

    /// Returns the present path of the copy.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the copy to its place. With `replace`, it replaces an existing file.
    pub(crate) fn put(self, place: &Path, replace: bool) -> io::Result<()> {
        let copy = TempPath::try_from_path(&self.path)?;
        if replace {
            copy.persist(place).map_err(|refused| refused.error)?;
        } else {
            copy.persist_noclobber(place).map_err(|refused| refused.error)?;
        }
        sync_folder(place)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // A thread that nobody waits for any more may still be writing there.
        let Some(folder) = self.folder.take().map(TempDir::keep) else { return };
        for _ in 0..ATTEMPTS {
            if fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                break;
            }
        }
    }
}

/// Deletes the folders that killed programs have left behind.
fn forget_stale(beside: &Path) {
    let is_stale = |entry: &fs::DirEntry| {
        let old = entry
            .metadata()
            .and_then(|found| found.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > STALE));
        old && entry.file_name().to_string_lossy().starts_with(PREFIX)
    };
    for entry in fs::read_dir(beside).into_iter().flatten().flatten().filter(is_stale) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

/// Copies the state that a connection sees into an empty file.
pub(crate) fn fill(copy: &Path, from: &mut SqliteConnection) -> Result<(), StoreError> {
    if let Err(error) = execute(from, "VACUUM INTO ?", &[file::plain(copy)?.into()]) {
        // SQLite reports some damage of the source as a full disk.
        require_whole(from, "quick_check")?;
        return Err(error);
    }
    // Everything that SQLite leaves to the operating system must be on the disk before the copy gets its name.
    let synced = File::open(copy).and_then(|copy| copy.sync_all());
    synced.map_err(|error| fault::of_io(&error, "writing the copy"))
}

/// Opens a copy for reading.
pub(crate) fn open(copy: &Path) -> Result<SqliteConnection, StoreError> {
    connection::reader(&file::read_only_uri(copy, false)?)
}

/// Writes the names in the folder of a file to the disk.
pub(crate) fn sync_folder(of: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(file::folder_of(of))?.sync_all() } else { Ok(()) }
}

/// Returns an error with SQLite's messages if a file is damaged. `pragma` decides how thorough the test is.
pub(crate) fn require_whole(conn: &mut SqliteConnection, pragma: &str) -> Result<(), StoreError> {
    let mut told = Vec::new();
    for mut row in records(conn, &format!("PRAGMA {pragma}(3)"), &[])? {
        told.push(row.text(0)?);
    }
    if told == ["ok"] { Ok(()) } else { Err(StoreError::Corrupt(told.join("; "))) }
}

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackedUp {
    /// The length of its file.
    pub bytes: u64,
    /// The number of profiles in it.
    pub profiles: u64,
    /// The number of these profiles that have a password in clear text, the present one or a former one.
    pub passwords: u64,
}

/// Tests whether a copy is undamaged, and returns what it contains.
pub(crate) fn look_at(copy: &Path) -> Result<BackedUp, StoreError> {
    let mut conn = open(copy)?;
    require_whole(&mut conn, "quick_check")?;
    let mut count = |sql| Ok::<_, StoreError>(integer(&mut conn, sql, &[])?.unwrap_or_default().unsigned_abs());
    // A cache of an older version has no former logins.
    let has_former = count("SELECT COUNT(*) FROM sqlite_master WHERE name='xtream_former_logins'")? > 0;
    let passwords = if has_former {
        "SELECT COUNT(*) FROM (SELECT profile_id FROM xtream_profiles WHERE password IS NOT NULL UNION SELECT profile_id \
         FROM xtream_former_logins WHERE password<>'')"
    } else {
        "SELECT COUNT(password) FROM xtream_profiles"
    };
    Ok(BackedUp {
        bytes: count("SELECT page_count*page_size FROM pragma_page_count, pragma_page_size")?,
        profiles: count("SELECT COUNT(*) FROM xtream_profiles")?,
        passwords: count(passwords)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_complete_or_does_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("copy.db");
        let names = || fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        let mut from = connection::connect(":memory:").unwrap();
        connection::batch(&mut from, "CREATE TABLE a (b); INSERT INTO a VALUES (5)").unwrap();
        drop(Copy::beside(&place).unwrap());
        let copy = Copy::beside(&place).unwrap();
        fill(copy.path(), &mut from).unwrap();
        drop(copy);
        assert!(names().is_empty(), "{:?}", names());
        for replace in [false, true] {
            let copy = Copy::beside(&place).unwrap();
            fill(copy.path(), &mut from).unwrap();
            copy.put(&place, replace).unwrap();
            assert_eq!(names(), ["copy.db"]);
        }
        let copy = Copy::beside(&place).unwrap();
        assert_eq!(copy.put(&place, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(), ["copy.db"]);
        assert_eq!(integer(&mut open(&place).unwrap(), "SELECT b FROM a", &[]).unwrap(), Some(5));
    }

    #[test]
    fn files_of_a_killed_program_are_removed_later() {
        let folder = tempfile::tempdir().unwrap();
        let [old, fresh, other] =
            [".xtream-sync-old", ".xtream-sync-fresh", "other"].map(|name| folder.path().join(name));
        let long_ago = std::time::SystemTime::now() - STALE - Duration::from_secs(60);
        for path in [&old, &fresh, &other] {
            fs::create_dir(path).unwrap();
        }
        for path in [&old, &other] {
            File::open(path).unwrap().set_modified(long_ago).unwrap();
        }
        drop(Copy::beside(&folder.path().join("copy.db")).unwrap());
        assert_eq!([old, fresh, other].map(|path| path.exists()), [false, true, true]);
    }
}
