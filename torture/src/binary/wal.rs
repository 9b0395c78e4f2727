//! The write-ahead log as a sequence of frames, by the description of its format in SQLite's documentation.

use crate::Outcome;
use crate::binary::judge::demand;

/// Bytes before the first frame.
pub(crate) const HEADER: usize = 32;
/// Bytes of a frame before its page.
pub(crate) const FRAME_HEADER: usize = 24;

/// One page in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The position at which it begins.
    pub(crate) at: usize,
    /// The number of the page, from 1.
    pub(crate) page: u32,
    /// Whether a transaction ends with it.
    pub(crate) commits: bool,
}

/// A log, as far as its checksums are right.
#[derive(Debug)]
pub(crate) struct Wal {
    pub(crate) page_size: usize,
    pub(crate) frames: Vec<Frame>,
}

fn word(bytes: &[u8], at: usize) -> Outcome<u32> {
    let word = bytes.get(at..at + 4).ok_or("the log is too short")?;
    Ok(u32::from_be_bytes(word.try_into()?))
}

/// Continues a running checksum.
fn checksum(mut sum: (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let read = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    for pair in bytes.as_chunks::<4>().0.as_chunks::<2>().0 {
        sum.0 = sum.0.wrapping_add(read(pair[0])).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(read(pair[1])).wrapping_add(sum.0);
    }
    sum
}

impl Wal {
    /// Reads a log. The bytes behind its last valid frame are left of an earlier log.
    pub(crate) fn read(log: &[u8]) -> Outcome<Self> {
        let magic = word(log, 0)?;
        demand!(magic & !1 == 0x377f_0682, "this is no log: {magic:x}");
        let big_endian = magic & 1 == 1;
        let page_size = word(log, 8)? as usize;
        let salts = log.get(16..24).ok_or("the log is too short")?;
        let mut sum = checksum((0, 0), &log[..24], big_endian);
        demand!(sum == (word(log, 24)?, word(log, 28)?), "the log's own checksum is wrong");
        let mut frames = Vec::new();
        let mut at = HEADER;
        while let Some(frame) = log.get(at..at + FRAME_HEADER + page_size) {
            sum = checksum(checksum(sum, &frame[..8], big_endian), &frame[FRAME_HEADER..], big_endian);
            if frame[8..16] != *salts || sum != (word(frame, 16)?, word(frame, 20)?) {
                break;
            }
            frames.push(Frame { at, page: word(frame, 0)?, commits: word(frame, 4)? > 0 });
            at += FRAME_HEADER + page_size;
        }
        Ok(Self { page_size, frames })
    }

    /// Returns the number of transactions that have ended before this frame.
    pub(crate) fn commits_before(&self, frame: usize) -> usize {
        self.frames[..frame.min(self.frames.len())].iter().filter(|frame| frame.commits).count()
    }

    /// Returns the end of the valid part.
    pub(crate) fn end(&self) -> usize {
        HEADER + self.frames.len() * (FRAME_HEADER + self.page_size)
    }
}
