//! The search text: a compact copy of the values that are searched and sorted by, stored beside the items.
//!
//! The core defines what an entry is and how it is searched. This module writes the text together with the items, keeps
//! both in step, and reads the text. A damaged text is never an error: the rows are read instead, and the next sync
//! writes the text again.

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
