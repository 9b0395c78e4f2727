//! The cache files of the bench: their places, and copies of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// The profile of all measurements.
pub(crate) const PROFILE: &str = "bench";

/// Copies a cache that no program has open, and replaces another one.
pub(crate) fn copy(from: &Path, to: &Path) -> Outcome {
    if beside(from, "-wal").metadata().is_ok_and(|log| log.len() > 0) {
        return Err(format!("{} has a log that is not empty", from.display()).into());
    }
    remove(to)?;
    fs::copy(from, to)?;
    Ok(())
}

/// Turns off the search text of a cache that no program has open.
pub(crate) fn keep_no_text(path: &Path) -> Outcome {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute("UPDATE xtream_sync_settings SET search_fields='off'", [])?;
    Ok(())
}

/// Removes a cache with all of its files.
pub(crate) fn remove(path: &Path) -> Outcome {
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{}: {error}", file.display()).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the file beside a database with this suffix to its name.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(end);
    path.with_file_name(name)
}

/// Returns a path as text. The bench makes its own paths, and they are valid text.
pub(crate) fn text(path: &Path) -> Outcome<&str> {
    path.to_str().ok_or_else(|| format!("{} is no text", path.display()).into())
}
