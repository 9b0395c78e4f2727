//! The hot path of items: columns, and the statements that write rows and log entries.

pub(crate) mod columns;
pub(crate) mod item_sql;
pub(crate) mod log_sql;
