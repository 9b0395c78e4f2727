//! Tests of lists of another kind than was asked for, and of ids under another key than usual.

use super::*;

/// Returns a list with these elements.
fn list(elements: &[String]) -> String {
    format!("[{}]", elements.join(","))
}

fn of_type(key: &str, id: usize, stream_type: &str) -> String {
    format!(r#"{{"name":"Secret title","{key}":{id},"stream_type":{stream_type}}}"#)
}

fn wrong(kind: ContentKind, body: &str) -> String {
    let fault = decode(kind, body).unwrap_err();
    assert_eq!(fault.what, AnswerFault::WrongItems, "{body}");
    let message = fault.message.as_it_came();
    assert!(!message.contains("Secret"), "a value is told: {message}");
    message
}

#[test]
fn field_13_a_list_of_another_kind_is_refused() {
    let types = [
        (ContentKind::Channels, "stream_id", &["live", "created_live", "radio_streams", "LIVE ", "Radio_Streams"][..]),
        (ContentKind::Movies, "stream_id", &["movie", "vod", "Movie", " VOD"]),
        (ContentKind::Series, "series_id", &["series", "Series"]),
    ];
    for asked in ContentKind::ALL {
        for (listed, key, words) in types {
            for word in words {
                // Both kinds may name their ids alike, and the usual key may be there beside the other type.
                for key in [key, asked.id_column()] {
                    let body = list(&[1, 2, 3].map(|id| of_type(key, id, &format!("{word:?}"))));
                    if asked == listed {
                        assert_eq!(ids(&decode(asked, &body).unwrap().0), [1, 2, 3], "{body}");
                    } else {
                        assert!(wrong(asked, &body).contains(asked.as_str()), "{body}");
                    }
                }
            }
        }
    }
}

#[test]
fn field_13_a_few_elements_of_another_kind_dont_make_a_list_of_it() {
    let body = |foreign: usize, own: usize, neither: usize| {
        let types = [(foreign, r#""movie""#), (own, r#""live""#), (neither, r#""from the future""#)];
        let words = types.iter().flat_map(|(count, word)| std::iter::repeat_n(*word, *count));
        list(&words.enumerate().map(|(id, word)| of_type("stream_id", id, word)).collect::<Vec<_>>())
    };
    for (foreign, own, neither) in [(5, 5, 0), (5, 0, 5), (0, 0, 9), (0, 9, 0), (1, 9, 1)] {
        let (entries, end) = decode(ContentKind::Channels, &body(foreign, own, neither)).unwrap();
        assert_eq!((entries.len(), end.unreadable), (foreign + own + neither, 0), "{foreign} {own} {neither}");
    }
    for (foreign, own, neither) in [(6, 5, 0), (6, 0, 5), (9, 0, 0)] {
        wrong(ContentKind::Channels, &body(foreign, own, neither));
    }
    // An item that says nothing of its kind is of the kind that was asked for.
    for word in ["null", r#""""#, "7", "[]", "{}", "true", r#""stream""#] {
        for kind in ContentKind::ALL {
            let body = list(&[1, 2].map(|id| of_type(kind.id_column(), id, word)));
            assert_eq!(ids(&decode(kind, &body).unwrap().0), [1, 2], "{body}");
        }
    }
}

#[test]
fn field_13_the_key_of_another_kinds_id_shows_the_kind() {
    for (asked, key) in [
        (ContentKind::Channels, "series_id"),
        (ContentKind::Channels, "vod_id"),
        (ContentKind::Channels, "movie_id"),
        (ContentKind::Movies, "series_id"),
        (ContentKind::Movies, "channel_id"),
        (ContentKind::Series, "stream_id"),
        (ContentKind::Series, "vod_id"),
    ] {
        let foreign = |id: usize| format!(r#"{{"id":{id},"{key}":{id},"name":"Secret title"}}"#);
        let own = |id: usize| format!(r#"{{"{}":{id}}}"#, asked.id_column());
        for body in [list(&[foreign(1), foreign(2)]), list(&[foreign(1), own(2), foreign(3)])] {
            let message = wrong(asked, &body);
            assert!(message.contains(key) && message.contains(asked.id_column()), "{message}");
        }
        let (entries, end) = decode(asked, &list(&[foreign(1), own(2), own(3)])).unwrap();
        assert_eq!((ids(&entries), end.unreadable), (vec![2, 3], 1));
        // An item of the kind may have that key too.
        let both = |id: usize| format!(r#"{{"{key}":null,"{}":{id}}}"#, asked.id_column());
        assert_eq!(ids(&decode(asked, &list(&[both(1), both(2)])).unwrap().0), [1, 2]);
    }
}

/// An element that is as known was of this kind when it was decoded.
#[test]
fn field_13_known_elements_are_of_the_kind() {
    let known = list(&[1, 2, 3].map(|id| of_type("stream_id", id, r#""live""#)));
    let (entries, _) = decode(ContentKind::Channels, &known).unwrap();
    let index = entries.iter().map(|entry| (listed(entry).item.id(), digest(entry)));
    let index = ListingIndex::new(SCHEME, index).unwrap();
    let more = |count: usize| {
        let new = (0..count).map(|at| of_type("stream_id", 10 + at, r#""movie""#)).collect::<Vec<_>>().join(",");
        format!("{},{new}]", known.trim_end_matches(']'))
    };
    let decode = |body: &str| decode_with(ContentKind::Channels, Some(index.clone()), body.as_bytes());
    assert_eq!(decode(&more(3)).unwrap().0.len(), 6);
    assert_eq!(decode(&more(4)).unwrap_err().what, AnswerFault::WrongItems);
}

#[test]
fn field_25_an_id_may_have_another_key() {
    for (kind, keys) in [
        (ContentKind::Channels, ["channel_id", "live_id", "id"]),
        (ContentKind::Movies, ["vod_id", "movie_id", "id"]),
        (ContentKind::Series, ["serie_id", "show_id", "id"]),
    ] {
        for key in keys {
            let element = |id: usize| format!(r#"{{"num":{id},"name":"City of Gold","{key}":"{id}"}}"#);
            for count in [1, 2, 499, 500, 501, 900] {
                let elements: Vec<_> = (1..=count).map(|id| element(2000 + id)).collect();
                let (entries, end) = decode(kind, &list(&elements)).unwrap();
                assert_eq!(ids(&entries), (2001..=2000 + i64::try_from(count).unwrap()).collect::<Vec<_>>(), "{key}");
                assert_eq!(end, Completeness::default());
                let ValueRef::Extra(extra) = listed(&entries[0]).item.value(kind.field("extra").unwrap()) else {
                    panic!("no extra")
                };
                assert!(extra.is_empty(), "the key is that of the id: {extra:?}");
            }
        }
    }
    // The least ambiguous key is taken, if there are several.
    let body = r#"[{"id":1,"movie_id":11,"vod_id":21},{"id":2,"movie_id":12,"vod_id":22},{"id":3,"vod_id":23}]"#;
    assert_eq!(ids(&decode(ContentKind::Movies, body).unwrap().0), [21, 22, 23]);
    let body = r#"[{"id":1,"vod_id":null},{"id":2,"vod_id":""},{"id":3,"vod_id":"x"},{"name":"no id"}]"#;
    let (entries, end) = decode(ContentKind::Movies, body).unwrap();
    assert_eq!((ids(&entries), end.unreadable), (vec![1, 2, 3], 1));
    // In a list that is an object, the key is the id only of an item that names none.
    let body = r#"{"0":{"vod_id":5},"1":{"vod_id":6}}"#;
    assert_eq!(ids(&decode(ContentKind::Movies, body).unwrap().0), [5, 6]);
}

#[test]
fn field_25_another_key_counts_only_if_the_usual_one_is_absent() {
    let body = r#"[{"id":7,"name":"no id"},{"id":8,"stream_id":1},{"id":9}]"#;
    let (entries, end) = decode(ContentKind::Movies, body).unwrap();
    assert_eq!((ids(&entries), end.unreadable), (vec![1], 2));
    let body = r#"[{"id":7},{"id":8,"stream_id":null},{"id":9,"stream_id":1}]"#;
    let (entries, end) = decode(ContentKind::Movies, body).unwrap();
    assert_eq!((ids(&entries), end.unreadable), (vec![1], 2), "the key is there, though nothing is in it");
    // If a list changes its key after more elements than are kept back, it has no key.
    let mut elements: Vec<_> = (0..600).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    elements.push(r#"{"id":1,"stream_id":600}"#.to_owned());
    let message = wrong(ContentKind::Movies, &list(&elements));
    assert!(message.contains("`stream_id`") && message.contains("`id`"), "{message}");
}

#[test]
fn field_25_known_elements_are_recognised_under_the_same_key_only() {
    let element = |id: i64| format!(r#"{{"num":{id},"name":"a","vod_id":{id},"id":{}}}"#, id + 100);
    for count in [1, 2, 499, 500, 501, 700] {
        let body = list(&(1..=count).map(element).collect::<Vec<_>>());
        let (entries, _) = decode(ContentKind::Movies, &body).unwrap();
        let index = entries.iter().map(|entry| (listed(entry).item.id(), digest(entry)));
        let index = ListingIndex::new(SCHEME, index).unwrap();
        let again = |body: &str| decode_with(ContentKind::Movies, Some(index.clone()), body.as_bytes()).unwrap().0;
        let same = again(&body);
        assert_eq!(ids(&same), (1..=count).collect::<Vec<_>>());
        assert!(same.iter().all(|entry| matches!(entry, Entry::Same(_))), "{count}");
        let moved = body.replace(r#""num":1,"#, r#""num":77,"#);
        assert!(again(&moved).iter().all(|entry| matches!(entry, Entry::Same(_))), "{count}");
        // The same bytes beside an element that has the usual key have no id.
        let usual = format!("[{},{}", r#"{"stream_id":9999}"#, body.trim_start_matches('['));
        assert_eq!(ids(&again(&usual)), [9999]);
    }
}

#[test]
fn field_25_the_message_names_the_present_keys() {
    let message = wrong(ContentKind::Movies, r#"[{"film":"Secret","na\u006de":"Secret"},{"film":1,"code":"Secret"}]"#);
    assert_eq!(message, "none of 2 elements is one of movies: no `stream_id`, but `film`, `name`, `code`");
    let many: Vec<_> = (0..100).map(|at| format!(r#""{at:030}":"Secret""#)).collect();
    let message = wrong(ContentKind::Series, &format!("[{{{}}}]", many.join(",")));
    assert!(message.len() < 400, "{message}");
    assert_eq!(wrong(ContentKind::Movies, "[1,2]"), "none of 2 elements is one of movies");
}
