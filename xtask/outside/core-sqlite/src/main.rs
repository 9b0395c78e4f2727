//! Plays the scenario on a cache of its own.

fn main() {}
