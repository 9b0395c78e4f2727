//! A growing sequence of bytes: in memory while it is small, and then in a file without a name.
//!
//! The file is unlinked as soon as it is created. So a crash leaves nothing behind, and no other process can read the
//! file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sync_core::StoreError;

use crate::db::fault;

/// The number of bytes that stay in memory without a file.
const IN_MEMORY: usize = 1 << 20;
/// The number of bytes that are gathered before they are written to the file.
const GATHERED: usize = 1 << 18;

/// A sequence of bytes.
pub(crate) struct Spool {
    folder: PathBuf,
    /// Whether the system's folder for temporary files is used if `folder` can't be written.
    elsewhere: bool,
    file: Option<File>,
    written: u64,
    tail: Vec<u8>,
}

impl Spool {
    /// Returns an empty spool. If it needs a file, the file is in this folder: on the disk of the database, which needs
    /// the room anyway.
    pub(crate) fn new(folder: &Path, elsewhere: bool) -> Self {
        Self { folder: folder.to_owned(), elsewhere, file: None, written: 0, tail: Vec::new() }
    }

    /// Returns the number of bytes.
    pub(crate) fn len(&self) -> u64 {
        self.written + self.tail.len() as u64
    }

    /// Returns the buffer to which bytes are appended.
    pub(crate) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.tail
    }

    /// Returns whether so many bytes are in memory that [`Self::spill`] is due.
    pub(crate) fn is_full(&self) -> bool {
        self.tail.len() >= if self.file.is_some() { GATHERED } else { IN_MEMORY }
    }

    /// Writes the bytes that are in memory to the file.
    pub(crate) fn spill(&mut self) -> Result<(), StoreError> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(anonymous(&self.folder, self.elsewhere)?),
        };
        // A file has one position, and reading moves it.
        file.seek(SeekFrom::Start(self.written))
            .and_then(|_| file.write_all(&self.tail))
            .map_err(|error| fault::of_io(&error, "writing the staging file"))?;
        self.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    /// Reads bytes from a position on. Returns an error if there are fewer.
    pub(crate) fn read(&self, from: u64, into: &mut [u8]) -> Result<(), StoreError> {
        let in_file = usize::try_from(self.written.saturating_sub(from)).unwrap_or(usize::MAX).min(into.len());
        let (first, second) = into.split_at_mut(in_file);
        if let (Some(mut file), false) = (self.file.as_ref(), first.is_empty()) {
            file.seek(SeekFrom::Start(from))
                .and_then(|_| file.read_exact(first))
                .map_err(|error| fault::of_io(&error, "reading the staging file"))?;
        }
        let start = usize::try_from(from.saturating_sub(self.written)).unwrap_or(usize::MAX);
        let found = start.checked_add(second.len()).and_then(|end| self.tail.get(start..end));
        second.copy_from_slice(found.ok_or_else(|| StoreError::backend("the staging file is too short"))?);
        Ok(())
    }

    /// Drops all bytes.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(&self.folder, self.elsewhere);
    }
}

fn anonymous(folder: &Path, elsewhere: bool) -> Result<File, StoreError> {
    let made = match tempfile::tempfile_in(folder) {
        Err(_) if elsewhere => tempfile::tempfile(),
        made => made,
    };
    made.map_err(|error| fault::of_io(&error, "creating the staging file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_back_wherever_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path(), false);
        let byte = |at: u64| u8::try_from(at % 251).unwrap();
        let mut length = 0;
        while length < 3 * IN_MEMORY as u64 {
            let part: Vec<_> = (length..length + 7777).map(byte).collect();
            spool.end().extend(&part);
            if spool.is_full() {
                spool.spill().unwrap();
            }
            length += 7777;
            assert_eq!(spool.len(), length);
            for (from, count) in [(0, 9), (length - 5000, 5000), (length / 2, 300)] {
                let mut read = vec![0; count];
                spool.read(from, &mut read).unwrap();
                assert!(read.iter().zip(from..).all(|(found, at)| *found == byte(at)), "{from} of {length}");
            }
        }
        assert!(spool.file.is_some());
        assert!(spool.read(length - 1, &mut [0; 2]).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        spool.clear();
        assert_eq!(spool.len(), 0);
        assert!(spool.read(0, &mut [0; 1]).is_err());
    }

    #[test]
    fn a_missing_folder_is_an_error_unless_another_one_is_allowed() {
        let gone = tempfile::tempdir().unwrap().path().join("gone");
        let fill = |mut spool: Spool| {
            spool.end().resize(IN_MEMORY, 1);
            assert!(spool.is_full());
            spool.spill()
        };
        assert!(fill(Spool::new(&gone, false)).is_err());
        assert!(fill(Spool::new(&gone, true)).is_ok());
    }
}
