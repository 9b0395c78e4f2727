//! Inflates compressed bodies. Compression is recognised by the first bytes, because the headers are unreliable: some
//! proxies remove them, some panels send them with plain bytes, and some compress twice.
//!
//! Gzip, zlib and zstd are recognised in this way, one within another up to [`LAYERS_MAX`]. Brotli has no beginning of
//! its own, so it is believed if it is announced, and so are zlib and zstd. The HTTP client inflates nothing: otherwise
//! nobody could tell how many bytes have come over the wire.

mod member;

use std::io;

use bytes::{Buf, Bytes};
use reqwest::header::HeaderValue;

use member::{Beginning, Coding, Member, beginning};

/// The greatest number of layers. Nothing is compressed more often, and a file that is its own content would never end.
const LAYERS_MAX: u8 = 3;

/// The number of bytes that one layer hands to the next, without any output at the end, after which the caller gets a
/// turn. So a bomb within a bomb keeps no thread busy.
const TURN: usize = 1 << 20;

/// The compression that the head of an answer announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    /// None.
    Nothing,
    /// One that is believed: the body begins with it.
    Coding(Coding),
    /// One that the first bytes have to show.
    Unbelieved,
}

impl Announced {
    /// Reads the values of `Content-Encoding`. `plain` says that nothing that is announced is believed, because the
    /// client has asked for no compression.
    pub(crate) fn read<'a>(codings: impl IntoIterator<Item = &'a HeaderValue>, plain: bool) -> Self {
        let words = codings.into_iter().flat_map(|codings| codings.as_bytes().split(|byte| *byte == b','));
        let mut named = words
            .map(|word| word.trim_ascii().to_ascii_lowercase())
            .filter(|word| !word.is_empty() && word != b"identity");
        match (named.next().as_deref(), named.next()) {
            (None, _) => Self::Nothing,
            (Some(b"br"), None) if !plain => Self::Coding(Coding::Brotli),
            (Some(b"zstd"), None) if !plain => Self::Coding(Coding::Zstd),
            (Some(b"deflate"), None) if !plain => Self::Coding(Coding::Zlib),
            _ => Self::Unbelieved,
        }
    }
}

/// A body that is being inflated. It comes out in small pieces, so that a bomb is noticed in time.
pub(crate) struct Inflate {
    state: State,
    /// The bytes to give out or to inflate.
    waiting: Bytes,
    /// Whether the bytes have to be text by now, because they were announced as compressed or were inflated already.
    suspect: Option<Suspect>,
    /// The compression that the body begins with, whatever its first bytes are.
    forced: Option<Coding>,
    /// The next layer, if the output of this one is compressed as well.
    within: Option<Box<Inflate>>,
    layer: u8,
    /// The number of bytes that this layer has given out.
    inflated: u64,
    /// The greatest number of bytes that a layer may give out.
    limit: u64,
}

/// The reason why plain bytes have to look like text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suspect {
    /// The answer is announced as compressed, and nobody has inflated it.
    Announced,
    /// The bytes were inflated.
    Inflated,
}

enum State {
    /// No bytes have come, or only the first ones of a possible compression.
    Undecided,
    Plain,
    Member(Member),
    /// A part has ended. Another part, zeros that fill a block, or white space may follow.
    Between,
}

impl Inflate {
    /// Returns the state at the beginning of a body. `limit` holds for each layer.
    pub(crate) fn new(announced: Announced, limit: u64) -> Self {
        match announced {
            Announced::Nothing => Self::layer(0, None, limit),
            Announced::Unbelieved => Self::layer(0, Some(Suspect::Announced), limit),
            Announced::Coding(coding) => Self { forced: Some(coding), ..Self::layer(0, None, limit) },
        }
    }

    fn layer(layer: u8, suspect: Option<Suspect>, limit: u64) -> Self {
        let (state, waiting) = (State::Undecided, Bytes::new());
        Self { state, waiting, suspect, forced: None, within: None, layer, inflated: 0, limit }
    }

    /// Returns whether the body has a compression with an end of its own, which was checked.
    pub(crate) const fn has_own_end(&self) -> bool {
        matches!(self.state, State::Member(_) | State::Between)
    }

    /// Takes bytes in. All earlier bytes have to be out.
    pub(crate) fn give(&mut self, bytes: Bytes) {
        self.waiting = if self.waiting.is_empty() { bytes } else { [&self.waiting[..], &bytes[..]].concat().into() };
    }

    /// Gives out the next bytes, or `None` if more have to come first. Empty bytes are a turn of the caller.
    ///
    /// # Errors
    ///
    /// `FileTooLarge` if a layer has given out more than the limit. Any other error says that the bytes are damaged.
    pub(crate) fn take(&mut self) -> io::Result<Option<Bytes>> {
        let mut handed = 0;
        loop {
            if let Some(within) = &mut self.within
                && let Some(bytes) = within.take()?
            {
                return Ok(Some(bytes));
            }
            let Some(bytes) = self.next()? else { return Ok(None) };
            let Some(within) = &mut self.within else { return Ok(Some(bytes)) };
            handed += bytes.len();
            within.give(bytes);
            if handed >= TURN {
                return Ok(Some(Bytes::new()));
            }
        }
    }

    /// Ends the body. Returns the rest, or `None` if there is none.
    pub(crate) fn end(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(left) = self.take()? {
            return Ok(Some(left));
        }
        match &mut self.state {
            State::Member(member) => {
                member.finish()?;
                let left = member.out();
                self.state = State::Between;
                if let (Some(left), Some(within)) = (left, &mut self.within) {
                    self.inflated += left.len() as u64;
                    within.give(left);
                }
            }
            State::Between if !self.waiting.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            State::Between => {}
            State::Undecided | State::Plain => {
                let left = std::mem::take(&mut self.waiting);
                self.state = State::Plain;
                return Ok(Some(left).filter(|left| !left.is_empty()));
            }
        }
        self.within.as_mut().map_or(Ok(None), |within| within.end())
    }

    /// Returns the next bytes of this layer.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match &mut self.state {
                State::Undecided if self.forced.is_some() && !self.waiting.is_empty() => {
                    if let Some(coding) = self.forced.take() {
                        self.state = State::Member(Member::new(coding)?);
                        // What was announced is trusted to be no guess, so any words may be in it.
                        self.within = Some(Box::new(Self::layer(self.layer + 1, None, self.limit)));
                    }
                }
                State::Undecided => match beginning(&self.waiting) {
                    Beginning::Short => return Ok(None),
                    Beginning::Plain => self.state = State::Plain,
                    Beginning::Of(coding) => {
                        if self.layer >= LAYERS_MAX {
                            return Err(io::ErrorKind::InvalidData.into());
                        }
                        self.state = State::Member(Member::new(coding)?);
                        let within = Self::layer(self.layer + 1, Some(Suspect::Inflated), self.limit);
                        self.within = Some(Box::new(within));
                    }
                },
                State::Plain => {
                    let bytes = std::mem::take(&mut self.waiting);
                    if bytes.is_empty() {
                        return Ok(None);
                    }
                    match self.suspect.take() {
                        Some(Suspect::Announced) if !is_text(&bytes) => return Err(io::ErrorKind::InvalidData.into()),
                        Some(Suspect::Inflated) if !is_text(&bytes) && !begins_json(&bytes) => {
                            return Err(io::ErrorKind::InvalidData.into());
                        }
                        _ => return Ok(Some(bytes)),
                    }
                }
                State::Member(member) => {
                    if let Some(bytes) = member.out() {
                        self.inflated += bytes.len() as u64;
                        if self.inflated > self.limit {
                            return Err(io::ErrorKind::FileTooLarge.into());
                        }
                        return Ok(Some(bytes));
                    }
                    if self.waiting.is_empty() && !member.is_full() {
                        return Ok(None);
                    }
                    // Takes some bytes at a time, and at most one buffer of output.
                    let (taken, over) = member.take(&self.waiting)?;
                    self.waiting.advance(taken);
                    if over {
                        self.state = State::Between;
                    }
                }
                State::Between => {
                    let is_filler = |byte: &&u8| **byte == 0 || byte.is_ascii_whitespace();
                    let filler = self.waiting.iter().take_while(is_filler).count();
                    self.waiting.advance(filler);
                    if self.waiting.is_empty() {
                        return Ok(None);
                    }
                    match beginning(&self.waiting) {
                        Beginning::Short => return Ok(None),
                        Beginning::Plain => return Err(io::ErrorKind::InvalidData.into()),
                        Beginning::Of(coding) => self.state = State::Member(Member::new(coding)?),
                    }
                }
            }
        }
    }
}

/// Returns whether bytes may begin JSON, a page or words, and not compressed data. They must have no control
/// characters, and must be either UTF-8, or begin like JSON or a page and have letters of an older charset.
fn is_text(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bytes = &bytes[..bytes.len().min(64)];
    let controls = bytes.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
    // The last character may be cut.
    let utf8 = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    !controls && (utf8 || matches!(bytes.trim_ascii_start().first(), Some(b'[' | b'{' | b'<' | b'"')))
}

/// Returns whether bytes begin like a list, an object or a page, whatever follows, or are in UTF-16. After one layer
/// was inflated this is enough, because panels write control characters into names.
fn begins_json(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return true;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let next = bytes.get(1..).and_then(|rest| rest.trim_ascii_start().first());
    match bytes.first() {
        Some(b'[') => matches!(next, None | Some(b'{' | b'[' | b']' | b'"' | b',' | b'n')),
        Some(b'{') => matches!(next, None | Some(b'"' | b'}')),
        Some(b'<') => next.is_none_or(|byte| byte.is_ascii_alphabetic() || *byte == b'!'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Feeds a body in chunks. Returns the output and the size of its largest piece.
    fn run(body: &[u8], chunk: usize, announced: bool) -> io::Result<(Vec<u8>, usize)> {
        let (mut inflate, mut out, mut largest) =
            (Inflate::new(if announced { Announced::Unbelieved } else { Announced::Nothing }, u64::MAX), Vec::new(), 0);
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
    fn plain_bytes_are_not_changed() {
        for body in [&b""[..], b"[", b"[{}]", b"\x1f", b"\x1fx", b" \xef\xbb\xbf[]"] {
            for chunk in [1, 2, 100] {
                assert_eq!(run(body, chunk, false).unwrap().0, body);
            }
        }
    }

    #[test]
    fn gzip_is_recognised_and_inflated_over_all_members() {
        let body = [gzip(b"[{\"a\":1},"), gzip(b""), gzip(b"{\"b\":2}]")].concat();
        for chunk in [1, 2, 3, 7, 1000] {
            for announced in [false, true] {
                assert_eq!(run(&body, chunk, announced).unwrap().0, b"[{\"a\":1},{\"b\":2}]", "{chunk}");
            }
        }
    }

    #[test]
    fn cut_or_damaged_gzip_is_an_error() {
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
    fn other_bytes_than_the_announced_compression_are_damage() {
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
    fn field_19_zeros_and_white_space_after_gzip_are_no_damage_and_anything_else_is() {
        let part = gzip(b"[{\"a\":1}]");
        for (after, good) in [
            (&[0; 8][..], true),
            (&[0; 5000], true),
            (b"\n", true),
            (b"\r\n \t\0\n", true),
            (b"x", false),
            (b"\nx", false),
            (b"\0\x1f", false),
        ] {
            let body = [&part[..], after].concat();
            for chunk in [1, 7, 10_000] {
                let found = run(&body, chunk, false).map(|(out, _)| out).ok();
                assert_eq!(found.as_deref() == Some(b"[{\"a\":1}]"), good, "{after:?}");
            }
        }
        let parts = [&part[..], &[0; 3], &gzip(b" ")].concat();
        assert_eq!(run(&parts, 2, false).unwrap().0, b"[{\"a\":1}] ");
    }

    #[test]
    fn an_announced_compression_is_believed_if_it_was_asked_for() {
        use Announced::{Nothing, Unbelieved};
        let announced = |words: &[&'static str], plain| {
            Announced::read(&words.iter().map(|words| HeaderValue::from_static(words)).collect::<Vec<_>>(), plain)
        };
        for (words, expected) in [
            (&[][..], Nothing),
            (&[""], Nothing),
            (&[" , "], Nothing),
            (&["identity"], Nothing),
            (&["Identity, identity"], Nothing),
            (&["br"], Announced::Coding(Coding::Brotli)),
            (&[" BR "], Announced::Coding(Coding::Brotli)),
            (&["identity, zstd"], Announced::Coding(Coding::Zstd)),
            (&["deflate"], Announced::Coding(Coding::Zlib)),
            // Gzip is recognised by its first bytes in any case.
            (&["gzip"], Unbelieved),
            (&["x-gzip"], Unbelieved),
            (&["gzip, br"], Unbelieved),
            (&["gzip", "br"], Unbelieved),
            (&["rot13"], Unbelieved),
        ] {
            assert_eq!(announced(words, false), expected, "{words:?}");
            let expected = if expected == Nothing { Nothing } else { Unbelieved };
            assert_eq!(announced(words, true), expected, "{words:?}, and nobody asked for it");
        }
    }

    fn brotli(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        brotli::CompressorWriter::new(&mut out, 4096, 3, 22).write_all(bytes).unwrap();
        out
    }

    /// Feeds a body whose compression is announced. Returns the output.
    fn believed(body: &[u8], coding: Coding, chunk: usize) -> io::Result<Vec<u8>> {
        let (mut inflate, mut out) = (Inflate::new(Announced::Coding(coding), u64::MAX), Vec::new());
        for part in body.chunks(chunk) {
            inflate.give(Bytes::copy_from_slice(part));
            while let Some(piece) = inflate.take()? {
                out.extend_from_slice(&piece);
            }
        }
        while let Some(piece) = inflate.end()? {
            out.extend_from_slice(&piece);
        }
        Ok(out)
    }

    #[test]
    fn an_announced_compression_is_inflated_to_its_end() {
        let long = "[{\"name\":\"Été\"}]".repeat(20_000);
        for list in [b"[]", long.as_bytes(), b"Blocked", b"\x8b\x02", &vec![b' '; 200_000]] {
            type Compress = fn(&[u8]) -> Vec<u8>;
            let codings: [(Coding, Compress); 3] =
                [(Coding::Brotli, brotli), (Coding::Zstd, zstd), (Coding::Zlib, zlib)];
            for (coding, compress) in codings {
                let body = compress(list);
                for chunk in [1, 7, 100_000] {
                    assert!(believed(&body, coding, chunk).unwrap() == list, "{coding:?} {chunk}");
                    assert!(believed(&body[..body.len() - 1], coding, chunk).is_err(), "{coding:?} cut");
                }
                assert!(believed(b"[no compression]", coding, 100).is_err(), "{coding:?}");
                assert_eq!(believed(b"", coding, 1).unwrap(), b"", "an empty body has no compression");
            }
        }
        let within = brotli(&gzip(b"[]"));
        assert_eq!(believed(&within, Coding::Brotli, 1000).unwrap(), b"[]", "gzip within");
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    #[test]
    fn field_19_nested_compressions_are_inflated() {
        type Coding = fn(&[u8]) -> Vec<u8>;
        let codings: [Coding; 3] = [gzip, zlib, zstd];
        let lists = [
            &b"[]"[..],
            b"[{\"name\":\"a \x01 b \xe9\",\"stream_id\":1}]",
            b"\xef\xbb\xbf {\"0\":{}}",
            b"Blocked",
            b"<html>",
        ];
        for list in lists {
            for outer in codings {
                for inner in codings {
                    let twice = [outer(&inner(list)), b"\n".to_vec()].concat();
                    let thrice = outer(&[inner(&gzip(list)), b"\r\n".to_vec()].concat());
                    for (body, announced) in [(&twice, false), (&twice, true), (&thrice, true)] {
                        for chunk in [1, 3, 1000] {
                            assert_eq!(run(body, chunk, announced).unwrap().0, list);
                        }
                    }
                    for cut in 2..twice.len() - 1 {
                        assert!(run(&twice[..cut], 7, false).map_or(true, |(out, _)| out != list), "cut after {cut}");
                    }
                }
            }
        }
    }

    #[test]
    fn field_19_bytes_within_a_compression_that_are_no_text_are_damage() {
        for inner in [&b"\x8b\x02\x80[]\x03"[..], b"\x0b\x00\x00\x00\xff", b"[\xe5\x01\x02\x03\x04", &[0x80; 40]] {
            assert!(run(&gzip(inner), 100, true).is_err(), "{inner:?}");
        }
        // Nothing is compressed four times, and a file that contains itself would never end.
        let four = gzip(&gzip(&gzip(&gzip(b"[]"))));
        assert!(run(&four, 100, true).is_err());
    }

    #[test]
    fn field_19_a_bomb_within_a_bomb_meets_the_limit() {
        const LIMIT: u64 = 4 << 20;
        let padding = gzip(&vec![b' '; 30 << 20]);
        // These have no output at the end, so the layers between have to be counted.
        let hollow = gzip(&gzip(b"").repeat(1_000_000));
        for (number, bomb) in [gzip(&padding), gzip(&zstd(&vec![b' '; 30 << 20])), hollow].into_iter().enumerate() {
            let mut inflate = Inflate::new(Announced::Nothing, LIMIT);
            inflate.give(bomb.into());
            let mut out = 0;
            let error = loop {
                match inflate.end() {
                    Ok(Some(bytes)) => out += bytes.len() as u64,
                    Ok(None) => panic!("bomb {number} went off after {out} bytes"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
            assert!(out <= LIMIT, "{out}");
        }
    }
}
