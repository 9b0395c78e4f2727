//! Finds the brackets outside of strings, sixty-four bytes at a time.
//!
//! The strings of a listing are so short that searching for the end of each would cost more than its bytes do. Here
//! each byte is a bit, and the cost is the same for all bytes.

use wide::u8x16;

/// The number of bytes of a block.
pub(super) const WIDTH: usize = 64;

/// The bits at odd positions.
const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;

/// What is open at the beginning of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Open {
    /// Whether a string is open.
    pub(super) string: bool,
    /// Whether the first byte is escaped by a backslash before it.
    pub(super) escape: bool,
}

/// Returns the positions of brackets outside of strings, in up to [`WIDTH`] bytes: one bit per byte, the first byte
/// lowest. There may be bits for other bytes as well, so that one comparison is enough for all brackets.
///
/// Sets `open` to what is open after the bytes.
#[inline]
pub(super) fn brackets(bytes: &[u8], open: &mut Open) -> u64 {
    match bytes.first_chunk() {
        Some(block) => brackets_of(block, WIDTH, open),
        None => brackets_of_rest(bytes, open),
    }
}

#[cold]
fn brackets_of_rest(bytes: &[u8], open: &mut Open) -> u64 {
    let mut block = [0; WIDTH];
    block[..bytes.len()].copy_from_slice(bytes);
    brackets_of(&block, bytes.len(), open)
}

#[inline]
fn brackets_of(block: &[u8; WIDTH], length: usize, open: &mut Open) -> u64 {
    let marks = Marks::new(block);
    marks.brackets & !marks.strings(length, open)
}

/// The positions of the bytes that have a meaning.
struct Marks {
    quotes: u64,
    backslashes: u64,
    /// Brackets, and also `Y`, `y`, `_` and control characters, which don't occur outside of strings in JSON.
    brackets: u64,
}

impl Marks {
    #[inline]
    fn new(block: &[u8; WIDTH]) -> Self {
        let mut marks = Self { quotes: 0, backslashes: 0, brackets: 0 };
        let (lanes, _) = block.as_chunks::<16>();
        for (nth, lane) in lanes.iter().enumerate() {
            let lane = u8x16::new(*lane);
            let bits = |of: u8x16, byte: u8| u64::from(of.simd_eq(u8x16::splat(byte)).to_bitmask()) << (16 * nth);
            marks.quotes |= bits(lane, b'"');
            marks.backslashes |= bits(lane, b'\\');
            // The mask hides the bits in which the four brackets differ.
            marks.brackets |= bits(lane | u8x16::splat(0x26), 0x7f);
        }
        marks
    }

    /// Returns the bytes within strings. A quote itself may count or not.
    #[inline]
    fn strings(&self, length: usize, open: &mut Open) -> u64 {
        let inside = |open: bool| if open { u64::MAX } else { 0 };
        let (escaping, escaped) = escapes(self.backslashes, open.escape);
        let strings = parity(self.quotes & !escaped) ^ inside(open.string);
        // Outside of strings a backslash has no meaning.
        if self.backslashes & !strings != 0 {
            return self.one_by_one(length, open);
        }
        *open = Open { string: strings >> 63 == 1, escape: escaping >> (length - 1) & 1 == 1 };
        strings
    }

    /// Does the same for bytes that are not JSON.
    #[cold]
    fn one_by_one(&self, length: usize, open: &mut Open) -> u64 {
        let mut strings = 0;
        for at in 0..length {
            let is = |marks: u64| marks >> at & 1 == 1;
            match (open.string, open.escape) {
                (true, true) => open.escape = false,
                (true, false) if is(self.backslashes) => open.escape = true,
                _ if is(self.quotes) => open.string = !open.string,
                _ => {}
            }
            strings |= u64::from(open.string) << at;
        }
        strings
    }
}

/// Returns, for each bit, whether the number of bits up to it is odd.
#[inline]
const fn parity(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// Returns the backslashes that escape the byte after them, and the bytes that are escaped, if all of them are within
/// strings.
///
/// In a row of backslashes, every second one is escaped. Subtracting the row from the bits after it, beginning at odd
/// positions, leaves a pattern of every second bit, whatever its length. This is the method of simdjson.
#[inline]
const fn escapes(backslashes: u64, first_is_escaped: bool) -> (u64, u64) {
    let first = first_is_escaped as u64;
    let rows = backslashes & !first;
    let behind = rows << 1 | ODD;
    let every_second = behind.wrapping_sub(rows) ^ ODD;
    let escaped = every_second ^ (backslashes | first);
    (every_second & backslashes, escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Does the same, one byte at a time.
    fn slow(bytes: &[u8], open: &mut Open) -> u64 {
        let mut found = 0;
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if open.escape => open.escape = false,
                b'\\' if open.string => open.escape = true,
                b'"' => open.string = !open.string,
                b'{' | b'[' | b'}' | b']' if !open.string => found |= 1 << at,
                _ => {}
            }
        }
        found
    }

    fn fast(bytes: &[u8], open: &mut Open) -> u64 {
        let others = |at: &usize| !b"{}[]".contains(&bytes[*at]);
        (0..bytes.len()).filter(others).fold(brackets(bytes, open), |found, at| found & !(1 << at))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4096, ..ProptestConfig::default() })]

        #[test]
        fn blocks_give_the_same_as_single_bytes(
            bytes in prop::collection::vec(prop_oneof![
                4 => prop::sample::select(&b"\\\\\\\"\"[]{}x"[..]),
                1 => any::<u8>(),
            ], 1..=WIDTH),
            string: bool,
            escape: bool,
        ) {
            let open = Open { string, escape: string && escape };
            let (mut left, mut expected) = (open, open);
            prop_assert_eq!(fast(&bytes, &mut left), slow(&bytes, &mut expected));
            prop_assert_eq!(left, expected);
        }
    }

    #[test]
    fn every_byte_is_classified_correctly() {
        for byte in 0..=u8::MAX {
            for at in [0, 15, 16, 63] {
                let mut block = [b' '; WIDTH];
                block[at] = byte;
                let (mut left, mut expected) = (Open::default(), Open::default());
                assert_eq!(fast(&block, &mut left), slow(&block, &mut expected), "{byte}");
                assert_eq!(left, expected, "{byte}");
            }
        }
    }
}
