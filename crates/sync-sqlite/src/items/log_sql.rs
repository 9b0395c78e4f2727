//! The statement that appends to the change log.
//!
//! The statement runs for every batch of items, like those of [`crate::items::item_sql`], and diesel finds it compiled
//! by its type. Diesel's own query builder would compile an insert of many rows for each batch.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;
use sync_core::StoreError;

use crate::db::bind::Bind;
use crate::db::fault;
use crate::items::item_sql::ROWS;

/// The values of a row: id, change, fields, whether the item returned, the change that was taken back, name, values
/// before and after.
const WIDTH: usize = 8;

/// Appends N rows.
struct Append<'a, const N: usize> {
    /// Run, profile, kind and time.
    shared: &'a [Bind<'a>; 4],
    rows: &'a [Bind<'a>],
}

impl<const N: usize> QueryFragment<Sqlite> for Append<'_, N> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO xtream_changes (run_id,profile_id,kind,at,content_id,change,fields,returned,taken_back,name,before,\
             after) VALUES ",
        );
        for (at, row) in self.rows.chunks(WIDTH).enumerate() {
            if at == 0 {
                for (nth, value) in self.shared.iter().enumerate() {
                    out.push_sql(if nth == 0 { "(" } else { "," });
                    value.push(&mut out)?;
                }
            } else {
                out.push_sql(",(?1,?2,?3,?4");
            }
            for value in row {
                out.push_sql(",");
                value.push(&mut out)?;
            }
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<const N: usize> QueryId for Append<'_, N> {
    type QueryId = Append<'static, N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Conn, const N: usize> RunQueryDsl<Conn> for Append<'_, N> {}

/// Appends rows. `rows` has the values of one row after the other; `shared` has run, profile, kind and time.
pub(crate) fn append(conn: &mut SqliteConnection, shared: &[Bind<'_>; 4], rows: &[Bind<'_>]) -> Result<(), StoreError> {
    let mut batches = rows.chunks_exact(WIDTH * ROWS);
    for rows in &mut batches {
        Append::<ROWS> { shared, rows }.execute(conn).map_err(fault::of_diesel)?;
    }
    for rows in batches.remainder().chunks(WIDTH) {
        Append::<1> { shared, rows }.execute(conn).map_err(fault::of_diesel)?;
    }
    Ok(())
}
