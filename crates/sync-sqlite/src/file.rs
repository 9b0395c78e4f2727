//! The file of the cache: creating it for its owner only, and naming it to SQLite.

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sync_core::StoreError;

use crate::fault;

/// Creates folder and file where they are missing, for nobody but their owner; returns the path
/// with every link resolved.
///
/// SQLite gives `-wal` and `-shm` the rights of the database, so the file is made before SQLite
/// opens it.
pub(crate) fn create(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() {
        return Err(StoreError::Refused("the path of the cache is empty".to_owned()));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| fault::of_io(&error, "creating the folder of the cache"))?;
    }
    let found = owned(OpenOptions::new().write(true).create(true).truncate(false))
        .open(path)
        .map_err(|error| if path.is_dir() { folder(path) } else { fault::of_io(&error, "opening the cache") })?;
    warn_of_readers(&found);
    existing(path)
}

/// A cache holds passwords; one that was made by other means may be open to everybody.
fn warn_of_readers(found: &std::fs::File) {
    #[cfg(unix)]
    if found.metadata().is_ok_and(|known| std::os::unix::fs::MetadataExt::mode(&known) & 0o077 != 0) {
        tracing::warn!("other users of this machine may read the cache; `chmod 600` closes it");
    }
    #[cfg(not(unix))]
    let _ = found;
}

/// Returns the path of a file that has to exist, with every link resolved.
pub(crate) fn existing(path: &Path) -> Result<PathBuf, StoreError> {
    let found = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(path),
        _ => fault::of_io(&error, "opening the cache"),
    })?;
    // SQLite would speak of an I/O error.
    if found.is_dir() { Err(folder(path)) } else { Ok(found) }
}

fn folder(path: &Path) -> StoreError {
    StoreError::ReadOnly(format!("{} is a folder", path.display()))
}

/// There is no cache.
pub(crate) fn missing(path: &Path) -> StoreError {
    StoreError::Missing(path.display().to_string())
}

/// Has files created for nobody but their owner.
pub(crate) fn owned(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// What is behind an I/O error of SQLite: it calls a quota and a limit on the size of files so as well.
pub(crate) fn explained(error: StoreError, database: &Path) -> StoreError {
    if fault::is_io(&error) && is_full(database) { StoreError::Full } else { error }
}

/// Whether there is no room beside the database for what is as long as it, or as its log, and a little more.
fn is_full(database: &Path) -> bool {
    let log = with_suffix(database, "-wal");
    let length = [database, &log].map(|path| std::fs::metadata(path).map_or(0, |found| found.len()));
    let Some(folder) = database.parent() else { return false };
    let tried = tempfile::tempfile_in(folder).and_then(|mut file| {
        file.seek(SeekFrom::Start(length[0].max(length[1])))?;
        file.write_all(&vec![0; 1 << 16])
    });
    tried.is_err_and(|error| matches!(fault::of_io(&error, ""), StoreError::Full))
}

/// The name of a file that SQLite has beside a database.
pub(crate) fn with_suffix(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    database.with_file_name(name)
}

/// The path as SQLite takes it. It is absolute, so SQLite can't mistake it for an URI.
pub(crate) fn plain(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| StoreError::Refused("the path of the cache is not valid UTF-8".to_owned()))
}

/// The path as an URI under which SQLite never writes to the file.
pub(crate) fn read_only_uri(path: &Path, immutable: bool) -> Result<String, StoreError> {
    use std::fmt::Write as _;
    let mut uri = String::from("file:");
    for byte in plain(path)?.bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(byte)),
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri.push_str(if immutable { "?mode=ro&immutable=1" } else { "?mode=ro" });
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uri_names_exactly_the_file() {
        let uri = read_only_uri(Path::new("/a b/ü?mode=rw#x%41&c.db"), false).unwrap();
        assert_eq!(uri, "file:/a%20b/%C3%BC%3Fmode%3Drw%23x%2541%26c.db?mode=ro");
    }
}
