//! What stands for the defects of a listing, so that one that stays the same can become known.

use super::*;

fn unreadable(kind: ContentKind, elements: &[&str]) -> Option<u64> {
    let good = format!(r#"{{"{}":1}}"#, kind.id_column());
    let body = format!("[{}]", [&[good.as_str()], elements].concat().join(","));
    let (_, end) = decode(kind, &body).unwrap();
    assert_eq!(end.unreadable, elements.len() as u64);
    end.unreadable_digest
}

#[test]
fn without_a_defect_there_is_nothing_to_know() {
    assert_eq!(unreadable(ContentKind::Movies, &[]), None);
    let (_, end) = decode(ContentKind::Movies, "[{\"stream_id\":1}] \r\n").unwrap();
    assert_eq!(end, Completeness::default());
}

#[test]
fn the_same_elements_are_the_same_in_any_order_and_at_any_position() {
    for kind in ContentKind::ALL {
        let of = |elements: &[&str]| unreadable(kind, elements);
        let (one, two) = (r#"{"num":1,"name":"a","x":{"num":1}}"#, r#"{"name":"b","num":"2"}"#);
        let both = of(&[one, two, "null"]);
        assert!(both.is_some());
        assert_eq!(both, of(&["null", two, one]));
        // One more element before them moves them both.
        let (moved_one, moved_two) = (r#"{"num":10,"name":"a","x":{"num":1}}"#, r#"{"name":"b","num":null}"#);
        assert_eq!(both, of(&[moved_two, "null", moved_one]), "{kind}");
        assert_ne!(both, of(&[one, two]), "one is gone");
        assert_ne!(both, of(&[one, two, "null", "null"]), "one came twice");
        assert_ne!(both, of(&[one, r#"{"name":"c","num":"2"}"#, "null"]), "one is another");
        assert_ne!(both, of(&[r#"{"num":1,"name":"a","x":{"num":2}}"#, two, "null"]), "a number within is no position");
        assert_eq!(of(&["null  ", " 7"]), of(&["7", "null"]), "white space is none of it");
    }
}

#[test]
fn what_is_too_large_or_too_deep_is_known_as_well() {
    let large = |length: usize| format!(r#"{{"stream_id":5,"plot":"{}"}}"#, "x".repeat(length));
    let of = |element: &str| unreadable(ContentKind::Movies, &[element]);
    assert_eq!(of(&large(200_000)), of(&large(200_000)));
    assert_ne!(of(&large(200_000)), of(&large(200_001)), "its length is what is known of it");
    let deep = |num: u64, inner: &str| {
        format!(r#"{{"num":{num},"stream_id":5,"x":{}{inner}{}}}"#, "[".repeat(64), "]".repeat(64))
    };
    assert_eq!(of(&deep(1, "1")), of(&deep(99_999, "1")));
    assert_ne!(of(&deep(1, "1")), of(&deep(1, "2")));
}

#[test]
fn a_suffix_is_known_by_its_bytes() {
    let suffix = |after: &str| {
        let (entries, end) = decode(ContentKind::Movies, &format!("[{{\"stream_id\":1}}]{after}")).unwrap();
        assert_eq!((entries.len(), end.trailing_bytes), (1, end.trailing_digest.is_some()));
        end.trailing_digest
    };
    assert!(suffix("<!-- x -->").is_some());
    assert_eq!(suffix("<!-- x -->"), suffix("\n<!-- x -->\n"));
    assert_ne!(suffix("<!-- x -->"), suffix("<!-- y -->"));
    assert_ne!(suffix("[{\"stream_id\":2}]"), suffix("[{\"stream_id\":3}]"));
}

#[test]
fn a_list_has_as_many_elements_as_it_may_and_not_more() {
    let limits = Limits { elements: 3, ..LIMITS };
    let run = |body: &str| {
        let mut decoder = Decoder::new(ContentKind::Movies, None, limits);
        let mut out = Vec::new();
        decoder.feed(body.as_bytes(), &mut out)?;
        decoder.finish(&mut out)
    };
    assert!(run(r#"[{"stream_id":1},null,{"stream_id":2}]"#).is_ok());
    let fault = run(r#"[{"stream_id":1},null,{"stream_id":2},null]"#).unwrap_err();
    assert_eq!((fault.what, fault.message.as_str()), (AnswerFault::TooLarge, "it has more than 3 elements"));
}
