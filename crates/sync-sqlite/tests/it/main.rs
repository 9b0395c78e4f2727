//! Tests of the SQLite store from outside: the conformance suite, and behaviour that only SQLite has.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its fixture as well")]

mod applying;
mod backups;
mod checking;
mod conformance;
mod contents;
mod documented;
mod entering;
mod fixture;
mod learning;
mod leasing;
mod migrating;
mod opening;
mod overlaid;
mod overlay;
mod profiles;
#[cfg(feature = "schema")]
mod schema;
mod searching;
mod tombstones;
mod validators;
mod values;
