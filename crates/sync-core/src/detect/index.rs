//! The index: the ids and digests of what a store has in a scope.
//!
//! Only the index grows in memory with the catalogue. It takes 16 bytes per item, and up to 16 more if the panel's
//! order is not that of the ids and differs from the last listing.

use std::sync::OnceLock;

use crate::detect::digest::{Digest, DigestScheme};
use crate::model::ContentId;

/// Ids and digests of a scope, in the order of the last listing.
#[derive(Debug, Clone)]
pub struct ListingIndex {
    scheme: DigestScheme,
    ids: Vec<i64>,
    digests: Vec<u64>,
    order: Order,
}

/// The way in which an id is found.
#[derive(Debug, Clone)]
enum Order {
    /// The ids are in ascending order.
    Rising,
    /// The ids are not in order, but lie as close together as those of panels do.
    Close(Close),
    /// The ids are far apart. These are their positions, in the order of the ids.
    Sorted(Vec<u32>),
}

/// One bit per possible id, in those ranges of numbers (chunks) that contain ids.
#[derive(Debug, Clone)]
struct Close {
    /// The chunks, ascending. A chunk is an id without its last ten bits.
    chunks: Vec<i64>,
    /// The bits. A bit is set if its id exists.
    bits: Vec<u64>,
    /// Made at the first need. It is seldom needed, because most listings continue at the expected position.
    ranks: OnceLock<Ranks>,
}

/// The positions of ids that lie close together.
#[derive(Debug, Clone)]
struct Ranks {
    /// The number of bits that are set before each word.
    before: Vec<u32>,
    /// Positions, in the order of the ids.
    by_id: Vec<u32>,
}

/// Two entries of an index have the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("id {0} stands twice in the index")]
pub struct DuplicateId(pub ContentId);

impl ListingIndex {
    /// Returns an index without entries.
    pub const fn empty(scheme: DigestScheme) -> Self {
        Self { scheme, ids: Vec::new(), digests: Vec::new(), order: Order::Rising }
    }

    /// Makes an index of entries in listing order.
    pub fn new(
        scheme: DigestScheme,
        entries: impl IntoIterator<Item = (ContentId, Digest)>,
    ) -> Result<Self, DuplicateId> {
        let (ids, digests) = entries.into_iter().map(|(id, digest)| (id.0, digest.0)).unzip();
        Self::from_columns(scheme, ids, digests)
    }

    /// Makes an index of two columns in listing order. If one is longer, its rest is ignored.
    pub fn from_columns(scheme: DigestScheme, mut ids: Vec<i64>, mut digests: Vec<u64>) -> Result<Self, DuplicateId> {
        let length = ids.len().min(digests.len());
        ids.truncate(length);
        digests.truncate(length);
        let order = Order::new(&ids)?;
        Ok(Self { scheme, ids, digests, order })
    }

    /// Returns the scheme of the digests.
    pub const fn scheme(&self) -> DigestScheme {
        self.scheme
    }

    /// Returns the number of items.
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether the index has no items.
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the ids, in listing order.
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// Returns the digests, in listing order.
    pub fn digests(&self) -> &[u64] {
        &self.digests
    }

    /// Returns the position of an id. The position `hint` and those after it are tried first, because a listing usually
    /// has the order of the last one, except for removed items.
    #[inline]
    pub fn position(&self, id: ContentId, hint: usize) -> Option<usize> {
        if self.ids.get(hint) == Some(&id.0) { Some(hint) } else { self.search(id, hint) }
    }

    fn search(&self, id: ContentId, hint: usize) -> Option<usize> {
        if let Order::Close(close) = &self.order
            && !close.contains(id.0)
        {
            return None;
        }
        let ahead = self.ids.get(hint..).unwrap_or_default();
        if let Some(beyond) = ahead.iter().take(AHEAD).position(|known| *known == id.0) {
            return Some(hint + beyond);
        }
        match &self.order {
            Order::Rising => self.ids.binary_search(&id.0).ok(),
            Order::Close(close) => close.position(id.0, &self.ids),
            Order::Sorted(by_id) => {
                let found = by_id.binary_search_by_key(&id.0, |at| self.ids[*at as usize]).ok()?;
                Some(by_id[found] as usize)
            }
        }
    }

    /// Returns the digest at a position.
    #[inline]
    pub fn digest_at(&self, position: usize) -> Digest {
        Digest(self.digests[position])
    }

    /// Returns the index without these ids.
    pub fn without(&self, gone: &[ContentId]) -> Self {
        let mut gone: Vec<i64> = gone.iter().map(|id| id.0).collect();
        gone.sort_unstable();
        let kept = self.ids.iter().zip(&self.digests).filter(|(id, _)| gone.binary_search(id).is_err());
        let (ids, digests) = kept.map(|(id, digest)| (*id, *digest)).unzip();
        Self::from_columns(self.scheme, ids, digests).expect("a part of an index has no duplicates")
    }
}

impl ListingIndex {
    /// Returns the index after an undo. The ids in `gone` are left out. Those in `put_back` keep their positions, and
    /// those in `back` are appended. The digests of both are [`Digest::NEVER`], because nothing is known of their
    /// elements.
    #[must_use]
    pub fn undone(&self, gone: &[ContentId], put_back: &[ContentId], back: &[ContentId]) -> Self {
        let set = |ids: &[ContentId]| ids.iter().map(|id| id.0).collect::<hashbrown::HashSet<_>>();
        let (gone, put_back, back) = (set(gone), set(put_back), back.iter().map(|id| id.0));
        let (mut ids, mut digests) = (Vec::with_capacity(self.len()), Vec::with_capacity(self.len()));
        for (id, digest) in self.ids.iter().zip(&self.digests).filter(|(id, _)| !gone.contains(*id)) {
            ids.push(*id);
            digests.push(if put_back.contains(id) { Digest::NEVER.0 } else { *digest });
        }
        let known: hashbrown::HashSet<_> = ids.iter().copied().collect();
        for id in back.filter(|id| !known.contains(id)) {
            ids.push(id);
            digests.push(Digest::NEVER.0);
        }
        Self::from_columns(self.scheme, ids, digests).expect("every id is taken once")
    }
}

/// Two indexes are equal if they have the same entries, whichever way ids are found in them.
impl PartialEq for ListingIndex {
    fn eq(&self, other: &Self) -> bool {
        (self.scheme, &self.ids, &self.digests) == (other.scheme, &other.ids, &other.digests)
    }
}

impl Eq for ListingIndex {}

/// The number of positions from a hint on that are tried before an id is searched for.
const AHEAD: usize = 8;

impl Order {
    fn new(ids: &[i64]) -> Result<Self, DuplicateId> {
        if ids.is_sorted_by(|a, b| a < b) {
            return Ok(Self::Rising);
        }
        if let Some(close) = Close::new(ids)? {
            return Ok(Self::Close(close));
        }
        let mut by_id: Vec<u32> = (0..length(ids)).collect();
        by_id.sort_unstable_by_key(|at| ids[*at as usize]);
        match by_id.windows(2).find(|pair| ids[pair[0] as usize] == ids[pair[1] as usize]) {
            Some(pair) => Err(DuplicateId(ContentId(ids[pair[0] as usize]))),
            None => Ok(Self::Sorted(by_id)),
        }
    }
}

/// The number of bits of an id that give its position in a chunk, and the number of words per chunk.
const CHUNK: u32 = 10;
const WORDS: usize = 1 << (CHUNK - 6);

impl Close {
    /// Returns `None` if the ids lie too far apart. Then the bits would take more room than the ids.
    fn new(ids: &[i64]) -> Result<Option<Self>, DuplicateId> {
        let mut chunks: Vec<i64> = ids.chunk_by(|a, b| a >> CHUNK == b >> CHUNK).map(|run| run[0] >> CHUNK).collect();
        chunks.sort_unstable();
        chunks.dedup();
        if chunks.len() > ids.len() / WORDS + 1 {
            return Ok(None);
        }
        let mut close = Self { bits: vec![0; chunks.len() * WORDS], chunks, ranks: OnceLock::new() };
        let mut chunk = 0;
        for id in ids {
            if close.chunks[chunk] != id >> CHUNK {
                chunk = close.chunk(*id).expect("every id has a chunk");
            }
            let (word, bit) = place(chunk, *id);
            if close.bits[word] & bit != 0 {
                return Err(DuplicateId(ContentId(*id)));
            }
            close.bits[word] |= bit;
        }
        Ok(Some(close))
    }

    fn chunk(&self, id: i64) -> Option<usize> {
        self.chunks.binary_search(&(id >> CHUNK)).ok()
    }

    fn contains(&self, id: i64) -> bool {
        let place = self.chunk(id).map(|chunk| place(chunk, id));
        place.is_some_and(|(word, bit)| self.bits[word] & bit != 0)
    }

    /// Returns the position of an id, which must exist.
    fn position(&self, id: i64, ids: &[i64]) -> Option<usize> {
        let ranks = self.ranks.get_or_init(|| self.ranks(ids));
        Some(ranks.by_id[self.rank(id, &ranks.before)?] as usize)
    }

    /// Returns the number of lower ids.
    fn rank(&self, id: i64, before: &[u32]) -> Option<usize> {
        let (word, bit) = place(self.chunk(id)?, id);
        Some((before[word] + (self.bits[word] & (bit - 1)).count_ones()) as usize)
    }

    fn ranks(&self, ids: &[i64]) -> Ranks {
        let mut before = Vec::with_capacity(self.bits.len());
        let mut sum = 0;
        for bits in &self.bits {
            before.push(sum);
            sum += bits.count_ones();
        }
        let mut by_id = vec![0; ids.len()];
        for (at, id) in (0..length(ids)).zip(ids) {
            by_id[self.rank(*id, &before).expect("every id has a chunk")] = at;
        }
        Ranks { before, by_id }
    }
}

/// Returns the word of an id and its bit in that word, in the chunk with this number.
fn place(nth: usize, id: i64) -> (usize, u64) {
    let within = id.cast_unsigned() % (1 << CHUNK);
    (nth * WORDS + usize::try_from(within / 64).unwrap_or_default(), 1 << (within % 64))
}

fn length(ids: &[i64]) -> u32 {
    u32::try_from(ids.len()).expect("a listing has fewer than 2^32 items")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(ids: &[i64]) -> ListingIndex {
        let digests = ids.iter().map(|id| digest_of(*id).0).collect();
        ListingIndex::from_columns(DigestScheme::FIELDS, ids.to_vec(), digests).unwrap()
    }

    fn digest_of(id: i64) -> Digest {
        Digest(id.cast_unsigned() ^ 0x64)
    }

    #[test]
    fn every_id_is_found_whatever_the_order_and_the_hint() {
        let far = i64::MAX;
        let many: Vec<i64> = (0..500).map(|at| at * 37 % 500 * 3 - 700).collect();
        let apart: Vec<i64> = many.iter().copied().chain([far, -far, 9_000_000, 5_000_000]).collect();
        let orders: [&[i64]; 9] = [
            &[1, 2, 3, 9],
            &[9, 1, 3, 2],
            &[5],
            &[],
            &[far, -far, 0],
            &[-64, 63, 0, -1, 64],
            &[far, far - 2],
            &many,
            &apart,
        ];
        for ids in orders {
            let index = index(ids);
            for hint in [0, 1, 2, 3, 5, 17, 480, 600] {
                for (at, id) in ids.iter().enumerate() {
                    assert_eq!(index.position(ContentId(*id), hint), Some(at));
                    assert_eq!(index.digest_at(at), digest_of(*id));
                }
                for other in [4, -5000, 5000, far - 1, i64::MIN] {
                    assert_eq!(index.position(ContentId(other), hint), None, "{other}");
                }
            }
        }
    }

    /// The choice among the three matters for memory and time only.
    #[test]
    fn close_ids_are_stored_as_bits() {
        let kept = |ids: Vec<i64>| match Order::new(&ids).unwrap() {
            Order::Rising => "rising",
            Order::Close(_) => "close",
            Order::Sorted(_) => "sorted",
        };
        // A chunk of 1024 ids takes as much room as 16 ids.
        let spread = |chunks: i64, each: i64| -> Vec<i64> {
            (0..chunks * each).rev().map(|at| at % chunks * 1024 + at / chunks).collect()
        };
        assert_eq!(kept((0..100).collect()), "rising");
        assert_eq!(kept((0..2000).rev().collect()), "close");
        assert_eq!(kept(spread(20, 16)), "close");
        assert_eq!(kept(spread(16, 15)), "close", "one chunk more than that is free");
        assert_eq!(kept(spread(17, 15)), "sorted");
        assert_eq!(kept(spread(40, 15)), "sorted");
        assert_eq!(kept(spread(40, 1)), "sorted");
    }

    #[test]
    fn an_id_twice_is_refused() {
        let close: Vec<i64> = (0..100).rev().chain([7]).collect();
        for (ids, twice) in [(vec![1, 2, 1], 1), (vec![1, 1], 1), (vec![i64::MAX, 5, 0, 5], 5), (close, 7)] {
            let digests = vec![0; ids.len()];
            let made = ListingIndex::from_columns(DigestScheme::FIELDS, ids, digests);
            assert_eq!(made, Err(DuplicateId(ContentId(twice))));
        }
    }

    #[test]
    fn the_way_to_find_ids_makes_no_difference_to_equality() {
        let (one, other) = (index(&[9, 1, 3]), index(&[9, 1, 3]));
        assert_eq!(one.position(ContentId(9), 2), Some(0));
        assert_eq!(one, other);
        assert_ne!(one, index(&[1, 9, 3]));
    }

    #[test]
    fn ids_can_be_taken_out() {
        let rest = index(&[9, 1, 3, 2]).without(&[ContentId(3), ContentId(9), ContentId(77)]);
        assert_eq!(rest, index(&[1, 2]));
    }
}
