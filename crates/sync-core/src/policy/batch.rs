//! The number of elements that go together from a source to the engine.
//!
//! A batch closes when it has as many elements as arrive in a twentieth of a second, or when its first element has
//! waited for that time. Progress and cancellation are therefore even on a slow link, and the cost per batch doesn't
//! matter on a fast one.

use std::time::Duration;

/// The longest time that an element waits for others.
pub const HOLD: Duration = Duration::from_millis(50);

/// The number of elements of the first batch.
const FIRST: usize = 64;

/// The least and the greatest number of elements of a batch. Beyond some hundreds, the cost per batch is not noticeable
/// any more, while memory and the time of one step grow.
const LEAST: usize = 16;
const MOST: usize = 500;

/// The weight of the newest batch in the measured rate.
const NEWEST: f64 = 0.5;

/// The size of the next batch, from the rate of those before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchSize {
    /// The rate in elements per second; `None` if it was not measured.
    rate: Option<f64>,
    entries: usize,
}

impl Default for BatchSize {
    fn default() -> Self {
        Self { rate: None, entries: FIRST }
    }
}

impl BatchSize {
    /// Returns the number of elements with which a batch is closed.
    pub const fn entries(self) -> usize {
        self.entries
    }

    /// Returns whether a batch is to be closed that has so many elements and whose first element has waited so long.
    pub fn is_full(self, entries: usize, waited: Duration) -> bool {
        entries >= self.entries || (entries > 0 && waited >= HOLD)
    }

    /// Returns the size after a batch of so many elements that took so long to arrive.
    #[must_use]
    pub fn after(self, entries: usize, took: Duration) -> Self {
        // A batch that took no time counts as the fastest possible one.
        let seconds = took.as_secs_f64().max(1e-6);
        let newest = crate::policy::exact(entries) / seconds;
        let rate = self.rate.map_or(newest, |rate| rate + NEWEST * (newest - rate));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to some hundreds")]
        let entries = (rate * HOLD.as_secs_f64()).clamp(1.0, 1e6) as usize;
        Self { rate: Some(rate), entries: entries.clamp(LEAST, MOST) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_closes_by_number_or_by_time() {
        let size = BatchSize::default();
        assert!(size.is_full(FIRST, Duration::ZERO) && !size.is_full(FIRST - 1, HOLD / 2));
        assert!(size.is_full(1, HOLD) && !size.is_full(0, HOLD * 9), "an empty batch is none");
    }

    #[test]
    fn the_size_follows_the_rate() {
        let after = |batches: &[(usize, u64)]| {
            let sizes = batches.iter().fold(BatchSize::default(), |size, (entries, millis)| {
                size.after(*entries, Duration::from_millis(*millis))
            });
            sizes.entries()
        };
        for (batches, entries) in [
            (&[(64, 1000)][..], LEAST),
            (&[(64, 32)], 100),
            (&[(64, 32), (100, 50)], 100),
            (&[(64, 32), (100, 25)], 150),
            (&[(64, 0)], MOST),
            (&[(500, 1)], MOST),
            (&[(0, 10_000)], LEAST),
        ] {
            assert_eq!(after(batches), entries, "{batches:?}");
        }
    }
}
