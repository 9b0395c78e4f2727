//! Gzip, by its first bytes rather than by what the headers say: some proxies lose the header, and
//! some panels send it with plain bytes.
//!
//! The other codings have no beginning of their own; the HTTP client inflates them when they are
//! announced.

use std::io::{self, Write};

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;

/// The beginning of gzip, and of no JSON.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The bytes of a body on their way. What goes in comes out in small pieces, so that a bomb is
/// noticed before it has gone off.
pub(crate) struct Inflate {
    state: State,
    /// What is to be given out, or inflated.
    waiting: Bytes,
    /// Whether the answer says that it is compressed although nobody has inflated it.
    announced: bool,
}

enum State {
    /// Nothing, or the first byte, has come.
    Undecided,
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Inflate {
    pub(crate) fn new(announced: bool) -> Self {
        Self { state: State::Undecided, waiting: Bytes::new(), announced }
    }

    /// Takes bytes in. What went in before has to be out.
    pub(crate) fn give(&mut self, bytes: Bytes) {
        self.waiting = if self.waiting.is_empty() { bytes } else { [&self.waiting[..], &bytes[..]].concat().into() };
        if matches!(self.state, State::Undecided) && self.waiting[..] != MAGIC[..1] && !self.waiting.is_empty() {
            self.state = if self.waiting.starts_with(&MAGIC) {
                State::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
            } else {
                State::Plain
            };
        }
    }

    /// Gives out the next bytes, `None` when more have to come first.
    pub(crate) fn take(&mut self) -> io::Result<Option<Bytes>> {
        match &mut self.state {
            State::Undecided => Ok(None),
            State::Plain => {
                let bytes = std::mem::take(&mut self.waiting);
                if !bytes.is_empty() && std::mem::take(&mut self.announced) && !is_text(&bytes) {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
            }
            State::Gzip(decoder) => {
                while !self.waiting.is_empty() && decoder.get_ref().is_empty() {
                    // Some bytes at a time, and at most one buffer of what they become.
                    let taken = decoder.write(&self.waiting)?;
                    self.waiting.advance(taken);
                }
                Ok(out_of(decoder))
            }
        }
    }

    /// The body has ended; returns what is left.
    pub(crate) fn end(&mut self) -> io::Result<Option<Bytes>> {
        match &mut self.state {
            State::Gzip(decoder) => {
                decoder.try_finish()?;
                Ok(out_of(decoder))
            }
            _ => Ok(Some(std::mem::take(&mut self.waiting)).filter(|bytes| !bytes.is_empty())),
        }
    }
}

fn out_of(decoder: &mut MultiGzDecoder<Vec<u8>>) -> Option<Bytes> {
    let bytes = std::mem::take(decoder.get_mut());
    (!bytes.is_empty()).then(|| bytes.into())
}

/// Whether bytes may begin JSON, a page or words, rather than compressed data.
fn is_text(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().take(16).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Feeds a body in chunks; returns what comes out and the largest piece of it.
    fn run(body: &[u8], chunk: usize, announced: bool) -> io::Result<(Vec<u8>, usize)> {
        let (mut inflate, mut out, mut largest) = (Inflate::new(announced), Vec::new(), 0);
        let mut note = |piece: Bytes| {
            largest = largest.max(piece.len());
            out.extend_from_slice(&piece);
        };
        for part in body.chunks(chunk) {
            inflate.give(Bytes::copy_from_slice(part));
            while let Some(piece) = inflate.take()? {
                note(piece);
            }
        }
        while let Some(piece) = inflate.end()? {
            note(piece);
        }
        Ok((out, largest))
    }

    #[test]
    fn what_is_plain_comes_out_as_it_is() {
        for body in [&b""[..], b"[", b"[{}]", b"\x1f", b"\x1fx", b" \xef\xbb\xbf[]"] {
            for chunk in [1, 2, 100] {
                assert_eq!(run(body, chunk, false).unwrap().0, body);
            }
        }
    }

    #[test]
    fn what_begins_like_gzip_is_inflated_over_all_members() {
        let body = [gzip(b"[{\"a\":1},"), gzip(b""), gzip(b"{\"b\":2}]")].concat();
        for chunk in [1, 2, 3, 7, 1000] {
            for announced in [false, true] {
                assert_eq!(run(&body, chunk, announced).unwrap().0, b"[{\"a\":1},{\"b\":2}]", "{chunk}");
            }
        }
    }

    #[test]
    fn gzip_that_is_cut_or_damaged_is_no_whole_body() {
        let body = gzip(b"[{\"name\":\"a name that is long enough\"}]");
        for cut in 2..body.len() {
            assert!(run(&body[..cut], 5, false).is_err(), "cut after {cut}");
        }
        let mut damaged = body.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(run(&damaged, 5, false).is_err());
        assert!(run(b"\x1f\x8b and so on, but no gzip", 5, false).is_err());
    }

    #[test]
    fn a_bomb_comes_out_in_small_pieces() {
        let bomb = gzip(&vec![b'['; 20 << 20]);
        assert!(bomb.len() < 200_000);
        let (out, largest) = run(&bomb, bomb.len(), false).unwrap();
        assert_eq!(out.len(), 20 << 20);
        assert!(largest <= 256 << 10, "{largest}");
    }

    #[test]
    fn announced_compression_of_another_kind_is_damage_and_of_none_is_none() {
        for compressed in [&b"\x28\xb5\x2f\xfd\x04"[..], b"\x8b\x02\x80[]", b"x\x9c\x8b\x8e"] {
            assert!(run(compressed, 100, true).is_err());
        }
        for plain in [&b"[]"[..], b"\xef\xbb\xbf[]", b"<html>"] {
            assert_eq!(run(plain, 100, true).unwrap().0, plain);
        }
    }
}
