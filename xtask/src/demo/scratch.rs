//! The demo's folder. It is created for the demo alone, and removed however the demo ends.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// A folder that is removed when the value is dropped, unless it is to be kept.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    pub(super) fn new(keep: bool) -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("xtream-sync-demo-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, keep })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a small file, and returns its path.
    pub(super) fn write(&self, name: &str, text: &str) -> Outcome<PathBuf> {
        let file = self.path.join(name);
        fs::write(&file, text)?;
        Ok(file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.keep {
            println!("The cache stays in {}.", self.path.display());
        } else if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("xtask: {} stays behind: {error}", self.path.display());
        }
    }
}
