//! The pace of an account, shared by all sources that ask the account now.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::policy::pace::{AccountPace, Hold, Now, Pace, Refusal};
use crate::ports::clock::Clock;

/// The pace of an account while it is asked.
pub struct SharedPace {
    clock: Arc<dyn Clock>,
    pace: Mutex<Pace>,
    /// The function that is called if the pace should be stored at once.
    refused: Box<dyn Fn() + Send + Sync>,
}

/// A wait before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceWait {
    /// The duration, from now.
    pub duration: Duration,
    /// The reason.
    pub why: Hold,
}

impl fmt::Debug for SharedPace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedPace").field("pace", &self.pace).finish_non_exhaustive()
    }
}

impl SharedPace {
    /// Returns the pace of an account, from its stored pace.
    pub fn new(clock: Arc<dyn Clock>, remembered: Option<&AccountPace>) -> Self {
        let pace = Mutex::new(Pace::at_start(remembered, now(&*clock)));
        Self { clock, pace, refused: Box::new(|| {}) }
    }

    /// Sets a receiver of each refusal after which the pace should be stored at once. The receiver must not block.
    #[must_use]
    pub fn telling_refusals(self, refused: impl Fn() + Send + Sync + 'static) -> Self {
        Self { refused: Box::new(refused), ..self }
    }

    /// Sets the greatest number of requests per second, and the wait before a second attempt.
    pub fn set_limits(&self, requests_per_second: f64, backoff: Duration) {
        let mut pace = self.pace();
        pace.set_cap(requests_per_second);
        pace.set_backoff(backoff);
    }

    /// Takes the right to one request, which is sent now.
    ///
    /// # Errors
    ///
    /// The request may not be sent yet. Nothing was taken.
    pub fn take(&self) -> Result<(), PaceWait> {
        let now = self.now();
        let taken = self.pace().take(now);
        taken.map_err(|not_yet| PaceWait { duration: not_yet.at.saturating_sub(now.monotonic), why: not_yet.why })
    }

    /// Records that the panel has answered. `latency` is the time to the first byte. It is given for requests that are
    /// alike.
    pub fn answered(&self, latency: Option<Duration>) {
        let now = self.now();
        self.pace().answered(latency, now);
    }

    /// Records that the panel has refused a request, and for how long it has asked to be left alone.
    pub fn refused(&self, refusal: Refusal, retry_after: Option<Duration>) {
        let now = self.now();
        if self.pace().refused(refusal, retry_after, now) {
            (self.refused)();
        }
    }

    /// Records that the panel has asked to be left alone, for another reason than too many requests.
    pub fn asked_to_wait(&self, time: Duration) {
        let now = self.now();
        self.pace().asked_to_wait(time, now);
        (self.refused)();
    }

    /// Returns the pace to store; `None` if no request was sent.
    pub fn remembered(&self) -> Option<AccountPace> {
        let now = self.now();
        let mut pace = self.pace();
        pace.is_used().then(|| pace.remembered(now))
    }

    fn now(&self) -> Now {
        now(&*self.clock)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now(clock: &dyn Clock) -> Now {
    Now { wall: clock.now(), monotonic: clock.monotonic() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::testing::FixedClock;

    #[test]
    fn only_refusals_that_should_be_stored_are_reported() {
        let told = Arc::new(AtomicU32::new(0));
        let heard = Arc::clone(&told);
        let pace = SharedPace::new(Arc::new(FixedClock::at(1_900_000_000)), None).telling_refusals(move || {
            heard.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(pace.remembered(), None);
        pace.set_limits(8.0, Duration::from_secs(1));
        pace.take().unwrap();
        pace.refused(Refusal::Overloaded, None);
        assert_eq!(told.load(Ordering::Relaxed), 0, "it is an outage");
        pace.answered(None);
        pace.refused(Refusal::TooMany, None);
        assert_eq!(told.load(Ordering::Relaxed), 1);
        assert_eq!(pace.take(), Err(PaceWait { duration: Duration::from_secs(5), why: Hold::Refusal }));
        let kept = pace.remembered().unwrap();
        assert_eq!((kept.requests, kept.refused_at), (1, Some(1_900_000_000)));
        pace.asked_to_wait(Duration::from_secs(30));
        assert_eq!(pace.take().unwrap_err().why, Hold::Asked);
        assert_eq!(told.load(Ordering::Relaxed), 2);
    }
}
