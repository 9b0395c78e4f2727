//! JSON as a panel writes it: values that keep their *form* (the number 7.50, the text "7.50"), and the two ways in
//! which PHP panels escape text.

use std::io::Write as _;

/// A JSON value in the form in which it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonForm {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// A number in exactly this form: `7.50` stays `7.50`.
    Number(Box<str>),
    /// A string.
    Text(Box<str>),
    /// An array.
    Array(Box<[JsonForm]>),
    /// An object with its members in this order.
    Object(Box<[(Box<str>, JsonForm)]>),
    /// Bytes that are sent unchanged (an ill-formed escape, invalid UTF-8), and the value that a correct reader reads.
    Verbatim(Box<(Vec<u8>, JsonForm)>),
}

impl JsonForm {
    /// Returns a string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into().into_boxed_str())
    }

    /// Returns a number with this literal.
    pub fn number(literal: impl Into<String>) -> Self {
        Self::Number(literal.into().into_boxed_str())
    }

    /// Returns an array of these values.
    pub fn array(values: impl IntoIterator<Item = Self>) -> Self {
        Self::Array(values.into_iter().collect())
    }

    /// Returns an object of these members.
    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.into().into_boxed_str(), value)).collect())
    }

    /// Returns bytes that are sent unchanged. `means` is the value that a correct reader reads.
    pub fn verbatim(bytes: impl Into<Vec<u8>>, means: Self) -> Self {
        Self::Verbatim(Box::new((bytes.into(), means)))
    }

    /// Returns the value that a correct reader reads.
    pub fn meaning(&self) -> &Self {
        match self {
            Self::Verbatim(pair) => pair.1.meaning(),
            other => other,
        }
    }

    /// Returns a string or a number as unchanged text.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        match self.meaning() {
            Self::Integer(number) => Some(number.to_string()),
            Self::Number(text) | Self::Text(text) if !text.is_empty() => Some(text.to_string()),
            _ => None,
        }
    }

    /// Writes the value. With `php`, the escaping is PHP's default (`\/` and `\uXXXX`); otherwise slashes and UTF-8 are
    /// unescaped.
    pub fn write(&self, out: &mut Vec<u8>, php: bool) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Integer(number) => write!(out, "{number}").expect("writing to memory does not fail"),
            Self::Number(literal) => out.extend_from_slice(literal.as_bytes()),
            Self::Text(text) => write_text(out, text, php),
            Self::Array(values) => {
                out.push(b'[');
                for (position, value) in values.iter().enumerate() {
                    if position > 0 {
                        out.push(b',');
                    }
                    value.write(out, php);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (position, (key, value)) in members.iter().enumerate() {
                    if position > 0 {
                        out.push(b',');
                    }
                    write_text(out, key, php);
                    out.push(b':');
                    value.write(out, php);
                }
                out.push(b'}');
            }
            Self::Verbatim(pair) => out.extend_from_slice(&pair.0),
        }
    }

    /// Returns the value alone, as bytes.
    pub fn to_bytes(&self, php: bool) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, php);
        out
    }
}

impl From<&str> for JsonForm {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for JsonForm {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<i64> for JsonForm {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &str, php: bool) {
    out.push(b'"');
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        let escaped = match character {
            '"' | '\\' | '\u{0}'..='\u{1f}' => true,
            '/' => php,
            _ => php && !character.is_ascii(),
        };
        if escaped {
            out.extend_from_slice(&text.as_bytes()[plain..at]);
            plain = at + character.len_utf8();
            write_escape(out, character);
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, character: char) {
    let short = match character {
        '"' | '\\' | '/' => Some(character),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        _ => None,
    };
    if let Some(letter) = short {
        write!(out, "\\{letter}").expect("writing to memory does not fail");
    } else {
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            write!(out, "\\u{unit:04x}").expect("writing to memory does not fail");
        }
    }
}
