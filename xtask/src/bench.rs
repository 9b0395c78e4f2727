//! `cargo xtask bench`: builds the measured program and the measuring one, and runs the measurement.
//!
//! The package `sync-bench` measures. The command is built alone, as users get it, with the features that it has then.

use std::process::Command;

use crate::shell::run;
use crate::workspace::Workspace;
use crate::{Outcome, e2e};

/// The program that measures.
pub(crate) const BENCH: e2e::Program = ("sync-bench", "--bin", "sync-bench");

/// The program that counts allocations, in a process of its own.
const ALLOCATIONS: e2e::Program = ("sync-bench", "--bin", "allocations");

const USAGE: &str = "\
Usage: cargo xtask bench [--quick] [--rounds N]   measures, prints the table, writes target/bench/
       cargo xtask bench --against PROGRAM [--pairs N] [--items N]
                                                  compares the CPU time of this build with that of another one
       cargo xtask bench --against PROGRAM --instructions [--items N]
                                                  the same of their instructions, by valgrind
       cargo xtask bench --change-sets [--items N] [--whole N] [--rounds N]
                                                  change sets: bytes, CPU time and memory, beside a sync that does the same
       cargo xtask bench --counts                 counts what does not depend on the machine, and fails beyond the limits
";

/// Runs a measurement, or the counts.
pub(crate) fn main(args: &[String]) -> Outcome {
    match args {
        [word] if word == "--help" || word == "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        [word] if word == "--counts" => counts(),
        [word, ..] if word == "--against" => measure("versus", args),
        [word, rest @ ..] if word == "--change-sets" => measure("change-sets", rest),
        _ => measure("suite", args),
    }
}

/// Runs one of the measurements with the command as users get it.
fn measure(what: &str, args: &[String]) -> Outcome {
    let folder = folder()?;
    println!("Building the command and what measures it (release).");
    let ([engine], [bench]) = (e2e::release([e2e::COMMAND], &[])?, e2e::release([BENCH], &[])?);
    run(Command::new(bench).args([what, "--engine"]).arg(engine).arg("--folder").arg(folder).args(args))
}

/// Runs the counts with the programs of the tests. An optimised build has the same counts.
pub(crate) fn counts() -> Outcome {
    let folder = folder()?;
    let (engine, bench) = (e2e::build(e2e::COMMAND)?, e2e::build(BENCH)?);
    let mut call = Command::new(bench);
    call.args(["counts", "--engine"]).arg(engine).arg("--allocations").arg(e2e::build(ALLOCATIONS)?);
    run(call.arg("--folder").arg(folder))
}

/// Returns the folder of the bodies and the results.
pub(crate) fn folder() -> Outcome<std::path::PathBuf> {
    let folder = Workspace::load()?.target.join("bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
