//! Walks over the members of an element that is written as programs write JSON, and checks them in the same walk.
//!
//! Nearly every element is. Anything unusual, allowed or not, ends the walk, and [`structure`] and
//! [`Cursor`](super::member::Cursor) decide about the element. Both ways give the same result.

use super::member::Raw;
use super::structure;

/// A step of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// A key, its value, and whether the key is the likely one.
    Member(&'a [u8], Raw<'a>, bool),
    /// The object and the bytes have ended.
    End,
    /// Something needs a closer look.
    Odd,
}

/// A walk over the members of an object.
#[derive(Debug)]
pub(crate) struct Plain<'a> {
    text: &'a str,
    /// The position after the opening brace, or after a value.
    at: usize,
}

impl<'a> Plain<'a> {
    /// Returns a walk over a whole object, including its braces, or `None` if it isn't legal Unicode.
    pub(crate) fn new(object: &'a [u8]) -> Option<Self> {
        Some(Self { text: simdutf8::basic::from_utf8(object).ok()?, at: 1 })
    }

    /// Returns the next member. The end of a key that equals `likely` need not be searched for.
    #[inline]
    pub(crate) fn next(&mut self, likely: &[u8]) -> Step<'a> {
        self.step(likely).unwrap_or(Step::Odd)
    }

    #[inline]
    fn step(&mut self, likely: &[u8]) -> Option<Step<'a>> {
        let first = self.at == 1;
        match self.skip_space()? {
            b'}' if self.at + 1 == self.text.len() => return Some(Step::End),
            b',' if !first => {
                self.at += 1;
                self.skip_space()?;
            }
            b'"' if first => {}
            _ => return None,
        }
        let (key, is_likely) = self.key(likely)?;
        if self.skip_space()? != b':' {
            return None;
        }
        self.at += 1;
        let value = self.value()?;
        Some(Step::Member(key, value, is_likely))
    }

    fn key(&mut self, likely: &[u8]) -> Option<(&'a [u8], bool)> {
        let rest = self.rest()?.strip_prefix(b"\"")?;
        let is_likely = matches!(rest.strip_prefix(likely), Some([b'"', ..]));
        let end = if is_likely { likely.len() } else { string_end(rest)?.0 };
        self.at += end + 2;
        Some((&rest[..end], is_likely))
    }

    fn value(&mut self) -> Option<Raw<'a>> {
        let first = self.skip_space()?;
        let rest = self.rest()?;
        let (value, length) = match first {
            b'"' => {
                let (end, plain) = string_end(&rest[1..])?;
                let from = self.at + 1;
                let value =
                    if plain { Raw::Plain(self.text.get(from..from + end)?) } else { Raw::Text(&rest[1..=end]) };
                (value, end + 2)
            }
            b'0'..=b'9' | b'-' => {
                let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
                let length = rest.iter().position(|byte| !digit(byte))?;
                // A minus alone is no number.
                rest[..length].iter().any(u8::is_ascii_digit).then_some(())?;
                (Raw::Number(&rest[..length]), length)
            }
            b'n' if rest.starts_with(b"null") => (Raw::Null, 4),
            b't' if rest.starts_with(b"true") => (Raw::Bool(true), 4),
            b'f' if rest.starts_with(b"false") => (Raw::Bool(false), 5),
            b'[' | b'{' => {
                let length = if matches!(rest, [b'[', b']', ..]) { 2 } else { structure::end(rest, 0, &mut 0)? };
                let raw = &rest[..length];
                (if first == b'[' { Raw::Array(raw) } else { Raw::Object(raw) }, length)
            }
            _ => return None,
        };
        self.at += length;
        // A word ends if a byte follows that may follow a word.
        matches!(self.text.as_bytes().get(self.at)?, b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n').then_some(value)
    }

    fn rest(&self) -> Option<&'a [u8]> {
        self.text.as_bytes().get(self.at..)
    }

    fn skip_space(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !byte.is_ascii_whitespace() {
                return Some(byte);
            }
            self.at += 1;
        }
    }
}

/// The number of blocks that are searched here before `memchr` is called. Most texts are short.
const NEAR: usize = 5;

/// Returns the position of the closing quote of a string, and whether the string can be read as it is, without escapes
/// and NUL.
fn string_end(rest: &[u8]) -> Option<(usize, bool)> {
    let (mut at, mut plain) = (0, true);
    loop {
        at = find_special(rest, at)?;
        match rest[at] {
            b'"' => return Some((at, plain)),
            b'\\' => at += 2,
            _ => at += 1,
        }
        plain = false;
    }
}

/// Returns the first quote, backslash or NUL from a position on.
fn find_special(rest: &[u8], from: usize) -> Option<usize> {
    let rest = rest.get(from..)?;
    let (blocks, _) = rest.as_chunks::<8>();
    for (nth, block) in blocks.iter().take(NEAR).enumerate() {
        let block = u64::from_le_bytes(*block);
        let found = places(block, b'"') | places(block, b'\\') | places(block, 0);
        if found != 0 {
            return Some(from + nth * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let near = NEAR.min(blocks.len()) * 8;
    memchr::memchr3(b'"', b'\\', 0, &rest[near..]).map(|found| from + near + found)
}

/// Marks the positions of a byte in a block. The lowest mark is right. Those above it may be wrong.
pub(super) const fn places(block: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let zero_where = block ^ (ONES * byte as u64);
    zero_where.wrapping_sub(ONES) & !zero_where & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::member::Cursor;

    fn read(value: Raw<'_>) -> String {
        let value = if let Raw::Plain(text) = value { Raw::Text(text.as_bytes()) } else { value };
        format!("{value:?}")
    }

    /// Walks over an object. Returns `None` if it is unusual.
    fn members(object: &[u8], likely: &[u8]) -> Option<Vec<(Vec<u8>, String)>> {
        let mut walk = Plain::new(object)?;
        let mut found = Vec::new();
        loop {
            match walk.next(likely) {
                Step::Member(key, value, _) => found.push((key.to_owned(), read(value))),
                Step::End => return Some(found),
                Step::Odd => return None,
            }
        }
    }

    /// Does the same by the lenient walk, for sound objects.
    fn lenient(object: &[u8]) -> Vec<(Vec<u8>, String)> {
        assert_eq!(structure::check(object), Ok(()), "{}", String::from_utf8_lossy(object));
        let mut cursor = Cursor::new(object);
        std::iter::from_fn(|| cursor.member()).map(|it| (it.key.to_owned(), read(it.value))).collect()
    }

    #[test]
    fn the_json_of_programs_is_read() {
        let long = format!(r#"{{"a":"{}","b":"{}\"{}"}}"#, "x".repeat(500), "y".repeat(30), "z".repeat(100));
        for object in [
            "{}",
            "{ }",
            r#"{"a":1}"#,
            r#"{"a":-1.5e+3,"b":"","c":"x\"y\\","d":null,"e":true,"f":false,"g":[],"h":{}}"#,
            "{\n  \"a\" : 1 ,\n  \"b\":[ 1, {\"c\":\"]}\"}, [] ]\r\n}",
            "{\"a\":\"two\nlines \0\",\"b\\\"\":\"\u{fffd}\"}",
            long.as_str(),
        ] {
            for likely in ["a", "", "b", r#"b\""#] {
                assert_eq!(members(object.as_bytes(), likely.as_bytes()), Some(lenient(object.as_bytes())), "{object}");
            }
        }
    }

    #[test]
    fn unusual_json_ends_the_walk() {
        for object in [
            "{",
            r#"{"a":1"#,
            r#"{"a":1}}"#,
            r#"{"a":1} "#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a":1,,"b":2}"#,
            r#"{"a":,"b":2}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a" 1}"#,
            r#"{"a"}"#,
            "{a:1}",
            r#"{"a":NaN}"#,
            r#"{"a":-}"#,
            r#"{"a":-Infinity}"#,
            r#"{"a":+1}"#,
            r#"{"a":.5}"#,
            r#"{"a":nullx}"#,
            r#"{"a":1x}"#,
            r#"{"a":1"b"}"#,
            r#"{"a":"x}"#,
            r#"{"a":"x\"}"#,
            r#"{"a":[1,2}]}"#,
            r#"{"a":[1}"#,
            r#"{"a":"5" tv"}"#,
            r#"{"a":true"#,
        ] {
            assert_eq!(members(object.as_bytes(), b"a"), None, "{object}");
        }
    }

    #[test]
    fn a_string_ends_at_its_first_quote_that_is_not_escaped() {
        for before in 0..80 {
            for (tail, length) in [("\"", 0), ("\\\"\"", 2), ("\\\\\"x\"", 2), ("\0\"", 1), ("\\\0\"", 2)] {
                let text = format!("{}{tail}, \"more\"", "!".repeat(before));
                assert_eq!(string_end(text.as_bytes()), Some((before + length, length == 0)), "{text}");
            }
            assert_eq!(string_end("#".repeat(before).as_bytes()), None);
        }
    }
}
