//! Files and folders that can't be written. The command refuses them before it asks the panel.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use super::fault::Fault;
use super::judge::demand;
use super::scene::{HOME, Scene};
use crate::Outcome;

const STORE: i32 = 8;

/// A user who may write nothing: on most systems the number of `nobody`.
const NOBODY: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) -> Outcome {
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?)
}

/// Syncs over a file, or a folder, that the user may only read. Root can write everything, so root lets another user
/// run the command.
pub(crate) fn refused(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let folder = tempfile::tempdir()?;
    let is_root = folder.path().metadata()?.uid() == 0;
    let inner = folder.path().join("cache");
    std::fs::create_dir(&inner)?;
    let database = inner.join("cache.db");
    std::fs::copy(&scene.database, &database)?;
    let program = folder.path().join("xtream-sync");
    std::fs::copy(scene.program.path(), &program)?;
    set_mode(folder.path(), 0o755)?;
    let only_the_file = rng.bool();
    scene.note(if only_the_file { "the file is read-only" } else { "the folder is read-only" });
    if is_root {
        chown(&database, Some(NOBODY), Some(NOBODY))?;
        chown(&inner, Some(NOBODY), Some(NOBODY))?;
    }
    set_mode(&database, if only_the_file { 0o400 } else { 0o600 })?;
    set_mode(&inner, if only_the_file { 0o700 } else { 0o500 })?;
    let before = std::fs::read(&database)?;
    scene.panel.forget_requests();
    for args in [&super::scene::SYNC[..], &["clear", HOME], &["profile", "remove", HOME]] {
        let mut command = std::process::Command::new(&program);
        command.env("XTREAM_SYNC_DATABASE", &database).args(args);
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let ran = scene.run(command)?;
        demand!(ran.code == Some(STORE), "{args:?} ended with another code: {ran:?}");
        demand!(ran.stderr.contains("hint: check the rights"), "it doesn't say what to do: {ran:?}");
        demand!(std::fs::read(&database)? == before, "{args:?} changed the file");
    }
    set_mode(&inner, 0o700)?;
    demand!(scene.panel.requests().is_empty(), "the panel was asked before");
    scene.tally.count(Fault::ReadOnly, if only_the_file { "file" } else { "folder" });
    Ok(())
}
