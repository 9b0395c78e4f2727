#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`SqliteStore`] is the store; [`back_up`] and [`restore`] copy a cache.

mod change_set;
mod check;
mod db;
mod feed;
mod items;
mod maintenance;
mod overlay;
mod port;
mod search;
mod staging;
mod store;
#[cfg(test)]
mod store_tests;
mod tables;

#[cfg(feature = "failpoints")]
pub use db::stop;
pub use maintenance::backup::{BackupError, back_up};
pub use maintenance::copy::BackedUp;
pub use maintenance::restore::{Restored, restore};
pub use maintenance::watch_lock::WatchLock;
pub use store::SqliteStore;
#[cfg(feature = "schema")]
pub use tables::schema;
