//! Segments: the form in which a store keeps entries.
//!
//! A write of entries is a *batch*: one or more segments, whose entries are in the order of an index. A later batch
//! overrides earlier ones entry by entry, and a removed item is an entry without text. A sync therefore writes only
//! what has changed.

mod decode;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::SearchFields;
use super::entry::{Entry, EntrySource};
use crate::model::{CategorySet, ContentId, Text};

pub(super) use decode::{Decoded, Kept, Values, is_of_new};

/// The largest number of entries of a segment.
const SEGMENT_ENTRIES: usize = 4_000;

/// The form of [`Segment::facts`], which is its first byte. The items of such a segment may be in earlier batches.
const FORM: u8 = 1;
/// The same form. No item of such a segment is in an earlier batch.
const FORM_OF_NEW: u8 = 2;

/// The entry has a rating.
const RATED: u8 = 1;
/// The item was removed.
const REMOVED: u8 = 2;

/// A part of a batch, as a store keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment {
    /// The number of entries.
    pub entries: u32,
    /// Ids and values of the entries, and the lengths of their texts. Only this module can read them.
    pub facts: Vec<u8>,
    /// The folded names and titles, one entry after another.
    pub names: String,
    /// The folded text of the other searched fields.
    pub rest: String,
}

impl Segment {
    /// Returns about how many bytes the segment holds.
    pub const fn size(&self) -> usize {
        self.facts.len() + self.names.len() + self.rest.len()
    }

    /// Returns each item of the segment, in order, with its entry; `None` in place of the entry of a removed item.
    ///
    /// # Errors
    ///
    /// [`DamagedSegment`] if the segment can't be read.
    pub fn read(&self) -> Result<Vec<(ContentId, Option<Entry>)>, DamagedSegment> {
        let mut decoded = Decoded::new(&self.facts, self.entries)?;
        let mut items = Vec::new();
        while let Some(Kept { id, values }) = decoded.next()? {
            let entry = match values {
                None => None,
                Some(it) => Some(Entry {
                    id,
                    year: it.year,
                    added: it.added,
                    rating: it.rating,
                    categories: decoded.sets[it.set].clone(),
                    names: self.names.get(it.names).ok_or(DamagedSegment)?.to_owned(),
                    rest: self.rest.get(it.rest).ok_or(DamagedSegment)?.to_owned(),
                }),
            };
            items.push((id, entry));
        }
        if decoded.lengths() == (self.names.len(), self.rest.len()) { Ok(items) } else { Err(DamagedSegment) }
    }

    /// Splits the segment into the part that an index needs at first, and the part that it may need later.
    pub fn into_parts(self) -> (SegmentFacts, SegmentTexts) {
        let Self { entries, facts, names, rest } = self;
        (SegmentFacts { entries, facts }, SegmentTexts { names, rest })
    }
}

/// A segment without its texts. [`SearchIndex::read`](super::SearchIndex::read) reads it first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentFacts {
    /// [`Segment::entries`].
    pub entries: u32,
    /// [`Segment::facts`].
    pub facts: Vec<u8>,
}

/// The texts of a segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentTexts {
    /// [`Segment::names`].
    pub names: String,
    /// [`Segment::rest`]; empty if only names are wanted.
    pub rest: String,
}

/// A segment can't be read: it was made by another version, or it is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a segment of the search text is damaged")]
pub struct DamagedSegment;

/// Makes a batch of segments.
///
/// Add the entries in any order, each item once, then take the segments. A caller with many entries takes segments when
/// [`SegmentWriter::size`] has grown to the caller's limit. The segments of all takes together are one batch.
#[derive(Debug, Default)]
pub struct SegmentWriter {
    waiting: Vec<Waiting>,
    removed: Vec<ContentId>,
    /// The texts of all waiting entries, one after another. A separate text for each entry would be an allocation each.
    names: String,
    rest: String,
    sets: Vec<CategorySet>,
    known_sets: HashMap<CategorySet, u32>,
    only_new: bool,
}

/// An entry that waits to be written. Its texts are in the writer.
#[derive(Debug)]
struct Waiting {
    id: ContentId,
    year: u16,
    added: u32,
    rating: Option<f32>,
    set: u32,
    names: Range<usize>,
    rest: Range<usize>,
}

impl SegmentWriter {
    /// Returns a writer without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a writer for items that are in no earlier batch: those of a first load, or all items anew. Its batches
    /// are read faster.
    pub fn for_new_items() -> Self {
        Self { only_new: true, ..Self::default() }
    }

    /// Adds an entry.
    pub fn add(&mut self, entry: Entry) {
        let Entry { id, year, added, rating, categories, names, rest } = entry;
        let starts = (self.names.len(), self.rest.len());
        self.names.push_str(&names);
        self.rest.push_str(&rest);
        self.push(id, (year, added, rating), categories, starts);
    }

    /// Adds the entry of an item. It is made from the item's values like [`Entry::new`], but without allocating its
    /// text.
    pub fn add_from(&mut self, id: ContentId, source: &EntrySource<'_>, categories: CategorySet, fields: SearchFields) {
        let starts = (self.names.len(), self.rest.len());
        source.write_names(&mut self.names);
        source.write_rest(fields, &mut self.rest);
        let values = (source.kept_year(), source.kept_moment(), source.kept_rating());
        self.push(id, values, categories, starts);
    }

    fn push(
        &mut self,
        id: ContentId,
        (year, added, rating): (u16, u32, Option<f32>),
        categories: CategorySet,
        (names, rest): (usize, usize),
    ) {
        let set = if let Some(set) = self.known_sets.get(&categories) {
            *set
        } else {
            let set = count(self.sets.len());
            self.sets.push(categories.clone());
            self.known_sets.insert(categories, set);
            set
        };
        let (names, rest) = (names..self.names.len(), rest..self.rest.len());
        self.waiting.push(Waiting { id, year, added, rating, set, names, rest });
    }

    /// Adds the removal of an item.
    pub fn remove(&mut self, id: ContentId) {
        self.removed.push(id);
    }

    /// Returns about how many bytes of memory the entries take.
    pub const fn size(&self) -> usize {
        self.names.len()
            + self.rest.len()
            + self.waiting.len() * size_of::<Waiting>()
            + self.removed.len() * size_of::<ContentId>()
    }

    /// Returns whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.removed.is_empty()
    }

    /// Takes the segments, and leaves the writer empty.
    pub fn take(&mut self) -> Vec<Segment> {
        let (mut waiting, removed) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.removed));
        if !removed.is_empty() {
            // If an item was written and then removed, it is removed.
            let gone: HashSet<_> = removed.iter().collect();
            waiting.retain(|entry| !gone.contains(&entry.id));
        }
        waiting.sort_unstable_by_key(|entry| place(entry.year, entry.id));
        let mut segments: Vec<_> = waiting.chunks(SEGMENT_ENTRIES).map(|part| self.encode(part, &[])).collect();
        segments.extend(removed.chunks(SEGMENT_ENTRIES).map(|part| self.encode(&[], part)));
        self.names.clear();
        self.rest.clear();
        waiting.clear();
        // The memory is reused.
        self.waiting = waiting;
        segments
    }

    fn encode(&self, entries: &[Waiting], removed: &[ContentId]) -> Segment {
        // Texts that grow during the write would take up to twice their memory.
        let mut segment = Segment {
            entries: count(entries.len() + removed.len()),
            facts: Vec::with_capacity(16 * (entries.len() + removed.len()) + 64),
            names: String::with_capacity(entries.iter().map(|entry| entry.names.len()).sum()),
            rest: String::with_capacity(entries.iter().map(|entry| entry.rest.len()).sum()),
        };
        let facts = &mut segment.facts;
        facts.push(if self.only_new { FORM_OF_NEW } else { FORM });
        let set_of = |entry: &Waiting| self.sets[entry.set as usize].as_slice();
        let mut sets: Vec<&[Text]> = entries.iter().map(set_of).collect();
        sets.sort_unstable();
        sets.dedup();
        unsigned(sets.len() as u64, facts);
        for set in &sets {
            unsigned(set.len() as u64, facts);
            for id in *set {
                unsigned(id.len() as u64, facts);
                facts.extend(id.as_bytes());
            }
        }
        let mut before = (0, 0, 0);
        for entry in entries {
            let Waiting { id, year, added, rating, names, rest, .. } = entry;
            facts.push(if rating.is_some() { RATED } else { 0 });
            signed(id.0.wrapping_sub(before.0), facts);
            signed(i64::from(*year) - before.1, facts);
            signed(i64::from(*added) - before.2, facts);
            before = (id.0, i64::from(*year), i64::from(*added));
            if let Some(rating) = rating {
                facts.extend(rating.to_le_bytes());
            }
            let set = sets.binary_search(&set_of(entry));
            unsigned(set.expect("every set is in the table") as u64, facts);
            unsigned(names.len() as u64, facts);
            unsigned(rest.len() as u64, facts);
            segment.names.push_str(&self.names[names.clone()]);
            segment.rest.push_str(&self.rest[rest.clone()]);
        }
        for id in removed {
            facts.push(REMOVED);
            signed(id.0.wrapping_sub(before.0), facts);
            before.0 = id.0;
        }
        segment
    }
}

/// Returns the place of an entry in an index: the newest year first, then by ascending id.
pub(super) const fn place(year: u16, id: ContentId) -> (u16, i64) {
    (u16::MAX - year, id.0)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("a segment has a few thousand entries")
}

/// Writes a number with seven bits per byte, the lowest bits first.
fn unsigned(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn signed(number: i64, out: &mut Vec<u8>) {
    unsigned((number << 1 ^ number >> 63).cast_unsigned(), out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(id: i64, year: u16, added: u32, rating: Option<f32>, categories: &[&str]) -> Entry {
        let categories = categories.iter().copied().collect();
        let (names, rest) = (format!("\n name {id}"), if id % 2 == 0 { String::new() } else { "\n cast é".into() });
        Entry { id: ContentId(id), year, added, rating, categories, names, rest }
    }

    type Read = (i64, Option<(u16, u32, Option<f32>, CategorySet, String)>);

    fn read(segments: &[Segment]) -> Result<Vec<Read>, DamagedSegment> {
        let mut entries = Vec::new();
        for segment in segments {
            let of = |it: Entry| (it.year, it.added, it.rating, it.categories, [it.names, it.rest].concat());
            entries.extend(segment.read()?.into_iter().map(|(id, entry)| (id.0, entry.map(of))));
        }
        Ok(entries)
    }

    #[test]
    fn an_entry_and_its_values_are_written_alike() {
        let source = EntrySource {
            name: "X-Men",
            title: Some("é"),
            cast: Some("A b"),
            rating: Some(7.0),
            ..EntrySource::default()
        };
        let (mut one, mut other) = (SegmentWriter::new(), SegmentWriter::new());
        for id in [3, 1].map(ContentId) {
            let set: CategorySet = ["7"].iter().collect();
            one.add(Entry::new(id, &source, set.clone(), SearchFields::All));
            other.add_from(id, &source, set, SearchFields::All);
        }
        assert_eq!(one.size(), other.size());
        let segments = one.take();
        assert_eq!(segments, other.take());
        assert_eq!(segments[0].names, "\n x men\n e\t xmen".repeat(2));
        one.add_from(ContentId(9), &EntrySource { name: "y", ..source }, CategorySet::NONE, SearchFields::Names);
        assert_eq!((one.take()[0].names.as_str(), other.is_empty()), ("\n y\n e", true), "and again");
    }

    fn written() -> Vec<Segment> {
        let mut writer = SegmentWriter::new();
        writer.add(entry(i64::MAX, 1999, 5, Some(7.5), &["1"]));
        writer.add(entry(i64::MIN, 0, u32::MAX, None, &[]));
        writer.add(entry(3, 2024, 0, Some(0.0), &["1", "é"]));
        writer.remove(ContentId(-4));
        writer.take()
    }

    #[test]
    fn entries_are_read_newest_year_first() {
        let read = read(&written()).unwrap();
        let ids: Vec<_> = read.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [3, i64::MAX, i64::MIN, -4]);
        let of = |at: usize| read[at].1.clone().unwrap();
        assert_eq!(of(0), (2024, 0, Some(0.0), ["1", "é"].iter().collect(), "\n name 3\n cast é".to_owned()));
        assert_eq!((of(1).2, of(2).1, of(2).3), (Some(7.5), u32::MAX, CategorySet::NONE));
        assert_eq!(read[3].1, None);
    }

    #[test]
    fn a_segment_gives_its_entries_back() {
        let entries = [entry(3, 2024, 0, Some(0.0), &["1", "é"]), entry(2, 1999, 5, None, &[])];
        let mut writer = SegmentWriter::new();
        writer.add(entries[0].clone());
        writer.add(entries[1].clone());
        writer.add(entry(7, 1999, 5, None, &[]));
        writer.remove(ContentId(7));
        let read: Vec<_> = writer.take().iter().flat_map(|segment| segment.read().unwrap()).collect();
        let [one, two] = entries;
        let expected = [(ContentId(3), Some(one)), (ContentId(2), Some(two)), (ContentId(7), None)];
        assert_eq!(read, expected, "what is removed is no entry");
    }

    #[test]
    fn a_writer_is_empty_after_its_segments_were_taken() {
        let mut writer = SegmentWriter::new();
        assert!(writer.is_empty() && writer.take().is_empty());
        writer.remove(ContentId(1));
        assert!(!writer.is_empty() && writer.size() > 0);
        assert_eq!(writer.take().len(), 1);
        assert!(writer.is_empty() && writer.size() == 0);
    }

    #[test]
    fn many_entries_are_several_segments() {
        let mut writer = SegmentWriter::new();
        (0..9_000).for_each(|id| writer.add(entry(id, 2000, 0, None, &[])));
        let segments = writer.take();
        assert_eq!(segments.iter().map(|segment| segment.entries).collect::<Vec<_>>(), [4_000, 4_000, 1_000]);
        assert_eq!(read(&segments).unwrap().len(), 9_000);
    }

    proptest! {
        /// No content of a file makes a reader panic, and a text that was cut is noticed.
        #[test]
        fn a_damaged_segment_is_noticed_or_read(at in 0_usize..200, byte: u8, drop in 0_usize..200) {
            let mut segments = written();
            let facts = &mut segments[0].facts;
            let place = at % facts.len();
            facts[place] = byte;
            let _ = read(&segments);
            let mut segments = written();
            let facts = &mut segments[0].facts;
            facts.truncate(drop % facts.len());
            prop_assert_eq!(read(&segments), Err(DamagedSegment));
            let mut segments = written();
            segments[0].names.pop();
            prop_assert_eq!(read(&segments), Err(DamagedSegment));
        }
    }
}
