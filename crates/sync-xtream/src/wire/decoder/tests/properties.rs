//! Properties that hold for any bytes, in any order, cut anywhere.

use super::*;
use proptest::prelude::*;

/// Returns elements as panels write them, each with its own id.
fn elements(count: usize) -> Vec<String> {
    let element =
        |id| format!(r#"{{"num":{id},"name":"Nämé {id}","stream_id":"{id}","series_id":{id},"category_ids":[{id}]}}"#);
    (1..=count).map(element).collect()
}

/// Generates members of an element, as programs write them and otherwise.
fn members() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        proptest::sample::select(vec![
            "num",
            "name",
            "title",
            "plot",
            "category_id",
            "category_ids",
            "rating",
            "added",
            "tmdb",
            "tmdb_id",
            "stream_id",
            "is_adult",
            "episode_run_time",
            "backdrop_path",
            "container_extension",
            "na\\u006de",
            "",
        ])
        .prop_map(str::to_owned),
        "[a-z]{0,3}",
    ];
    let value = prop_oneof![
        20 => r#""(\\u[0-9a-f]{4}|\\\\|\\"|\\/|\\n|[a-zé\x00]|[a-z ]{9}){0,40}""#,
        10 => r#""[ 0-9.,a-f]{0,12}""#,
        10 => r"-?[0-9]{1,12}(\.[0-9]{1,3})?(e[+-]?[0-9])?",
        10 => r#"\[(1|"2"|null|,| ){0,4}\]"#,
        10 => "null|true|false|\\[\\]|\\{\\}|\\{\"a\":[0-9]\\}",
        1 => r#""[a-z \\/"n0-9é\x00]{0,20}""#,
        1 => r#"NaN|nul|-|\[1|\[1\}|\{"a"\}|x|"#,
    ];
    let member = (key, value, " ?", "\n?").prop_map(|(key, value, a, b)| format!("{a}\"{key}\"{b}:{a}{value}{b}"));
    proptest::collection::vec(member, 0..8).prop_map(|members| members.join(","))
}

/// Returns ids, items and digests in a fixed order.
fn as_set(entries: &[Entry]) -> std::collections::BTreeSet<String> {
    entries.iter().map(|entry| format!("{entry:?}")).collect()
}

#[test]
fn a_listing_that_is_cut_at_any_byte_is_never_whole() {
    for kind in ContentKind::ALL {
        let elements = elements(4);
        let keyed: Vec<_> = elements.iter().enumerate().map(|(at, one)| format!(r#""{at}":{one}"#)).collect();
        let listings = [
            format!("[{}]", elements.join(",")),
            format!("{{{}}}", keyed.join(",")),
            format!("<br />\n<b>Warning</b>: x [1] in y\n[{}]", elements.join(",\n")),
        ];
        for listing in listings {
            assert!(decode(kind, &listing).is_ok(), "{listing}");
            for cut in 0..listing.len() {
                let outcome = decode_with(kind, None, &listing.as_bytes()[..cut]);
                assert!(outcome.is_err(), "whole after {cut} bytes of {listing}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_repetition_make_no_difference(picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..30)) {
        let elements = elements(8);
        let ordered = decode(ContentKind::Movies, &format!("[{}]", elements.join(","))).unwrap().0;
        let shuffled: Vec<_> = picks.iter().map(|pick| pick.index(8)).chain((0..8).rev()).collect();
        let body: Vec<_> = shuffled.iter().map(|at| elements[*at].as_str()).collect();
        let (entries, end) = decode(ContentKind::Movies, &format!("[{}]", body.join(","))).unwrap();
        prop_assert_eq!(end, Completeness::default());
        prop_assert_eq!(entries.len(), body.len());
        prop_assert_eq!(as_set(&entries), as_set(&ordered));
        // This also holds against an index: the first element of an id is the same, and further ones are items.
        let known = ordered.iter().zip(1..).map(|(entry, id)| (ContentId(id), digest(entry)));
        let index = ListingIndex::new(SCHEME, known).unwrap();
        let (again, _) = decode_with(ContentKind::Movies, Some(index), format!("[{}]", body.join(",")).as_bytes()).unwrap();
        let same = again.iter().filter(|entry| matches!(entry, Entry::Same(_))).count();
        prop_assert_eq!(same, 8);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        for kind in ContentKind::ALL {
            let _ = decode_with(kind, None, &body);
        }
    }

    #[test]
    fn no_json_like_bytes_make_the_decoder_panic(body in r#"[\[\]{}",:\\0-9a-eu \n]{0,200}"#) {
        let _ = decode_with(ContentKind::Movies, None, format!("[{{\"stream_id\":1,{body}").as_bytes());
        let _ = decode_with(ContentKind::Movies, None, body.as_bytes());
    }

    /// An extra comma costs nothing but the quick walk.
    #[test]
    fn both_ways_to_decode_an_element_give_the_same(members in members()) {
        let element = format!(r#"{{"stream_id":7,{members}}}"#);
        let mut decoder = Decoder::new(ContentKind::Movies, None, LIMITS);
        let plain = decoder.elements.decode_plain(element.as_bytes(), ContentId(7));
        if let Some(plain) = plain {
            let other = format!(r#"{{"stream_id":7,{members},}}"#);
            prop_assert!(decoder.elements.decode_plain(other.as_bytes(), ContentId(7)).is_none());
            let (entries, end) = decode(ContentKind::Movies, &format!("[{other}]")).unwrap();
            prop_assert_eq!(end, Completeness::default());
            prop_assert_eq!(listed(&entries[0]), &*plain);
        }
    }

    #[test]
    fn chunks_make_no_difference(size in 1usize..200, names in proptest::collection::vec(".{0,30}", 0..8)) {
        let items: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(id, name)| serde_json::json!({"num": id, "name": name, "stream_id": id, "category_ids": [id]}))
            .collect();
        let body = serde_json::to_vec(&items).unwrap();
        let mut decoder = Decoder::new(ContentKind::Channels, None, LIMITS);
        let mut out = Vec::new();
        for chunk in body.chunks(size) {
            decoder.feed(chunk, &mut out).unwrap();
        }
        decoder.finish(true, &mut out).unwrap();
        prop_assert_eq!(out.len(), names.len());
        for (entry, name) in out.iter().zip(&names) {
            prop_assert_eq!(listed(entry).item.name(), name.replace('\0', "\u{fffd}"));
        }
    }
}
