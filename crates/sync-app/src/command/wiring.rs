//! The composition of the command: the cache in a file, and the use cases over it. No other module names the store.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sync_core::{Cache, StoreError, Timer};
use sync_service::{Service, SystemClock, watch};
use sync_sqlite::{SqliteStore, WatchLock};

use super::exit::Exit;
use super::failure::Failure;

/// Opens the cache, and creates or migrates it if necessary.
pub(crate) fn open(database: &Path) -> Result<Arc<dyn Cache>, StoreError> {
    Ok(Arc::new(SqliteStore::open(database)?))
}

/// Opens an existing cache without writing to it.
pub(crate) fn open_read_only(database: &Path) -> Result<Arc<dyn Cache>, StoreError> {
    Ok(Arc::new(SqliteStore::open_read_only(database)?))
}

/// Opens the cache without writing to it. Returns `None` if there is no cache yet.
pub(crate) fn existing(database: &Path) -> Result<Option<Arc<dyn Cache>>, StoreError> {
    if !database.exists() {
        return Ok(None);
    }
    open_read_only(database).map(Some)
}

/// Takes the right to watch a cache. One program has this right at a time.
///
/// # Errors
///
/// Another program watches the cache.
pub(crate) fn watch_lock(database: &Path) -> Result<WatchLock, Failure> {
    WatchLock::take(database)?.ok_or_else(|| {
        let hint = "end the other one first, or watch another cache with --database";
        Failure::of(Exit::Busy, "another watch runs on this cache".to_owned(), hint)
    })
}

/// Opens a cache for a watcher. The watcher keeps the cache open only while it is needed.
#[derive(Debug)]
pub(crate) struct Caches(PathBuf);

impl Caches {
    pub(crate) fn new(database: &Path) -> Self {
        Self(database.to_owned())
    }

    async fn open_by(
        &self,
        open: impl FnOnce(&Path) -> Result<Arc<dyn Cache>, StoreError> + Send + 'static,
    ) -> Result<Arc<dyn Cache>, StoreError> {
        let path = self.0.clone();
        let opened = tokio::task::spawn_blocking(move || open(&path)).await;
        opened.unwrap_or_else(|error| Err(StoreError::backend(error.to_string())))
    }
}

#[async_trait]
impl watch::Caches for Caches {
    async fn for_reading(&self) -> Result<Arc<dyn Cache>, StoreError> {
        self.open_by(open_read_only).await
    }

    async fn for_writing(&self) -> Result<Arc<dyn Cache>, StoreError> {
        // A cache that was deleted is not created again.
        self.open_by(|path| if path.exists() { open(path) } else { open_read_only(path) }).await
    }
}

/// Waits by the runtime's timer.
#[derive(Debug)]
pub(crate) struct TokioTimer;

#[async_trait]
impl Timer for TokioTimer {
    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Returns the use cases over a cache.
pub(crate) fn service(cache: &Arc<dyn Cache>) -> Service {
    Service::new(Arc::clone(cache), Arc::new(SystemClock::new()))
}
