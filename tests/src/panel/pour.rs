//! Bodies that are generated while they are sent, because they are larger than memory or endless.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

/// A body in pieces.
#[derive(Clone)]
pub struct Pour {
    piece: Arc<Piece>,
    pub(super) gzip: bool,
}

/// Returns the piece with this number, or `None` after the last piece.
type Piece = dyn Fn(u64) -> Option<Bytes> + Send + Sync;

impl Pour {
    /// Returns a body of these pieces, from number 0 until `piece` returns `None`.
    pub fn of(piece: impl Fn(u64) -> Option<Bytes> + Send + Sync + 'static) -> Self {
        Self { piece: Arc::new(piece), gzip: false }
    }

    /// Returns a body of the first bytes, followed by the other bytes without end.
    pub fn endless(first: impl Into<Bytes>, again: impl Into<Bytes>) -> Self {
        let (first, again) = (first.into(), again.into());
        Self::of(move |number| Some(if number == 0 { first.clone() } else { again.clone() }))
    }

    /// Returns a gzip stream, announced as such, that inflates to `mebibytes` mebibytes of one byte. A mebibyte takes
    /// about a kilobyte.
    pub fn gzip_bomb(first: &[u8], again: u8, mebibytes: u64) -> Self {
        // Each block ends in a full flush and so depends on no other block: the same input gives the same bytes.
        let mut deflate = Compress::new(Compression::best(), false);
        let mut block = |input: &[u8]| {
            let mut out = Vec::with_capacity(input.len() / 500 + 1024);
            let mut taken = 0;
            while taken < input.len() || out.len() == out.capacity() {
                out.reserve(1024);
                let before = deflate.total_in();
                deflate
                    .compress_vec(&input[taken..], &mut out, FlushCompress::Full)
                    .expect("compressing into memory does not fail");
                taken += usize::try_from(deflate.total_in() - before).expect("a length fits");
            }
            Bytes::from(out)
        };
        let head: Bytes = [&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"[..], &block(first)].concat().into();
        // The first of the equal blocks still refers to the bytes before it, so it is not used.
        let mebibyte = vec![again; 1 << 20];
        block(&mebibyte);
        let again = block(&mebibyte);
        let piece = move |number| match number {
            0 => Some(head.clone()),
            1.. if number <= mebibytes => Some(again.clone()),
            _ => None,
        };
        Self { gzip: true, ..Self::of(piece) }
    }

    pub(super) fn piece(&self, number: u64) -> Option<Bytes> {
        (self.piece)(number)
    }
}

impl fmt::Debug for Pour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pour").field("gzip", &self.gzip).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_bomb_inflates_to_what_it_promises() {
        let bomb = Pour::gzip_bomb(b"[{\"a\":\"", b'x', 5);
        let bytes: Vec<u8> = (0..).map_while(|number| bomb.piece(number)).flatten().collect();
        assert!(bytes.len() < 20_000, "{}", bytes.len());
        let mut inflated = Vec::new();
        // The stream has no end, so the reader fails after the last block.
        let _ = flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut inflated);
        assert_eq!(inflated.len(), 7 + (5 << 20));
        assert!(inflated.starts_with(b"[{\"a\":\"xx") && inflated.ends_with(b"xx"));
    }
}
