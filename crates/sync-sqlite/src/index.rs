//! The index of a scope: one row with every id and digest of the last listing.

use std::sync::Arc;

use diesel::SqliteConnection;
use sync_core::store::StoredIndex;
use sync_core::{ContentId, ContentKind, DigestScheme, ListingIndex, ProfileId, Scope, StoreError};

use crate::bind::{Bind, signed};
use crate::statement::{Record, execute, integer, integers, record, records};
use crate::store::SqliteStore;
use crate::{doubt, tables};

impl SqliteStore {
    /// Returns the index of a scope; see [`sync_core::ContentStore::index`].
    pub fn index_blocking(&self, profile: &ProfileId, scope: &Scope) -> Result<StoredIndex, StoreError> {
        self.read_profile(profile, |conn| load(conn, profile, scope))
    }
}

/// The name of a scope in the table; that of a whole kind is empty.
fn scope_name(scope: &Scope) -> &str {
    scope.within.as_ref().map_or("", |category| category.0.as_str())
}

fn load(conn: &mut SqliteConnection, profile: &ProfileId, scope: &Scope) -> Result<StoredIndex, StoreError> {
    let tables = tables::of(scope.kind);
    let key = [profile.as_str().into(), scope.kind.as_str().into(), scope_name(scope).into()];
    let sql = "SELECT scheme,ids,digests FROM xtream_listing_index WHERE profile_id=? AND kind=? AND scope=?";
    let found = record(conn, sql, &key)?;
    let applied_before = found.is_some();
    let index = found.and_then(|mut row| decode(row.integer(0).ok()?, &row.text(1).ok()?, &row.blob(2).ok()?));
    let whole = scope.within.is_none();
    let doubted = doubt::open_since(conn, profile, scope.kind)?.is_some();
    let rows = if whole {
        let sql = format!("SELECT COUNT(*) FROM {} WHERE profile_id=?", tables.items);
        integer(conn, &sql, &key[..1])?.unwrap_or_default().unsigned_abs()
    } else {
        0
    };
    match index {
        // An index that doesn't fit its rows was written by one program and they by another.
        Some(index) if !doubted && (!whole || index.len() as u64 == rows) => {
            Ok(StoredIndex { index: Arc::new(index), applied_before, consistent: true })
        }
        None if !applied_before && rows == 0 => {
            let index = Arc::new(ListingIndex::empty(DigestScheme::FIELDS));
            Ok(StoredIndex { index, applied_before, consistent: true })
        }
        _ => {
            let ids = stored_ids(conn, profile, scope)?;
            // Zero is the digest that equals nothing.
            let digests = vec![0; ids.len()];
            let index = ListingIndex::from_columns(DigestScheme::FIELDS, ids, digests).map_err(StoreError::backend)?;
            Ok(StoredIndex { index: Arc::new(index), applied_before, consistent: false })
        }
    }
}

fn stored_ids(conn: &mut SqliteConnection, profile: &ProfileId, scope: &Scope) -> Result<Vec<i64>, StoreError> {
    let tables = tables::of(scope.kind);
    let mut sql = format!("SELECT {} FROM {} WHERE profile_id=?", tables.id, tables.items);
    let mut binds = vec![Bind::from(profile.as_str())];
    if scope.within.is_some() {
        sql.push_str(" AND category_id=?");
        binds.push(scope_name(scope).into());
    }
    sql.push_str(" ORDER BY 1");
    integers(conn, &sql, &binds)
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
    let digests: Vec<u8> = index.digests().iter().flat_map(|digest| digest.to_le_bytes()).collect();
    let sql = "INSERT INTO xtream_listing_index (profile_id,kind,scope,scheme,ids,digests) VALUES (?,?,?,?,?,?) \
               ON CONFLICT (profile_id,kind,scope) DO UPDATE SET scheme=excluded.scheme, ids=excluded.ids, \
               digests=excluded.digests";
    let binds = [
        profile.as_str().into(),
        kind.as_str().into(),
        scope.into(),
        i64::from(index.scheme().0).into(),
        encode_ids(index.ids()).into(),
        Bind::Blob(&digests),
    ];
    execute(conn, sql, &binds).map(|_| ())
}

/// Takes ids out of every index of a kind. An index that can't be read is left as it is: it is not
/// trusted anyway.
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

/// Reads every index of a kind: the name of its scope, and `None` where it is none.
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

/// Returns `None` when the three don't make an index.
fn decode(scheme: i64, ids: &str, digests: &[u8]) -> Option<ListingIndex> {
    let scheme = DigestScheme(u32::try_from(scheme).ok()?);
    let (digests, rest) = digests.as_chunks::<8>();
    let digests: Vec<u64> = digests.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
    let ids = decode_ids(ids, digests.len())?;
    if !rest.is_empty() || ids.len() != digests.len() {
        return None;
    }
    ListingIndex::from_columns(scheme, ids, digests).ok()
}

/// A JSON array. By hand, as it is long and is written and read in every run.
fn encode_ids(ids: &[i64]) -> String {
    let mut text = String::with_capacity(ids.len() * 8 + 2);
    let mut digits = [0; 20];
    text.push('[');
    for (at, id) in ids.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if *id < 0 {
            text.push('-');
        }
        let mut rest = id.unsigned_abs();
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        text.extend(digits[first..].iter().map(|digit| char::from(*digit)));
    }
    text.push(']');
    text
}

fn decode_ids(text: &str, expected: usize) -> Option<Vec<i64>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut ids = Vec::with_capacity(expected);
    if inner.trim().is_empty() {
        return Some(ids);
    }
    for part in inner.split(',') {
        ids.push(part.trim().parse().ok()?);
    }
    Some(ids)
}

/// The number of rows of a kind as the sync table has it, brought up to what is there.
pub(crate) fn recount(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<u64, StoreError> {
    let tables = tables::of(kind);
    let profile_id = Bind::from(profile.as_str());
    let sql = format!("SELECT COUNT(*) FROM {} WHERE profile_id=?", tables.items);
    let rows = integer(conn, &sql, std::slice::from_ref(&profile_id))?.unwrap_or_default().unsigned_abs();
    let sql = format!("UPDATE xtream_content_sync SET {}=? WHERE profile_id=?", tables.count);
    execute(conn, &sql, &[signed(rows).into(), profile_id])?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_a_json_array_and_read_back() {
        for ids in [vec![], vec![7], vec![i64::MIN, -1, 0, 10, 99, 1_234_567_890_123, i64::MAX]] {
            let text = encode_ids(&ids);
            assert_eq!(serde_json::from_str::<Vec<i64>>(&text).unwrap(), ids);
            assert_eq!(decode_ids(&text, 0), Some(ids));
        }
        assert_eq!(decode_ids(" [ 1 , 2 ] ", 2), Some(vec![1, 2]));
        for text in ["", "[", "1,2", "[1,]", "[1,x]", "[[1]]"] {
            assert_eq!(decode_ids(text, 0), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_index_is_none() {
        assert!(decode(1, "[1,2]", &[0; 16]).is_some());
        assert!(decode(1, "[1,2]", &[0; 8]).is_none());
        assert!(decode(1, "[1,2]", &[0; 17]).is_none());
        assert!(decode(1, "[1,1]", &[0; 16]).is_none());
        assert!(decode(-1, "[1,2]", &[0; 16]).is_none());
    }
}
