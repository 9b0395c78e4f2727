//! The words of a run: what it is asked for, how far it is, and what it did.

pub(crate) mod counts;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod record;
pub(crate) mod report;
