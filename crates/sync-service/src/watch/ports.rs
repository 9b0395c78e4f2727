//! What a watcher needs of its surroundings besides a clock and a timer.

use std::sync::Arc;

use async_trait::async_trait;
use sync_core::{Cache, ContentKind, Profile, StoreError};

/// Opens the cache. A watcher holds it open only while it reads or a run is under way, so that meanwhile it can be
/// restored or upgraded.
#[async_trait]
pub trait Caches: Send + Sync {
    /// Opens the cache for reading. Nothing is changed.
    async fn for_reading(&self) -> Result<Arc<dyn Cache>, StoreError>;

    /// Opens the cache for a run. An older one is upgraded.
    async fn for_writing(&self) -> Result<Arc<dyn Cache>, StoreError>;
}

/// Is asked before each scheduled run, such as a command that knows whether somebody is watching.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Returns why the run should not begin now, or `None` if it may. The watcher asks again after some minutes.
    async fn refusal(&self, profile: &Profile, kinds: &[ContentKind]) -> Option<String>;
}

/// Every run may begin.
#[async_trait]
impl Gate for () {
    async fn refusal(&self, _: &Profile, _: &[ContentKind]) -> Option<String> {
        None
    }
}
