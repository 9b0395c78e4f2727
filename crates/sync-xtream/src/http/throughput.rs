//! Checks whether a panel sends fast enough while the source waits for it.

use std::time::Duration;

/// The bytes that came while the source waited for the panel, per window of time.
#[derive(Debug)]
pub(crate) struct Throughput {
    window: Duration,
    /// The least number of bytes per window.
    least: u64,
    waited: Duration,
    bytes: u64,
}

impl Throughput {
    pub(crate) fn new(window: Duration, least_per_second: u32) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "cut to the range, and cutting is meant"
        )]
        let least = (window.as_secs_f64() * f64::from(least_per_second)) as u64;
        Self { window, least, waited: Duration::ZERO, bytes: 0 }
    }

    /// Returns the time for which the panel may still be waited for: the rest of the window if too few bytes have come
    /// in it, else a whole window.
    pub(crate) fn patience(&self) -> Duration {
        if self.bytes < self.least { self.window.saturating_sub(self.waited) } else { self.window }
    }

    /// Counts received bytes.
    pub(crate) fn came(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Counts the time that was waited for them.
    pub(crate) fn waited(&mut self, waited: Duration) {
        self.waited += waited;
        if self.waited >= self.window && self.bytes >= self.least {
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
    }

    /// Returns the message for a panel that is too slow.
    pub(crate) fn complaint(&self) -> String {
        if self.bytes > 0 && self.bytes < self.least {
            format!("only {} bytes came within {:?} in the middle of the answer", self.bytes, self.window)
        } else {
            format!("nothing came for {:?} in the middle of the answer", self.window)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(30);

    /// Returns the seconds for which a panel that sends `bytes` every `every` seconds is waited for.
    fn endures(bytes: u64, every: u64) -> Option<u64> {
        let mut throughput = Throughput::new(WINDOW, 64);
        for round in 1..1000 {
            let wait = Duration::from_secs(every);
            if throughput.patience() < wait {
                return Some((round - 1) * every + throughput.patience().as_secs());
            }
            throughput.came(bytes);
            throughput.waited(wait);
        }
        None
    }

    #[test]
    fn a_trickle_ends_with_its_first_window() {
        assert_eq!(endures(1, 1), Some(30));
        assert_eq!(endures(63, 1), Some(30));
        assert_eq!(endures(500, 29), Some(30));
        assert_eq!(endures(10_000, 31), Some(30), "and so does silence");
    }

    #[test]
    fn enough_bytes_suffice_in_any_pattern() {
        assert_eq!(endures(64, 1), None);
        assert_eq!(endures(2000, 29), None);
        assert_eq!(endures(1_000_000, 1), None);
    }

    #[test]
    fn bytes_of_an_earlier_window_dont_count_later() {
        let mut throughput = Throughput::new(WINDOW, 64);
        throughput.came(100_000_000);
        throughput.waited(WINDOW);
        assert_eq!(throughput.patience(), WINDOW);
        throughput.came(1);
        throughput.waited(Duration::from_secs(29));
        assert_eq!(throughput.patience(), Duration::from_secs(1));
        assert!(throughput.complaint().starts_with("only 1 bytes"), "{}", throughput.complaint());
    }

    #[test]
    fn without_a_least_only_silence_is_limited() {
        let mut throughput = Throughput::new(WINDOW, 0);
        for _ in 0..1000 {
            throughput.came(1);
            throughput.waited(Duration::from_secs(29));
            assert_eq!(throughput.patience(), WINDOW);
        }
        assert!(throughput.complaint().starts_with("nothing came"));
        assert_eq!(Throughput::new(Duration::MAX, u32::MAX).patience(), Duration::MAX);
    }
}
