//! Counters of requests, bytes and time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use reqwest::header::CONNECTION;
use reqwest::{Response, Version};

/// The number of requests and of received bytes.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    /// The bytes of bodies after decompression.
    pub(crate) bytes: AtomicU64,
    /// The bytes of bodies as they came.
    pub(crate) wire_bytes: AtomicU64,
    /// The nanoseconds in which they were waited for, from the first byte of a body on.
    pub(crate) streamed: AtomicU64,
    /// Whether a connection was left open. Then the next request may go over one that the panel is about to close.
    kept: AtomicBool,
}

impl Counters {
    /// Notes whether the connection of an answer may be used again.
    pub(crate) fn connection_kept(&self, response: &Response) {
        let closes =
            response.headers().get(CONNECTION).is_some_and(|word| word.as_bytes().eq_ignore_ascii_case(b"close"));
        self.kept.store(response.version() == Version::HTTP_11 && !closes, Relaxed);
    }

    /// Returns whether the next request may go over an old connection. The one after it doesn't.
    pub(crate) fn take_connection(&self) -> bool {
        self.kept.swap(false, Relaxed)
    }
}

/// Returns a duration as it is written to the log.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
