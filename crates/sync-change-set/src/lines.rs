//! The lines of a file: its frames, decompressed.

use std::io::{BufRead, Read};

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::error::ReadError;
use crate::frames::FrameReader;
use crate::limits::{Limit, Limits};

/// The number of bytes that are decompressed at once.
const CHUNK: usize = 65_536;

/// The message of zstd for a window beyond the limit. The crate `zstd` doesn't expose the error codes.
const WINDOW: &str = "Frame requires too much memory for decoding";

/// Reads lines.
pub(crate) struct Lines<R> {
    frames: FrameReader<R>,
    decoder: Decoder<'static>,
    limits: Limits,
    /// The number of bytes of the payload that were used.
    used: usize,
    /// Whether the decoder may return more without further input.
    is_full: bool,
    has_ended: bool,
    chunk: Vec<u8>,
    /// The beginning and the end of that part of the chunk which no line has yet.
    from: usize,
    to: usize,
    decoded: u64,
    line: Vec<u8>,
    count: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(input: R, limits: Limits) -> Result<Self, ReadError> {
        let mut decoder = Decoder::new().map_err(ReadError::Io)?;
        decoder.set_parameter(DParameter::WindowLogMax(limits.window_log)).map_err(ReadError::Io)?;
        Ok(Self {
            frames: FrameReader::new(input)?,
            decoder,
            limits,
            used: 0,
            is_full: false,
            has_ended: false,
            chunk: vec![0; CHUNK],
            from: 0,
            to: 0,
            decoded: 0,
            line: Vec::new(),
            count: 0,
        })
    }

    /// Reads the next line. Returns `false` if there is none, after the file was checked to its end.
    pub(crate) fn advance(&mut self) -> Result<bool, ReadError> {
        self.line.clear();
        self.count += 1;
        loop {
            let mut rest = &self.chunk[self.from..self.to];
            let read = rest.read_until(b'\n', &mut self.line).map_err(ReadError::Io)?;
            self.from += read;
            if self.line.len() > self.limits.line {
                return Err(ReadError::TooLarge(Limit::Line(self.limits.line)));
            }
            if self.line.last() == Some(&b'\n') {
                self.line.pop();
                return Ok(true);
            }
            if !self.decode()? {
                break;
            }
        }
        if !self.line.is_empty() {
            return Err(self.frames.damaged("its last line has no end"));
        }
        if self.frames.advance()? {
            return Err(self.frames.damaged("bytes follow the compressed ones"));
        }
        Ok(false)
    }

    /// Returns the last line as text.
    pub(crate) fn text(&self) -> Result<&str, ReadError> {
        str::from_utf8(&self.line).map_err(|_| self.damaged("is not UTF-8"))
    }

    /// Returns the bytes of the last line.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.line
    }

    /// Returns an error about the last line.
    pub(crate) fn damaged(&self, what: &str) -> ReadError {
        ReadError::Damaged { at: self.frames.at(), what: format!("line {} {what}", self.count).into() }
    }

    /// Decompresses more bytes. Returns `false` if there are none.
    fn decode(&mut self) -> Result<bool, ReadError> {
        while !self.has_ended {
            if self.used == self.frames.payload().len() && !self.is_full {
                if !self.frames.advance()? {
                    return Err(self.frames.damaged("the compressed bytes break off"));
                }
                self.used = 0;
            }
            let mut input = InBuffer::around(&self.frames.payload()[self.used..]);
            let mut output = OutBuffer::around(self.chunk.as_mut_slice());
            let hint = self.decoder.run(&mut input, &mut output).map_err(|error| {
                if error.to_string().contains(WINDOW) {
                    ReadError::TooLarge(Limit::Window(self.limits.window_log))
                } else {
                    self.frames.damaged("the compressed bytes are broken")
                }
            })?;
            let (read, written) = (input.pos(), output.pos());
            self.used += read;
            self.is_full = written == CHUNK;
            self.has_ended = hint == 0;
            (self.from, self.to) = (0, written);
            self.decoded += written as u64;
            if self.decoded > self.limits.decoded {
                return Err(ReadError::TooLarge(Limit::Decoded(self.limits.decoded)));
            }
            if self.has_ended && self.used < self.frames.payload().len() {
                return Err(self.frames.damaged("bytes follow the compressed ones"));
            }
            if written > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
