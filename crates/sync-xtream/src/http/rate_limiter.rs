//! Lets requests pass at the pace of the account.
//!
//! The pace holds for the account as a whole, because panels count and ban accounts and addresses, not requests. The
//! policy is that of the core. The creator of a source can give it the pace that other sources of the account use.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sync_core::Clock;
use sync_core::policy::pace::{Hold, Refusal};
use sync_core::source::{PaceWait, SharedPace, WaitCause};
use tokio::time::{Instant, sleep};

use super::waits::Waits;
use crate::clock;

/// The limiter that all requests of a source share.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    requests_per_second: f64,
    backoff: Duration,
    pace: Mutex<Arc<SharedPace>>,
}

/// The clock of a source that was given no pace. Tests can stop it.
struct OwnClock(Instant);

impl Clock for OwnClock {
    fn now(&self) -> i64 {
        clock::now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

impl RateLimiter {
    /// Returns a limiter to this number of requests per second. Infinity means no limit until the panel refuses one.
    pub(crate) fn new(requests_per_second: f64, backoff: Duration) -> Self {
        // Outside of a runtime, tokio's clock is that of the machine.
        let own = Arc::new(SharedPace::new(Arc::new(OwnClock(Instant::now())), None));
        let limiter = Self { requests_per_second, backoff, pace: Mutex::new(Arc::clone(&own)) };
        limiter.keep(own);
        limiter
    }

    /// Lets requests pass at this pace from now on.
    pub(crate) fn keep(&self, pace: Arc<SharedPace>) {
        pace.set_limits(self.requests_per_second, self.backoff);
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner) = pace;
    }

    /// Waits until a request may be sent, and reports the wait. Returns the duration of the wait. If the future is
    /// dropped, no request is counted.
    pub(crate) async fn pass(&self, waits: &Waits) -> Duration {
        let began = Instant::now();
        while let Err(PaceWait { duration, why }) = self.pace().take() {
            let cause = match why {
                Hold::Rate => WaitCause::Pace,
                Hold::Refusal => WaitCause::Refused,
                Hold::Asked => WaitCause::Asked,
            };
            waits.tell(cause, duration);
            // The timer counts whole milliseconds.
            sleep(duration).await;
        }
        began.elapsed()
    }

    /// Records that the panel has answered. `latency` is given for requests that are alike.
    pub(crate) fn answered(&self, latency: Option<Duration>) {
        self.pace().answered(latency);
    }

    /// Records that the panel has refused a request.
    pub(crate) fn refused(&self, refusal: Refusal, retry_after: Option<Duration>) {
        self.pace().refused(refusal, retry_after);
    }

    /// Holds all requests for a duration that the panel has asked for.
    pub(crate) fn hold(&self, wait: Duration) {
        self.pace().asked_to_wait(wait);
    }

    fn pace(&self) -> Arc<SharedPace> {
        Arc::clone(&self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::waits::tests::Told;

    const BACKOFF: Duration = Duration::from_secs(1);

    fn limiter(requests_per_second: f64) -> RateLimiter {
        RateLimiter::new(requests_per_second, BACKOFF)
    }

    /// Returns the times at which this number of requests pass, in milliseconds.
    async fn passes(limiter: &RateLimiter, count: usize) -> Vec<u128> {
        let began = Instant::now();
        let mut found = Vec::new();
        for _ in 0..count {
            limiter.pass(&Waits::default()).await;
            found.push(began.elapsed().as_millis());
        }
        found
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_has_so_many_requests() {
        let limiter = limiter(8.0);
        assert_eq!(passes(&limiter, 8).await, [0; 8]);
        sleep(Duration::from_secs(60)).await;
        let after = passes(&limiter, 9).await;
        assert!(after[7] == 0 && after[8] >= 1000, "a rest earns one burst, not more: {after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_pace_has_no_burst_and_infinity_no_limit() {
        let slow = passes(&limiter(0.5), 3).await;
        assert!(slow[0] == 0 && slow[1].abs_diff(2000) < 5 && slow[2].abs_diff(4000) < 5, "{slow:?}");
        assert_eq!(passes(&limiter(f64::INFINITY), 1000).await.last(), Some(&0));
    }

    #[tokio::test(start_paused = true)]
    async fn all_calls_share_the_limiter() {
        let limiter = Arc::new(limiter(2.0));
        let began = Instant::now();
        let calls: Vec<_> = (0..6)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move { limiter.pass(&Waits::default()).await })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        assert!(began.elapsed().as_millis().abs_diff(4000) < 20, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_the_panel_asks_for_holds_all_calls() {
        let limiter = limiter(8.0);
        limiter.hold(Duration::from_secs(30));
        limiter.hold(Duration::from_secs(5));
        assert_eq!(passes(&limiter, 2).await, [30_000, 30_000]);
        limiter.hold(Duration::ZERO);
        assert_eq!(passes(&limiter, 1).await, [0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_reported_with_its_cause() {
        let (limiter, waits, told) = (limiter(0.5), Waits::default(), Arc::new(Told::default()));
        waits.observe(Arc::clone(&told) as _);
        limiter.pass(&waits).await;
        limiter.pass(&waits).await;
        limiter.hold(Duration::from_secs(30));
        limiter.pass(&waits).await;
        limiter.refused(Refusal::TooMany, None);
        limiter.pass(&waits).await;
        let seconds = Duration::from_secs;
        let expected =
            [(WaitCause::Pace, seconds(2)), (WaitCause::Asked, seconds(30)), (WaitCause::Refused, seconds(5))];
        assert_eq!(told.take()[..3], expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_wait_counts_no_request() {
        let limiter = limiter(1.0);
        limiter.pass(&Waits::default()).await;
        for _ in 0..5 {
            tokio::time::timeout(Duration::from_millis(100), limiter.pass(&Waits::default())).await.unwrap_err();
        }
        let next = passes(&limiter, 1).await[0];
        assert!(next.abs_diff(500) < 5, "{next}");
    }

    /// Two sources of one account.
    #[tokio::test(start_paused = true)]
    async fn a_pace_can_be_that_of_another_source() {
        let shared = Arc::new(SharedPace::new(Arc::new(OwnClock(Instant::now())), None));
        let (one, two) = (limiter(2.0), limiter(2.0));
        one.keep(Arc::clone(&shared));
        two.keep(Arc::clone(&shared));
        passes(&one, 2).await;
        let next = passes(&two, 1).await[0];
        assert!(next >= 1000, "{next}");
        assert_eq!(shared.remembered().unwrap().requests, 3);
    }
}
