//! The content hash: one number that says what items a kind has.
//!
//! Each row has a hash over its id and its significant fields. The content hash of a kind is the sum of these hashes
//! modulo 2^128. It therefore doesn't depend on an order, and a change of a row subtracts the old hash and adds the new
//! one. Display fields are not part of it, because they change without an entry in the feed.
//!
//! The hashes are XXH3-128 over bytes in a layout that `docs/change-sets.md` defines. They are written into files, so
//! the layout is never changed. The hash finds differences; it doesn't protect against somebody who wants a collision.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use xxhash_rust::xxh3::xxh3_128;

use crate::model::{CategorySet, ContentId, ContentKind, Extra, FieldClass, Item, PerKind, Shape, ValueRef};

/// The hash of a row.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowHash(pub u128);

/// The hash of the content of a kind: the sum of the hashes of its rows.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ContentHash(pub u128);

impl RowHash {
    /// Returns the hash of an item.
    pub fn of(item: &Item) -> Self {
        let kind = item.kind();
        HASHERS.with_borrow_mut(|hashers| {
            let hasher = &mut hashers[kind];
            hasher.begin(item.id());
            for at in kind.of_class(FieldClass::Significant).positions() {
                hasher.value(at, item.value(at));
            }
            hasher.end()
        })
    }
}

impl ContentHash {
    /// The hash of a kind without items.
    pub const EMPTY: Self = Self(0);

    /// Adds the hash of a row.
    pub const fn add(&mut self, row: RowHash) {
        self.0 = self.0.wrapping_add(row.0);
    }

    /// Subtracts the hash of a row.
    pub const fn take(&mut self, row: RowHash) {
        self.0 = self.0.wrapping_sub(row.0);
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

impl fmt::Display for RowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for RowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowHash({self})")
    }
}

/// A text that is not 32 hexadecimal digits in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 32 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for ContentHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        digits(text).map(Self).ok_or(NotAHash)
    }
}

impl FromStr for RowHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        digits(text).map(Self).ok_or(NotAHash)
    }
}

/// The bytes that most rows don't exceed.
const ROOM: usize = 2048;

thread_local! {
    /// A hasher of each kind, so that a single row needs no names and no buffer of its own.
    static HASHERS: RefCell<PerKind<RowHasher>> = RefCell::new(PerKind::from_fn(RowHasher::new));
}

/// Reads 32 hexadecimal digits in lower case.
pub(super) fn digits(text: &str) -> Option<u128> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// Hashes the rows of a kind, one after the other, in one buffer.
///
/// The bytes of a row are its kind, its id, and its significant fields that have a value, in the order of the table. A
/// field has its name, a type, a length, and the bytes of the value. Numbers are little endian. A field without a value
/// adds no bytes, so a new field in the table changes no hash.
#[derive(Debug, Clone)]
pub struct RowHasher {
    kind: ContentKind,
    /// The name of the kind and the names of the fields, as they are hashed. They are written with the first row.
    head: Vec<u8>,
    names: Vec<Vec<u8>>,
    buffer: Vec<u8>,
}

impl RowHasher {
    /// Returns a hasher for rows of a kind.
    pub const fn new(kind: ContentKind) -> Self {
        Self { kind, head: Vec::new(), names: Vec::new(), buffer: Vec::new() }
    }

    /// Begins a row.
    pub fn begin(&mut self, id: ContentId) {
        if self.head.is_empty() {
            let text = |text: &str| [&length(text.len())[..], text.as_bytes()].concat();
            self.head = text(self.kind.as_str());
            self.names = self.kind.fields().iter().map(|spec| text(spec.name)).collect();
            self.buffer.reserve(ROOM);
        }
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.head);
        self.buffer.extend_from_slice(&id.0.to_le_bytes());
    }

    /// Adds the value of a significant field. Fields have to come by ascending position.
    #[inline]
    pub fn value(&mut self, position: usize, value: ValueRef<'_>) {
        match value {
            ValueRef::Text(text) if !text.is_empty() => {
                self.field(position, 1);
                self.text(text);
            }
            // For a count and a switch, 0 stands for an absent value.
            ValueRef::Integer(0) if matches!(self.kind.fields()[position].shape, Shape::Count | Shape::Switch) => {}
            ValueRef::Integer(number) => {
                self.field(position, 2);
                self.buffer.extend_from_slice(&number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                self.field(position, 3);
                self.buffer.extend_from_slice(&number.to_bits().to_le_bytes());
            }
            ValueRef::Categories(set) => self.categories(position, set),
            ValueRef::Extra(extra) => self.extra(position, extra),
            ValueRef::Null | ValueRef::Text(_) => {}
        }
    }

    /// Adds ids of categories that are sorted already, with the same result as for a set of them. Returns `false` and
    /// adds nothing if the ids are not sorted, if there are none, or if one of them is `None`.
    pub fn sorted_ids<'a>(&mut self, position: usize, ids: impl Iterator<Item = Option<&'a str>>) -> bool {
        let start = self.buffer.len();
        self.field(position, 4);
        let count_at = self.buffer.len();
        self.buffer.extend_from_slice(&length(0));
        let (mut count, mut last) = (0, "");
        for id in ids {
            match id {
                Some(id) if last < id => {
                    self.text(id);
                    (count, last) = (count + 1, id);
                }
                _ => {
                    self.buffer.truncate(start);
                    return false;
                }
            }
        }
        self.buffer[count_at..count_at + 4].copy_from_slice(&length(count));
        if count == 0 {
            self.buffer.truncate(start);
        }
        count > 0
    }

    /// Ends the row, and returns its hash.
    pub fn end(&self) -> RowHash {
        RowHash(xxh3_128(&self.buffer))
    }

    fn categories(&mut self, position: usize, set: &CategorySet) {
        if !set.is_empty() {
            self.field(position, 4);
            self.buffer.extend_from_slice(&length(set.as_slice().len()));
            set.as_slice().iter().for_each(|id| self.text(id));
        }
    }

    fn extra(&mut self, position: usize, extra: &Extra) {
        if !extra.is_empty() {
            self.field(position, 5);
            self.buffer.extend_from_slice(&length(extra.len()));
            extra.iter().flat_map(|(key, json)| [key, json]).for_each(|text| self.text(text));
        }
    }

    #[inline]
    fn field(&mut self, position: usize, tag: u8) {
        self.buffer.extend_from_slice(&self.names[position]);
        self.buffer.push(tag);
    }

    #[inline]
    fn text(&mut self, text: &str) {
        self.buffer.extend_from_slice(&length(text.len()));
        self.buffer.extend_from_slice(text.as_bytes());
    }
}

#[inline]
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Channel, Content, Movie};
    use crate::testing::movie;

    fn amelie() -> Movie {
        let mut movie = Movie::with_id(ContentId(9_007_199_254_740_993));
        movie.name = "Amélie".into();
        movie.year = Some("2001".into());
        movie.category_ids = ["3", "40"].into_iter().collect();
        movie.is_adult = Some(false);
        movie
    }

    /// These numbers are in files and caches. If one of them changes, the format has changed.
    #[test]
    fn frozen_vectors() {
        let mut channel = Channel::with_id(ContentId(7));
        channel.name = "News 24 ᴴᴰ".into();
        channel.tv_archive = true;
        channel.tv_archive_duration = 5;
        let rows = [amelie().into_item(), channel.into_item(), movie(1).item()].map(|item| RowHash::of(&item));
        let mut content = ContentHash::EMPTY;
        rows.into_iter().for_each(|row| content.add(row));
        let found = rows.map(|row| row.to_string());
        assert_eq!(
            found,
            [
                "436f782ea81a3efae4d406e575a4f3e2",
                "552d674db35b347e5b33c4f871281a51",
                "13ca1bc6749a926b83fcba4186a18430"
            ]
        );
        assert_eq!(content.to_string(), "ac66fb42d01005e4c404861f6d6e9263");
    }

    #[test]
    fn only_significant_values_count() {
        let row = RowHash::of(&amelie().into_item());
        let changed = |change: fn(&mut Movie)| {
            let mut movie = amelie();
            change(&mut movie);
            RowHash::of(&movie.into_item()) == row
        };
        for (same, change) in [
            (true, (|it| it.rating = Some(7.5)) as fn(&mut Movie)),
            (true, |it| it.stream_icon = Some("http://p.example/1.png".into())),
            (true, |it| it.direct_source = Some("http://p.example/1".into())),
            (true, |it| it.num = Some(4)),
            (true, |it| it.plot = None),
            (false, |it| it.name = "Amelie".into()),
            (false, |it| it.is_adult = None),
            (false, |it| it.category_ids = ["34", "0"].into_iter().collect()),
            (false, |it| it.year = None),
            (false, |it| (it.year, it.title) = (None, Some("2001".into()))),
        ] {
            assert_eq!(changed(change), same);
        }
    }

    #[test]
    fn sorted_ids_are_hashed_as_a_set() {
        let at = ContentKind::Movies.field("category_ids").unwrap();
        let mut hasher = RowHasher::new(ContentKind::Movies);
        let hash = |hasher: &mut RowHasher, add: &dyn Fn(&mut RowHasher) -> bool| {
            hasher.begin(ContentId(1));
            (add(hasher), hasher.end())
        };
        let (_, none) = hash(&mut hasher, &|_| true);
        for (ids, is_taken) in [
            (&[Some("3")][..], true),
            (&[Some("3"), Some("40"), Some("5")], true),
            (&[], false),
            (&[Some("5"), Some("40")], false),
            (&[Some("5"), Some("5")], false),
            (&[Some("5"), None], false),
            (&[Some("")], false),
        ] {
            let set: CategorySet = ids.iter().flatten().copied().collect();
            let found = hash(&mut hasher, &|it| it.sorted_ids(at, ids.iter().copied()));
            let (_, of_set) = hash(&mut hasher, &|it| {
                it.value(at, ValueRef::Categories(&set));
                true
            });
            assert_eq!(found, (is_taken, if is_taken { of_set } else { none }), "{ids:?}");
        }
    }

    #[test]
    fn the_sum_has_no_order_and_knows_every_row_once() {
        let rows = [1, 2, 3].map(|id| RowHash::of(&movie(id).item()));
        let mut forward = ContentHash::EMPTY;
        rows.into_iter().for_each(|row| forward.add(row));
        let mut backward = ContentHash::EMPTY;
        rows.into_iter().rev().for_each(|row| backward.add(row));
        assert_eq!(forward, backward);
        backward.add(rows[0]);
        assert_ne!(forward, backward);
        rows.into_iter().for_each(|row| forward.take(row));
        assert_eq!(forward, ContentHash::EMPTY);
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = ContentHash(0x00ab_cdef);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "00", &"0".repeat(33), &"g".repeat(32), &"A".repeat(32), &format!("+{}", "0".repeat(31))] {
            assert_eq!(text.parse::<ContentHash>(), Err(NotAHash), "{text}");
        }
    }
}
