//! Tests of elements that are as known. They are found by their digest alone if the listing continues as expected, else
//! by their ids.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use sync_core::{ChangePolicy, FieldFacts, Standing};

/// Returns the index of a body.
fn index(kind: ContentKind, body: &str) -> ListingIndex {
    let mut known: Vec<(ContentId, Digest)> = Vec::new();
    for entry in decode(kind, body).unwrap().0 {
        if matches!(entry, Entry::Broken(_)) {
            continue;
        }
        let Entry::Item(listed, digest) = entry else { panic!("nothing was known") };
        if known.iter().all(|(id, _)| *id != listed.item.id()) {
            known.push((listed.item.id(), digest.unwrap_or(Digest::NEVER)));
        }
    }
    ListingIndex::new(SCHEME, known).unwrap()
}

fn is_same(entries: &[Entry]) -> Vec<bool> {
    entries.iter().map(|entry| matches!(entry, Entry::Same(_))).collect()
}

#[test]
fn an_element_that_names_no_id_is_known_by_its_key_as_well() {
    for kind in ContentKind::ALL {
        let keyed = r#"{"17":{"num":1,"name":"a"},"18":{"num":2,"name":"a"},"19":{"num":3,"name":"a"}}"#;
        let known = index(kind, keyed);
        let again = |body: &str| decode_with(kind, Some(known.clone()), body.as_bytes());
        let (entries, _) = again(keyed).unwrap();
        assert_eq!((is_same(&entries), ids(&entries)), (vec![true; 3], vec![17, 18, 19]));
        // The first of three elements that are alike except for their keys was removed.
        let (entries, _) = again(r#"{"18":{"num":2,"name":"a"},"19":{"num":3,"name":"a"}}"#).unwrap();
        assert_eq!((is_same(&entries), ids(&entries)), (vec![true; 2], vec![18, 19]));
        // Without keys, nothing tells them apart.
        let fault = again(r#"[{"num":1,"name":"a"},{"num":2,"name":"a"},{"num":3,"name":"a"}]"#).unwrap_err();
        assert_eq!(fault.what, AnswerFault::WrongItems);
    }
}

#[test]
fn a_listing_is_recognised_with_the_counter_at_any_position() {
    for members in [
        [r#""num":N"#, r#""name":"a""#, r#""stream_id":N"#],
        [r#""num":"N""#, r#""name":"a""#, r#""stream_id":N"#],
        [r#""name":"a""#, r#""num":N"#, r#""stream_id":N"#],
        [r#""name":"a""#, r#""stream_id":N"#, r#""num":N"#],
        [r#""num":N"#, r#""num":N"#, r#""stream_id":N"#],
        [r#""num" : N"#, r#""name":"a""#, r#""stream_id":N"#],
        [r#""num":-N.0"#, r#""name":"a""#, r#""stream_id":N"#],
        [r#""name":"a""#, r#""year":N"#, r#""stream_id":N"#],
    ] {
        for pretty in [false, true] {
            let (separator, members) = if pretty { (",\n  ", members.join(",\n ")) } else { (",", members.join(",")) };
            let elements: Vec<_> = (1..30).map(|id| format!("{{{}}}", members.replace('N', &id.to_string()))).collect();
            let body = format!("[{}]", elements.join(separator));
            let known = index(ContentKind::Movies, &body);
            let (entries, _) = decode_with(ContentKind::Movies, Some(known), body.as_bytes()).unwrap();
            assert_eq!(is_same(&entries), [true; 29], "{members}");
        }
    }
}

/// Returns elements of which some have the same ids and contents, and some are broken.
fn elements() -> Vec<String> {
    let mut elements = Vec::new();
    for id in 1..7 {
        for name in ["a", "b"] {
            elements.push(format!(r#"{{"num":{id},"name":"{name}","stream_id":{id}}}"#));
            elements.push(format!(r#"{{"num":{name},"num":{id},"name":"{name}","stream_id":{id}}}"#));
        }
        elements.push(format!(r#"{{"num":{id},"name":"x"y","stream_id":{id}}}"#));
        elements.push(format!(r#"{{"num":{id},"stream_id":{id},"a":{}}}"#, "[".repeat(80) + &"]".repeat(80)));
    }
    elements.push(r#"{"num":1,"name":"a"}"#.to_owned());
    elements.push("null".to_owned());
    elements
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn reading_digests_or_ids_first_gives_the_same(
        before in vec(any::<prop::sample::Index>(), 1..14),
        changes in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3), 0..4),
        keyed: (bool, bool),
    ) {
        let pool = elements();
        let mut picks: Vec<_> = before.iter().map(|pick| pick.index(pool.len())).collect();
        let list = |picks: &[usize], keyed: bool| {
            let key = |at: usize| if keyed { format!("\"{}\":", at + 1) } else { String::new() };
            let list: Vec<_> = picks.iter().enumerate().map(|(at, pick)| key(at) + &pool[*pick]).collect();
            if keyed { format!("{{{}}}", list.join(",")) } else { format!("[{}]", list.join(",")) }
        };
        prop_assume!(decode(ContentKind::Movies, &list(&picks, keyed.0)).is_ok());
        let known = Arc::new(index(ContentKind::Movies, &list(&picks, keyed.0)));
        for (at, pick, change) in changes {
            let (at, pick) = (at.index(picks.len() + 1), pick.index(pool.len()));
            match change {
                0 => picks.insert(at, pick),
                _ if at == picks.len() => {}
                1 => drop(picks.remove(at)),
                _ => picks[at] = pick,
            }
        }
        let body = list(&picks, keyed.1);
        let decode = |first| {
            let mut decoder = Decoder::new(ContentKind::Movies, Some(Arc::clone(&known)), LIMITS);
            decoder.elements.first = first;
            let mut out = Vec::new();
            let fed = decoder.feed(body.as_bytes(), &mut out);
            let end = fed.and_then(|()| decoder.finish(true, &mut out));
            format!("{out:?} {end:?}")
        };
        prop_assert_eq!(decode(First::Digest), decode(First::Id), "{}", body);
    }
}

/// An element is recognised without the values that are left out of the digests. All other values count.
#[test]
fn field_27_a_listing_is_recognised_without_the_values_that_are_left_out() {
    let kind = ContentKind::Series;
    let volatile = FieldFacts::default().with(kind, "last_modified", Standing::Volatile { looked_at: 0 }).with(
        kind,
        "token",
        Standing::Volatile { looked_at: 0 },
    );
    let treatment = volatile.treatment(kind, &ChangePolicy::Fingerprint, None);
    let left_out = treatment.left_out();
    let body = |moment: u32, name: &str| {
        let element = |id: u32| {
            format!(
                r#"{{"num":{},"name":"{name}","series_id":{id},"last_modified":"{moment}","token":{{"a":[{moment}]}}}}"#,
                id + moment
            )
        };
        format!("[{}]", (1..30).map(element).collect::<Vec<_>>().join(","))
    };
    let decode = |known: Option<ListingIndex>, body: &str| {
        let mut decoder = Decoder::leaving_out(kind, known.map(Arc::new), left_out, LIMITS);
        let mut out = Vec::new();
        for chunk in body.as_bytes().chunks(37) {
            decoder.feed(chunk, &mut out).unwrap();
        }
        decoder.finish(true, &mut out).unwrap();
        out
    };
    let entries = decode(None, &body(1, "A"));
    let known = |scheme| {
        ListingIndex::new(scheme, entries.iter().map(|entry| (listed(entry).item.id(), digest(entry)))).unwrap()
    };
    let scheme = SCHEME.leaving_out(kind, left_out);
    assert_eq!(is_same(&decode(Some(known(scheme)), &body(77, "A"))), [true; 29]);
    assert_eq!(is_same(&decode(Some(known(scheme)), &body(77, "B"))), [false; 29]);
    assert_eq!(is_same(&decode(Some(known(SCHEME)), &body(1, "A"))), [false; 29], "digests of all values");
}
