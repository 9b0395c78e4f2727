//! A campaign: the cases of many seeds, on all processors, until the time or the number is reached.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::tally::Tally;

/// The result of a case that broke no promise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// A digest of every call and every state of the case.
    pub(crate) trace: u64,
    /// The counts of the steps and faults.
    pub(crate) tally: Tally,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation(pub(crate) String);

impl Violation {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Fails with a violation if the condition doesn't hold.
#[macro_export]
macro_rules! promise {
    ($holds:expr, $($told:tt)+) => {
        if !$holds {
            return Err($crate::campaign::Violation::new(format!($($told)+)));
        }
    };
}

/// The cases that are run.
#[derive(Debug, Clone)]
pub(crate) struct Extent {
    /// The seeds that are run before all others.
    pub(crate) kept: Vec<u64>,
    /// The first seed. The others follow it.
    pub(crate) from: u64,
    /// The greatest number of cases besides the kept ones.
    pub(crate) cases: u64,
    /// The time at which the campaign ends.
    pub(crate) time: Duration,
    /// The number of threads.
    pub(crate) threads: usize,
}

/// The results of the cases.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    pub(crate) cases: u64,
    pub(crate) took: Duration,
    pub(crate) tally: Tally,
    /// The violations by seed.
    pub(crate) violations: BTreeMap<u64, Violation>,
    /// The violations that belong to no single case.
    pub(crate) others: Vec<Violation>,
    /// The arguments that a repetition of a case needs besides the seed.
    pub(crate) options: String,
}

impl Tried {
    /// Returns whether every promise held.
    pub(crate) fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.others.is_empty() && self.tally.missed().is_empty()
    }
}

/// The number of violations after which a campaign ends. Most of them have the same cause.
const ENOUGH: usize = 10;

/// Runs a case. A panic also breaks a promise.
pub(crate) fn caught(case: impl FnOnce() -> Result<Passed, Violation>) -> Result<Passed, Violation> {
    catch_unwind(AssertUnwindSafe(case))
        .unwrap_or_else(|panic| Err(Violation::new(format!("panicked: {}", told_by(panic.as_ref())))))
}

/// Returns the text of a panic.
pub(crate) fn told_by(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something")
}

/// Runs a case twice. Both runs have to give the same result.
pub(crate) fn twice(
    seed: u64,
    case: &(impl Fn(u64) -> Result<Passed, Violation> + ?Sized),
) -> Result<Passed, Violation> {
    let once = || caught(|| case(seed));
    let first = once()?;
    let second = once()?;
    promise!(first == second, "the same seed left two traces (I16): {first:?} and {second:?}");
    Ok(first)
}

/// Runs the cases of an extent.
pub(crate) fn run(extent: &Extent, case: &(impl Fn(u64) -> Result<Passed, Violation> + Sync + ?Sized)) -> Tried {
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let tried = Mutex::new(Tried::default());
    let work = || {
        let mut own = Tried::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let enough = tried.lock().expect("no panic gets here").violations.len() >= ENOUGH;
            let kept = usize::try_from(number).ok().and_then(|number| extent.kept.get(number));
            let fresh = number.saturating_sub(extent.kept.len() as u64);
            if enough || kept.is_none() && (fresh >= extent.cases || started.elapsed() >= extent.time) {
                break;
            }
            let seed = kept.copied().unwrap_or_else(|| extent.from.wrapping_add(fresh));
            own.cases += 1;
            match case(seed) {
                Ok(passed) => own.tally.add(&passed.tally),
                Err(violation) => {
                    // The table may come much later.
                    eprintln!("seed {seed}: {}", violation.0.lines().next().unwrap_or_default());
                    tried.lock().expect("no panic gets here").violations.insert(seed, violation);
                }
            }
        }
        let mut all = tried.lock().expect("no panic gets here");
        all.cases += own.cases;
        all.tally.add(&own.tally);
    };
    std::thread::scope(|scope| {
        for _ in 0..extent.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut tried = tried.into_inner().expect("no panic gets here");
    tried.took = started.elapsed();
    tried
}
