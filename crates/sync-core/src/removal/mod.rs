//! Whether missing items may be removed.

pub(crate) mod guard;
pub(crate) mod held;
pub mod settle;
