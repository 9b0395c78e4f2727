//! The index: what a store knows of a scope, reduced to ids and digests.
//!
//! It is the only thing whose memory grows with the catalogue: 16 bytes an item, and 4 more when
//! the panel's order isn't that of the ids.

use crate::digest::{Digest, DigestScheme};
use crate::model::ContentId;

/// Ids and digests of a scope, in the order of the last listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingIndex {
    scheme: DigestScheme,
    ids: Vec<i64>,
    digests: Vec<u64>,
    /// Positions in the order of the ids; empty when the ids rise anyway.
    by_id: Vec<u32>,
}

/// Two entries of an index have the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("id {0} stands twice in the index")]
pub struct DuplicateId(pub ContentId);

impl ListingIndex {
    /// An index without entries.
    pub const fn empty(scheme: DigestScheme) -> Self {
        Self { scheme, ids: Vec::new(), digests: Vec::new(), by_id: Vec::new() }
    }

    /// Makes an index of entries in listing order.
    pub fn new(
        scheme: DigestScheme,
        entries: impl IntoIterator<Item = (ContentId, Digest)>,
    ) -> Result<Self, DuplicateId> {
        let (ids, digests) = entries.into_iter().map(|(id, digest)| (id.0, digest.0)).unzip();
        Self::from_columns(scheme, ids, digests)
    }

    /// Makes an index of two columns of equal length, in listing order; the shorter one decides.
    pub fn from_columns(scheme: DigestScheme, mut ids: Vec<i64>, mut digests: Vec<u64>) -> Result<Self, DuplicateId> {
        let length = ids.len().min(digests.len());
        ids.truncate(length);
        digests.truncate(length);
        let mut by_id = Vec::new();
        if !ids.is_sorted_by(|a, b| a < b) {
            let last = u32::try_from(length).expect("a listing has fewer than 2^32 items");
            by_id = (0..last).collect();
            by_id.sort_unstable_by_key(|at| ids[*at as usize]);
            for pair in by_id.windows(2) {
                if ids[pair[0] as usize] == ids[pair[1] as usize] {
                    return Err(DuplicateId(ContentId(ids[pair[0] as usize])));
                }
            }
        }
        Ok(Self { scheme, ids, digests, by_id })
    }

    /// How the digests were made.
    pub const fn scheme(&self) -> DigestScheme {
        self.scheme
    }

    /// How many items it knows.
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it knows none.
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids, in listing order.
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// The digests, in listing order.
    pub fn digests(&self) -> &[u64] {
        &self.digests
    }

    /// The position of an id. The position at `hint` is tried first: a listing usually goes on
    /// where it was.
    pub fn position(&self, id: ContentId, hint: usize) -> Option<usize> {
        if self.ids.get(hint) == Some(&id.0) {
            return Some(hint);
        }
        if self.by_id.is_empty() {
            return self.ids.binary_search(&id.0).ok();
        }
        let found = self.by_id.binary_search_by_key(&id.0, |at| self.ids[*at as usize]).ok()?;
        Some(self.by_id[found] as usize)
    }

    /// The digest at a position.
    pub fn digest_at(&self, position: usize) -> Digest {
        Digest(self.digests[position])
    }

    /// The index without these ids.
    pub fn without(&self, gone: &[ContentId]) -> Self {
        let mut gone: Vec<i64> = gone.iter().map(|id| id.0).collect();
        gone.sort_unstable();
        let kept = self.ids.iter().zip(&self.digests).filter(|(id, _)| gone.binary_search(id).is_err());
        let (ids, digests) = kept.map(|(id, digest)| (*id, *digest)).unzip();
        Self::from_columns(self.scheme, ids, digests).expect("a part of an index has no duplicates")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(ids: &[i64]) -> ListingIndex {
        let digests = ids.iter().map(|id| id.cast_unsigned() + 100).collect();
        ListingIndex::from_columns(DigestScheme::FIELDS, ids.to_vec(), digests).unwrap()
    }

    #[test]
    fn every_id_is_found_whatever_the_order_and_the_hint() {
        for ids in [vec![1, 2, 3, 9], vec![9, 1, 3, 2], vec![5], vec![]] {
            let index = index(&ids);
            for hint in 0..6 {
                for (at, id) in ids.iter().enumerate() {
                    assert_eq!(index.position(ContentId(*id), hint), Some(at));
                    assert_eq!(index.digest_at(at), Digest(id.cast_unsigned() + 100));
                }
                assert_eq!(index.position(ContentId(4), hint), None);
            }
        }
    }

    #[test]
    fn an_id_twice_is_refused() {
        let made = ListingIndex::from_columns(DigestScheme::FIELDS, vec![1, 2, 1], vec![0; 3]);
        assert_eq!(made, Err(DuplicateId(ContentId(1))));
        let made = ListingIndex::from_columns(DigestScheme::FIELDS, vec![1, 1], vec![0; 2]);
        assert_eq!(made, Err(DuplicateId(ContentId(1))));
    }

    #[test]
    fn ids_can_be_taken_out() {
        let rest = index(&[9, 1, 3, 2]).without(&[ContentId(3), ContentId(9), ContentId(77)]);
        assert_eq!(rest, index(&[1, 2]));
    }
}
