//! The number of rows of a kind: counted, believed, and kept up while rows are written and removed.
//!
//! SQL as text, because table and column differ by kind and every apply runs it; each statement returns one number.

use diesel::SqliteConnection;
use sync_core::{ContentKind, ProfileId, Scope, StoreError};

use crate::db::bind::{Bind, signed};
use crate::db::connection::scanning;
use crate::db::statement::{execute, integer, integers};
use crate::feed::row_ids;
use crate::tables;

/// The name of a scope in the table; that of a whole kind is empty.
pub(crate) fn scope_name(scope: &Scope) -> &str {
    scope.within.as_ref().map_or("", |category| category.0.as_str())
}

/// Counts the items of a kind, one by one. A row whose id is not a number is none: nothing here wrote it, and no listing
/// names it.
pub(crate) fn count(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<u64, StoreError> {
    let tables = tables::of(kind);
    let sql = format!("SELECT COUNT(*) FROM {} WHERE profile_id=? AND typeof({})='integer'", tables.items, tables.id);
    Ok(integer(conn, &sql, &[profile.as_str().into()])?.unwrap_or_default().unsigned_abs())
}

/// Whether a kind has so many rows.
///
/// Rows of one profile have to be counted one by one; those of a whole table SQLite counts by the
/// page. So where the table has as many rows as all profiles together claim, the claim is believed.
pub(crate) fn has_rows(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    expected: u64,
) -> Result<bool, StoreError> {
    Ok(claimed(conn, profile, kind)? == Some(expected) || count(conn, profile, kind)? == expected)
}

/// Returns how many rows a kind has, in the same way.
pub(crate) fn rows(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<u64, StoreError> {
    match claimed(conn, profile, kind)? {
        Some(rows) => Ok(rows),
        None => count(conn, profile, kind),
    }
}

/// The number of rows that the sync table claims, where it is believed.
fn claimed(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<Option<u64>, StoreError> {
    let tables = tables::of(kind);
    let sql = format!(
        "SELECT {1} FROM xtream_content_sync WHERE profile_id=? AND (SELECT COUNT(*) FROM {0})=\
         (SELECT SUM({1}) FROM xtream_content_sync)",
        tables.items, tables.count
    );
    let claimed = scanning(conn, |conn| integer(conn, &sql, &[profile.as_str().into()]))?;
    Ok(claimed.and_then(|rows| u64::try_from(rows).ok()))
}

/// The ids of the items of a scope, rising.
pub(crate) fn stored_ids(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    scope: &Scope,
) -> Result<Vec<i64>, StoreError> {
    let tables = tables::of(scope.kind);
    let mut sql = format!("SELECT {0} FROM {1} WHERE profile_id=? AND typeof({0})='integer'", tables.id, tables.items);
    let mut binds = vec![Bind::from(profile.as_str())];
    if scope.within.is_some() {
        sql.push_str(" AND category_id=?");
        binds.push(scope_name(scope).into());
    }
    sql.push_str(" ORDER BY 1");
    integers(conn, &sql, &binds)
}

/// Brings the number of rows that the sync table has of a kind up to what is there.
pub(crate) fn recount(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<(), StoreError> {
    let rows = count(conn, profile, kind)?;
    write_count(conn, profile, kind, rows)
}

fn write_count(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    rows: u64,
) -> Result<(), StoreError> {
    let sql = format!("UPDATE xtream_content_sync SET {}=? WHERE profile_id=?", tables::of(kind).count);
    execute(conn, &sql, &[signed(rows).into(), profile.as_str().into()]).map(|_| ())
}

/// The number of rows of a kind, kept up while they are written and removed.
pub(crate) struct RowCount {
    kind: ContentKind,
    rows: u64,
    /// The highest row id of the table.
    last: i64,
}

impl RowCount {
    /// Before anything is written.
    pub(crate) fn new(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<Self, StoreError> {
        let sql = format!("SELECT {} FROM xtream_content_sync WHERE profile_id=?", tables::of(kind).count);
        let rows = integer(conn, &sql, &[profile.as_str().into()])?.unwrap_or_default().unsigned_abs();
        Ok(Self { kind, rows, last: row_ids::last(conn, kind)? })
    }

    /// After rows were written; returns how many are new. A new one gets the number after the highest, so none has to
    /// be looked at. New rows whose numbers may be those of removed ones get higher ones.
    pub(crate) fn written(&mut self, conn: &mut SqliteConnection) -> Result<u64, StoreError> {
        let new = row_ids::last(conn, self.kind)?.abs_diff(self.last);
        self.rows = self.rows.saturating_add(new);
        row_ids::lift(conn, self.kind, self.last)?;
        Ok(new)
    }

    /// The highest row id of the table before anything was written.
    pub(crate) const fn last_before(&self) -> i64 {
        self.last
    }

    /// After so many rows were removed.
    pub(crate) fn removed(&mut self, rows: u64) {
        self.rows = self.rows.saturating_sub(rows);
    }

    /// Writes it where it is as expected, and counts where it isn't.
    pub(crate) fn save(
        &self,
        conn: &mut SqliteConnection,
        profile: &ProfileId,
        expected: Option<u64>,
    ) -> Result<(), StoreError> {
        if expected == Some(self.rows) {
            write_count(conn, profile, self.kind, self.rows)
        } else {
            recount(conn, profile, self.kind)
        }
    }
}
