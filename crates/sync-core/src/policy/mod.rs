//! Decides when the service syncs, and how fast it asks. Pure functions over values: the caller provides the time, the
//! settings and the facts of earlier runs.

pub mod auto;
pub mod batch;
pub mod budget;
pub mod due;
pub mod history;
mod latency;
pub mod pace;
pub mod pause;
pub mod probe;
pub mod schedule;
pub mod zone;

/// Returns the ratio of two numbers that are small enough to be exact.
#[expect(clippy::cast_precision_loss, reason = "seconds of some years are exact")]
pub(crate) fn ratio(number: i64, of: i64) -> f64 {
    number as f64 / of as f64
}

/// Returns a small count as a number with a fraction.
#[expect(clippy::cast_precision_loss, reason = "counts of half hours are exact")]
pub(crate) fn exact(number: usize) -> f64 {
    number as f64
}
