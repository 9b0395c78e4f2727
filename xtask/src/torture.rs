//! `cargo xtask torture`: random schedules of edits, lies, faults and crashes, each from one seed.
//!
//! The torturing itself is the package `sync-torture`.

use std::process::Command;

use crate::shell::run;
use crate::{Outcome, e2e};

/// What tries to break the promises.
const TORTURE: e2e::Program = ("sync-torture", "--bin", "sync-torture");

/// The store that is tortured has points at which it can be stopped.
const POINTS: [&str; 2] = ["--features", "sync-torture/failpoints"];

/// As long as it is told to; optimised, because the number of schedules counts.
pub(crate) fn main(args: &[String]) -> Outcome {
    let [torture] = e2e::release([TORTURE], &POINTS)?;
    run(Command::new(torture).arg("run").args(args))
}

/// The schedules that every change is tried with: those that once failed, and a fixed number of others.
///
/// The features are those of the step `tests`, so that the crates are not compiled once more.
pub(crate) fn quick() -> Outcome {
    let torture = e2e::build_with(TORTURE, &["--all-features"])?;
    run(Command::new(torture).args(["run", "--quick"]))
}
