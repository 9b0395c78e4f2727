//! A request: the right to have one under way, and how it is sent.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::user_agents::ClientHeaders;
use super::validator::Condition;

/// The right to have a request under way. It is kept over all attempts at an endpoint: a panel that
/// asks for patience gets it from the whole account.
#[derive(Debug)]
pub(crate) struct RequestPermit(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl RequestPermit {
    /// Waits until there may be one more request under way.
    pub(crate) async fn acquire(permits: &Arc<Semaphore>) -> Self {
        let permit = Arc::clone(permits).acquire_owned().await;
        Self(permit.expect("the semaphore is never closed"))
    }
}

/// How a request is sent.
#[derive(Debug, Clone)]
pub(crate) struct RequestOptions {
    /// The number of the attempt.
    pub(crate) attempt: u32,
    /// Whether to ask for no compression, because what came was damaged.
    pub(crate) plain: bool,
    /// What tells this client from another.
    pub(crate) client: ClientHeaders,
    /// Under what an answer is wanted; for the panel's own host only.
    pub(crate) condition: Option<Condition>,
}

impl RequestOptions {
    /// Whether nothing is to be inflated but what looks like it.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain || !self.client.compression
    }
}
