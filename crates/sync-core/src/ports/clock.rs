//! The ports to time. The core never reads a wall clock and never waits by itself.

use std::time::Duration;

use async_trait::async_trait;

/// A clock.
pub trait Clock: Send + Sync {
    /// Returns the time of day, in unix seconds. It may jump.
    fn now(&self) -> i64;

    /// Returns the time since a fixed moment. It never goes back. Durations are measured with it.
    fn monotonic(&self) -> Duration;
}

/// Waits.
#[async_trait]
pub trait Timer: Send + Sync {
    /// Waits for this duration, by the monotonic time of the [`Clock`]. It may take longer, for example on a machine
    /// that sleeps. Dropping the future ends the wait.
    async fn wait(&self, time: Duration);
}
