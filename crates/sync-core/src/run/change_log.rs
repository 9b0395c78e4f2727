//! The change log: what has happened to the items of a profile, in order.

use crate::model::{ContentId, ContentKind, FieldSet};
use crate::run::record::RunId;

/// One row of the change log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeRecord {
    /// Rises with every change.
    pub sequence: i64,
    /// The run that wrote it; `None` for a deletion by hand.
    pub run: Option<RunId>,
    /// The kind.
    pub kind: ContentKind,
    /// The item; `None` for [`LoggedChange::Loaded`].
    pub id: Option<ContentId>,
    /// What happened.
    pub change: LoggedChange,
}

impl ChangeRecord {
    /// A row of the change log that no run wrote, and that is of no item.
    pub const fn new(sequence: i64, kind: ContentKind, change: LoggedChange) -> Self {
        Self { sequence, run: None, kind, id: None, change }
    }

    /// The same row, written by this run.
    #[must_use]
    pub fn of_run(self, run: Option<RunId>) -> Self {
        Self { run, ..self }
    }

    /// The same row, about this item.
    #[must_use]
    pub fn of_item(self, id: Option<ContentId>) -> Self {
        Self { id, ..self }
    }
}

/// What the change log says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedChange {
    /// The first load of a kind.
    Loaded,
    /// The item is new.
    Added,
    /// The item was removed, is still remembered, and came back. It counts as added.
    Returned,
    /// These fields changed.
    Updated(FieldSet),
    /// The item is gone.
    Removed,
}
