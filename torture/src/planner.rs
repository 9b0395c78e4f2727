//! The first engine: the planner alone, which is pure. Random listings and random indexes go through `Differ`,
//! `decide_removals` and `ListingIndex`. A model that is simple enough to be checked by eye stands beside them.

mod case;
pub(crate) mod model;
mod removals;

use crate::campaign::{Passed, Violation};
use crate::dice::Dice;

/// Runs the case of a seed.
pub(crate) fn run(seed: u64) -> Result<Passed, Violation> {
    let mut dice = Dice::new(seed);
    // Most cases are sequences of listings, because the state after one listing is the input of the next one.
    if dice.percent(70) { case::run(&mut dice, &mut Dice::new(!seed)) } else { removals::run(&mut dice) }
}
