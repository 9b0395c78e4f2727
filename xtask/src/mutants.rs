//! `cargo xtask mutants`: changes the code in small ways, one at a time, and shows whether the tests notice.
//!
//! A whole run takes hours, so it can be divided into shards and continued after an interruption: a mutant that was
//! caught once is not tried again until `--fresh`. The surviving mutants are explained in `docs/reliability.md`.

use std::num::NonZero;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::available_parallelism;

use crate::workspace::Workspace;
use crate::{Outcome, tools};

const USAGE: &str = "\
Usage: cargo xtask mutants [PACKAGE…] [--shard K/N] [--file GLOB] [--jobs N] [--fresh] [--list]

  PACKAGE       sync-core, sync-xtream, sync-sqlite, sync-change-set; sync-core when none is named
  --shard K/N   only every N-th mutant, from the K-th on, K from 0: a part is a fair sample of the whole,
                and the same one when it is gone on with
  --file GLOB   only files like this
  --jobs N      how many at a time, each with a copy of the sources; as many as there are processors, four at most
  --fresh       begins anew; otherwise what was caught before is left out
  --list        names the mutants and tries none
";

/// The most mutants at a time. Each takes a compiler and its memory.
const MOST_JOBS: usize = 4;

/// The packages that can be tried, with the features that their tests need.
const PACKAGES: [(&str, &str); 4] =
    [("sync-core", "mock,testing"), ("sync-xtream", "fuzzing"), ("sync-sqlite", ""), ("sync-change-set", "fuzzing")];

/// Returns a package of the library, with the features that its tests need.
pub(crate) fn package(name: &str) -> Option<(&'static str, &'static str)> {
    PACKAGES.into_iter().find(|(package, _)| *package == name)
}

pub(crate) fn main(args: &[String]) -> Outcome {
    let mut chosen = Vec::new();
    let mut passed_on = Vec::new();
    let mut shard = None;
    let mut list = false;
    let mut fresh = false;
    let mut jobs = available_parallelism().map_or(1, NonZero::get).min(MOST_JOBS);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--help" | "-h" => {
                print!("{USAGE}");
                return Ok(());
            }
            "--fresh" => fresh = true,
            "--list" => list = true,
            "--jobs" => {
                let value = args.next().ok_or_else(|| format!("{arg} wants a value\n\n{USAGE}"))?;
                jobs = value.parse().map_err(|_| format!("{arg} wants a number\n\n{USAGE}"))?;
            }
            "--shard" => {
                let value = args.next().and_then(|value| Shard::read(value));
                shard = Some(value.ok_or_else(|| format!("{arg} wants K/N, K less than N\n\n{USAGE}"))?);
            }
            "--file" => {
                let value = args.next().ok_or_else(|| format!("{arg} wants a value\n\n{USAGE}"))?;
                passed_on.extend([arg.clone(), value.clone()]);
            }
            name => {
                let known = package(name);
                chosen
                    .push(known.ok_or_else(|| format!("{name} is not a package that mutants are made of\n\n{USAGE}"))?);
            }
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
        let call = || {
            let mut call = Command::new(&tool);
            call.args(["mutants", "--package", package, "--no-shuffle"]).args(&passed_on);
            call
        };
        let names = shard.map_or(Ok(Vec::new()), |shard| shard.of(&mut call()))?;
        let mut call = call();
        call.args(names.iter().flat_map(|name| ["--re", name]));
        if list {
            ended_well(call.arg("--list").status()?)?;
        } else {
            try_package(&mut call, package, features, &own, jobs)?;
        }
    }
    Ok(())
}

/// Every N-th mutant. The tool has shards too, but it first leaves out the mutants that were caught before, and then
/// takes every N-th of the rest. A continued shard would therefore have other mutants. The tool can't choose mutants
/// that delete a field by name; these few are in every shard.
#[derive(Clone, Copy)]
struct Shard {
    first: usize,
    every: NonZero<usize>,
}

impl Shard {
    fn read(value: &str) -> Option<Self> {
        let (first, every) = value.split_once('/')?;
        let shard = Self { first: first.parse().ok()?, every: every.parse().ok()? };
        (shard.first < shard.every.get()).then_some(shard)
    }

    /// Returns one expression per mutant of this shard, which matches its name.
    fn of(self, call: &mut Command) -> Outcome<Vec<String>> {
        let named = call.arg("--list").stderr(Stdio::inherit()).output()?;
        ended_well(named.status)?;
        let named = String::from_utf8(named.stdout)?;
        let chosen = named.lines().skip(self.first).step_by(self.every.get());
        Ok(chosen.map(|name| format!("^{}$", regex_lite::escape(name))).collect())
    }
}

/// Tries the mutants of a package. Surviving mutants are no failure, because the command exists to find them.
fn try_package(call: &mut Command, package: &str, features: &str, results: &Path, jobs: usize) -> Outcome {
    /// The exit codes for survivors and for mutants that took too long.
    const FOUND: [Option<i32>; 2] = [Some(2), Some(3)];
    call.args(["--test-package", package, "--iterate", "--profile", "mutants", "--jobs", &jobs.to_string()]);
    call.args(["--minimum-test-timeout", "20", "--output"]).arg(results);
    if !features.is_empty() {
        call.args(["--features", features]);
    }
    // The examples in the documentation are left out, because they take longer than all other tests together.
    let status = call.args(["--", "--all-targets"]).status()?;
    if !FOUND.contains(&status.code()) {
        ended_well(status)?;
    }
    println!("{package}: the results are in {}", results.join("mutants.out").display());
    Ok(())
}

fn ended_well(status: ExitStatus) -> Outcome {
    if status.success() { Ok(()) } else { Err(format!("cargo-mutants ended with {status}").into()) }
}
