//! The lease of a profile: an OS lock on a file beside the database, and a fence inside it.
//!
//! The lock is released as soon as its owner ends, in whatever way it ends. The fence covers what a lock can't prevent:
//! a suspended owner that wakes up after another run has taken over.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::prelude::*;
use sync_core::store::Lease;
use sync_core::{ProfileId, StoreError};
use xxhash_rust::xxh3::xxh3_64;

use crate::db::schema::{self, Schema};
use crate::db::{fault, file, stop};
use crate::store::SqliteStore;
use crate::tables::guards::unknown;
use crate::tables::schema::xtream_profiles;

/// The attempts to take the lock. A test whether the lease is taken holds the lock for a moment, and a run that meets
/// this moment tries again.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

impl SqliteStore {
    /// Takes the lease of a profile. The lease ends when it is dropped.
    pub fn lease_blocking(&self, profile: &ProfileId) -> Result<Lease, StoreError> {
        self.require_writable()?;
        let held = self.lock_profile(profile)?;
        let fence = self.write(|conn| {
            // Another program may have migrated the cache since it was opened.
            match schema::examine(conn)? {
                Schema::Current => {}
                Schema::Empty | Schema::Older => return Err(StoreError::Older),
            }
            let fence = diesel::update(xtream_profiles::table.filter(xtream_profiles::profile_id.eq(profile.as_str())))
                .set(xtream_profiles::fence.eq(xtream_profiles::fence + 1))
                .returning(xtream_profiles::fence)
                .get_result::<i64>(conn);
            fence.optional().map_err(fault::of_diesel)?.ok_or_else(|| unknown(profile))
        })?;
        stop::at("lease.taken");
        Ok(Lease::new(fence.unsigned_abs(), held))
    }

    /// Takes the OS lock of a profile.
    pub(crate) fn lock_profile(&self, profile: &ProfileId) -> Result<File, StoreError> {
        let path = lock_path(self.path(), profile);
        let file = file::owned(OpenOptions::new().read(true).write(true).create(true).truncate(false))
            .open(path)
            .map_err(|error| fault::of_io(&error, "opening the lock of the profile"))?;
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(StoreError::Leased(profile.clone())),
                Err(TryLockError::Error(error)) => return Err(fault::of_io(&error, "locking the profile")),
            }
        }
        Ok(file)
    }

    /// Returns whether the lease is taken. Creates no file, and keeps no lock.
    pub(crate) fn is_leased(&self, profile: &ProfileId) -> bool {
        let Ok(file) = File::open(lock_path(self.path(), profile)) else { return false };
        // The lock is shared, so that simultaneous tests don't see each other.
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

/// Returns the path of the lock file. Profile ids may contain anything, so the file name has a digest of the id.
fn lock_path(database: &Path, profile: &ProfileId) -> PathBuf {
    file::named_after(database, &format!("-lease-{:016x}", xxh3_64(profile.as_str().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without further attempts, simultaneous tests would cost a run its lease.
    #[test]
    fn a_lease_that_meets_a_reader_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("cache.db")).unwrap();
        let home = ProfileId::new("home").unwrap();
        drop(store.lock_profile(&home).unwrap());
        let look = File::open(lock_path(store.path(), &home)).unwrap();
        look.try_lock_shared().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(PAUSE * 2);
                drop(look);
            });
            assert!(store.lock_profile(&home).is_ok());
        });
        assert!(!store.is_leased(&home));
    }
}
