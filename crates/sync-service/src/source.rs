//! The factory for the source of a profile, and the error of a use case that could not begin.

use std::sync::Arc;

use async_trait::async_trait;
use sync_core::{ContentSource, PanelFacts, Profile, StoreError};

/// Makes the source for the panel of a profile.
#[async_trait]
pub trait SourceFactory: Send + Sync {
    /// The reason why there is no source, for example an incomplete login or an invalid address.
    type Error: Send;

    /// Returns a source for a profile, at its [`base_url`](Profile::base_url). `learnt` has the facts that earlier runs
    /// have learnt about the panel.
    ///
    /// If a profile has several addresses, the method is called once per address, before anything is asked. The given
    /// profile then has only that address. A source may never be used, so this method should send nothing.
    async fn source(&self, profile: &Profile, learnt: &PanelFacts) -> Result<Arc<dyn ContentSource>, Self::Error>;
}

/// The reason why a use case could not begin. Errors within a run are in its report.
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
