//! The right to watch a cache: an OS lock on a file beside it.
//!
//! The lock is released as soon as its owner ends, in whatever way it ends. The file stays.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use sync_core::StoreError;

use crate::db::{fault, file};

/// The right to watch a cache. The right ends when the lock is dropped.
#[derive(Debug)]
pub struct WatchLock(#[expect(dead_code, reason = "held, and dropped with the lock")] File);

impl WatchLock {
    /// Takes the right to watch the cache in this file. Returns `None` if another program has the right.
    pub fn take(database: impl AsRef<Path>) -> Result<Option<Self>, StoreError> {
        let database = file::existing(database.as_ref())?;
        let path = file::named_after(&database, "-watch");
        let lock = file::owned(OpenOptions::new().read(true).write(true).create(true).truncate(false))
            .open(path)
            .map_err(|error| fault::of_io(&error, "opening the lock of the watch"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(fault::of_io(&error, "locking the watch")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteStore;

    #[test]
    fn one_watcher_has_the_lock_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        assert!(WatchLock::take(&path).is_err(), "there is no cache");
        drop(SqliteStore::open(&path).unwrap());
        let first = WatchLock::take(&path).unwrap();
        assert!(first.is_some());
        assert!(WatchLock::take(&path).unwrap().is_none());
        drop(first);
        assert!(WatchLock::take(&path).unwrap().is_some());
    }
}
