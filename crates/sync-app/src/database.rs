//! The database file that a scheduler and its caches share.

use std::path::Path;

use sync_sqlite::SqliteStore;

use crate::error::Result;

/// An open cache file. Clones share it.
#[derive(Debug, Clone)]
pub struct Database(SqliteStore);

impl Database {
    /// Opens the file, and creates or migrates it when there is need.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self(SqliteStore::open(path)?))
    }

    /// The store in the file.
    pub fn store(&self) -> &SqliteStore {
        &self.0
    }
}

impl From<SqliteStore> for Database {
    fn from(store: SqliteStore) -> Self {
        Self(store)
    }
}
