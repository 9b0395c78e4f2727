//! Tools for tests of adapters and of programs that use the core: working implementations of the ports, and the
//! conformance suites.
//!
//! They are not part of the stable interface, because they grow with the contracts.

#![expect(clippy::unwrap_used, reason = "a case that fails is to panic, and nothing else is lost by it")]

mod builders;
mod clock;
#[macro_use]
pub mod conformance;
mod memory_cache;
mod memory_overlay;
mod memory_paces;
mod memory_snapshots;
mod memory_store;
mod memory_tables;
mod memory_undo;
#[cfg(any(test, feature = "mock"))]
pub mod mocks;
mod recording;
mod scripted_source;

pub use builders::{ItemBuilder, category, channel, movie, profile, series, staged};
pub use clock::FixedClock;
pub use memory_store::MemoryStore;
pub use recording::{Call, RecordingStore};
pub use scripted_source::{Answer, ScriptedSource};
