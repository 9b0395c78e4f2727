//! `cargo xtask <command>`: all tasks that people and CI run in this repository.
//!
//! Each command works on a fresh clone with only the Rust toolchain and a C compiler.

mod arrows;
mod bench;
mod change_sets;
mod coverage;
mod demo;
mod deny;
mod e2e;
mod features;
mod fuzz;
mod hostile;
mod mutants;
mod outside;
mod packages;
mod purity;
mod shell;
mod simulate;
mod steps;
mod tools;
mod torture;
mod workspace;

use std::process::ExitCode;

/// The result of a command: a value, or a sentence that says what went wrong.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
Usage: cargo xtask <command>

  test [STEP…] [--list]   everything CI runs, in order, each step timed (alias: ci)
  e2e [FILTER]            the end-to-end suite, against the command and the simulated panel
  hostile [CASE…]         the command against a panel that misbehaves, case by case, as a table
  panel [ARGS…]           the simulated panel by itself, for trying things by hand
  demo [--channels N] [--movies N] [--series N] [--keep]
                          the whole chain at work: full, unchanged and incremental sync
  bench [--quick] [--counts] [--change-sets]
                          a sync beside its floor and beside what people usually write
  change-sets FOLDER      what a change set between two dated lists of real channels takes beside the new list
                          (`cargo xtask change-sets --help` says what the folder has to have)
  torture [--minutes N] [--seed S] [--cases N] [--engine planner|ports|sqlite|binary] [ARGS…]
                          random schedules of edits, lies, faults and crashes; fails when a promise is broken
                          (`cargo xtask torture --help` names all arguments)
  simulate intervals|probes|pace|batches [--seeds N] [--trace FILE] [--write]
                          a policy decides in simulated worlds; fails when it misses a bar
  coverage [PACKAGE…]     which lines the tests run
  mutants [PACKAGE…]      small changes to the code, one at a time: do the tests notice? (hours)
  fuzz [TARGET…] [--minutes N]
                          a fuzzer looks for bytes that break what must hold for any bytes
  deny                    licences, sources, duplicates and floors of the dependencies
";

/// The exit code for a command line that can't be understood.
const USAGE_ERROR: u8 = 2;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("", &[] as &[String]),
    };
    if let Err(failure) = workspace::enter() {
        eprintln!("xtask: {failure}");
        return ExitCode::FAILURE;
    }
    let outcome = match command {
        "test" | "ci" => return steps::main(rest),
        "bench" => bench::main(rest),
        "change-sets" => change_sets::main(rest),
        "coverage" => coverage::main(rest),
        "demo" => demo::main(rest),
        "deny" => deny::main(rest),
        "e2e" => e2e::suite(rest),
        "fuzz" => fuzz::main(rest),
        "hostile" => hostile::programme(rest),
        "mutants" => mutants::main(rest),
        "panel" => e2e::panel(rest),
        "simulate" => simulate::main(rest),
        "torture" => torture::main(rest),
        "--help" | "-h" | "help" => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            if !command.is_empty() {
                eprintln!("xtask: no command is called `{command}`\n");
            }
            eprint!("{USAGE}");
            return ExitCode::from(USAGE_ERROR);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
