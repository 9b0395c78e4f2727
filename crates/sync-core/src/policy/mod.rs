//! When the service syncs. Pure functions over values: the caller brings the time, the settings and what earlier runs
//! have shown.

pub mod due;
pub mod history;
pub mod pause;
pub mod probe;
pub mod schedule;
pub mod zone;
