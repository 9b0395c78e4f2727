//! A schedule: what one seed draws, from the first sync to the last judgement.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::fault::Fault;
use super::program::Program;
use super::scene::Scene;
use super::tally::{Tally, Violation};

/// Faults of a schedule.
const FAULTS: u32 = 8;

/// Runs the schedule of a seed; what was broken is in the tally.
pub(crate) fn run(program: &Program, seed: u64, only: &[Fault], tally: &Tally) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut scene = match Scene::begin(program, tally, rng.u64(..)) {
        Ok(scene) => scene,
        Err(error) => {
            let words = format!("the schedule could not begin: {error}");
            return tally.violated(Violation { seed, steps: Vec::new(), words, kept: None });
        }
    };
    for _ in 0..FAULTS {
        let fault = Fault::draw(&mut rng, only);
        // What is drawn for one fault is no matter of the next, however it went.
        let mut own = rng.fork();
        scene.note(fault.name());
        let happened = catch_unwind(AssertUnwindSafe(|| fault.happen(&mut scene, &mut own)));
        let words = match happened {
            Ok(Ok(())) => continue,
            Ok(Err(broken)) => broken.to_string(),
            Err(panic) => {
                let told = panic.downcast_ref::<String>().map(String::as_str);
                let told = told.or_else(|| panic.downcast_ref::<&str>().copied());
                format!("a panic of the torture itself: {}", told.unwrap_or("something"))
            }
        };
        let (steps, kept) = scene.keep();
        return tally.violated(Violation { seed, steps, words, kept: Some(kept) });
    }
    tally.schedule_done();
}
