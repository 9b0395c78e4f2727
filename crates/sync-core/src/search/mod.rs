//! Searches, filters and sorts a catalogue: pure functions over a compact copy of the searched values.
//!
//! Each item has an [`Entry`]: its id, the values by which it is sorted and filtered, and its folded text. A store
//! keeps the entries in [`Segment`]s beside the rows, and reads them into a [`SearchIndex`]. [`select()`] answers a
//! [`Selection`](crate::catalogue::Selection) from one or more indexes. Every store therefore finds and sorts alike.
//!
//! The text is folded: lower case, without diacritics, with one blank between words. The entries of an index are in the
//! order in which results are shown: the newest year first. A search scans the text from the start and ends when it has
//! enough results.

mod browse;
mod cursor;
mod entry;
mod fold;
mod index;
mod matching;
mod rows;
mod segment;
mod select;
mod words;

pub use browse::browse;
pub use cursor::{Cursor, InvalidCursor};
pub use entry::{Entry, EntrySource};
pub use fold::{FOLDING, fold};
pub use index::{Depth, SearchIndex};
pub use rows::{RowsOfKind, select_from_rows};
pub use segment::{DamagedSegment, Segment, SegmentFacts, SegmentTexts, SegmentWriter};
pub use select::{Hit, Hits, Searched, select};
pub use words::Words;

/// The fields whose text is searched: a setting of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SearchFields {
    /// Name, title, cast, director and genre.
    #[default]
    All,
    /// Name and title.
    Names,
    /// None: no search text is kept. A search reads the rows, which is slower.
    Off,
}

impl SearchFields {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::All, Self::Names, Self::Off];

    /// Returns the name of the value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Names => "names",
            Self::Off => "off",
        }
    }

    /// Returns the value with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fields| fields.as_str() == name)
    }
}
