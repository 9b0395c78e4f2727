//! Output that no program reads, or for which there is no room. The sync is completed in any case.

use std::fs::OpenOptions;
use std::process::Stdio;

use super::fault::Fault;
use super::judge::{self, demand};
use super::scene::{HOME, Scene};
use crate::Outcome;

pub(crate) fn that_nobody_reads(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    let before = scene.look()?;
    let mut sync = if rng.bool() { scene.sync(&[HOME]) } else { scene.sync(&[HOME, "-vvv"]) };
    // The reading end of this pipe is closed.
    let closed = || -> Outcome<Stdio> { Ok(std::io::pipe()?.1.into()) };
    let full = || -> Outcome<Stdio> { Ok(OpenOptions::new().write(true).open("/dev/full")?.into()) };
    let (way, codes): (_, &[i32]) = match rng.u32(..5) {
        0 => {
            sync.stdout(closed()?);
            ("stdout closed", &[0])
        }
        1 => {
            sync.stderr(closed()?);
            ("stderr closed", &[0])
        }
        2 => {
            sync.stdout(closed()?).stderr(closed()?);
            ("both closed", &[0])
        }
        3 if cfg!(target_os = "linux") => {
            sync.stdout(full()?);
            ("stdout full", &[1])
        }
        _ => {
            sync.stdout(Stdio::null()).stderr(Stdio::null());
            ("both nowhere", &[0])
        }
    };
    scene.note(way);
    let ran = scene.run(sync)?;
    demand!(ran.code.is_some_and(|code| codes.contains(&code)), "{way}: {ran:?}");
    let after = scene.look()?;
    judge::each_kind(&before, &after, &scene.catalogue())?;
    judge::in_step(&after, &scene.catalogue()).map_err(|error| format!("{way}: {error}"))?;
    scene.tally.count(Fault::Streams, way);
    scene.agree().map(|_| ())
}
