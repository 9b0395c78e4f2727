//! Random sets, with functions that write and read whole sets.

use std::io::Read;

use fastrand::Rng;
use sync_change_set::{Event, Limits, ReadError, SetReader, SetWriter, Tuning};
use sync_core::change_set::{ChangedRow, KindChange, OrderChange, PanelIdentity, Place, Placed, Record, SetHeader};
use sync_core::{
    Category, CategoryId, ContentHash, ContentId, ContentKind, FieldClass, FieldSet, Item, Shape, Value, ValueRef,
};

/// A header, and the records of each of its kinds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    pub(crate) header: SetHeader,
    pub(crate) records: Vec<Vec<Record>>,
}

impl Set {
    /// Returns a set with these records.
    pub(crate) fn of(has_display: bool, kinds: Vec<(ContentKind, Vec<Record>)>) -> Self {
        let place = |sequence| Place { epoch: 7, sequence, hash: ContentHash(u128::MAX / 3 * 2) };
        let mut header =
            SetHeader { panel: PanelIdentity(0xfeed), made_at: 1_767_225_600, has_display, kinds: Vec::new() };
        let mut all = Vec::new();
        for (kind, records) in kinds {
            let count = |of: fn(&Record) -> bool| records.iter().filter(|it| of(it)).count() as u64;
            header.kinds.push(KindChange {
                kind,
                from: place(4),
                to: place(9),
                listed_at: Some(1_767_225_000),
                new: count(|it| matches!(it, Record::New(_))),
                changed: count(|it| matches!(it, Record::Changed(_))),
                gone: count(|it| matches!(it, Record::Gone(_))),
            });
            all.push(records);
        }
        Self { header, records: all }
    }

    /// Returns the bytes of the file.
    pub(crate) fn write(&self, tuning: Tuning) -> Vec<u8> {
        let mut writer = SetWriter::new(Vec::new(), &self.header, tuning).unwrap();
        for (change, records) in self.header.kinds.iter().zip(&self.records) {
            writer.begin(change.kind).unwrap();
            for record in records {
                writer.record(record).unwrap();
            }
            writer.end().unwrap();
        }
        writer.finish().unwrap()
    }

    /// Returns the set as a reader has to return it: values that mean nothing are left out, and so are display fields
    /// in a set without them.
    pub(crate) fn canonical(mut self) -> Self {
        let has_display = self.header.has_display;
        for record in self.records.iter_mut().flatten() {
            match record {
                Record::New(item) => *item = masked(item, FieldSet(u32::MAX), has_display),
                Record::Changed(row) => {
                    let significant = row.item.kind().of_class(FieldClass::Significant);
                    let all = FieldSet::all(row.item.kind().fields());
                    row.fields = row.fields.and(significant);
                    if has_display {
                        row.fields = FieldSet(row.fields.0 | (all.0 & !significant.0));
                    }
                    row.item = masked(&row.item, row.fields, has_display);
                }
                _ => {}
            }
        }
        self
    }
}

fn masked(item: &Item, fields: FieldSet, has_display: bool) -> Item {
    let mut kept = Item::with_id(item.kind(), item.id());
    for (at, spec) in item.kind().fields().iter().enumerate() {
        let value = item.value(at);
        let is_nothing = match value {
            ValueRef::Text(text) => text.is_empty(),
            ValueRef::Real(number) => !number.is_finite(),
            _ => false,
        };
        if fields.has(at) && !is_nothing && (has_display || spec.class == FieldClass::Significant) {
            kept.put(at, value.to_owned());
        }
    }
    kept
}

/// Reads a file to its end.
pub(crate) fn read(input: impl Read) -> Result<Set, ReadError> {
    read_within(input, Limits::default())
}

/// Reads a file to its end, within limits.
pub(crate) fn read_within(input: impl Read, limits: Limits) -> Result<Set, ReadError> {
    let mut reader = SetReader::new(input, limits)?;
    let mut records: Vec<Vec<Record>> = Vec::new();
    let mut is_open = false;
    while let Some(event) = reader.next()? {
        match event {
            Event::Kind(kind) => {
                assert_eq!((kind, is_open), (reader.header().kinds[records.len()].kind, false));
                is_open = true;
                records.push(Vec::new());
            }
            Event::Record(record) => records.last_mut().unwrap().push(record),
            Event::End => is_open = false,
        }
    }
    assert!(!is_open);
    assert_eq!(reader.next()?, None, "the end stays the end");
    assert_eq!(records.len(), reader.header().kinds.len());
    Ok(Set { header: reader.header().clone(), records })
}

const TEXTS: [&str; 12] = [
    "",
    "Amélie",
    "\u{0}",
    "a\nb\r\n\tc",
    "\"quoted\" \\ {}[]",
    "日本 ┃UK┃ 🎬 ᴴᴰ",
    "\u{2028}\u{feff}\u{202e}",
    "null",
    "true",
    "2001",
    "http://panel.example/{username}/{password}/1.mp4",
    "\u{10ffff}",
];

const JSON: [&str; 12] = [
    "1",
    "1.10",
    "123456789012345678901234567890",
    "{\"a\": [1,2 , 3]}",
    "{\n  \"a\": 1\n}",
    "\"\\ud800\"",
    "\"\\u00e9\"",
    "not json",
    " 1",
    "",
    "null",
    "\"a\rb\"",
];

const NUMBERS: [i64; 8] = [0, 1, -1, i64::MAX, i64::MIN, 9_007_199_254_740_993, 42, 1_767_225_600];

/// Returns a random set of any kinds and shapes.
pub(crate) fn random(seed: u64) -> Set {
    let mut rng = Rng::with_seed(seed);
    let mut kinds: Vec<ContentKind> = ContentKind::ALL.into_iter().filter(|_| rng.bool()).collect();
    rng.shuffle(&mut kinds);
    let kinds = kinds.into_iter().map(|kind| (kind, records(&mut rng, kind))).collect();
    let mut set = Set::of(rng.bool(), kinds);
    set.header.panel = PanelIdentity(rng.u128(..));
    set.header.made_at = number(&mut rng);
    for change in &mut set.header.kinds {
        change.from = Place { epoch: number(&mut rng), sequence: number(&mut rng), hash: ContentHash(rng.u128(..)) };
        change.listed_at = rng.bool().then(|| number(&mut rng));
    }
    set
}

fn records(rng: &mut Rng, kind: ContentKind) -> Vec<Record> {
    let mut records = Vec::new();
    let mut ids: Vec<i64> = (0..rng.usize(..30)).map(|_| number(rng)).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids.into_iter().map(ContentId) {
        records.push(match rng.u8(..3) {
            0 => Record::New(item(rng, kind, id)),
            1 => {
                let fields = FieldSet(rng.u32(..)).and(FieldSet::all(kind.fields()));
                Record::Changed(ChangedRow { item: item(rng, kind, id), fields })
            }
            _ => Record::Gone(id),
        });
    }
    if rng.bool() {
        let count = rng.usize(..5);
        records.push(Record::Categories((0..count).map(|_| category(rng)).collect()));
    }
    match rng.u8(..3) {
        0 => {}
        1 => {
            let count = [0, 1, 30, 2500][rng.usize(..4)];
            records.push(Record::Order(OrderChange::Whole((0..count).map(|_| ContentId(number(rng))).collect())));
        }
        _ => records.push(Record::Order(OrderChange::Placed(runs(rng)))),
    }
    records
}

/// Returns runs. No run continues the one before it.
fn runs(rng: &mut Rng) -> Vec<Placed> {
    let mut runs: Vec<Placed> = Vec::new();
    let most = [1, 3, 1500][rng.usize(..3)];
    for nth in 0..rng.usize(..most) {
        let length = if nth == 1 { rng.usize(1..3000) } else { rng.usize(1..4) };
        let ids: Vec<ContentId> = (0..length).map(|_| ContentId(number(rng))).collect();
        let after = if nth == 0 && rng.bool() { None } else { Some(ContentId(number(rng))) };
        if after.is_none() || runs.last().is_none_or(|run| run.ids.last().copied() != after) {
            runs.push(Placed { after, ids });
        }
    }
    runs
}

fn category(rng: &mut Rng) -> Category {
    Category { id: CategoryId(text(rng)), name: text(rng), parent_id: rng.bool().then(|| number(rng)) }
}

fn number(rng: &mut Rng) -> i64 {
    match rng.u8(..3) {
        0 => NUMBERS[rng.usize(..NUMBERS.len())],
        1 => rng.i64(..),
        _ => rng.i64(0..1_000_000),
    }
}

fn text(rng: &mut Rng) -> String {
    if rng.u8(..10) == 0 { "long ".repeat(rng.usize(..2000)) } else { TEXTS[rng.usize(..TEXTS.len())].to_owned() }
}

/// Returns an item in which about half of the fields have a value.
pub(crate) fn item(rng: &mut Rng, kind: ContentKind, id: ContentId) -> Item {
    let mut item = Item::with_id(kind, id);
    for (at, spec) in kind.fields().iter().enumerate() {
        if rng.bool() {
            item.put(at, value(rng, spec.shape));
        }
    }
    item
}

fn value(rng: &mut Rng, shape: Shape) -> Value {
    match shape {
        Shape::Name | Shape::Text | Shape::Decimal | Shape::Reference => Value::Text(text(rng).into()),
        Shape::Integer | Shape::Count => Value::Integer(number(rng)),
        Shape::Flag | Shape::Switch => Value::Integer(rng.i64(0..2)),
        Shape::Real => {
            let odd = [7.0, -0.0, 0.1 + 0.2, f64::MAX, f64::MIN_POSITIVE / 8.0, 1e300, f64::NAN, f64::INFINITY];
            Value::Real(if rng.bool() { f64::from_bits(rng.u64(..)) } else { odd[rng.usize(..odd.len())] })
        }
        Shape::Categories => Value::Categories((0..rng.usize(..4)).map(|_| text(rng)).collect()),
        Shape::Extra => {
            let count = if rng.u8(..20) == 0 { 500 } else { rng.usize(..4) };
            let pair = |nth: usize, rng: &mut Rng| {
                let key = if rng.bool() { text(rng) } else { format!("key{nth}") };
                (key, JSON[rng.usize(..JSON.len())])
            };
            Value::Extra((0..count).map(|nth| pair(nth, rng)).collect())
        }
    }
}
