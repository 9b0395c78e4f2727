//! Time as a port: the core never looks at a wall clock.

use std::time::Duration;

/// A clock.
pub trait Clock: Send + Sync {
    /// The time of day, in unix seconds. It may jump.
    fn now(&self) -> i64;

    /// Time since some fixed moment. It never goes back; durations are measured with it.
    fn monotonic(&self) -> Duration;
}
