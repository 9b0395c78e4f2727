//! Entries of items: made of the values that are about to be written, or of rows.

use std::fmt::Write as _;

use diesel::SqliteConnection;
use sync_core::search::{Entry, EntrySource, SearchFields, SegmentWriter};
use sync_core::{CategorySet, ContentId, ContentKind, FieldSet, StoreError, ValueRef};

use super::tables::Key;
use crate::db::bind::Bind;
use crate::db::statement::{Cell, Record, records};
use crate::items::columns;
use crate::tables;
use crate::tables::ids;

/// How many rows are read in one go.
const PAGE: usize = 2_000;

/// Makes the entries of a kind.
#[derive(Debug)]
pub(crate) struct Maker {
    kind: ContentKind,
    fields: SearchFields,
    /// The columns of an entry besides the categories: position and name.
    columns: Vec<(usize, &'static str)>,
    /// The position of the categories.
    categories: Option<usize>,
    /// All of these.
    all: FieldSet,
}

impl Maker {
    pub(crate) fn new(kind: ContentKind, fields: SearchFields) -> Self {
        let all = Entry::columns(kind);
        let categories = kind.field("category_ids");
        let of_text = |at: &usize| fields == SearchFields::All || !is_rest(kind.fields()[*at].name);
        let columns = all.positions().filter(|at| Some(*at) != categories).filter(of_text);
        let columns = columns.map(|at| (at, kind.fields()[at].name)).collect();
        Self { kind, fields, columns, categories, all }
    }

    /// Whether the item needs a new entry when these fields have changed. If none is named, any may have.
    pub(crate) fn needs(&self, changed: FieldSet) -> bool {
        changed.is_empty() || !self.all.and(changed).is_empty()
    }

    /// Adds the entry of an item whose fields are on their way into the table.
    pub(crate) fn add_binds(&self, id: i64, fields: &[Bind<'_>], writer: &mut SegmentWriter) {
        let mut source = EntrySource::default();
        for (at, name) in &self.columns {
            match &fields[*at] {
                Bind::Text(text) => source.set(name, ValueRef::Text(text)),
                Bind::Owned(text) => source.set(name, ValueRef::Text(text)),
                Bind::Real(number) => source.set(name, ValueRef::Real(*number)),
                _ => {}
            }
        }
        let categories = match self.categories.map(|at| &fields[at]) {
            Some(Bind::Text(text)) => columns::categories(text),
            Some(Bind::Owned(text)) => columns::categories(text),
            _ => CategorySet::NONE,
        };
        writer.add_from(ContentId(id), &source, categories, self.fields);
    }

    /// What selects the columns of an entry from the rows of a profile.
    fn select(&self) -> String {
        let tables = tables::of(self.kind);
        let mut sql = format!("SELECT {}", tables.id);
        for at in self.columns.iter().map(|(at, _)| *at).chain(self.categories) {
            let _ = write!(sql, ",\"{}\"", self.kind.fields()[at].name);
        }
        let _ = write!(sql, " FROM {} WHERE profile_id=? AND typeof({})='integer'", tables.items, tables.id);
        sql
    }

    fn of_row(&self, mut row: Record) -> Result<Entry, StoreError> {
        let id = row.integer(0)?;
        let cells: Vec<_> = (1..=self.columns.len() + 1).map(|at| row.take(at)).collect();
        let mut source = EntrySource::default();
        for ((_, name), cell) in self.columns.iter().zip(&cells) {
            match cell {
                Cell::Text(text) => source.set(name, ValueRef::Text(text)),
                Cell::Real(number) => source.set(name, ValueRef::Real(*number)),
                _ => {}
            }
        }
        let categories = match cells.last() {
            Some(Cell::Text(text)) => columns::categories(text),
            _ => CategorySet::NONE,
        };
        Ok(Entry::new(ContentId(id), &source, categories, self.fields))
    }

    /// Calls `each` with the entry of every row of a kind, by rising id; `step` is asked before each page of rows
    /// whether to go on.
    pub(crate) fn of_all_rows(
        &self,
        conn: &mut SqliteConnection,
        key: Key<'_>,
        mut step: impl FnMut() -> Result<(), StoreError>,
        mut each: impl FnMut(&mut SqliteConnection, Entry) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let id = tables::of(self.kind).id;
        let sql = format!("{} AND {id}>=? ORDER BY {id} LIMIT {PAGE}", self.select());
        let mut next = Some(i64::MIN);
        while let Some(from) = next {
            step()?;
            next = None;
            for row in records(conn, &sql, &[key.profile.as_str().into(), from.into()])? {
                let entry = self.of_row(row)?;
                next = entry.id.0.checked_add(1);
                each(conn, entry)?;
            }
        }
        Ok(())
    }

    /// The entries of those of these items that have a row.
    pub(crate) fn of_rows(
        &self,
        conn: &mut SqliteConnection,
        key: Key<'_>,
        wanted: &[i64],
    ) -> Result<Vec<Entry>, StoreError> {
        let id = tables::of(self.kind).id;
        let sql = format!("{} AND {id} IN (SELECT value FROM json_each(?))", self.select());
        let rows = records(conn, &sql, &[key.profile.as_str().into(), ids::to_json(wanted).into()])?;
        rows.into_iter().map(|row| self.of_row(row)).collect()
    }
}

/// Whether a column is searched only where all fields are.
fn is_rest(column: &str) -> bool {
    matches!(column, "cast" | "director" | "genre")
}
