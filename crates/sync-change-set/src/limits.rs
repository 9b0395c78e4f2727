//! The limits of what a reader spends, whatever a file claims.

use crate::format::LINE_MAX;

/// The limits of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The greatest window of the decompressor, as the power of two of its bytes. The default is 23: 8 MiB.
    pub window_log: u32,
    /// The greatest number of decompressed bytes. The default is 4 GiB.
    pub decoded: u64,
    /// The greatest number of bytes of a line. The default is that of the format, [`LINE_MAX`].
    pub line: usize,
    /// The greatest number of bytes of memory that the order of a kind takes. The default is 128 MiB, which is enough
    /// for 16 million ids.
    pub order: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window_log: 23, decoded: 4 << 30, line: LINE_MAX, order: 128 << 20 }
    }
}

/// A limit that a file exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Limit {
    /// The window of the decompressor.
    #[error("its compression needs a window of more than {} MiB", (1_u64 << .0) >> 20)]
    Window(u32),
    /// The decompressed bytes.
    #[error("it has more than {0} decompressed bytes")]
    Decoded(u64),
    /// The length of a line.
    #[error("a line of it has more than {0} bytes")]
    Line(usize),
    /// The memory of an order.
    #[error("an order in it takes more than {0} bytes of memory")]
    Order(usize),
}
