//! The bytes after a list.

use xxhash_rust::xxh3::Xxh3;

/// The end of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// Whether anything but white space follows it.
    pub(crate) trailing: bool,
    /// The digest of the bytes after it, or `None` if they look like a part of a list.
    pub(crate) digest: Option<u64>,
}

/// The bytes after the list, without white space at either end.
#[derive(Default)]
pub(super) struct Trailing {
    /// The digests of all bytes that came, and of those up to the last byte that is no white space.
    digests: Option<Box<(Xxh3, Xxh3)>>,
    /// The last byte that is no white space.
    last: u8,
    /// Whether they contain elements. Then they may be half of a list that words have cut in two.
    holds_list: bool,
}

impl Trailing {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let solid = |byte: &u8| !byte.is_ascii_whitespace();
        let Some(last) = bytes.iter().rposition(solid) else {
            if let Some(digests) = &mut self.digests {
                digests.0.update(bytes);
            }
            return;
        };
        let first = match self.digests {
            Some(_) => 0,
            None => bytes.iter().position(solid).unwrap_or(last),
        };
        for byte in bytes[first..=last].iter().copied().filter(|byte| solid(byte)) {
            self.holds_list |= matches!((self.last, byte), (b'{', b'"') | (b'[', b'{'));
            self.last = byte;
        }
        let (all, solid) = &mut **self.digests.get_or_insert_default();
        all.update(&bytes[first..=last]);
        solid.clone_from(all);
        all.update(&bytes[last + 1..]);
    }

    pub(super) fn ending(&self) -> Ending {
        let digest = self.digests.as_ref().filter(|_| !self.holds_list).map(|digests| digests.1.digest());
        Ending { trailing: self.digests.is_some(), digest }
    }
}
