//! The bytes of the format, compared with `docs/change-sets.md` and with a file of the first version.

use std::fs;
use std::path::Path;

use sync_change_set::Tuning;
use sync_change_set::fuzzing::body;
use sync_core::change_set::{
    ChangedRow, KindChange, OrderChange, PanelIdentity, Place, Placed, Record, RowHash, SetHeader,
};
use sync_core::{
    Category, CategoryId, Channel, Content, ContentHash, ContentId, ContentKind, FieldClass, FieldSet, Item, Movie,
    Series, Shape,
};
use xxhash_rust::xxh3::xxh3_128;

use crate::support::{Set, read};

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/change-sets.md")).unwrap()
}

/// Returns the fenced blocks of a language below a heading.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let text = document();
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// Reads a hexdump: an offset, and up to sixteen bytes, per line.
fn bytes(hexdump: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in hexdump.lines() {
        let (offset, rest) = line.split_once("  ").unwrap();
        assert_eq!(usize::from_str_radix(offset, 16).unwrap(), bytes.len(), "{line}");
        let digits = rest.split("  |").next().unwrap();
        bytes.extend(digits.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()));
    }
    bytes
}

fn movie(id: i64, name: &str, year: &str) -> Movie {
    let mut movie = Movie::with_id(ContentId(id));
    movie.name = name.into();
    movie.year = Some(year.into());
    movie.added = Some("1767220000".into());
    movie.category_id = Some("3".into());
    movie.category_ids = ["3"].into_iter().collect();
    movie
}

fn amelie() -> Item {
    let mut amelie = movie(9_007_199_254_740_993, "Amélie", "2001");
    amelie.rating = Some(8.3);
    amelie.into_item()
}

fn hash(items: &[Item]) -> ContentHash {
    let mut hash = ContentHash::EMPTY;
    for item in items {
        hash.add(RowHash::of(item));
    }
    hash
}

fn fields(kind: ContentKind, names: &[&str]) -> FieldSet {
    let mut set = FieldSet::EMPTY;
    for name in names {
        set.add(kind.field(name).unwrap());
    }
    set
}

/// Returns the example of the document. Of two movies, one is gone and one has lost its year; a new one is listed
/// first.
fn example() -> Set {
    let (gone, before) = (movie(7, "The Out-of-Towners", "1999"), movie(603, "The Matrix", "1999"));
    let mut after = before.clone();
    after.year = None;
    after.rating = Some(8.2);
    let (after, new) = (after.into_item(), amelie());
    let place = |sequence, items: &[Item]| Place { epoch: 5_550_123, sequence, hash: hash(items) };
    let change = KindChange {
        kind: ContentKind::Movies,
        from: place(17, &[gone.into_item(), before.into_item()]),
        to: place(20, &[after.clone(), new.clone()]),
        listed_at: Some(1_767_225_590),
        new: 1,
        changed: 1,
        gone: 1,
    };
    let placed = vec![Placed { after: None, ids: vec![new.id()] }];
    let records = vec![
        Record::Gone(ContentId(7)),
        Record::Changed(ChangedRow { item: after, fields: fields(ContentKind::Movies, &["year"]) }),
        Record::New(new),
        Record::Categories(vec![Category { id: CategoryId("3".into()), name: "Drama".into(), parent_id: Some(0) }]),
        Record::Order(OrderChange::Placed(placed)),
    ];
    let panel = PanelIdentity(0x0f1e_2d3c_4b5a_6978_8796_a5b4_c3d2_e1f0);
    let header = SetHeader { panel, made_at: 1_767_225_600, has_display: true, kinds: vec![change] };
    Set { header, records: vec![records] }
}

#[test]
fn the_example_of_the_document_is_read_and_written() {
    let lines = &blocks("Example", "json")[0];
    let file = bytes(&blocks("Example", "text")[0]);
    assert_eq!(String::from_utf8(body(&example().write(Tuning::Increment))).unwrap(), *lines);
    assert_eq!(String::from_utf8(body(&file)).unwrap(), *lines);
    assert_eq!(read(file.as_slice()).unwrap(), example().canonical());
}

#[test]
fn the_hash_of_the_document_is_that_of_the_row() {
    let hashed = bytes(&blocks("Content hash", "text")[0]);
    let row = RowHash::of(&amelie());
    assert_eq!(RowHash(xxh3_128(&hashed)), row);
    assert!(document().contains(&format!("`{row}`")), "{row}");
}

#[test]
fn the_significant_columns_of_the_document_are_those_of_the_tables() {
    let words = document().split_whitespace().collect::<Vec<_>>().join(" ");
    for kind in ContentKind::ALL {
        let names: Vec<&str> = kind.of_class(FieldClass::Significant).names(kind.fields()).collect();
        let sentence = format!("- `{kind}`: `{}`.", names.join("`, `"));
        assert!(words.contains(&sentence), "{sentence}");
    }
}

#[test]
fn the_types_of_the_document_are_those_of_the_tables() {
    let text = document();
    for (shapes, row) in [
        (&[Shape::Integer][..], "integer"),
        (&[Shape::Count], "count"),
        (&[Shape::Real], "real"),
        (&[Shape::Flag], "flag"),
        (&[Shape::Switch], "switch"),
        (&[Shape::Categories], "categories"),
        (&[Shape::Extra], "extra"),
    ] {
        let line = text.lines().find(|line| line.starts_with(&format!("| {row} |"))).unwrap();
        let columns = line.split('|').nth(2).unwrap();
        for kind in ContentKind::ALL {
            for spec in kind.fields().iter().filter(|spec| shapes.contains(&spec.shape)) {
                assert!(columns.contains(&format!("`{}`", spec.name)), "{kind}.{} is {row}", spec.name);
            }
        }
    }
}

/// Returns a set with every kind of record and every shape of a value.
fn every_shape() -> Set {
    let mut channel = Channel::with_id(ContentId(i64::MIN));
    channel.num = Some(i64::MAX);
    channel.name = "News 24 ᴴᴰ ┃UK┃ \"quoted\" \\ \n\t\u{0}\u{2028}🎬".into();
    channel.stream_icon = Some("http://panel.example/{username}/{password}/1.png".into());
    channel.category_ids = ["40", "3", "ä b"].into_iter().collect();
    channel.tv_archive = true;
    channel.tv_archive_duration = -5;
    channel.is_adult = Some(false);
    channel.extra = [
        ("", "[]"),
        ("a\"b", "1.10"),
        ("big", "123456789012345678901234567890"),
        ("lone", "\"\\ud800\""),
        ("lines", "{\n  \"a\": 1\n}"),
        ("spaced", "{\"a\" : [ true,null ]}"),
        ("text", "not json"),
    ]
    .into_iter()
    .collect();
    let mut bare = Channel::with_id(ContentId(0));
    bare.name = "0".into();
    let mut movie = Movie::with_id(ContentId(2));
    (movie.rating, movie.rating_5based) = (Some(7.0), Some(0.1 + 0.2));
    movie.episode_run_time = Some(0);
    movie.is_adult = Some(true);
    let told = fields(ContentKind::Movies, &["name", "episode_run_time", "is_adult", "plot", "category_ids"]);
    let mut series = Series::with_id(ContentId(-3));
    series.rating = Some("7.5".into());
    series.rating_5based = Some(-1.5e-300);
    let category =
        |id: &str, name: &str, parent_id| Category { id: CategoryId(id.into()), name: name.into(), parent_id };
    let mut set = Set::of(
        true,
        vec![
            (
                ContentKind::Channels,
                vec![
                    Record::New(channel.into_item()),
                    Record::New(bare.into_item()),
                    Record::Categories(vec![
                        category("40", "UK", None),
                        category("ä b", "", Some(i64::MIN)),
                        category("3", "\u{1}", Some(0)),
                    ]),
                    Record::Order(OrderChange::Whole([0, i64::MIN, i64::MAX, 5, 4].map(ContentId).to_vec())),
                ],
            ),
            (
                ContentKind::Movies,
                vec![
                    Record::Gone(ContentId(-1)),
                    Record::Changed(ChangedRow { item: movie.into_item(), fields: told }),
                    Record::Gone(ContentId(i64::MAX)),
                    Record::Order(OrderChange::Placed(vec![
                        Placed { after: None, ids: vec![ContentId(2)] },
                        Placed { after: Some(ContentId(900)), ids: vec![ContentId(5), ContentId(4)] },
                        Placed { after: Some(ContentId(850)), ids: vec![ContentId(10)] },
                    ])),
                ],
            ),
            (
                ContentKind::Series,
                vec![
                    Record::Changed(ChangedRow { item: series.into_item(), fields: FieldSet::EMPTY }),
                    Record::Categories(Vec::new()),
                ],
            ),
        ],
    );
    set.header.kinds[2].from = Place::EMPTY;
    set.header.kinds[2].listed_at = None;
    set
}

/// This file was written by the first version, and is never written again.
#[test]
fn a_file_of_the_first_version_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let file = fs::read(folder.join("version-1.bin")).unwrap();
    let lines = fs::read_to_string(folder.join("version-1.jsonl")).unwrap();
    assert_eq!(read(file.as_slice()).unwrap(), every_shape().canonical());
    assert_eq!(String::from_utf8(body(&file)).unwrap(), lines);
    assert_eq!(String::from_utf8(body(&every_shape().write(Tuning::Increment))).unwrap(), lines);
}
