//! A campaign: the cases of many seeds, over all processors, until time or number is up.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::tally::Tally;

/// What a case that broke no promise leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Stands for every call and every state of the case.
    pub(crate) trace: u64,
    /// What was done to it.
    pub(crate) tally: Tally,
}

/// A promise was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation(pub(crate) String);

impl Violation {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Fails with a violation unless something holds.
#[macro_export]
macro_rules! promise {
    ($holds:expr, $($told:tt)+) => {
        if !$holds {
            return Err($crate::campaign::Violation::new(format!($($told)+)));
        }
    };
}

/// Which cases are run.
#[derive(Debug, Clone)]
pub(crate) struct Extent {
    /// These seeds before all others.
    pub(crate) kept: Vec<u64>,
    /// The first seed; the others follow.
    pub(crate) from: u64,
    /// So many cases beside the kept ones, if that many fit.
    pub(crate) cases: u64,
    /// Until then.
    pub(crate) time: Duration,
    /// Threads.
    pub(crate) threads: usize,
}

/// What became of them.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    pub(crate) cases: u64,
    pub(crate) took: Duration,
    pub(crate) tally: Tally,
    /// By seed.
    pub(crate) violations: BTreeMap<u64, Violation>,
    /// What broke a promise in no case.
    pub(crate) others: Vec<Violation>,
    /// What the command line needs besides the seed, to have a case again.
    pub(crate) options: String,
}

impl Tried {
    /// Whether every promise held.
    pub(crate) fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.others.is_empty() && self.tally.missed().is_empty()
    }
}

/// After so many violations a campaign ends: they are the same one, mostly.
const ENOUGH: usize = 10;

/// Runs a case; a panic breaks a promise as well.
pub(crate) fn caught(case: impl FnOnce() -> Result<Passed, Violation>) -> Result<Passed, Violation> {
    catch_unwind(AssertUnwindSafe(case))
        .unwrap_or_else(|panic| Err(Violation::new(format!("panicked: {}", told_by(panic.as_ref())))))
}

/// What somebody panicked with.
pub(crate) fn told_by(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something")
}

/// Runs a case twice; it has to do the same both times.
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
                    // It may take long until the table comes.
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
