//! What a diff counts of the fields of a listing.

use std::collections::BTreeSet;

use super::Treatment;
use crate::model::{Extra, FieldSet, Text};

/// The most keys beyond the columns of which something is learnt.
pub(super) const KEYS_MAX: usize = 64;

/// No real key is longer, and what is learnt of it is kept by its name.
const KEY_LENGTH_MAX: usize = 64;

/// In what an element differs from its row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) columns: FieldSet,
    /// By the places of [`Treatment::keys`].
    pub(crate) keys: u64,
}

impl Note {
    pub(crate) const fn is_empty(self) -> bool {
        self.columns.is_empty() && self.keys == 0
    }

    /// Whether it has something in common with another one.
    pub(crate) const fn meets(self, other: Self) -> bool {
        !self.columns.and(other.columns).is_empty() || self.keys & other.keys != 0
    }
}

/// Rows in which a field differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// All that count.
    pub(super) differing: u64,
    /// Those that keep the value they had.
    pub(super) unwritten: u64,
}

/// An element that was decoded and has a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoded {
    pub(crate) note: Note,
    /// Whether its row is written.
    pub(crate) written: bool,
    /// Whether it can be compared with the listing before: its element was whole there, and the only one.
    pub(crate) counts: bool,
    /// Whether it counts, and its bytes are others than in the listing before.
    pub(crate) moved: bool,
}

/// What a diff counts of the fields of a listing.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Rows that are listed and stored.
    pub(super) rows: u64,
    /// Of these, the ones whose bytes are others than in the listing before.
    moved: u64,
    blind: bool,
    /// Elements that were not decoded, being the same.
    pub(super) same: u64,
    /// Elements that were decoded and have a row.
    pub(super) decoded: u64,
    pub(super) columns: Vec<Count>,
    pub(super) keys: Vec<Count>,
    /// Which of the known keys were there.
    pub(super) met: u64,
    /// Keys of which nothing is known, the least by name. More than can be learnt aren't kept.
    pub(super) new: BTreeSet<Text>,
    /// The keys of the last element: most elements have the same.
    last: Vec<Text>,
    /// What was counted of which place of the listing, to be taken back where its id comes again.
    noted: Vec<(u32, Decoded)>,
}

impl Tally {
    /// Nothing as yet. It is blind where the digests are of another scheme than those of the listing
    /// before: then nothing is known of the bytes.
    pub(crate) fn new(blind: bool) -> Self {
        Self { blind, ..Self::default() }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.blind);
    }

    pub(crate) const fn is_blind(&self) -> bool {
        self.blind
    }

    /// Of the rows that are listed and stored, no more than these have other bytes than in the listing
    /// before.
    pub(super) const fn moved(&self) -> u64 {
        if self.blind { u64::MAX } else { self.moved }
    }

    /// Takes an element that is the same.
    pub(crate) const fn same(&mut self) {
        self.rows += 1;
        self.same += 1;
    }

    /// Takes the keys that an element has beyond the columns.
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

    /// Takes the element at a place of the listing, the first of its id.
    pub(crate) fn take(&mut self, place: u32, decoded: Decoded) {
        self.decoded += 1;
        self.rows += u64::from(decoded.counts);
        self.add(decoded, 1);
        if decoded.moved || !decoded.note.is_empty() {
            self.noted.push((place, decoded));
        }
    }

    /// Takes back what was counted of a place: its id has several elements, so none of them can be
    /// compared with the listing before. `counts` says whether the first one was.
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
