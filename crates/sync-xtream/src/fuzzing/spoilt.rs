//! Lists with some spoilt elements. Every other element must arrive, except for one neighbour of each spoilt one.

use std::ops::Range;

use sync_core::source::{AnswerFault, Entry};
use sync_core::{ContentKind, Listed};

use crate::wire::{Decoder, Limits, structure};

/// The limits are larger than any list that is made here.
const LIMITS: Limits = Limits { element_bytes: 1 << 20, elements: 1000, nesting: 64 };

/// The greatest number of spoilt bytes per element.
const SPOILT_MAX: usize = 8;

/// The greatest number of elements of a list.
const ELEMENTS_MAX: usize = 24;

/// Texts between quotes, as they are written.
const TEXTS: [&str; 12] = [
    "A film",
    "",
    "[UK] {HD} A, B: C",
    r#"},{\"stream_id\":9,\"name\":\"x"#,
    r#"5\" TV \\"#,
    "two\nlines",
    r"caf\u00e9 \ud83d",
    "no unicode \u{fffd}",
    "],[",
    r#"\"},\"7\":{\"num\":7"#,
    r"C:\\",
    "http:\\/\\/img.example\\/a.jpg",
];

/// The bytes that spoilt places are made of. Any other byte stands for itself.
const SIGNS: &[u8] = b"\"{}[],:\\ 1an\0";

/// Choices that the bytes make. If there are no more bytes, the first choice is made.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Returns a number below a limit.
    fn below(&mut self, limit: usize) -> usize {
        let wide = usize::from(self.byte()) << 8 | usize::from(self.byte());
        wide % limit
    }

    fn is(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn text(&mut self) -> &'static str {
        TEXTS[self.below(TEXTS.len())]
    }

    /// Returns the bytes for a spoilt place.
    fn junk(&mut self, length: usize) -> Vec<u8> {
        let byte = |choice: u8| if choice < 200 { SIGNS[usize::from(choice) % SIGNS.len()] } else { choice };
        (0..length).map(|_| byte(self.byte())).collect()
    }
}

/// Makes a list as the bytes choose, spoils some of its elements, and reads it.
pub fn spoilt(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let kind = ContentKind::ALL[choices.below(3)];
    let (keyed, pretty) = (choices.is(), choices.is());
    let shape = choices.below(4);
    let count = 1 + choices.below(ELEMENTS_MAX);
    let sound: Vec<Vec<u8>> = (0..count).map(|at| element(&mut choices, kind, at, shape, pretty)).collect();
    let mut spoilt = sound.clone();
    let mut touched = vec![false; count];
    for _ in 0..choices.below(1 + count.min(4)) {
        let at = choices.below(count);
        if !std::mem::replace(&mut touched[at], true) {
            spoil(&mut choices, &mut spoilt[at]);
        }
    }
    let chunk = 1 + choices.below(700);
    let expected = items(kind, &list(&sound, keyed, pretty).0, 1 << 20).expect("a sound list is read").0;
    let expected: Vec<Listed> = expected.into_iter().map(item).collect();
    assert_eq!(expected.len(), count, "a sound list has all its elements");

    let (body, spans) = list(&spoilt, keyed, pretty);
    let shown = || format!("{:?}", String::from_utf8_lossy(&body));
    let (entries, trailing) = match items(kind, &body, chunk) {
        Ok(read) => read,
        // If the last element has lost its end, the list looks as if it were cut there.
        Err(AnswerFault::Truncated) if touched[count - 1] => return,
        Err(AnswerFault::WrongItems | AnswerFault::NotAList) if touched.iter().all(|touched| *touched) => return,
        // As below, before any element that can be read.
        Err(AnswerFault::WrongItems) if touched[0] && ends_a_list(&spoilt[0], keyed) => return,
        // There are only spoilt elements, and one neighbour of each.
        Err(AnswerFault::WrongItems) if touched.iter().filter(|touched| **touched).count() * 2 >= count => return,
        Err(fault) => panic!("{fault:?}: {}", shown()),
    };
    if trailing {
        // Bytes that end the list and begin another document can't be handled. Nothing is removed then.
        return;
    }
    let arrived: Vec<Listed> =
        entries.into_iter().filter_map(|entry| matches!(entry, Entry::Item(..)).then(|| item(entry))).collect();
    let lost = (0..count).filter(|at| !touched[*at] && !arrived.contains(&expected[*at]));
    let lost: Vec<usize> = lost.filter(|at| !is_member(*at, &touched, &body, &spans)).collect();
    let spoilt = touched.iter().filter(|touched| **touched).count();
    assert!(lost.len() <= spoilt, "{lost:?} are lost beside {spoilt} of {count}: {}", shown());
    for at in lost {
        let beside = at.checked_sub(1).is_some_and(|before| touched[before]) || touched.get(at + 1) == Some(&true);
        assert!(beside, "{at} is lost, which stands beside no spoilt element: {}", shown());
    }
}

fn element(choices: &mut Choices<'_>, kind: ContentKind, at: usize, shape: usize, pretty: bool) -> Vec<u8> {
    let id = 1000 + at * 7;
    let (name, plot) = (choices.text(), choices.text());
    let id = format!(r#""{}":{id}"#, kind.id_column());
    let name = format!(r#""name":"{name}""#);
    let members = match shape {
        0 => vec![
            format!(r#""num":{at}"#),
            name,
            format!(r#""added":"{plot}""#),
            id,
            r#""category_ids":[1,2]"#.to_owned(),
        ],
        1 => vec![id, name],
        2 => vec![name, id, r#""seasons":[{"name":"a"},{"name":"b","x":[{}]}],"info":{"name":"c"}"#.to_owned()],
        // These elements are not written alike.
        _ if choices.is() => vec![format!(r#""category_id":"{at}""#), name, id],
        _ => vec![name, format!(r#""stream_icon":"{plot}""#), id, r#""year":null"#.to_owned()],
    };
    let text = if pretty {
        format!("{{\n    {}\n  }}", members.join(",\n    "))
    } else {
        format!("{{{}}}", members.join(","))
    };
    text.into_bytes()
}

/// Spoils an element: inserts, removes or replaces a few bytes in one place.
fn spoil(choices: &mut Choices<'_>, element: &mut Vec<u8>) {
    let at = choices.below(element.len());
    let length = 1 + choices.below(SPOILT_MAX);
    let to = (at + length).min(element.len());
    match choices.below(3) {
        0 => drop(element.splice(at..at, choices.junk(length))),
        1 => drop(element.drain(at..to)),
        _ => drop(element.splice(at..to, choices.junk(to - at))),
    }
}

/// Returns a list, and the positions of its elements in it.
fn list(elements: &[Vec<u8>], keyed: bool, pretty: bool) -> (Vec<u8>, Vec<Range<usize>>) {
    let mut spans = Vec::new();
    let mut body = if keyed { b"{".to_vec() } else { b"[".to_vec() };
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        if pretty {
            body.extend_from_slice(b"\n  ");
        }
        if keyed {
            body.extend_from_slice(format!(r#""{at}":"#).as_bytes());
        }
        spans.push(body.len()..body.len() + element.len());
        body.extend_from_slice(element);
    }
    if pretty {
        body.push(b'\n');
    }
    body.push(if keyed { b'}' } else { b']' });
    (body, spans)
}

/// Returns whether an element has become a part of another one that is sound: an element before it has lost a bracket,
/// and one after it has one too many.
fn is_member(at: usize, touched: &[bool], body: &[u8], spans: &[Range<usize>]) -> bool {
    let first = (0..at).filter(|first| touched[*first]);
    let mut pairs =
        first.flat_map(|first| (at + 1..touched.len()).filter(|last| touched[*last]).map(move |last| (first, last)));
    pairs.any(|(first, last)| structure::check(&body[spans[first].start..spans[last].end]).is_ok())
}

/// Returns whether the bytes of an element have the end of a list, and the beginning of another one behind it.
fn ends_a_list(element: &[u8], keyed: bool) -> bool {
    let (end, begin) = if keyed { (b'}', b'{') } else { (b']', b'[') };
    let solid: Vec<u8> = element.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    solid.windows(2).any(|pair| pair == [end, begin])
}

/// Returns the entries of a list, and whether bytes follow it.
fn items(kind: ContentKind, body: &[u8], chunk: usize) -> Result<(Vec<Entry>, bool), AnswerFault> {
    let mut decoder = Decoder::new(kind, None, LIMITS);
    let mut entries = Vec::new();
    for part in body.chunks(chunk) {
        decoder.feed(part, &mut entries).map_err(|fault| fault.what)?;
    }
    let end = decoder.finish(true, &mut entries).map_err(|fault| fault.what)?;
    Ok((entries, end.trailing_bytes))
}

fn item(entry: Entry) -> Listed {
    let Entry::Item(listed, _) = entry else { panic!("nothing was known before") };
    *listed
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::spoilt;

    /// A number of the environment, or the usual one.
    fn number<T: FromStr>(variable: &str, usual: T) -> T {
        std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    proptest! {
        // The same cases in each build. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` try others, and so does the fuzz
        // target `broken_elements`.
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            cases: number("PROPTEST_CASES", 4000),
            rng_seed: RngSeed::Fixed(number("PROPTEST_RNG_SEED", 1)),
            ..ProptestConfig::default()
        })]

        #[test]
        fn every_unspoilt_element_arrives_except_for_one_neighbour(choices in vec(any::<u8>(), 40..260)) {
            spoilt(&choices);
        }
    }
}
