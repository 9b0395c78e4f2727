//! Copies the cache while a sync is under way.

use rusqlite::Connection;
use sync_sqlite::stop;

use super::fault::Fault;
use super::judge;
use super::kills::Moment;
use super::program::Running;
use super::scene::{HOME, Scene};
use super::snapshot::{Snapshot, reader};
use crate::Outcome;

/// Takes copies by SQLite, and copies of the files. Each kind in a copy is as before the sync or as after it.
pub(crate) fn during_a_sync(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    let moment = Moment::draw(rng);
    scene.note(format!("copies at {moment}"));
    let before = scene.look()?;
    let go = scene.folder().join("go");
    let mut sync = scene.sync(&[HOME]);
    if let Moment::Point(point, time) = moment {
        sync.env(stop::STOP_AT, format!("{point}:{time}")).env(stop::GO, &go);
    }
    if rng.bool() {
        sync.env(stop::CACHE_PAGES, "4");
    }
    let running = Running::start(sync)?;
    let stopped = moment.wait(&running, scene.typical);
    let catalogue = scene.catalogue();
    let copy = scene.folder().join("copy.db");
    reader(&scene.database)?.execute("VACUUM INTO ?1", [copy.to_str().ok_or("a path that is no text")?])?;
    judge::each_kind(&before, &Snapshot::read(Connection::open(&copy)?, None, HOME)?, &catalogue)?;
    scene.tally.count(Fault::Copy, "by SQLite");
    if stopped {
        // No program writes, so the files belong together.
        judge::each_kind(&before, &scene.look()?, &catalogue)?;
        scene.tally.count(Fault::Copy, "of the files");
    }
    std::fs::remove_file(copy)?;
    std::fs::write(&go, "")?;
    let ran = scene.watched(running.end())?;
    std::fs::remove_file(go)?;
    judge::demand!(ran.code == Some(0), "a copy has disturbed the sync: {ran:?}");
    scene.agree().map(|_| ())
}
