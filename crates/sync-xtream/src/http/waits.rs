//! Reports the waits of a source to its observer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sync_core::source::{Wait, WaitCause, WaitObserver};

/// Shorter waits are reported only if a request is repeated after them.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// The receiver of the waits, if there is one.
#[derive(Default)]
pub(crate) struct Waits {
    observer: Mutex<Option<Arc<dyn WaitObserver>>>,
}

impl std::fmt::Debug for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waits").finish_non_exhaustive()
    }
}

impl Waits {
    /// Sets the receiver, in place of the earlier one.
    pub(crate) fn observe(&self, observer: Arc<dyn WaitObserver>) {
        *self.observer.lock().unwrap_or_else(PoisonError::into_inner) = Some(observer);
    }

    /// Reports a wait that begins now.
    pub(crate) fn tell(&self, cause: WaitCause, duration: Duration) {
        if !matches!(cause, WaitCause::Retry { .. }) && duration < NOTICEABLE {
            return;
        }
        // The receiver is called without the lock, because it may do anything.
        let observer = self.observer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(observer) = observer {
            observer.waits(Wait::new(cause, duration));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A receiver that stores the waits.
    #[derive(Default)]
    pub(crate) struct Told(Mutex<Vec<Wait>>);

    impl Told {
        pub(crate) fn take(&self) -> Vec<(WaitCause, Duration)> {
            std::mem::take(&mut *self.0.lock().unwrap()).into_iter().map(|wait| (wait.cause, wait.duration)).collect()
        }
    }

    impl WaitObserver for Told {
        fn waits(&self, wait: Wait) {
            self.0.lock().unwrap().push(wait);
        }
    }

    #[test]
    fn a_short_wait_is_reported_only_before_a_repetition() {
        let (waits, told) = (Waits::default(), Arc::new(Told::default()));
        let retry = WaitCause::Retry { attempt: 2, attempts: 4, error: String::new(), asked: false };
        waits.tell(retry.clone(), Duration::from_secs(1));
        waits.observe(Arc::clone(&told) as _);
        let (short, long) = (Duration::from_millis(999), Duration::from_secs(1));
        for duration in [short, long] {
            for cause in [WaitCause::Pace, WaitCause::Asked, retry.clone()] {
                waits.tell(cause, duration);
            }
        }
        let expected =
            [(retry.clone(), short), (WaitCause::Pace, long), (WaitCause::Asked, long), (retry.clone(), long)];
        assert_eq!(told.take(), expected);
    }
}
