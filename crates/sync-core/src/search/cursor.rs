//! A cursor: the place of an item in the order of a query.
//!
//! A cursor names the item and the values by which the order sorts it, so that the next page begins at the right place
//! even if the item is gone. It also has a digest of the query, so that a cursor of another query is refused.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::{ContentId, ContentKind};

/// The place of an item in the order of a query. Its text is opaque, and can be used on a command line and in an
/// address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    query: u32,
    pub(crate) kind: ContentKind,
    pub(crate) id: ContentId,
    pub(crate) key: Key,
}

/// The values by which an order sorts an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// The position in the panel's order.
    Position(u32),
    /// The folded name.
    Name(String),
    /// A number by which the highest comes first; 0 for an item without the value.
    Number(u32),
    /// The rank (0 is the best), and the year; 0 for an item without one.
    Rank { rank: u8, year: u16 },
}

/// The reason why a text is not a cursor of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCursor {
    /// The text is no cursor.
    #[error("this is not a cursor")]
    Malformed,
    /// The cursor belongs to other words, another filter or another order.
    #[error("the cursor belongs to another query")]
    OtherQuery,
}

impl Cursor {
    pub(crate) const fn new(query: u32, kind: ContentKind, id: ContentId, key: Key) -> Self {
        Self { query, kind, id, key }
    }

    /// Reads the text of a cursor of this query.
    pub(crate) fn read(text: &str, query: u32) -> Result<Self, InvalidCursor> {
        let cursor: Self = text.parse()?;
        if cursor.query == query { Ok(cursor) } else { Err(InvalidCursor::OtherQuery) }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = u8::try_from(self.kind.ordinal()).expect("there are three kinds");
        let mut bytes = Vec::with_capacity(32);
        bytes.extend(self.query.to_le_bytes());
        let (tag, key) = match &self.key {
            Key::Position(position) => (0, position.to_le_bytes().to_vec()),
            Key::Name(name) => (1, name.as_bytes().to_vec()),
            Key::Number(number) => (2, number.to_le_bytes().to_vec()),
            Key::Rank { rank, year } => (3, [&[*rank][..], &year.to_le_bytes()].concat()),
        };
        bytes.push(tag << 4 | kind);
        bytes.extend(self.id.0.to_le_bytes());
        bytes.extend(key);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor::Malformed)?;
        Self::from_bytes(&bytes).ok_or(InvalidCursor::Malformed)
    }
}

impl Cursor {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (query, rest) = bytes.split_first_chunk::<4>()?;
        let (tag, rest) = rest.split_first()?;
        let (id, key) = rest.split_first_chunk::<8>()?;
        let key = match tag >> 4 {
            0 => Key::Position(u32::from_le_bytes(key.try_into().ok()?)),
            1 => Key::Name(std::str::from_utf8(key).ok()?.to_owned()),
            2 => Key::Number(u32::from_le_bytes(key.try_into().ok()?)),
            3 => {
                let (rank, year) = key.split_first()?;
                Key::Rank { rank: *rank, year: u16::from_le_bytes(year.try_into().ok()?) }
            }
            _ => return None,
        };
        let kind = *ContentKind::ALL.get(usize::from(tag & 0x0f))?;
        Some(Self { query: u32::from_le_bytes(*query), kind, id: ContentId(i64::from_le_bytes(*id)), key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_from_its_text() {
        for key in [
            Key::Position(7),
            Key::Name("der preis ß".into()),
            Key::Name(String::new()),
            Key::Number(u32::MAX),
            Key::Rank { rank: 3, year: 1999 },
        ] {
            let cursor = Cursor::new(77, ContentKind::Series, ContentId(-5), key);
            let text = cursor.to_string();
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            assert_eq!(Cursor::read(&text, 77).as_ref(), Ok(&cursor));
            assert_eq!(Cursor::read(&text, 78), Err(InvalidCursor::OtherQuery));
        }
    }

    #[test]
    fn any_other_text_is_refused() {
        for text in ["", "x", "AAAA", "!", "é", "AAAAAAAAAAAAAAAAAAAAAAAA", "_____________________w"] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor::Malformed), "{text}");
        }
    }
}
