//! Files that are cut, or in which a bit has changed, are refused.

use std::time::Instant;

use sync_change_set::{ReadError, Tuning};
use sync_core::change_set::{OrderChange, Placed, Record};
use sync_core::testing::{category, movie};
use sync_core::{ContentId, ContentKind};
use xxhash_rust::xxh3::xxh3_128;

use crate::support::{Set, read};

fn small() -> Set {
    let placed = vec![Placed { after: None, ids: vec![ContentId(1)] }];
    let movies = vec![
        Record::New(movie(1).item()),
        Record::Gone(ContentId(3)),
        Record::Categories(vec![category("1")]),
        Record::Order(OrderChange::Placed(placed)),
    ];
    Set::of(true, vec![(ContentKind::Movies, movies), (ContentKind::Series, Vec::new())])
}

fn large() -> Set {
    let mut rng = fastrand::Rng::with_seed(3);
    // Text without repetitions, so that the file is large and reading it is quick.
    let rows = (0..4000).map(|id| {
        let plot: String = (0..350).map(|_| rng.alphanumeric()).collect();
        Record::New(movie(id).with("plot", &plot).item())
    });
    Set::of(true, vec![(ContentKind::Movies, rows.collect())])
}

/// An unknown version has an error of its own. Everything else is damage.
fn refused(bytes: &[u8], what: &str) {
    match read(bytes) {
        Err(error) => assert!(error.is_damage() || matches!(error, ReadError::Version(_)), "{what}: {error}"),
        Ok(_) => panic!("{what} was accepted"),
    }
}

#[test]
fn every_cut_and_every_flipped_bit_of_a_small_file_is_refused() {
    let mut file = small().write(Tuning::Increment);
    assert_eq!(read(file.as_slice()).unwrap(), small().canonical());
    for length in 0..file.len() {
        refused(&file[..length], &format!("a cut to {length} bytes"));
    }
    for bit in 0..file.len() * 8 {
        file[bit / 8] ^= 1 << (bit % 8);
        refused(&file, &format!("a flip of bit {bit}"));
        file[bit / 8] ^= 1 << (bit % 8);
    }
    file.push(0);
    refused(&file, "a byte more");
}

#[test]
fn random_cuts_and_flips_of_a_large_file_are_refused() {
    let mut file = large().write(Tuning::Snapshot);
    assert!(file.len() > 1 << 20, "{}", file.len());
    let mut rng = fastrand::Rng::with_seed(4);
    let begin = Instant::now();
    for _ in 0..500 {
        let length = rng.usize(..file.len());
        refused(&file[..length], &format!("a cut to {length} bytes"));
        let bit = rng.usize(..file.len() * 8);
        file[bit / 8] ^= 1 << (bit % 8);
        refused(&file, &format!("a flip of bit {bit}"));
        file[bit / 8] ^= 1 << (bit % 8);
    }
    eprintln!("1,000 damaged files of {} bytes: {:?}", file.len(), begin.elapsed());
}

/// Each of the two checksums finds damage that the other one doesn't find.
#[test]
fn a_frame_is_checked_by_itself_and_so_is_the_whole_file() {
    let file = small().write(Tuning::Increment);
    let end = file.len() - 16;
    let refused_by = |file: &[u8]| read(file).unwrap_err().to_string();
    for at in 22..end - 4 {
        let mut file = file[..end].to_vec();
        file[at] ^= 1;
        file.extend(xxh3_128(&file).to_le_bytes());
        assert_eq!(refused_by(&file), "the change set is damaged: a frame has a wrong checksum (at byte 10)", "{at}");
    }
    let mut file = file;
    file[end] ^= 1;
    assert!(refused_by(&file).contains("the checksum over all is wrong"));
}

#[test]
fn other_files_are_told_from_change_sets() {
    for bytes in [&b"SQLite format 3\0"[..], b"{\"panel\":1}", b"\x89PNG\r\n\x1a\n\0\0"] {
        assert!(matches!(read(bytes), Err(ReadError::NotASet)), "{bytes:?}");
    }
    assert!(matches!(read(&b""[..]), Err(ReadError::Empty)));
    let mut file = small().write(Tuning::Increment);
    file[8] = 2;
    assert!(matches!(read(file.as_slice()), Err(ReadError::Version(2))));
}
