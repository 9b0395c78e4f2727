//! The number of rows of a kind: counted, taken from the sync table, and kept up to date while rows are written and
//! removed.
//!
//! The statements are SQL as text, because table and column differ by kind and every apply runs them. Each returns one
//! number.

use diesel::SqliteConnection;
use sync_core::{ContentKind, ProfileId, Scope, StoreError};

use crate::db::bind::{Bind, signed};
use crate::db::connection::scanning;
use crate::db::statement::{execute, integer, integers};
use crate::feed::row_ids;
use crate::tables;

/// Returns the name of a scope in the table. A whole kind has an empty name.
pub(crate) fn scope_name(scope: &Scope) -> &str {
    scope.within.as_ref().map_or("", |category| category.0.as_str())
}

/// Counts the items of a kind one by one. A row whose id is not a number doesn't count: this program didn't write it,
/// and no listing names it.
pub(crate) fn count(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<u64, StoreError> {
    let tables = tables::of(kind);
    let sql = format!("SELECT COUNT(*) FROM {} WHERE profile_id=? AND typeof({})='integer'", tables.items, tables.id);
    Ok(integer(conn, &sql, &[profile.as_str().into()])?.unwrap_or_default().unsigned_abs())
}

/// Returns whether a kind has this many rows.
///
/// The rows of one profile can only be counted one by one, but SQLite counts the rows of a whole table by the page. So
/// if the table has as many rows as all profiles together claim, the claim is believed.
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

/// Returns the number of rows that the sync table claims, if the claim is believed.
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

/// Reads the ids of the items of a scope, ascending.
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

/// Sets the number of rows in the sync table to the counted number.
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

/// The number of rows of a kind, kept up to date while rows are written and removed.
pub(crate) struct RowCount {
    kind: ContentKind,
    rows: u64,
    /// The highest row id of the table.
    last: i64,
}

impl RowCount {
    /// Begins, before anything is written.
    pub(crate) fn new(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<Self, StoreError> {
        let sql = format!("SELECT {} FROM xtream_content_sync WHERE profile_id=?", tables::of(kind).count);
        let rows = integer(conn, &sql, &[profile.as_str().into()])?.unwrap_or_default().unsigned_abs();
        Ok(Self { kind, rows, last: row_ids::last(conn, kind)? })
    }

    /// Takes rows that were written, and returns how many are new. A new row gets the number after the highest one, so
    /// no row has to be read. New rows that may have got the numbers of removed rows get higher ones.
    pub(crate) fn written(&mut self, conn: &mut SqliteConnection) -> Result<u64, StoreError> {
        let new = row_ids::last(conn, self.kind)?.abs_diff(self.last);
        self.rows = self.rows.saturating_add(new);
        row_ids::lift(conn, self.kind, self.last)?;
        Ok(new)
    }

    /// Returns the highest row id of the table before anything was written.
    pub(crate) const fn last_before(&self) -> i64 {
        self.last
    }

    /// Takes the number of rows that were removed.
    pub(crate) fn removed(&mut self, rows: u64) {
        self.rows = self.rows.saturating_sub(rows);
    }

    /// Writes the number if it is the expected one. Otherwise counts the rows.
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
