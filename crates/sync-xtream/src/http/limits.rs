//! Limits that no setting moves.

use std::time::Duration;

/// Categories and accounts are read whole; none that is real is as large as this.
pub(crate) const DOCUMENT_MAX: u64 = 16 << 20;

/// Far beyond any sensible limit, and still an instant that can be computed.
pub(crate) const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
