//! The types of a run: its options, progress, counts, plan, report and record.

pub(crate) mod counts;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod record;
pub(crate) mod report;
