//! Operations on whole files: leases, entries of accounts, backups, restoring, and upgrading an older cache.

pub(crate) mod backup;
pub(crate) mod copy;
pub(crate) mod entry;
pub(crate) mod lease;
pub(crate) mod restore;
pub(crate) mod upgrade;
pub(crate) mod watch_lock;
