//! The index of a scope: one row with every id and digest of the last listing.
//!
//! The statements are SQL as text. The columns are megabytes, and both are decoded together in SQLite's own memory.
//! Thus all code of the store above SQLite takes 2 % of an unchanged sync (docs/performance.md).

use std::sync::Arc;

use diesel::deserialize::{self, QueryableByName};
use diesel::prelude::*;
use diesel::row::{Field, NamedRow, Row};
use diesel::sqlite::Sqlite;
use sync_core::store::StoredIndex;
use sync_core::{ContentId, ContentKind, DigestScheme, ListingIndex, ProfileId, Scope, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{Record, execute, records, rows};
use crate::store::SqliteStore;
use crate::tables::row_counts::{count, has_rows, scope_name, stored_ids};
use crate::tables::{doubts, ids};

impl SqliteStore {
    /// Returns the index of a scope; see [`sync_core::ContentStore::index`].
    pub fn index_blocking(&self, profile: &ProfileId, scope: &Scope) -> Result<StoredIndex, StoreError> {
        self.read_profile(profile, |conn| load(conn, profile, scope))
    }
}

/// Reads the index of a scope. If there is no index to rely on, returns one that has the stored rows and trusts none of
/// them.
pub(crate) fn load(conn: &mut SqliteConnection, profile: &ProfileId, scope: &Scope) -> Result<StoredIndex, StoreError> {
    let key = [profile.as_str().into(), scope.kind.as_str().into(), scope_name(scope).into()];
    let sql = "SELECT scheme,ids,digests FROM xtream_listing_index WHERE profile_id=? AND kind=? AND scope=?";
    let found = rows::<Stored>(conn, sql, &key)?.pop();
    let applied_before = found.is_some();
    let whole = scope.within.is_none();
    let doubted = doubts::open_since(conn, profile, scope.kind)?.is_some();
    match found.and_then(|stored| stored.0) {
        // If an index doesn't fit its rows, different programs have written the two.
        Some(index) if !doubted && (!whole || has_rows(conn, profile, scope.kind, index.len() as u64)?) => {
            Ok(StoredIndex::new(Arc::new(index), applied_before, true))
        }
        None if !applied_before && (!whole || count(conn, profile, scope.kind)? == 0) => {
            let index = Arc::new(ListingIndex::empty(DigestScheme::FIELDS));
            Ok(StoredIndex::new(index, applied_before, true))
        }
        _ => {
            let ids = stored_ids(conn, profile, scope)?;
            // Zero is the digest that equals nothing.
            let digests = vec![0; ids.len()];
            let index = ListingIndex::from_columns(DigestScheme::FIELDS, ids, digests).map_err(StoreError::backend)?;
            Ok(StoredIndex::new(Arc::new(index), applied_before, false))
        }
    }
}

/// Writes the index of a scope.
pub(crate) fn save(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    scope: &Scope,
    index: &ListingIndex,
) -> Result<(), StoreError> {
    write(conn, profile, scope.kind, scope_name(scope), index)
}

fn write(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    scope: &str,
    index: &ListingIndex,
) -> Result<(), StoreError> {
    let digests = ids::to_bytes(index.digests());
    let sql = "INSERT INTO xtream_listing_index (profile_id,kind,scope,scheme,ids,digests) VALUES (?,?,?,?,?,?) \
               ON CONFLICT (profile_id,kind,scope) DO UPDATE SET scheme=excluded.scheme, ids=excluded.ids, \
               digests=excluded.digests";
    let binds = [
        profile.as_str().into(),
        kind.as_str().into(),
        scope.into(),
        i64::from(index.scheme().0).into(),
        ids::to_json(index.ids()).into(),
        Bind::Blob(&digests),
    ];
    execute(conn, sql, &binds).map(|_| ())
}

/// Deletes ids from every index of a kind. An index that can't be read stays as it is, because it is not trusted
/// anyway.
pub(crate) fn forget(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    gone: &[ContentId],
) -> Result<(), StoreError> {
    let sql = "SELECT scope,scheme,ids,digests FROM xtream_listing_index WHERE profile_id=? AND kind=?";
    for mut row in records(conn, sql, &[profile.as_str().into(), kind.as_str().into()])? {
        let scope = row.text(0)?;
        if let Some(index) = decode(row.integer(1)?, &row.text(2)?, &row.blob(3)?) {
            let rest = index.without(gone);
            if rest.len() < index.len() {
                write(conn, profile, kind, &scope, &rest)?;
            }
        }
    }
    Ok(())
}

/// Reads every index of a kind: the name of its scope, and the index, or `None` if the row is no index.
pub(crate) fn all(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Vec<(String, Option<ListingIndex>)>, StoreError> {
    let sql = "SELECT scope,scheme,ids,digests FROM xtream_listing_index WHERE profile_id=? AND kind=? ORDER BY scope";
    let read = |mut row: Record| {
        let scope = row.text(0)?;
        let columns = (row.integer(1), row.text(2), row.blob(3));
        Ok((
            scope,
            if let (Ok(scheme), Ok(ids), Ok(digests)) = columns { decode(scheme, &ids, &digests) } else { None },
        ))
    };
    records(conn, sql, &[profile.as_str().into(), kind.as_str().into()])?.into_iter().map(read).collect()
}

/// Decodes an index. Returns `None` if the three values don't make an index.
fn decode(scheme: i64, ids: &str, digests: &[u8]) -> Option<ListingIndex> {
    let scheme = DigestScheme(u32::try_from(scheme).ok()?);
    let digests = ids::from_bytes(digests)?;
    let ids = ids::from_json(ids, digests.len())?;
    if ids.len() != digests.len() {
        return None;
    }
    ListingIndex::from_columns(scheme, ids, digests).ok()
}

/// A row of the table as an index, or `None` if the row is no index.
struct Stored(Option<ListingIndex>);

impl QueryableByName<Sqlite> for Stored {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let [Some(scheme), Some(ids), Some(digests)] = [0, 1, 2].map(|at| Row::get(row, at)) else {
            return Err("a column is missing".into());
        };
        let [Some(mut scheme), Some(mut ids), Some(mut digests)] = [scheme.value(), ids.value(), digests.value()]
        else {
            return Ok(Self(None));
        };
        // The columns are decoded in SQLite's memory, because they are megabytes.
        Ok(Self(decode(scheme.read_long(), ids.read_text(), digests.read_blob())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_index_are_not_read() {
        assert!(decode(1, "[1,2]", &[0; 16]).is_some());
        assert!(decode(1, "[1,2]", &[0; 8]).is_none());
        assert!(decode(1, "[1,2]", &[0; 17]).is_none());
        assert!(decode(1, "[1,1]", &[0; 16]).is_none());
        assert!(decode(-1, "[1,2]", &[0; 16]).is_none());
    }
}
