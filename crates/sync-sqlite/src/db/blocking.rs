//! Runs work outside the async threads, and reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use sync_core::StoreError;

use super::bind::signed;

/// Runs `work` on one of tokio's blocking threads.
pub(crate) async fn off_thread<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    // A panic in the work is a defect. Its connection is dropped, and nothing was written.
    let panicked = |_| Err(StoreError::backend("a panic inside the store").into());
    tokio::task::spawn_blocking(work).await.unwrap_or_else(panicked)
}

/// Returns our clock, in unix seconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    signed(since.as_secs())
}
