//! Elements that are broken, and what they swallow: it never looks as if it weren't there.

use super::*;

#[test]
fn a_broken_element_is_counted_whatever_it_has_swallowed() {
    for (body, found) in [
        (
            r#"[{"stream_id":1,"name":"5" tv"},{"stream_id":2,"name":"x"},{"stream_id":3,"name":"6" tv"},{"stream_id":4}]"#,
            &[1, 4][..],
        ),
        (r#"[{"stream_id":1,"x":[1,2},{"stream_id":2},{"stream_id":3]},{"stream_id":4}]"#, &[1, 4]),
        (r#"[{"stream_id":1,"name":"a" {"stream_id":2,"name":"b"}},{"stream_id":3}]"#, &[1, 3]),
        (r#"[{"stream_id":1,"name":"a",{"stream_id":2}},{"stream_id":3}]"#, &[1, 3]),
        (r#"[{"stream_id":1,"name":"a","stream_id":2,"name":"b"},{"stream_id":3}]"#, &[1, 3]),
        (r#"[{"stream_id" 1 "name":"no colon"},{"stream_id":3}]"#, &[1, 3]),
        (r#"{"1":{"a":"5" tv"},"2":{"a":"6" tv"},"3":{"a":1}}"#, &[1, 3]),
    ] {
        let (entries, end) = decode(ContentKind::Channels, body).unwrap();
        assert_eq!((ids(&entries), end.unreadable), (found.to_vec(), 1), "{body}");
        assert!(matches!(entries[0], Entry::Item(_, None)), "without digest it is looked at each time: {body}");
        assert!(matches!(entries[1], Entry::Item(_, Some(_))), "{body}");
    }
}

#[test]
fn a_broken_element_is_never_the_same() {
    let body = r#"[{"stream_id":1,"name":"a "b" c","category_id":"7"},{"stream_id":2}]"#;
    let (entries, end) = decode(ContentKind::Channels, body).unwrap();
    let whole = digest(&entries[1]);
    // Not even where its digest was stored in some way.
    for of_broken in [Digest::NEVER, Digest(1)] {
        let index = ListingIndex::new(SCHEME, [(ContentId(1), of_broken), (ContentId(2), whole)]).unwrap();
        let (again, once_more) = decode_with(ContentKind::Channels, Some(index), body.as_bytes()).unwrap();
        assert!(matches!(again[..], [Entry::Item(_, None), Entry::Same(ContentId(2))]));
        assert_eq!(once_more, end);
    }
}

#[test]
fn a_broken_element_has_no_field_of_those_it_swallowed() {
    let has = |body: &str, field: &str| {
        let (entries, _) = decode(ContentKind::Channels, body).unwrap();
        listed(&entries[0]).present.has(ContentKind::Channels.field(field).unwrap())
    };
    let swallowed = r#"[{"stream_id":1,"category_id":"3","x":[1},{"stream_id":2],"name":"two"}]"#;
    assert!(has(swallowed, "category_id") && !has(swallowed, "name") && !has(swallowed, "extra"));
    // One that is broken by itself has all that can be read.
    let alone = r#"[{"stream_id":1,"name":"a "b" c","category_id":"3"}]"#;
    assert!(has(alone, "name") && has(alone, "category_id") && !has(alone, "extra"));
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
    // The key that has no element isn't that of the next.
    assert!(decode(ContentKind::Channels, r#"{"5":,{"name":"b"}}"#).is_err());
    // Who writes two commas everywhere means one.
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
    // Where they do, neither half is known.
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
fn what_is_too_large_or_too_deep_is_an_item_with_what_can_be_kept() {
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
    // A number that was cut is none, and an id that was not kept can't be read.
    let cut = format!(r#"[{{"stream_id":6}},{{"x":"{}","stream_id":12345}}]"#, "x".repeat(200_000));
    let (entries, end) = decode(ContentKind::Channels, &cut).unwrap();
    assert_eq!((ids(&entries), end.unreadable, end.unreadable_digest), (vec![6], 1, None));
    let padding = "x".repeat(4096 - r#"{"x":"","stream_id":123"#.len());
    let number = format!(r#"[{{"stream_id":6}},{{"x":"{padding}","stream_id":12345,"y":"{}"}}]"#, "y".repeat(200_000));
    assert_eq!(ids(&decode(ContentKind::Channels, &number).unwrap().0), [6]);
}
