//! The rules for removals: which missing items are removed, and which are held.

pub(crate) mod decide;
pub(crate) mod guard;
pub(crate) mod held;

pub use decide::{Circumstances, Missing, RemovalDecision, decide_removals};
