//! Search indexes: read from the search text, or made of the rows.

use diesel::SqliteConnection;
use sync_core::StoreError;
use sync_core::search::{SearchFields, SearchIndex};

use super::entries::Maker;
use super::tables::{self, Key};

/// Reads the text of a kind, with or without that of the other fields than names. `None` where it can't be read.
pub(super) fn of_text(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    with_rest: bool,
) -> Result<Option<SearchIndex>, StoreError> {
    let found = match tables::segments(conn, key, with_rest) {
        // What SQLite can't read of these tables is in the rows as well.
        Err(StoreError::Corrupt(_) | StoreError::Backend(_)) => None,
        found => found?,
    };
    let read = if with_rest { SearchIndex::read } else { SearchIndex::read_names };
    Ok(found.and_then(|batches| read(&batches).ok()))
}

/// Makes an index of the rows of a kind.
pub(super) fn of_rows(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    fields: SearchFields,
) -> Result<SearchIndex, StoreError> {
    let mut entries = Vec::new();
    Maker::new(key.kind, fields).of_all_rows(
        conn,
        key,
        || Ok(()),
        |_, entry| {
            entries.push(entry);
            Ok(())
        },
    )?;
    Ok(SearchIndex::from_entries(entries))
}
