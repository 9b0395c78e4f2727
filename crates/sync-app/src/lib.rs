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
    ChangePolicy, Channel, Comparison, ContentId, ContentKind, Counts, InvalidProfileId, Movie, PanelFacts, ProfileId,
    Series, StoreError, SyncOptions, UnknownKind, compare_channels, compare_movies, compare_series, is_item_updated,
};
pub use sync_sqlite::{BackedUp, BackupError, Breach, Finding, Inspection, Restored};
pub use sync_xtream::{AddressError, SetupError, XtreamConfig};
// The crates below, so that this one can be used by itself.
pub use tokio_util::sync::CancellationToken;
pub use {sync_core, sync_sqlite, sync_xtream};
