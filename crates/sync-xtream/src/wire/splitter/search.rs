//! Searches for the beginning of the next element, in bytes of which nobody knows whether they are in a text.
//!
//! An element begins with a brace, and its first key is one that elements have. Before the brace is a comma or the end
//! of the element before. In a list that is an object, its key is between. A well written text never looks like this,
//! because the quotes in it have backslashes.

use super::rule::{NEAR, Rule, Told, first_from, last_before};
use memchr::memchr2;

/// The greatest number of bytes before its position that a search looks at.
pub(super) const BACK: usize = 1024;

/// A search that is under way.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Whether the objects up to the next bracket are those of an array within the broken element.
    nested: bool,
}

/// The result of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// An element begins here, with its key if it has one.
    Start(usize),
    /// The next bytes will show whether one begins here.
    Later(usize),
    Nothing,
}

impl Search {
    /// Begins a search. `nested` says that it begins in an object of an array.
    pub(super) fn begin(&mut self, nested: bool) {
        self.nested = nested;
    }

    /// Searches `bytes[from..to]`, with a look at the bytes around it. `over` says that no more bytes will come.
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
                        // The bracket may be a broken element's. Objects within an element have no id of the kind.
                        Told::Yes(()) => rule.start_within(bytes, at),
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

/// Returns whether a bracket closes an array of objects.
fn closes_objects(bytes: &[u8], bracket: usize) -> bool {
    last_before(bytes, bracket).is_some_and(|at| bytes[at] == b'}')
}

/// Returns whether a bracket follows that ends an array of objects within an element.
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

/// Returns the position at which to begin searching for the next element after a walk has stopped at a wrong byte.
///
/// The last text may have lost its quote. Then it has ended at the first quote of the next element, and that element
/// begins at the end of the text.
pub(super) fn look_from(bytes: &[u8], start: usize, wrong: usize, text_end: Option<usize>) -> usize {
    let from = text_end.filter(|end| *end < wrong).unwrap_or(wrong);
    let floor = (start + 1).max(wrong.saturating_sub(BACK / 2));
    let mut at = from.max(floor);
    while at > floor && (matches!(bytes[at - 1], b'{' | b',' | b'}') || bytes[at - 1].is_ascii_whitespace()) {
        at -= 1;
    }
    at
}

/// Returns whether a brace begins the first object of an array that is a member: `"key":[{`.
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
    fn the_beginning_of_an_element_is_found() {
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
    fn objects_of_an_array_within_an_element_are_no_elements() {
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
