//! Intervals: when a kind is asked for next.

pub mod world;
