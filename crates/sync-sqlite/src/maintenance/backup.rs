//! Makes backups: a consistent copy of a cache, even while a sync is running.

use std::io;
use std::path::{Path, PathBuf};

use sync_core::{ErrorClass, StoreError};

use crate::db::blocking::off_thread;
use crate::db::open::open_to_read;
use crate::db::schema::Schema;
use crate::db::{connection, fault, file};
use crate::maintenance::copy::{self, BackedUp, Copy, look_at};

/// The reason why a backup could not be made or restored. The cache is unchanged in every case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file exists already, and must not be replaced.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The file or folder doesn't exist.
    #[error("there is no {}", .0.display())]
    Missing(PathBuf),
    /// A folder can't be a backup.
    #[error("{} is a folder", .0.display())]
    Folder(PathBuf),
    /// The path is a device or the like. A backup is neither written to one nor read from one.
    #[error("{} is no ordinary file", .0.display())]
    Special(PathBuf),
    /// The file is the cache itself, or one that SQLite keeps beside it.
    #[error("{} is the cache itself", .0.display())]
    Itself(PathBuf),
    /// The file can't take the place of a cache.
    #[error("{} can't be restored: {}", path.display(), of_file(error))]
    Unfit {
        /// The file.
        path: PathBuf,
        /// The error. The message contains it.
        error: StoreError,
    },
    /// The file of the backup can't be read or written.
    #[error("{}: {}", path.display(), of_file(error))]
    File {
        /// The file.
        path: PathBuf,
        /// The action and the reason why it failed. The message contains them.
        error: StoreError,
    },
    /// The cache failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// Returns what the caller can do about the error, or `None` if the caller has to name another file.
    pub fn class(&self) -> Option<ErrorClass> {
        match self {
            Self::Exists(_) | Self::Missing(_) | Self::Folder(_) | Self::Special(_) | Self::Itself(_) => None,
            Self::Unfit { error, .. } | Self::File { error, .. } | Self::Store(error) => Some(error.class()),
        }
    }

    /// Returns what a person can do about the error, in words that any program can show.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Exists(_) => "name another file, or allow that this one is replaced",
            Self::Missing(_) => "check the path",
            Self::Folder(_) | Self::Special(_) | Self::Itself(_) => "name another file",
            Self::Unfit { error: StoreError::Newer(_), .. } => "restore it with that version; the cache is unchanged",
            Self::Unfit { .. } => "the cache is unchanged; use another backup",
            Self::File { error: StoreError::Full, .. } => "make room, or choose another disk; the cache is unchanged",
            Self::File { .. } => "check the rights and the free space there; the cache is unchanged",
            Self::Store(error) => error.hint().as_str(),
        }
    }

    pub(crate) fn of_io(path: &Path, error: &io::Error, what: &str) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound if !file::folder_of(path).exists() => {
                Self::Missing(file::folder_of(path).to_owned())
            }
            io::ErrorKind::AlreadyExists => Self::Exists(path.to_owned()),
            _ => Self::File { path: path.to_owned(), error: fault::of_io(error, what) },
        }
    }
}

/// Returns the error of a file beside the cache, in words that don't speak of the cache.
fn of_file(error: &StoreError) -> String {
    match error {
        StoreError::Corrupt(text) | StoreError::ReadOnly(text) => text.clone(),
        StoreError::Backend(cause) => cause.to_string(),
        StoreError::Newer(version) => format!("it was made by a newer version of this program ({version})"),
        StoreError::Foreign => "it is the database of another program".to_owned(),
        error => error.to_string(),
    }
}

/// Copies one state of a cache into another file, which only its owner can read. Other programs may write meanwhile.
/// The copy gets its name when it is complete. With `replace`, it replaces an existing file.
///
/// The copy has everything that the cache has, including passwords. The schema of an older cache isn't migrated.
///
/// # Errors
///
/// Returns a [`BackupError`]. No part of a backup is left behind then, nor if the future is dropped.
pub async fn back_up(cache: &Path, target: &Path, replace: bool) -> Result<BackedUp, BackupError> {
    let cache = file::existing(cache)?;
    if is_part_of(target, &cache) {
        return Err(BackupError::Itself(target.to_owned()));
    }
    match std::fs::symlink_metadata(target) {
        Ok(found) if found.is_dir() => return Err(BackupError::Folder(target.to_owned())),
        Ok(_) if !replace => return Err(BackupError::Exists(target.to_owned())),
        // The copy would replace a device, instead of being written to it.
        Ok(found) if !found.is_file() && !found.is_symlink() => return Err(BackupError::Special(target.to_owned())),
        _ => {}
    }
    // The copy is created here and not on the other thread, so that nothing is left if the caller drops the future.
    let copy = Copy::beside(target).map_err(|error| BackupError::of_io(target, &error, "creating the backup"))?;
    let (path, place) = (copy.path().to_owned(), target.to_owned());
    let made = off_thread(move || make(&cache, &path, &place)).await?;
    copy.put(target, replace).map_err(|error| BackupError::of_io(target, &error, "naming the backup"))?;
    Ok(made)
}

fn make(cache: &Path, copy: &Path, place: &Path) -> Result<BackedUp, BackupError> {
    let (_, mut from, schema) = open_to_read(cache)?;
    if schema == Schema::Empty {
        return Err(file::missing(cache).into());
    }
    // The connection was opened read-only, so the file still can't be written.
    connection::batch(&mut from, "PRAGMA query_only=OFF")?;
    copy::fill(copy, &mut from).map_err(|error| match error {
        StoreError::Corrupt(_) => BackupError::Store(error),
        _ => BackupError::File { path: place.to_owned(), error },
    })?;
    look_at(copy).map_err(|error| BackupError::File { path: place.to_owned(), error })
}

/// Returns whether a path is that of the cache, or of a file that SQLite keeps beside it.
pub(crate) fn is_part_of(path: &Path, cache: &Path) -> bool {
    let parts = ["", "-wal", "-shm", "-journal"].map(|part| file::named_after(cache, part));
    parts.iter().any(|part| is_same(path, part))
}

fn is_same(a: &Path, b: &Path) -> bool {
    let resolved = |path: &Path| match path.canonicalize() {
        Ok(path) => Some(path),
        // A file that doesn't exist yet has a folder and a name.
        Err(_) => Some(file::folder_of(path).canonicalize().ok()?.join(path.file_name()?)),
    };
    if resolved(a).is_some_and(|a| Some(a) == resolved(b)) {
        return true;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let inode = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino())).ok();
        inode(a).is_some_and(|found| Some(found) == inode(b))
    }
    #[cfg(not(unix))]
    false
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn every_error_has_a_class_and_a_hint() {
        let path = || PathBuf::from("b.db");
        let unfit = |error| BackupError::Unfit { path: path(), error };
        let file = |error| BackupError::File { path: path(), error };
        let newer = || StoreError::Newer("9".to_owned());
        let corrupt = || StoreError::Corrupt("a page is wrong".to_owned());
        let cases = [
            (BackupError::Exists(path()), None, "b.db is there already", "replaced"),
            (BackupError::Missing(path()), None, "there is no b.db", "path"),
            (BackupError::Folder(path()), None, "b.db is a folder", "another file"),
            (BackupError::Special(path()), None, "b.db is no ordinary file", "another file"),
            (BackupError::Itself(path()), None, "b.db is the cache itself", "another file"),
            (
                unfit(newer()),
                Some(ErrorClass::NewerCache),
                "b.db can't be restored: it was made by a newer version of this program (9)",
                "with that version",
            ),
            (
                unfit(StoreError::Foreign),
                Some(ErrorClass::Store),
                "b.db can't be restored: it is the database of another program",
                "another backup",
            ),
            (unfit(corrupt()), Some(ErrorClass::Store), "b.db can't be restored: a page is wrong", "another backup"),
            (file(StoreError::ReadOnly("no right".to_owned())), Some(ErrorClass::Store), "b.db: no right", "rights"),
            (file(StoreError::backend("odd")), Some(ErrorClass::Store), "b.db: odd", "rights"),
            (BackupError::Store(newer()), Some(ErrorClass::NewerCache), "newer", newer().hint().as_str()),
        ];
        for (error, class, words, hint) in cases {
            assert_eq!(error.class(), class, "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.hint().contains(hint), "{error}: {}", error.hint());
        }
        let full = file(StoreError::Full);
        assert_eq!((full.class(), full.hint().contains("make room")), (Some(ErrorClass::Store), true));
        assert!(full.to_string().starts_with("b.db: ") && full.to_string().len() > 10, "{full}");
    }

    #[test]
    fn errors_of_the_file_system_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let of = |path: &Path, kind: ErrorKind| BackupError::of_io(path, &kind.into(), "trying");
        let (here, nowhere) = (folder.path().join("b.db"), folder.path().join("none/b.db"));
        assert!(matches!(of(&here, ErrorKind::AlreadyExists), BackupError::Exists(path) if path == here));
        assert!(matches!(of(&nowhere, ErrorKind::NotFound), BackupError::Missing(path) if path.ends_with("none")));
        assert!(matches!(of(&here, ErrorKind::NotFound), BackupError::File { path, .. } if path == here));
        assert!(matches!(of(&here, ErrorKind::StorageFull), BackupError::File { error: StoreError::Full, .. }));
    }
}
