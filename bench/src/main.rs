//! Measures a sync: the command itself, compared with the floor that no program can go below, and with a usual simple
//! program. `cargo xtask bench` builds this program and calls it.
//!
//! Each measured program is a process of its own, so that its CPU time and its memory are its own. The panel that
//! serves it is another process. Most subcommands are these processes, and only [`suite`] calls them.

mod bodies;
mod change_sets;
mod counts;
mod database;
mod engine;
mod figures;
mod floor;
mod link;
mod machine;
mod measure;
mod naive;
mod names;
mod overlay;
mod panel;
mod reader;
mod report;
mod searching;
mod serving;
mod snapshot;
mod stages;
mod suite;
mod versus;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The result of a step: its value, or a sentence that says what went wrong.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Measures a sync beside its floor and beside what people usually write.
#[derive(Debug, Parser)]
#[command(name = "sync-bench")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs every scenario several times, interleaved, and prints the table
    Suite(suite::Args),
    /// Counts what does not depend on the machine, and fails where it is too much
    Counts(counts::Args),
    /// Compares two builds of the command, in pairs of runs
    Versus(versus::Args),
    /// Measures what edits and filters cost, in a cache that it makes
    Overlay(overlay::Args),
    /// Measures change sets: bytes, CPU time and memory, beside a sync that does the same
    ChangeSets(change_sets::Args),
    /// Exports what lies between two dated lists, applies it, and prints its share of the new list
    Dated(change_sets::dated::Args),
    /// Serves bodies; takes orders on standard input
    #[command(hide = true)]
    Panel(serving::Args),
    /// Runs a program and writes down what it took
    #[command(hide = true)]
    Measure { to: PathBuf, program: PathBuf, args: Vec<String> },
    /// Decodes the bodies from memory, and inserts their rows through one raw statement a kind
    #[command(hide = true)]
    FloorFirst { bodies: PathBuf, database: PathBuf },
    /// Drains the bodies from the socket, splits and hashes the elements, and reads the index
    #[command(hide = true)]
    FloorUnchanged { url: String, database: PathBuf },
    /// Decodes each body whole, and upserts row by row
    #[command(hide = true)]
    Naive {
        url: String,
        database: PathBuf,
        /// A transaction a row
        #[arg(long)]
        each: bool,
    },
    /// Asks a database for pages until standard input ends
    #[command(hide = true)]
    Reader { database: PathBuf, profile: String },
    /// Searches a cache, and leafs through it
    #[command(hide = true)]
    Search { database: PathBuf, profile: String },
    /// Runs a pure stage over so many elements, for a tool that counts instructions
    #[command(hide = true)]
    Stage { name: String, elements: usize },
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Suite(args) => suite::main(&args),
        Command::Counts(args) => counts::main(&args),
        Command::Versus(args) => versus::main(&args),
        Command::Overlay(args) => overlay::main(&args),
        Command::ChangeSets(args) => change_sets::main(&args),
        Command::Dated(args) => change_sets::dated::main(&args),
        Command::Panel(args) => serving::main(&args),
        Command::Measure { to, program, args } => return measure::main(&to, &program, &args),
        Command::FloorFirst { bodies, database } => floor::first::main(&bodies, &database),
        Command::FloorUnchanged { url, database } => floor::unchanged::main(&url, &database),
        Command::Naive { url, database, each } => naive::main(&url, &database, each),
        Command::Reader { database, profile } => reader::main(&database, &profile),
        Command::Search { database, profile } => searching::main(&database, &profile),
        Command::Stage { name, elements } => stages::main(&name, elements),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sync-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
