//! Runs a rule over a link: elements arrive, batches close, and a receiver takes them one by one.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use sync_core::policy::batch::{BatchSize, HOLD};

use super::world::World;
use crate::Failure;
use crate::table::Table;

/// The number of batches that may wait for the receiver, as in the source.
const WAITING: usize = 3;

/// The rule that closes a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The policy that is shipped.
    Policy,
    /// A number of elements.
    Fixed(usize),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("learnt"),
            Self::Fixed(size) => write!(f, "{size} elements"),
        }
    }
}

/// The results of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Outcome {
    /// The time from the beginning to the last element that was taken.
    pub(super) seconds: f64,
    /// The longest time between two batches that were taken.
    pub(super) silence: f64,
    /// The longest time from the arrival of an element until a free receiver had it.
    pub(super) hold: f64,
    /// The longest time of a batch. It is the longest time until a cancellation is noticed.
    pub(super) cancel: f64,
}

/// Lets elements arrive, closes batches by the rule, and takes them.
pub(super) fn run(world: &World, rule: Rule) -> Outcome {
    let hold = HOLD.as_secs_f64();
    let mut outcome = Outcome::default();
    let (mut size, mut began) = (BatchSize::default(), 0.0);
    // The times at which the receiver ended each of the last batches. A new batch waits if too many are there.
    let mut ends: VecDeque<f64> = VecDeque::new();
    let (mut free, mut told, mut sent): (f64, f64, f64) = (0.0, 0.0, 0.0);
    let mut first = 0;
    while first < world.arrivals.len() {
        // The sender goes on when its last batch has a place.
        let came = world.arrivals[first].max(sent);
        let limit = if let Rule::Fixed(size) = rule { size } else { size.entries() };
        let last = (first + limit).min(world.arrivals.len());
        let full = world.arrivals[last - 1].max(sent);
        let (end, closed) = if rule == Rule::Policy && full > came + hold {
            let here = world.arrivals[first..last].partition_point(|at| *at <= came + hold);
            (first + here.max(1), came + hold)
        } else {
            (last, full)
        };
        size = size.after(end - first, Duration::from_secs_f64((closed - began).max(0.0)));
        began = closed;
        sent = closed;
        if ends.len() > WAITING {
            sent = sent.max(ends.pop_front().expect("there are some"));
        }
        let work = world.batch + (end - first) as f64 * world.element;
        let begins = closed.max(free);
        // While the receiver is not free, the batch is not the reason why an element waits.
        outcome.hold = outcome.hold.max(begins - world.arrivals[first].max(free));
        outcome.silence = outcome.silence.max(begins - told);
        outcome.cancel = outcome.cancel.max(work);
        told = begins;
        free = begins + work;
        ends.push_back(free);
        first = end;
    }
    outcome.seconds = free;
    outcome
}

/// Replays a file of arrivals. Its form is in `docs/policies/batches.md`.
///
/// # Errors
///
/// The file can't be read.
pub(super) fn trace(file: &Path) -> Result<(), Failure> {
    let mut arrivals = Vec::new();
    for (number, line) in (1..).zip(std::fs::read_to_string(file)?.lines()).skip(1) {
        let bad = || format!("line {number} is not `seconds,elements`");
        let (at, elements) = line.split_once(',').ok_or_else(bad)?;
        let (at, elements): (f64, usize) =
            (at.trim().parse().map_err(|_| bad())?, elements.trim().parse().map_err(|_| bad())?);
        arrivals.resize(arrivals.len() + elements, at);
    }
    if arrivals.is_empty() || !arrivals.is_sorted() {
        return Err("the file has no elements, or they are not in order".into());
    }
    let world = World { arrivals, element: 5e-6, batch: 40e-6 };
    let mut table = Table::new(&["rule", "seconds", "longest without progress, s", "longest hold, s", "cancel, ms"]);
    for rule in [Rule::Policy, Rule::Fixed(50), Rule::Fixed(500), Rule::Fixed(5000)] {
        let Outcome { seconds, silence, hold, cancel } = run(&world, rule);
        table.row(vec![
            rule.to_string(),
            format!("{seconds:.2}"),
            format!("{silence:.2}"),
            format!("{hold:.2}"),
            format!("{:.1}", cancel * 1000.0),
        ]);
    }
    print!("{table}");
    Ok(())
}
