//! A program of another person that uses only the core, with a source and a store of its own behind the two ports.

mod readers;
mod staging;
mod store;
mod tables;
mod wire;

pub use store::OwnStore;
pub use wire::Wire;
