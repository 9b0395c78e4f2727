//! Engine 4: the command itself against the simulated panel, with real signals and real faults.
//!
//! A schedule is a panel, a cache with two profiles, and a row of faults. All of it is drawn from one seed, so a seed
//! gives the same faults again. Only the exact arrival of a signal depends on the machine. After every fault, plain SQL
//! reads the cache, and the result is judged. At the end of the schedule, one run has to bring the cache in step with
//! the panel.

mod apply;
mod copies;
mod creation;
mod damage;
mod edit;
mod fault;
mod full;
mod happen;
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
mod undo;
mod wal;

use std::path::PathBuf;
use std::time::Instant;

use crate::Outcome;
use crate::campaign::{self, Extent, Tried, Violation};
use fault::Fault;
use program::Program;

/// The arguments of the schedules.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The command (--engine binary)")]
pub(crate) struct Options {
    /// Only these faults
    #[arg(long, value_delimiter = ',')]
    only: Vec<Fault>,
    /// The items of the sync of which every disk-full point is tried; 0 leaves it to the schedules
    #[arg(long, default_value_t = 0)]
    full_disk_items: u32,
    /// The command with points; built when it is not named
    #[arg(long, env = "XTREAM_SYNC_POINTS_BIN")]
    command: Option<PathBuf>,
}

/// Runs the schedules.
pub(crate) fn run(extent: &Extent, options: &Options) -> Outcome<Tried> {
    let program = Program::with_points(options.command.as_deref())?;
    let started = Instant::now();
    let mut tried = campaign::run(extent, &|seed| schedule::run(&program, seed, &options.only));
    if options.full_disk_items > 0 {
        let how = format!("at every page of a sync of {} items", options.full_disk_items);
        match full::every_point(options.full_disk_items, extent.threads) {
            Ok(points) => tried.tally.count_many(Fault::Full.name(), how, points.into()),
            Err(error) => tried.others.push(Violation(format!("a disk full {how}: {error}"))),
        }
    }
    tried.took = started.elapsed();
    if !options.only.is_empty() {
        let only: Vec<String> = options.only.iter().map(|fault| fault.name()).collect();
        tried.options = format!(" --only {}", only.join(","));
    }
    Ok(tried)
}
