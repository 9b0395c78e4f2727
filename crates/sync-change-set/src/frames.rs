//! The frames of a file. Each frame has a length and a checksum. A checksum over all bytes is at the end of the file.

use std::io::{self, Read, Write};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::error::ReadError;
use crate::format::{FRAME_MAX, MAGIC, VERSION};

/// The number of bytes of a payload at which a frame is written.
const FRAME: usize = 65_536;

/// Writes bytes in frames.
pub(crate) struct FrameWriter<W> {
    out: W,
    all: Xxh3,
    payload: Vec<u8>,
}

impl<W: Write> FrameWriter<W> {
    /// Writes the beginning of the file.
    pub(crate) fn new(out: W) -> io::Result<Self> {
        let mut writer = Self { out, all: Xxh3::new(), payload: Vec::with_capacity(FRAME) };
        writer.put(&MAGIC)?;
        writer.put(&VERSION.to_le_bytes())?;
        Ok(writer)
    }

    /// Writes the end of the file, and returns the output.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.end_frame()?;
        self.put(&0_u32.to_le_bytes())?;
        let sum = self.all.digest128();
        self.put(&sum.to_le_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.all.update(bytes);
        self.out.write_all(bytes)
    }

    fn end_frame(&mut self) -> io::Result<()> {
        if self.payload.is_empty() {
            return Ok(());
        }
        let payload = std::mem::take(&mut self.payload);
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        self.put(&length.to_le_bytes())?;
        self.put(&xxh3_64(&payload).to_le_bytes())?;
        self.put(&payload)?;
        self.payload = payload;
        self.payload.clear();
        Ok(())
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = FRAME - self.payload.len();
        let taken = bytes.len().min(room);
        self.payload.extend_from_slice(&bytes[..taken]);
        if self.payload.len() == FRAME {
            self.end_frame()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end_frame()?;
        self.out.flush()
    }
}

/// Reads bytes from frames, and checks the checksums.
pub(crate) struct FrameReader<R> {
    input: R,
    all: Xxh3,
    /// The number of bytes that were read.
    read: u64,
    /// The position at which the last frame begins.
    at: u64,
    payload: Vec<u8>,
}

impl<R: Read> FrameReader<R> {
    /// Reads the beginning of the file.
    pub(crate) fn new(input: R) -> Result<Self, ReadError> {
        let mut reader = Self { input, all: Xxh3::new(), read: 0, at: 0, payload: Vec::new() };
        let mut first = [0];
        if read_some(&mut reader.input, &mut first)? == 0 {
            return Err(ReadError::Empty);
        }
        reader.read = 1;
        reader.all.update(&first);
        let rest: [u8; 7] = reader.take()?;
        if first != MAGIC[..1] || rest != MAGIC[1..] {
            return Err(ReadError::NotASet);
        }
        match u16::from_le_bytes(reader.take()?) {
            VERSION => Ok(reader),
            other => Err(ReadError::Version(other)),
        }
    }

    /// Returns the position at which the last frame begins.
    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    /// Returns the payload of the last frame.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Reads the next frame. Returns `false` after the last one, if the checksum over all is right and the input has
    /// ended.
    pub(crate) fn advance(&mut self) -> Result<bool, ReadError> {
        self.at = self.read;
        let length = u32::from_le_bytes(self.take()?) as usize;
        if length == 0 {
            self.end()?;
            return Ok(false);
        }
        if length > FRAME_MAX {
            return Err(self.damaged("a frame has an impossible length"));
        }
        let sum = u64::from_le_bytes(self.take()?);
        let mut payload = std::mem::take(&mut self.payload);
        payload.resize(length, 0);
        self.fill(&mut payload)?;
        self.all.update(&payload);
        self.payload = payload;
        if xxh3_64(&self.payload) == sum { Ok(true) } else { Err(self.damaged("a frame has a wrong checksum")) }
    }

    fn end(&mut self) -> Result<(), ReadError> {
        let found = self.all.digest128();
        if u128::from_le_bytes(self.take()?) != found {
            return Err(self.damaged("the checksum over all is wrong"));
        }
        match read_some(&mut self.input, &mut [0])? {
            0 => Ok(()),
            _ => Err(self.damaged("bytes follow its end")),
        }
    }

    pub(crate) fn damaged(&self, what: &'static str) -> ReadError {
        ReadError::Damaged { at: self.at, what: what.into() }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        self.all.update(&bytes);
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ReadError> {
        let mut done = 0;
        while done < bytes.len() {
            match read_some(&mut self.input, &mut bytes[done..])? {
                0 => return Err(self.damaged("it breaks off")),
                more => done += more,
            }
        }
        self.read += done as u64;
        Ok(())
    }
}

fn read_some(input: &mut impl Read, bytes: &mut [u8]) -> Result<usize, ReadError> {
    loop {
        match input.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map_err(ReadError::Io),
        }
    }
}
