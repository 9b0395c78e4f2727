//! A request: the permit to have one under way, and its options.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::user_agents::ClientHeaders;
use super::validator::Condition;

/// The permit to have a request under way. It is kept over all attempts at an endpoint, so that the whole account waits
/// if the panel asks for it.
#[derive(Debug)]
pub(crate) struct RequestPermit(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl RequestPermit {
    /// Waits until one more request may be under way.
    pub(crate) async fn acquire(permits: &Arc<Semaphore>) -> Self {
        let permit = Arc::clone(permits).acquire_owned().await;
        Self(permit.expect("the semaphore is never closed"))
    }
}

/// The options of a request.
#[derive(Debug, Clone)]
pub(crate) struct RequestOptions {
    /// The number of the attempt.
    pub(crate) attempt: u32,
    /// Whether to ask for no compression, because the last answer was damaged.
    pub(crate) plain: bool,
    /// The headers that tell this client from another.
    pub(crate) client: ClientHeaders,
    /// The condition for an answer. It is sent to the panel's own host only.
    pub(crate) condition: Option<Condition>,
    /// The size of the last answer in bytes of the wire, if it is known.
    pub(crate) size: Option<u64>,
}

impl RequestOptions {
    /// Returns whether no compression was asked for, so that only a body that looks compressed is inflated.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain || !self.client.compression
    }
}
