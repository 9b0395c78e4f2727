//! Files that are no cache, or no longer one. The command reports them and never deletes them. The way out that it
//! names works.

use std::path::Path;

use sync_tests::Kind;

use super::fault::Fault;
use super::judge::{self, demand};
use super::scene::{HOME, SYNC, Scene};
use super::snapshot::Snapshot;
use crate::Outcome;

const STORE: i32 = 8;

/// The exit codes of a command over a damaged file: success if it doesn't meet the damage, and otherwise the errors
/// that damaged addresses, passwords and names lead to. It is never an internal error or a signal.
const CODES: [i32; 9] = [0, 2, 3, 4, 5, 6, 7, STORE, 9];

pub(crate) fn told(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("cache.db");
    let whole = std::fs::read(&scene.database)?;
    for _ in 0..4 {
        let (way, damaged, is_plain) = damage(&whole, rng);
        scene.note(format!("damage: {way}"));
        std::fs::write(&database, &damaged)?;
        for args in [&["status", "--json"][..], &SYNC, &["profile", "list"]] {
            let ran = scene.run(scene.program.command(&database, args))?;
            let code = ran.code.ok_or_else(|| format!("{way}, {args:?}: {ran:?}"))?;
            demand!(CODES.contains(&code), "{way}, {args:?} ended with {code}: {ran:?}");
            demand!(database.exists(), "{way}, {args:?}: the file is gone");
            if is_plain {
                demand!(code == STORE, "{way}, {args:?} ended with {code}: {ran:?}");
                demand!(std::fs::read(&database)? == damaged, "{way}, {args:?}: the file is written");
            }
            if code == STORE {
                demand!(ran.stderr.contains("hint: "), "{way}, {args:?}: no hint: {ran:?}");
            }
        }
        scene.tally.count(Fault::Damage, way);
        begin_anew(scene, &database)?;
    }
    scene.agree().map(|_| ())
}

/// Damages the bytes of a cache. Returns the kind of damage, the bytes, and whether none of it can be taken for a
/// cache.
fn damage(whole: &[u8], rng: &mut fastrand::Rng) -> (&'static str, Vec<u8>, bool) {
    let mut damaged = whole.to_vec();
    match rng.u32(..8) {
        0 => {
            let words = b"Dear diary, today I have synced.\n".repeat(rng.usize(1..200));
            ("not a database", words, true)
        }
        1 => {
            damaged.truncate(rng.usize(1..whole.len()));
            ("cut off", damaged, false)
        }
        2 => {
            damaged.truncate(rng.usize(1..whole.len() / 4096) * 4096);
            ("cut off between pages", damaged, false)
        }
        3 => {
            let page = rng.usize(..whole.len() / 4096) * 4096;
            damaged[page..page + 4096].fill(0);
            ("a page of zeros", damaged, false)
        }
        4 => {
            let pages = whole.len() / 4096;
            let (from, to) = (rng.usize(1..pages) * 4096, rng.usize(1..pages) * 4096);
            damaged.copy_within(from..from + 4096, to);
            ("a page in the place of another", damaged, false)
        }
        _ => {
            for _ in 0..rng.u32(1..40) {
                let at = if rng.u32(..4) == 0 { rng.usize(..200) } else { rng.usize(..damaged.len()) };
                damaged[at] ^= 1 << rng.u32(..8);
            }
            ("flipped bits", damaged, false)
        }
    }
}

/// Follows the hint: keeps the file, and syncs into another one.
fn begin_anew(scene: &Scene<'_>, database: &Path) -> Outcome {
    let kept = database.with_extension("kept");
    let bytes = std::fs::read(database)?;
    std::fs::rename(database, &kept)?;
    for suffix in ["-wal", "-shm"] {
        // The file doesn't exist after an orderly end.
        let _ = std::fs::remove_file(super::snapshot::beside(database, suffix));
    }
    scene.expect(scene.add(database, HOME), 0)?;
    scene.expect(scene.program.command(database, &[&SYNC[..], &[HOME]].concat()), 0)?;
    let (after, catalogue) = (Snapshot::of_files(database, HOME)?, scene.catalogue());
    Kind::ALL.into_iter().try_for_each(|kind| judge::agrees(kind, &after, &catalogue))?;
    demand!(std::fs::read(&kept)? == bytes, "the file that was kept has changed");
    Ok(std::fs::remove_file(kept)?)
}
