//! The compatibility API: `SyncScheduler`, `SyncHandle` and `ContentCache`. Their names and signatures come from the
//! document that specified this crate, and stay as they are. Newer calls are in [`Syncer`](crate::Syncer).

mod cache;
mod progress;
mod scheduler;
mod sending;

pub use cache::{ContentCache, ContentCounts};
pub use progress::{SyncHandle, SyncProgress, SyncStatus};
pub use scheduler::{LastSyncTimestamps, SyncScheduler};
