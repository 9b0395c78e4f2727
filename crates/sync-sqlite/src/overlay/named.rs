//! Finds rows by name. The edits of gone items may belong to them.

use std::collections::{BTreeSet, HashSet};

use diesel::SqliteConnection;
use sync_core::overlay::ItemIdentity;
use sync_core::{ContentId, StoreError};

use crate::db::statement::{record, records};
use crate::search::Key;
use crate::tables::{ids, of};

/// Reads the rows of a kind with these names: their ids, and the values by which they are recognised.
pub(super) fn named(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    names: &BTreeSet<String>,
) -> Result<Vec<(ContentId, ItemIdentity)>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let tables = of(key.kind);
    let has_tmdb = key.kind.field("tmdb_id").is_some();
    let sql = format!(
        "SELECT {0},name,category_id,{2} FROM {1} WHERE profile_id=? AND typeof({0})='integer' AND name IN (SELECT value \
         FROM json_each(?)) ORDER BY {0}",
        tables.id,
        tables.items,
        if has_tmdb { "tmdb_id" } else { "NULL" }
    );
    let names = serde_json::to_string(names).map_err(StoreError::backend)?;
    let mut found = Vec::new();
    for mut row in records(conn, &sql, &[key.profile.as_str().into(), names.into()])? {
        let id = ContentId(row.integer(0)?);
        let mut text = |at| row.optional_text(at).ok().flatten().filter(|text: &String| !text.is_empty());
        let identity = ItemIdentity { name: text(1).unwrap_or_default(), category_id: text(2), tmdb_id: text(3) };
        found.push((id, identity));
    }
    Ok(found)
}

/// Returns whether a row with one of these ids has one of these names.
pub(super) fn has_name(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    wanted: &[i64],
    names: &HashSet<String>,
) -> Result<bool, StoreError> {
    if wanted.is_empty() {
        return Ok(false);
    }
    let tables = of(key.kind);
    let sql = format!(
        "SELECT 1 FROM {1} WHERE profile_id=? AND {0} IN (SELECT value FROM json_each(?)) AND name IN (SELECT value FROM \
         json_each(?)) LIMIT 1",
        tables.id, tables.items
    );
    let names = serde_json::to_string(names).map_err(StoreError::backend)?;
    let binds = [key.profile.as_str().into(), ids::to_json(wanted).into(), names.into()];
    Ok(record(conn, &sql, &binds)?.is_some())
}
