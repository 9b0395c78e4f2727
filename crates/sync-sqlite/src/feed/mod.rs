//! The feed beyond what is read of it: values as JSON, how long entries are kept, and undo.

pub(crate) mod entry;
pub(crate) mod retention;
pub(crate) mod reverse;
pub(crate) mod row_ids;
pub(crate) mod undo;
pub(crate) mod undo_rows;
pub(crate) mod values;
