//! `cargo xtask simulate`: a policy decides in simulated worlds, compared with fixed rules and an oracle.
//!
//! The package `sync-simulation` simulates.

use std::process::Command;

use crate::shell::run;
use crate::{Outcome, e2e};

/// The program that simulates.
const SIMULATION: e2e::Program = ("sync-simulation", "--bin", "sync-simulation");

pub(crate) fn main(args: &[String]) -> Outcome {
    let [simulation] = e2e::release([SIMULATION], &[])?;
    run(Command::new(simulation).args(args))
}
