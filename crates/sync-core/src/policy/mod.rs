//! When the service syncs, and how fast it asks. Pure functions over values: the caller brings the time, the settings and what earlier runs
//! have shown.

pub mod budget;
pub mod due;
pub mod history;
mod latency;
pub mod pace;
pub mod pause;
pub mod schedule;
pub mod zone;
