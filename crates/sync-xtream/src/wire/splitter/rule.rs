//! Tells an element of a list from anything else, by its beginning and by the bytes after it.

use sync_core::ContentKind;

use crate::wire::member::Cursor;
use crate::wire::{fields, identity, structure};

/// The greatest amount of white space that is skipped in one place. No indentation is longer.
const SPACE_MAX: usize = 256;

/// The greatest length of a key.
const KEY_MAX: usize = 64;

/// The number of bytes from the beginning of an element within which its id is, and the end of an array in it.
pub(super) const NEAR: usize = 2048;

/// The facts about a list.
#[derive(Debug)]
pub(super) struct Rule {
    kind: ContentKind,
    /// Whether the list is an object.
    pub(super) keyed: bool,
    /// The first key of the first element. Most elements begin with it.
    pub(super) usual: Option<Box<[u8]>>,
    /// Whether the keys of the list are numbers. It is true unless the first one is no number.
    pub(super) numbered: bool,
}

/// An answer for which more bytes may be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told<T> {
    Yes(T),
    No,
    /// More bytes have to come.
    Later,
}

/// An element that may have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// A sound element.
    Sound,
    /// A sound element that was found by a search. It may be a part of a broken one. So a bracket after it ends the
    /// list only at the end of the answer.
    Found,
    /// A broken element whose brackets end it here.
    Broken,
}

impl Rule {
    pub(super) fn new(kind: ContentKind) -> Self {
        Self { kind, keyed: false, usual: None, numbered: true }
    }

    /// Notes the facts that the first element shows.
    pub(super) fn note_first(&mut self, key: Option<&[u8]>, element: &[u8]) {
        let Told::Yes(first) = first_key(element, 1) else { return };
        self.usual = Some(first.into());
        self.numbered = key.is_none_or(is_number);
    }

    fn is_known(&self, key: &[u8]) -> bool {
        let usual = self.usual.as_deref() == Some(key);
        usual || fields::is_known(self.kind, key) || identity::is_key_of_id(self.kind, key)
    }

    /// Returns the beginning of the element with this brace, if it is an element.
    pub(super) fn start(&self, bytes: &[u8], brace: usize) -> Told<usize> {
        let start = if self.keyed { self.key_before(bytes, brace) } else { Some(brace) };
        let Some(start) = start else { return Told::No };
        if !matches!(last_before(bytes, start), Some(at) if matches!(bytes[at], b',' | b'}')) {
            return Told::No;
        }
        match first_key(bytes, brace + 1) {
            Told::Yes(key) if self.is_known(key) => Told::Yes(start),
            Told::Later => Told::Later,
            _ => Told::No,
        }
    }

    /// Returns the beginning of an element, if it is one, whose brace is inside the element before it. It must also
    /// have an id, because the objects inside of elements may begin like elements.
    pub(super) fn start_within(&self, bytes: &[u8], brace: usize) -> Told<usize> {
        let start = match self.start(bytes, brace) {
            Told::Yes(start) => start,
            other => return other,
        };
        let near = &bytes[brace..bytes.len().min(brace + NEAR)];
        let mut cursor = Cursor::new(near);
        while let Some(member) = cursor.member() {
            let is_usual = self.usual.as_deref() == Some(&b"id"[..]) && member.key == b"id";
            if is_usual || identity::is_key_of_id(self.kind, member.key) {
                return Told::Yes(start);
            }
        }
        let is_short = near.len() < NEAR && structure::end(near, 0, &mut 0).is_none();
        if is_short { Told::Later } else { Told::No }
    }

    /// Returns the beginning of the key of an element of a keyed list.
    fn key_before(&self, bytes: &[u8], brace: usize) -> Option<usize> {
        let colon = last_before(bytes, brace).filter(|at| bytes[*at] == b':')?;
        let end = last_before(bytes, colon).filter(|at| bytes[*at] == b'"')?;
        let from = end.saturating_sub(KEY_MAX);
        let start = from + bytes[from..end].iter().rposition(|byte| *byte == b'"')?;
        let key = &bytes[start + 1..end];
        let fits =
            if self.numbered { is_number(key) } else { !key.is_empty() && key.iter().all(|byte| is_plain(*byte)) };
        fits.then_some(start)
    }

    /// Returns whether an element that ended before a position really has: the bytes after it belong to a list.
    pub(super) fn follows(&self, bytes: &[u8], end: usize, over: bool, what: Ended) -> Told<()> {
        let answer = self.peek(bytes, end, what);
        if over && answer == Told::Later { Told::Yes(()) } else { answer }
    }

    fn peek(&self, bytes: &[u8], end: usize, what: Ended) -> Told<()> {
        let strict = what == Ended::Found;
        let next = match first_from(bytes, end) {
            Told::Yes(at) => at,
            Told::No => return Told::Yes(()),
            Told::Later => return Told::Later,
        };
        let (own, other) = if self.keyed { (b'}', b']') } else { (b']', b'}') };
        match bytes[next] {
            b',' => match first_from(bytes, next + 1) {
                Told::Yes(at) if bytes[at] == b'"' => self.peek_text(bytes, at),
                Told::Yes(at) if bytes[at] == b'{' && what == Ended::Broken => match first_from(bytes, at + 1) {
                    Told::Yes(at) if !matches!(bytes[at], b'"' | b'}') => Told::No,
                    Told::Later => Told::Later,
                    _ => Told::Yes(()),
                },
                Told::Later => Told::Later,
                _ => Told::Yes(()),
            },
            b'"' => self.peek_text(bytes, next),
            byte if byte == own => match first_from(bytes, next + 1) {
                Told::Yes(_) if strict => Told::No,
                Told::Yes(at) if what == Ended::Broken => {
                    // Words or a page follow the list, but no more of the element.
                    if bytes[at] == b'<' || bytes[at].is_ascii_alphabetic() { Told::Yes(()) } else { Told::No }
                }
                Told::Yes(at) if matches!(bytes[at], b',' | b'"') => Told::No,
                Told::Later => Told::Later,
                _ => Told::Yes(()),
            },
            byte if byte == other && strict => Told::No,
            _ => Told::Yes(()),
        }
    }

    /// Returns whether the bytes after an element are those between two elements, or the end of the list. If not, it
    /// may have lost a bracket, and have ended with a bracket of a later element, which it has taken in.
    pub(super) fn goes_on(&self, bytes: &[u8], end: usize) -> Told<()> {
        let own = if self.keyed { b'}' } else { b']' };
        let next = match first_from(bytes, end) {
            Told::Yes(at) => at,
            Told::No => return Told::Yes(()),
            Told::Later => return Told::Later,
        };
        match (bytes[next], first_from(bytes, next + 1)) {
            (b',', Told::Yes(at)) if self.keyed && bytes[at] == b'"' => self.is_key_of_list(bytes, at),
            (b',', Told::Yes(at)) if bytes[at] == b',' || (!self.keyed && bytes[at] == b'{') => Told::Yes(()),
            (byte, Told::Later) if byte == b',' || byte == own => Told::Later,
            _ => Told::No,
        }
    }

    /// Returns whether a text is a key of the list, with its colon.
    fn is_key_of_list(&self, bytes: &[u8], quote: usize) -> Told<()> {
        match key_at(bytes, quote) {
            Told::Yes(key) if self.numbered && !is_number(key) => Told::No,
            Told::Yes(key) => match first_from(bytes, quote + key.len() + 2) {
                Told::Yes(at) if bytes[at] == b':' => Told::Yes(()),
                Told::Later => Told::Later,
                _ => Told::No,
            },
            Told::No => Told::No,
            Told::Later => Told::Later,
        }
    }

    /// Returns whether the bytes after a list are another list or a page, and so no part of it.
    pub(super) fn is_document(&self, bytes: &[u8], at: usize, over: bool) -> Told<()> {
        let answer = match (bytes[at], first_from(bytes, at + 1)) {
            (b'<', _) => Told::Yes(()),
            (b'[', Told::Yes(second)) if !self.keyed && bytes[second] == b'{' => match first_from(bytes, second + 1) {
                Told::Yes(at) if bytes[at] == b'"' => Told::Yes(()),
                Told::Later => Told::Later,
                _ => Told::No,
            },
            (b'[', Told::Yes(second)) if !self.keyed && bytes[second] == b']' => ends_document(bytes, second, over),
            (b'{', Told::Yes(second)) if self.keyed && bytes[second] == b'}' => ends_document(bytes, second, over),
            (b'{', Told::Yes(second)) if self.keyed && bytes[second] == b'"' => match key_at(bytes, second) {
                Told::Yes(key) if is_number(key) => Told::Yes(()),
                Told::Later => Told::Later,
                _ => Told::No,
            },
            (b'[' | b'{', Told::Later) => Told::Later,
            _ => Told::No,
        };
        if over && answer == Told::Later { Told::No } else { answer }
    }

    /// Judges a text after an element. In a list that is an object, it is a key. In an array it is an element by
    /// itself, unless a colon follows it: then a brace has ended the element too early, or the next element has lost
    /// its own.
    fn peek_text(&self, bytes: &[u8], quote: usize) -> Told<()> {
        let key = match key_at(bytes, quote) {
            Told::Yes(key) => key,
            Told::No => return Told::Yes(()),
            Told::Later => return Told::Later,
        };
        let colon = match first_from(bytes, quote + key.len() + 2) {
            Told::Yes(at) if bytes[at] == b':' => at,
            Told::Later => return Told::Later,
            _ => return Told::Yes(()),
        };
        if !self.keyed {
            // The next element begins with the usual first key.
            return if self.usual.as_deref() == Some(key) { Told::Yes(()) } else { Told::No };
        }
        if !self.numbered || is_number(key) {
            return Told::Yes(());
        }
        match first_from(bytes, colon + 1) {
            Told::Yes(at) if bytes[at] != b'{' => Told::No,
            Told::Later => Told::Later,
            _ => Told::Yes(()),
        }
    }
}

/// Returns whether a bracket ends an empty document: nothing comes after it, or the beginning of another one.
fn ends_document(bytes: &[u8], bracket: usize, over: bool) -> Told<()> {
    let next = match first_from(bytes, bracket + 1) {
        Told::Yes(at) => at,
        Told::Later if !over => return Told::Later,
        _ => return Told::Yes(()),
    };
    match (bytes[next], first_from(bytes, next + 1)) {
        (b'<', _) => Told::Yes(()),
        (b'[', Told::Yes(at)) if matches!(bytes[at], b'{' | b']') => Told::Yes(()),
        (b'{', Told::Yes(at)) if matches!(bytes[at], b'"' | b'}') => Told::Yes(()),
        (b'[' | b'{', Told::Later) => Told::Later,
        _ => Told::No,
    }
}

/// Returns the first key of an object whose brace is before a position.
fn first_key(bytes: &[u8], from: usize) -> Told<&[u8]> {
    let quote = match first_from(bytes, from) {
        Told::Yes(at) if bytes[at] == b'"' => at,
        Told::Later => return Told::Later,
        _ => return Told::No,
    };
    let key = match key_at(bytes, quote) {
        Told::Yes(key) => key,
        other => return other,
    };
    match first_from(bytes, quote + key.len() + 2) {
        Told::Yes(at) if bytes[at] == b':' => Told::Yes(key),
        Told::Later => Told::Later,
        _ => Told::No,
    }
}

/// Returns the text that begins with this quote, if it is short enough for a key and has no backslash.
fn key_at(bytes: &[u8], quote: usize) -> Told<&[u8]> {
    let rest = &bytes[quote + 1..];
    match rest.iter().take(KEY_MAX + 1).position(|byte| matches!(byte, b'"' | b'\\')) {
        Some(end) if rest[end] == b'"' => Told::Yes(&rest[..end]),
        None if rest.len() <= KEY_MAX => Told::Later,
        _ => Told::No,
    }
}

/// Returns the last position before this one that is no white space.
pub(super) fn last_before(bytes: &[u8], at: usize) -> Option<usize> {
    let from = at.saturating_sub(SPACE_MAX);
    bytes[from..at].iter().rposition(|byte| !byte.is_ascii_whitespace()).map(|found| from + found)
}

/// Returns the first position from this one on that is no white space.
pub(super) fn first_from(bytes: &[u8], at: usize) -> Told<usize> {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.iter().take(SPACE_MAX).position(|byte| !byte.is_ascii_whitespace()) {
        Some(found) => Told::Yes(at + found),
        None if rest.len() < SPACE_MAX => Told::Later,
        None => Told::No,
    }
}

fn is_number(key: &[u8]) -> bool {
    let digits = key.strip_prefix(b"-").unwrap_or(key);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::Told::{Later, No, Yes};
    use super::*;

    fn rule(keyed: bool) -> Rule {
        Rule { keyed, ..Rule::new(ContentKind::Movies) }
    }

    #[test]
    fn the_bytes_after_an_element_show_whether_it_has_ended() {
        let array = Rule { usual: Some(b"num"[..].into()), ..rule(false) };
        let keyed = rule(true);
        for (rule, text, answer) in [
            (&array, ",{", Yes(())),
            (&array, " \n", Later),
            (&array, ",", Later),
            (&array, "]", Later),
            (&array, "] <!-- x -->", Yes(())),
            (&array, "}]", Yes(())),
            (&array, "],\"name\":1}", No),
            (&array, "]\"name\":1}", No),
            (&array, ",\"name\":1}", No),
            (&array, "\"name\":1}", No),
            (&array, ",\"name", Later),
            (&array, ",\"name\" ", Later),
            (&array, ",\"name\",", Yes(())),
            (&array, ",\"num\":2}", Yes(())),
            (&array, ",<b>", Yes(())),
            (&keyed, ",\"7\":{", Yes(())),
            (&keyed, ",\"7\":null", Yes(())),
            (&keyed, ",\"name\":\"x\"}", No),
            (&keyed, ",\"server_info\":{", Yes(())),
            (&keyed, "},\"8\":{", No),
        ] {
            assert_eq!(rule.follows(text.as_bytes(), 0, false, Ended::Sound), answer, "{text}");
        }
        assert_eq!(array.follows(b"]", 0, true, Ended::Sound), Yes(()));
        for (text, over, answer) in [
            ("[]", false, Later),
            ("[]", true, Yes(())),
            ("[] [", false, Later),
            ("[] []", false, Yes(())),
            ("[][x", false, No),
            ("[]name\":1", false, No),
            ("[{", false, Later),
            ("[{\"", false, Yes(())),
            ("[{}", false, No),
            ("<p>", false, Yes(())),
            ("x", false, No),
        ] {
            assert_eq!(array.is_document(text.as_bytes(), 0, over), answer, "{text}");
        }
        for (text, answer) in [("]]", No), ("}]", No), (",{x", Yes(()))] {
            assert_eq!(array.follows(text.as_bytes(), 0, false, Ended::Found), answer, "{text}");
        }
        for (rule, text, answer) in [
            (&array, ",{", Yes(())),
            (&array, ",,{", Yes(())),
            (&array, ",", Later),
            (&array, " ] ", Later),
            (&array, "] x", No),
            (&array, ",n", No),
            (&array, "{", No),
            (&keyed, r#", "7" :"#, Yes(())),
            (&keyed, r#","7""#, Later),
            (&keyed, r#","name":"#, No),
            (&keyed, r#","7"}"#, No),
            (&keyed, ",{", No),
            (&keyed, "}", Later),
            (&keyed, "}{", No),
            (&keyed, "n", No),
        ] {
            assert_eq!(rule.goes_on(text.as_bytes(), 0), answer, "{text}");
        }
        assert_eq!(array.follows(br#",{\"num":1"#, 0, false, Ended::Broken), No);
        assert_eq!(array.follows(br#",{ "x":1"#, 0, false, Ended::Broken), Yes(()));
    }
}
