//! The command `xtream-sync`.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
