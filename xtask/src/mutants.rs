//! `cargo xtask mutants`: changes the code in small ways, one at a time, and sees whether the tests notice.
//!
//! Takes hours, so it goes shard by shard and goes on where it was stopped: what was caught once is not
//! tried again until `--fresh`. What survives is explained in `docs/reliability.md`.

use std::path::Path;
use std::process::Command;

use crate::workspace::Workspace;
use crate::{Outcome, tools};

const USAGE: &str = "\
Usage: cargo xtask mutants [PACKAGE…] [--shard K/N] [--file GLOB] [--fresh] [--list]

  PACKAGE       sync-core, sync-xtream, sync-sqlite; sync-core when none is named
  --shard K/N   only the K-th of N parts, K from 0
  --file GLOB   only files like this
  --fresh       begins anew; otherwise what was caught before is left out
  --list        names the mutants and tries none
";

/// Those that can be tried, with the features that their tests need.
const PACKAGES: [(&str, &str); 3] = [("sync-core", "mock,testing"), ("sync-xtream", "fuzzing"), ("sync-sqlite", "")];

pub(crate) fn main(args: &[String]) -> Outcome {
    let mut chosen = Vec::new();
    let mut passed_on = Vec::new();
    let mut fresh = false;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--help" | "-h" => {
                print!("{USAGE}");
                return Ok(());
            }
            "--fresh" => fresh = true,
            "--list" => passed_on.push("--list".to_owned()),
            "--shard" | "--file" => {
                let value = args.next().ok_or_else(|| format!("{arg} wants a value\n\n{USAGE}"))?;
                passed_on.extend([arg.clone(), value.clone()]);
            }
            name => chosen.push(
                *PACKAGES
                    .iter()
                    .find(|(package, _)| *package == name)
                    .ok_or_else(|| format!("{name} is not a package that mutants are made of\n\n{USAGE}"))?,
            ),
        }
    }
    if chosen.is_empty() {
        chosen.push(PACKAGES[0]);
    }
    let tool = tools::find("cargo-mutants")?;
    let results = Workspace::load()?.target.join("mutants");
    for (package, features) in chosen {
        let own = results.join(package);
        if fresh && own.exists() {
            std::fs::remove_dir_all(&own)?;
        }
        std::fs::create_dir_all(&own)?;
        try_package(&tool, package, features, &own, &passed_on)?;
    }
    Ok(())
}

/// Survivors are no failure of the command: they are what it is asked for.
fn try_package(tool: &Path, package: &str, features: &str, results: &Path, passed_on: &[String]) -> Outcome {
    /// Some survived; some took too long.
    const FOUND: [Option<i32>; 2] = [Some(2), Some(3)];
    let mut call = Command::new(tool);
    call.args(["mutants", "--package", package, "--test-package", package, "--iterate", "--no-shuffle"]);
    call.args(["--minimum-test-timeout", "30", "--output"]).arg(results);
    if !features.is_empty() {
        call.args(["--features", features]);
    }
    let status = call.args(passed_on).status()?;
    if status.success() || FOUND.contains(&status.code()) {
        println!("{package}: the results are in {}", results.join("mutants.out").display());
        return Ok(());
    }
    Err(format!("cargo-mutants ended with {status}").into())
}
