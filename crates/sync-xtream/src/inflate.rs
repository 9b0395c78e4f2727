//! Gzip, by its first bytes rather than by what the headers say: some proxies lose the header, and
//! some panels send it with plain bytes.
//!
//! The other codings have no beginning of their own; the HTTP client inflates them when they are
//! announced.

use std::io::{self, Write};

use bytes::{Buf, Bytes};
use flate2::write::GzDecoder;

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
    Gzip(Box<GzDecoder<Vec<u8>>>),
    /// A part of gzip is over; another one may follow, or zeros that fill up a block.
    Between,
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
                State::Gzip(Box::new(GzDecoder::new(Vec::new())))
            } else {
                State::Plain
            };
        }
    }

    /// Gives out the next bytes, `None` when more have to come first.
    pub(crate) fn take(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match &mut self.state {
                State::Undecided => return Ok(None),
                State::Plain => {
                    let bytes = std::mem::take(&mut self.waiting);
                    if !bytes.is_empty() && std::mem::take(&mut self.announced) && !is_text(&bytes) {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    return Ok(Some(bytes).filter(|bytes| !bytes.is_empty()));
                }
                State::Gzip(decoder) => {
                    if let Some(bytes) = out_of(decoder) {
                        return Ok(Some(bytes));
                    }
                    if self.waiting.is_empty() {
                        return Ok(None);
                    }
                    // Some bytes at a time, and at most one buffer of what they become.
                    let taken = decoder.write(&self.waiting)?;
                    self.waiting.advance(taken);
                    if taken == 0 && decoder.get_ref().is_empty() {
                        // It takes no more: its part is over.
                        decoder.try_finish()?;
                        self.state = State::Between;
                    }
                }
                State::Between => {
                    let zeros = self.waiting.iter().take_while(|byte| **byte == 0).count();
                    self.waiting.advance(zeros);
                    if self.waiting.is_empty() || self.waiting[..] == MAGIC[..1] {
                        return Ok(None);
                    }
                    if !self.waiting.starts_with(&MAGIC) {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    self.state = State::Gzip(Box::new(GzDecoder::new(Vec::new())));
                }
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
            State::Between if !self.waiting.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(Some(std::mem::take(&mut self.waiting)).filter(|bytes| !bytes.is_empty())),
        }
    }
}

fn out_of(decoder: &mut GzDecoder<Vec<u8>>) -> Option<Bytes> {
    let bytes = std::mem::take(decoder.get_mut());
    (!bytes.is_empty()).then(|| bytes.into())
}

/// Whether bytes may begin JSON, a page or words, rather than compressed data: without control
/// characters, and either UTF-8, or with a beginning of JSON or a page and letters of an older set.
fn is_text(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bytes = &bytes[..bytes.len().min(64)];
    let controls = bytes.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
    // The last character may be cut.
    let utf8 = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    !controls && (utf8 || matches!(bytes.trim_ascii_start().first(), Some(b'[' | b'{' | b'<' | b'"')))
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
        let early = "[{\"name\":\"Été\",\"stream_id\":1}]".as_bytes();
        for plain in
            [&b"[]"[..], b"\xef\xbb\xbf[]", b"<html>", early, b" \n[{\"name\":\"\xc9t\xe9\"}]", "Été".as_bytes()]
        {
            for chunk in [1, 100] {
                assert_eq!(run(plain, chunk, true).unwrap().0, plain);
            }
        }
    }

    #[test]
    fn zeros_after_gzip_are_no_damage_and_anything_else_is() {
        let part = gzip(b"[{\"a\":1}]");
        for (after, good) in [(&[0; 8][..], true), (&[0; 5000], true), (b"x", false), (b"\0\x1f", false)] {
            let body = [&part[..], after].concat();
            for chunk in [1, 7, 10_000] {
                let found = run(&body, chunk, false).map(|(out, _)| out).ok();
                assert_eq!(found.as_deref() == Some(b"[{\"a\":1}]"), good, "{after:?}");
            }
        }
        let parts = [&part[..], &[0; 3], &gzip(b" ")].concat();
        assert_eq!(run(&parts, 2, false).unwrap().0, b"[{\"a\":1}] ");
    }
}
