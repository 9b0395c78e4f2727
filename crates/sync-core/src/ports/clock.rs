//! The port to time. The core never reads a wall clock itself.

use std::time::Duration;

/// A clock.
pub trait Clock: Send + Sync {
    /// Returns the time of day, in unix seconds. It may jump.
    fn now(&self) -> i64;

    /// Returns the time since a fixed moment. It never goes back. Durations are measured with it.
    fn monotonic(&self) -> Duration;
}
