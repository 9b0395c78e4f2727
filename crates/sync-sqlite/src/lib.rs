#![doc = include_str!("../README.md")]

mod apply;
mod bind;
mod check;
mod columns;
mod connection;
mod content;
mod doubt;
mod facts;
mod fault;
mod file;
mod history;
mod index;
mod item_sql;
mod lease;
mod port;
mod profile;
mod record;
mod schema;
mod spool;
mod staging;
mod statement;
mod status;
mod store;
#[cfg(test)]
mod store_tests;
mod tables;
mod tombstone;

pub use check::{Breach, Finding, Inspection};
pub use profile::{PasswordSource, ProfileRow};
pub use status::{AccountRow, ContentStatus, HeldGroup, KindStatus};
pub use store::SqliteStore;
