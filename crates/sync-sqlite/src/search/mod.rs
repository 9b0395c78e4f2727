//! The search text: a compact copy of what is searched and sorted by, kept beside the items.
//!
//! What an entry is, and how it is searched, is in the core; here it is written with the items, kept in step with
//! them, and read. A fault of the text is never an error: then the rows are read, and the next sync writes it anew.

pub(crate) mod check;
mod compact;
mod entries;
mod held_indexes;
mod load;
mod select;
pub(crate) mod tables;
pub(crate) mod write;

pub(crate) use held_indexes::HeldIndexes;
pub(crate) use select::category_sizes;
pub(crate) use tables::Key;
