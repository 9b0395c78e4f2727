//! A cache from which the command makes change sets, or to which it applies them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Outcome;
use crate::bodies::Counts;
use crate::database::{PROFILE, text};
use crate::engine::Engine;
use crate::measure::{self, Taken};

/// A cache in the scratch folder of the engine.
#[derive(Debug)]
pub(super) struct Cache {
    engine: Engine,
    pub(super) path: PathBuf,
}

impl Cache {
    pub(super) fn at(engine: &Engine, name: &str) -> Self {
        Self { engine: engine.clone(), path: engine.scratch.join(name) }
    }

    /// Adds the profile of the panel.
    pub(super) fn add_profile(&self, url: &str) -> Outcome {
        self.engine.add_profile(&self.path, PROFILE, url)
    }

    /// Syncs, and checks the counts.
    pub(super) fn sync(&self, expected: Counts) -> Outcome<Taken> {
        self.engine.sync_expecting(&self.path, PROFILE, expected)
    }

    /// Exports a set into a file.
    pub(super) fn export(&self, to: &Path, more: &[&str]) -> Outcome<Taken> {
        let args = ["--quiet", "changes", "export", "--profile", PROFILE, "--force", "-o", text(to)?];
        Ok(self.run(&[&args, more].concat())?.1)
    }

    /// Applies a set. A set that was applied before, or doesn't fit, is a failure.
    pub(super) fn apply(&self, file: &Path) -> Outcome<Taken> {
        let (printed, taken) = self.run(&["changes", "apply", text(file)?, "--profile", PROFILE, "--json"])?;
        let line: Value = serde_json::from_str(printed.trim())?;
        if line["status"] == "applied" { Ok(taken) } else { Err(format!("the set is not applied: {line}").into()) }
    }

    /// Returns the position of the feed, as `--since` takes it.
    pub(super) fn position(&self) -> Outcome<String> {
        let line: Value = serde_json::from_str(self.run(&["status", PROFILE, "--json"])?.0.trim())?;
        let number = |name: &str| line["feed"][name].as_i64().ok_or_else(|| format!("no {name} of the feed in {line}"));
        Ok(format!("{}:{}", number("epoch")?, number("newest")?))
    }

    pub(super) fn run(&self, args: &[&str]) -> Outcome<(String, Taken)> {
        let args = [&["--database", text(&self.path)?], args].concat();
        measure::run(&self.engine.scratch, &self.engine.program, &args)
    }
}
