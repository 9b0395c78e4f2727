//! Tests with listings as bad panels write them.

use super::*;

fn text(entry: &Entry, field: &str) -> Option<String> {
    let item = &listed(entry).item;
    match item.value(item.kind().field(field).unwrap()) {
        ValueRef::Text(text) => Some(text.to_owned()),
        _ => None,
    }
}

/// Returns the elements of a list around one. All of them are decoded as they should be.
fn among_good(element: &str) -> (Vec<i64>, Completeness) {
    let body = format!(r#"[{{"stream_id":1,"name":"a"}},{element},{{"stream_id":3,"name":"c"}}]"#);
    let (entries, end) = decode(ContentKind::Movies, &body).unwrap_or_else(|fault| panic!("{element}: {fault:?}"));
    let names = [entries.first(), entries.last()].map(|entry| listed(entry.unwrap()).item.name().to_owned());
    assert_eq!(names, ["a", "c"], "{element}");
    (ids(&entries), end)
}

#[test]
fn bytes_before_and_after_a_list_only_set_a_flag() {
    let list = r#"[{"stream_id":1},{"stream_id":2}]"#;
    for before in [
        "",
        "\u{feff}",
        " \r\n\t",
        "\u{feff}\n",
        "<br />\n<b>Warning</b>:  x in <b>/a.php</b> on line <b>3</b><br />\n",
        "Notice: y\n",
    ] {
        let (entries, end) = decode(ContentKind::Movies, &format!("{before}{list}")).unwrap();
        assert_eq!((ids(&entries), end), (vec![1, 2], Completeness::default()), "{before:?}");
    }
    for after in ["<!-- 0.3s -->", list, "]", "{}", "\u{0}"] {
        let (entries, end) = decode(ContentKind::Movies, &format!("{list}{after}")).unwrap();
        assert_eq!((ids(&entries), end.trailing_bytes), (vec![1, 2], true), "{after:?}");
    }
}

#[test]
fn nearly_valid_json_costs_no_item() {
    let good = Completeness::default();
    assert_eq!(among_good(r#"{"stream_id":2,"rating":NaN,"year":Infinity,}"#), (vec![1, 2, 3], good));
    assert_eq!(among_good("{\"stream_id\":2,\"plot\":\"two\nlines\tand \u{1}\"}"), (vec![1, 2, 3], good));
    assert_eq!(among_good(r#"{"stream_id":2,"name":,,"year":}"#), (vec![1, 2, 3], good));
    let (entries, end) = decode(ContentKind::Movies, r#"[{"stream_id":1},]"#).unwrap();
    assert_eq!((ids(&entries), end), (vec![1], good));
}

#[test]
fn a_name_with_illegal_unicode_is_repaired_and_stays_the_same() {
    let body = b"[{\"stream_id\":1,\"name\":\"a\xc3\x28b\"},{\"stream_id\":2,\"name\":\"latin \xe9\"}]";
    let (entries, end) = decode_with(ContentKind::Movies, None, body).unwrap();
    let names: Vec<_> = entries.iter().map(|entry| listed(entry).item.name().to_owned()).collect();
    assert_eq!(names, ["aÃ(b", "latin é"]);
    assert_eq!(end, Completeness::default());
    let known = entries.iter().map(|entry| (listed(entry).item.id(), digest(entry)));
    let index = ListingIndex::new(SCHEME, known).unwrap();
    let (again, _) = decode_with(ContentKind::Movies, Some(index), body).unwrap();
    assert!(again.iter().all(|entry| matches!(entry, Entry::Same(_))));
}

#[test]
fn an_item_without_a_name_is_an_item() {
    for name in [r#","name":null"#, r#","name":"""#, ""] {
        assert_eq!(among_good(&format!(r#"{{"stream_id":2{name}}}"#)).0, [1, 2, 3], "{name}");
    }
}

#[test]
fn an_item_without_an_id_is_skipped_and_counted() {
    for element in [r#"{"name":"b"}"#, r#"{"stream_id":"","name":"b"}"#, r#"{"stream_id":null}"#, "{}", "null", "7"] {
        let (found, end) = among_good(element);
        assert_eq!((found, end.unreadable), (vec![1, 3], 1), "{element}");
    }
}

#[test]
fn an_id_that_occurs_twice_is_two_elements_for_the_core_to_unite() {
    let body = r#"[{"stream_id":7,"name":"a","category_id":"1"},{"stream_id":7,"name":"b","category_id":"2"}]"#;
    let (entries, _) = decode(ContentKind::Channels, body).unwrap();
    assert_eq!(ids(&entries), [7, 7]);
    assert_eq!([text(&entries[0], "category_id"), text(&entries[1], "category_id")].map(Option::unwrap), ["1", "2"]);
    assert_ne!(digest(&entries[0]), digest(&entries[1]));
}

#[test]
fn the_same_id_in_another_kind_is_another_item() {
    let body = r#"[{"stream_id":500,"series_id":500,"name":"x"}]"#;
    for kind in ContentKind::ALL {
        let (entries, _) = decode(kind, body).unwrap();
        let item = &listed(&entries[0]).item;
        assert_eq!((item.kind(), item.id()), (kind, ContentId(500)));
    }
}

#[test]
fn a_missing_container_is_not_an_empty_one() {
    let at = ContentKind::Movies.field("container_extension").unwrap();
    for (member, present) in
        [(r#","container_extension":null"#, true), (r#","container_extension":"""#, true), ("", false)]
    {
        let (entries, _) = decode(ContentKind::Movies, &format!(r#"[{{"stream_id":2{member}}}]"#)).unwrap();
        assert_eq!(text(&entries[0], "container_extension"), None);
        assert_eq!(listed(&entries[0]).present.has(at), present, "{member}");
    }
}

#[test]
fn radio_among_the_channels_is_a_channel_with_a_type() {
    let body = r#"[{"stream_id":1,"stream_type":"live"},{"stream_id":2,"stream_type":"radio_streams"},{"stream_id":3,"stream_type":"created_live"},{"stream_id":4,"stream_type":null}]"#;
    let (entries, _) = decode(ContentKind::Channels, body).unwrap();
    let types: Vec<_> = entries.iter().map(|entry| text(entry, "stream_type")).collect();
    assert_eq!(
        types,
        [Some("live".to_owned()), Some("radio_streams".to_owned()), Some("created_live".to_owned()), None]
    );
}

#[test]
fn a_value_beyond_a_limit_costs_its_item_only() {
    let wide = format!(r#"{{"stream_id":2,"category_ids":[{}0]}}"#, "0,".repeat(20_000));
    assert_eq!(among_good(&wide), (vec![1, 2, 3], Completeness::default()));
    let large = format!(r#"{{"stream_id":2,"plot":"{}"}}"#, "x".repeat(5_000_000));
    let deep = format!(r#"{{"stream_id":2,"plot":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let deep_objects = format!(r#"{{"stream_id":2,"x":{}1{}}}"#, r#"{"a":"#.repeat(5000), "}".repeat(5000));
    for element in [large, deep, deep_objects] {
        let (found, end) = among_good(&element);
        assert_eq!((found, end.unreadable), (vec![1, 2, 3], 1), "what its id is stands in front");
    }
    let keys: Vec<_> = (0..50_000).map(|at| format!(r#""k{at:05}":{at}"#)).collect();
    let body = format!(r#"[{{"stream_id":2,{},"name":"last"}}]"#, keys.join(","));
    let mut decoder = Decoder::new(ContentKind::Movies, None, Limits { element_bytes: body.len(), ..LIMITS });
    let mut out = Vec::new();
    decoder.feed(body.as_bytes(), &mut out).unwrap();
    assert_eq!(decoder.finish(true, &mut out).unwrap(), Completeness::default());
    let item = &listed(&out[0]).item;
    let ValueRef::Extra(extra) = item.value(ContentKind::Movies.field("extra").unwrap()) else { panic!("no extra") };
    assert_eq!((extra.len(), item.name()), (crate::wire::making::EXTRA_MAX, "last"));
}

#[test]
fn an_answer_that_is_no_list_is_recognised_by_its_first_bytes() {
    let cases = [
        ("null", AnswerFault::NotAList),
        ("false", AnswerFault::NotAList),
        ("0", AnswerFault::NotAList),
        ("\"error\"", AnswerFault::NotAList),
        ("{}", AnswerFault::NotAList),
        ("Blocked", AnswerFault::NotJson),
        ("Access denied", AnswerFault::NotJson),
        ("error code: 1015", AnswerFault::NotJson),
        ("<!DOCTYPE html><title>Just a moment...</title>", AnswerFault::Html),
        (r#"{"message":"no"}"#, AnswerFault::OtherObject),
        (r#"{"server_info":{},"user_info":{"auth":1}}"#, AnswerFault::AccountObject),
        ("", AnswerFault::Empty),
        ("\u{feff}", AnswerFault::Empty),
        ("[", AnswerFault::Truncated),
        (r#"[{"stream_id":1}"#, AnswerFault::Truncated),
        (r#"[{"stream_id":1},"#, AnswerFault::Truncated),
    ];
    for (body, expected) in cases {
        assert_eq!(decode(ContentKind::Movies, body).unwrap_err().what, expected, "{body}");
    }
}
