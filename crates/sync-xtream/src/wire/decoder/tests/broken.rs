//! Tests of broken elements, and of the elements that they swallow. No element disappears unnoticed.

use super::*;

/// Returns the ids of the items, the certain ids of broken elements, and the number of unreadable elements.
fn read(kind: ContentKind, body: &str) -> (Vec<i64>, Vec<i64>, u64) {
    let (entries, end) = decode(kind, body).unwrap_or_else(|fault| panic!("{body}: {fault:?}"));
    let broken = entries.iter().filter(|entry| matches!(entry, Entry::Broken(_))).map(|entry| entry.id().0).collect();
    (ids(&entries), broken, end.unreadable)
}

#[test]
fn field_23_a_stray_quote_or_a_lost_one_costs_its_element_and_no_other() {
    for (body, items, broken) in [
        (r#"[{"stream_id":1,"name":"5" TV"},{"stream_id":2,"name":"c"}]"#, &[2][..], &[1][..]),
        (r#"[{"stream_id":1,"name":"a\"},{"stream_id":2,"name":"c"}]"#, &[2], &[1]),
        (r#"[{"stream_id":1,"name":"a},{"stream_id":2,"name":"c"}]"#, &[2], &[1]),
        (r#"[{"stream_id":1,"name":a"},{"stream_id":2,"name":"c"}]"#, &[2], &[1]),
        (r#"[{"stream_id":1,"name:"a"},{"stream_id":2,"name":"c"}]"#, &[2], &[1]),
        (r#"[{"stream_id":1,"name":"c"},{"stream_id":2,"name":"5" TV"}]"#, &[1], &[2]),
        (r#"[{"stream_id":1,"name":"c"},{"stream_id":2,"name":"lost}]"#, &[1], &[2]),
        // The id comes after the position at which the element is broken.
        (r#"[{"name":"5" TV","stream_id":1,"x":"{}"},{"name":"c","stream_id":2}]"#, &[2], &[1]),
        (r#"[{"name":"c","stream_id":1},{"name":"lost,"stream_id":2},{"name":"d","stream_id":3}]"#, &[1, 3], &[2]),
        // Three of five are broken, and one is beside another.
        (
            r#"[{"stream_id":1,"name":"5" tv"},{"stream_id":2,"name":"x"},{"stream_id":3,"name":"6" tv"},{"stream_id":4,"name":"7" tv"},{"stream_id":5}]"#,
            &[2, 5],
            &[1, 3, 4],
        ),
        // The list is printed for people.
        (
            "[\n  {\n    \"stream_id\": 1,\n    \"name\": \"5\" TV\"\n  },\n  {\n    \"stream_id\": 2\n  }\n]\n",
            &[2],
            &[1],
        ),
        ("[\n  {\n    \"stream_id\": 1,\n    \"name\": \"5\n  },\n  {\n    \"stream_id\": 2\n  }\n]\n", &[2], &[1]),
    ] {
        let count = broken.len() as u64;
        assert_eq!(read(ContentKind::Movies, body), (items.to_vec(), broken.to_vec(), count), "{body}");
    }
    // If the id is not certain, the element has none.
    for body in [
        r#"[{"stream_id":1"2,"name":"a"},{"stream_id":3}]"#,
        r#"[{"name":"5" TV","stream_id":"1"2"},{"stream_id":3}]"#,
        r#"[{"name":"5" TV","stream_id":1,"x":{"stream_id":2}},{"stream_id":3}]"#,
        r#"[{"name":"5" TV","x":"stream_id"},{"stream_id":3}]"#,
    ] {
        assert_eq!(read(ContentKind::Movies, body), (vec![3], vec![], 1), "{body}");
    }
}

#[test]
fn field_23_a_list_that_is_an_object_is_read_on_behind_a_broken_element() {
    for (body, items, broken) in [
        (r#"{"0":{"stream_id":1,"name":"5" TV"},"1":{"stream_id":2,"name":"c"}}"#, &[2][..], &[1][..]),
        (r#"{"0":{"stream_id":1,"name":"lost},"1":{"stream_id":2,"name":"c"}}"#, &[2], &[1]),
        (r#"{"0":{"stream_id":2,"name":"c"},"1":{"stream_id":1,"name":"5" TV"}}"#, &[2], &[1]),
        (r#"{"0":{"stream_id":1,"name":"c"},"1":{"stream_id":2,"name":"lost}}"#, &[1], &[2]),
        // A lost brace makes the next element a member of this one.
        (r#"{"0":{"stream_id":1,"name":"a","1":{"stream_id":2,"name":"c"},"2":{"stream_id":3}}"#, &[2, 3], &[1]),
        (r#"{"0":"stream_id":1,"name":"a"},"1":{"stream_id":2}}"#, &[2], &[1]),
        (r#"{"0":{"stream_id":1},"name":"a"},"1":{"stream_id":2}}"#, &[2], &[1]),
        // The key may be the id, if the other elements have no other id.
        (r#"{"7":{"name":"b"},"8":{"name":"5" tv"},"9":{"name":"c"}}"#, &[7, 9], &[8]),
        (r#"{"8":{"name":"5" tv"},"9":{"name":"c"}}"#, &[9], &[]),
        (r#"{"0":{"stream_id":7},"8":{"name":"5" tv"},"9":{"stream_id":8}}"#, &[7, 8], &[]),
        (r#"{"a1":{"stream_id":1},"b2":{"stream_id":2,"name":"5" tv"},"c3":{"stream_id":3}}"#, &[1, 3], &[2]),
    ] {
        assert_eq!(read(ContentKind::Movies, body), (items.to_vec(), broken.to_vec(), 1), "{body}");
    }
}

#[test]
fn field_23_braces_brackets_and_commas_too_many_or_too_few_cost_one_element() {
    for (body, items, broken) in [
        (r#"[{"stream_id":1},"name":"a"},{"stream_id":2}]"#, &[2][..], &[1][..]),
        (r#"[{"stream_id":1}],"name":"a"},{"stream_id":2}]"#, &[2], &[1]),
        (r#"[{"stream_id":1,"name":"a",{"stream_id":2},{"stream_id":3}]"#, &[2, 3], &[1]),
        (r#"[{"stream_id":1,"name":"a"],{"stream_id":2}]"#, &[2], &[1]),
        (r#"[{"stream_id":1},"stream_id":2,"name":"a"},{"stream_id":3}]"#, &[1, 3], &[2]),
        (r#"[{"stream_id":1},["stream_id":2,"name":"a"},{"stream_id":3}]"#, &[1, 3], &[]),
        (r#"[{"stream_id":1},x"stream_id":2,"name":"a"},{"stream_id":3}]"#, &[1, 3], &[]),
        (r#"[{"stream_id":1,"x":[1,2},{"stream_id":2},{"stream_id":3,"x":[1]}]"#, &[2, 3], &[1]),
        (r#"[{"stream_id":1,"x":1,2]},{"stream_id":2}]"#, &[2], &[1]),
        (r#"[{"stream_id":1 "name":"a"},{"stream_id":2}]"#, &[2], &[]),
        (r#"[{"stream_id":1,"name":"a" "year":1},{"stream_id":2}]"#, &[2], &[1]),
        (r#"[{"stream_id" 1,"name":"no colon"},{"stream_id":3}]"#, &[3], &[]),
        (r#"[{"stream_id":1,"name":"a"]"#, &[], &[1]),
        ("[{\"stream_id\":1,\0\"name\":\"a\"},{\"stream_id\":2}]", &[2], &[1]),
        // This looks like an element within a broken one, and is none.
        (
            r#"[{"stream_id":1,"name":"5" TV","similar":[{"stream_id":8,"name":"x"},{"stream_id":9}]},{"stream_id":2}]"#,
            &[2],
            &[],
        ),
        (r#"[{"stream_id":1,"name":"a" {"stream_id":2,"name":"b"}},{"stream_id":3}]"#, &[3], &[1]),
        (r#"[{"stream_id":1,"name":"a",{"stream_id":2}},{"stream_id":3}]"#, &[3], &[1, 2]),
    ] {
        let (found, certain, unreadable) = read(ContentKind::Movies, body);
        assert_eq!((found, unreadable > 0), (items.to_vec(), true), "{body}");
        assert!(certain == broken || broken.is_empty(), "{body}: {certain:?}");
    }
}

/// An element that has lost a bracket takes in the elements after it. It seems to be sound if a broken one has as many
/// brackets too many. The bytes after that are not those between two elements.
#[test]
fn elements_that_another_one_has_swallowed_are_found() {
    for junk in ["{null", r#"n"10""#, ":]n", ",null", r#","x":1"#, r#""x""#, ",x", "]", "}", " ", "\\"] {
        let lost =
            r#"{"0":{"stream_id":1,"name":"a","1":{"stream_id":2},"2":{"stream_id":3},"3":{"stream_id":4,"year":}}"#;
        let keyed = format!(r#"{lost}{junk}}},"4":{{"stream_id":5}}}}"#);
        let lost = r#"[{"stream_id":1,"x":[1,{"stream_id":2},{"stream_id":3},{"stream_id":4}]}"#;
        let array = format!(r#"{lost}{junk}}},{{"stream_id":5}}]"#);
        for (body, chunk) in [&keyed, &array].into_iter().flat_map(|body| [1, 7, 1000].map(|chunk| (body, chunk))) {
            let mut decoder = Decoder::new(ContentKind::Movies, None, LIMITS);
            let mut entries = Vec::new();
            body.as_bytes().chunks(chunk).for_each(|part| decoder.feed(part, &mut entries).unwrap());
            let end = decoder.finish(true, &mut entries).unwrap();
            let found: Vec<_> = ids(&entries).into_iter().filter(|id| *id != 4).collect();
            assert_eq!(found, [2, 3, 5], "{body} in pieces of {chunk}");
            assert!(end.unreadable > 0, "{body}");
        }
    }
}

#[test]
fn a_name_that_looks_like_the_beginning_of_an_element_is_a_name() {
    let name = r#"a},{\"stream_id\":9,\"name\":\"x\"},{\"stream_id\":8"#;
    let body = format!(r#"[{{"stream_id":1,"name":"{name}"}},{{"stream_id":2,"name":"5" {name}"}},{{"stream_id":3}}]"#);
    let (entries, end) = decode(ContentKind::Movies, &body).unwrap();
    assert_eq!((ids(&entries), end.unreadable), (vec![1, 3], 1));
    assert_eq!(listed(&entries[0]).item.name(), r#"a},{"stream_id":9,"name":"x"},{"stream_id":8"#);
}

#[test]
fn field_24_an_element_that_is_not_json_is_no_item() {
    for body in [
        r#"[{"stream_id":1,"name":"a "b" c"}]"#,
        r#"[{"stream_id":1,"name":"a "b" c","year":2001,"x":"y"}]"#,
        r#"[{"stream_id":1,"name":"a" b "c"}]"#,
        r#"[{"stream_id":1,"name":"a","x" "y":1}]"#,
    ] {
        let (entries, end) = decode(ContentKind::Movies, body).unwrap();
        assert!(matches!(entries[..], [Entry::Broken(ContentId(1))]), "{body}: {entries:?}");
        assert_eq!(end.unreadable, 1);
    }
    // If the element doesn't even show its id, nothing is of the kind.
    let fault = decode(ContentKind::Movies, r#"[{"name":"a "b" c"}]"#).unwrap_err();
    assert_eq!(fault.what, AnswerFault::WrongItems);
}

#[test]
fn a_list_with_broken_elements_is_complete_only_with_a_proved_end() {
    let verdict = |body: &str, proved: bool| {
        let mut decoder = Decoder::new(ContentKind::Movies, None, LIMITS);
        let mut out = Vec::new();
        decoder.feed(body.as_bytes(), &mut out).unwrap();
        decoder.finish(proved, &mut out).map_err(|fault| fault.what)
    };
    let stray = r#"[{"stream_id":1,"name":"5" TV"},{"stream_id":2,"name":"c"}]"#;
    assert!(verdict(stray, true).is_ok());
    assert_eq!(verdict(stray, false), Err(AnswerFault::Truncated));
    assert_eq!(verdict(&format!("{stray}<!-- x -->"), true), Err(AnswerFault::Truncated));
    for cut in 1..stray.len() {
        assert_eq!(verdict(&stray[..cut], true), Err(AnswerFault::Truncated), "{}", &stray[..cut]);
    }
    // If the brackets prove the end, no other proof is needed.
    let even = r#"[{"stream_id":1,"name":"a "b" c"},{"stream_id":2,"name":"c"}]"#;
    assert_eq!(verdict(even, false).unwrap().unreadable, 1);
    assert!(verdict(&format!("{even}<!-- x -->"), false).unwrap().trailing_bytes);
    let last = r#"[{"stream_id":2,"name":"c"},{"stream_id":1,"name":"a "b" c"}]"#;
    assert_eq!(verdict(last, false).unwrap().unreadable, 1);
    assert!(verdict(&format!("{last} <!-- x -->"), false).unwrap().trailing_bytes);
}

#[test]
fn the_position_of_a_broken_element_is_reported() {
    let place = |body: &str, chunk: usize| {
        let mut decoder = Decoder::new(ContentKind::Movies, None, LIMITS);
        let mut out = Vec::new();
        for part in body.as_bytes().chunks(chunk) {
            decoder.feed(part, &mut out).unwrap();
            out.clear();
        }
        let at = decoder.finish(true, &mut out).unwrap().unreadable_at.unwrap();
        (at.offset, at.before.map(|id| id.0), at.after.map(|id| id.0))
    };
    let broken = r#"{"stream_id":2,"name":"5" TV"}"#;
    for chunk in [1, 7, 1000] {
        assert_eq!(place(&format!("[{broken},{{\"stream_id\":3}}]"), chunk), (1, None, Some(3)));
        assert_eq!(
            place(&format!(" [{{\"stream_id\":1}},{broken},{{\"stream_id\":3}}]"), chunk),
            (18, Some(1), Some(3))
        );
        assert_eq!(place(&format!("\u{feff}[{{\"stream_id\":1}},{broken}]"), chunk), (20, Some(1), None));
        assert_eq!(place(r#"[{"stream_id":1},{"name":"no id"},null,{"stream_id":3}]"#, chunk), (17, Some(1), Some(3)));
    }
}

#[test]
fn a_quote_in_a_large_list_costs_neither_memory_nor_another_element() {
    let element =
        |id: usize| format!(r#"{{"num":{id},"name":"[UK] {{A}} film, {id}","stream_id":{id},"category_ids":[{id}]}}"#);
    let mut elements: Vec<_> = (0..40_000).map(element).collect();
    for at in [10, 20_000, 20_001, 39_999] {
        elements[at] = elements[at].replace("film", r#"5" film"#);
    }
    let body = format!("[{}]", elements.join(","));
    for chunk in [1000, 100_000, body.len()] {
        let mut decoder = Decoder::new(ContentKind::Movies, None, Limits { elements: 50_000, ..LIMITS });
        let (mut items, mut out) = (0, Vec::new());
        for part in body.as_bytes().chunks(chunk) {
            decoder.feed(part, &mut out).unwrap();
            items += out.iter().filter(|entry| matches!(entry, Entry::Item(..))).count();
            out.clear();
        }
        let end = decoder.finish(true, &mut out).unwrap();
        assert_eq!((items, end.unreadable), (39_996, 4), "chunks of {chunk}");
    }
}

#[test]
fn a_broken_element_never_counts_as_unchanged() {
    let body = r#"[{"stream_id":1,"name":"a "b" c","category_id":"7"},{"stream_id":2}]"#;
    let (entries, end) = decode(ContentKind::Channels, body).unwrap();
    let whole = digest(&entries[1]);
    // This is so even if its digest was stored in some way.
    for of_broken in [Digest::NEVER, Digest(1)] {
        let index = ListingIndex::new(SCHEME, [(ContentId(1), of_broken), (ContentId(2), whole)]).unwrap();
        let (again, once_more) = decode_with(ContentKind::Channels, Some(index), body.as_bytes()).unwrap();
        assert!(matches!(again[..], [Entry::Broken(ContentId(1)), Entry::Same(ContentId(2))]));
        assert_eq!(once_more, end);
    }
}

#[test]
fn an_element_that_is_missing_is_counted() {
    for (body, found) in [
        (r#"[{"stream_id":1},,{"stream_id":3}]"#, &[1, 3][..]),
        (r#"[,{"stream_id":1}]"#, &[1]),
        (r#"{"5":,"6":{"name":"b"}}"#, &[6]),
        (r#"{"5":null,"6":{"name":"b"}}"#, &[6]),
        (r#"{"6":{"name":"b"},"5"}"#, &[6]),
    ] {
        let (entries, end) = decode(ContentKind::Channels, body).unwrap();
        assert_eq!((ids(&entries), end.unreadable), (found.to_vec(), 1), "{body}");
    }
    // A key without an element doesn't belong to the next element.
    assert!(decode(ContentKind::Channels, r#"{"5":,{"name":"b"}}"#).is_err());
    // A panel that writes two commas everywhere means one.
    let elements = |count: i64| (1..=count).map(|id| format!(r#"{{"stream_id":{id}}}"#)).collect::<Vec<_>>();
    let holes = |body: String| decode(ContentKind::Channels, &body).unwrap().1.unreadable;
    assert_eq!(holes(format!("[{}]", elements(8).join(",,"))), 0);
    assert_eq!(holes(format!("[{}]", elements(7).join(",,"))), 6);
    assert_eq!(holes(format!("[{},{}]", elements(8).join(",,"), elements(1)[0])), 7);
}

#[test]
fn words_within_a_list_do_not_end_it() {
    let notice =
        "<br /><b>Warning</b>: fopen() [<a href='function.fopen'>function.fopen</a>]: failed in <b>/x</b><br />\n";
    let body = format!("[{{\"stream_id\":1}},\n{notice}{{\"stream_id\":2}},{{\"stream_id\":3}}]");
    let (entries, end) = decode(ContentKind::Channels, &body).unwrap();
    assert_eq!((ids(&entries), end.unreadable, end.trailing_bytes), (vec![1, 2, 3], 1, false));
    // In that case neither half can be recognised.
    let body = r#"[{"stream_id":1}, x [{}]: failed {"stream_id":2}]"#;
    let (entries, end) = decode(ContentKind::Channels, body).unwrap();
    assert_eq!((ids(&entries), end.trailing_bytes), (vec![1], true));
    assert_eq!((end.unreadable_digest, end.trailing_digest), (None, None));
}

#[test]
fn words_are_no_empty_list() {
    for (body, fault) in [
        (
            "<br />\n<b>Fatal error</b>:  Uncaught Error: [] operator not supported for strings in /x.php:5\n",
            AnswerFault::Html,
        ),
        ("<br />\n<b>Fatal error</b>:  x in <b>/a.php</b><br />\n[{\"stream_id\":1}]", AnswerFault::Html),
        ("<br />\n<b>Warning</b>:  x in <b>/a.php</b><br />\n[]", AnswerFault::Html),
        ("Notice: x\n[ ]", AnswerFault::NotJson),
        ("Warning: x expects [{\"a\":1}]", AnswerFault::NotJson),
    ] {
        assert_eq!(decode(ContentKind::Channels, body).unwrap_err().what, fault, "{body}");
    }
    let body = "<b>Warning</b>:  [] operator in <b>/x.php</b><br />\n[{\"stream_id\":1},{\"stream_id\":2}]";
    assert_eq!(ids(&decode(ContentKind::Channels, body).unwrap().0), [1, 2]);
}

#[test]
fn an_element_too_large_or_too_deep_is_an_item_with_its_readable_fields() {
    let has = |body: &str| {
        let (entries, end) = decode(ContentKind::Channels, body).unwrap();
        assert_eq!((ids(&entries), end.unreadable), (vec![5], 1));
        assert!(matches!(entries[0], Entry::Item(_, None)));
        let present = listed(&entries[0]).present;
        ["name", "category_id", "extra", "stream_icon", "added"]
            .map(|field| present.has(ContentKind::Channels.field(field).unwrap()))
    };
    let large = format!(r#"[{{"stream_id":5,"name":"a","stream_icon":"{}","added":1}}]"#, "x".repeat(200_000));
    assert_eq!(has(&large), [true, false, false, false, false]);
    let deep = format!(
        r#"[{{"stream_id":5,"name":"a","stream_icon":{}{},"category_id":"7"}}]"#,
        "[".repeat(64),
        "]".repeat(64)
    );
    assert_eq!(has(&deep), [true, true, false, false, false]);
    // A number that was cut is no number, and an id that was not kept can't be read.
    let cut = format!(r#"[{{"stream_id":6}},{{"x":"{}","stream_id":12345}}]"#, "x".repeat(200_000));
    let (entries, end) = decode(ContentKind::Channels, &cut).unwrap();
    assert_eq!((ids(&entries), end.unreadable, end.unreadable_digest), (vec![6], 1, None));
    let padding = "x".repeat(4096 - r#"{"x":"","stream_id":123"#.len());
    let number = format!(r#"[{{"stream_id":6}},{{"x":"{padding}","stream_id":12345,"y":"{}"}}]"#, "y".repeat(200_000));
    assert_eq!(ids(&decode(ContentKind::Channels, &number).unwrap().0), [6]);
}
