//! Tests of the decoder with good and bad answers.

use super::*;
use sync_core::{Content, DigestScheme, Movie, Series, ValueRef};

const LIMITS: Limits = Limits { element_bytes: 100_000, elements: 1000, nesting: 64 };

fn decode_with(
    kind: ContentKind,
    known: Option<ListingIndex>,
    body: &[u8],
) -> Result<(Vec<Entry>, Completeness), Fault> {
    let mut decoder = Decoder::new(kind, known.map(Arc::new), LIMITS);
    let mut out = Vec::new();
    for chunk in body.chunks(37) {
        decoder.feed(chunk, &mut out)?;
    }
    let end = decoder.finish(true, &mut out)?;
    Ok((out, end))
}

fn decode(kind: ContentKind, body: &str) -> Result<(Vec<Entry>, Completeness), Fault> {
    decode_with(kind, None, body.as_bytes())
}

fn listed(entry: &Entry) -> &Listed {
    let Entry::Item(listed, _) = entry else { panic!("not decoded") };
    listed
}

fn digest(entry: &Entry) -> Digest {
    let Entry::Item(_, Some(digest)) = entry else { panic!("no digest") };
    *digest
}

fn movie(body: &str) -> Listed<Movie> {
    let (entries, _) = decode(ContentKind::Movies, &format!("[{body}]")).unwrap();
    let Listed { item, present } = listed(&entries[0]).clone();
    Listed { item: Movie::from_item(item).unwrap(), present }
}

fn ids(entries: &[Entry]) -> Vec<i64> {
    // A broken element is no item.
    entries.iter().filter(|entry| !matches!(entry, Entry::Broken(_))).map(|entry| entry.id().0).collect()
}

#[test]
fn a_movie_as_real_panels_write_it() {
    let body = r#"{"num":1,"name":"Am\u00e9lie (2001)","title":"Am\u00e9lie","year":2001,"stream_type":"movie","stream_id":"4711",
        "stream_icon":"http:\/\/img.example\/a.jpg","rating":"8,3","rating_5based":4.2,"added":1700000000,"is_adult":"0",
        "category_id":"12","category_ids":[12,40],"container_extension":"mkv","custom_sid":null,"direct_source":"",
        "tmdb":194,"trailer":"abc","releaseDate":"2001-04-25","backdrop_path":["x"]}"#;
    let Listed { item, present } = movie(body);
    assert_eq!(item.stream_id.0, 4711);
    assert_eq!(item.name, "Amélie (2001)");
    assert_eq!(item.title.as_deref(), Some("Amélie"));
    assert_eq!(item.year.as_deref(), Some("2001"));
    assert_eq!(item.stream_icon.as_deref(), Some("http://img.example/a.jpg"));
    assert_eq!((item.rating, item.rating_5based), (Some(8.3), Some(4.2)));
    assert_eq!(item.added.as_deref(), Some("1700000000"));
    assert_eq!(item.is_adult, Some(false));
    assert_eq!(item.category_id.as_deref(), Some("12"));
    assert_eq!(item.category_ids.as_slice(), ["12", "40"]);
    assert_eq!(item.tmdb_id.as_deref(), Some("194"));
    assert_eq!(item.youtube_trailer.as_deref(), Some("abc"));
    assert_eq!(item.release_date.as_deref(), Some("2001-04-25"));
    assert_eq!(item.extra, [("backdrop_path".to_owned(), r#"["x"]"#.to_owned())].into());
    let has = |name| present.has(Movie::KIND.field(name).unwrap());
    assert!(has("custom_sid") && has("direct_source"), "present as null and as empty");
    assert!(!has("plot") && !has("genre"), "absent");
}

#[test]
fn one_bad_field_never_loses_the_item() {
    let forms = ["7", "\"7\"", "\"\"", "null", "[]", "[[1]]", "{\"a\":{}}", "true", "NaN", "1e400", "-", "\"\\ud800\""];
    for kind in ContentKind::ALL {
        for spec in kind.fields() {
            for form in forms {
                let body = format!(
                    r#"[{{"{}":5,"{}":{form},"name":"n"}},{{"{}":6}}]"#,
                    kind.id_column(),
                    spec.name,
                    kind.id_column()
                );
                let (entries, end) = decode(kind, &body).unwrap_or_else(|fault| panic!("{body}: {fault:?}"));
                assert_eq!(ids(&entries), [5, 6], "{body}");
                assert_eq!(end, Completeness::default());
            }
        }
    }
}

#[test]
fn one_bad_element_never_loses_the_listing() {
    let body = r#"[{"stream_id":1},null,{"stream_id":""},{"name":"no id"},{"stream_id":2},7,[],{"stream_id":"abc"},{"stream_id":3.0}]"#;
    let (entries, end) = decode(ContentKind::Channels, body).unwrap();
    assert_eq!(ids(&entries), [1, 2, 3]);
    assert_eq!(end.unreadable, 6);
}

#[test]
fn a_list_may_be_an_object() {
    let (entries, _) = decode(ContentKind::Channels, r#"{"0":{"stream_id":10},"5":{"stream_id":"11"}}"#).unwrap();
    assert_eq!(ids(&entries), [10, 11]);
    let (entries, _) = decode(ContentKind::Channels, r#"{"101":{"name":"a"},"205":{"name":"b"}}"#).unwrap();
    assert_eq!(ids(&entries), [101, 205], "the id is the key when the item has none");
    let holes = r#"{"0":{"stream_id":5},"2":{"stream_id":"abc"},"5":{"stream_id":""}}"#;
    let (entries, end) = decode(ContentKind::Channels, holes).unwrap();
    assert_eq!((ids(&entries), end.unreadable), (vec![5], 2), "a position is no id");
}

#[test]
fn an_answer_that_is_no_listing_has_its_own_error() {
    let fault = |body: &str| decode(ContentKind::Movies, body).unwrap_err();
    let cases = [
        (r#"{"user_info":{"auth":1,"status":"Active"},"server_info":{}}"#, AnswerFault::AccountObject, false),
        (r#"{"user_info":{"auth":0}}"#, AnswerFault::AccountObject, true),
        (r#"{"server_info":{},"user_info":{"auth":0}}"#, AnswerFault::AccountObject, true),
        (r#"{"server_info":{},"x":1,"user_info":{"auth":1}}"#, AnswerFault::AccountObject, false),
        (r#"{"server_info":{}}"#, AnswerFault::AccountObject, false),
        (r#"{"server_info":{"#, AnswerFault::Truncated, false),
        (r#"{"error":"Unauthorized"}"#, AnswerFault::ErrorObject, false),
        ("{}", AnswerFault::NotAList, false),
        ("null", AnswerFault::NotAList, false),
        ("", AnswerFault::Empty, false),
        (r#"[{"series_id":1},{"series_id":2}]"#, AnswerFault::WrongItems, false),
        (r#"[{"stream_id":1}"#, AnswerFault::Truncated, false),
    ];
    for (body, expected, refused) in cases {
        let fault = fault(body);
        assert_eq!((fault.what, fault.refused), (expected, refused), "{body}");
    }
    assert!(decode(ContentKind::Movies, "[]").unwrap().0.is_empty());
}

#[test]
fn an_unchanged_element_is_not_decoded() {
    let body =
        r#"[{"num":1,"stream_id":1,"name":"a"},{"num":2,"stream_id":2,"name":"b"},{"num":3,"stream_id":1,"name":"a"}]"#;
    let (entries, _) = decode(ContentKind::Movies, body).unwrap();
    let index = |scheme| {
        let known = [(ContentId(1), digest(&entries[0])), (ContentId(2), Digest(1234))];
        ListingIndex::new(scheme, known).unwrap()
    };
    let (again, _) = decode_with(ContentKind::Movies, Some(index(SCHEME)), body.as_bytes()).unwrap();
    assert!(matches!(again[0], Entry::Same(ContentId(1))));
    assert!(matches!(again[1], Entry::Item(..)), "another digest");
    assert!(matches!(again[2], Entry::Item(..)), "a second element of an id is always decoded");
    let (again, _) = decode_with(ContentKind::Movies, Some(index(DigestScheme(7))), body.as_bytes()).unwrap();
    assert!(matches!(again[0], Entry::Item(..)), "digests of another scheme say nothing");
}

#[test]
fn the_position_counter_has_no_part_in_a_digest_but_a_channels_number_has() {
    let digests = |kind: ContentKind, num: &str| {
        let body = format!(r#"[{{"num":{num},"name":"a","{}":5}}]"#, kind.id_column());
        digest(&decode(kind, &body).unwrap().0[0])
    };
    assert_eq!(digests(ContentKind::Movies, "1"), digests(ContentKind::Movies, "\"99999\""));
    assert_eq!(digests(ContentKind::Series, "1"), digests(ContentKind::Series, "2"));
    assert_ne!(digests(ContentKind::Channels, "1"), digests(ContentKind::Channels, "2"));
}

/// These numbers are stored in caches. If one of them changes, `SCHEME` has to change with it.
#[test]
fn frozen_vectors() {
    let of = |kind, body: &str| digest(&decode(kind, &format!("[{body}]")).unwrap().0[0]).0;
    let found = [
        of(ContentKind::Channels, r#"{"num":1,"name":"News","stream_id":7}"#),
        of(ContentKind::Movies, r#"{"num":1,"name":"News","stream_id":7}"#),
        of(ContentKind::Series, r#"{"name":"News","series_id":"7","num":1}"#),
    ];
    assert_eq!(found, [6_554_831_920_452_625_780, 7_047_542_003_380_600_290, 4_924_408_818_150_840_372]);
}

#[test]
fn the_proper_spelling_of_a_key_wins() {
    let date = |body: &str| movie(&format!(r#"{{"stream_id":1,{body}}}"#)).item.release_date;
    assert_eq!(date(r#""release_date":"2001","releaseDate":"2002""#).as_deref(), Some("2001"));
    assert_eq!(date(r#""releaseDate":"2002","release_date":"2001""#).as_deref(), Some("2001"));
    assert_eq!(date(r#""releaseDate":"2002","release_date":"""#).as_deref(), Some("2002"));
    assert_eq!(date(r#""release_date":"","releaseDate":"2002""#).as_deref(), Some("2002"));
}

#[test]
fn a_category_has_one_spelling() {
    for form in ["12", "12.0", "\"12\"", "\" 12 \""] {
        let item = movie(&format!(r#"{{"stream_id":1,"category_id":{form},"category_ids":[{form}]}}"#)).item;
        assert_eq!(
            (item.category_id.as_deref(), item.category_ids.as_slice()),
            (Some("12"), &["12".into()][..]),
            "{form}"
        );
    }
}

#[test]
fn of_a_million_categories_a_thousand_are_kept() {
    let ids: Vec<_> = (0..1_000_000).map(|id| id.to_string()).collect();
    let body = format!(r#"[{{"stream_id":1,"category_ids":[{}]}}]"#, ids.join(","));
    let mut decoder = Decoder::new(ContentKind::Movies, None, Limits { element_bytes: body.len(), ..LIMITS });
    let mut out = Vec::new();
    decoder.feed(body.as_bytes(), &mut out).unwrap();
    decoder.finish(true, &mut out).unwrap();
    let at = ContentKind::Movies.field("category_ids").unwrap();
    let ValueRef::Categories(set) = listed(&out[0]).item.value(at) else { panic!("no categories") };
    assert_eq!(set.as_slice().len(), 1000);
}

#[test]
fn a_change_of_types_makes_no_difference() {
    let numbers = movie(
        r#"{"stream_id":1,"year":2001,"rating":8,"added":1700000000,"is_adult":0,"tmdb":5,"category_id":3,"category_ids":[3]}"#,
    );
    let texts = movie(
        r#"{"stream_id":"1","year":"2001","rating":"8.0","added":"1700000000","is_adult":"0","tmdb":"5","category_id":"3","category_ids":["3"]}"#,
    );
    assert_eq!(numbers, texts);
}

#[test]
fn a_series_has_its_own_fields() {
    let body = r#"[{"series_id":3,"name":"S","cover":"c","last_modified":"1700000001","rating":"7.50","episode_run_time":"45","plot":["a"]}]"#;
    let (entries, _) = decode(ContentKind::Series, body).unwrap();
    let series = Series::from_item(listed(&entries[0]).item.clone()).unwrap();
    assert_eq!(series.rating.as_deref(), Some("7.5"));
    assert_eq!(series.episode_run_time.as_deref(), Some("45"));
    assert_eq!(series.plot.as_deref(), Some("a"));
    assert_eq!(listed(&entries[0]).item.value(ContentKind::Series.field("cover").unwrap()), ValueRef::Text("c"));
}

mod broken;
mod cases;
mod defects;
mod identity;
mod known;
mod properties;
mod shapes;
mod values;
