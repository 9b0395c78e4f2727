//! The numbers of rows. The number of a row that an undo may bring back isn't given to another row.
//!
//! SQLite gives a new row the number after the highest existing one. So it gives the number of a removed row again only
//! if that number was the highest. Such numbers are kept, and rows that would get them get higher ones.

use diesel::prelude::*;
use sync_core::{ContentKind, StoreError};

use crate::db::fault::of_diesel;
use crate::db::statement::{execute, integer};
use crate::tables;
use crate::tables::schema::xtream_row_ids;
use crate::tables::words::KindWord;

/// Reads the kept number of a kind. It is zero if none was kept.
pub(crate) fn highest_kept(conn: &mut SqliteConnection, kind: ContentKind) -> Result<i64, StoreError> {
    let kept = xtream_row_ids::table
        .filter(xtream_row_ids::kind.eq(KindWord::from(kind)))
        .select(xtream_row_ids::highest)
        .first::<i64>(conn)
        .optional()
        .map_err(of_diesel)?;
    Ok(kept.unwrap_or(0))
}

/// Keeps the number of a removed row, if it was the highest.
pub(crate) fn keep(conn: &mut SqliteConnection, kind: ContentKind, highest: Option<i64>) -> Result<(), StoreError> {
    let Some(highest) = highest else { return Ok(()) };
    if highest <= last(conn, kind)? {
        return Ok(());
    }
    let sql = "INSERT INTO xtream_row_ids (kind,highest) VALUES (?,?) \
               ON CONFLICT (kind) DO UPDATE SET highest=max(highest,excluded.highest)";
    execute(conn, sql, &[kind.as_str().into(), highest.into()]).map(|_| ())
}

/// Gives higher numbers to the rows after `before`, which are all new, if their numbers may have belonged to removed
/// rows.
pub(crate) fn lift(conn: &mut SqliteConnection, kind: ContentKind, before: i64) -> Result<(), StoreError> {
    let kept = highest_kept(conn, kind)?;
    let now = last(conn, kind)?;
    if kept <= before || now == before {
        return Ok(());
    }
    // The distance is so large that no row gets the number of a row that has not moved yet.
    let by = kept.saturating_sub(before).max(now.saturating_sub(before));
    let sql = format!("UPDATE {} SET id=id+? WHERE id>?", tables::of(kind).items);
    execute(conn, &sql, &[by.into(), before.into()]).map(|_| ())
}

/// Returns the highest number of an existing row.
pub(crate) fn last(conn: &mut SqliteConnection, kind: ContentKind) -> Result<i64, StoreError> {
    let sql = format!("SELECT coalesce(MAX(id),0) FROM {}", tables::of(kind).items);
    Ok(integer(conn, &sql, &[])?.unwrap_or_default())
}
