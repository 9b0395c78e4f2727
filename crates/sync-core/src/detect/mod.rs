//! Finds what is new, changed and missing, by comparing a listing with what is known.

pub(crate) mod compare;
pub(crate) mod diff;
pub(crate) mod digest;
pub(crate) mod index;
pub(crate) mod lazy_index;
pub(crate) mod merge;
pub(crate) mod seen_items;
pub mod timestamp;
pub(crate) mod volatile;
