//! The command in a process of its own, and its output as types. `docs/embedding.md` shows it.

use std::io::{self, BufRead};
use std::path::Path;
use std::process::Command;

use sync_app::json::Report;

/// Syncs every profile of a cache with the command at this path, and returns the result of each.
pub fn sync(program: &Path, cache: &Path) -> io::Result<Vec<Report<'static>>> {
    let run = Command::new(program).arg("--database").arg(cache).args(["sync", "--json"]).output()?;
    // The exit code is that of all profiles together. A profile that has failed has its line all the same.
    reports(&run.stdout)
}

/// Reads the lines that `sync --json` has printed.
pub fn reports(printed: &[u8]) -> io::Result<Vec<Report<'static>>> {
    printed.lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}
