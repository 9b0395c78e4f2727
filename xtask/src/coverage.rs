//! `cargo xtask coverage`: shows which lines the tests of a package run.
//!
//! A line that is not run is not tested. A line that is run may still be untested; `cargo xtask mutants` shows such
//! lines.

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
        // Instrumented builds have a folder of their own, because they would replace the other builds.
        call.args(["--skip-clean", "--target-dir"]).arg(&target);
        call.args(["--include-files", &format!("crates/{package}/src/*"), "--timeout", "600"]);
        call.args(["--out", "Stdout", "--out", "Lcov", "--output-dir"]).arg(&results);
        run(&mut call)?;
        println!("{package}: line by line in {}", results.join("lcov.info").display());
    }
    Ok(())
}
