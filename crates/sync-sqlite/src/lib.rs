#![doc = include_str!("../README.md")]

mod apply;
mod backup;
mod bind;
mod check;
mod columns;
mod connection;
mod content;
mod copy;
mod doubt;
mod facts;
mod fault;
mod file;
mod history;
mod ids;
mod index;
mod item_sql;
mod lease;
mod lock;
mod log_sql;
mod port;
mod profile;
mod record;
mod restore;
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
mod upgrade;
mod validator;

pub use backup::{BackedUp, BackupError, back_up};
pub use check::{Breach, Finding, Inspection};
pub use profile::{PasswordSource, ProfileRow};
pub use restore::{Restored, restore};
pub use status::{AccountRow, ContentStatus, HeldGroup, KindStatus};
pub use store::SqliteStore;
