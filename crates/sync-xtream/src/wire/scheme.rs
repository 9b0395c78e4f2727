//! The version of the digests of raw elements.

use sync_core::DigestScheme;

/// The scheme of digests of raw elements. In movies and series the value of `num` has no part in them. Everything else
/// that decides about the item has: the key of the list if it is the id, the key of the id if it is not the usual one,
/// and the declared charset if the element is not UTF-8.
///
/// It has to be raised whenever the same bytes would be decoded to another item. Then digests of the old scheme are no
/// longer compared, and every item is decoded once.
pub(crate) const SCHEME: DigestScheme = DigestScheme(104);
