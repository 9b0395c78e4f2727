//! The composition of the command: the cache in a file, and the use cases over it. No other module names the store.

use std::path::Path;
use std::sync::Arc;

use sync_core::{Cache, StoreError};
use sync_service::{Service, SystemClock};
use sync_sqlite::SqliteStore;

/// Opens the cache, and creates or migrates it if necessary.
pub(crate) fn open(database: &Path) -> Result<Arc<dyn Cache>, StoreError> {
    Ok(Arc::new(SqliteStore::open(database)?))
}

/// Opens an existing cache without writing to it.
pub(crate) fn open_read_only(database: &Path) -> Result<Arc<dyn Cache>, StoreError> {
    Ok(Arc::new(SqliteStore::open_read_only(database)?))
}

/// Opens the cache without writing to it; returns `None` if there is none yet.
pub(crate) fn existing(database: &Path) -> Result<Option<Arc<dyn Cache>>, StoreError> {
    if !database.exists() {
        return Ok(None);
    }
    open_read_only(database).map(Some)
}

/// Returns the use cases over a cache.
pub(crate) fn service(cache: &Arc<dyn Cache>) -> Service {
    Service::new(Arc::clone(cache), Arc::new(SystemClock::new()))
}
