//! Entry points for a fuzzer, and the separate layers of the format. The tests use both.
//!
//! The layers are written here a second time, from the text of `docs/change-sets.md` and not from the code, so that an
//! error of the code is not repeated here.

use std::io::{self, Read};

use sync_core::change_set::{Record, SetHeader};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::{Event, Limits, MAGIC, ReadError, SetReader, SetWriter, Tuning};

/// The limits are small, so that few bytes reach them.
const LIMITS: Limits = Limits { window_log: 18, decoded: 1 << 20, line: 1 << 16, order: 1 << 14 };

/// Returns a file with correct checksums around these bytes, in frames of `size` bytes.
pub fn framed(payload: &[u8], size: usize) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    file.extend(1_u16.to_le_bytes());
    for frame in payload.chunks(size) {
        file.extend(u32::try_from(frame.len()).unwrap_or(u32::MAX).to_le_bytes());
        file.extend(xxh3_64(frame).to_le_bytes());
        file.extend(frame);
    }
    file.extend([0; 4]);
    file.extend(xxh3_128(&file).to_le_bytes());
    file
}

/// Returns a file with this body, with correct checksums and a correct compression.
///
/// # Panics
///
/// Panics if there is no memory.
pub fn compressed(body: &[u8]) -> Vec<u8> {
    framed(&zstd::stream::encode_all(body, 1).expect("memory takes it"), 1000)
}

/// Returns the body of a complete file.
///
/// # Panics
///
/// Panics if the file is incomplete.
pub fn body(file: &[u8]) -> Vec<u8> {
    let mut rest = &file[10..];
    let mut payload = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 {
            break;
        }
        payload.extend_from_slice(&behind[8..8 + length]);
        rest = &behind[8 + length..];
    }
    zstd::stream::decode_all(payload.as_slice()).expect("the file is whole")
}

/// Reads the bytes as a change set. The first byte says what the other bytes are: a file, the compressed bytes of a
/// file, its lines, or the lines of one kind.
pub fn change_set(bytes: &[u8]) {
    let Some((layer, rest)) = bytes.split_first() else { return file(bytes) };
    match layer % 4 {
        0 => file(rest),
        1 => file(&framed(rest, 50)),
        2 => file(&compressed(rest)),
        _ => file(&compressed(&one_kind(rest))),
    }
}

/// Returns a header, these lines as those of one kind, and the end of the kind. The counts in the header are those of
/// the lines. The last byte chooses the kind, and whether the set has display fields.
fn one_kind(lines: &[u8]) -> Vec<u8> {
    let choice = lines.last().copied().unwrap_or_default();
    let kind = ["channels", "movies", "series", "episodes"][usize::from(choice % 4)];
    let count =
        |begin: &str| lines.split(|byte| *byte == b'\n').filter(|line| line.starts_with(begin.as_bytes())).count();
    let [new, changed, gone] = ["{\"+\"", "{\"~\"", "{\"-\""].map(count);
    let place = format!("{{\"epoch\":1,\"sequence\":2,\"hash\":\"{}\"}}", "0".repeat(32));
    let mut body = format!(
        "{{\"panel\":\"{}\",\"made_at\":3,\"display\":{},\"kinds\":[{{\"kind\":\"{kind}\",\"from\":{place},\"to\":{place},\
         \"new\":{new},\"changed\":{changed},\"gone\":{gone}}}]}}\n{{\"begin\":\"{kind}\"}}\n",
        "f".repeat(32),
        choice & 4 == 0,
    )
    .into_bytes();
    body.extend_from_slice(lines);
    if lines.last() != Some(&b'\n') {
        body.push(b'\n');
    }
    body.extend(format!("{{\"end\":\"{kind}\"}}\n").into_bytes());
    body
}

type Parts = (SetHeader, Vec<Event>);

fn file(bytes: &[u8]) {
    let found = read(bytes, LIMITS);
    let again = read(Trickle(bytes), LIMITS);
    let show = |found: &Result<Parts, ReadError>| found.as_ref().map_err(ToString::to_string).cloned();
    assert_eq!(show(&found), show(&again), "the sizes of reads make a difference");
    match found {
        Ok(parts) => {
            let written = write(&parts);
            let limits = Limits { line: 1 << 20, decoded: 1 << 24, ..LIMITS };
            assert_eq!(
                read(written.as_slice(), limits).expect("it was written"),
                parts,
                "it is written as it was read"
            );
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() < 400 && !message.contains(char::is_control), "{message:?} is fit for a terminal");
        }
    }
}

fn read(input: impl Read, limits: Limits) -> Result<Parts, ReadError> {
    let mut reader = SetReader::new(input, limits)?;
    let mut events = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return Ok((reader.header().clone(), events)),
            Err(error) => {
                assert!(reader.next().is_err(), "an error is not forgotten");
                return Err(error);
            }
        }
    }
}

fn write((header, events): &Parts) -> Vec<u8> {
    let mut last_id = None;
    let mut writer = SetWriter::new(Vec::new(), header, Tuning::Increment).expect("the header was read");
    for event in events {
        let written = match event {
            Event::Kind(kind) => {
                last_id = None;
                writer.begin(*kind)
            }
            Event::Record(record) => {
                let id = match record {
                    Record::New(item) => Some(item.id()),
                    Record::Changed(row) => Some(row.item.id()),
                    Record::Gone(id) => Some(*id),
                    _ => None,
                };
                assert!(id.is_none() || last_id < id, "ids rise");
                last_id = id;
                writer.record(record)
            }
            Event::End => writer.end(),
        };
        written.expect("it was read in this order");
    }
    writer.finish().expect("all kinds were read")
}

/// Returns at most three bytes per read.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = out.len().min(3);
        self.0.read(&mut out[..length])
    }
}
