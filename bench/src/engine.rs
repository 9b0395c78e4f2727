//! The engine: the command itself, called as a user calls it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Outcome;
use crate::bodies::Counts;
use crate::database::text;
use crate::measure::{self, Taken};

/// The command, and the folder for its files.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(crate) program: PathBuf,
    pub(crate) scratch: PathBuf,
}

/// The counts of a sync's report, over all kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) counts: Counts,
    pub(crate) unchanged: u64,
    pub(crate) held: u64,
    pub(crate) skipped: u64,
}

impl Engine {
    /// Adds a profile of the simulated panel's account to a cache.
    pub(crate) fn add_profile(&self, database: &Path, profile: &str, url: &str) -> Outcome {
        let password = self.scratch.join("password");
        std::fs::write(&password, "demo-secret")?;
        let mut call = Command::new(&self.program);
        call.arg("--database").arg(database).args(["profile", "add", profile, "--url", url, "--username", "demo"]);
        let status = call.arg("--password-file").arg(password).stdout(std::process::Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(format!("adding a profile ended with {status}").into()) }
    }

    /// Syncs a profile. A run that does not complete is a failure.
    pub(crate) fn sync(&self, database: &Path, profile: &str) -> Outcome<(Reported, Taken)> {
        let args = ["--database", text(database)?, "sync", profile, "--json"];
        let (printed, taken) = measure::run(&self.scratch, &self.program, &args)?;
        Ok((read(&printed)?, taken))
    }

    /// Syncs a profile, and checks the counts.
    pub(crate) fn sync_expecting(&self, database: &Path, profile: &str, expected: Counts) -> Outcome<Taken> {
        let (reported, taken) = self.sync(database, profile)?;
        reported.check(expected)?;
        Ok(taken)
    }
}

impl Reported {
    /// Reads the output of `sync --json`. A run that did not complete is a failure.
    pub(crate) fn read(printed: &str) -> Outcome<Self> {
        read(printed)
    }

    /// Fails if the sync reports other counts.
    pub(crate) fn check(self, expected: Counts) -> Outcome {
        if self.counts == expected && self.held + self.skipped == 0 {
            return Ok(());
        }
        Err(format!("the sync reports {self:?}, and not {expected:?}").into())
    }
}

fn read(printed: &str) -> Outcome<Reported> {
    let line: Value = serde_json::from_str(printed.trim())?;
    if line["status"] != "completed" {
        return Err(format!("the sync did not complete: {line}").into());
    }
    let sum = |name: &str| {
        ["channels", "movies", "series"].iter().filter_map(|kind| line["kinds"][kind][name].as_u64()).sum()
    };
    let counts =
        Counts { added: sum("added"), updated: sum("updated"), refreshed: sum("refreshed"), removed: sum("removed") };
    Ok(Reported { counts, unchanged: sum("unchanged"), held: sum("held"), skipped: sum("skipped") })
}
