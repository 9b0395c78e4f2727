//! The compatibility API: `SyncScheduler`, `SyncHandle` and `ContentCache`, with the names and signatures of the
//! document that this crate was made from. They stay as they are; what is newer is in
//! [`Syncer`](crate::Syncer).

mod cache;
mod progress;
mod scheduler;
mod sending;

pub use cache::{ContentCache, ContentCounts};
pub use progress::{SyncHandle, SyncProgress, SyncStatus};
pub use scheduler::{LastSyncTimestamps, SyncScheduler};
