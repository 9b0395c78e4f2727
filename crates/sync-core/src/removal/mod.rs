//! The rules for removals: which missing items are removed, and which are held.

pub(crate) mod guard;
pub(crate) mod held;
pub mod settle;
