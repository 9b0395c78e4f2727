//! `cargo xtask simulate <topic>`: lets a policy decide in simulated worlds, and says whether it meets its bars.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sync_simulation::{Args, Failure, batches, intervals, pace, probes};

/// Let a policy decide in simulated worlds, and say whether it meets its bars.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate")]
struct Call {
    #[command(subcommand)]
    topic: Topic,
}

#[derive(Debug, Subcommand)]
enum Topic {
    /// When a kind is looked at next
    Intervals(Args),
    /// How fast an account is asked
    Pace(Args),
    /// How many elements travel together
    Batches(Args),
    /// Small questions in place of whole lists
    Probes(Args),
}

fn main() -> ExitCode {
    let outcome: Result<(), Failure> = match Call::parse().topic {
        Topic::Intervals(args) => intervals::main(&args),
        Topic::Pace(args) => pace::main(&args),
        Topic::Batches(args) => batches::main(&args),
        Topic::Probes(args) => probes::main(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("simulate: {failure}");
            ExitCode::FAILURE
        }
    }
}
