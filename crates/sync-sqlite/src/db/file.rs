//! The file of the cache: it is created for its owner only, and named to SQLite.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sync_core::StoreError;

use crate::db::fault;

/// Creates the folder and the file if they don't exist, with access for their owner only. Returns the path with every
/// link resolved.
///
/// SQLite gives `-wal` and `-shm` the permissions of the database, so the file is created before SQLite opens it.
pub(crate) fn create(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() {
        return Err(StoreError::Refused("the path of the cache is empty".to_owned()));
    }
    create_folder(path)?;
    // An existing file isn't opened. Closing it again would release all locks that SQLite has on it in this process,
    // including those of other stores.
    let made = owned(OpenOptions::new().write(true).create_new(true)).open(path);
    match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => warn_of_readers(path),
        Err(error) => return Err(if path.is_dir() { folder(path) } else { fault::of_io(&error, "opening the cache") }),
        Ok(_) => {}
    }
    existing(path)
}

/// Creates the folder of a file if it doesn't exist, with access for its owner only.
pub(crate) fn create_folder(path: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder_of(path)).map_err(|error| fault::of_io(&error, "creating the folder of the cache"))
}

/// Returns the folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Returns the path of a file beside this one, with the same name and a suffix. SQLite names its files in this way.
pub(crate) fn named_after(path: &Path, more: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(more);
    path.with_file_name(name)
}

/// Warns if other users can read the file. A cache contains passwords, and a file that another program created may be
/// readable for all.
fn warn_of_readers(path: &Path) {
    #[cfg(unix)]
    if path.metadata().is_ok_and(|known| std::os::unix::fs::MetadataExt::mode(&known) & 0o077 != 0) {
        tracing::warn!("other users of this machine may read the cache; `chmod 600` closes it");
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Returns the path of an existing file, with every link resolved.
pub(crate) fn existing(path: &Path) -> Result<PathBuf, StoreError> {
    let found = path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => missing(path),
        _ => fault::of_io(&error, "opening the cache"),
    })?;
    // SQLite would report a folder as an I/O error.
    if found.is_dir() { Err(folder(path)) } else { Ok(found) }
}

fn folder(path: &Path) -> StoreError {
    StoreError::ReadOnly(format!("{} is a folder", path.display()))
}

/// Returns the error for a cache that doesn't exist.
pub(crate) fn missing(path: &Path) -> StoreError {
    StoreError::Missing(path.display().to_string())
}

/// Makes these options create files with access for their owner only.
pub(crate) fn owned(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Returns the reason behind an I/O error of SQLite. SQLite also reports a quota, and a limit on the size of files, as
/// an I/O error.
pub(crate) fn explained(error: StoreError, database: &Path) -> StoreError {
    if fault::is_io(&error) && is_full(database) { StoreError::Full } else { error }
}

/// Returns whether the disk has no room beside the database for another file as long as the database or its log, and a
/// little more.
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

/// Returns the path in the form that SQLite takes. It is absolute, so SQLite can't mistake it for an URI.
pub(crate) fn plain(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| StoreError::Refused("the path of the cache is not valid UTF-8".to_owned()))
}

/// Returns the path as an URI under which SQLite never writes to the file.
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
