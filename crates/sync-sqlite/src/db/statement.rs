//! Statements as SQL text, cached by their text, and the rows that they return.
//!
//! They are used for work on items and for tables that differ by kind. Everything else uses diesel's typed queries.
//! Diesel never caches `sql_query`, a typed UPDATE or an upsert, so it would compile them for each use. A [`Statement`]
//! is cached like diesel's other queries. Statements that run thousands of times per sync are in
//! [`crate::items::item_sql`], where not even the text is built again.
//!
//! Rows are structs whose columns are read by name ([`rows`]). The columns of a [`Record`] are read by position. A
//! record is used for pragmas, for the index, and for columns that may hold anything.

use std::fmt::Write as _;

use diesel::deserialize::{self, QueryableByName};
use diesel::expression::expression_types::Untyped;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::row::{Field, NamedRow, Row};
use diesel::sqlite::{Sqlite, SqliteType};
use sync_core::StoreError;

use crate::db::bind::Bind;
use crate::db::fault;

/// SQL in which each `?` stands for a bind. It has no other `?`.
pub(crate) struct Statement<'a> {
    sql: &'a str,
    binds: &'a [Bind<'a>],
}

impl QueryFragment<Sqlite> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut parts = self.sql.split('?');
        out.push_sql(parts.next().unwrap_or_default());
        let mut binds = self.binds.iter();
        for part in parts {
            let bind =
                binds.next().ok_or_else(|| diesel::result::Error::QueryBuilderError("a bind is missing".into()))?;
            bind.push(&mut out)?;
            out.push_sql(part);
        }
        debug_assert!(binds.next().is_none(), "more binds than places: {}", self.sql);
        Ok(())
    }
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement<'_> {
    type SqlType = Untyped;
}

impl<Conn> RunQueryDsl<Conn> for Statement<'_> {}

/// Runs a statement. Returns how many rows it changed.
pub(crate) fn execute(conn: &mut SqliteConnection, sql: &str, binds: &[Bind<'_>]) -> Result<usize, StoreError> {
    Statement { sql, binds }.execute(conn).map_err(fault::of_diesel)
}

/// Runs a statement. Returns its rows.
pub(crate) fn records(conn: &mut SqliteConnection, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Record>, StoreError> {
    rows(conn, sql, binds)
}

/// Runs a statement. Returns its rows as values of another type.
pub(crate) fn rows<T: QueryableByName<Sqlite> + 'static>(
    conn: &mut SqliteConnection,
    sql: &str,
    binds: &[Bind<'_>],
) -> Result<Vec<T>, StoreError> {
    Statement { sql, binds }.load(conn).map_err(fault::of_diesel)
}

/// Runs a statement. Returns its first row.
pub(crate) fn record(conn: &mut SqliteConnection, sql: &str, binds: &[Bind<'_>]) -> Result<Option<Record>, StoreError> {
    Ok(records(conn, sql, binds)?.into_iter().next())
}

/// Runs a statement. Returns its first column, which has numbers.
pub(crate) fn integers(conn: &mut SqliteConnection, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<i64>, StoreError> {
    let found: Vec<Number> = rows(conn, sql, binds)?;
    Ok(found.into_iter().map(|row| row.0).collect())
}

/// Runs a statement. Returns the number in the first column of the first row.
pub(crate) fn integer(conn: &mut SqliteConnection, sql: &str, binds: &[Bind<'_>]) -> Result<Option<i64>, StoreError> {
    Ok(integers(conn, sql, binds)?.into_iter().next())
}

/// Turns a statement with named placeholders (`?1`, `?2`, …) into one with a `?` for each use of a bind.
pub(crate) fn numbered<'a>(sql: &str, binds: &[Bind<'a>]) -> (String, Vec<Bind<'a>>) {
    let (mut plain, mut all) = (String::with_capacity(sql.len()), Vec::new());
    let mut parts = sql.split('?');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let at = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        all.push(at.and_then(|at| binds.get(at)).cloned().unwrap_or(Bind::Null));
        plain.push('?');
        plain.push_str(rest);
    }
    (plain, all)
}

/// The number of rows in one statement of [`insert`].
const ROWS: usize = 50;

/// Inserts rows of equal width, many per statement. `head` ends in `VALUES`. `tail` is the conflict clause, or empty.
/// `step` is called before each statement, and its error ends the work.
pub(crate) fn insert<'a>(
    conn: &mut SqliteConnection,
    head: &str,
    tail: &str,
    rows: impl IntoIterator<Item = Vec<Bind<'a>>>,
    mut step: impl FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut rows = rows.into_iter();
    let mut binds = Vec::new();
    loop {
        let batch: Vec<_> = rows.by_ref().take(ROWS).collect();
        let Some(width) = batch.first().map(Vec::len) else { return Ok(()) };
        step()?;
        // There are only two lengths, so that two statements are cached and not fifty.
        let at_once = if batch.len() == ROWS { ROWS } else { 1 };
        let mut sql = format!("{head} ");
        for at in 0..at_once {
            let _ = write!(sql, "{}({})", if at == 0 { "" } else { "," }, places(width));
        }
        let _ = write!(sql, " {tail}");
        let mut batch = batch.into_iter().peekable();
        while batch.peek().is_some() {
            binds.clear();
            binds.extend(batch.by_ref().take(at_once).flatten());
            execute(conn, &sql, &binds)?;
        }
    }
}

/// Returns this number of `?`, separated by commas.
pub(crate) fn places(count: usize) -> String {
    let mut text = "?,".repeat(count);
    text.pop();
    text
}

/// Cuts ids into lists for `IN`, and calls `each` with the `?` of each list and its ids. Lists are filled up with
/// repetitions, so that they have only two lengths.
pub(crate) fn in_lists(
    ids: &[i64],
    mut each: impl FnMut(&str, &[i64]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut filled = Vec::with_capacity(LIST);
    for list in ids.chunks(LIST) {
        filled.clear();
        filled.extend_from_slice(list);
        filled.resize(if list.len() <= SHORT_LIST { SHORT_LIST } else { LIST }, list[0]);
        each(&places(filled.len()), &filled)?;
    }
    Ok(())
}

/// Returns these binds, followed by the ids of a list.
pub(crate) fn and_list<'a>(head: impl IntoIterator<Item = Bind<'a>>, ids: &[i64]) -> Vec<Bind<'a>> {
    head.into_iter().chain(ids.iter().copied().map(Bind::Integer)).collect()
}

const LIST: usize = 500;
const SHORT_LIST: usize = 16;

/// A value in a row.
#[derive(Debug)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// A row, by position of the columns.
#[derive(Debug)]
pub(crate) struct Record(Vec<Cell>);

impl QueryableByName<Sqlite> for Record {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut cells = Vec::with_capacity(row.field_count());
        for at in 0..row.field_count() {
            let field = Row::get(row, at).ok_or("a column is missing")?;
            let Some(mut value) = field.value() else {
                cells.push(Cell::Null);
                continue;
            };
            cells.push(match value.value_type() {
                None => Cell::Null,
                Some(SqliteType::Text) => Cell::Text(value.read_text().to_owned()),
                Some(SqliteType::Binary) => Cell::Blob(value.read_blob().to_owned()),
                Some(SqliteType::Float | SqliteType::Double) => Cell::Real(value.read_double()),
                Some(_) => Cell::Integer(value.read_long()),
            });
        }
        Ok(Self(cells))
    }
}

impl Record {
    /// Takes a value of any type out of the row.
    pub(crate) fn take(&mut self, at: usize) -> Cell {
        self.0.get_mut(at).map_or(Cell::Null, |cell| std::mem::replace(cell, Cell::Null))
    }

    pub(crate) fn optional_integer(&mut self, at: usize) -> Result<Option<i64>, StoreError> {
        match self.take(at) {
            Cell::Null => Ok(None),
            Cell::Integer(number) => Ok(Some(number)),
            _ => Err(wrong(at, "a number")),
        }
    }

    pub(crate) fn integer(&mut self, at: usize) -> Result<i64, StoreError> {
        self.optional_integer(at)?.ok_or_else(|| wrong(at, "a number"))
    }

    pub(crate) fn optional_text(&mut self, at: usize) -> Result<Option<String>, StoreError> {
        match self.take(at) {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            // Columns of type TEXT turn numbers into text. There is no such conversion for a blob.
            Cell::Integer(number) => Ok(Some(number.to_string())),
            Cell::Real(number) => Ok(Some(number.to_string())),
            Cell::Blob(_) => Err(wrong(at, "text")),
        }
    }

    pub(crate) fn text(&mut self, at: usize) -> Result<String, StoreError> {
        self.optional_text(at)?.ok_or_else(|| wrong(at, "text"))
    }

    pub(crate) fn blob(&mut self, at: usize) -> Result<Vec<u8>, StoreError> {
        match self.take(at) {
            Cell::Blob(bytes) => Ok(bytes),
            _ => Err(wrong(at, "bytes")),
        }
    }
}

fn wrong(at: usize, expected: &str) -> StoreError {
    StoreError::Corrupt(format!("column {at} of a row is not {expected}"))
}

struct Number(i64);

impl QueryableByName<Sqlite> for Number {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let field = Row::get(row, 0).ok_or("a column is missing")?;
        field.value().map(|mut value| Self(value.read_long())).ok_or_else(|| "a number is missing".into())
    }
}
