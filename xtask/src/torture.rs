//! `cargo xtask torture`: runs random schedules of edits, wrong answers, faults and crashes, each from one seed.
//!
//! The package `sync-torture` runs the schedules.

use std::process::Command;

use crate::shell::run;
use crate::{Outcome, e2e};

/// The program that runs the schedules.
const TORTURE: e2e::Program = ("sync-torture", "--bin", "sync-torture");

/// The tested store has failpoints at which it can be stopped.
const POINTS: [&str; 2] = ["--features", "sync-torture/failpoints"];

/// Runs schedules for as long as the arguments say. The build is optimised, because the number of schedules counts.
pub(crate) fn main(args: &[String]) -> Outcome {
    let [torture] = e2e::release([TORTURE], &POINTS)?;
    run(Command::new(torture).arg("run").args(args))
}

/// Runs the schedules that test every change: those that failed once, and a fixed number of others.
///
/// The features are those of the step `tests`, so that the crates are not compiled once more.
pub(crate) fn quick() -> Outcome {
    let torture = e2e::build_with(TORTURE, &["--all-features"])?;
    run(Command::new(torture).args(["run", "--quick"]))
}
