//! A pipe or a device as the place of results. It is written to, and never replaced.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A pipe or a device. It is opened at the first write, because opening a pipe waits for its reader.
#[derive(Debug)]
pub(crate) struct Special {
    pub(super) path: PathBuf,
    file: Option<File>,
}

impl Special {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None }
    }

    /// Ends the writing. A reader that waits sees the end, also if nothing was written.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }

    fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().write(true).open(&self.path)?,
        };
        Ok(self.file.insert(file))
    }
}

impl Write for Special {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

/// Returns whether writing to a path overwrites no data: it is a pipe, a terminal or `/dev/null`.
pub(super) fn loses_nothing(of: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let is = of.file_type();
        is.is_fifo() || is.is_char_device()
    }
    #[cfg(not(unix))]
    {
        let _ = of;
        false
    }
}

/// Returns whether more results are wanted. A reader that has gone wants no more, which is no error.
pub(super) fn is_wanted(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if crate::command::terminal::is_closed_pipe(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
