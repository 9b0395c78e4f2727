//! The core as another crate uses it: the engine over fakes and mocks, tested against the contracts of the ports and
//! the invariants of the design (I1 to I18).

#![expect(clippy::unwrap_used, reason = "a test that fails is to panic, and nothing else is lost by it")]

mod arrivals;
mod broken;
mod cancel;
mod changes;
mod duplicates;
mod evidence;
mod failures;
mod learning;
mod mocks;
mod modes;
mod overlap;
mod overlay;
mod plan;
mod probes;
mod properties;
mod removals;
mod spawning;
mod support;
mod validators;
mod volatile;
mod waits;
mod wrappers;
