//! Recognises an element that can't be read, or not completely, in another listing.
//!
//! A known defect no longer holds removals. So it must be the same one each time, and no item that the panel lists may
//! hide in it.

use xxhash_rust::xxh3::Xxh3;

use super::element::Element;
use super::fields::read_id;
use super::member::{Cursor, Raw};
use super::structure;

/// The way in which a defect can be recognised. For several defects, the last of these that holds for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    /// It is the same if its trace is the same.
    ByTrace,
    /// It has no content but a key. It is the same if the key is an id.
    ByKey,
    /// It can't be recognised, because it may be another one each time, or hide items.
    Never,
}

/// Returns the id of a broken element if it is certain. `column` is its key. `keys_are_ids` is set in a list that is an
/// object whose other elements have no other id.
///
/// The id is certain before the position at which the element is broken. After that position it is certain if it is
/// well written and the only one, because then the element has not run into another one.
pub(crate) fn certain_id(element: Element<'_>, column: &str, keys_are_ids: bool) -> Option<i64> {
    let bytes = element.bytes;
    if bytes.first() == Some(&b'{') {
        let sound = structure::check(bytes).err().unwrap_or(bytes.len());
        let mut cursor = Cursor::new(bytes);
        while let Some(member) = cursor.member().filter(|member| member.span.1 <= sound) {
            if member.key == column.as_bytes() {
                return read_id(member.value);
            }
        }
    }
    if element.cut {
        return None;
    }
    let mut places = memchr::memmem::find_iter(bytes, column);
    match (places.next(), places.next()) {
        (Some(at), None) => lone_id(bytes, at, column),
        (None, _) if keys_are_ids => read_id(Raw::Text(element.key?)),
        _ => None,
    }
}

/// Returns the id whose key is at a position, if the text around it is well written: `,"stream_id":5,`.
fn lone_id(bytes: &[u8], at: usize, column: &str) -> Option<i64> {
    let before = bytes[..at].strip_suffix(b"\"")?.trim_ascii_end();
    if !matches!(before.last(), None | Some(b',' | b'{')) {
        return None;
    }
    let value = bytes[at + column.len()..].strip_prefix(b"\"")?.trim_ascii_start();
    let value = value.strip_prefix(b":")?.trim_ascii_start();
    let quoted = value.strip_prefix(b"\"");
    let digits = quoted.unwrap_or(value);
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).filter(|length| *length > 0)?;
    let (digits, mut after) = digits.split_at(length);
    if quoted.is_some() {
        after = after.strip_prefix(b"\"")?;
    }
    if !matches!(after.trim_ascii_start().first(), Some(b',' | b'}')) {
        return None;
    }
    read_id(Raw::Number(digits))
}

/// Returns the way in which a defect can be recognised. `column` is the key of an item's id.
pub(crate) fn known(element: Element<'_>, column: &str) -> Known {
    let bytes = element.bytes.trim_ascii();
    if element.cut {
        return Known::Never;
    }
    if element.broken {
        // The element may hide another item, or the only one that it is.
        let ids = memchr::memmem::find_iter(bytes, column).count();
        let certain = certain_id(element, column, false).is_some();
        let tells = ids == usize::from(certain) && (certain || element.key.is_none());
        return if tells { Known::ByTrace } else { Known::Never };
    }
    let (named, blank) = match bytes.first() {
        Some(b'{') => {
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
        // Words that were printed into the list may have replaced anything.
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

/// Returns the trace of a defect: its key and its bytes without the value of `num`, which is a position counter that
/// other elements change.
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
