//! Numbers of rows: those of rows that an undo may bring back are not given to others.
//!
//! SQLite gives a new row the number behind the highest that is there. So the number of a removed row is given anew
//! only where it was the highest; such numbers are kept, and rows that would get them are given higher ones.

use diesel::prelude::*;
use sync_core::{ContentKind, StoreError};

use crate::db::fault::of_diesel;
use crate::db::statement::{execute, integer};
use crate::tables;
use crate::tables::schema::xtream_row_ids;
use crate::tables::words::KindWord;

/// The highest number that a row is there to have, or that was kept.
pub(crate) fn highest_kept(conn: &mut SqliteConnection, kind: ContentKind) -> Result<i64, StoreError> {
    let kept = xtream_row_ids::table
        .filter(xtream_row_ids::kind.eq(KindWord::from(kind)))
        .select(xtream_row_ids::highest)
        .first::<i64>(conn)
        .optional()
        .map_err(of_diesel)?;
    Ok(kept.unwrap_or(0))
}

/// Keeps the number of a row that is gone, where it was the highest.
pub(crate) fn keep(conn: &mut SqliteConnection, kind: ContentKind, highest: Option<i64>) -> Result<(), StoreError> {
    let Some(highest) = highest else { return Ok(()) };
    if highest <= last(conn, kind)? {
        return Ok(());
    }
    let sql = "INSERT INTO xtream_row_ids (kind,highest) VALUES (?,?) \
               ON CONFLICT (kind) DO UPDATE SET highest=max(highest,excluded.highest)";
    execute(conn, sql, &[kind.as_str().into(), highest.into()]).map(|_| ())
}

/// Gives higher numbers to the rows behind `last`, which are all new, where theirs may have been those of others.
pub(crate) fn lift(conn: &mut SqliteConnection, kind: ContentKind, before: i64) -> Result<(), StoreError> {
    let kept = highest_kept(conn, kind)?;
    let now = last(conn, kind)?;
    if kept <= before || now == before {
        return Ok(());
    }
    // Far enough that no row gets the number of one that has not moved yet.
    let by = kept.saturating_sub(before).max(now.saturating_sub(before));
    let sql = format!("UPDATE {} SET id=id+? WHERE id>?", tables::of(kind).items);
    execute(conn, &sql, &[by.into(), before.into()]).map(|_| ())
}

/// The highest number of a row that is there.
pub(crate) fn last(conn: &mut SqliteConnection, kind: ContentKind) -> Result<i64, StoreError> {
    let sql = format!("SELECT coalesce(MAX(id),0) FROM {}", tables::of(kind).items);
    Ok(integer(conn, &sql, &[])?.unwrap_or_default())
}
