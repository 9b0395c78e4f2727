//! The first engine: the pure planner alone. Listings at random against known indexes at random,
//! through `Differ`, `decide_removals` and `ListingIndex`, and beside them a model that can be checked by eye.

mod case;
pub(crate) mod model;
mod removals;

use crate::campaign::{Passed, Violation};
use crate::dice::Dice;

/// Runs the case of a seed.
pub(crate) fn run(seed: u64) -> Result<Passed, Violation> {
    let mut dice = Dice::new(seed);
    // Most cases are sequences of listings, because what one leaves behind is what the next one meets.
    if dice.percent(70) { case::run(&mut dice, &mut Dice::new(!seed)) } else { removals::run(&mut dice) }
}
