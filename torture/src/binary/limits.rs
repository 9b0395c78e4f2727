//! The system lets no file grow beyond so many bytes: what `ulimit -f` does, and much like a quota.

use nix::sys::signal::Signal;

use super::fault::Fault;
use super::full::{NewCache, full_is_told};
use super::judge::demand;
use super::scene::{HOME, Scene};
use super::snapshot::Snapshot;
use crate::Outcome;

/// First syncs into a new cache, of which no file may have more than so many blocks of half a KiB.
pub(crate) fn on_a_file(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let new = NewCache::make(scene)?;
    let most = std::fs::metadata(&scene.database)?.len().div_ceil(512).max(400) * 3 / 2;
    for _ in 0..4 {
        let blocks = rng.u64(1..most);
        // What a shell does not tell otherwise: the signal that comes with it ends a program that doesn't expect it.
        let ignored = if rng.bool() { "trap '' XFSZ; " } else { "" };
        scene.note(format!("no file beyond {blocks} blocks{}", if ignored.is_empty() { "" } else { ", no signal" }));
        let script = format!("{ignored}ulimit -f {blocks}; exec \"$@\"");
        let sync = scene.program.in_shell(&script, &new.database, &new.args());
        let before = Snapshot::of_files(&new.database, HOME)?;
        let ran = scene.run(sync)?;
        demand!(ran.signal != Some(Signal::SIGXFSZ as i32), "the limit has killed it: {ran:?}");
        full_is_told(scene, &new.database, &before, &ran)?;
        scene.tally.count(Fault::Limit, if ran.code == Some(0) { "room enough" } else { "full" });
        new.agrees(scene)?;
    }
    Ok(())
}
