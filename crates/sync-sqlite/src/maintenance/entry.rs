//! The right to ask an account: OS locks on files beside the cache, one per host and user name.
//!
//! A lock is released as soon as its owner ends, in whatever way it ends. The files stay.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use sync_core::{AccountKey, Entry, StoreError};
use xxhash_rust::xxh3::xxh3_64;

use crate::db::{fault, file};
use crate::store::SqliteStore;

impl SqliteStore {
    /// Enters an account. Returns `None` while another run is there.
    ///
    /// A store that was opened for reading takes the existing locks, and creates none.
    pub fn enter_blocking(&self, account: &AccountKey) -> Result<Option<Entry>, StoreError> {
        // All programs take the locks in the same order, and none waits for a lock. So there is no deadlock.
        let paths: BTreeSet<_> = account.hosts().map(|host| self.entry_path(host, account.username())).collect();
        let mut locks = Vec::new();
        for path in paths {
            let opened = if self.is_read_only() {
                File::open(path)
            } else {
                file::owned(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)
            };
            let lock = match opened {
                Ok(lock) => lock,
                Err(error) if self.is_read_only() && error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(fault::of_io(&error, "opening the lock of the account")),
            };
            match lock.try_lock() {
                Ok(()) => locks.push(lock),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(fault::of_io(&error, "locking the account")),
            }
        }
        Ok(Some(Entry::new(locks)))
    }

    /// Returns the path of the lock file of a host and user name. User names may contain anything, so the file name has
    /// a digest of both.
    fn entry_path(&self, host: &str, username: &str) -> PathBuf {
        let named = format!("{host}\0{username}");
        file::named_after(self.path(), &format!("-lease-account-{:016x}", xxh3_64(named.as_bytes())))
    }
}
