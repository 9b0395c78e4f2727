//! Change sets: the changes of a profile as a file that another cache applies.
//!
//! An export reads one snapshot, and a sync may run meanwhile. An apply writes through the same commit as a sync. The
//! format is in the crate `sync-change-set`, and the rules are in [`sync_core::change_set`].

mod apply;
mod begin;
mod export;
mod incoming;
mod login;
mod prepared;

pub use apply::{ApplyError, ApplyOutcome, ApplyReport, ApplyRequest, Refusal};
pub use export::{ChangeSetExport, ExportError, ExportRequest, NoHash, NotExported};
