//! JSON without characters that could control a terminal. It is read back as the same text.

use std::io::{self, Write};

use serde_json::ser::Formatter;
use sync_core::text::printable;

/// Compact JSON. Characters that could control a terminal are escaped in every text.
pub(super) struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if printable(fragment) == fragment {
            return out.write_all(fragment.as_bytes());
        }
        let mut buffer = [0; 4];
        for c in fragment.chars() {
            let text: &str = c.encode_utf8(&mut buffer);
            if printable(text) == text {
                out.write_all(text.as_bytes())?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_reads_back() {
        let text = "a\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\"\\日本\u{2028}\u{feff}🎬";
        let mut out = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Harmless)).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert_eq!(printable(&json), json);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        assert!(json.contains("日本") && json.contains('🎬'), "{json}");
    }
}
