//! The check of the search text against the rows.
