//! Counts of a diff about the fields of a listing.

use std::collections::BTreeSet;

use super::Treatment;
use crate::model::{Extra, FieldSet, Text};

/// The greatest number of keys without a column about which facts are kept.
pub(super) const KEYS_MAX: usize = 64;

/// The greatest length of a key about which facts are kept, because a fact has the name of its key. No real key is
/// longer.
const KEY_LENGTH_MAX: usize = 64;

/// The fields in which an element differs from its row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) columns: FieldSet,
    /// The keys, as bits by their positions in [`Treatment::keys`].
    pub(crate) keys: u64,
}

impl Note {
    pub(crate) const fn is_empty(self) -> bool {
        self.columns.is_empty() && self.keys == 0
    }

    /// Returns whether two notes have a field in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        !self.columns.and(other.columns).is_empty() || self.keys & other.keys != 0
    }
}

/// The number of rows in which a field differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// All rows that count.
    pub(super) differing: u64,
    /// The rows that keep their old value.
    pub(super) unwritten: u64,
}

/// A decoded element that has a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoded {
    pub(crate) note: Note,
    /// Whether its row is written.
    pub(crate) written: bool,
    /// Whether the item can be compared with the last listing. Its element must have been whole there, and the only one
    /// of its id.
    pub(crate) counts: bool,
    /// Whether the item counts, and the bytes of its element differ from the last listing.
    pub(crate) moved: bool,
}

/// Counts of a diff about the fields of a listing.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The number of rows that are listed and stored.
    pub(super) rows: u64,
    /// The number of these rows whose bytes differ from the last listing.
    moved: u64,
    blind: bool,
    /// The number of elements that were not decoded because they are the same.
    pub(super) same: u64,
    /// The number of decoded elements that have a row.
    pub(super) decoded: u64,
    pub(super) columns: Vec<Count>,
    pub(super) keys: Vec<Count>,
    /// The known keys that were present, as bits.
    pub(super) met: u64,
    /// The new keys, the first ones by name. No more are kept than facts can be kept about.
    pub(super) new: BTreeSet<Text>,
    /// The keys of the last element. Most elements have the same.
    last: Vec<Text>,
    /// The counts per position in the listing. They are taken back if the id comes again.
    noted: Vec<(u32, Decoded)>,
}

impl Tally {
    /// Returns empty counts. They are blind if the digests have another scheme than those of the last listing, because
    /// then nothing is known of the bytes.
    pub(crate) fn new(blind: bool) -> Self {
        Self { blind, ..Self::default() }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.blind);
    }

    pub(crate) const fn is_blind(&self) -> bool {
        self.blind
    }

    /// Returns the greatest number of listed and stored rows whose bytes may differ from the last listing.
    pub(super) const fn moved(&self) -> u64 {
        if self.blind { u64::MAX } else { self.moved }
    }

    /// Counts an element that is the same.
    pub(crate) const fn same(&mut self) {
        self.rows += 1;
        self.same += 1;
    }

    /// Counts the keys of an element that have no column.
    pub(crate) fn meet(&mut self, extra: &Extra, treatment: &Treatment) {
        if extra.is_empty() || extra.iter().map(|(key, _)| key).eq(self.last.iter().map(Text::as_str)) {
            return;
        }
        self.last.clear();
        for (key, _) in extra.iter() {
            self.last.push(key.into());
            match treatment.key(key) {
                Some(place) => self.met |= 1 << place,
                None if key.len() <= KEY_LENGTH_MAX && !key.contains(char::is_control) => {
                    self.new.insert(key.into());
                    if self.new.len() > KEYS_MAX {
                        self.new.pop_last();
                    }
                }
                None => {}
            }
        }
    }

    /// Counts the element at a position of the listing, the first of its id.
    pub(crate) fn take(&mut self, place: u32, decoded: Decoded) {
        self.decoded += 1;
        self.rows += u64::from(decoded.counts);
        self.add(decoded, 1);
        if decoded.moved || !decoded.note.is_empty() {
            self.noted.push((place, decoded));
        }
    }

    /// Takes back the counts of a position. Its id has several elements, so none of them can be compared with the last
    /// listing. `counts` says whether the first one counted.
    pub(crate) fn take_back(&mut self, place: u32, counts: bool) {
        self.rows = self.rows.saturating_sub(u64::from(counts));
        if let Ok(at) = self.noted.binary_search_by_key(&place, |(place, _)| *place) {
            let nothing = Decoded { note: Note::default(), written: true, counts: false, moved: false };
            let decoded = std::mem::replace(&mut self.noted[at].1, nothing);
            self.add(decoded, -1);
        }
    }

    /// Counts rows that are not written after all.
    pub(crate) fn left(&mut self, note: Note) {
        self.count(note, |count| count.unwritten += 1);
    }

    fn add(&mut self, decoded: Decoded, by: i64) {
        self.moved = self.moved.saturating_add_signed(if decoded.moved { by } else { 0 });
        let (differing, unwritten) = (i64::from(decoded.counts) * by, i64::from(!decoded.written) * by);
        self.count(decoded.note, |count| {
            count.differing = count.differing.saturating_add_signed(differing);
            count.unwritten = count.unwritten.saturating_add_signed(unwritten);
        });
    }

    fn count(&mut self, note: Note, mut change: impl FnMut(&mut Count)) {
        for at in note.columns.positions() {
            change(entry(&mut self.columns, at));
        }
        let mut keys = note.keys;
        while keys != 0 {
            change(entry(&mut self.keys, keys.trailing_zeros() as usize));
            keys &= keys - 1;
        }
    }
}

fn entry(counts: &mut Vec<Count>, at: usize) -> &mut Count {
    if counts.len() <= at {
        counts.resize(at + 1, Count::default());
    }
    &mut counts[at]
}
