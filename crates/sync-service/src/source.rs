//! Where the source of a profile's panel comes from, and what keeps a use case from beginning.

use std::sync::Arc;

use async_trait::async_trait;
use sync_core::{ContentSource, PanelFacts, Profile, StoreError};

/// Makes the source that the panel of a profile is asked through.
#[async_trait]
pub trait SourceFactory: Send + Sync {
    /// Why there is none: an incomplete login, an address that can't be used.
    type Error: Send;

    /// Returns a source for a profile; `learnt` is what earlier runs have learnt of its panel.
    async fn source(&self, profile: &Profile, learnt: &PanelFacts) -> Result<Arc<dyn ContentSource>, Self::Error>;
}

/// What keeps a use case from beginning. What happens within a run is in its report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError<E> {
    /// The cache failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no source.
    #[error("the panel can't be asked: {0}")]
    Source(E),
}
