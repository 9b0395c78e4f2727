#![doc = include_str!("../README.md")]

mod cache;
mod clock;
mod database;
mod error;
mod progress;
mod scheduler;
mod sending;
mod settings;

pub use cache::{ContentCache, ContentCounts};
pub use clock::SystemClock;
pub use database::Database;
pub use error::{Result, SyncError};
pub use progress::{SyncHandle, SyncProgress, SyncStatus};
pub use scheduler::{LastSyncTimestamps, SyncScheduler};
pub use settings::{configured, options};
pub use sync_core::{
    ChangePolicy, Comparison, ContentKind, Counts, compare_channels, compare_movies, compare_series, is_item_updated,
};
pub use sync_core::{maintenance::Breach, maintenance::Finding, maintenance::Inspection};
use sync_sqlite::{BackedUp, BackupError, Restored};
pub use sync_xtream::XtreamConfig;
pub use tokio_util::sync::CancellationToken;
