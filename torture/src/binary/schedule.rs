//! A schedule: all that one seed draws, from the first sync to the last judgement.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::fault::Fault;
use super::program::Program;
use super::scene::Scene;
use super::tally::Tally;
use crate::campaign::{Passed, Violation, told_by};

/// The number of faults of a schedule.
const FAULTS: u32 = 8;

/// Runs the schedule of a seed.
pub(crate) fn run(program: &Program, seed: u64, only: &[Fault]) -> Result<Passed, Violation> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let tally = Tally::default();
    let mut scene = Scene::begin(program, &tally, rng.u64(..))
        .map_err(|error| Violation(format!("the schedule could not begin: {error}")))?;
    for _ in 0..FAULTS {
        let fault = Fault::draw(&mut rng, only);
        // The draws for one fault don't depend on the faults before it.
        let mut own = rng.fork();
        scene.note(fault.name());
        let happened = catch_unwind(AssertUnwindSafe(|| fault.happen(&mut scene, &mut own)));
        let words = match happened {
            Ok(Ok(())) => continue,
            Ok(Err(broken)) => broken.to_string(),
            Err(panic) => format!("a panic of the torture itself: {}", told_by(panic.as_ref())),
        };
        let (steps, kept) = scene.keep();
        let (steps, kept) = (steps.join("; "), kept.display());
        return Err(Violation(format!("{words}\nsteps: {steps}\nthe cache is kept in {kept}")));
    }
    drop(scene);
    Ok(Passed { trace: 0, tally: tally.into_inner() })
}
