//! The system limits the size of files (as `ulimit -f` does, and much like a quota), or the disk itself is that small.

use std::process::Command;

use nix::sys::signal::Signal;

use super::fault::Fault;
use super::full::{NewCache, full_is_told};
use super::judge::demand;
use super::program::Running;
use super::program::set_up;
use super::scene::{HOME, Scene};
use super::snapshot::Snapshot;
use crate::Outcome;

/// Syncs for the first time into a new cache. No file may have more than this number of blocks of half a KiB.
pub(crate) fn on_a_file(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let new = NewCache::make(scene)?;
    if rng.u32(..3) == 0 {
        return on_a_disk(scene, &new, rng);
    }
    let most = std::fs::metadata(&scene.database)?.len().div_ceil(512).max(400) * 3 / 2;
    for _ in 0..4 {
        let blocks = rng.u64(1..most);
        // Without this, the signal that comes with the limit ends a program that doesn't expect it.
        let ignored = if rng.bool() { "trap '' XFSZ; " } else { "" };
        scene.note(format!("no file beyond {blocks} blocks{}", if ignored.is_empty() { "" } else { ", no signal" }));
        let script = format!("{ignored}ulimit -f {blocks}; exec \"$@\"");
        let sync = scene.program.in_shell(&script, &new.database, &NewCache::args());
        let before = Snapshot::of_files(&new.database, HOME)?;
        let ran = scene.run(sync)?;
        demand!(ran.signal != Some(Signal::SIGXFSZ as i32), "the limit has killed it: {ran:?}");
        full_is_told(scene, &new.database, &before, &ran)?;
        scene.tally.count(Fault::Limit, if ran.code == Some(0) { "room enough" } else { "full" });
        new.agrees(scene)?;
    }
    Ok(())
}

/// Mounts a disk of this size in KiB that no other process sees, syncs there, and copies the files back. `$1` is the
/// size, `$2` a folder to mount it on, `$3` the folder of the cache, and the rest is the command.
const ON_A_DISK: &str = "mount -t tmpfs -o size=$1k tmpfs \"$2\" || exit 99; cp \"$3\"/cache.db \"$2\" || exit 98; \
                         from=$2; to=$3; shift 3; \"$@\"; code=$?; cp \"$from\"/cache.db* \"$to\"; exit $code";

/// The shell could not mount, or the disk is too small for the cache without a sync.
const NO_DISK: [i32; 2] = [98, 99];

/// Syncs for the first time on a real disk without room, if the system allows a mount.
fn on_a_disk(scene: &mut Scene<'_>, new: &NewCache, rng: &mut fastrand::Rng) -> Outcome {
    let disk = tempfile::tempdir()?;
    let cache = new.database.parent().ok_or("a file without a folder")?;
    let least = std::fs::metadata(&new.database)?.len().div_ceil(1024);
    for _ in 0..4 {
        let size = least + rng.u64(..least * 4);
        scene.note(format!("a disk of {size} KiB"));
        let before = Snapshot::of_files(&new.database, HOME)?;
        let mut sync = Command::new("unshare");
        sync.args(["--map-root-user", "--mount", "sh", "-c", ON_A_DISK, "sh", &size.to_string()]);
        sync.arg(disk.path()).arg(cache).arg(scene.program.path()).args(NewCache::args());
        set_up(&mut sync, &disk.path().join("cache.db"));
        let Ok(running) = Running::start(sync) else {
            scene.tally.count(Fault::Limit, "no disk to be had");
            return Ok(());
        };
        let ran = scene.watched(running.end())?;
        if ran.code.is_some_and(|code| NO_DISK.contains(&code)) || ran.stderr.contains("unshare") {
            scene.tally.count(Fault::Limit, "no disk to be had");
            return Ok(());
        }
        full_is_told(scene, &new.database, &before, &ran)?;
        scene.tally.count(Fault::Limit, if ran.code == Some(0) { "room enough" } else { "a full disk" });
        new.agrees(scene)?;
    }
    Ok(())
}
