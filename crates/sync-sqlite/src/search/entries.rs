//! Makes entries of items, from values that are about to be written or from rows.

use std::fmt::Write as _;

use diesel::SqliteConnection;
use sync_core::search::{Entry, EntrySource, SearchFields, SegmentWriter};
use sync_core::{CategorySet, ContentId, ContentKind, FieldSet, StoreError, ValueRef};

use super::tables::Key;
use crate::db::bind::Bind;
use crate::db::statement::{Cell, Record, records};
use crate::items::columns;
use crate::overlay::pass::Texts;
use crate::overlay::shown;
use crate::tables;
use crate::tables::ids;

/// The number of rows that are read at a time.
const PAGE: usize = 2_000;

/// The source of the names and categories of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// The shown values.
    Shown,
    /// The panel's values.
    Panel,
}

/// Makes the entries of a kind.
#[derive(Debug)]
pub(crate) struct Maker {
    kind: ContentKind,
    fields: SearchFields,
    /// The columns of an entry except the categories: position and name.
    columns: Vec<(usize, &'static str)>,
    /// The position of the categories.
    categories: Option<usize>,
    /// The set of all these columns.
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

    /// Returns whether the item needs a new entry if these fields have changed. If the set is empty, any field may have
    /// changed.
    pub(crate) fn needs(&self, changed: FieldSet) -> bool {
        changed.is_empty() || !self.all.and(changed).is_empty()
    }

    /// Adds the entry of an item whose fields are about to be written, and which is shown with these texts.
    pub(crate) fn add_binds(&self, id: i64, fields: &[Bind<'_>], shown: Texts, writer: &mut SegmentWriter) {
        let mut source = EntrySource::default();
        for (at, name) in &self.columns {
            match &fields[*at] {
                Bind::Text(text) => source.set(name, ValueRef::Text(text)),
                Bind::Owned(text) => source.set(name, ValueRef::Text(text)),
                Bind::Real(number) => source.set(name, ValueRef::Real(*number)),
                _ => {}
            }
        }
        if let Some(name) = &shown.name {
            source.set("name", ValueRef::Text(name));
        }
        let categories = match (shown.categories, self.categories.map(|at| &fields[at])) {
            (Some(set), _) => set,
            (None, Some(Bind::Text(text))) => columns::categories(text),
            (None, Some(Bind::Owned(text))) => columns::categories(text),
            _ => CategorySet::NONE,
        };
        writer.add_from(ContentId(id), &source, categories, self.fields);
    }

    /// Returns the SQL that selects the columns of an entry from the rows of a profile, with the shown values or the
    /// panel's.
    fn select(&self, conn: &mut SqliteConnection, key: Key<'_>, values: Values) -> Result<String, StoreError> {
        let tables = tables::of(self.kind);
        // Most kinds are shown as their rows, and need no join.
        let is_joined = values == Values::Shown && shown::has_other_texts(conn, key)?;
        let mut sql = format!("SELECT i.{}", tables.id);
        for at in self.columns.iter().map(|(at, _)| *at).chain(self.categories) {
            let name = self.kind.fields()[at].name;
            let _ = match name {
                "name" | "category_ids" if is_joined => write!(sql, ",coalesce(s.{name},i.{name})"),
                _ => write!(sql, ",i.\"{name}\""),
            };
        }
        let _ = write!(sql, " FROM {} i", tables.items);
        if is_joined {
            let _ = write!(
                sql,
                " LEFT JOIN xtream_shown s ON s.profile_id=i.profile_id AND s.kind='{}' AND s.content_id=i.{}",
                self.kind, tables.id
            );
        }
        let _ = write!(sql, " WHERE i.profile_id=? AND typeof(i.{})='integer'", tables.id);
        Ok(sql)
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

    /// Calls `each` with the entry of every row of a kind, by ascending id. `step` is called before each page of rows,
    /// and its error ends the work.
    pub(crate) fn of_all_rows(
        &self,
        conn: &mut SqliteConnection,
        key: Key<'_>,
        values: Values,
        mut step: impl FnMut() -> Result<(), StoreError>,
        mut each: impl FnMut(&mut SqliteConnection, Entry) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let id = tables::of(self.kind).id;
        let sql = format!("{} AND i.{id}>=? ORDER BY i.{id} LIMIT {PAGE}", self.select(conn, key, values)?);
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

    /// Returns the entries of those of these items that have a row, with the shown values.
    pub(crate) fn of_rows(
        &self,
        conn: &mut SqliteConnection,
        key: Key<'_>,
        wanted: &[i64],
    ) -> Result<Vec<Entry>, StoreError> {
        let id = tables::of(self.kind).id;
        let select = self.select(conn, key, Values::Shown)?;
        let sql = format!("{select} AND i.{id} IN (SELECT value FROM json_each(?))");
        let rows = records(conn, &sql, &[key.profile.as_str().into(), ids::to_json(wanted).into()])?;
        rows.into_iter().map(|row| self.of_row(row)).collect()
    }
}

/// Returns whether a column is searched only if all fields are searched.
fn is_rest(column: &str) -> bool {
    matches!(column, "cast" | "director" | "genre")
}
