//! Makes search indexes, from the search text or from the rows.

use diesel::SqliteConnection;
use sync_core::StoreError;
use sync_core::search::{DamagedSegment, Depth, SearchFields, SearchIndex};

use super::entries::{Maker, Values};
use super::tables::{self, Key};

/// Reads the text of a kind with the depth that is needed. Returns `None` if the text can't be read.
pub(super) fn of_text(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    depth: Depth,
) -> Result<Option<SearchIndex>, StoreError> {
    match read(conn, key, depth) {
        Ok(index) => Ok(Some(index)),
        // Everything in these tables that SQLite can't read is in the rows as well.
        Err(Unread::Damaged | Unread::Store(StoreError::Corrupt(_) | StoreError::Backend(_))) => Ok(None),
        Err(Unread::Store(error)) => Err(error),
    }
}

/// The reason why there is no index.
enum Unread {
    Damaged,
    Store(StoreError),
}

impl From<DamagedSegment> for Unread {
    fn from(_: DamagedSegment) -> Self {
        Self::Damaged
    }
}

impl From<StoreError> for Unread {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reads the text of a kind, one segment at a time. All texts at once would be in memory twice.
fn read(conn: &mut SqliteConnection, key: Key<'_>, depth: Depth) -> Result<SearchIndex, Unread> {
    let (rows, facts) = tables::facts(conn, key)?.ok_or(Unread::Damaged)?;
    SearchIndex::read(&facts, depth, |batch, number| {
        tables::texts(conn, rows[batch][number], depth == Depth::Texts)?.ok_or(Unread::Damaged)
    })
}

/// Makes an index from the rows of a kind.
pub(super) fn of_rows(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    fields: SearchFields,
    values: Values,
) -> Result<SearchIndex, StoreError> {
    let mut entries = Vec::new();
    Maker::new(key.kind, fields).of_all_rows(
        conn,
        key,
        values,
        || Ok(()),
        |_, entry| {
            entries.push(entry);
            Ok(())
        },
    )?;
    Ok(SearchIndex::from_entries(entries))
}
