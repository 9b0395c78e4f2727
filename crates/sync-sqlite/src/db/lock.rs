//! The lock of programs that have a cache open for writing: an OS lock on a file beside the cache. Several programs
//! share it. A program that replaces the file needs the lock alone.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use sync_core::StoreError;

use crate::db::{fault, file};

/// The time to wait for the lock. Exchanging two files doesn't take longer.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// Takes a share of the lock until the file is dropped. Returns `None` if the file system has no locks. No program can
/// get the lock alone there either.
pub(crate) fn shared(cache: &Path) -> Result<Option<File>, StoreError> {
    let file = open(cache)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Takes the lock alone.
///
/// # Errors
///
/// Returns [`StoreError::Locked`] while another program has a share of it.
pub(crate) fn alone(cache: &Path) -> Result<File, StoreError> {
    let file = open(cache)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked),
        Err(TryLockError::Error(error)) => Err(fault::of_io(&error, "locking the cache")),
    }
}

fn open(cache: &Path) -> Result<File, StoreError> {
    file::owned(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(file::named_after(cache, "-lease"))
        .map_err(|error| fault::of_io(&error, "opening the lock of the cache"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_shared_by_several_or_exclusive() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache.db");
        let (one, two) = (shared(&cache).unwrap(), shared(&cache).unwrap());
        assert!(matches!(alone(&cache), Err(StoreError::Locked)));
        drop(one);
        assert!(matches!(alone(&cache), Err(StoreError::Locked)));
        drop(two);
        let only = alone(&cache).unwrap();
        assert!(matches!(alone(&cache), Err(StoreError::Locked)));
        // A program that opens the cache meanwhile waits until the files are exchanged. The exchange takes some time.
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(PAUSE * 5);
                drop(only);
            });
            assert!(shared(&cache).unwrap().is_some());
        });
    }
}
