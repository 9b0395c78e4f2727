//! The new ids of a listing.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::model::ContentId;

/// The positions in the listing of ids that the index doesn't have. The listing stores the ids themselves.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    places: HashTable<u32>,
    /// The hasher is seeded at random, because the panel chooses the ids and must not know their hashes.
    hasher: DefaultHashBuilder,
    /// The least and the highest of these ids. Most listings have new ids in one direction.
    span: Option<(i64, i64)>,
}

impl Fresh {
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.span = None;
    }

    /// Returns the number of new ids.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns the position of an id in the listing so far.
    pub(super) fn find(&self, ids: &[i64], id: ContentId) -> Option<u32> {
        if self.span.is_none_or(|(least, highest)| id.0 < least || highest < id.0) {
            return None;
        }
        self.places.find(self.hasher.hash_one(id.0), |place| ids[*place as usize] == id.0).copied()
    }

    /// Takes an id with the next position, or returns the position that it has already.
    pub(super) fn admit(&mut self, ids: &[i64], id: ContentId, place: u32) -> Option<u32> {
        let seen = self.find(ids, id);
        if seen.is_none() {
            let hash = |place: &u32| self.hasher.hash_one(ids.get(*place as usize).unwrap_or(&id.0));
            self.places.insert_unique(self.hasher.hash_one(id.0), place, hash);
            let (least, highest) = self.span.unwrap_or((id.0, id.0));
            self.span = Some((least.min(id.0), highest.max(id.0)));
        }
        seen
    }
}
