//! Leaves values out of the digest of an element, if the panel changes them by itself.
//!
//! Equal digests have to mean that everything else is equal. So a value is left out only if it is certainly a member of
//! the element itself. Otherwise it stays in the digest, and the element is decoded.

use memchr::memmem::Finder;
use sync_core::{ContentKind, LeftOut};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::fields::spellings;
use super::member::{Cursor, string_end};
use super::structure;

/// The beginning and the end of a value in the bytes of an element.
type Span = (usize, usize);

/// The values that are left out of the digests of a listing.
#[derive(Debug)]
pub(crate) struct LeftOutValues {
    keys: Vec<Key>,
    /// The spans in the current element.
    spans: Vec<Span>,
}

#[derive(Debug)]
struct Key {
    /// The key with its quotes.
    quoted: Finder<'static>,
    /// Whether the value is the address of an image, whose path stays.
    image: bool,
}

impl Key {
    fn new(name: &str, image: bool) -> Self {
        Self { quoted: Finder::new(format!("\"{name}\"").as_bytes()).into_owned(), image }
    }

    fn name(&self) -> &[u8] {
        let quoted = self.quoted.needle();
        &quoted[1..quoted.len() - 1]
    }
}

impl LeftOutValues {
    pub(crate) fn new(kind: ContentKind, left_out: &LeftOut) -> Self {
        let mut keys = Vec::new();
        for name in left_out.fields.names(kind.fields()) {
            let image = matches!(name, "stream_icon" | "cover");
            keys.extend(spellings(kind, name).map(|spelling| Key::new(spelling, image)));
        }
        // A key that may be written in several ways is not searched for.
        let plain = |key: &&str| key.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
        // A value that a field could not read is kept under the field's own key, and still decides the field.
        let is_field =
            |key: &str| kind.fields().iter().any(|spec| spellings(kind, spec.name).any(|known| known == key));
        let extra = left_out.extra.iter().map(sync_core::Text::as_str).filter(|key| plain(key) && !is_field(key));
        keys.extend(extra.map(|key| Key::new(key, false)));
        Self { keys, spans: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the hash of an element without these values and without its position counter.
    pub(crate) fn hash(&mut self, element: &[u8], counter: Option<Span>) -> u64 {
        self.spans.clear();
        if self.find(element).is_none() {
            self.spans.clear();
            self.walk(element);
        }
        self.spans.extend(counter);
        self.spans.sort_unstable();
        let (mut hash, mut from) = (None, 0);
        for (start, end) in &self.spans {
            hash = Some(chained(&element[from..*start], hash));
            from = *end;
        }
        chained(&element[from..], hash)
    }

    /// Finds the values by their keys. Returns `None` if something that looks like a key may be in an inner object or
    /// in a text, so that a closer look is needed.
    fn find(&mut self, element: &[u8]) -> Option<()> {
        for key in &self.keys {
            let Some(at) = key.quoted.find(element) else { continue };
            let before = element.get(1..at)?;
            if before.last() == Some(&b'\\') || memchr::memchr(b'{', before).is_some() {
                return None;
            }
            let colon = behind_space(element, at + key.quoted.needle().len())?;
            if element[colon] != b':' {
                return None;
            }
            let value = behind_space(element, colon + 1)?;
            leave_out(&mut self.spans, element, value, key.image);
        }
        Some(())
    }

    /// Finds the same values by walking over the members.
    fn walk(&mut self, element: &[u8]) {
        let mut cursor = Cursor::new(element);
        let mut met = vec![false; self.keys.len()];
        while let Some(member) = cursor.member() {
            let key = self.keys.iter().position(|key| key.name() == member.key);
            if let Some(at) = key.filter(|at| !std::mem::replace(&mut met[*at], true)) {
                leave_out(&mut self.spans, element, member.span.0, self.keys[at].image);
            }
        }
    }
}

fn chained(bytes: &[u8], seed: Option<u64>) -> u64 {
    seed.map_or_else(|| xxh3_64(bytes), |seed| xxh3_64_with_seed(bytes, seed))
}

fn behind_space(bytes: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.iter().position(|byte| !byte.is_ascii_whitespace()).map(|length| from + length)
}

/// Leaves out the value that begins at a position, if it is sound.
fn leave_out(spans: &mut Vec<Span>, element: &[u8], from: usize, image: bool) {
    if image {
        spans.extend(image_spans(element, from).into_iter().flatten());
    } else {
        spans.extend(value_end(element, from).map(|end| (from, end)));
    }
}

/// Returns the end of a value, or `None` if it isn't JSON.
fn value_end(bytes: &[u8], from: usize) -> Option<usize> {
    let end = match bytes.get(from)? {
        b'"' => string_end(bytes, from + 1)? + 1,
        b'{' | b'[' => structure::end(bytes, from, &mut 0)?,
        _ => {
            let rest = &bytes[from..];
            let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
            let length = rest.iter().position(|byte| !part(byte))?;
            let number =
                |word: &[u8]| word.iter().all(|byte| !byte.is_ascii_alphabetic() || matches!(byte, b'e' | b'E'));
            let word = &rest[..length];
            let sound = matches!(word, b"null" | b"true" | b"false") || (length > 0 && number(word));
            sound.then_some(from + length)?
        }
    };
    let next = behind_space(bytes, end)?;
    matches!(bytes[next], b',' | b'}').then_some(end)
}

/// Returns the spans of scheme and host, and of the query, of an image address. The second may be empty, so that
/// addresses with and without a query are alike.
fn image_spans(bytes: &[u8], from: usize) -> Option<[Span; 2]> {
    let end = value_end(bytes, from)?;
    if bytes[from] != b'"' {
        return None;
    }
    let (from, end) = (from + 1, end - 1);
    let text = &bytes[from..end];
    // Only slashes may be escaped, as PHP does.
    let escapes = memchr::memchr_iter(b'\\', text).all(|at| text.get(at + 1) == Some(&b'/'));
    if !escapes {
        return None;
    }
    // Returns the position after a slash that may be escaped.
    let slash = |at: usize| match text.get(at)? {
        b'/' => Some(at + 1),
        b'\\' => Some(at + 2),
        _ => None,
    };
    let host = memchr::memchr_iter(b':', text).find_map(|at| slash(slash(at + 1)?))?;
    let path = host + memchr::memchr(b'/', &text[host..])? + 1;
    let length = text[path..].iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(text.len() - path);
    (length > 0).then_some([(from, from + path), (from + path + length, end)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{FieldFacts, Standing};

    fn values(kind: ContentKind, names: &[&str]) -> LeftOutValues {
        let volatile = |facts: FieldFacts, name: &&str| facts.with(kind, name, Standing::Volatile { looked_at: 0 });
        let facts = names.iter().fold(FieldFacts::default(), volatile);
        let treatment = facts.treatment(kind, &sync_core::ChangePolicy::Fingerprint, None);
        LeftOutValues::new(kind, treatment.left_out())
    }

    /// Returns whether elements of movies have the same digest if these are left out.
    fn alike(names: &[&str], elements: &[&str]) -> bool {
        let mut values = values(ContentKind::Movies, names);
        let digests: Vec<_> = elements.iter().map(|element| values.hash(element.as_bytes(), None)).collect();
        digests.windows(2).all(|pair| pair[0] == pair[1])
    }

    #[test]
    fn field_27_values_that_are_left_out_make_no_difference() {
        let added = [
            r#"{"stream_id":1,"added":"1700000000","name":"a"}"#,
            r#"{"stream_id":1,"added":1700000001,"name":"a"}"#,
            r#"{"stream_id":1,"added":null,"name":"a"}"#,
            r#"{"stream_id":1,"added":"a \" {\"added\":7}","name":"a"}"#,
            r#"{"stream_id":1,"added":{"x":[1,"}"]},"name":"a"}"#,
        ];
        assert!(alike(&["added"], &added));
        assert!(!alike(&["rating"], &added[..2]));
        let both = [
            r#"{"url":"http://a/1","x":{"url":5},"direct_source":"t1","stream_id":1}"#,
            r#"{"url":"http://b/2","x":{"url":5},"direct_source":"t2","stream_id":1}"#,
        ];
        assert!(
            alike(&["url", "direct_source"], &both) && !alike(&["url"], &both) && !alike(&["direct_source"], &both)
        );
        let spaced = [r#"{ "stream_id" : 1 , "added" : 1 }"#, r#"{ "stream_id" : 1 , "added" : 22 }"#];
        assert!(alike(&["added"], &spaced));
    }

    #[test]
    fn all_other_values_make_a_difference() {
        for (names, one, other) in [
            // Another key, and another value beside it.
            (&["added"][..], r#"{"added":1,"name":"a"}"#, r#"{"added":2,"name":"b"}"#),
            (&["added"], r#"{"added":1,"name":"a"}"#, r#"{"name":"a"}"#),
            // In an inner object, before and after the member.
            (&["added"], r#"{"x":{"added":1}}"#, r#"{"x":{"added":2}}"#),
            (&["added"], r#"{"added":0,"x":{"added":1}}"#, r#"{"added":0,"x":{"added":2}}"#),
            (&["added"], r#"{"x":[{"added":1}],"added":0}"#, r#"{"x":[{"added":2}],"added":0}"#),
            // In a text.
            (&["added"], r#"{"x":"\"added\":1"}"#, r#"{"x":"\"added\":2"}"#),
            (&["added"], r#"{"x":"added","y":1}"#, r#"{"x":"added","y":2}"#),
            (&["added"], r#"{"x":["added","1"]}"#, r#"{"x":["added","2"]}"#),
            // Not JSON.
            (&["added"], r#"{"added":1"2,"y":1}"#, r#"{"added":1"3,"y":1}"#),
            (&["added"], r#"{"added":NaN}"#, r#"{"added":NaM}"#),
            // The same key again.
            (&["added"], r#"{"added":1,"added":2}"#, r#"{"added":1,"added":3}"#),
        ] {
            assert!(!alike(names, &[one, other]), "{one} {other}");
        }
    }

    #[test]
    fn the_path_of_an_image_counts() {
        let image = |address: &str| format!(r#"{{"stream_id":1,"stream_icon":"{address}","name":"a"}}"#);
        let alike = |one: &str, other: &str| alike(&["stream_icon"], &[&image(one), &image(other)]);
        assert!(alike("http://a/x/1.png", "https://b:80/x/1.png?t=5"));
        assert!(alike(r"http:\/\/a\/x\/1.png?a", r"http:\/\/b.c\/x\/1.png#b"));
        for (one, other) in [
            ("http://a/1.png", "http://a/2.png"),
            ("http://a/", "http://b/"),
            ("http://a/?1", "http://a/?2"),
            ("a.png", "b.png"),
            ("http://a/1.png", "1.png"),
            ("http://a/1.png", ""),
            (r"http\u003a//a/http://b/1", r"http\u003a//b/http://b/1"),
        ] {
            assert!(!alike(one, other), "{one} {other}");
        }
    }

    /// Both ways of searching find the same values.
    #[test]
    fn both_ways_of_searching_find_the_same_values() {
        let mut values = values(ContentKind::Series, &["last_modified", "cover", "url", "rating"]);
        for element in [
            r#"{"num":1,"last_modified":"17","cover":"http://a/1.png?x","rating":7.5,"series_id":1,"url":["a",{"b":1}]}"#,
            r#"{"rating":"","url":{"rating":1},"series_id":2}"#,
            r#"{"series_id":2}"#,
            "{}",
        ] {
            values.spans.clear();
            assert_eq!(values.find(element.as_bytes()), Some(()), "{element}");
            values.spans.sort_unstable();
            let found = std::mem::take(&mut values.spans);
            values.walk(element.as_bytes());
            values.spans.sort_unstable();
            assert_eq!(values.spans, found, "{element}");
        }
    }
}
