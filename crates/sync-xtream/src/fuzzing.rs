//! Entry points for a fuzzer. Each function takes any bytes, and panics if an invariant is broken. The tests call them
//! too, with bytes that are less random.

mod spoilt;

use std::sync::Arc;

use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use sync_core::model::normalise::{canonical_decimal, exact_integer};
use sync_core::source::{Completeness, Entry};
use sync_core::{AccountStatus, ContentKind, Digest, ListingIndex, Shape, timestamp};

use crate::address::PanelAddress;
use crate::api::{account, categories};
use crate::clock;
use crate::wire::charset::Charset;
use crate::wire::member::{Cursor, Raw};
use crate::wire::{Decoder, Fault, Limits, SCHEME, fields, text};

pub use spoilt::spoilt;

/// The limits are small, so that few bytes reach them.
const LIMITS: Limits = Limits { element_bytes: 512, elements: 100, nesting: 6 };

/// Reads the bytes as an answer to a request for a listing, cut into chunks in several ways. The bytes also choose the
/// kind.
pub fn listing(bytes: &[u8]) {
    let is_series = memchr::memmem::find(bytes, ContentKind::Series.id_column().as_bytes()).is_some();
    let is_even = xxhash_rust::xxh3::xxh3_64(bytes).is_multiple_of(2);
    let kind = match (is_series, is_even) {
        (true, _) => ContentKind::Series,
        (false, true) => ContentKind::Channels,
        (false, false) => ContentKind::Movies,
    };
    let (entries, verdict) = decode(kind, bytes, bytes.len().max(1), None, true);
    let as_one = (entries, verdict);
    let by_bytes = decode(kind, bytes, 1, None, true);
    assert!(by_bytes == as_one, "chunks make a difference: {:?}", String::from_utf8_lossy(bytes));
    // If the brackets alone prove the end, the transport's proof makes no difference.
    let by_itself = decode(kind, bytes, 64, None, false);
    if by_itself.1.is_ok() {
        assert!(by_itself == as_one, "the proof makes a difference: {:?}", String::from_utf8_lossy(bytes));
    }
    let (entries, Ok(end)) = &as_one else { return };
    assert!(end.unreadable_digest.is_none() || end.unreadable > 0);
    assert!(end.trailing_digest.is_none() || end.trailing_bytes);
    assert!(end.unreadable > 0 || end.unreadable_at.is_none());
    assert!(end.unreadable_at.is_none_or(|at| at.offset < bytes.len() as u64), "it stands in the answer");
    let broken = entries.iter().filter(|entry| matches!(entry, Entry::Item(_, None) | Entry::Broken(_))).count();
    assert!(end.unreadable >= broken as u64, "a broken element is counted");
    known_again(kind, bytes, entries);
}

/// Asserts that a second reading of the same bytes finds nothing new, and reads broken elements again.
fn known_again(kind: ContentKind, bytes: &[u8], entries: &[Entry]) {
    let mut known: Vec<(_, Digest)> = Vec::new();
    for entry in entries {
        let digest = match entry {
            Entry::Item(_, digest) => digest.unwrap_or(Digest::NEVER),
            Entry::Broken(_) => continue,
            Entry::Same(_) => panic!("nothing was known before"),
        };
        if known.iter().all(|(id, _)| *id != entry.id()) {
            known.push((entry.id(), digest));
        }
    }
    let index = ListingIndex::new(SCHEME, known).expect("no id occurs twice");
    let (again, _) = decode(kind, bytes, 64, Some(Arc::new(index)), true);
    let mut met = std::collections::HashSet::new();
    assert_eq!(again.len(), entries.len());
    for (again, entry) in again.iter().zip(entries) {
        let Entry::Item(listed, digest) = entry else {
            assert_eq!(again, entry, "a broken element is never the same");
            continue;
        };
        let first = met.insert(listed.item.id());
        let same = first && digest.is_some();
        assert_eq!(matches!(again, Entry::Same(id) if *id == listed.item.id()), same);
    }
}

fn decode(
    kind: ContentKind,
    bytes: &[u8],
    chunk: usize,
    known: Option<Arc<ListingIndex>>,
    proved: bool,
) -> (Vec<Entry>, Result<Completeness, Fault>) {
    let mut decoder = Decoder::new(kind, known, LIMITS);
    let mut entries = Vec::new();
    for part in bytes.chunks(chunk) {
        if let Err(fault) = decoder.feed(part, &mut entries) {
            return (entries, Err(fault));
        }
    }
    let verdict = decoder.finish(proved, &mut entries);
    (entries, verdict)
}

/// Reads the bytes as an answer to the login, and as an answer to a request for categories.
pub fn document(bytes: &[u8]) {
    let clean = |text: &str| assert!(!text.contains(char::is_control), "{text:?} can steer a terminal");
    match account::read(bytes, Charset::default(), Some(1_700_000_000), 1_700_000_000) {
        Ok(account) => {
            account.message.iter().chain(&account.unread_end).for_each(|text| clean(text));
            if let AccountStatus::Inactive(word) | AccountStatus::Other(word) = &account.status {
                clean(word);
                assert!(!word.is_empty());
            }
        }
        Err(fault) => clean(&fault.message.as_it_came()),
    }
    match categories::read(bytes, Charset::default()) {
        Ok(categories) => {
            let ids: std::collections::HashSet<_> = categories.iter().map(|one| &one.id.0).collect();
            assert_eq!(ids.len(), categories.len(), "an id occurs twice");
            assert!(categories.iter().all(|one| !one.id.0.is_empty() && !one.name.is_empty()));
        }
        Err(fault) => clean(&fault.message.as_it_came()),
    }
}

/// Reads the bytes as a value of any type, for each shape of field, as an id, and as a time.
pub fn numbers(bytes: &[u8]) {
    const SHAPES: [Shape; 10] = [
        Shape::Name,
        Shape::Text,
        Shape::Decimal,
        Shape::Reference,
        Shape::Integer,
        Shape::Count,
        Shape::Real,
        Shape::Flag,
        Shape::Switch,
        Shape::Categories,
    ];
    let read = Cursor::new_at(bytes).value_here();
    for raw in read.into_iter().chain([Raw::Text(bytes), Raw::Number(bytes)]) {
        for shape in SHAPES {
            if let Some(value) = fields::read(shape, raw, Charset::default()) {
                let value = shape.normalise(value);
                assert_eq!(shape.normalise(value.clone()), value, "{shape:?}: a normal form has another");
            }
        }
        if let Some(id) = fields::read_id(raw) {
            let written = id.to_string();
            assert_eq!(fields::read_id(Raw::Number(written.as_bytes())), Some(id));
            assert_eq!(fields::read_id(Raw::Text(written.as_bytes())), Some(id));
        }
        if let Some(json) = fields::json_text(raw, Charset::default()) {
            assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok(), "{json:?} is no JSON");
        }
    }
    let text = text::read(bytes, Charset::default());
    if let Some(number) = canonical_decimal(&text) {
        assert_eq!(canonical_decimal(&number).as_ref(), Some(&number), "a number has two spellings");
        assert_eq!(exact_integer(&number), exact_integer(&text));
    }
    for zone in [0, 3600, -43_200] {
        assert!(timestamp::read(&text, zone).is_none_or(|seconds| seconds > 0));
    }
}

/// Reads the bytes as an address that a person pastes.
pub fn address(bytes: &[u8]) {
    const CANARY: &str = "canary-7f3a";
    let text = String::from_utf8_lossy(bytes);
    if let Ok(pasted) = PanelAddress::parse(&text) {
        let shown = pasted.address.to_string();
        let again = PanelAddress::parse(&shown).expect("an address is one");
        assert_eq!(again.address, pasted.address);
        assert_eq!(again.address.to_string(), shown, "an address has two spellings");
        assert!(again.username.is_none() && again.password.is_none(), "{shown} holds credentials");
        assert!(!shown.contains(['?', '#']) && !shown.ends_with('/'), "{shown}");
    }
    let host = text.split(['?', '#']).next().unwrap_or_default();
    if let Ok(pasted) = PanelAddress::parse(&format!("{host}?username={CANARY}&password={CANARY}")) {
        let shown = format!("{pasted:?} {} {:?}", pasted.address, pasted.address);
        assert!(!shown.contains(CANARY), "{shown}");
    }
}

/// Reads the bytes as headers in which a panel tells when to come again, and its time.
pub fn retry_after(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let of = |pairs: &[(HeaderName, &HeaderValue)]| -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), (*value).clone())).collect()
    };
    let now = HeaderValue::from_static("Wed, 01 Jan 2020 00:00:00 GMT");
    let wait = clock::retry_after(&of(&[(RETRY_AFTER, &value), (DATE, &now)]));
    // Blanks and tabs are allowed around the value of a header. Other white space, which Rust's `trim` removes as well,
    // is not: `5` behind a no-break space is no number of seconds.
    let digits = std::str::from_utf8(bytes).ok().and_then(|text| text.trim_matches([' ', '\t']).parse::<u64>().ok());
    if let Some(seconds) = digits {
        assert_eq!(wait.map(|wait| wait.as_secs()), Some(seconds));
    }
    let _ = clock::retry_after(&of(&[(RETRY_AFTER, &value), (DATE, &value)]));
    assert!(clock::date(&of(&[(DATE, &value)])).is_none_or(|seconds| seconds > 0));
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    /// Generates something in the place of a value.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (0i64..20).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "[0-9.,eE+-]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), vec((key(), inner), 0..4).prop_map(object)]
        })
    }

    fn key() -> impl Strategy<Value = String> {
        let fields = ContentKind::ALL.iter().flat_map(|kind| kind.fields().iter().map(|spec| spec.name));
        let others = ["stream_id", "series_id", "user_info", "auth", "status", "exp_date", "category_name", "tmdb"];
        let known: Vec<_> = fields.chain(others).collect();
        prop_oneof![4 => prop::sample::select(known).prop_map(str::to_owned), 1 => ".{0,8}"]
    }

    fn object(members: Vec<(String, Value)>) -> Value {
        Value::Object(Map::from_iter(members))
    }

    /// Generates a document that looks like an answer, with a few bytes changed, moved or missing.
    fn answer() -> impl Strategy<Value = Vec<u8>> {
        let items = || vec(vec((key(), value()), 0..6).prop_map(object), 0..6);
        let body = prop_oneof![
            3 => items().prop_map(Value::from),
            1 => vec((key(), value()), 0..6).prop_map(object),
            1 => value(),
            1 => items().prop_map(|items| json!({"user_info": items.first(), "server_info": items.last()})),
        ];
        let edits = vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0..5), 0..4);
        (body, edits).prop_map(|(body, edits)| {
            let mut bytes = body.to_string().into_bytes();
            for (one, other, byte, edit) in edits {
                let (one, other) = (one.index(bytes.len() + 1), other.index(bytes.len() + 1));
                match edit {
                    0 => bytes.truncate(one),
                    1 => bytes.insert(one, byte),
                    2 => bytes.insert(one, b"[]{}\",:\\"[usize::from(byte) % 8]),
                    3 => drop(bytes.drain(one.min(other)..one.max(other))),
                    _ => bytes.extend_from_within(one.min(other)..one.max(other)),
                }
            }
            bytes
        })
    }

    /// Inputs for which the fuzzer has found an error.
    #[test]
    fn former_findings_of_the_fuzzer_stay_fixed() {
        let lists: [&[u8]; 3] = [
            // The cut of the bytes decided whether a broken element was larger than the limit.
            &[&br#"[{"year"0,"stream_id":1,"plot":""#[..], &[b'x'; 472], br#"","n":"}},{"stream_id":3}]"#].concat(),
            // The cut of the bytes decided where the skipped part after the end of a list began.
            br#"[{"stream_id":1,"nd":8,"name":"x"},{"stream_id":9}]},{"stream_id":3}]"#,
            // The cut of the bytes decided which element the first key of a list belonged to.
            "[{},{\"\u{10000}\":{}},{\"\0num\":{}}]{{\"\u{10000}\":{}},{\"\0num\":".as_bytes(),
        ];
        for bytes in lists {
            listing(bytes);
        }
        // An element that had lost its brace, and was found after a broken one, swallowed all elements after it.
        spoilt(include_bytes!("../../../fuzz/seeds/broken_elements/found_lost_behind_several"));
        // A no-break space is no white space in a header.
        retry_after(b"\xc2\xa05");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
            listing(&bytes);
            document(&bytes);
            numbers(&bytes);
            address(&bytes);
            retry_after(&bytes);
        }

        #[test]
        fn bytes_that_choose_what_to_spoil(choices in vec(any::<u8>(), 0..200)) {
            spoilt(&choices);
        }

        #[test]
        fn bytes_like_answers(bytes in answer()) {
            listing(&bytes);
            document(&bytes);
        }

        #[test]
        fn bytes_like_numbers(text in r#"[ "\[{]?[-+]?[0-9]{0,22}[.,:eE -]?[-+]?[0-9]{0,6}[TZ ]?[0-9:]{0,8}["\]},]?"#) {
            numbers(text.as_bytes());
        }

        #[test]
        fn bytes_like_addresses(
            text in r#"[ <"']{0,2}((https?|HTTP|ftp|rtmp):?/{0,3})?([a-z.\[\]:@]{0,8}|[0-9.x]{1,12}|localhost)(:[0-9]{0,6})?(/(live|c|get\.php|stalker_portal|a b|%2[0-9ef]|[.'@;é]{1,3}|x\.html)){0,6}/?([?#&][a-z=&%/]{0,12}){0,2}[ >"']{0,2}"#
        ) {
            address(text.as_bytes());
        }

        #[test]
        fn bytes_like_dates(text in r"(-?[0-9]{0,22}|[A-Z][a-z]{2}, [0-9]{2} (Jan|Feb|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT) ?") {
            retry_after(text.as_bytes());
        }
    }
}
