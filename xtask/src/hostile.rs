//! `cargo xtask hostile`: the command against a panel that misbehaves in every known way, as a table.

use crate::Outcome;
use crate::e2e::{COMMAND, COMMAND_VARIABLE, build};
use crate::shell::{cargo, run, straight};

/// Runs all cases.
pub(crate) fn all() -> Outcome {
    programme(&[])
}

/// Runs all cases, or those with these numbers or with these words in their names.
pub(crate) fn programme(cases: &[String]) -> Outcome {
    let command = build(COMMAND)?;
    let target = "test --quiet --workspace --test hostile --locked --".split(' ');
    run(straight(&mut cargo(target)).args(cases).env(COMMAND_VARIABLE, command))
}
