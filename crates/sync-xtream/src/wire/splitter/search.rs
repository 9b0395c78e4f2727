//! Where the next element begins, in bytes of which nobody knows what is a text and what is not.
//!
//! An element begins with a brace, and its first key is one that elements have. Before the brace is a comma or the
//! end of the element before; in a list that is an object, its key is between. A text that is written as
//! it should be never looks like this: the quotes in it have backslashes.

use super::rule::{NEAR, Rule, Told, first_from, last_before};
use memchr::memchr2;

/// What a search looks at is no longer than this, before the place where it stands.
pub(super) const BACK: usize = 1024;

/// A search under way.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Whether objects are, up to the next bracket, those of an array within the broken element.
    nested: bool,
}

/// What a search has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// An element begins here, with its key where it has one.
    Start(usize),
    /// Whether one begins here will be seen with the next bytes.
    Later(usize),
    Nothing,
}

impl Search {
    /// Begins a search; `nested` when it begins in an object of an array.
    pub(super) fn begin(&mut self, nested: bool) {
        self.nested = nested;
    }

    /// Looks at `bytes[from..to]`, and around it; `over` when no more bytes come.
    pub(super) fn find(&mut self, rule: &Rule, bytes: &[u8], from: usize, to: usize, over: bool) -> Found {
        let mut at = from;
        while let Some(found) = memchr2(b'{', b']', &bytes[at..to]) {
            at += found;
            if bytes[at] == b']' {
                self.nested &= !closes_objects(bytes, at);
            } else if begins_array_of_objects(bytes, at) {
                self.nested = true;
            } else {
                let start = match rule.start(bytes, at) {
                    Told::Yes(start) if self.nested => match array_ends(bytes, at, over) {
                        Told::Yes(()) => Told::No,
                        Told::No => Told::Yes(start),
                        Told::Later => Told::Later,
                    },
                    start => start,
                };
                match start {
                    Told::Yes(start) => {
                        self.nested = false;
                        return Found::Start(start);
                    }
                    Told::Later if !over => return Found::Later(at),
                    Told::Later | Told::No => {}
                }
            }
            at += 1;
        }
        Found::Nothing
    }
}

/// Whether a bracket closes an array of objects.
fn closes_objects(bytes: &[u8], bracket: usize) -> bool {
    last_before(bytes, bracket).is_some_and(|at| bytes[at] == b'}')
}

/// Whether a bracket follows that ends an array of objects within an element.
fn array_ends(bytes: &[u8], from: usize, over: bool) -> Told<()> {
    let near = &bytes[from..bytes.len().min(from + NEAR)];
    let is_followed =
        |at: usize| matches!(first_from(near, at + 1), Told::Yes(next) if matches!(near[next], b',' | b'}'));
    let is_end = |at: usize| closes_objects(near, at) && is_followed(at);
    let ends = memchr::memchr_iter(b']', near).any(is_end);
    match () {
        () if ends => Told::Yes(()),
        () if near.len() < NEAR && !over => Told::Later,
        () => Told::No,
    }
}

/// Where to begin looking for the next element once a walk has stopped at a byte that is wrong.
///
/// The text that ended last may be one that lost its quote: then it ended at the first quote of the next
/// element, and that element begins at the end of the text.
pub(super) fn look_from(bytes: &[u8], start: usize, wrong: usize, text_end: Option<usize>) -> usize {
    let from = text_end.filter(|end| *end < wrong).unwrap_or(wrong);
    let floor = (start + 1).max(wrong.saturating_sub(BACK / 2));
    let mut at = from.max(floor);
    while at > floor && (matches!(bytes[at - 1], b'{' | b',' | b'}') || bytes[at - 1].is_ascii_whitespace()) {
        at -= 1;
    }
    at
}

/// Whether a brace begins the first object of an array that is a member: `"key":[{`.
fn begins_array_of_objects(bytes: &[u8], brace: usize) -> bool {
    let is = |at: Option<usize>, byte: u8| at.filter(|at| bytes[*at] == byte);
    let bracket = is(last_before(bytes, brace), b'[');
    let colon = bracket.and_then(|at| is(last_before(bytes, at), b':'));
    colon.and_then(|at| is(last_before(bytes, at), b'"')).is_some()
}

#[cfg(test)]
mod tests {
    use sync_core::ContentKind;

    use super::*;

    fn rule(keyed: bool) -> Rule {
        let mut rule = Rule::new(ContentKind::Movies);
        rule.keyed = keyed;
        rule
    }

    fn starts(rule: &Rule, text: &str) -> Option<usize> {
        let mut search = Search::default();
        search.begin(false);
        match search.find(rule, text.as_bytes(), 1, text.len(), true) {
            Found::Start(at) => Some(at),
            _ => None,
        }
    }

    #[test]
    fn an_element_begins_where_nothing_else_can() {
        for (before, found) in [
            (r#""5" TV"},"#, true),
            (r#""5" TV"}"#, true),
            (r#""5" TV","#, true),
            ("x}\n  ,\n  ", true),
            (r#""info":"#, false),
            ("x [", false),
            ("x", false),
        ] {
            for element in [r#"{"stream_id":2}"#, r#"{ "num" : 2}"#, "{\n  \"tmdb\": 7}"] {
                let text = format!("{before}{element}");
                assert_eq!(starts(&rule(false), &text), found.then_some(before.len()), "{text}");
            }
        }
        for no_element in [r#"{\"stream_id\":2}"#, r#"{"season":2}"#, r#"{"num",2}"#, "{num:2}", r#"{"nu\m":2}"#] {
            assert_eq!(starts(&rule(false), &format!("x}},{no_element}")), None, "{no_element}");
        }
    }

    #[test]
    fn objects_of_an_array_within_the_element_are_no_elements() {
        let nested = r#"x","seasons":[{"name":"a"},{"name":"b"}],"year":1},"#;
        let text = format!(r#"{nested}{{"num":2}}"#);
        assert_eq!(starts(&rule(false), &text), Some(nested.len()));
        let nested = r#"x","info":{"name":"a"},"year":1},"#;
        let text = format!(r#"{nested}{{"num":2}}"#);
        assert_eq!(starts(&rule(false), &text), Some(nested.len()));
    }

    #[test]
    fn in_a_list_that_is_an_object_the_key_is_a_part_of_the_element() {
        let keyed = rule(true);
        assert_eq!(starts(&keyed, r#"x"},"12":{"num":1}"#), Some(4));
        assert_eq!(starts(&keyed, r#"x"}, "-12" : { "num":1}"#), Some(5));
        assert_eq!(starts(&keyed, r#"x"},"info":{"num":1}"#), None);
        assert_eq!(starts(&keyed, r#"x"},{"num":1}"#), None);
        let mut named = rule(true);
        named.numbered = false;
        assert_eq!(starts(&named, r#"x"},"a_1":{"num":1}"#), Some(4));
    }
}
