//! Results of any number. They are written in large pieces, to standard output or into a new file.

mod partial;
mod special;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sync_core::text::printable;
use tempfile::NamedTempFile;

use self::partial::Partial;
use self::special::Special;
use super::exit::Exit;
use super::failure::Failure;
use super::terminal::{self, print_err, quoted};

pub(crate) use self::partial::remove as remove_partial;

/// The number of bytes that are written at a time.
const PIECE: usize = 64 * 1024;

/// The number of symbolic links in a row that are followed.
const LINKS: usize = 40;

/// The place of results. Standard output without a reader is no error; a file that can't be written is an error.
#[derive(Debug)]
pub(crate) enum Results {
    Stdout(BufWriter<io::Stdout>),
    File(NewFile),
    Special(BufWriter<Special>),
}

/// A file that gets its name when it is complete.
#[derive(Debug)]
pub(crate) struct NewFile {
    out: BufWriter<NamedTempFile>,
    path: PathBuf,
    /// The path that is replaced: the file that a link leads to, or the file itself.
    target: PathBuf,
    replace: bool,
    partial: Partial,
}

/// Returns the file of `-o`, or `None` if it stands for standard output.
pub(crate) fn output(path: Option<&Path>) -> Option<&Path> {
    let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    path.filter(|path| !names.into_iter().any(|name| *path == Path::new(name)))
}

impl Results {
    pub(crate) fn stdout() -> Self {
        Self::Stdout(BufWriter::with_capacity(PIECE, io::stdout()))
    }

    /// Opens a new file. An existing file is replaced only on request. If the path is a link, the file that it leads to
    /// is replaced. A pipe or a device is written to.
    pub(crate) fn file(path: &Path, replace: bool, is_secret: bool) -> Result<Self, Failure> {
        match path.metadata() {
            Ok(of) if of.is_dir() => {
                return Err(Failure::usage(format!("{} is a folder", shown(path)), "name a file in it"));
            }
            Ok(of) if !of.is_file() => {
                if !replace && !special::loses_nothing(&of) {
                    return Err(exists(path));
                }
                return Ok(Self::Special(BufWriter::with_capacity(PIECE, Special::new(path))));
            }
            _ => {}
        }
        if !replace && path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        let target = target_of(path);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".xtream-sync-").suffix(".partial");
        // By default, only the user can read a temporary file.
        #[cfg(unix)]
        if !is_secret {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = is_secret;
        let (file, partial) =
            partial::make(|| builder.tempfile_in(folder_of(&target))).map_err(|error| unwritable(path, &error))?;
        let out = BufWriter::with_capacity(PIECE, file);
        Ok(Self::File(NewFile { out, path: path.to_owned(), target, replace, partial }))
    }

    /// Returns whether the results go to a new file. Only the owner can read such a file if it is secret.
    pub(crate) const fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Returns the writer below, for code that writes bytes itself.
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(out) => out,
            Self::File(file) => &mut file.out,
            Self::Special(out) => out,
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
            Self::Special(out) => {
                special::is_wanted(write(out)).map_err(|error| unwritable(&out.get_ref().path, &error))
            }
        }
    }

    /// Writes the rest of the results. A file gets its name.
    pub(crate) fn end(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => {
                terminal::note(&out.flush());
                Ok(())
            }
            Self::File(NewFile { out, path, target, replace, partial }) => {
                let file = out.into_inner().map_err(|error| unwritable(&path, error.error()))?;
                file.as_file().sync_all().map_err(|error| unwritable(&path, &error))?;
                let named = if replace { file.persist(&target) } else { file.persist_noclobber(&target) };
                drop(partial);
                match named {
                    Ok(_) => Ok(()),
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&path)),
                    Err(error) => Err(unwritable(&path, &error.error)),
                }
            }
            Self::Special(mut out) => {
                let ended = out.flush().and_then(|()| out.get_mut().end());
                special::is_wanted(ended).map(|_| ()).map_err(|error| unwritable(&out.get_ref().path, &error))
            }
        }
    }
}

/// Returns the file that a path leads to. The file may not exist yet.
fn target_of(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        let Ok(to) = target.read_link() else { break };
        target = folder_of(&target).join(to);
    }
    target
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Lets only the user read standard output, if it is a file.
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
            print_err("warning: others may be able to read the file; it contains the login");
        }
    }
}

pub(crate) fn shown(path: &Path) -> String {
    printable(&quoted(&path.to_string_lossy()))
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("{} exists", shown(path)), "name another file, or replace it with --force")
}

/// Returns the error for a file that can't be written. Its hint asks for another path, because this path or its disk
/// can't be used.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "make the folder, or name another file",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "name a file in a folder that you may write to"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "make room there, or name a file on another disk"
        }
        _ => "name another file",
    };
    let is_special = path.metadata().is_ok_and(|of| !of.is_file());
    let kept =
        if is_special { "" } else { "; nothing of it is left there, and an older file of that name is unchanged" };
    Failure::of(Exit::Usage, format!("{} can't be written: {error}", shown(path)), &format!("{what}{kept}"))
}
