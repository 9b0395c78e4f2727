//! What stands for an element that can't be read, or not wholly, and whether that is enough to know
//! it again.
//!
//! A defect that is known no longer keeps removals off. So it must be the same one each time, and
//! no item that the panel lists may hide in it.

use xxhash_rust::xxh3::Xxh3;

use super::member::{Cursor, Raw};
use super::splitter::Element;
use super::structure;

/// What can be told of a defect, or of several: the last of these that holds for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    /// It is this one when its trace is the same.
    ByTrace,
    /// It is one without content, behind a key: it is this one when the key is an id.
    ByKey,
    /// It may be another one each time, or hide items.
    Never,
}

/// Says how a defect can be known again; `column` is the key of an item's id.
pub(crate) fn known(element: Element<'_>, column: &str) -> Known {
    let bytes = element.bytes.trim_ascii();
    if element.cut {
        return Known::Never;
    }
    let (named, blank) = match bytes.first() {
        Some(b'{') => {
            // Broken, it may hold the keys of others.
            if element.key.is_some() && structure::check(bytes).is_err() {
                return Known::Never;
            }
            let (mut named, mut blank) = (0, true);
            let mut cursor = Cursor::new(bytes);
            while let Some(member) = cursor.member() {
                if member.key == column.as_bytes() {
                    named = 1;
                }
                blank &= member.key == b"num" || is_blank(member.value);
            }
            (named, blank)
        }
        Some(b'[') => (0, Cursor::new(bytes).element().is_none()),
        // Words that were printed into the list may have taken the place of anything.
        Some(_) if element.key.is_none() || !is_scalar(bytes) => return Known::Never,
        _ => (0, true),
    };
    if memchr::memmem::find_iter(bytes, column).count() > named {
        Known::Never
    } else if !blank {
        Known::ByTrace
    } else if element.key.is_some() {
        Known::ByKey
    } else {
        Known::Never
    }
}

fn is_blank(value: Raw<'_>) -> bool {
    match value {
        Raw::Null | Raw::Bool(_) => true,
        Raw::Number(_) => false,
        Raw::Text(text) => text.is_empty(),
        Raw::Plain(text) => text.is_empty(),
        Raw::Array(bytes) => Cursor::new(bytes).element().is_none(),
        Raw::Object(bytes) => Cursor::new(bytes).member().is_none(),
    }
}

fn is_scalar(word: &[u8]) -> bool {
    matches!(word, b"null" | b"true" | b"false") || !matches!(Cursor::new_at(word).value_here(), Some(Raw::Null) | None)
}

/// The trace of a defect: its key and its bytes, but for the value of `num`: a position counter,
/// which other elements move.
pub(crate) fn trace(element: Element<'_>) -> u64 {
    let bytes = element.bytes.trim_ascii();
    let mut hasher = Xxh3::new();
    if let Some(key) = element.key {
        hasher.update(key);
        hasher.update(b"\":");
    }
    let mut from = 0;
    if bytes.first() == Some(&b'{') {
        let mut cursor = Cursor::new(bytes);
        while let Some(member) = cursor.member() {
            if member.key == b"num" {
                hasher.update(&bytes[from..member.span.0]);
                from = member.span.1;
            }
        }
    }
    hasher.update(&bytes[from..]);
    hasher.digest()
}
