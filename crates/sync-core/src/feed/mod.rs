//! The feed: what has happened to the items of a profile, in order and with values, and how it is taken back.

pub mod change;
pub mod collapse;
pub mod position;
pub mod retention;
pub mod undo;
