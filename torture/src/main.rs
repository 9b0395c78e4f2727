//! Tries to break the promises of a sync, with everything that goes wrong in the world, and reports how often it tried.
//!
//! Each engine makes cases of seeds: the same seed is the same case, for ever, and leaves the same trace.
//! `cargo xtask torture` builds this and calls it; docs/reliability.md says what is promised.

mod campaign;
mod dice;
mod elements;
mod machine;
mod planner;
mod report;
mod seeds;
mod show;
mod tally;
mod trace;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand, ValueEnum};

use campaign::{Extent, Passed, Violation};

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
}

impl EngineName {
    const ALL: [Self; 3] = [Self::Planner, Self::Ports, Self::Sqlite];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Planner => "planner",
            Self::Ports => "ports",
            Self::Sqlite => "sqlite",
        }
    }

    /// The seeds that once failed.
    const fn seeds(self) -> &'static str {
        match self {
            Self::Planner => include_str!("../seeds/planner.txt"),
            Self::Ports => include_str!("../seeds/ports.txt"),
            Self::Sqlite => include_str!("../seeds/sqlite.txt"),
        }
    }

    /// How many cases of it `--quick` takes.
    const fn few(self) -> u64 {
        match self {
            Self::Planner => 20_000,
            Self::Ports => 1000,
            Self::Sqlite => 100,
        }
    }

    /// Runs the case of a seed.
    fn case(self, seed: u64) -> Result<Passed, Violation> {
        match self {
            Self::Planner => planner::run(seed),
            Self::Ports => machine::case(machine::PORTS, seed),
            Self::Sqlite => machine::case(machine::SQLITE, seed),
        }
    }

    /// Tells more of a seed that failed.
    fn story(self, seed: u64, violation: Violation) -> String {
        match self {
            Self::Planner => violation.0,
            Self::Ports => machine::story(machine::PORTS, seed, violation),
            Self::Sqlite => machine::story(machine::SQLITE, seed, violation),
        }
    }
}

/// So many violations are looked at closely.
const STORIES: usize = 3;

/// For how long everything runs when nobody says it.
const MINUTES: f64 = 1.0;

fn main() -> ExitCode {
    let Command::Run(args) = Args::parse().command;
    // What panics is a violation, reported with its seed; the noise in between is not.
    std::panic::set_hook(Box::new(|_| {}));
    if run(&args) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the engines; returns whether every promise held.
fn run(args: &RunArgs) -> bool {
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
        let mut outcome = campaign::run(&extent, &|seed| engine.case(seed));
        for (seed, violation) in outcome.violations.iter_mut().take(STORIES) {
            violation.0 = engine.story(*seed, violation.clone());
        }
        left = left.map(|left| left.saturating_sub(outcome.took));
        table.add(engine.as_str(), outcome);
    }
    println!("first seed: {from}");
    print!("{table}");
    table.is_clean()
}

fn by_the_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs() << 20)
}
