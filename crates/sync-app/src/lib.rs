#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`Syncer`] syncs the profiles of a [`Database`] and returns a [`SyncReport`]; an [`Observer`] sees its progress.
//! [`SyncScheduler`], [`SyncHandle`] and [`ContentCache`] are a second API over the same code.

#[cfg(feature = "cli")]
mod command;
pub mod compat;
mod database;
mod error;
#[cfg(feature = "json")]
pub mod json;
mod panel;
mod syncer;
mod zone;

pub use compat::{
    ContentCache, ContentCounts, LastSyncTimestamps, SyncHandle, SyncProgress, SyncScheduler, SyncStatus,
};
pub use database::Database;
pub use error::{Result, SyncError};
pub use panel::{bandwidth, panel_config};
pub use sync_core::maintenance::{Finding, Inconsistency, Inspection};
pub use sync_core::{
    ChangePolicy, Channel, Comparison, ContentId, ContentKind, Counts, InvalidProfileId, Movie, Observer, PanelFacts,
    Profile, ProfileId, Progress, Series, StoreError, SyncOptions, SyncReport, UnknownKind, compare_channels,
    compare_movies, compare_series, is_item_updated,
};
pub use sync_service::{
    FoundItem, ItemFilter, ItemsPage, ListRequest, Moment, ReadError, SearchRequest, ShownItem, SystemClock, options_of,
};
pub use sync_sqlite::{BackedUp, BackupError, Restored};
pub use sync_xtream::{AddressError, SetupError, XtreamConfig};
pub use syncer::{Login, Syncer};
pub use tokio_util::sync::CancellationToken;
pub use zone::of_machine as zone_of_machine;
// The crates below, so that this one can be used by itself.
pub use {sync_core, sync_service, sync_sqlite, sync_xtream};

/// Runs the command `xtream-sync` with the arguments of this process. It is not part of the API.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub fn run_command() -> std::process::ExitCode {
    command::main()
}
