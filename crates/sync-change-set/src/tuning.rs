//! The time and memory that the compressor takes.

use std::io::{self, Write};

use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder;

/// The compression of a set. Every reader reads both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tuning {
    /// For changes between two states. The set is smaller. The compressor takes 8 MiB.
    #[default]
    Increment,
    /// For a whole catalogue. The set is a sixteenth larger, and takes a quarter of the time. The compressor takes 3
    /// MiB.
    Snapshot,
}

impl Tuning {
    pub(crate) fn encoder<W: Write>(self, out: W) -> io::Result<Encoder<'static, W>> {
        let (level, window, hash, chain) = match self {
            Self::Increment => (9, 21, 20, 20),
            Self::Snapshot => (3, 20, 17, 16),
        };
        let mut encoder = Encoder::new(out, level)?;
        encoder.set_parameter(CParameter::WindowLog(window))?;
        encoder.set_parameter(CParameter::HashLog(hash))?;
        encoder.set_parameter(CParameter::ChainLog(chain))?;
        Ok(encoder)
    }
}
