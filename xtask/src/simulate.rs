//! `cargo xtask simulate`: a policy decides in simulated worlds, beside fixed rules and an oracle.
//!
//! The simulating itself is the package `sync-simulation`.

use std::process::Command;

use crate::shell::run;
use crate::{Outcome, e2e};

/// What simulates.
const SIMULATION: e2e::Program = ("sync-simulation", "--bin", "sync-simulation");

pub(crate) fn main(args: &[String]) -> Outcome {
    let [simulation] = e2e::release([SIMULATION], &[])?;
    run(Command::new(simulation).args(args))
}
