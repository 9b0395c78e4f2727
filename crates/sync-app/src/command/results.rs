//! Many results: written in large pieces, to standard output or into a new file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sync_core::text::printable;
use tempfile::NamedTempFile;

use super::exit::Exit;
use super::failure::Failure;
use super::terminal::{self, complain, quoted};

/// So much is written in one go.
const PIECE: usize = 64 * 1024;

/// Where results go. Standard output without a reader is no error; a file that can't be written is one.
#[derive(Debug)]
pub(crate) enum Results {
    Stdout(BufWriter<io::Stdout>),
    File(NewFile),
}

/// A file that appears under its name when it is whole.
#[derive(Debug)]
pub(crate) struct NewFile {
    out: BufWriter<NamedTempFile>,
    path: PathBuf,
    replace: bool,
}

impl Results {
    pub(crate) fn stdout() -> Self {
        Self::Stdout(BufWriter::with_capacity(PIECE, io::stdout()))
    }

    /// A new file. An existing one is replaced only on request.
    pub(crate) fn file(path: &Path, replace: bool, is_secret: bool) -> Result<Self, Failure> {
        if !replace && path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".xtream-sync-").suffix(".partial");
        // Without this, only the user can read a temporary file.
        #[cfg(unix)]
        if !is_secret {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = is_secret;
        let file = builder.tempfile_in(folder).map_err(|error| unwritable(path, &error))?;
        Ok(Self::File(NewFile { out: BufWriter::with_capacity(PIECE, file), path: path.to_owned(), replace }))
    }

    /// Where the bytes go, for what writes by itself.
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(out) => out,
            Self::File(file) => &mut file.out,
        }
    }

    /// Writes some results. Returns whether more are wanted.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<bool, Failure> {
        match self {
            Self::Stdout(out) => {
                terminal::note(&write(out));
                Ok(!terminal::is_closed() && !terminal::is_lost())
            }
            Self::File(file) => write(&mut file.out).map(|()| true).map_err(|error| unwritable(&file.path, &error)),
        }
    }

    /// Writes what is left. A file gets its name.
    pub(crate) fn end(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => {
                terminal::note(&out.flush());
                Ok(())
            }
            Self::File(NewFile { out, path, replace }) => {
                let file = out.into_inner().map_err(|error| unwritable(&path, error.error()))?;
                file.as_file().sync_all().map_err(|error| unwritable(&path, &error))?;
                let named = if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
                match named {
                    Ok(_) => Ok(()),
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&path)),
                    Err(error) => Err(unwritable(&path, &error.error)),
                }
            }
        }
    }
}

/// Lets only the user read the file that standard output goes to, if it is one.
pub(crate) fn keep_stdout_private() {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned() else { return };
        let file = File::from(stdout);
        if file.metadata().is_ok_and(|of| of.is_file())
            && file.set_permissions(std::fs::Permissions::from_mode(0o600)).is_err()
        {
            complain("warning: others may be able to read the file; it contains the login");
        }
    }
}

pub(crate) fn shown(path: &Path) -> String {
    printable(&quoted(&path.to_string_lossy()))
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("{} exists", shown(path)), "name another file, or replace it with --force")
}

pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let hint = "name another file, or make room; an older file of that name is unchanged";
    Failure::of(Exit::Internal, format!("{} can't be written: {error}", shown(path)), hint)
}
