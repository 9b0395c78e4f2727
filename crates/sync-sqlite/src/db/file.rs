//! The file of the cache: creating it for its owner only, and naming it to SQLite.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sync_core::StoreError;

use crate::db::fault;

/// Creates folder and file where they are missing, for nobody but their owner; returns the path
/// with every link resolved.
///
/// SQLite gives `-wal` and `-shm` the rights of the database, so the file is made before SQLite
/// opens it.
pub(crate) fn create(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() {
        return Err(StoreError::Refused("the path of the cache is empty".to_owned()));
    }
    create_folder(path)?;
    // A file that is there is not opened: closing it again would take from this process whatever locks
    // SQLite has on it, in other stores.
    let made = owned(OpenOptions::new().write(true).create_new(true)).open(path);
    match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => warn_of_readers(path),
        Err(error) => return Err(if path.is_dir() { folder(path) } else { fault::of_io(&error, "opening the cache") }),
        Ok(_) => {}
    }
    existing(path)
}

/// Creates the folder of a file where it is missing, for nobody but its owner.
pub(crate) fn create_folder(path: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder_of(path)).map_err(|error| fault::of_io(&error, "creating the folder of the cache"))
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The file beside this one that has its name and more, as those of SQLite have.
pub(crate) fn named_after(path: &Path, more: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(more);
    path.with_file_name(name)
}

/// A cache holds passwords; one that was made by other means may be open to everybody.
fn warn_of_readers(path: &Path) {
    #[cfg(unix)]
    if path.metadata().is_ok_and(|known| std::os::unix::fs::MetadataExt::mode(&known) & 0o077 != 0) {
        tracing::warn!("other users of this machine may read the cache; `chmod 600` closes it");
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Returns the path of a file that has to exist, with every link resolved.
pub(crate) fn existing(path: &Path) -> Result<PathBuf, StoreError> {
    let found = path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => missing(path),
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
    let log = named_after(database, "-wal");
    let length = [database, &log].map(|path| std::fs::metadata(path).map_or(0, |found| found.len()));
    let Some(folder) = database.parent() else { return false };
    let tried = tempfile::tempfile_in(folder).and_then(|mut file| {
        file.seek(SeekFrom::Start(length[0].max(length[1])))?;
        file.write_all(&vec![0; 1 << 16])
    });
    tried.is_err_and(|error| matches!(fault::of_io(&error, ""), StoreError::Full))
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
