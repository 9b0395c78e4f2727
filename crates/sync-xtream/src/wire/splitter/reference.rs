//! The splitter in its plainest form: one byte at a time, over a complete body. Both have to find the same elements,
//! wherever the body is cut.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::limits::Limits;

/// The limits are small, so that few bytes reach them.
const LIMITS: Limits = Limits { element_bytes: 90, elements: u64::MAX, nesting: 3 };

/// An element that was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Found {
    key: Option<Vec<u8>>,
    bytes: Vec<u8>,
    deep: bool,
    cut: bool,
}

/// Returns the elements of a list, and the bytes after it, or `None` if it has no end.
fn slow(body: &[u8]) -> (Vec<Found>, Option<&[u8]>) {
    let mut found = Vec::new();
    let end = read_list(body, &mut found);
    (found, end.map(|end| &body[end..]))
}

/// Returns the end of the list.
fn read_list(body: &[u8], found: &mut Vec<Found>) -> Option<usize> {
    let keyed = body[0] == b'{';
    let mut at = 1;
    let mut filled = false;
    loop {
        let byte = *body.get(at)?;
        match byte {
            b',' if filled => (at, filled) = (at + 1, false),
            b',' => {
                found.push(Found::default());
                filled = true;
            }
            b']' | b'}' if (byte == b'}') == keyed => return Some(at + 1),
            b']' | b'}' => {
                found.push(Found { bytes: vec![byte], ..Found::default() });
                (at, filled) = (at + 1, true);
            }
            _ if byte.is_ascii_whitespace() => at += 1,
            _ => {
                let key = if byte == b'"' && keyed {
                    let from = at + 1;
                    at = string_end(body, from)?;
                    let key = body[from..at - 1].to_vec();
                    while body.get(at)?.is_ascii_whitespace() || body[at] == b':' {
                        at += 1;
                    }
                    Some(key)
                } else {
                    None
                };
                let from = at;
                let nothing = key.is_some() && matches!(body[at], b',' | b'}');
                let levels = if nothing { 0 } else { read_element(body, &mut at)? };
                let cut = at - from > LIMITS.element_bytes;
                let to = if cut { from + LIMITS.element_bytes } else { at };
                let deep = levels > LIMITS.nesting;
                found.push(Found { key, bytes: body[from..to].to_vec(), deep, cut });
                filled = true;
            }
        }
    }
}

/// Moves to the position after the string that begins before `at`.
fn string_end(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match body.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Moves to the position after an element. Returns its depth.
fn read_element(body: &[u8], at: &mut usize) -> Option<u32> {
    let (mut depth, mut deepest, mut square) = (0, 0, 0);
    match body[*at] {
        b'"' => *at = string_end(body, *at + 1)?,
        b'{' | b'[' => loop {
            *at += 1;
            match body.get(*at - 1)? {
                b'"' => *at = string_end(body, *at)?,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => break,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            deepest = deepest.max(depth);
        },
        _ => loop {
            match body.get(*at)? {
                b',' if square == 0 => break,
                b']' if square > 0 => square -= 1,
                b'[' => square += 1,
                b'{' | b'}' | b']' => break,
                _ => {}
            }
            *at += 1;
        },
    }
    Some(deepest)
}

/// Finds the same with the splitter, in chunks of these lengths, repeated.
fn fast(body: &[u8], lengths: &[usize]) -> (Vec<Found>, Result<Ending, AnswerFault>) {
    let mut splitter = Splitter::new(LIMITS);
    let mut found = Vec::new();
    let mut rest = body;
    for length in lengths.iter().cycle() {
        let (chunk, after) = rest.split_at(rest.len().min(*length));
        let note = |element: Element<'_>| {
            let Element { key, bytes, deep, cut, .. } = element;
            found.push(Found { key: key.map(<[u8]>::to_vec), bytes: bytes.to_vec(), deep, cut });
            Ok(Verdict::Taken)
        };
        splitter.feed(chunk, note).unwrap();
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    (found, splitter.finish(true, |_| Ok(Verdict::Taken)).map_err(|fault| fault.what))
}

/// Generates parts of answers, and bytes that break them.
fn part() -> impl Strategy<Value = String> {
    let small = r#"[\[\]{}",:\\a \n]{1,6}"#;
    let long = r"[\[\]{},:a0\u{e9}]{40,160}";
    prop_oneof![
        4 => Just(r#"{"a":"b \"c\" \\","d":[1,{"e":null}]},"#.to_owned()),
        3 => Just(",".to_owned()),
        2 => Just(r#""17":"#.to_owned()),
        2 => Just(" \n".to_owned()),
        1 => Just(r#""7","x",null,-1.5,"#.to_owned()),
        1 => Just("<b>Warning</b>: a [b] \"c\"".to_owned()),
        1 => Just(r#"{"a":[[[{"b":[]}]]]}"#.to_owned()),
        2 => long.prop_map(|text| format!(r#"{{"t":"{text}"}},"#)),
        1 => r"\\{55,140}".prop_map(|row| format!(r#"{{"r":"{row}"}},{{}},"#)),
        3 => small,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_reference_finds_the_same_elements(
        keyed: bool,
        parts in vec(part(), 0..14),
        closed in prop::bool::weighted(0.8),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        lengths in vec(prop_oneof![1usize..6, 1usize..200, Just(STEP)], 1..5),
    ) {
        let mut body = parts.concat().into_bytes();
        for (at, byte) in edits {
            let at = at.index(body.len() + 1);
            body.insert(at, byte);
        }
        body.insert(0, if keyed { b'{' } else { b'[' });
        body.extend(closed.then_some(if keyed { b'}' } else { b']' }));
        let (found, ending) = fast(&body, &lengths);
        let (expected, after) = slow(&body);
        prop_assert_eq!(found, expected, "{}", String::from_utf8_lossy(&body));
        match after {
            None => prop_assert_eq!(ending, Err(AnswerFault::Truncated)),
            Some(after) => prop_assert_eq!(ending.unwrap().trailing, !after.trim_ascii().is_empty()),
        }
    }
}
