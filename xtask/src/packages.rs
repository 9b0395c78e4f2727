//! The step `packages`: the packages that users download are complete, and build without this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{cargo, read, run};
use crate::workspace::{LIBRARIES, Workspace};
use crate::{Outcome, outside};

pub(crate) fn check() -> Outcome {
    let workspace = Workspace::load()?;
    // All dependencies are fetched now. The later calls are offline, so that no index is asked for unpublished crates.
    let host = read(Command::new("rustc").args(["--print", "host-tuple"]))?;
    run(&mut cargo(["fetch", "--locked", "--target", host.trim()]))?;
    let mut package = cargo("package --no-verify --allow-dirty --locked --offline".split(' '));
    for name in LIBRARIES {
        package.args(["-p", name]);
    }
    run(&mut package)?;
    let unpacked = unpack(&workspace)?;
    for (name, folder) in &unpacked {
        whole(name, folder)?;
    }
    outside::build_all(&workspace.target, &unpacked)
}

/// Unpacks the archives into a fresh folder. Returns each crate with its folder.
///
/// The files get the current time (`-m`). In the archives all files have the same old date, so cargo would not notice
/// changes.
fn unpack(workspace: &Workspace) -> Outcome<Vec<(&'static str, PathBuf)>> {
    let home = workspace.target.join("outside/packages");
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home)?;
    let mut unpacked = Vec::new();
    for name in LIBRARIES {
        let stem = format!("{name}-{}", workspace.package(name)?.version);
        let archive = workspace.target.join("package").join(format!("{stem}.crate"));
        run(Command::new("tar").arg("-xmzf").arg(archive).arg("-C").arg(&home))?;
        unpacked.push((name, home.join(stem)));
    }
    Ok(unpacked)
}

/// Fails unless a package has its texts, and the migrations as files of its own.
fn whole(name: &str, folder: &Path) -> Outcome {
    let is_file = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    if !is_file(&folder.join("README.md")) {
        return Err(format!("the package {name} has no README.md").into());
    }
    if name != "sync-sqlite" {
        return Ok(());
    }
    for entry in fs::read_dir("migrations")? {
        let migration = entry?;
        if !migration.path().is_dir() {
            continue;
        }
        for half in ["up.sql", "down.sql"] {
            let packed = folder.join("migrations").join(migration.file_name()).join(half);
            if !is_file(&packed) {
                return Err(format!("the package {name} lacks {}", packed.display()).into());
            }
        }
    }
    Ok(())
}
