//! The watcher in a simulated world: 200 days pass in seconds.

#![expect(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod days;
mod disk;
mod panel;
mod plot;
mod stopping;
mod world;
