//! The right to watch a cache: an OS lock on a file beside it.
//!
//! The lock is free the moment its holder dies, however it dies. The file stays.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use sync_core::StoreError;

use crate::db::{fault, file};

/// The right to watch a cache. It ends when it is dropped.
#[derive(Debug)]
pub struct WatchLock(#[expect(dead_code, reason = "held, and dropped with the lock")] File);

impl WatchLock {
    /// Takes the right to watch the cache in this file; `None` if somebody else has it.
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
    fn one_has_the_right_at_a_time() {
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
