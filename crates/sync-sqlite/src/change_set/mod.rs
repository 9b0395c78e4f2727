//! The foundations of change sets: content hashes, the identity of the panel, and snapshots.

pub(crate) mod content_hash;
pub(crate) mod identity;
pub(crate) mod row_hash;
pub(crate) mod snapshot;
pub(crate) mod tracker;
