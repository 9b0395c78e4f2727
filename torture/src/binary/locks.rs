//! Another program has the cache open: it writes for a while or for too long, or reads for long.

use std::time::Duration;

use rusqlite::Connection;
use sync_sqlite::stop;

use super::fault::Fault;
use super::judge::{self, Became, demand};
use super::power::state_of;
use super::program::Running;
use super::scene::{HOME, Scene};
use super::snapshot::{beside, reader};
use crate::Outcome;

const STORE: i32 = 8;

/// The number of bytes by which the log may be larger than what the syncs under a reader wrote.
const BEYOND: u64 = 1 << 20;

/// Lets another program take the right to write, before the sync or in the middle of it.
pub(crate) fn by_a_writer(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    let before = scene.look()?;
    let too_long = rng.bool();
    let patience = if too_long { 200 } else { 20_000 };
    let point =
        rng.bool().then(|| (*rng.choice(&["start.committed", "apply.before-begin"]).unwrap_or(&"lease.taken"), 1));
    let held = Duration::from_millis(rng.u64(50..400));
    scene.note(format!("locked {}, at {point:?}", if too_long { "for too long" } else { "for a while" }));
    let other = Connection::open(&scene.database)?;
    let mut sync = match point {
        Some((point, time)) => scene.sync_until(point, time),
        None => scene.sync(&[HOME]),
    };
    let go = scene.folder().join("go");
    sync.env(stop::PATIENCE, patience.to_string()).env(stop::GO, &go);
    if point.is_none() {
        other.execute_batch("BEGIN IMMEDIATE")?;
    }
    let running = Running::start(sync)?;
    if point.is_some() {
        demand!(running.is_stopped(), "it did not come to {point:?}");
        other.execute_batch("BEGIN IMMEDIATE")?;
        std::fs::write(&go, "")?;
    }
    let ran = if too_long {
        let ran = scene.watched(running.end())?;
        other.execute_batch("ROLLBACK")?;
        ran
    } else {
        std::thread::sleep(held);
        other.execute_batch("ROLLBACK")?;
        scene.watched(running.end())?
    };
    drop(other);
    // The file is absent if the sync did not wait.
    let _ = std::fs::remove_file(go);
    let after = scene.look()?;
    let became = judge::each_kind(&before, &after, &scene.catalogue())?;
    if too_long {
        demand!(ran.code == Some(STORE), "it ended with another code: {ran:?}");
        demand!(ran.stderr.contains("locked by another program"), "it doesn't say why: {ran:?}");
        demand!(became == [Became::Old; 3], "something was written all the same");
        scene.tally.count(Fault::Lock, "too long");
    } else {
        demand!(ran.code == Some(0), "it did not wait: {ran:?}");
        judge::in_step(&after, &scene.catalogue())?;
        scene.tally.count(Fault::Lock, "waited for");
    }
    scene.agree().map(|_| ())
}

/// Lets another program read one state while syncs go on. It sees this state only. The log grows by the writes, and is
/// emptied when the reader has ended.
pub(crate) fn by_a_reader(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let look = reader(&scene.database)?;
    look.execute_batch("BEGIN")?;
    let seen = state_of(&look)?;
    let log = || std::fs::metadata(beside(&scene.database, "-wal")).map_or(0, |log| log.len());
    let mut syncs = 0;
    for _ in 0..rng.u32(2..=5) {
        scene.step(rng);
        scene.expect(scene.sync(&[HOME]), 0)?;
        syncs += 1;
        demand!(state_of(&look)? == seen, "the reader sees something else");
    }
    // A sync without changes makes the log grow by its record only.
    let grown = log();
    for _ in 0..5 {
        scene.expect(scene.sync(&[HOME]), 0)?;
    }
    let idle = log() - grown;
    demand!(idle < BEYOND, "five syncs of nothing have added {idle} bytes to the log");
    let database = std::fs::metadata(&scene.database)?.len();
    let bound = (syncs + 1) * (database * 2 + BEYOND);
    demand!(log() < bound, "the log has {} bytes after {syncs} syncs of a cache of {database}", log());
    look.execute_batch("COMMIT")?;
    drop(look);
    scene.note(format!("{syncs} syncs under a reader"));
    scene.tally.count_many(Fault::Reader, "syncs under a reader", syncs + 5);
    scene.agree().map(|_| ())
}
