//! The version of the digests that raw elements have.

use sync_core::DigestScheme;

/// Digests of raw elements, movies and series without the value of `num`. What else decides about the item
/// is part of them: the key of the list where that is the id, the key of the id where it is not the usual
/// one, the declared charset where the element is not UTF-8.
///
/// To be raised whenever the same bytes would be decoded to another item: digests of the old
/// scheme are then no longer looked at, and every item is decoded once.
pub(crate) const SCHEME: DigestScheme = DigestScheme(104);
