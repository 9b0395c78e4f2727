//! The programs outside the workspace. They depend on the crates as packages, like the programs of other people.
//!
//! Their manifests name the crates by version, as any manifest does. The copy of a manifest also says where cargo finds
//! the crates before they are published. It has the profiles and the lock file of the workspace, so that earlier builds
//! are used again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::shell::{cargo, run};
use crate::workspace::LIBRARIES;

/// The folder of the programs.
pub(crate) const TEMPLATES: &str = "xtask/outside";

/// A program that uses some of the crates.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The crates of this workspace that the program depends on, directly or not.
    takes: &'static [&'static str],
    /// The subcommand of cargo.
    verb: &'static str,
    /// Whether it needs packages that the workspace doesn't have. They are fetched first.
    needs_more: bool,
}

/// The programs: the core with a source and a store of their own; the core with SQLite; the same beside another crate
/// that links SQLite; everything; everything, on a runtime with several threads.
pub(crate) const PROGRAMS: [Program; 5] = [
    Program { name: "core-only", takes: &["sync-core"], verb: "test", needs_more: false },
    Program { name: "core-sqlite", takes: &["sync-core", "sync-sqlite"], verb: "run", needs_more: false },
    Program { name: "beside-rusqlite", takes: &["sync-core", "sync-sqlite"], verb: "run", needs_more: true },
    Program { name: "all", takes: &LIBRARIES, verb: "run", needs_more: false },
    Program { name: "spawned", takes: &LIBRARIES, verb: "run", needs_more: false },
];

/// Copies each program to a folder near the unpacked packages, then builds and runs it.
pub(crate) fn build_all(target: &Path, packages: &[(&str, PathBuf)]) -> Outcome {
    for program in PROGRAMS {
        let folder = target.join("outside").join(program.name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        copy(&Path::new(TEMPLATES).join(program.name), &folder)?;
        let manifest = folder.join("Cargo.toml");
        let own = fs::read_to_string(&manifest)?;
        let profiles = profiles(&fs::read_to_string("Cargo.toml")?, &own);
        let taken: Vec<_> = packages.iter().filter(|(name, _)| program.takes.contains(name)).collect();
        let plain: String = taken.iter().map(|(name, _)| unoptimised(name)).collect();
        fs::write(&manifest, format!("{own}\n{}\n{profiles}\n{plain}", patch(taken.into_iter())))?;
        fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
        if program.needs_more && run(cargo(["fetch", "--offline", "--manifest-path"]).arg(&manifest)).is_err() {
            println!("they are not at hand yet");
            run(cargo(["fetch", "--manifest-path"]).arg(&manifest))?;
        }
        run(cargo([program.verb, "--offline", "--manifest-path"]).arg(&manifest).env("CARGO_TARGET_DIR", target))?;
    }
    Ok(())
}

/// Copies a folder without the files that a build may have left in it.
fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name == "Cargo.lock" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// Returns the table that says where the packages are.
fn patch<'a>(packages: impl Iterator<Item = &'a (&'a str, PathBuf)>) -> String {
    let lines = packages.map(|(name, folder)| format!("{name} = {{ path = '{}' }}\n", folder.display()));
    format!("[patch.crates-io]\n{}", lines.collect::<String>())
}

/// Returns the profile for one of the crates in a program that runs only briefly. Otherwise the crate would be
/// optimised like any dependency, which takes minutes.
fn unoptimised(name: &str) -> String {
    format!("[profile.dev.package.{name}]\nopt-level = 0\n")
}

/// Returns the `[profile.…]` tables of a manifest, unchanged, without those that a program has itself.
fn profiles(manifest: &str, own: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.starts_with("[profile.") && !own.lines().any(|known| known == line);
        }
        if inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_profiles_are_taken_over() {
        let manifest = "[workspace]\nmembers = []\n[profile.dev]\nopt-level = 1\n[lints]\nx = 1\n";
        assert_eq!(profiles(manifest, ""), "[profile.dev]\nopt-level = 1\n");
        assert_eq!(profiles(manifest, "[profile.dev]\nopt-level = 0\n"), "");
    }

    #[test]
    fn a_patch_names_each_package() {
        let packages = [("sync-core", PathBuf::from("p/sync-core-0.1.0"))];
        assert_eq!(patch(packages.iter()), "[patch.crates-io]\nsync-core = { path = 'p/sync-core-0.1.0' }\n");
    }
}
