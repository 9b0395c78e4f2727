//! Several programs at once over the same cache, or one with several jobs. Some of them are killed.

use sync_tests::Kind;

use super::fault::Fault;
use super::judge::{self, demand};
use super::program::Running;
use super::scene::{AWAY, BESIDE, HOME, Scene};
use super::snapshot::Snapshot;
use crate::Outcome;

/// Runs several programs, or one with several jobs.
pub(crate) fn at_once(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    if rng.bool() { programs(scene, rng) } else { jobs(scene, rng) }
}

/// Runs one sync of three profiles with several jobs. Two profiles are of one account. The sync may be killed.
fn jobs(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    scene.expect(scene.add_beside(), 0)?;
    let number = rng.usize(2..=4).to_string();
    let killed = rng.bool().then(|| rng.f64());
    scene.note(format!("{number} jobs{}", if killed.is_some() { ", killed" } else { "" }));
    let running = Running::start(scene.sync(&["--jobs", &number, HOME, AWAY, BESIDE]))?;
    if let Some(part) = killed {
        // Three profiles take up to three times as long as one.
        std::thread::sleep(scene.typical.mul_f64(3.0 * part));
        scene.watched(running.kill())?;
        scene.tally.count(Fault::Several, "jobs, killed");
    } else {
        let ran = scene.watched(running.end())?;
        demand!(ran.code == Some(0), "a sync with jobs: {ran:?}");
        demand!(ran.stdout.lines().count() == 3, "a line per profile: {ran:?}");
        scene.tally.count(Fault::Several, "jobs");
    }
    scene.expect(scene.sync(&["--jobs", &number, AWAY, BESIDE]), 0)?;
    for profile in [AWAY, BESIDE] {
        let (snapshot, catalogue) = (Snapshot::of_files(&scene.database, profile)?, scene.catalogue());
        Kind::ALL.into_iter().try_for_each(|kind| judge::agrees(kind, &snapshot, &catalogue))?;
    }
    scene.agree().map(|_| ())
}

/// Runs two to four syncs of one profile or of two.
fn programs(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    let both = rng.bool();
    let number = rng.usize(2..=4);
    let killed = rng.bool().then(|| (rng.usize(..number), rng.f64()));
    scene.note(format!("{number} at once{}", if both { ", two profiles" } else { "" }));
    let profile = |at: usize| if both && at % 2 == 1 { AWAY } else { HOME };
    let mut running = Vec::new();
    for at in 0..number {
        running.push(Some(Running::start(scene.sync(&[profile(at)]))?));
    }
    if let Some((at, part)) = killed {
        std::thread::sleep(scene.typical.mul_f64(part));
        if let Some(one) = running[at].take() {
            scene.watched(one.kill())?;
            scene.tally.count(Fault::Several, "killed");
        }
    }
    let mut done = 0;
    for (at, one) in running.into_iter().enumerate() {
        let Some(one) = one else { continue };
        let ran = scene.watched(one.end())?;
        match ran.code {
            Some(0) => done += 1,
            Some(11) => demand!(ran.stdout.contains("profile_busy"), "{ran:?}"),
            _ => return Err(format!("number {at} of {number}: {ran:?}").into()),
        }
    }
    demand!(done > 0 || killed.is_some(), "none of {number} has synced");
    scene.tally.count(Fault::Several, if both { "two profiles" } else { "one profile" });
    scene.expect(scene.sync(&[AWAY]), 0)?;
    let (away, catalogue) = (Snapshot::of_files(&scene.database, AWAY)?, scene.catalogue());
    Kind::ALL.into_iter().try_for_each(|kind| judge::agrees(kind, &away, &catalogue))?;
    scene.agree().map(|_| ())
}
