//! The SQLite store from outside: the conformance suite, and what is SQLite's own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its fixture as well")]

mod applying;
mod conformance;
mod contents;
mod fixture;
mod leasing;
mod opening;
mod profiles;
mod values;
