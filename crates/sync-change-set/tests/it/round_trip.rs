//! What was written is read back, through any kind of input.

use std::io::{self, Read};

use sync_change_set::{Event, Limits, SetReader, SetWriter, Tuning};
use sync_core::change_set::{OrderChange, Placed, Record};
use sync_core::testing::{category, movie};
use sync_core::{ContentId, ContentKind, ValueRef};

use crate::support::{Set, random, read};

#[test]
fn any_set_is_read_as_it_was_written() {
    for seed in 0..600 {
        let set = random(seed);
        for tuning in [Tuning::Increment, Tuning::Snapshot] {
            let found = read(set.write(tuning).as_slice());
            assert_eq!(found.unwrap(), set.clone().canonical(), "seed {seed}");
        }
    }
}

#[test]
fn a_set_that_was_read_is_written_as_the_same_bytes() {
    for seed in 0..200 {
        let file = random(seed).write(Tuning::Increment);
        assert_eq!(read(file.as_slice()).unwrap().write(Tuning::Increment), file, "seed {seed}");
    }
}

/// Returns a few bytes per read, and is interrupted before each read.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(2) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = (self.1 % 7 + 1).min(out.len()).min(self.0.len());
        out[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

#[test]
fn a_pipe_may_give_a_few_bytes_at_a_time() {
    for seed in 0..40 {
        let set = random(seed);
        let file = set.write(Tuning::Increment);
        assert_eq!(read(Trickle(&file, 0)).unwrap(), set.canonical(), "seed {seed}");
    }
}

/// Counts the bytes that were asked for.
struct Counted<'a>(&'a [u8], &'a std::cell::Cell<usize>);

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.0.read(out)?;
        self.1.set(self.1.get() + length);
        Ok(length)
    }
}

#[test]
fn the_header_is_known_long_before_the_end() {
    let mut rng = fastrand::Rng::with_seed(1);
    let noise = |rng: &mut fastrand::Rng| (0..300).map(|_| rng.alphanumeric()).collect::<String>();
    let rows = (0..4000).map(|id| Record::New(movie(id).with("plot", &noise(&mut rng)).item())).collect();
    let set = Set::of(true, vec![(ContentKind::Movies, rows)]);
    let file = set.write(Tuning::Snapshot);
    let read = std::cell::Cell::new(0);
    let reader = SetReader::new(Counted(&file, &read), Limits::default()).unwrap();
    assert_eq!(reader.header(), &set.header);
    assert!(file.len() > 500_000 && read.get() < 200_000, "{} of {}", read.get(), file.len());
}

#[test]
fn a_whole_order_may_be_given_in_pieces() {
    let ids: Vec<ContentId> = (0..5000).rev().map(ContentId).collect();
    let set = Set::of(true, vec![(ContentKind::Series, vec![Record::Order(OrderChange::Whole(ids.clone()))])]);
    for size in [1, 999, 1000, 1001, 6000] {
        let mut writer = SetWriter::new(Vec::new(), &set.header, Tuning::Snapshot).unwrap();
        writer.begin(ContentKind::Series).unwrap();
        ids.chunks(size).for_each(|ids| writer.whole_order(ids).unwrap());
        writer.end().unwrap();
        assert_eq!(read(writer.finish().unwrap().as_slice()).unwrap(), set, "{size}");
    }
}

#[test]
fn an_empty_order_and_an_empty_list_of_categories_are_kept() {
    let records = vec![Record::Categories(Vec::new()), Record::Order(OrderChange::Whole(Vec::new()))];
    let placed = vec![Record::Order(OrderChange::Placed(Vec::new()))];
    let set = Set::of(true, vec![(ContentKind::Channels, records), (ContentKind::Movies, placed)]);
    assert_eq!(read(set.write(Tuning::Increment).as_slice()).unwrap(), set);
    let nothing = Set::of(false, Vec::new());
    assert_eq!(read(nothing.write(Tuning::Increment).as_slice()).unwrap(), nothing);
}

#[test]
fn a_long_run_is_one_run() {
    let ids = (0..2500).map(ContentId).collect();
    let runs = vec![Placed { after: None, ids }, Placed { after: Some(ContentId(7)), ids: vec![ContentId(-1)] }];
    let records = vec![Record::Categories(vec![category("1")]), Record::Order(OrderChange::Placed(runs))];
    let set = Set::of(true, vec![(ContentKind::Movies, records)]);
    assert_eq!(read(set.write(Tuning::Increment).as_slice()).unwrap(), set);
}

/// A runtime moves blocking work to threads of its own.
#[test]
fn a_reader_and_a_writer_can_go_to_another_thread() {
    let set = random(5);
    let file = set.write(Tuning::Increment);
    let reader = SetReader::new(file.as_slice(), Limits::default()).unwrap();
    let writer = SetWriter::new(Vec::new(), &set.header, Tuning::Increment).unwrap();
    std::thread::scope(|scope| {
        let header = scope.spawn(move || (reader.header().clone(), writer)).join().unwrap().0;
        assert_eq!(header, set.header);
    });
}

/// The hash counts bits, so a number keeps its bits.
#[test]
fn numbers_keep_their_bits() {
    let ratings = [0.1 + 0.2, -0.0, 5e-324, 1e22, 1e16, 123_456_789.123_456_79, f64::MAX];
    for rating in ratings {
        let mut item = movie(i64::MIN).item();
        let at = ContentKind::Movies.field("rating").unwrap();
        item.put(at, sync_core::Value::Real(rating));
        let set = Set::of(true, vec![(ContentKind::Movies, vec![Record::New(item)])]);
        let found = read(set.write(Tuning::Increment).as_slice()).unwrap();
        let Record::New(item) = &found.records[0][0] else { panic!("{found:?}") };
        assert!(matches!(item.value(at), ValueRef::Real(number) if number.to_bits() == rating.to_bits()), "{rating}");
    }
}

#[test]
fn the_parts_come_in_their_order() {
    let item = movie(5).item();
    let set = Set::of(true, vec![(ContentKind::Movies, vec![Record::New(item.clone()), Record::Gone(ContentId(9))])]);
    let file = set.write(Tuning::Increment);
    let mut reader = SetReader::new(file.as_slice(), Limits::default()).unwrap();
    assert_eq!(reader.next().unwrap(), Some(Event::Kind(ContentKind::Movies)));
    assert_eq!(reader.next().unwrap(), Some(Event::Record(Record::New(item))));
    assert_eq!(reader.next().unwrap(), Some(Event::Record(Record::Gone(ContentId(9)))));
    assert_eq!(reader.next().unwrap(), Some(Event::End));
    assert_eq!(reader.next().unwrap(), None);
    assert!(reader.skipped_kinds().is_empty());
}
