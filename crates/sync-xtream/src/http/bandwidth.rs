//! A limit of the bytes per second that are read.
//!
//! It counts what the source takes from the connection. What the system and the HTTP client have read ahead, some 400
//! KiB at most in the client, doesn't count.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The time that the bytes of one step may take. A change of the limit has an effect after it.
const STEP: Duration = Duration::from_millis(50);

/// The time that may be caught up, because timers are late by some milliseconds.
const LATE: Duration = Duration::from_millis(100);

/// A limit of the rate at which bodies are read, in bytes per second. Clones share it, and so do the sources that are
/// given one: together they read no faster.
#[derive(Clone)]
pub struct Bandwidth(Arc<Shared>);

struct Shared {
    /// Returns the limit of this moment.
    limit: Box<dyn Fn() -> Option<NonZeroU64> + Send + Sync>,
    /// The time at which the next bytes would be due at an even rate.
    due: Mutex<Option<Instant>>,
}

impl Bandwidth {
    /// Returns a limit that may change while bytes come: the function returns that of the moment, and `None` if there
    /// is none. It is called often, and must not block.
    pub fn new(limit: impl Fn() -> Option<NonZeroU64> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { limit: Box::new(limit), due: Mutex::new(None) }))
    }

    /// Waits until some of these bytes may be read, and returns their number. If the future is dropped, none are
    /// counted.
    pub(crate) async fn pass(&self, wanted: usize) -> usize {
        loop {
            match self.take(wanted, Instant::now()) {
                Ok(granted) => return granted,
                // The limit may change in the meantime.
                Err(due) => sleep_until(due.min(Instant::now() + Duration::from_secs(1))).await,
            }
        }
    }

    /// Takes the right to some bytes, or returns the time at which there may be one.
    fn take(&self, wanted: usize, now: Instant) -> Result<usize, Instant> {
        let limit = (self.0.limit)();
        let mut due = self.0.due.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(limit) = limit else {
            *due = None;
            return Ok(wanted);
        };
        if let Some(due) = due.filter(|due| *due > now) {
            return Err(due);
        }
        let most = u128::from(limit.get()) * STEP.as_millis() / 1000;
        let granted = usize::try_from(most.max(1)).unwrap_or(usize::MAX).min(wanted);
        let from = due.map_or(now, |due| due.max(now.checked_sub(LATE).unwrap_or(now)));
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact number")]
        let takes = Duration::from_secs_f64(granted as f64 / limit.get() as f64);
        *due = Some(from + takes);
        Ok(granted)
    }
}

impl fmt::Debug for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bandwidth").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    /// Reads without a pause of its own for some time. Returns the time and the number of each step.
    async fn read(bandwidth: &Bandwidth, time: Duration, chunk: usize) -> Vec<(Duration, usize)> {
        let began = Instant::now();
        let mut steps = Vec::new();
        while began.elapsed() < time {
            let granted = bandwidth.pass(chunk).await;
            assert!((1..=chunk).contains(&granted));
            steps.push((began.elapsed(), granted));
        }
        steps
    }

    /// Checks every window of ten seconds that begins with a step.
    fn check_windows(steps: &[(Duration, usize)], limit: u64) {
        let window = Duration::from_secs(10);
        let end = steps.last().unwrap().0;
        let (mut upto, mut sum) = (0, 0_u64);
        for (at, granted) in steps {
            while upto < steps.len() && steps[upto].0 < *at + window {
                sum += steps[upto].1 as u64;
                upto += 1;
            }
            if *at + window > end {
                break;
            }
            let expected = limit * 10;
            assert!(sum.abs_diff(expected) * 20 <= expected, "{sum} bytes from {at:?} on, not {expected}");
            sum -= *granted as u64;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_ten_seconds_have_the_bytes_of_the_limit() {
        for limit in [20_u64 << 10, 512 << 10, 10 << 20, 1 << 30] {
            for chunk in [1500, 16 << 10, 400 << 10] {
                let time = Duration::from_secs(if limit > 10 << 20 { 11 } else { 25 });
                if limit > 10 << 20 && chunk < 400 << 10 {
                    continue;
                }
                let bandwidth = Bandwidth::new(move || NonZeroU64::new(limit));
                check_windows(&read(&bandwidth, time, chunk).await, limit);
            }
        }
    }

    /// A reader that comes late now and then, and two readers at once.
    #[tokio::test(start_paused = true)]
    async fn a_rest_earns_no_burst_and_several_readers_share_the_limit() {
        let limit = 100 << 10;
        let bandwidth = Bandwidth::new(move || NonZeroU64::new(limit));
        read(&bandwidth, Duration::from_secs(1), 1000).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let steps = read(&bandwidth, Duration::from_secs(12), 1000).await;
        check_windows(&steps, limit);
        let other = bandwidth.clone();
        let reader = tokio::spawn(async move { read(&other, Duration::from_secs(12), 1000).await });
        let mut both = read(&bandwidth, Duration::from_secs(12), 1000).await;
        both.extend(reader.await.unwrap());
        both.sort();
        check_windows(&both, limit);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_limit_has_an_effect_in_the_middle() {
        let limit = Arc::new(AtomicU64::new(1 << 10));
        let now = Arc::clone(&limit);
        let bandwidth = Bandwidth::new(move || NonZeroU64::new(now.load(Relaxed)));
        check_windows(&read(&bandwidth, Duration::from_secs(12), 4096).await, 1 << 10);
        limit.store(1 << 20, Relaxed);
        check_windows(&read(&bandwidth, Duration::from_secs(12), 4096).await, 1 << 20);
        limit.store(1, Relaxed);
        let began = Instant::now();
        bandwidth.pass(10).await;
        bandwidth.pass(10).await;
        assert!(began.elapsed() >= Duration::from_secs(1));
        // The limit is lifted while a read waits for its next byte.
        let waits = tokio::spawn({
            let bandwidth = bandwidth.clone();
            async move { bandwidth.pass(5000).await }
        });
        tokio::task::yield_now().await;
        limit.store(0, Relaxed);
        assert_eq!(waits.await.unwrap(), 5000, "no limit");
        assert!(began.elapsed() <= Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_wait_takes_no_bytes() {
        let bandwidth = Bandwidth::new(|| NonZeroU64::new(1));
        bandwidth.pass(1).await;
        for _ in 0..5 {
            tokio::time::timeout(Duration::from_millis(100), bandwidth.pass(1)).await.unwrap_err();
        }
        let began = Instant::now();
        bandwidth.pass(1).await;
        assert_eq!(began.elapsed().as_millis(), 500);
    }
}
