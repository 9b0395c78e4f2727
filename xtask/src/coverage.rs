//! `cargo xtask coverage`: which lines the tests of a package run.
//!
//! A line that was run isn't thereby tested: `cargo xtask mutants` tells that. A line that was not is not tested.

use std::process::Command;

use crate::shell::run;
use crate::workspace::Workspace;
use crate::{Outcome, mutants, tools};

const USAGE: &str = "\
Usage: cargo xtask coverage [PACKAGE…]

  PACKAGE       sync-core, sync-xtream, sync-sqlite; sync-core when none is named
";

pub(crate) fn main(args: &[String]) -> Outcome {
    if args.iter().any(|arg| matches!(arg.as_str(), "--help" | "-h")) {
        print!("{USAGE}");
        return Ok(());
    }
    let named = if args.is_empty() { vec!["sync-core"] } else { args.iter().map(String::as_str).collect() };
    let chosen: Vec<_> = named
        .into_iter()
        .map(|name| mutants::package(name).ok_or_else(|| format!("{name} is not a package of the library\n\n{USAGE}")))
        .collect::<Result<_, _>>()?;
    let tool = tools::find("cargo-tarpaulin")?;
    let target = Workspace::load()?.target.join("coverage");
    for (package, features) in chosen {
        let results = target.join(package);
        std::fs::create_dir_all(&results)?;
        let mut call = Command::new(&tool);
        call.args(["tarpaulin", "--engine", "llvm", "--packages", package, "--lib", "--tests", "--locked"]);
        if !features.is_empty() {
            call.args(["--features", features]);
        }
        // A folder of its own: instrumented builds would push the others out.
        call.args(["--skip-clean", "--target-dir"]).arg(&target);
        call.args(["--include-files", &format!("crates/{package}/src/*"), "--timeout", "600"]);
        call.args(["--out", "Stdout", "--out", "Lcov", "--output-dir"]).arg(&results);
        run(&mut call)?;
        println!("{package}: line by line in {}", results.join("lcov.info").display());
    }
    Ok(())
}
