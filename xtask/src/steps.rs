//! `cargo xtask test`: runs everything that CI runs, in order, and prints the name and time of each step.
//!
//! The first failure ends it, and prints the command that repeats the failing step.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::shell::{cargo, run, start, straight};
use crate::{Outcome, USAGE_ERROR, arrows, bench, e2e, features, hostile, outside, packages, torture};

/// A named part of the check.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Outcome,
}

const STEPS: [Step; 11] = [
    Step { name: "fmt", about: "sources are formatted", run: fmt },
    Step { name: "clippy", about: "no lint speaks", run: clippy },
    Step { name: "docs", about: "documentation builds, links hold", run: docs },
    Step { name: "arrows", about: "crates depend only as designed; the core stays pure", run: arrows::check },
    Step { name: "tests", about: "unit, conformance, adapter and doc tests, all features", run: tests },
    Step { name: "features", about: "each library crate builds alone, feature by feature", run: features::check },
    Step { name: "packages", about: "packages are whole; outside programs build on them", run: packages::check },
    Step { name: "e2e", about: "the command against the simulated panel", run: e2e::all },
    Step { name: "hostile", about: "the command against a panel that misbehaves", run: hostile::all },
    Step { name: "torture", about: "random schedules of edits, lies, faults and crashes", run: torture::quick },
    Step { name: "counts", about: "rows, bytes, requests, memory and allocations of a sync", run: bench::counts },
];

/// Runs the named steps, or all steps.
pub(crate) fn main(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| arg == "--list") {
        for step in &STEPS {
            println!("{:<9} {}", step.name, step.about);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = args.iter().find(|arg| !STEPS.iter().any(|step| step.name == **arg)) {
        eprintln!("xtask: no step is called `{unknown}`; `cargo xtask test --list` names them");
        return ExitCode::from(USAGE_ERROR);
    }
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|step| args.is_empty() || args.iter().any(|arg| arg == step.name)).collect();
    let mut done: Vec<(&str, Duration)> = Vec::new();
    for (number, step) in (1..).zip(&chosen) {
        println!("\n── {number}/{} {}: {}", chosen.len(), step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)();
        done.push((step.name, start.elapsed()));
        if let Err(failure) = outcome {
            eprintln!("\nstep `{}` failed: {failure}\nto repeat it: cargo xtask test {}", step.name, step.name);
            summary(&done, Some(step.name));
            return ExitCode::FAILURE;
        }
    }
    summary(&done, None);
    ExitCode::SUCCESS
}

fn summary(done: &[(&str, Duration)], failed: Option<&str>) {
    println!("\n{:<9} {:>8}  result", "step", "seconds");
    for (name, took) in done {
        let result = if failed == Some(name) { "FAILED" } else { "passed" };
        println!("{name:<9} {:>8.1}  {result}", took.as_secs_f64());
    }
    let total: Duration = done.iter().map(|(_, took)| *took).sum();
    println!("{:<9} {:>8.1}", "all", total.as_secs_f64());
    let failures = usize::from(failed.is_some());
    println!("{} passed, {failures} failed", done.len() - failures);
}

fn fmt() -> Outcome {
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    for program in outside::PROGRAMS {
        let manifest = format!("{}/{}/Cargo.toml", outside::TEMPLATES, program.name);
        run(&mut cargo(["fmt", "--check", "--manifest-path", &manifest]))?;
    }
    Ok(())
}

fn clippy() -> Outcome {
    let args = "clippy --workspace --all-targets --all-features --locked -- -D warnings";
    run(&mut cargo(args.split(' ')))
}

fn docs() -> Outcome {
    let args = "doc --workspace --all-features --no-deps --document-private-items --locked";
    run(cargo(args.split(' ')).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Makes property tests try the same cases in each run, unless the environment chooses other ones. A step that passed
/// passes again, and a step that failed can be repeated.
fn repeatable(command: &mut Command) -> &mut Command {
    const SEED: &str = "PROPTEST_RNG_SEED";
    let seed = std::env::var_os(SEED).unwrap_or_else(|| "1".into());
    command.env(SEED, seed)
}

/// Runs all tests, except those of the command against the simulated panel, which have steps of their own. The whole
/// workspace is selected, so that the dependencies are those of the other steps.
///
/// The endurance test takes two minutes and one processor, so the others run at the same time.
fn tests() -> Outcome {
    const WORKSPACE: &str = "test --workspace --all-features --locked";
    let call = |more: &str| {
        let mut command = cargo(WORKSPACE.split(' ').chain(more.split(' ')));
        repeatable(straight(&mut command));
        command
    };
    let targets = "--lib --bins --examples --test it --test log --test watch";
    run(&mut call(&format!("--no-run {targets} --test endurance")))?;
    let endurance = start(&mut call("--test endurance"))?;
    let others = run(&mut call(targets)).and_then(|()| run(&mut call("--doc")));
    endurance.wait().and(others)
}
