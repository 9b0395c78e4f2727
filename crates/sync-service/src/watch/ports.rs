//! The ports that a watcher needs besides a clock and a timer.

use std::sync::Arc;

use async_trait::async_trait;
use sync_core::{Cache, ContentKind, Profile, StoreError};

/// Opens the cache. A watcher keeps it open only while it reads or a run is under way, so that the cache can be
/// restored or upgraded at other times.
#[async_trait]
pub trait Caches: Send + Sync {
    /// Opens the cache for reading. Nothing is changed.
    async fn for_reading(&self) -> Result<Arc<dyn Cache>, StoreError>;

    /// Opens the cache for a run. A cache of an older version is upgraded.
    async fn for_writing(&self) -> Result<Arc<dyn Cache>, StoreError>;
}

/// Decides whether a scheduled run may begin. An example is a command that knows whether somebody is watching.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Returns the reason why the run should not begin now; `None` if it may begin. The watcher asks again after some
    /// minutes.
    async fn refusal(&self, profile: &Profile, kinds: &[ContentKind]) -> Option<String>;
}

/// Lets every run begin.
#[async_trait]
impl Gate for () {
    async fn refusal(&self, _: &Profile, _: &[ContentKind]) -> Option<String> {
        None
    }
}
