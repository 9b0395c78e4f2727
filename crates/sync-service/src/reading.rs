//! Reads a catalogue: lists, searches, items, categories, and exports.
//!
//! A request names categories as people do, and may have relative ages. Pure functions turn it into a
//! [`Selection`](sync_core::catalogue::Selection) of the port `Catalogue`. Asynchronous and synchronous callers share
//! these functions.

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

/// The reason why items can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The text is not a cursor of this query.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// No category has this id or this name.
    #[error("no category has this id or this name")]
    UnknownCategory {
        /// Some categories with similar names.
        similar: Vec<FoundCategory>,
    },
    /// Several categories of a kind have this name.
    #[error("several categories have this name")]
    AmbiguousCategory {
        /// The categories with this name.
        found: Vec<FoundCategory>,
    },
}
