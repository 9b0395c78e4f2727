//! Batches: how many elements travel together from the source to the engine.

pub mod world;
