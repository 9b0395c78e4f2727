//! Files as programs write and read them: what is written is read back, and nothing else is read.

#![expect(clippy::unwrap_used, reason = "a test that fails is to panic, and nothing else is lost by it")]

mod damage;
mod refused;
mod round_trip;
mod sizes;
mod support;
mod vectors;
