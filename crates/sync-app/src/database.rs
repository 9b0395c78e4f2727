//! The database file that a scheduler and its caches share.

use std::path::Path;
use sync_core::Maintenance as _;

use sync_core::maintenance::Inspection;
use sync_sqlite::{BackedUp, Restored, SqliteStore};

use crate::error::Result;

/// An open cache file. Clones share it.
#[derive(Debug, Clone)]
pub struct Database(SqliteStore);

impl Database {
    /// Opens the file, and creates or migrates it if necessary.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self(SqliteStore::open(path)?))
    }

    /// Checks the file, and compares its tables with each other. Kinds with an inconsistency are marked, so the next
    /// sync compares every item of them. Nothing is removed, and no item is changed.
    pub async fn check(&self) -> Result<Inspection> {
        let inspection = self.0.inspect(None).await?;
        if !inspection.is_sound() && inspection.damage.is_empty() {
            self.0.mark(&inspection).await?;
        }
        Ok(inspection)
    }

    /// Copies the cache into another file, which must not exist yet. This works during a sync; see
    /// [`sync_sqlite::back_up`].
    pub async fn back_up(&self, file: impl AsRef<Path>) -> Result<BackedUp> {
        Ok(sync_sqlite::back_up(self.0.path(), file.as_ref(), false).await?)
    }

    /// Replaces the cache at a path with a backup. No program may have the cache open; see
    /// [`sync_sqlite::restore`].
    pub async fn restore(path: impl AsRef<Path>, backup: impl AsRef<Path>) -> Result<Restored> {
        Ok(sync_sqlite::restore(path.as_ref(), backup.as_ref()).await?)
    }

    /// Returns the store in the file.
    pub fn store(&self) -> &SqliteStore {
        &self.0
    }
}

impl From<SqliteStore> for Database {
    fn from(store: SqliteStore) -> Self {
        Self(store)
    }
}
