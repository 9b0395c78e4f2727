//! The command `xtream-sync`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_app::run_command()
}
