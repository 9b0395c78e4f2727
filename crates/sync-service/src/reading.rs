//! Reading a catalogue: lists, searches, items, categories, and everything that is there.
//!
//! A request names categories as a person does, and may have relative ages. It is turned into a
//! [`Selection`](sync_core::catalogue::Selection) of the port `Catalogue` by pure functions, which callers that
//! wait and callers that don't share.

mod category;
mod cursor;
mod export;
mod item;
mod request;
mod select;

pub use category::FoundCategory;
pub(crate) use category::find as find_category;
pub use export::{ExportReader, ExportedItem};
pub use item::{NamedCategory, SHOWN_CHANGES, ShownItem};
pub use request::{ItemFilter, ListRequest, SearchRequest};
pub use select::{Asked, FoundItem, ItemsPage, Query};

use sync_core::StoreError;
use sync_core::search::InvalidCursor;

/// Why items can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The text is no cursor of this query.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// No category has this id or this name.
    #[error("no category has this id or this name")]
    UnknownCategory {
        /// Categories whose names have the words, a few of them.
        similar: Vec<FoundCategory>,
    },
    /// Several categories of a kind have this name.
    #[error("several categories have this name")]
    AmbiguousCategory {
        /// Those that have it.
        found: Vec<FoundCategory>,
    },
}
