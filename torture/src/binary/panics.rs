//! A panic in the middle of a call of the store. It is reported without values and rolled back, and the next run
//! succeeds.

use sync_sqlite::stop;

use super::fault::Fault;
use super::judge::{self, demand};
use super::kills::Moment;
use super::program::Running;
use super::scene::{HOME, Scene};
use crate::Outcome;

pub(crate) fn inside_the_store(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    let Moment::Point(point, time) = Moment::within(rng) else { return Ok(()) };
    scene.note(format!("panic at {point}:{time}"));
    let before = scene.look()?;
    let mut sync = scene.sync(&[HOME]);
    sync.env(stop::STOP_AT, format!("{point}:{time}=panic"));
    let mut ran = Running::start(sync)?.end()?;
    let panicked = ran.stderr.contains("the program panicked at ");
    // This panic is expected, so the word for it is removed before the output is searched.
    ran.stderr = ran.stderr.replace("panicked", "");
    let ran = scene.watched(Ok(ran))?;
    judge::each_kind(&before, &scene.look()?, &scene.catalogue())?;
    if panicked {
        scene.tally.stopped(point);
        demand!(ran.stderr.contains("a panic inside the store"), "the report doesn't tell of it: {ran:?}");
        demand!(ran.code == Some(8), "it ended with another code: {ran:?}");
    } else {
        demand!(ran.code == Some(0), "it ended with another code: {ran:?}");
    }
    scene.tally.count(Fault::Panic, if panicked { "rolled back" } else { "too late" });
    scene.agree().map(|_| ())
}
