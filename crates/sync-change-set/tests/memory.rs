//! Files that claim much, or inflate to much, take bounded memory and time. This is a separate test program, because it
//! counts the allocations of the whole process.

#![expect(clippy::unwrap_used, reason = "a test that fails is to panic, and nothing else is lost by it")]

use std::io::Write as _;
use std::time::{Duration, Instant};

use sync_change_set::fuzzing::framed;
use sync_change_set::{Limits, ReadError, SetReader};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const MIB: usize = 1 << 20;

/// Returns compressed pieces that have a size together.
fn inflating(begin: &str, piece: &str, size: u64) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(begin.as_bytes()).unwrap();
    let block = piece.repeat((MIB / piece.len()).max(1));
    (0..=size / block.len() as u64).for_each(|_| encoder.write_all(block.as_bytes()).unwrap());
    framed(&encoder.finish().unwrap(), 200_000)
}

fn begin(kind: &str, counts: &str) -> String {
    let place = format!(r#"{{"epoch":1,"sequence":2,"hash":"{}"}}"#, "0".repeat(32));
    let kinds = format!(r#"{{"kind":"{kind}","from":{place},"to":{place},{counts}}}"#);
    let panel = "f".repeat(32);
    format!("{{\"panel\":\"{panel}\",\"made_at\":3,\"display\":true,\"kinds\":[{kinds}]}}\n{{\"begin\":\"{kind}\"}}\n")
}

fn end(file: &[u8]) -> ReadError {
    let mut reader = match SetReader::new(file, Limits::default()) {
        Ok(reader) => reader,
        Err(error) => return error,
    };
    loop {
        match reader.next() {
            Ok(event) => assert!(event.is_some(), "no case is a change set"),
            Err(error) => return error,
        }
    }
}

#[test]
fn bombs_stop_at_a_limit() {
    let counts = "\"new\":18446744073709551615,\"changed\":9223372036854775808,\"gone\":9223372036854775808";
    let movies = begin("movies", counts);
    let keys = (0..1_100_000).rev().fold(String::new(), |keys, nth| keys + &format!("\"{nth:07x}\":0,"));
    let row = format!("{{\"+\":1,\"extra\":{{{keys}\"z\":1}}}}\n");
    assert!(row.len() > 12 * MIB);
    let cases = [
        // The keys fall, so each key would be inserted before all others. This row takes the most memory of all rows.
        ("a row of keys", inflating(&movies, &row, 1 << 20), 400),
        ("zeros", inflating("", "\0", 1 << 30), 64),
        ("a header without end", inflating("{\"panel\":\"", "a", 1 << 26), 64),
        ("a header of kinds", inflating("{\"kinds\":[", "{},", 1 << 26), 64),
        ("a line without end", inflating(&format!("{movies}{{\"+\":1,\"name\":\""), "a", 1 << 30), 64),
        ("empty lines", inflating(&movies, "\n", 1 << 30), 4),
        ("a value of brackets", inflating(&format!("{movies}{{\"+\":1,\"x\":"), "[", 15 << 20), 96),
        ("one row again and again", inflating(&movies, "{\"-\":1}\n", 1 << 30), 4),
        ("ids of an order", inflating(&movies, "{\"whole\":[1,2,3,4,5,6,7,8,9]}\n", 1 << 30), 400),
        ("runs of an order", inflating(&movies, "{\"placed\":[[1,1],[2,2],[3,3],[4,4]]}\n", 1 << 30), 400),
        ("a kind that isn't known", inflating(&begin("episodes", counts), "{\"+\":1,\"a\":[1,2,3]}\n", 1 << 32), 4),
    ];
    for (what, file, most) in cases {
        let profiler = dhat::Profiler::builder().testing().build();
        let begin = Instant::now();
        let error = end(&file);
        let (took, peak) = (begin.elapsed(), dhat::HeapStats::get().max_bytes / MIB);
        drop(profiler);
        eprintln!("{what}: {} bytes, {error}, {peak} MiB, {took:?}", file.len());
        assert!(peak <= most, "{what}: {peak} MiB");
        assert!(took < Duration::from_secs(30), "{what}: {took:?}");
        assert!(error.is_damage() || matches!(error, ReadError::TooLarge(_)), "{what}: {error}");
    }
}
