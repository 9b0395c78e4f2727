//! The demo's folder: made for it alone, and gone when it ends, however it ends.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// A folder that is removed when this is dropped, unless it is to be kept.
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

    /// Writes a small file; returns where.
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
