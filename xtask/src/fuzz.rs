//! `cargo xtask fuzz`: a fuzzer searches for bytes that break an invariant of all inputs.
//!
//! The inputs that it finds useful go into a corpus below the target folder. It starts with the seeds in `fuzz/seeds`.
//! The targets are built by the stable compiler, with the switch that makes it accept the fuzzer's options.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::shell::run;
use crate::workspace::Workspace;
use crate::{Outcome, tools};

const USAGE: &str = "\
Usage: cargo xtask fuzz [TARGET…] [--minutes N] [--list]

  TARGET        a file of fuzz/fuzz_targets, without its ending; all, one after the other, when none is named
  --minutes N   how long each is run; 10 when nothing is said
  --list        names the targets
";

/// The seconds after which an execution counts as a finding.
const TOO_LONG: u32 = 10;

pub(crate) fn main(args: &[String]) -> Outcome {
    let targets = targets()?;
    let mut chosen = Vec::new();
    let mut minutes: u64 = 10;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--help" | "-h" => {
                print!("{USAGE}");
                return Ok(());
            }
            "--list" => {
                println!("{}", targets.join("\n"));
                return Ok(());
            }
            "--minutes" => {
                let value = args.next().and_then(|value| value.parse().ok()).filter(|minutes| *minutes > 0);
                minutes = value.ok_or_else(|| format!("{arg} wants a number of minutes\n\n{USAGE}"))?;
            }
            name if targets.iter().any(|target| target == name) => chosen.push(name.to_owned()),
            name => return Err(format!("no target is called `{name}`\n\n{USAGE}").into()),
        }
    }
    let tool = tools::find("cargo-fuzz")?;
    let folder = Workspace::load()?.target.join("fuzz");
    for target in if chosen.is_empty() { &targets } else { &chosen } {
        fuzz(&tool, &folder, target, minutes)?;
    }
    Ok(())
}

/// Returns the names of all targets, sorted.
fn targets() -> Outcome<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir("fuzz/fuzz_targets")? {
        let path = entry?.path();
        targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    targets.sort();
    Ok(targets)
}

fn fuzz(tool: &Path, folder: &Path, target: &str, minutes: u64) -> Outcome {
    let (corpus, findings) = (folder.join("corpus").join(target), folder.join("findings").join(target));
    for folder in [&corpus, &findings] {
        fs::create_dir_all(folder)?;
    }
    let seeds = Path::new("fuzz/seeds").join(target);
    let mut call = Command::new(tool);
    call.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "run", "--target-dir"]).arg(folder.join("build"));
    call.arg(target).arg(&corpus).args(seeds.is_dir().then_some(&seeds));
    call.args(["--", &format!("-max_total_time={}", minutes * 60), &format!("-timeout={TOO_LONG}")]);
    // The text after the last slash of the prefix would begin the names of the files, so the prefix ends in a slash.
    call.args(["-print_final_stats=1", &format!("-artifact_prefix={}/", findings.display())]);
    let ended = run(&mut call);
    if ended.is_err() {
        println!("{target}: what was found is in {}", findings.display());
        println!(
            "It becomes a seed in fuzz/seeds/{target}, a test beside the code, and a line of docs/reliability.md."
        );
    }
    ended
}
