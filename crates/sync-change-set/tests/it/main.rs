//! Files as programs write and read them: what was written is read back, and other files are refused.

#![expect(clippy::unwrap_used, reason = "a test that fails is to panic, and nothing else is lost by it")]

mod damage;
mod refused;
mod round_trip;
mod sizes;
mod support;
mod vectors;
