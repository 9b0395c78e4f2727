//! Machines that try to break what the design promises, and count how often they hit what they aim at.
//! `cargo xtask torture` builds this and calls it.

mod binary;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// What something came to: its value, or a sentence that says what went wrong.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Tries to break what the design promises.
#[derive(Debug, Parser)]
#[command(name = "sync-torture")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs schedules of faults, prints what was delivered, and fails when a promise was broken
    Run(Run),
}

/// What is tortured.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Engine {
    /// The command itself, with real signals and real faults
    Binary,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// What is tortured
    #[arg(long)]
    engine: Engine,
    /// Begins no schedule after so many minutes
    #[arg(long)]
    minutes: Option<f64>,
    /// The seed of the first schedule; the next one has the next number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// So many schedules
    #[arg(long)]
    cases: Option<u64>,
    /// Only these faults
    #[arg(long, value_delimiter = ',')]
    only: Vec<binary::Fault>,
    /// The items of the sync of which every disk-full point is tried; 0 leaves it to the schedules
    #[arg(long, default_value_t = 0)]
    full_disk_items: u32,
    /// The command with points; built when it is not named
    #[arg(long, env = "XTREAM_SYNC_POINTS_BIN")]
    command: Option<PathBuf>,
    /// Schedules at a time
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    jobs: usize,
}

fn main() -> ExitCode {
    let Command::Run(args) = Args::parse().command;
    let Engine::Binary = args.engine;
    let options = binary::Options {
        minutes: args.minutes,
        seed: args.seed,
        cases: args.cases,
        only: args.only,
        full_disk_items: args.full_disk_items,
        command: args.command,
        jobs: args.jobs.max(1),
    };
    match binary::run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("sync-torture: {failure}");
            ExitCode::FAILURE
        }
    }
}
