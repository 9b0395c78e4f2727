//! Files that are not whole yet, under names of their own. None is left behind when the program ends.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

/// The files that are being written. A thread may still have one open when the program ends.
static FILES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file that is being written. It is forgotten when this is dropped.
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

/// Makes a file that is taken away if the program ends before it is whole.
pub(super) fn make(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<(NamedTempFile, Partial)> {
    // Nobody looks in between: the file is either not there or known.
    let mut files = files();
    let file = make()?;
    files.push(file.path().to_owned());
    let partial = Partial(file.path().to_owned());
    Ok((file, partial))
}

/// Takes away the files that are not whole. The program ends now, and whoever still writes one is not waited for.
pub(crate) fn remove() {
    for path in files().drain(..) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
pub(super) fn is_known(path: &std::path::Path) -> bool {
    files().iter().any(|known| known == path)
}
