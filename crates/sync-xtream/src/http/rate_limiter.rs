//! The rate limiter of an account: a number of requests per second, and none while the panel asks to wait.
//!
//! Both hold for the account as a whole, because panels count and ban accounts and addresses, not requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sync_core::source::WaitCause;
use tokio::time::{Instant, sleep_until};

use super::limits::FOREVER;
use super::waits::Waits;

/// The limiter that all requests of an account share.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    /// The time per request.
    interval: Duration,
    /// The greatest time by which a request may be early. A burst may have as many requests as a second, at least one.
    ahead: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The time at which the next request would be due at an even rate.
    due: Option<Instant>,
    /// The time until which the panel has asked to wait.
    held: Option<Instant>,
}

/// A wait for the right to a request.
struct Pause {
    until: Instant,
    cause: WaitCause,
}

impl RateLimiter {
    /// Returns a limiter to this number of requests per second. Infinity means no limit.
    pub(crate) fn new(requests_per_second: f64) -> Self {
        let interval = Duration::try_from_secs_f64(requests_per_second.recip()).unwrap_or_default();
        let burst = Duration::from_secs(1).saturating_sub(interval);
        Self { interval, ahead: burst, state: Mutex::default() }
    }

    /// Waits until a request may be sent, and tells it. Returns the duration of the wait. If the future is dropped, no
    /// request is counted.
    pub(crate) async fn pass(&self, waits: &Waits) -> Duration {
        let began = Instant::now();
        while let Some(Pause { until, cause }) = self.take(Instant::now()) {
            waits.tell(cause, until.saturating_duration_since(Instant::now()));
            sleep_until(until).await;
        }
        began.elapsed()
    }

    /// Stops all requests for a duration that the panel has asked for.
    pub(crate) fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait.min(FOREVER);
        let mut state = self.state();
        state.held = state.held.max(Some(until));
    }

    /// Takes the right to a request. Returns the wait if there is none yet.
    fn take(&self, now: Instant) -> Option<Pause> {
        let mut state = self.state();
        if let Some(until) = state.held.filter(|held| *held > now) {
            return Some(Pause { until, cause: WaitCause::Asked });
        }
        let due = state.due.unwrap_or(now).max(now);
        if let Some(early) = due.duration_since(now).checked_sub(self.ahead).filter(|early| !early.is_zero()) {
            return Some(Pause { until: now + early, cause: WaitCause::Pace });
        }
        state.due = Some(due + self.interval);
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::http::waits::tests::Told;

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
        let limiter = RateLimiter::new(8.0);
        assert_eq!(passes(&limiter, 11).await, [0, 0, 0, 0, 0, 0, 0, 0, 125, 250, 375]);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(passes(&limiter, 9).await.last(), Some(&125), "a rest earns one burst, not more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_pace_has_no_burst_and_infinity_no_limit() {
        assert_eq!(passes(&RateLimiter::new(1.0), 3).await, [0, 1000, 2000]);
        assert_eq!(passes(&RateLimiter::new(0.5), 3).await, [0, 2000, 4000]);
        assert_eq!(passes(&RateLimiter::new(f64::INFINITY), 1000).await.last(), Some(&0));
    }

    #[tokio::test(start_paused = true)]
    async fn all_calls_share_it() {
        let limiter = Arc::new(RateLimiter::new(2.0));
        let calls: Vec<_> = (0..6)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move {
                    limiter.pass(&Waits::default()).await;
                    Instant::now()
                })
            })
            .collect();
        let began = Instant::now();
        let mut found = Vec::new();
        for call in calls {
            found.push(call.await.unwrap().duration_since(began).as_millis());
        }
        found.sort_unstable();
        assert_eq!(found, [0, 0, 500, 1000, 1500, 2000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panel_that_asks_for_patience_gets_it_from_everybody() {
        let limiter = RateLimiter::new(8.0);
        limiter.hold(Duration::from_secs(30));
        limiter.hold(Duration::from_secs(5));
        assert_eq!(passes(&limiter, 2).await, [30_000, 30_000]);
        limiter.hold(Duration::ZERO);
        assert_eq!(passes(&limiter, 1).await, [0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_says_who_wants_it() {
        let (limiter, waits, told) = (RateLimiter::new(0.5), Waits::default(), Arc::new(Told::default()));
        waits.observe(Arc::clone(&told) as _);
        limiter.pass(&waits).await;
        limiter.pass(&waits).await;
        limiter.hold(Duration::from_secs(30));
        limiter.pass(&waits).await;
        let seconds = Duration::from_secs;
        assert_eq!(told.take(), [(WaitCause::Pace, seconds(2)), (WaitCause::Asked, seconds(30))]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_all_measure_is_a_wait() {
        let limiter = RateLimiter::new(8.0);
        limiter.hold(Duration::MAX);
        limiter.hold(Duration::from_secs(5));
        tokio::time::timeout(Duration::from_secs(3600), limiter.pass(&Waits::default())).await.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_has_taken_nothing() {
        let limiter = RateLimiter::new(1.0);
        limiter.pass(&Waits::default()).await;
        for _ in 0..5 {
            tokio::time::timeout(Duration::from_millis(100), limiter.pass(&Waits::default())).await.unwrap_err();
        }
        assert_eq!(passes(&limiter, 1).await, [500]);
    }
}
