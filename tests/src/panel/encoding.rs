//! Content encodings.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// A content encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `gzip`.
    Gzip,
    /// `deflate`: a zlib stream, as the standard says.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Self; 4] = [Self::Zstd, Self::Brotli, Self::Gzip, Self::Deflate];

    /// Returns the name of the encoding in `Content-Encoding`.
    pub fn token(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Returns the first of `offered` that an `Accept-Encoding` header names and doesn't refuse.
    pub(super) fn negotiated(offered: &[Self], accepted: &str) -> Option<Self> {
        let accepts = |encoding: &&Self| {
            accepted.split(',').any(|part| {
                let mut words = part.split(';').map(str::trim);
                let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding.token()));
                named && !words.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            })
        };
        offered.iter().find(accepts).copied()
    }

    /// Returns the compressed body. The level is fast, because this is a fixture.
    pub(super) fn encode(self, body: &[u8]) -> Bytes {
        const INVARIANT: &str = "compressing into memory does not fail";
        let compressed = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).expect(INVARIANT);
                encoder.finish().expect(INVARIANT)
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).expect(INVARIANT);
                encoder.finish().expect(INVARIANT)
            }
            Self::Brotli => {
                let mut out = Vec::new();
                let mut encoder = brotli::CompressorWriter::new(&mut out, 1 << 16, 3, 22);
                encoder.write_all(body).expect(INVARIANT);
                drop(encoder);
                out
            }
            Self::Zstd => zstd::encode_all(body, 1).expect(INVARIANT),
        };
        compressed.into()
    }
}
