//! The two statements that run for every batch of items: one writes rows, one reads rows by id.
//!
//! Both have a static query id, so diesel finds the compiled statement by the Rust type alone. There is one type per
//! kind, number of rows, and set of columns. Therefore a statement with many rows costs little more than SQLite itself.
//! Diesel would compile its typed queries for each batch, because it caches neither upserts nor varying numbers of
//! rows. With these statements, all code of the store above SQLite takes 9 % of a first sync (docs/performance.md).

use std::fmt::Write as _;
use std::marker::PhantomData;

use diesel::deserialize::{self, QueryableByName};
use diesel::expression::expression_types::Untyped;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::row::{Field, NamedRow, Row};
use diesel::sqlite::Sqlite;
use sync_core::{Channel, Content, ContentId, ContentKind, Item, Movie, Series, StoreError};

use crate::db::bind::Bind;
use crate::db::fault;
use crate::items::columns;
use crate::tables;

/// The number of rows that one statement writes.
pub(crate) const ROWS: usize = 50;

/// The numbers of ids in the shorter lists of rows to read.
const FEW: usize = 4;
const SOME: usize = 16;

/// Writes rows: new rows with all columns, existing rows in place.
///
/// SQLite rewrites the entry of an index whenever its column is named in `SET`, whether the value
/// differs or not. `MOVED` says whether the statement names `category_id`, the only such column.
struct Upsert<'a, T, const N: usize, const MOVED: bool> {
    profile: &'a Bind<'a>,
    now: &'a Bind<'a>,
    /// N rows: the id, and every field of the table.
    rows: &'a [Bind<'a>],
    kind: PhantomData<T>,
}

impl<T: Content, const N: usize, const MOVED: bool> QueryFragment<Sqlite> for Upsert<'_, T, N, MOVED> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let table = tables::of(T::KIND).items;
        let mut head = format!("INSERT INTO {table} (profile_id,created_at,updated_at,{}", T::ID_COLUMN);
        for field in T::FIELDS {
            let _ = write!(head, ",\"{}\"", field.name);
        }
        out.push_sql(&head);
        out.push_sql(") VALUES ");
        for (at, row) in self.rows.chunks(T::FIELDS.len() + 1).enumerate() {
            // The values that all rows share are bound once.
            if at == 0 {
                out.push_sql("(");
                self.profile.push(&mut out)?;
                out.push_sql(",");
                self.now.push(&mut out)?;
                out.push_sql(",?2");
            } else {
                out.push_sql(",(?1,?2,?2");
            }
            for value in row {
                out.push_sql(",");
                value.push(&mut out)?;
            }
            out.push_sql(")");
        }
        let mut tail =
            format!(" ON CONFLICT (profile_id,{}) DO UPDATE SET updated_at=excluded.updated_at", T::ID_COLUMN);
        for field in T::FIELDS {
            if MOVED || field.name != "category_id" {
                let _ = write!(tail, ",\"{0}\"=excluded.\"{0}\"", field.name);
            }
        }
        out.push_sql(&tail);
        Ok(())
    }
}

impl<T: Content, const N: usize, const MOVED: bool> QueryId for Upsert<'_, T, N, MOVED> {
    type QueryId = Upsert<'static, T, N, MOVED>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Conn, T, const N: usize, const MOVED: bool> RunQueryDsl<Conn> for Upsert<'_, T, N, MOVED> {}

/// Writes rows of a kind. `rows` has the id and the fields of one row after the other. If `moved` is false, existing
/// rows keep their `category_id`.
pub(crate) fn upsert(
    conn: &mut SqliteConnection,
    kind: ContentKind,
    moved: bool,
    profile: &Bind<'_>,
    now: &Bind<'_>,
    rows: &[Bind<'_>],
) -> Result<(), StoreError> {
    let run = match (kind, moved) {
        (ContentKind::Channels, true) => upsert_of::<Channel, true>,
        (ContentKind::Channels, false) => upsert_of::<Channel, false>,
        (ContentKind::Movies, true) => upsert_of::<Movie, true>,
        (ContentKind::Movies, false) => upsert_of::<Movie, false>,
        (ContentKind::Series, true) => upsert_of::<Series, true>,
        (ContentKind::Series, false) => upsert_of::<Series, false>,
    };
    run(conn, profile, now, rows).map_err(fault::of_diesel)
}

fn upsert_of<T: Content, const MOVED: bool>(
    conn: &mut SqliteConnection,
    profile: &Bind<'_>,
    now: &Bind<'_>,
    rows: &[Bind<'_>],
) -> QueryResult<()> {
    let width = T::FIELDS.len() + 1;
    let mut batches = rows.chunks_exact(width * ROWS);
    for rows in &mut batches {
        Upsert::<T, ROWS, MOVED> { profile, now, rows, kind: PhantomData }.execute(conn)?;
    }
    for row in batches.remainder().chunks(width) {
        Upsert::<T, 1, MOVED> { profile, now, rows: row, kind: PhantomData }.execute(conn)?;
    }
    Ok(())
}

/// Reads N rows by id. Shorter lists are filled up with repetitions.
struct RowsById<'a, T, const N: usize> {
    profile: &'a Bind<'a>,
    ids: &'a [Bind<'a>; N],
    kind: PhantomData<T>,
}

impl<T: Content, const N: usize> QueryFragment<Sqlite> for RowsById<'_, T, N> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut sql = format!("SELECT {}", T::ID_COLUMN);
        for field in T::FIELDS {
            let _ = write!(sql, ",\"{}\"", field.name);
        }
        let _ = write!(sql, " FROM {} WHERE profile_id=", tables::of(T::KIND).items);
        out.push_sql(&sql);
        self.profile.push(&mut out)?;
        out.push_sql(" AND ");
        out.push_sql(T::ID_COLUMN);
        for (at, id) in self.ids.iter().enumerate() {
            out.push_sql(if at == 0 { " IN (" } else { "," });
            id.push(&mut out)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<T: Content, const N: usize> QueryId for RowsById<'_, T, N> {
    type QueryId = RowsById<'static, T, N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<T, const N: usize> Query for RowsById<'_, T, N> {
    type SqlType = Untyped;
}

impl<Conn, T, const N: usize> RunQueryDsl<Conn> for RowsById<'_, T, N> {}

struct Stored<T>(T);

impl<T: Content> QueryableByName<Sqlite> for Stored<T> {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let id = Row::get(row, 0).ok_or("no id")?.value().map(|mut id| id.read_long()).ok_or("no id")?;
        let mut item = T::with_id(ContentId(id));
        for (at, field) in T::FIELDS.iter().enumerate() {
            let column = Row::get(row, at + 1).ok_or("a column is missing")?;
            item.set(at, columns::from_column(field.shape, column.value()));
        }
        Ok(Self(item))
    }
}

/// Reads the rows of these ids. Ids without a row are left out, and repeated ids are returned once.
pub(crate) fn rows(
    conn: &mut SqliteConnection,
    profile: &str,
    kind: ContentKind,
    ids: &[ContentId],
) -> Result<Vec<Item>, StoreError> {
    let mut ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let read = match kind {
        ContentKind::Channels => rows_of::<Channel>,
        ContentKind::Movies => rows_of::<Movie>,
        ContentKind::Series => rows_of::<Series>,
    };
    read(conn, profile, &ids).map_err(fault::of_diesel)
}

fn rows_of<T: Content>(conn: &mut SqliteConnection, profile: &str, ids: &[i64]) -> QueryResult<Vec<Item>> {
    let profile = Bind::Text(profile);
    let mut items = Vec::with_capacity(ids.len());
    for list in ids.chunks(ROWS) {
        // Most lists are short, because few elements of a batch have changed.
        if list.len() <= FEW {
            rows_in::<T, FEW>(conn, &profile, list, &mut items)?;
        } else if list.len() <= SOME {
            rows_in::<T, SOME>(conn, &profile, list, &mut items)?;
        } else {
            rows_in::<T, ROWS>(conn, &profile, list, &mut items)?;
        }
    }
    Ok(items)
}

fn rows_in<T: Content, const N: usize>(
    conn: &mut SqliteConnection,
    profile: &Bind<'_>,
    list: &[i64],
    items: &mut Vec<Item>,
) -> QueryResult<()> {
    let ids = std::array::from_fn(|at| Bind::Integer(list[at.min(list.len() - 1)]));
    let rows: Vec<Stored<T>> = RowsById::<T, N> { profile, ids: &ids, kind: PhantomData }.load(conn)?;
    items.extend(rows.into_iter().map(|row| row.0.into_item()));
    Ok(())
}
