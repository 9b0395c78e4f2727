//! A clock that stands still until a test moves it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::ports::clock::Clock;

/// A clock for tests. It starts at a fixed time. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FixedClock(Arc<Mutex<(i64, Duration)>>);

impl FixedClock {
    /// Returns a clock that shows this time of day, in unix seconds.
    pub fn at(now: i64) -> Self {
        Self(Arc::new(Mutex::new((now, Duration::ZERO))))
    }

    /// Moves the clock on.
    pub fn pass(&self, time: Duration) {
        let mut state = self.0.lock().expect("nothing panics while holding it");
        state.0 += i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        state.1 += time;
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::at(1_700_000_000)
    }
}

impl Clock for FixedClock {
    fn now(&self) -> i64 {
        self.0.lock().expect("nothing panics while holding it").0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().expect("nothing panics while holding it").1
    }
}
