//! `cargo xtask bench`: builds what is measured, and what measures it, and lets it run.
//!
//! The measuring itself is the package `sync-bench`. The command is built by itself, as people get it: with the features
//! that it has then, and no others.

use std::process::Command;

use crate::shell::run;
use crate::workspace::Workspace;
use crate::{Outcome, e2e};

/// What measures.
const BENCH: e2e::Program = ("sync-bench", "--bin", "sync-bench");

/// What counts allocations, in a process of its own.
const ALLOCATIONS: e2e::Program = ("sync-bench", "--bin", "allocations");

const USAGE: &str = "\
Usage: cargo xtask bench [--quick] [--rounds N]   measures, prints the table, writes target/bench/
       cargo xtask bench --against PROGRAM [--pairs N] [--items N]
                                                  compares the CPU time of this build with that of another one
       cargo xtask bench --counts                 counts what does not depend on the machine, and fails beyond the limits
";

/// Measures, or counts.
pub(crate) fn main(args: &[String]) -> Outcome {
    match args {
        [word] if word == "--help" || word == "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        [word] if word == "--counts" => counts(),
        [word, ..] if word == "--against" => {
            let folder = folder()?;
            let ([engine], [bench]) = (e2e::release([e2e::COMMAND], &[])?, e2e::release([BENCH], &[])?);
            run(Command::new(bench).args(["versus", "--engine"]).arg(engine).arg("--folder").arg(folder).args(args))
        }
        _ => {
            let folder = folder()?;
            println!("Building the command and what measures it (release).");
            let ([engine], [bench]) = (e2e::release([e2e::COMMAND], &[])?, e2e::release([BENCH], &[])?);
            run(Command::new(bench).args(["suite", "--engine"]).arg(engine).arg("--folder").arg(folder).args(args))
        }
    }
}

/// The counts, of programs as the tests use them: an optimised build would count the same.
pub(crate) fn counts() -> Outcome {
    let folder = folder()?;
    let (engine, bench) = (e2e::build(e2e::COMMAND)?, e2e::build(BENCH)?);
    let mut call = Command::new(bench);
    call.args(["counts", "--engine"]).arg(engine).arg("--allocations").arg(e2e::build(ALLOCATIONS)?);
    run(call.arg("--folder").arg(folder))
}

/// Where bodies are kept and results are written.
fn folder() -> Outcome<std::path::PathBuf> {
    let folder = Workspace::load()?.target.join("bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
