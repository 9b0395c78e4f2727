#![doc = include_str!("../README.md")]

mod apply;
mod bind;
mod columns;
mod connection;
mod content;
mod facts;
mod fault;
mod file;
mod history;
mod ids;
mod index;
mod item_sql;
mod lease;
mod log_sql;
mod port;
mod profile;
mod record;
mod schema;
mod spool;
mod staging;
mod statement;
mod status;
#[cfg(not(feature = "failpoints"))]
mod stop;
#[cfg(feature = "failpoints")]
pub mod stop;
mod store;
#[cfg(test)]
mod store_tests;
mod tables;
mod tombstone;
mod validator;

pub use profile::{PasswordSource, ProfileRow};
pub use status::{AccountRow, ContentStatus, HeldGroup, KindStatus};
pub use store::SqliteStore;
