//! Lines that contradict the header or each other, and writers that are called in a wrong order.

use sync_change_set::fuzzing::{body, change_set, compressed, framed};
use sync_change_set::{Event, Limit, Limits, ReadError, SetReader, SetWriter, Tuning, WriteError};
use sync_core::change_set::{ChangedRow, OrderChange, Placed, Record};
use sync_core::testing::{category, channel, movie};
use sync_core::{ContentId, ContentKind, FieldSet};

use crate::support::{Set, random, read, read_within};

/// Returns a file of movies with these counts and these lines between the begin and the end.
fn movies(counts: [u64; 3], display: bool, lines: &str) -> Vec<u8> {
    let [new, changed, gone] = counts;
    let place = format!(r#"{{"epoch":1,"sequence":2,"hash":"{}"}}"#, "0".repeat(32));
    let kind = format!(
        r#"{{"kind":"movies","from":{place},"to":{place},"listed_at":3,"new":{new},"changed":{changed},"gone":{gone}}}"#
    );
    let header = format!(r#"{{"panel":"{}","made_at":3,"display":{display},"kinds":[{kind}]}}"#, "f".repeat(32));
    compressed(format!("{header}\n{{\"begin\":\"movies\"}}\n{lines}{{\"end\":\"movies\"}}\n").as_bytes())
}

#[test]
fn wrong_lines_are_refused_with_a_reason() {
    let cases = [
        ([1, 0, 0], "", "rows are missing"),
        ([u64::MAX, 1 << 63, 1 << 63], "", "rows are missing"),
        ([0, 0, 0], "{\"-\":1}\n", "a row more"),
        ([0, 0, 2], "{\"-\":1}\n{\"-\":1}\n", "not greater"),
        ([1, 0, 1], "{\"-\":2}\n{\"+\":1}\n", "not greater"),
        ([0, 0, 1], "{\"categories\":[]}\n{\"-\":1}\n", "after the categories"),
        ([0, 0, 1], "{\"whole\":[]}\n{\"-\":1}\n", "after the categories"),
        ([0; 3], "{\"categories\":[]}\n{\"categories\":[]}\n", "twice"),
        ([0; 3], "{\"whole\":[]}\n{\"categories\":[]}\n", "after a later one"),
        ([0; 3], "{\"whole\":[]}\n{\"placed\":[]}\n", "another form"),
        ([0; 3], "{\"whole\":[1.5]}\n", "no number"),
        ([0; 3], "{\"whole\":{}}\n", "no JSON array"),
        ([0; 3], "{\"whole\":[9223372036854775808]}\n", "no number"),
        ([0; 3], "{\"placed\":[[1]]}\n", "places no item"),
        ([0; 3], "{\"placed\":[[]]}\n", "places no item"),
        ([0; 3], "{\"placed\":[[1,null]]}\n", "no number"),
        ([0; 3], "\n", "is no JSON object"),
        ([0; 3], "{}\n", "is empty"),
        ([0; 3], "[]\n", "is no JSON object"),
        ([0; 3], "{\"end\":\"movies\"\n", "is no JSON object"),
        ([0; 3], "{\"end\":\"series\"}\n", "ends another kind"),
        ([0; 3], "{\"new\":1}\n", "is of no kind"),
        ([0; 3], "{\"end\":\"movies\"}\n", "follows the last kind"),
        ([0; 3], "{\"-\":1} {\"-\":2}\n", "is no JSON object"),
        ([1, 0, 0], "{\"+\":1.0}\n", "an id that is no number"),
        ([1, 0, 0], "{\"+\":\"1\"}\n", "an id that is no number"),
        ([1, 0, 0], "{\"+\":9223372036854775808}\n", "an id that is no number"),
        ([1, 0, 0], "{\"+\":1,\"name\":7}\n", "`name` that has a value of another type"),
        ([1, 0, 0], "{\"+\":1,\"name\":\"\\ud800\"}\n", "`name` that has a value of another type"),
        ([1, 0, 0], "{\"+\":1,\"name\":\"a\",\"name\":\"b\"}\n", "`name` that is there twice"),
        ([1, 0, 0], "{\"+\":1,\"is_adult\":1}\n", "`is_adult` that has"),
        ([1, 0, 0], "{\"+\":1,\"episode_run_time\":1e2}\n", "`episode_run_time` that has"),
        ([1, 0, 0], "{\"+\":1,\"rating\":1e999}\n", "`rating` that has"),
        ([1, 0, 0], "{\"+\":1,\"rating\":\"7\"}\n", "`rating` that has"),
        ([1, 0, 0], "{\"+\":1,\"category_ids\":[1]}\n", "`category_ids` that has"),
        ([1, 0, 0], "{\"+\":1,\"extra\":{\"a\":1,\"a\":2}}\n", "a key of `extra` twice"),
        ([1, 0, 0], "{\"+\":1,\"extra\":{\"a\":1},\"extra_text\":{\"a\":\"\"}}\n", "a key of `extra` twice"),
        ([1, 0, 0], "{\"+\":1,\"extra_text\":{\"a\":1}}\n", "no string"),
        ([1, 0, 0], "{\"+\":1,\"A column\\u001b\":1}\n", "without a proper name"),
        ([0; 3], "{\"categories\":[{\"id\":\"1\"}]}\n", "without an id or a name"),
        ([0; 3], "{\"categories\":[{\"id\":1,\"name\":\"\"}]}\n", "without an id or a name"),
    ];
    for (counts, lines, reason) in cases {
        let error = read(movies(counts, true, lines).as_slice()).expect_err(lines);
        assert!(error.is_damage(), "{lines}: {error}");
        assert!(error.to_string().contains(reason), "{lines}: {error}, not {reason}");
    }
    let error = read(movies([1, 0, 0], false, "{\"+\":1,\"num\":1}\n").as_slice()).unwrap_err();
    assert!(error.to_string().contains("`num` that is in a set without columns for display"), "{error}");
    let mut lines = b"{\"-\":\"\xff\"}\n".to_vec();
    lines.push(b'\n');
    let body = [&body(&movies([0; 3], true, ""))[..], &lines].concat();
    assert!(read(compressed(&body).as_slice()).unwrap_err().is_damage());
}

#[test]
fn a_column_of_a_newer_version_is_named() {
    for lines in ["{\"+\":1,\"colour\":7}\n", "{\"~\":1,\"name\":\"a\",\"colour\":null}\n"] {
        let counts = if lines.contains('+') { [1, 0, 0] } else { [0, 1, 0] };
        let error = read(movies(counts, true, lines).as_slice()).unwrap_err();
        assert!(!error.is_damage());
        let ReadError::UnknownColumn { kind: ContentKind::Movies, column } = &error else { panic!("{error}") };
        assert_eq!(column, "colour");
        assert!(error.to_string().contains("newer version"), "{error}");
    }
}

#[test]
fn members_that_a_later_version_adds_to_a_line_are_ignored() {
    let lines = "{\"-\":1,\"why\":[{}]}\n{\"categories\":[{\"id\":\"1\",\"name\":\"A\",\"icon\":{}}],\"more\":1}\n\
                 {\"whole\":[5,-2],\"more\":[]}\n{\"whole\":[7],\"more\":1}\n";
    let found = read(movies([0, 0, 1], true, lines).as_slice()).unwrap();
    let order = OrderChange::Whole([5, 3, 7].map(ContentId).to_vec());
    let mut category = category("1");
    category.name = "A".to_owned();
    let records = vec![Record::Gone(ContentId(1)), Record::Categories(vec![category]), Record::Order(order)];
    assert_eq!(found.records, [records]);
    let padded = body(&movies([0; 3], true, ""));
    let padded = String::from_utf8(padded).unwrap().replace("\"made_at\"", "\"note\":{\"a\":[]},\"made_at\"");
    assert!(read(compressed(padded.as_bytes()).as_slice()).is_ok());
}

/// Returns the body of a set with an episodes kind before and after the movies.
fn with_episodes(lines: &str) -> String {
    let set = Set::of(true, vec![(ContentKind::Movies, vec![Record::Gone(ContentId(1))])]);
    let text = String::from_utf8(body(&set.write(Tuning::Increment))).unwrap();
    let (header, kind) = text.split_once('\n').unwrap();
    let (begin, movies) = header.split_once("\"kinds\":[").unwrap();
    let movies = movies.strip_suffix("]}").unwrap();
    let extra = |name: &str| format!("{{\"seasons\":{{}},\"kind\":\"{name}\"}}");
    let [first, last] = ["episodes", "radio"].map(extra);
    let unknown = |name: &str| format!("{{\"begin\":\"{name}\"}}\n{lines}{{\"end\":\"{name}\"}}\n");
    let [before, after] = ["episodes", "radio"].map(unknown);
    format!("{begin}\"kinds\":[{first},{movies},{last}]}}\n{before}{kind}{after}")
}

#[test]
fn a_kind_that_is_not_known_is_skipped_by_name() {
    for lines in ["", "{\"+\":1,\"colour\":7}\n{\"-\":1}\n", "{\"anything\":[]}\nno JSON\n\n{\"end\"\n"] {
        let file = compressed(with_episodes(lines).as_bytes());
        let mut reader = SetReader::new(file.as_slice(), Limits::default()).unwrap();
        assert_eq!(reader.skipped_kinds(), ["episodes", "radio"]);
        assert_eq!(reader.header().kinds.len(), 1);
        assert_eq!(reader.next().unwrap(), Some(Event::Kind(ContentKind::Movies)));
        assert_eq!(reader.next().unwrap(), Some(Event::Record(Record::Gone(ContentId(1)))));
        assert_eq!(reader.next().unwrap(), Some(Event::End));
        assert_eq!(reader.next().unwrap(), None);
    }
    let other_end = compressed(with_episodes("{\"end\":\"movies\"}\n").as_bytes());
    assert!(read(other_end.as_slice()).unwrap_err().to_string().contains("ends another kind"));
    for (from, to) in [("episodes", "Episodes!"), ("episodes", "movies"), ("episodes", "radio"), ("radio", "\\u001b")] {
        let file = compressed(with_episodes("").replace(from, to).as_bytes());
        assert!(read(file.as_slice()).unwrap_err().is_damage(), "{to}");
    }
    let late = with_episodes("").replacen("{\"begin\":\"episodes\"}\n{\"end\":\"episodes\"}\n", "", 1);
    let error = read(compressed(late.as_bytes()).as_slice()).unwrap_err();
    assert!(error.to_string().contains("another kind than the header"), "{error}");
}

#[test]
fn bytes_after_the_compressed_data_are_refused() {
    let body = body(&movies([0; 3], true, ""));
    let payload = zstd::stream::encode_all(body.as_slice(), 3).unwrap();
    for size in [1, 7, 100_000] {
        assert!(read(framed(&payload, size).as_slice()).is_ok(), "{size}");
        let twice = [&payload[..], &payload].concat();
        assert!(read(framed(&twice, size).as_slice()).unwrap_err().is_damage(), "two zstd frames, {size}");
        let cut = &payload[..payload.len() - 1];
        assert!(read(framed(cut, size).as_slice()).unwrap_err().is_damage(), "a cut zstd frame, {size}");
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9][..], &payload].concat();
        assert!(read(framed(&skippable, size).as_slice()).unwrap_err().is_damage(), "a skippable frame, {size}");
    }
    let open = body.strip_suffix(b"\n").unwrap();
    assert!(read(compressed(open).as_slice()).unwrap_err().to_string().contains("no end"));
    for nothing in [framed(&[], 1), compressed(b""), compressed(b"{}\n")] {
        assert!(read(nothing.as_slice()).unwrap_err().is_damage());
    }
    let long = framed(&vec![0; 262_145], 262_145);
    assert!(read(long.as_slice()).unwrap_err().to_string().contains("impossible length"));
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    let body = body(&movies([0; 3], true, ""));
    let with_window = |log| {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        std::io::Write::write_all(&mut encoder, &body).unwrap();
        framed(&encoder.finish().unwrap(), 500)
    };
    assert!(read(with_window(23).as_slice()).is_ok());
    let error = read(with_window(24).as_slice()).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge(Limit::Window(23))), "{error}");
    assert_eq!(error.to_string(), "the change set is too large: its compression needs a window of more than 8 MiB");
}

#[test]
fn lines_without_end_stop_at_the_limit() {
    let limits = Limits { decoded: 1 << 20, ..Limits::default() };
    let text = with_episodes(&"{\"+\":1}\n".repeat(200_000));
    let error = read_within(compressed(text.as_bytes()).as_slice(), limits).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge(Limit::Decoded(1_048_576))), "{error}");
    let limits = Limits { line: 1000, ..Limits::default() };
    let file = movies([1, 0, 0], true, &format!("{{\"+\":1,\"name\":\"{}\"}}\n", "a".repeat(1000)));
    assert!(matches!(read_within(file.as_slice(), limits), Err(ReadError::TooLarge(Limit::Line(1000)))));
    assert!(read(file.as_slice()).is_ok());
    let limits = Limits { order: 800, ..Limits::default() };
    for (ids, fits) in [(100, true), (101, false)] {
        let lines = format!("{{\"whole\":[{}]}}\n", vec!["1"; ids].join(","));
        assert_eq!(read_within(movies([0; 3], true, &lines).as_slice(), limits).is_ok(), fits, "{ids} ids");
    }
    let runs = format!("{{\"placed\":[{}[1,1]]}}\n", "[2,1],".repeat(20));
    let error = read_within(movies([0; 3], true, &runs).as_slice(), limits).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge(Limit::Order(800))), "{error}");
}

#[test]
fn a_writer_refuses_a_wrong_order() {
    let rows = vec![Record::New(movie(1).item()), Record::Gone(ContentId(3))];
    let set = Set::of(true, vec![(ContentKind::Movies, rows), (ContentKind::Series, Vec::new())]);
    let writer = || SetWriter::new(Vec::new(), &set.header, Tuning::Increment).unwrap();
    let begun = || {
        let mut writer = writer();
        writer.begin(ContentKind::Movies).unwrap();
        writer
    };
    let full = || {
        let mut writer = begun();
        for record in &set.records[0] {
            writer.record(record).unwrap();
        }
        writer
    };
    let is_order = |found: Result<(), WriteError>| matches!(found, Err(WriteError::WrongOrder(_)));
    let is_count = |found: Result<(), WriteError>| matches!(found, Err(WriteError::Counts(ContentKind::Movies)));
    let categories = Record::Categories(vec![category("1")]);
    let whole = Record::Order(OrderChange::Whole(vec![ContentId(1)]));

    assert!(is_order(writer().begin(ContentKind::Series)), "not the first kind");
    assert!(is_order(begun().begin(ContentKind::Movies)), "begun twice");
    assert!(is_order(writer().record(&categories)), "no kind");
    assert!(is_order(writer().whole_order(&[])), "no kind");
    assert!(is_order(writer().end()), "no kind");
    assert!(is_count(begun().end()), "rows are missing");
    assert!(is_count(full().record(&Record::Gone(ContentId(4)))), "a row more");
    let mut late = begun();
    late.record(&Record::Gone(ContentId(3))).unwrap();
    assert!(is_order(late.record(&Record::New(movie(3).item()))), "the id before");
    let other = begun().record(&Record::New(channel(1).item()));
    assert!(matches!(other, Err(WriteError::OtherKind { found: ContentKind::Channels, .. })));
    let row = ChangedRow { item: channel(1).item(), fields: FieldSet::EMPTY };
    assert!(matches!(begun().record(&Record::Changed(row)), Err(WriteError::OtherKind { .. })));

    let mut after = begun();
    after.record(&categories).unwrap();
    assert!(is_order(after.record(&Record::Gone(ContentId(3)))), "a row after the categories");
    assert!(is_order(after.record(&categories)), "categories twice");
    after.record(&whole).unwrap();
    assert!(is_order(after.record(&whole)), "the order twice");
    assert!(is_order(after.whole_order(&[])), "the order twice");
    assert!(is_order(after.record(&categories)), "categories after the order");
    let placed = vec![Placed { after: None, ids: vec![ContentId(1)] }];
    assert!(is_order(after.record(&Record::Order(OrderChange::Placed(placed)))), "the order twice");

    let mut one = full();
    one.end().unwrap();
    assert!(matches!(one.finish(), Err(WriteError::WrongOrder(_))), "a kind is missing");
    assert!(matches!(begun().finish(), Err(WriteError::WrongOrder(_))), "a kind is open");
    let mut header = set.header.clone();
    header.kinds[1].kind = ContentKind::Movies;
    assert!(matches!(SetWriter::new(Vec::new(), &header, Tuning::Increment), Err(WriteError::WrongOrder(_))));
    let long = movie(1).with("plot", &"a".repeat(17 << 20)).item();
    let mut writer = begun();
    assert!(matches!(writer.record(&Record::New(long)), Err(WriteError::TooLong)));
    assert!(writer.record(&Record::Gone(ContentId(3))).is_err(), "an error is not forgotten");
    assert!(writer.finish().is_err());
}

/// An output that is full after some bytes.
#[derive(Debug)]
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let length = bytes.len().min(self.0);
        self.0 -= length;
        if length == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(length) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let set = random(3);
    let length = set.write(Tuning::Increment).len();
    let write = |room| -> Result<(), WriteError> {
        let mut writer = SetWriter::new(Full(room), &set.header, Tuning::Increment)?;
        for (change, records) in set.header.kinds.iter().zip(&set.records) {
            writer.begin(change.kind)?;
            records.iter().try_for_each(|record| writer.record(record))?;
            writer.end()?;
        }
        writer.finish().map(drop)
    };
    write(length).unwrap();
    for room in [0, 9, 10, 100, length - 16, length - 1] {
        assert!(matches!(write(room), Err(WriteError::Io(_))), "{room}");
    }
}

/// The entry point of the fuzzer, with bytes that are less random.
#[test]
fn any_bytes_are_read_or_refused() {
    let mut rng = fastrand::Rng::with_seed(9);
    for seed in 0..300 {
        let file = random(seed).write(Tuning::Increment);
        let body = body(&file);
        let lines = body.split_inclusive(|byte| *byte == b'\n');
        let lines: Vec<&[u8]> = lines.filter(|line| line.len() < 10_000).collect();
        let kind = lines.get(2..lines.len().saturating_sub(1)).unwrap_or_default().concat();
        for (layer, bytes) in [(0, &file), (2, &body), (3, &kind)] {
            let mut bytes = [&[layer][..], bytes].concat();
            change_set(&bytes);
            for _ in 0..10 {
                let at = rng.usize(1..=bytes.len());
                match rng.u8(..4) {
                    0 => drop(bytes.drain(at..(at + rng.usize(..20)).min(bytes.len()).max(at))),
                    1 => bytes.splice(at..at, [b"0123456789{}[]\",:+-~\n\\e."[rng.usize(..24)]]).for_each(drop),
                    2 => {
                        let from = rng.usize(1..=bytes.len());
                        let part = bytes[from..(from + 30).min(bytes.len())].to_vec();
                        bytes.splice(at..at, part).for_each(drop);
                    }
                    _ => bytes.splice(at..(at + 1).min(bytes.len()), [rng.u8(..)]).for_each(drop),
                }
                change_set(&bytes);
            }
        }
    }
}
