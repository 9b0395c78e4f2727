//! The feed: the changes of a profile's items, in order and with values, and how they are taken back.

pub mod change;
pub mod collapse;
pub mod position;
pub mod retention;
pub mod undo;
