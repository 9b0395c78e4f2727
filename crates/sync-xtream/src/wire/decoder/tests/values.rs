//! Tests of the forms that panels have for values, and of values that can't be read.

use super::*;
use crate::wire::charset::Charset;
use sync_core::Value;

/// Decodes one element. Returns the value of its field, and its keys without a column.
fn field(kind: ContentKind, name: &str, members: &str) -> (Value, String) {
    let body = format!(r#"[{{"{}":1,{members}}}]"#, kind.id_column());
    let (entries, end) = decode(kind, &body).unwrap();
    assert_eq!(end, Completeness::default(), "{body}");
    let item = &listed(&entries[0]).item;
    let ValueRef::Extra(extra) = item.value(kind.field("extra").unwrap()) else { panic!("no extra") };
    let extra: Vec<_> = extra.iter().map(|(key, json)| format!("{key}={json}")).collect();
    (item.value(kind.field(name).unwrap()).to_owned(), extra.join(" "))
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn field_12_a_category_id_with_several_ids_is_split() {
    for kind in ContentKind::ALL {
        for form in [
            "[1,2]",
            r#"["1","2"]"#,
            r#""1,2""#,
            r#""[1,2]""#,
            r#""1|2""#,
            "[[1],[2]]",
            r#"{"0":1,"1":"2"}"#,
            r#"[{"category_id":1,"category_name":"5"},{"category_id":2}]"#,
            r#""[\"1\",\"2\"]""#,
            r#"" 1, 2 ""#,
        ] {
            for (members, set) in [
                (format!(r#""category_id":{form}"#), vec!["1", "2"]),
                (format!(r#""category_id":{form},"category_ids":[2,3]"#), vec!["1", "2", "3"]),
                (format!(r#""category_ids":[2,3],"category_id":{form}"#), vec!["1", "2", "3"]),
                (format!(r#""category_ids":{form}"#), vec!["1", "2"]),
            ] {
                let (Value::Categories(found), extra) = field(kind, "category_ids", &members) else { panic!("a set") };
                assert_eq!((found.as_slice().join(" "), extra.as_str()), (set.join(" "), ""), "{members}");
            }
            assert_eq!(field(kind, "category_id", &format!(r#""category_id":{form}"#)).0, text("1"), "{form}");
        }
        for (form, id) in
            [("[7]", "7"), (r#""[7]""#, "7"), (r#"{"id":7}"#, "7"), (r#""UK, News""#, "UK, News"), (r#"" 7 ""#, "7")]
        {
            let members = format!(r#""category_id":{form}"#);
            assert_eq!(field(kind, "category_id", &members), (text(id), String::new()), "{form}");
            let Value::Categories(set) = field(kind, "category_ids", &members).0 else { panic!("a set") };
            assert!(set.is_empty(), "one category needs no list: {form}");
        }
        for form in ["[]", "{}", r#""[]""#, r#"" ""#, "[null]"] {
            assert_eq!(
                field(kind, "category_id", &format!(r#""category_id":{form}"#)),
                (Value::Null, String::new()),
                "{form}"
            );
        }
        let deep = r#""category_id":[[[[[1]]]]]"#;
        assert_eq!(field(kind, "category_id", deep), (Value::Null, "category_id=[[[[[1]]]]]".to_owned()));
    }
}

#[test]
fn field_28_the_image_is_taken_from_the_other_key() {
    for (kind, proper, other) in
        [(ContentKind::Movies, "stream_icon", "cover"), (ContentKind::Series, "cover", "stream_icon")]
    {
        let image = |members: &str| field(kind, proper, members);
        for absent in [String::new(), format!(r#""{proper}":"","#), format!(r#""{proper}":null,"#)] {
            let found = image(&format!(r#"{absent}"{other}":"http://i/1.jpg""#));
            assert_eq!(found, (text("http://i/1.jpg"), String::new()), "{absent}");
        }
        assert_eq!(image(&format!(r#""{other}":"b","{proper}":"""#)).0, text("b"));
        // If both keys are there, the other one is kept beside the fields, as it is.
        for members in [format!(r#""{proper}":"a","{other}":"b""#), format!(r#""{other}":"b","{proper}":"a""#)] {
            assert_eq!(image(&members), (text("a"), format!(r#"{other}="b""#)), "{members}");
        }
        assert_eq!(image(&format!(r#""{other}":"a","{proper}":"a""#)), (text("a"), String::new()));
    }
    let (_, extra) = field(ContentKind::Channels, "stream_icon", r#""cover":"b""#);
    assert_eq!(extra, r#"cover="b""#);
}

#[test]
fn field_30_readable_values_are_read() {
    for (kind, name, form, read) in [
        (ContentKind::Movies, "rating", r#""8.5/10""#, Value::Real(8.5)),
        (ContentKind::Movies, "rating", r#""7,5""#, Value::Real(7.5)),
        (ContentKind::Movies, "rating_5based", r#""8/10""#, Value::Real(4.0)),
        (ContentKind::Series, "rating", r#""8.5/10""#, text("8.5")),
        (ContentKind::Series, "rating", r#""7,5""#, text("7.5")),
        (ContentKind::Series, "rating_5based", r#""4/5""#, Value::Real(4.0)),
        (ContentKind::Movies, "episode_run_time", r#""130 mins""#, Value::Integer(130)),
        (ContentKind::Movies, "episode_run_time", r#""1h 30m""#, Value::Integer(90)),
        (ContentKind::Series, "episode_run_time", r#""45 min""#, text("45")),
        (ContentKind::Channels, "tv_archive_duration", r#""7 days""#, Value::Integer(7)),
        (ContentKind::Channels, "tv_archive", r#""enabled""#, Value::Integer(1)),
        (ContentKind::Movies, "is_adult", r#""N""#, Value::Integer(0)),
        (ContentKind::Movies, "year", r#""2001.0""#, text("2001")),
    ] {
        assert_eq!(field(kind, name, &format!(r#""{name}":{form}"#)), (read, String::new()), "{name} {form}");
    }
}

#[test]
fn field_30_unreadable_values_stay_under_their_key() {
    for (kind, name, form, nothing) in [
        (ContentKind::Movies, "rating", r#""18+""#, Value::Null),
        (ContentKind::Movies, "rating", r#""n\/A""#, Value::Null),
        (ContentKind::Movies, "rating", "[8.5]", Value::Null),
        (ContentKind::Movies, "rating", r#"{"imdb":8.5}"#, Value::Null),
        (ContentKind::Movies, "rating_5based", r#""many""#, Value::Null),
        (ContentKind::Movies, "episode_run_time", r#""1:30""#, Value::Null),
        (ContentKind::Movies, "num", r#""1,234""#, Value::Null),
        (ContentKind::Movies, "is_adult", r#""perhaps""#, Value::Null),
        (ContentKind::Channels, "tv_archive", r#""perhaps""#, Value::Integer(0)),
        (ContentKind::Channels, "tv_archive_duration", r#""a week""#, Value::Integer(0)),
        (ContentKind::Movies, "plot", r#"{"en":"x"}"#, Value::Null),
        (ContentKind::Movies, "cast", r#"[{"name":"x"}]"#, Value::Null),
        (ContentKind::Movies, "name", r#"{"en":"x"}"#, Value::Null),
        (ContentKind::Movies, "title", "true", Value::Null),
    ] {
        let kept = format!("{name}={}", form.replace(r"\/", "/"));
        assert_eq!(field(kind, name, &format!(r#""{name}":{form}"#)), (nothing, kept), "{name} {form}");
    }
    // Text columns contain what the panel writes, so nothing is lost.
    for (kind, name, form) in [
        (ContentKind::Series, "rating", "18+"),
        (ContentKind::Series, "episode_run_time", "45-50 min"),
        (ContentKind::Movies, "year", "c. 1999"),
        (ContentKind::Movies, "release_date", "in spring"),
        (ContentKind::Movies, "added", "yesterday"),
    ] {
        assert_eq!(field(kind, name, &format!(r#""{name}":"{form}""#)), (text(form), String::new()), "{name}");
    }
    // An alias keeps its own spelling. An empty value leaves nothing.
    assert_eq!(
        field(ContentKind::Movies, "tmdb_id", r#""tmdb":{"id":5}"#),
        (Value::Null, r#"tmdb={"id":5}"#.to_owned())
    );
    for empty in [r#""""#, r#"" ""#, "null", "[]", "{}", "NaN"] {
        assert_eq!(
            field(ContentKind::Movies, "rating", &format!(r#""rating":{empty}"#)),
            (Value::Null, String::new()),
            "{empty}"
        );
    }
}

fn decode_in(charset: Charset, known: Option<&ListingIndex>, body: &[u8]) -> Vec<Entry> {
    let mut decoder = Decoder::new(ContentKind::Channels, known.cloned().map(Arc::new), LIMITS).with_charset(charset);
    let mut out = Vec::new();
    decoder.feed(body, &mut out).unwrap();
    assert_eq!(decoder.finish(true, &mut out).unwrap(), Completeness::default());
    out
}

const ARABIC: &[u8] = b"[{\"num\":1,\"name\":\"\xc7\xe1\xcc\xd2\xed\xd1\xc9\",\"x\xc7\":[\"\xc7\"],\"stream_id\":1},{\"stream_id\":2,\"name\":\"\xd8\xa7\"}]";

#[test]
fn field_10_names_and_keys_are_read_in_the_declared_charset() {
    let entries = decode_in(Charset::from_label(b"windows-1256"), None, ARABIC);
    let item = &listed(&entries[0]).item;
    assert_eq!((item.name(), listed(&entries[1]).item.name()), ("الجزيرة", "ا"), "valid UTF-8 stays UTF-8");
    let ValueRef::Extra(extra) = item.value(ContentKind::Channels.field("extra").unwrap()) else { panic!("no extra") };
    assert_eq!(extra.iter().collect::<Vec<_>>(), [("xا", r#"["ا"]"#)]);
    let entries = decode_in(Charset::default(), None, b"[{\"stream_id\":1,\"name\":\"MDR Th\xfcringen\"}]");
    assert_eq!(listed(&entries[0]).item.name(), "MDR Thüringen");
}

#[test]
fn field_10_another_charset_of_the_same_bytes_is_another_item() {
    let charsets =
        ["windows-1256", "windows-1251", "", "utf-8", "iso-8859-1"].map(|it| Charset::from_label(it.as_bytes()));
    for before in charsets {
        let entries = decode_in(before, None, ARABIC);
        let index = entries.iter().map(|entry| (listed(entry).item.id(), digest(entry)));
        let index = ListingIndex::new(SCHEME, index).unwrap();
        for after in charsets {
            let again = decode_in(after, Some(&index), ARABIC);
            assert_eq!(matches!(again[0], Entry::Same(_)), before == after, "{before:?} {after:?}");
            assert!(matches!(again[1], Entry::Same(_)), "valid UTF-8 is the same in all of them");
        }
    }
}
