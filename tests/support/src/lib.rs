//! The common parts of the end-to-end suite and the hostile suite: the command as a process, its cache as SQL reads it,
//! and a simulated panel with a profile.

#![allow(missing_debug_implementations, reason = "nothing prints a fixture")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on is to stop there, its fixture as well")]

pub mod cache;
pub mod program;
#[cfg(unix)]
pub mod pseudo_terminal;
pub mod scene;
pub mod shapes;
