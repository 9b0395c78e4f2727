//! The places of the new items of a whole list: their categories, and their distance from the head.

use std::collections::BTreeSet;

use super::HEAD;
use crate::detect::index::ListingIndex;
use crate::model::{ContentId, Item};
use crate::ports::source::Entry;

/// The new items of a list. They are recorded while the list comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    elements: u64,
    added: u64,
    /// The numbers of known elements before the first and before the last new one.
    before_first: u64,
    before_last: u64,
    /// The categories of the new items.
    categories: BTreeSet<String>,
    last: Option<ContentId>,
    falling: u64,
}

impl News {
    /// Records a batch of elements, in which unchanged elements are recognised.
    pub fn batch(&mut self, batch: &[Entry], known: &ListingIndex) {
        for entry in batch {
            let id = entry.id();
            let is_new = matches!(entry, Entry::Item(..)) && known.position(id, 0).is_none();
            if is_new {
                let before = self.elements - self.added;
                if self.added == 0 {
                    self.before_first = before;
                }
                self.before_last = before;
                self.added += 1;
            }
            self.elements += 1;
            self.falling += u64::from(self.last.is_some_and(|last| last > id));
            self.last = Some(id);
        }
    }

    /// Records a new item.
    pub fn added(&mut self, item: &Item) {
        self.categories.extend(item.categories().as_slice().iter().map(ToString::to_string));
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the number of elements.
    pub fn elements(&self) -> u64 {
        self.elements
    }

    /// Returns whether there are new items.
    pub fn has_additions(&self) -> bool {
        self.added > 0
    }

    /// Returns the categories of the new items.
    pub fn categories(&self) -> &BTreeSet<String> {
        &self.categories
    }

    /// Returns whether the head shows that there are new items.
    pub fn is_seen_at_head(&self) -> bool {
        self.added > 0 && self.before_first < HEAD as u64
    }

    /// Returns whether all new items are at the head.
    pub fn is_all_at_head(&self) -> bool {
        self.added > 0 && self.before_last < HEAD as u64
    }

    /// Returns whether the ids fall: 19 of 20 are lower than the one before.
    pub fn is_falling(&self) -> bool {
        self.elements > 1 && self.falling * 20 >= (self.elements - 1) * 19
    }
}
