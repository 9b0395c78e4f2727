//! Finds the members of one object, without recursion and without copies: keys and raw values.

use wide::u8x16;

/// A value, as its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raw<'a> {
    /// `null`, or a word that isn't JSON: `NaN`, `undefined`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(&'a [u8]),
    /// The text between the quotes.
    Text(&'a [u8]),
    /// The same, if it is known to be legal Unicode without escapes and NUL.
    Plain(&'a str),
    /// An array, including its brackets.
    Array(&'a [u8]),
    /// An object, including its braces.
    Object(&'a [u8]),
}

/// A key and its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'a> {
    /// The text between the quotes of the key.
    pub(crate) key: &'a [u8],
    /// The value.
    pub(crate) value: Raw<'a>,
    /// The beginning and the end of the value, in the bytes of the cursor.
    pub(crate) span: (usize, usize),
}

/// Walks over the members of an object, or the elements of an array.
///
/// It is lenient: it accepts too many or too few commas, unescaped control characters, and missing colons. It ends at
/// the first thing that it doesn't understand.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Returns a walk over a whole object or array, including its brackets.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 1 }
    }

    /// Returns a walk that begins at a value.
    pub(crate) fn new_at(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Returns the value at the present position.
    pub(crate) fn value_here(&mut self) -> Option<Raw<'a>> {
        self.skip_space()?;
        self.value()
    }

    /// Returns the next member of an object.
    pub(crate) fn member(&mut self) -> Option<Member<'a>> {
        loop {
            match self.skip_space()? {
                b',' | b':' => self.at += 1,
                b'"' => break,
                b'}' | b']' => return None,
                // A key without quotes is skipped.
                _ => _ = self.value()?,
            }
        }
        let end = string_end(self.bytes, self.at + 1)?;
        let key = &self.bytes[self.at + 1..end];
        self.at = end + 1;
        if self.skip_space()? == b':' {
            self.at += 1;
        }
        if matches!(self.skip_space()?, b',' | b'}') {
            let here = (self.at, self.at);
            return Some(Member { key, value: Raw::Null, span: here });
        }
        let from = self.at;
        let value = self.value()?;
        Some(Member { key, value, span: (from, self.at) })
    }

    /// Returns the next element of an array.
    pub(crate) fn element(&mut self) -> Option<Raw<'a>> {
        while self.skip_space()? == b',' {
            self.at += 1;
        }
        if matches!(self.bytes[self.at], b']' | b'}') {
            return None;
        }
        self.value()
    }

    #[inline]
    fn skip_space(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !byte.is_ascii_whitespace() {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    fn value(&mut self) -> Option<Raw<'a>> {
        let from = self.at;
        let byte = *self.bytes.get(from)?;
        match byte {
            b'"' => {
                let end = string_end(self.bytes, from + 1)?;
                self.at = end + 1;
                Some(Raw::Text(&self.bytes[from + 1..end]))
            }
            b'{' | b'[' => {
                self.at = composite_end(self.bytes, from)?;
                let raw = &self.bytes[from..self.at];
                Some(if byte == b'{' { Raw::Object(raw) } else { Raw::Array(raw) })
            }
            _ => {
                let word = &self.bytes[from..];
                let length = word.iter().position(|byte| ENDS_WORD[usize::from(*byte)]).unwrap_or(word.len()).max(1);
                self.at = from + length;
                Some(scalar(&word[..length]))
            }
        }
    }
}

/// The bytes that end a word or number.
const ENDS_WORD: [bool; 256] = {
    let mut ends = [false; 256];
    let bytes = b",}]:\"{[ \t\n\x0c\r";
    let mut at = 0;
    while at < bytes.len() {
        ends[bytes[at] as usize] = true;
        at += 1;
    }
    ends
};

#[inline]
fn scalar(word: &[u8]) -> Raw<'_> {
    match word {
        b"true" => Raw::Bool(true),
        b"false" => Raw::Bool(false),
        [b'0'..=b'9' | b'-' | b'+' | b'.', ..] if word.iter().any(u8::is_ascii_digit) => Raw::Number(word),
        _ => Raw::Null,
    }
}

/// Returns the position of the closing quote of a string that begins before `from`.
#[inline]
pub(crate) fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += quote_or_backslash(bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Searches sixteen bytes at a time. Most strings are too short for `memchr` to pay off.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    let (lanes, rest) = bytes.as_chunks::<16>();
    for (nth, lane) in lanes.iter().enumerate() {
        let lane = u8x16::new(*lane);
        let found = lane.simd_eq(u8x16::splat(b'"')) | lane.simd_eq(u8x16::splat(b'\\'));
        let bits = found.to_bitmask();
        if bits != 0 {
            return Some(16 * nth + bits.trailing_zeros() as usize);
        }
    }
    let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    Some(16 * lanes.len() + found)
}

/// Returns the position after the last bracket of the array or object that begins at `from`.
fn composite_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = from;
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Returns the depth of a value, itself included.
pub(crate) fn nesting(value: Raw<'_>) -> u64 {
    let (Raw::Array(bytes) | Raw::Object(bytes)) = value else { return 0 };
    let (mut depth, mut deepest, mut at) = (0u64, 0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at + 1).unwrap_or(bytes.len()),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        at += 1;
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(object: &str) -> Vec<(String, String)> {
        let mut cursor = Cursor::new(object.as_bytes());
        let mut found = Vec::new();
        while let Some(member) = cursor.member() {
            let value = &object[member.span.0..member.span.1];
            found.push((String::from_utf8_lossy(member.key).into_owned(), value.to_owned()));
        }
        found
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn members_are_found_with_their_bytes() {
        let object = r#"{"num":1 , "name":"a \"b\" {c}","list":[1,[2]],"deep":{"x":{"y":"}"}},"t":true,"n":null}"#;
        let expected = [
            ("num", "1"),
            ("name", r#""a \"b\" {c}""#),
            ("list", "[1,[2]]"),
            ("deep", r#"{"x":{"y":"}"}}"#),
            ("t", "true"),
            ("n", "null"),
        ];
        assert_eq!(members(object), pairs(&expected));
    }

    #[test]
    fn invalid_json_costs_only_its_member() {
        assert_eq!(members(r#"{"a":1,,"b":2,}"#), pairs(&[("a", "1"), ("b", "2")]));
        assert_eq!(members(r#"{"a":,"b":2}"#), pairs(&[("a", ""), ("b", "2")]));
        assert_eq!(members(r#"{"a":NaN,"b":-Infinity,"c":3}"#), pairs(&[("a", "NaN"), ("b", "-Infinity"), ("c", "3")]));
        assert_eq!(members("{\"a\":\"two\nlines\",\"b\":2}"), pairs(&[("a", "\"two\nlines\""), ("b", "2")]));
        assert_eq!(members(r#"{"a":1"#), pairs(&[("a", "1")]));
        assert_eq!(members(r#"{"a":"never closed}"#), pairs(&[]));
        assert_eq!(members("{}"), pairs(&[]));
        assert_eq!(members("{"), pairs(&[]));
    }

    #[test]
    fn nesting_counts_brackets_outside_of_texts() {
        assert_eq!(nesting(Raw::Number(b"1")), 0);
        assert_eq!(nesting(Raw::Array(b"[]")), 1);
        assert_eq!(nesting(Raw::Array(br#"[1,{"a":["[[[[",{}]},[]]"#)), 4);
    }

    #[test]
    fn elements_of_arrays() {
        let mut cursor = Cursor::new(br#"[1,"two",,null,[3],{"four":4},]"#);
        let mut found = Vec::new();
        while let Some(element) = cursor.element() {
            found.push(element);
        }
        let expected =
            [Raw::Number(b"1"), Raw::Text(b"two"), Raw::Null, Raw::Array(b"[3]"), Raw::Object(br#"{"four":4}"#)];
        assert_eq!(found, expected);
    }
}
