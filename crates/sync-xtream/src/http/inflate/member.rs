//! One compressed part of a body: a gzip member, a zlib stream, a zstd frame or a brotli stream.

use std::io::{self, Write};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::Bytes;
use flate2::write::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{self, Operation};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const ZLIB: u8 = 0x78;

/// The possible second bytes of zlib. They depend on the level of compression.
const ZLIB_LEVELS: [u8; 4] = [0x01, 0x5e, 0x9c, 0xda];

/// The greatest window of a zstd frame: 8 MiB, as HTTP allows.
const ZSTD_WINDOW_LOG: u32 = 23;

/// The number of bytes that are inflated at a time.
const BUFFER: usize = 32 << 10;

/// A compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Zlib,
    Zstd,
    /// It has no beginning of its own, so it has to be announced.
    Brotli,
}

/// The result of looking at the first bytes of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// The bytes may be the beginning of a compression.
    Short,
    /// The body is not compressed, as far as can be told.
    Plain,
    /// The body has this compression.
    Of(Coding),
}

/// Looks at the first bytes. None of the compressions begins like JSON.
pub(super) fn beginning(bytes: &[u8]) -> Beginning {
    match bytes {
        [] | [0x1f | ZLIB] => Beginning::Short,
        _ if bytes.starts_with(&GZIP) => Beginning::Of(Coding::Gzip),
        [ZLIB, level, ..] if ZLIB_LEVELS.contains(level) => Beginning::Of(Coding::Zlib),
        _ if bytes.starts_with(&ZSTD) => Beginning::Of(Coding::Zstd),
        _ if ZSTD.starts_with(bytes) => Beginning::Short,
        _ => Beginning::Plain,
    }
}

/// A part that is being inflated.
pub(super) enum Member {
    /// The decoder also checks the header and the trailer of the data.
    Gzip(Box<GzDecoder<Vec<u8>>>),
    Frame(Box<Frame>),
}

/// A zlib stream, a zstd frame or a brotli stream.
pub(super) struct Frame {
    decoder: Decoder,
    out: Vec<u8>,
    /// Whether the output had no room for everything.
    full: bool,
    over: bool,
}

enum Decoder {
    Zlib(Decompress),
    Zstd(raw::Decoder<'static>),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
}

impl Member {
    pub(super) fn new(coding: Coding) -> io::Result<Self> {
        let decoder = match coding {
            Coding::Gzip => return Ok(Self::Gzip(Box::new(GzDecoder::new(Vec::new())))),
            Coding::Zlib => Decoder::Zlib(Decompress::new(true)),
            Coding::Zstd => {
                let mut decoder = raw::Decoder::new()?;
                decoder.set_parameter(raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
                Decoder::Zstd(decoder)
            }
            Coding::Brotli => {
                let [bytes, words, codes] = [(); 3].map(|()| StandardAlloc::default());
                Decoder::Brotli(Box::new(BrotliState::new(bytes, words, codes)))
            }
        };
        Ok(Self::Frame(Box::new(Frame { decoder, out: Vec::new(), full: false, over: false })))
    }

    /// Takes some bytes. Returns their number, and whether the part has ended. All earlier output has to be taken.
    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<(usize, bool)> {
        match self {
            Self::Gzip(decoder) => {
                let taken = decoder.write(bytes)?;
                // The decoder takes no more, so its part has ended.
                let over = taken == 0 && decoder.get_ref().is_empty();
                if over {
                    decoder.try_finish()?;
                }
                Ok((taken, over))
            }
            Self::Frame(frame) => frame.take(bytes),
        }
    }

    /// Returns whether there is more output without further bytes.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Frame(frame) if frame.full)
    }

    /// Returns the output.
    pub(super) fn out(&mut self) -> Option<Bytes> {
        let out = match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Frame(frame) => &mut frame.out,
        };
        (!out.is_empty()).then(|| std::mem::take(out).into())
    }

    /// Ends the part. Returns an error if it is not complete.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Frame(frame) if frame.over => Ok(()),
            Self::Frame(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Frame {
    fn take(&mut self, bytes: &[u8]) -> io::Result<(usize, bool)> {
        if self.over {
            return Ok((0, true));
        }
        let mut out = vec![0; BUFFER];
        // Brotli may keep output back although the buffer has room.
        let mut more = false;
        let (read, written) = match &mut self.decoder {
            Decoder::Zlib(decoder) => {
                let (read, written) = (decoder.total_in(), decoder.total_out());
                let status = decoder.decompress(bytes, &mut out, FlushDecompress::None).map_err(io::Error::other)?;
                self.over = status == Status::StreamEnd;
                (decoder.total_in() - read, decoder.total_out() - written)
            }
            Decoder::Zstd(decoder) => {
                let status = decoder.run_on_buffers(bytes, &mut out)?;
                self.over = status.remaining == 0;
                (status.bytes_read as u64, status.bytes_written as u64)
            }
            Decoder::Brotli(state) => {
                let (mut left, mut read, mut room, mut written, mut total) = (bytes.len(), 0, BUFFER, 0, 0);
                let status = BrotliDecompressStream(
                    &mut left,
                    &mut read,
                    bytes,
                    &mut room,
                    &mut written,
                    &mut out,
                    &mut total,
                    state,
                );
                match status {
                    BrotliResult::ResultSuccess => self.over = true,
                    BrotliResult::NeedsMoreOutput => more = true,
                    BrotliResult::NeedsMoreInput => {}
                    BrotliResult::ResultFailure => return Err(io::ErrorKind::InvalidData.into()),
                }
                (read as u64, written as u64)
            }
        };
        let stuck = read == 0 && written == 0 && !self.over && !self.full;
        if stuck {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let [read, written] = [read, written].map(|count| usize::try_from(count).unwrap_or(BUFFER));
        out.truncate(written);
        (self.full, self.out) = ((more || written == BUFFER) && !self.over, out);
        Ok((read, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_show_the_compression() {
        for (bytes, expected) in [
            (&b""[..], Beginning::Short),
            (b"\x1f", Beginning::Short),
            (b"x", Beginning::Short),
            (b"\x28\xb5\x2f", Beginning::Short),
            (b"\x1f\x8b", Beginning::Of(Coding::Gzip)),
            (b"x\x9c\x03", Beginning::Of(Coding::Zlib)),
            (b"\x28\xb5\x2f\xfd", Beginning::Of(Coding::Zstd)),
            (b"\x1f\x8c", Beginning::Plain),
            (b"xy", Beginning::Plain),
            (b"(a", Beginning::Plain),
            (b"[", Beginning::Plain),
        ] {
            assert_eq!(beginning(bytes), expected, "{bytes:?}");
        }
    }
}
