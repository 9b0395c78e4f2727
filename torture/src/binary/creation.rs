//! kill -9 while a cache is made, a profile is added, or one is emptied.

use sync_sqlite::stop;
use sync_tests::Kind;

use super::fault::Fault;
use super::judge::demand;
use super::program::Running;
use super::scene::{AWAY, HOME, Scene};
use super::snapshot::{Snapshot, reader};
use crate::Outcome;

/// The points that the creation of a cache passes, and how often.
const MAKING: [(&str, u64); 6] = [
    ("open.created", 1),
    ("migrate.begun", 1),
    ("migrate.step", 2),
    ("migrate.before-commit", 1),
    ("migrate.committed", 1),
    ("open.ready", 1),
];

pub(crate) fn interrupted(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    if rng.bool() { making(scene, rng) } else { emptying(scene, rng) }
}

/// Kills the creation of a cache. The file is then no cache, or a whole one. The next call creates it.
fn making(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("new").join("cache.db");
    for _ in 0..rng.u32(1..=3) {
        let mut command = scene.add(&database, HOME);
        let point = rng.bool().then(|| *rng.choice(&MAKING).unwrap_or(&MAKING[0]));
        let part = rng.f64();
        let running = if let Some((point, times)) = point {
            let time = rng.u64(1..=times);
            scene.note(format!("kill the making of a cache at {point}:{time}"));
            command.env(stop::STOP_AT, format!("{point}:{time}"));
            let running = Running::start(command)?;
            if running.is_stopped() {
                scene.tally.stopped(point);
            }
            running
        } else {
            scene.note("kill the making of a cache");
            let running = Running::start(command)?;
            std::thread::sleep(scene.typical.mul_f64(part / 3.0));
            running
        };
        scene.watched(running.kill())?;
        scene.tally.count(Fault::Create, "making");
        if database.exists() {
            // Any part of the cache that exists is sound.
            Snapshot::of_unfinished(&database)?;
        }
    }
    scene.expect(scene.add(&database, HOME), 0)?;
    let mut sync = scene.program.command(&database, &[&super::scene::SYNC[..], &[HOME]].concat());
    sync.env_remove(stop::STOP_AT);
    scene.expect(sync, 0)?;
    let after = Snapshot::of_files(&database, HOME)?;
    let catalogue = scene.catalogue();
    Kind::ALL.into_iter().try_for_each(|kind| super::judge::agrees(kind, &after, &catalogue))
}

/// Kills a command that empties or deletes a profile, which happens in one transaction.
fn emptying(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    let removes = rng.bool();
    let args = if removes { ["profile", "remove", HOME].as_slice() } else { &["clear", HOME] };
    scene.note(format!("kill {}", args.join(" ")));
    let before = scene.look()?;
    let profiles_before = profiles(scene)?;
    let mut running = Running::start(scene.command(args))?;
    std::thread::sleep(scene.typical.mul_f64(rng.f64() * 0.6));
    let there = running.freeze()?;
    let ran = scene.watched(running.kill())?;
    demand!(there || ran.code == Some(0), "it ended by itself: {ran:?}");
    let after = scene.look()?;
    let empty = |kind: Kind| after.parts[kind as usize].items.is_empty() && after.parts[kind as usize].index.is_none();
    let emptied = Kind::ALL.into_iter().all(empty);
    demand!(before.others == after.others, "a row of another profile has changed");
    let unchanged = before.parts == after.parts;
    demand!(unchanged || emptied, "the profile is half emptied");
    scene.tally.count(Fault::Create, if emptied { "emptying, done" } else { "emptying, undone" });
    let known = profiles(scene)?;
    let is_removed = removes && emptied && known + 1 == profiles_before;
    demand!(known == profiles_before || is_removed, "{known} of {profiles_before} profiles are there");
    if is_removed {
        scene.expect(scene.add(&scene.database.clone(), HOME), 0)?;
    }
    scene.agree()?;
    scene.expect(scene.command(&["status", AWAY]), 0).map(|_| ())
}

/// Returns the number of profiles. Other steps may have added some.
fn profiles(scene: &Scene<'_>) -> Outcome<i64> {
    let count = "SELECT COUNT(*) FROM xtream_profiles";
    Ok(reader(&scene.database)?.query_row(count, [], |row| row.get(0))?)
}
