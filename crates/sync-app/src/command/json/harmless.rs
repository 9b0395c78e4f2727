//! JSON without characters that could control a terminal. A parser reads the same text from it.

use std::io::{self, Write};

use serde_json::ser::Formatter;
use sync_core::text::printable;

/// Compact JSON. Characters that could control a terminal are escaped in every text.
pub(super) struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let is_plain = fragment.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if is_plain || printable(fragment) == fragment {
            return out.write_all(fragment.as_bytes());
        }
        fragment.chars().try_for_each(|c| character(out, c))
    }

    /// Writes a value that was serialised elsewhere. JSON allows DEL and characters beyond ASCII within a text only, so
    /// they are escaped. Other control characters are white space between the tokens, so a space takes their place.
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if printable(fragment) == fragment {
            return out.write_all(fragment.as_bytes());
        }
        fragment
            .chars()
            .try_for_each(|c| if c.is_ascii_control() && c != DELETE { out.write_all(b" ") } else { character(out, c) })
    }
}

/// The only ASCII control character that JSON allows unescaped within a text.
const DELETE: char = '\u{7f}';

/// Writes a character of a text.
fn character<W: ?Sized + Write>(out: &mut W, c: char) -> io::Result<()> {
    let mut buffer = [0; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    if printable(text) == text {
        return out.write_all(text.as_bytes());
    }
    c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    #[test]
    fn control_characters_are_escaped_and_read_back() {
        let text = "a\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\"\\日本\u{2028}\u{feff}🎬";
        let mut out = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Harmless)).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert_eq!(printable(&json), json);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        assert!(json.contains("日本") && json.contains('🎬'), "{json}");
    }

    #[test]
    fn raw_values_are_escaped_as_well() {
        let raw = "{\n\t\"a\u{202e}\": \"b\u{9b}\u{7f}c\u{2028}\"}";
        let value = serde_json::value::RawValue::from_string(raw.to_owned()).unwrap();
        let mut out = Vec::new();
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Harmless)).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert_eq!(printable(&json), json);
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&json), read(raw));
    }
}
