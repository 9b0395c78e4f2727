//! `cargo xtask e2e` and `cargo xtask panel`: build and run the command and the simulated panel.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::available_parallelism;

use serde_json::Value;

use crate::Outcome;
use crate::shell::{cargo, read, run, straight};

/// A program of the workspace: its package, cargo's option for its kind of target, and its name.
pub(crate) type Program = (&'static str, &'static str, &'static str);

/// The command.
pub(crate) const COMMAND: Program = ("sync-app", "--bin", "xtream-sync");

/// The simulated panel.
pub(crate) const PANEL: Program = ("sync-tests", "--bin", "simulated-panel");

/// The program that queries a cache with plain SQL.
pub(crate) const ASK: Program = ("sync-sqlite", "--example", "ask");

/// The environment variable that tells the suites where the command is.
pub(crate) const COMMAND_VARIABLE: &str = "XTREAM_SYNC_BIN";

const PANEL_USAGE: &str = "\
Usage: cargo xtask panel [ARGS…]   (`cargo xtask panel --help` names them all)

The panel listens on a port of this machine, prints its address and serves until it is stopped.
To sync from it, in another terminal:

  cargo run -p sync-app -- profile add try --url ADDRESS --username demo    (the password is demo-secret)
  cargo run -p sync-app -- sync try

To have its catalogue move on to a next version (percent of the items):

  curl -X POST 'ADDRESS/control/advance?added=0.5&updated=1&refreshed=1&removed=0.5'
";

/// Runs the whole end-to-end suite.
pub(crate) fn all() -> Outcome {
    suite(&[])
}

/// Runs the end-to-end suite, or the scenarios whose names contain the filter.
pub(crate) fn suite(filter: &[String]) -> Outcome {
    const THREADS: &str = "RUST_TEST_THREADS";
    let command = build(COMMAND)?;
    // The scenarios wait for servers and processes half of the time.
    let usual = || (2 * available_parallelism().map_or(1, NonZero::get)).to_string().into();
    let threads = std::env::var_os(THREADS).unwrap_or_else(usual);
    let scenarios = "test --workspace --test e2e --locked --".split(' ');
    run(straight(&mut cargo(scenarios)).args(filter).env(COMMAND_VARIABLE, command).env(THREADS, threads))
}

/// Runs the simulated panel. Without arguments, prints first how to use it.
pub(crate) fn panel(args: &[String]) -> Outcome {
    if args.is_empty() {
        println!("{PANEL_USAGE}");
    }
    let (package, kind, name) = PANEL;
    run(cargo(["run", "--release", "--locked", "-p", package, kind, name, "--"]).args(args))
}

/// Builds a program for the tests. Returns the path of the program.
pub(crate) fn build(program: Program) -> Outcome<PathBuf> {
    build_with(program, &[])
}

/// Builds a program for the tests, with more arguments for cargo.
///
/// Cargo compiles a dependency once for each set of features. The set depends on the selected packages, and on whether
/// a test is among the targets. So every build for the tests selects the whole workspace and its smallest test, and all
/// builds share their dependencies.
pub(crate) fn build_with((_, kind, name): Program, more: &[&str]) -> Outcome<PathBuf> {
    let mut command = cargo("build --locked --workspace --test log".split(' '));
    command.args([kind, name]).args(more);
    let [program] = built(&mut command, [name])?;
    Ok(program)
}

/// Builds optimised programs as users get them, with only the features that their packages ask for.
pub(crate) fn release<const N: usize>(programs: [Program; N], more: &[&str]) -> Outcome<[PathBuf; N]> {
    let mut command = cargo(["build", "--locked", "--release"]);
    for (package, kind, name) in programs {
        command.args(["-p", package, kind, name]);
    }
    built(command.args(more), programs.map(|(_, _, name)| name))
}

/// Runs a build. Returns the paths of the programs with these names.
fn built<const N: usize>(command: &mut Command, names: [&str; N]) -> Outcome<[PathBuf; N]> {
    let messages = read(command.arg("--message-format=json-render-diagnostics").stdin(Stdio::null()))?;
    let mut paths = Vec::new();
    for name in names {
        paths.push(executable(&messages, name).ok_or_else(|| format!("cargo built no program called {name}"))?);
    }
    Ok(paths.try_into().expect("there is a path for each name"))
}

/// Finds the built program in cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages() {
        let messages = "noise\n\
            {\"target\":{\"name\":\"xtream-sync\"},\"executable\":null}\n\
            {\"target\":{\"name\":\"other\"},\"executable\":\"o\"}\n\
            {\"target\":{\"name\":\"xtream-sync\"},\"executable\":\"t/xtream-sync\"}\n";
        assert_eq!(executable(messages, "xtream-sync"), Some(PathBuf::from("t/xtream-sync")));
        assert_eq!(executable(messages, "panel"), None);
    }
}
