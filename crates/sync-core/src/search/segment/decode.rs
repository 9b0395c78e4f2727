//! Reads a segment entry by entry: the values, and the places in the texts.
//!
//! The facts are read without the texts, which a store may give later, or not at all.

use std::ops::Range;

use super::{DamagedSegment, FORM, FORM_OF_NEW, RATED, REMOVED};
use crate::model::{CategorySet, ContentId};

/// An entry of a segment.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::search) struct Kept {
    pub(in crate::search) id: ContentId,
    pub(in crate::search) values: Option<Values>,
}

/// The values of an entry whose item exists.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::search) struct Values {
    pub(in crate::search) year: u16,
    pub(in crate::search) added: u32,
    pub(in crate::search) rating: Option<f32>,
    /// The position in [`Decoded::sets`].
    pub(in crate::search) set: usize,
    /// The place of its text in the names of the segment.
    pub(in crate::search) names: Range<usize>,
    /// The place of its text in the rest of the segment.
    pub(in crate::search) rest: Range<usize>,
}

/// The facts of a segment that is being read.
#[derive(Debug)]
pub(in crate::search) struct Decoded<'a> {
    pub(in crate::search) sets: Vec<CategorySet>,
    facts: Reader<'a>,
    left: u32,
    before: (i64, i64, i64),
    /// The lengths of the texts of all entries that were read.
    names: usize,
    rest: usize,
}

impl<'a> Decoded<'a> {
    /// Begins to read the facts of a segment with so many entries.
    pub(in crate::search) fn new(facts: &'a [u8], entries: u32) -> Result<Self, DamagedSegment> {
        let mut facts = Reader(facts);
        if ![FORM, FORM_OF_NEW].contains(&facts.byte()?) {
            return Err(DamagedSegment);
        }
        let sets = facts.number()?;
        let sets: Result<_, _> = (0..sets.min(u64::from(entries))).map(|_| read_set(&mut facts)).collect();
        Ok(Self { sets: sets?, facts, left: entries, before: (0, 0, 0), names: 0, rest: 0 })
    }

    /// Reads the next entry. Returns `None` after the last one.
    pub(in crate::search) fn next(&mut self) -> Result<Option<Kept>, DamagedSegment> {
        if self.left == 0 {
            return if self.facts.0.is_empty() { Ok(None) } else { Err(DamagedSegment) };
        }
        self.left -= 1;
        let flags = self.facts.byte()?;
        let (id, mut year, mut added) = self.before;
        let id = id.wrapping_add(self.facts.signed()?);
        self.before.0 = id;
        let id = ContentId(id);
        if flags == REMOVED {
            return Ok(Some(Kept { id, values: None }));
        }
        year = year.wrapping_add(self.facts.signed()?);
        added = added.wrapping_add(self.facts.signed()?);
        self.before = (id.0, year, added);
        let rating = match flags {
            RATED => Some(f32::from_le_bytes(self.facts.bytes()?)),
            0 => None,
            _ => return Err(DamagedSegment),
        };
        let set = usize::try_from(self.facts.number()?).map_err(|_| DamagedSegment)?;
        if set >= self.sets.len() {
            return Err(DamagedSegment);
        }
        let names = following(&mut self.names, self.facts.number()?)?;
        let rest = following(&mut self.rest, self.facts.number()?)?;
        let year = u16::try_from(year).map_err(|_| DamagedSegment)?;
        let added = u32::try_from(added).map_err(|_| DamagedSegment)?;
        Ok(Some(Kept { id, values: Some(Values { year, added, rating, set, names, rest }) }))
    }

    /// Returns the lengths that names and rest have in a complete segment. Call this after the last entry.
    pub(in crate::search) const fn lengths(&self) -> (usize, usize) {
        (self.names, self.rest)
    }
}

/// Returns whether no item of a segment with these facts is in an earlier batch.
pub(in crate::search) fn is_of_new(facts: &[u8]) -> bool {
    facts.first() == Some(&FORM_OF_NEW)
}

/// Returns the range of the next bytes of a text, and moves the end of the text behind them.
fn following(end: &mut usize, length: u64) -> Result<Range<usize>, DamagedSegment> {
    let start = *end;
    *end = usize::try_from(length).ok().and_then(|length| start.checked_add(length)).ok_or(DamagedSegment)?;
    Ok(start..*end)
}

fn read_set(facts: &mut Reader<'_>) -> Result<CategorySet, DamagedSegment> {
    let mut set = CategorySet::NONE;
    for _ in 0..facts.number()? {
        let length = facts.number()?;
        let id = facts.take(length)?;
        set.insert(std::str::from_utf8(id).map_err(|_| DamagedSegment)?);
    }
    Ok(set)
}

#[derive(Debug)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, DamagedSegment> {
        let (first, rest) = self.0.split_first().ok_or(DamagedSegment)?;
        self.0 = rest;
        Ok(*first)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], DamagedSegment> {
        let (first, rest) = self.0.split_first_chunk().ok_or(DamagedSegment)?;
        self.0 = rest;
        Ok(*first)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], DamagedSegment> {
        let length = usize::try_from(length).map_err(|_| DamagedSegment)?;
        let (first, rest) = self.0.split_at_checked(length).ok_or(DamagedSegment)?;
        self.0 = rest;
        Ok(first)
    }

    fn number(&mut self) -> Result<u64, DamagedSegment> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DamagedSegment)
    }

    fn signed(&mut self) -> Result<i64, DamagedSegment> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}
