//! Limits that no setting changes.

use std::time::Duration;

/// The greatest size of an account or a list of categories, which are read as a whole. No real one is as large.
pub(crate) const DOCUMENT_MAX: u64 = 16 << 20;

/// A duration beyond any sensible limit, with which a time can still be computed.
pub(crate) const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
