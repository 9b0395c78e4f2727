//! Decides whether and when a request is repeated.

use std::time::Duration;

use sync_core::source::WaitCause;

use super::counters::milliseconds;
use super::failure::Failure;
use super::waits::Waits;
use crate::api::endpoint::Endpoint;

/// The greatest number of doublings of the wait. No setting has as many attempts.
const DOUBLINGS_MAX: u32 = 10;

/// The longest backoff.
const BACKOFF_MAX: Duration = Duration::from_secs(3600);

/// The number of attempts and the waits between them.
#[derive(Debug, Clone)]
pub(crate) struct RetryPolicy {
    pub(crate) attempts: u32,
    pub(crate) base: Duration,
    pub(crate) retry_after_cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, base: Duration::from_secs(1), retry_after_cap: Duration::from_secs(300) }
    }
}

impl RetryPolicy {
    /// Returns the wait after a failed attempt, counted from 1, or `None` after the last one.
    ///
    /// Up to a quarter of the backoff is added or subtracted at random, so that many clients don't return at once.
    /// A `Retry-After` can lengthen the wait but not shorten it.
    fn wait(&self, attempt: u32, retry_after: Option<Duration>, rng: &mut fastrand::Rng) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.base.saturating_mul(1 << (attempt - 1).min(DOUBLINGS_MAX)).min(BACKOFF_MAX);
        let spread = doubled.mul_f64(0.75 + 0.5 * rng.f64());
        Some(retry_after.map_or(spread, |asked| asked.min(self.retry_after_cap).max(spread)))
    }
}

/// The attempts at one endpoint.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    endpoint: &'a Endpoint,
    policy: &'a RetryPolicy,
    rng: fastrand::Rng,
    number: u32,
    /// Whether there is only one attempt.
    single: bool,
    waits: Option<&'a Waits>,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint, policy: &'a RetryPolicy, rng: fastrand::Rng) -> Self {
        Self { endpoint, policy, rng, number: 1, single: false, waits: None }
    }

    /// Sets whether there is only one attempt, whatever the settings say.
    pub(crate) fn single(self, single: bool) -> Self {
        Self { single, ..self }
    }

    /// Sets the receiver to which waits are reported.
    pub(crate) fn telling(self, waits: &'a Waits) -> Self {
        Self { waits: Some(waits), ..self }
    }

    /// Returns the number of this attempt, counted from 1.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Waits for the next attempt, or returns the failure if there is none.
    pub(crate) async fn pause(&mut self, failure: Failure) -> Result<(), Failure> {
        let wait = if failure.is_transient() && !self.single {
            self.policy.wait(self.number, failure.retry_after(), &mut self.rng)
        } else {
            None
        };
        let Some(wait) = wait else {
            return Err(failure);
        };
        tracing::warn!(
            action = self.endpoint.action(),
            attempt = self.number,
            wait_ms = milliseconds(wait),
            reason = &*failure.message(),
            "the request failed and is repeated"
        );
        if let Some(waits) = self.waits {
            let asked = failure.retry_after().is_some_and(|asked| asked.min(self.policy.retry_after_cap) >= wait);
            let (attempt, attempts) = (self.number + 1, self.policy.attempts);
            waits.tell(WaitCause::Retry { attempt, attempts, error: failure.message().into_owned(), asked }, wait);
        }
        tokio::time::sleep(wait).await;
        self.number += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sync_core::SourceError;

    use super::*;
    use crate::http::waits::tests::Told;

    fn waits(policy: &RetryPolicy, seed: u64, retry_after: Option<u64>) -> Vec<f64> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let after = retry_after.map(Duration::from_secs);
        (1..).map_while(|attempt| policy.wait(attempt, after, &mut rng)).map(|wait| wait.as_secs_f64()).collect()
    }

    #[test]
    fn four_attempts_have_three_waits_around_one_two_and_four_seconds() {
        let policy = RetryPolicy::default();
        for seed in 0..1000 {
            let waits = waits(&policy, seed, None);
            assert_eq!(waits.len(), 3);
            for (wait, middle) in waits.iter().zip([1.0, 2.0, 4.0]) {
                assert!((0.75 * middle..=1.25 * middle).contains(wait), "{wait}");
            }
        }
        assert_ne!(waits(&policy, 1, None), waits(&policy, 2, None));
        assert_eq!(waits(&policy, 1, None), waits(&policy, 1, None));
    }

    #[test]
    fn retry_after_lengthens_the_wait_up_to_the_cap_and_never_shortens_it() {
        let policy = RetryPolicy::default();
        let whole = |after| waits(&policy, 7, Some(after));
        assert_eq!(whole(30), [30.0, 30.0, 30.0]);
        assert_eq!(whole(86_400), [300.0, 300.0, 300.0]);
        assert_eq!(whole(0), waits(&policy, 7, None));
    }

    #[test]
    fn extreme_settings_do_no_harm() {
        let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        assert!(waits(&once, 1, Some(5)).is_empty());
        let many = RetryPolicy { attempts: 100, base: Duration::MAX, ..RetryPolicy::default() };
        assert_eq!(waits(&many, 1, None).len(), 99);
    }

    #[tokio::test(start_paused = true)]
    async fn a_permanent_failure_is_not_repeated() {
        let (endpoint, policy) = (Endpoint::Account, RetryPolicy::default());
        let mut attempts = Attempts::new(&endpoint, &policy, fastrand::Rng::with_seed(1));
        attempts.pause(Failure::transient("a", None)).await.unwrap();
        attempts.pause(Failure::truncated("b")).await.unwrap();
        let refused = SourceError::Refused { message: String::new() };
        let failure = attempts.pause(Failure::Permanent(refused)).await.unwrap_err();
        assert!(failure.is_refusal());
        assert_eq!(attempts.number(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_is_reported_with_its_cause() {
        let (endpoint, policy) = (Endpoint::Account, RetryPolicy::default());
        let (waits, told) = (Waits::default(), Arc::new(Told::default()));
        waits.observe(Arc::clone(&told) as _);
        let mut attempts = Attempts::new(&endpoint, &policy, fastrand::Rng::with_seed(1)).telling(&waits);
        let asked = Duration::from_secs(30);
        attempts.pause(Failure::transient("it is busy", Some(asked))).await.unwrap();
        attempts.pause(Failure::transient("it is refused", Some(Duration::ZERO))).await.unwrap();
        attempts.pause(Failure::transient("it is gone", None)).await.unwrap();
        attempts.pause(Failure::transient("it is gone", None)).await.unwrap_err();
        let retry =
            |attempt, error: &str, asked| WaitCause::Retry { attempt, attempts: 4, error: error.to_owned(), asked };
        let told = told.take();
        let causes: Vec<_> = told.iter().map(|(cause, _)| cause.clone()).collect();
        assert_eq!(
            causes,
            [retry(2, "it is busy", true), retry(3, "it is refused", false), retry(4, "it is gone", false)]
        );
        assert_eq!(told[0].1, asked);
        assert!((1.5..=2.5).contains(&told[1].1.as_secs_f64()), "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_single_attempt_is_the_last() {
        let (endpoint, policy) = (Endpoint::Account, RetryPolicy::default());
        let mut attempts = Attempts::new(&endpoint, &policy, fastrand::Rng::with_seed(1)).single(true);
        assert!(attempts.pause(Failure::transient("busy", None)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_failure_becomes_the_error() {
        let (endpoint, policy) = (Endpoint::Account, RetryPolicy::default());
        let began = tokio::time::Instant::now();
        let mut attempts = Attempts::new(&endpoint, &policy, fastrand::Rng::with_seed(1));
        for _ in 0..3 {
            attempts.pause(Failure::transient("busy", Some(Duration::from_secs(9)))).await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 27);
        let failure = attempts.pause(Failure::transient("busy", None)).await.unwrap_err();
        let error = failure.into_error(attempts.number());
        assert!(
            matches!(error, SourceError::Unreachable { attempts: 4, message, overloaded: false } if message == "busy")
        );
    }
}
