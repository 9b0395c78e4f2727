//! Work on the feed other than reading it: values as JSON, the retention of entries, and undo.

pub(crate) mod entry;
pub(crate) mod retention;
pub(crate) mod reverse;
pub(crate) mod row_ids;
pub(crate) mod undo;
pub(crate) mod undo_rows;
pub(crate) mod values;
