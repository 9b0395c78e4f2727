//! Incomplete files, under temporary names. None is left behind when the program ends.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

/// The files that are being written. A thread may still write one when the program ends.
static FILES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file that is being written. Dropping the value removes it from the list.
#[derive(Debug)]
pub(super) struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        files().retain(|path| *path != self.0);
    }
}

fn files() -> MutexGuard<'static, Vec<PathBuf>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a file that is deleted if the program ends before the file is complete.
pub(super) fn make(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<(NamedTempFile, Partial)> {
    // The list is locked meanwhile, so that `remove` never misses a file that exists already.
    let mut files = files();
    let file = make()?;
    files.push(file.path().to_owned());
    let partial = Partial(file.path().to_owned());
    Ok((file, partial))
}

/// Deletes the incomplete files. The program is ending, so no thread that still writes is waited for.
pub(crate) fn remove() {
    for path in files().drain(..) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
pub(super) fn is_known(path: &std::path::Path) -> bool {
    files().iter().any(|known| known == path)
}
