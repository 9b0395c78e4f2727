//! Tests of the numbers that stand for the defects of a listing, by which a lasting one can become known.

use super::*;

fn unreadable(kind: ContentKind, elements: &[&str]) -> Option<u64> {
    let good = format!(r#"{{"{}":1}}"#, kind.id_column());
    of_list(kind, elements.len(), &format!("[{}]", [&[good.as_str()], elements].concat().join(",")))
}

fn of_list(kind: ContentKind, defects: usize, body: &str) -> Option<u64> {
    let (_, end) = decode(kind, body).unwrap();
    assert_eq!(end.unreadable, defects as u64, "{body}");
    end.unreadable_digest
}

#[test]
fn a_listing_without_a_defect_has_no_digest_of_defects() {
    assert_eq!(unreadable(ContentKind::Movies, &[]), None);
    let (_, end) = decode(ContentKind::Movies, "[{\"stream_id\":1}] \r\n").unwrap();
    assert_eq!(end, Completeness::default());
}

#[test]
fn the_same_defects_have_one_digest_in_any_order_and_position() {
    for kind in ContentKind::ALL {
        let of = |elements: &[&str]| unreadable(kind, elements);
        let (one, two) = (r#"{"num":1,"name":"a","x":{"num":1}}"#, r#"{"name":"b","num":"2"}"#);
        let both = of(&[one, two, "[7]"]);
        assert!(both.is_some());
        assert_eq!(both, of(&["[7]", two, one]));
        // One more element before them changes both counters.
        let (moved_one, moved_two) = (r#"{"num":10,"name":"a","x":{"num":1}}"#, r#"{"name":"b","num":null}"#);
        assert_eq!(both, of(&[moved_two, "[7]", moved_one]), "{kind}");
        assert_ne!(both, of(&[one, two]), "one is gone");
        assert_ne!(both, of(&[one, two, "[7]", "[7]"]), "one came twice");
        assert_ne!(both, of(&[one, r#"{"name":"c","num":"2"}"#, "[7]"]), "one is another");
        assert_ne!(both, of(&[r#"{"num":1,"name":"a","x":{"num":2}}"#, two, "[7]"]), "a number within is no position");
        assert_eq!(of(&["null  ", " 7"]), of(&["7", "[7]"]), "white space is none of it");
    }
}

#[test]
fn a_defect_that_may_be_any_item_is_never_known() {
    for element in
        ["null", "7", "true", "\"x\"", "{}", "[]", r#"{"num":7}"#, r#"{"num":7,"name":"","x":[],"y":null}"#, "<br />x"]
    {
        assert_eq!(unreadable(ContentKind::Movies, &[element]), None, "{element}");
        assert_eq!(unreadable(ContentKind::Movies, &[r#"{"name":"b"}"#, element]), None, "{element}");
    }
    let hole = "[{\"stream_id\":1},,{\"stream_id\":3}]";
    assert_eq!(of_list(ContentKind::Movies, 1, hole), None);
}

#[test]
fn a_defect_that_may_hide_an_item_is_never_known() {
    for element in [
        r#"{"stream_id":"","x":{"stream_id":5}}"#,
        r#"{"items":[{"stream_id":5}]}"#,
        r#"[{"stream_id":5},{"stream_id":6}]"#,
        r#"{"stream_id":5,"name":"5" tv","x":{"stream_id":6}}"#,
        r#"{"name":"5" tv","stream_id":"x"}"#,
        r#"{"stream_id":5,"name":"a","stream_id":6}"#,
        r#"{"stream_id":5,"plot":"TOO LARGE"}"#,
    ] {
        let element = element.replace("TOO LARGE", &"x".repeat(200_000));
        assert_eq!(unreadable(ContentKind::Movies, &[&element]), None, "{element:.100}");
    }
}

#[test]
fn a_defect_of_a_single_element_is_known() {
    let of = |element: &str| unreadable(ContentKind::Movies, &[element]);
    let deep = |num: u64, inner: &str| {
        format!(r#"{{"num":{num},"stream_id":5,"x":{}{inner}{}}}"#, "[".repeat(64), "]".repeat(64))
    };
    assert!(of(&deep(1, "1")).is_some());
    assert_eq!(of(&deep(1, "1")), of(&deep(99_999, "1")));
    assert_ne!(of(&deep(1, "1")), of(&deep(1, "2")));
    for broken in [r#"{"stream_id":5,"name":"a "b" c"}"#, r#"{"name":"5" tv","stream_id":5}"#, r#"{"name":"5" tv"}"#] {
        assert!(of(broken).is_some(), "{broken}");
        assert_ne!(of(broken), of(&broken.replace("\" ", "\"  ")), "{broken}");
    }
    // A counter before the position at which the element is broken has no part.
    let counted = |num: u64| of(&format!(r#"{{"num":{num},"stream_id":5,"name":"5" tv"}}"#));
    assert_eq!(counted(1), counted(99));
    // Each of several broken elements can be recognised by itself, and so can their sum.
    let elements = [r#"{"stream_id":5,"name":"5" tv"}"#, r#"{"stream_id":6}"#, r#"{"stream_id":7,"name":"lost}"#];
    let good = r#"{"stream_id":1}"#;
    assert!(of_list(ContentKind::Movies, 2, &format!("[{},{good}]", elements.join(","))).is_some());
}

#[test]
fn the_key_of_an_element_is_part_of_its_digest() {
    let of = |body: &str| of_list(ContentKind::Movies, 1, body);
    assert!(of(r#"{"5":null,"6":{"name":"b"}}"#).is_some());
    assert_eq!(of(r#"{"5":null,"6":{"name":"b"}}"#), of(r#"{"6":{"name":"b"},"5":null}"#));
    assert_ne!(of(r#"{"5":null,"6":{"name":"b"}}"#), of(r#"{"7":null,"6":{"name":"b"}}"#));
    assert!(of(r#"{"5":,"6":{"name":"b"}}"#).is_some());
    // If items name their ids, keys may be positions.
    assert_eq!(of(r#"{"0":null,"1":{"stream_id":6}}"#), None);
    let (one, two) = (r#"{"0":{"stream_id":6},"1":{"name":"b"}}"#, r#"{"0":{"stream_id":6},"2":{"name":"b"}}"#);
    let keys = [one, two].map(|body| of(&body.replace(r#"{"name""#, r#"{"stream_id":"","name""#)));
    assert!(keys[0].is_some() && keys[0] != keys[1]);
    // A broken element may contain the keys of others, and words may stand for anything.
    assert_eq!(of(r#"{"5":{"a":"5" tv"},"6":{"b":"6" tv"},"7":{"name":"b"}}"#), None);
    assert_eq!(of(r#"{"6":{"name":"b"},"5": x }"#), None);
}

#[test]
fn bytes_after_the_list_are_recognised_by_their_digest() {
    let suffix = |after: &str| {
        let (entries, end) = decode(ContentKind::Movies, &format!("[{{\"stream_id\":1}}]{after}")).unwrap();
        assert_eq!((entries.len(), end.trailing_bytes), (1, true));
        end.trailing_digest
    };
    assert!(suffix("<!-- x -->").is_some());
    assert_eq!(suffix("<!-- x -->"), suffix("\n<!-- x -->\n"));
    assert_ne!(suffix("<!-- x -->"), suffix("<!-- y -->"));
    assert_eq!(suffix("[{\"stream_id\":2}]"), None, "it may be a part of the list");
}

#[test]
fn a_list_beyond_the_limit_of_elements_is_refused() {
    let limits = Limits { elements: 3, ..LIMITS };
    let run = |body: &str| {
        let mut decoder = Decoder::new(ContentKind::Movies, None, limits);
        let mut out = Vec::new();
        decoder.feed(body.as_bytes(), &mut out)?;
        decoder.finish(true, &mut out)
    };
    assert!(run(r#"[{"stream_id":1},null,{"stream_id":2}]"#).is_ok());
    let fault = run(r#"[{"stream_id":1},null,{"stream_id":2},null]"#).unwrap_err();
    assert_eq!(
        (fault.what, fault.message.as_it_came().as_str()),
        (AnswerFault::TooLarge, "it has more than 3 elements")
    );
}
