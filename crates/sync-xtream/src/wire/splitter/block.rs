//! Sixty-four bytes at once: where brackets stand outside of strings.
//!
//! A string of a listing is so short that looking for its end costs more than its bytes do. Here
//! each byte is a bit, and what is done costs the same whatever the bytes are.

use wide::u8x16;

/// How many bytes there are in a block.
pub(super) const WIDTH: usize = 64;

/// Bits with an odd place.
const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;

/// What is open where a block begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Open {
    /// Whether a string is.
    pub(super) string: bool,
    /// Whether the backslash before it takes the first byte's meaning away.
    pub(super) escape: bool,
}

/// Where brackets stand outside of strings, in up to [`WIDTH`] bytes: a bit for each byte, the first
/// one lowest. There may be bits for other bytes, so that one comparison does for all brackets.
///
/// Leaves behind what is open after the bytes.
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

/// Where the bytes stand that mean something.
struct Marks {
    quotes: u64,
    backslashes: u64,
    /// Or `Y`, `y`, `_` or a control character, which have no business outside of strings.
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
            // The bits in which the four brackets differ.
            marks.brackets |= bits(lane | u8x16::splat(0x26), 0x7f);
        }
        marks
    }

    /// Which bytes are within strings. A quote itself counts or not.
    #[inline]
    fn strings(&self, length: usize, open: &mut Open) -> u64 {
        let inside = |open: bool| if open { u64::MAX } else { 0 };
        let (escaping, escaped) = escapes(self.backslashes, open.escape);
        let strings = parity(self.quotes & !escaped) ^ inside(open.string);
        // Outside of strings a backslash is a byte like any other.
        if self.backslashes & !strings != 0 {
            return self.one_by_one(length, open);
        }
        *open = Open { string: strings >> 63 == 1, escape: escaping >> (length - 1) & 1 == 1 };
        strings
    }

    /// The same, for bytes that are no JSON.
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

/// For each bit, whether there is an odd number of bits up to it.
#[inline]
const fn parity(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// Which of the backslashes take the meaning of the byte after them away, and which bytes have none
/// for that reason, when all of them are within strings.
///
/// In a row of backslashes, every second one is escaped. Taking the row away from what stands
/// behind it, beginning at odd places, leaves a pattern of every second bit behind it, whatever its
/// length: the way of simdjson.
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

    /// The same, a byte at a time.
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
        fn bits_say_what_bytes_say(
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
    fn every_byte_is_told_from_every_other() {
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
