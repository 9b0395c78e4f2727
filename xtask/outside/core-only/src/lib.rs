//! A stranger's program that takes only the core: a source and a store of its own behind the two ports.

mod readers;
mod shelf;
mod staging;
mod wire;

pub use shelf::Shelf;
pub use wire::Wire;
