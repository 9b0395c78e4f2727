//! Decides whether an answer is later than usual.
//!
//! The usual latency is the lowest median of ten answers in a row, among the last 500 answers. A single fast answer
//! doesn't lower it, and a panel that becomes slower under load doesn't raise it.

use std::collections::VecDeque;
use std::time::Duration;

/// The number of answers whose median is taken.
const BLOCK: usize = 10;

/// The number of medians that are kept.
const BLOCKS: usize = 50;

/// An answer is late if it takes more than this many times as long as usual, and is later by more than [`NOISE`].
const LATE: u32 = 3;

/// The least delay that counts as late. A smaller one can come from the network.
const NOISE: Duration = Duration::from_millis(100);

/// The usual time to the first byte.
#[derive(Debug, Clone, Default)]
pub(super) struct UsualLatency {
    block: Vec<Duration>,
    medians: VecDeque<Duration>,
}

impl UsualLatency {
    /// Records the latency of an answer. Returns whether it is late.
    pub(super) fn is_late(&mut self, latency: Duration) -> bool {
        self.block.push(latency);
        if self.block.len() == BLOCK {
            self.block.sort_unstable();
            if self.medians.len() == BLOCKS {
                self.medians.pop_front();
            }
            self.medians.push_back(self.block[BLOCK / 2]);
            self.block.clear();
        }
        let usual = self.medians.iter().min();
        usual.is_some_and(|usual| latency > *usual * LATE && latency > *usual + NOISE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(latency: &mut UsualLatency, milliseconds: u64, count: usize) -> usize {
        (0..count).filter(|_| latency.is_late(Duration::from_millis(milliseconds))).count()
    }

    #[test]
    fn an_answer_is_late_compared_with_the_usual_ones() {
        let mut latency = UsualLatency::default();
        assert_eq!(late(&mut latency, 900, 9), 0, "nothing is known yet");
        assert_eq!(late(&mut latency, 100, 30), 0);
        assert_eq!(late(&mut latency, 300, 1), 0);
        assert_eq!(late(&mut latency, 301, 1), 1);
        assert_eq!(late(&mut latency, 1, 1), 0);
        assert_eq!(late(&mut latency, 290, 100), 0, "one lucky answer changes nothing");
    }

    #[test]
    fn a_panel_that_grows_slower_is_late_for_a_long_time() {
        let mut latency = UsualLatency::default();
        late(&mut latency, 100, 10);
        let found: Vec<_> = (0..60).map(|step| late(&mut latency, 100 + step * 10, 10)).collect();
        assert_eq!(found[..20].iter().sum::<usize>(), 0);
        assert!(found[22..49].iter().all(|late| *late == 10), "{found:?}");
    }

    #[test]
    fn milliseconds_are_noise() {
        let mut latency = UsualLatency::default();
        late(&mut latency, 1, 10);
        assert_eq!(late(&mut latency, 99, 10), 0);
        assert_eq!(late(&mut latency, 150, 1), 1);
    }
}
