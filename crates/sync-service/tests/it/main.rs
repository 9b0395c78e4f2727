//! The service over a cache in memory and scripted sources.

#![expect(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod added;
mod change_sets;
mod failover;
mod feed;
mod health;
mod hooks;
mod login_test;
#[cfg(feature = "metrics")]
mod metrics;
mod overlay;
mod paced;
mod reading;
mod syncing;
