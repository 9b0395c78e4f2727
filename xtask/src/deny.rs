//! `cargo xtask deny`: checks licences, sources, duplicates and least versions of all dependencies, by `deny.toml`.
//!
//! It works without the network. Advisories are checked only if their data is on this machine. Otherwise they are
//! reported as not checked, never as passed.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::run;
use crate::{Outcome, tools};

/// The checks that need only the repository.
const CHECKS: [&str; 3] = ["licenses", "bans", "sources"];

pub(crate) fn main(args: &[String]) -> Outcome {
    if !args.is_empty() {
        return Err("`cargo xtask deny` takes no arguments".into());
    }
    let tool = tools::find("cargo-deny")?;
    let call = |checks: &[&str]| {
        let mut call = Command::new(&tool);
        // As a subcommand of cargo, the tool would get its name as the first argument.
        call.args(["--offline", "--all-features", "check", "--hide-inclusion-graph"]).args(checks);
        call
    };
    run(&mut call(&CHECKS))?;
    if advisories().is_some_and(|folder| folder.read_dir().is_ok_and(|mut entries| entries.next().is_some())) {
        run(call(&["advisories"]).arg("--disable-fetch"))?;
        println!("licences, bans, sources: passed. advisories: passed, by the data that is here");
    } else {
        println!("licences, bans, sources: passed. advisories: not run, as there is no advisory data on this machine");
        println!("(`cargo deny fetch` gets it where the network allows)");
    }
    Ok(())
}

/// Returns the folder in which cargo-deny keeps the advisories that it has fetched.
fn advisories() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    Some(home?.join("advisory-dbs"))
}
