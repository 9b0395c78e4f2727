//! Engine 4: the command itself against the simulated panel, with real signals and real faults.
//!
//! A schedule is a panel, a cache with two profiles, and a row of faults. All of it is drawn from one seed, so a seed
//! names the same faults again; when exactly a signal arrives is the machine's affair. After every fault the cache is
//! read by plain SQL and judged, and at the end of it one run has to bring it in step with the panel.

mod copies;
mod creation;
mod damage;
mod fault;
mod full;
mod judge;
mod kills;
mod limits;
mod locks;
mod look;
mod migration;
mod observers;
mod panics;
mod power;
mod program;
mod read_only;
mod scene;
mod schedule;
mod several;
mod signals;
mod snapshot;
mod streams;
mod tally;
mod wal;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Outcome;
pub(crate) use fault::Fault;
use program::Program;
use tally::Tally;

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) minutes: Option<f64>,
    pub(crate) seed: u64,
    pub(crate) cases: Option<u64>,
    pub(crate) only: Vec<Fault>,
    pub(crate) full_disk_items: u32,
    pub(crate) command: Option<PathBuf>,
    pub(crate) jobs: usize,
}

/// How many schedules there are when nothing else is said.
const CASES: u64 = 20;

/// Runs the schedules and prints the table; whether no promise was broken.
pub(crate) fn run(options: &Options) -> Outcome<bool> {
    let program = Program::with_points(options.command.as_deref())?;
    let tally = Tally::new();
    let deadline = options.minutes.map(|minutes| Instant::now() + Duration::from_secs_f64(minutes * 60.0));
    let cases = options.cases.unwrap_or(if deadline.is_some() { u64::MAX } else { CASES });
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case >= cases || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        break;
                    }
                    schedule::run(&program, options.seed.wrapping_add(case), &options.only, &tally);
                }
            });
        }
    });
    if options.full_disk_items > 0 {
        full::every_point(options.full_disk_items, options.jobs, &tally)?;
    }
    tally.print(&options.only);
    Ok(tally.is_clean())
}
