//! What the command is made of: the cache in a file, and the use cases over it. Nothing else names the store.

use std::path::Path;
use std::sync::Arc;

use sync_core::{Cache, StoreError};
use sync_service::{Service, SystemClock};
use sync_sqlite::SqliteStore;

/// Opens the cache, and makes or migrates it when there is need.
pub(crate) fn open(database: &Path) -> Result<Arc<dyn Cache>, StoreError> {
    Ok(Arc::new(SqliteStore::open(database)?))
}

/// Opens a cache that is there, without writing anything.
pub(crate) fn open_read_only(database: &Path) -> Result<Arc<dyn Cache>, StoreError> {
    Ok(Arc::new(SqliteStore::open_read_only(database)?))
}

/// Opens a cache without writing anything; `None` when there is none yet.
pub(crate) fn existing(database: &Path) -> Result<Option<Arc<dyn Cache>>, StoreError> {
    if !database.exists() {
        return Ok(None);
    }
    open_read_only(database).map(Some)
}

/// The use cases over a cache.
pub(crate) fn service(cache: &Arc<dyn Cache>) -> Service {
    Service::new(Arc::clone(cache), Arc::new(SystemClock::new()))
}
