//! Tries to break the promises of a sync, with everything that goes wrong in the world, and reports how often it tried.
//!
//! Each engine makes cases of seeds: the same seed is the same case, for ever.
//! `cargo xtask torture` builds this and calls it; docs/reliability.md says what is promised.

mod binary;
mod campaign;
mod dice;
mod elements;
mod machine;
mod paces;
mod planner;
mod report;
mod seeds;
mod show;
mod tally;
mod trace;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand, ValueEnum};

use campaign::{Extent, Passed, Tried, Violation};

/// The result of a step: its value, or a sentence that says what went wrong.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Tries to break the promises of a sync.
#[derive(Debug, Parser)]
#[command(name = "sync-torture")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs cases and prints what was tried, and what broke
    Run(RunArgs),
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Only this engine; all of them otherwise
    #[arg(long)]
    engine: Vec<EngineName>,
    /// For so many minutes, shared by the engines
    #[arg(long)]
    minutes: Option<f64>,
    /// So many cases of each engine
    #[arg(long)]
    cases: Option<u64>,
    /// A few cases, always the same: what every change is tried with
    #[arg(long, conflicts_with_all = ["minutes", "cases", "seed"])]
    quick: bool,
    /// The first seed; by the clock otherwise
    #[arg(long)]
    seed: Option<u64>,
    /// So many threads; one a processor otherwise
    #[arg(long)]
    threads: Option<usize>,
    #[command(flatten)]
    binary: binary::Options,
}

/// The engines, from the purest to the most real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngineName {
    /// The pure planner: no port, no I/O
    Planner,
    /// The engine of the core over both ports, in memory
    Ports,
    /// The same over the store in SQLite, on a real file
    Sqlite,
    /// Several programs that ask accounts at their pace, in virtual time
    Paces,
    /// The command itself against the simulated panel, with real signals and real faults
    Binary,
}

impl EngineName {
    const ALL: [Self; 5] = [Self::Planner, Self::Ports, Self::Sqlite, Self::Paces, Self::Binary];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Planner => "planner",
            Self::Ports => "ports",
            Self::Sqlite => "sqlite",
            Self::Paces => "paces",
            Self::Binary => "binary",
        }
    }

    /// Returns the seeds that once failed.
    const fn seeds(self) -> &'static str {
        match self {
            Self::Planner => include_str!("../seeds/planner.txt"),
            Self::Ports => include_str!("../seeds/ports.txt"),
            Self::Sqlite => include_str!("../seeds/sqlite.txt"),
            Self::Paces => include_str!("../seeds/paces.txt"),
            Self::Binary => include_str!("../seeds/binary.txt"),
        }
    }

    /// Returns the number of its cases with `--quick`.
    const fn few(self) -> u64 {
        match self {
            Self::Planner => 40_000,
            Self::Ports => 1500,
            Self::Sqlite => 150,
            Self::Paces => 300,
            Self::Binary => 30,
        }
    }

    /// Runs the cases of an extent.
    fn run(self, extent: &Extent, options: &binary::Options) -> Outcome<Tried> {
        type Case = fn(u64) -> Result<Passed, Violation>;
        type Story = fn(u64, Violation) -> String;
        let (case, story): (Case, Story) = match self {
            Self::Planner => (planner::run, |_, violation| violation.0),
            Self::Ports => (
                |seed| machine::case(machine::PORTS, seed),
                |seed, violation| machine::story(machine::PORTS, seed, violation),
            ),
            Self::Sqlite => (
                |seed| machine::case(machine::SQLITE, seed),
                |seed, violation| machine::story(machine::SQLITE, seed, violation),
            ),
            Self::Paces => (paces::case, |_, violation| violation.0),
            // The moment at which a signal arrives depends on the machine, so a case can't be repeated exactly.
            Self::Binary => return binary::run(extent, options),
        };
        let mut tried = campaign::run(extent, &|seed| campaign::twice(seed, &case));
        for (seed, violation) in tried.violations.iter_mut().take(STORIES) {
            violation.0 = story(*seed, violation.clone());
        }
        Ok(tried)
    }
}

/// The number of violations that are examined further.
const STORIES: usize = 3;

/// The minutes for which everything runs by default.
const MINUTES: f64 = 1.0;

fn main() -> ExitCode {
    let Command::Run(args) = Args::parse().command;
    // A panic is a violation, reported with its seed. Its message in between is not printed.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("sync-torture: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the engines. Returns whether every promise held.
fn run(args: &RunArgs) -> Outcome<bool> {
    let engines = if args.engine.is_empty() { &EngineName::ALL[..] } else { &args.engine };
    let from = args.seed.unwrap_or_else(|| if args.quick { 1 } else { by_the_clock() });
    let bounded = args.cases.is_some() || args.quick;
    let minutes = args.minutes.or((!bounded).then_some(MINUTES));
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let mut table = report::Table::default();
    let mut left = minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    for (at, engine) in engines.iter().enumerate() {
        let share = left.map(|left| left / u32::try_from(engines.len() - at).unwrap_or(1));
        let extent = Extent {
            kept: if args.seed.is_some() { Vec::new() } else { seeds::kept(engine.seeds()) },
            from,
            cases: args.cases.unwrap_or(if args.quick { engine.few() } else { u64::MAX }),
            time: share.unwrap_or(Duration::MAX),
            threads,
        };
        let tried = engine.run(&extent, &args.binary)?;
        left = left.map(|left| left.saturating_sub(tried.took));
        table.add(engine.as_str(), tried);
    }
    println!("first seed: {from}");
    print!("{table}");
    Ok(table.is_clean())
}

fn by_the_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs() << 20)
}
