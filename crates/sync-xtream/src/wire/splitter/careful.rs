//! Reads an element byte by byte, and notices at once where it stops being JSON.
//!
//! The quick scan counts brackets and takes quotes in pairs, so an extra quote makes it run through the elements that
//! follow. This walk is slower. It is used only where the quick scan met something unusual. It accepts exactly what
//! [`structure`](crate::wire::structure) accepts, and it can stop and continue anywhere.

use memchr::memchr2;

/// The greatest depth. Deeper elements count as broken, so that a list of brackets can't fill the memory.
const DEPTH_MAX: usize = 1 << 20;

/// The token that has to come next. Extra commas are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// A key, or the end of the object.
    Key,
    /// The colon after a key.
    Colon,
    /// A value, or the end of the array.
    Value,
    /// A comma, or the end of the innermost object or array.
    Next,
}

/// The token that the walk is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Text { escape: bool },
    Word,
}

/// A walk over one element.
#[derive(Debug)]
pub(super) struct Careful {
    due: Due,
    within: Within,
    in_object: bool,
    /// For each enclosing level, whether it is an object.
    outer: Vec<bool>,
    deepest: usize,
    /// The position in the answer at which the last text has ended.
    text_end: Option<u64>,
    /// Whether the walk stops at each object within the element. See [`Stop::Object`].
    wary: bool,
    /// Whether the object that begins here was examined.
    passed: bool,
}

/// The reason why a walk has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// There are no more bytes.
    More,
    /// The element has ended, and is sound.
    End,
    /// From this byte on the element isn't JSON.
    Broken,
    /// An object begins within the element at this brace. If this element has lost a bracket, it may be the next
    /// element. The walk continues if it is called again.
    Object,
}

impl Careful {
    pub(super) const fn new() -> Self {
        Self {
            due: Due::Value,
            within: Within::Nothing,
            in_object: false,
            outer: Vec::new(),
            deepest: 0,
            text_end: None,
            wary: false,
            passed: false,
        }
    }

    /// Begins with an element that has this bracket. A `wary` walk stops at each object within it.
    pub(super) fn begin(&mut self, bracket: u8, wary: bool) {
        self.in_object = bracket == b'{';
        self.due = self.first();
        self.within = Within::Nothing;
        self.outer.clear();
        self.deepest = 1;
        self.text_end = None;
        (self.wary, self.passed) = (wary, false);
    }

    pub(super) const fn is_wary(&self) -> bool {
        self.wary
    }

    /// Makes the walk stop once more at the object at which it has stopped.
    pub(super) const fn look_again(&mut self) {
        self.passed = false;
    }

    /// Returns the depth of the element, itself included.
    pub(super) const fn deepest(&self) -> u64 {
        self.deepest as u64
    }

    /// Returns the position in the answer at which the last text of the element has ended.
    pub(super) const fn text_end(&self) -> Option<u64> {
        self.text_end
    }

    /// Returns whether the walk is within a text.
    pub(super) const fn is_in_text(&self) -> bool {
        matches!(self.within, Within::Text { .. })
    }

    /// Returns whether the walk is within an object of an array that is a member, because such an object may look like
    /// an element. An element that is an array itself has more likely lost its brace.
    pub(super) fn is_in_array_of_objects(&self) -> bool {
        self.in_object && self.outer.iter().skip(1).any(|is_object| !is_object)
    }

    const fn first(&self) -> Due {
        if self.in_object { Due::Key } else { Due::Value }
    }

    /// Walks on from `at`. `base` is the position of the bytes in the answer. Returns where it has stopped: after the
    /// last bracket, or at the wrong byte.
    pub(super) fn walk(&mut self, bytes: &[u8], mut at: usize, base: u64) -> (usize, Stop) {
        while let Some(byte) = bytes.get(at).copied() {
            match self.within {
                Within::Text { escape: true } => {
                    self.within = Within::Text { escape: false };
                    at += 1;
                    continue;
                }
                Within::Text { escape: false } => {
                    let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) else { return (bytes.len(), Stop::More) };
                    at += found;
                    if bytes[at] == b'"' {
                        self.within = Within::Nothing;
                        self.text_end = Some(base + at as u64);
                    } else {
                        self.within = Within::Text { escape: true };
                    }
                    at += 1;
                    continue;
                }
                Within::Word if !ends_word(byte) => {
                    at += 1;
                    continue;
                }
                Within::Word => self.within = Within::Nothing,
                Within::Nothing => {}
            }
            match (byte, self.due) {
                (b'"', Due::Key | Due::Value) => {
                    self.within = Within::Text { escape: false };
                    self.due = if self.due == Due::Key { Due::Colon } else { Due::Next };
                }
                (b':', Due::Colon) => self.due = Due::Value,
                (b',', Due::Key | Due::Value | Due::Next) => self.due = self.first(),
                (b'{', Due::Value) if self.wary && !self.passed => {
                    self.passed = true;
                    return (at, Stop::Object);
                }
                (b'{' | b'[', Due::Value) if self.outer.len() < DEPTH_MAX => {
                    self.passed = false;
                    self.outer.push(self.in_object);
                    self.in_object = byte == b'{';
                    self.due = self.first();
                    self.deepest = self.deepest.max(self.outer.len() + 1);
                }
                (b'}' | b']', Due::Key | Due::Value | Due::Next) if self.in_object == (byte == b'}') => {
                    let Some(open) = self.outer.pop() else { return (at + 1, Stop::End) };
                    self.in_object = open;
                    self.due = Due::Next;
                }
                _ if byte.is_ascii_whitespace() => {}
                (b'{' | b'[' | b'}' | b']' | b':', _) => return (at, Stop::Broken),
                (_, Due::Value) => {
                    self.within = Within::Word;
                    self.due = Due::Next;
                }
                _ => return (at, Stop::Broken),
            }
            at += 1;
        }
        (at, Stop::More)
    }
}

fn ends_word(byte: u8) -> bool {
    b",}]:\"{[".contains(&byte) || byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::structure;

    /// Walks in pieces of this size. Returns the end of the element if it is sound.
    fn end(bytes: &[u8], piece: usize) -> Option<usize> {
        let mut careful = Careful::new();
        careful.begin(bytes[0], bytes.len().is_multiple_of(2));
        let (mut at, mut have) = (1, piece);
        loop {
            let there = &bytes[..have.min(bytes.len())];
            match careful.walk(there, at.min(there.len()), 0) {
                (end, Stop::End) => return Some(end),
                (_, Stop::Broken) => return None,
                (next, Stop::Object) => at = next,
                (_, Stop::More) if have >= bytes.len() => return None,
                (next, Stop::More) => (at, have) = (next.max(1), have + piece),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn the_walk_accepts_what_the_structure_accepts(
            parts in prop::collection::vec(prop_oneof![
                6 => prop::sample::select(vec![r#""a":1"#, r#""b":"x\"y""#, ",", "}", "]", "[", "{", r#""c":["#, r#""d":{"#, " \n"]),
                2 => prop::sample::select(vec!["NaN", r#"""#, ":", "\\", "7", r#""k":"#, "\0"]),
            ], 0..16),
            array: bool,
            piece in 1usize..9,
        ) {
            let text = format!("{}{}", if array { '[' } else { '{' }, parts.concat());
            prop_assert_eq!(end(text.as_bytes(), piece), structure::end(text.as_bytes(), 0, &mut 0), "{}", text);
        }
    }

    #[test]
    fn the_walk_stops_at_the_wrong_byte() {
        for (text, at) in [
            (r#"{"name":"5" TV"}"#, r#"{"name":"5" "#),
            (r#"{"name":"a},{"stream_id":2}"#, r#"{"name":"a},{""#),
            (r#"{"a":1],"b":2}"#, r#"{"a":1"#),
            (r#"{"a":1,{"b":2}"#, r#"{"a":1,"#),
            (r#"{"a":[1,2}]"#, r#"{"a":[1,2"#),
        ] {
            let mut careful = Careful::new();
            careful.begin(b'{', false);
            assert_eq!(careful.walk(text.as_bytes(), 1, 0), (at.len(), Stop::Broken), "{text}");
        }
    }
}
