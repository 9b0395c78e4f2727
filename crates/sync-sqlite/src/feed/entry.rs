//! Entries of the change log that are about to be written.

use diesel::SqliteConnection;
use sync_core::feed::change::valued;
use sync_core::{
    ContentKind, FieldClass, FieldSet, Item, LoggedChange, ProfileId, RowHash, RunId, StoreError, TakenBack, Value,
    ValueRef,
};

use crate::change_set::row_hash::Hasher;
use crate::db::bind::Bind;
use crate::db::statement::{Cell, Record, and_list, records};
use crate::feed::values::ObjectWriter;
use crate::items::{columns, log_sql};
use crate::tables;
use crate::tables::changes::change_columns;

/// The values that all entries of a batch share.
pub(crate) struct Entries<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) kind: ContentKind,
    /// The run; 0 for a deletion by hand.
    pub(crate) run: RunId,
    pub(crate) at: i64,
}

/// One entry.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: Option<i64>,
    pub(crate) change: LoggedChange,
    pub(crate) name: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// A row that is about to be written, as the database holds it.
pub(crate) struct New<'a> {
    pub(crate) kind: ContentKind,
    pub(crate) id: i64,
    pub(crate) fields: &'a [Bind<'a>],
}

impl New<'_> {
    fn name(&self) -> Option<String> {
        let at = self.kind.field("name")?;
        match self.fields.get(at)? {
            Bind::Text(name) => Some((*name).to_owned()),
            Bind::Owned(name) => Some(name.clone()),
            _ => None,
        }
    }
}

impl Entry {
    /// Returns the entry of an item that is new or has returned.
    pub(crate) fn came(new: &New<'_>, returns: bool) -> Self {
        let change = if returns { LoggedChange::Returned } else { LoggedChange::Added };
        let name = Some(new.name().unwrap_or_default());
        Self { id: Some(new.id), change, name, before: None, after: None }
    }

    /// Returns the entry of a row that turned out to be new when it was written.
    pub(crate) fn unforeseen(id: i64, name: String) -> Self {
        Self { id: Some(id), change: LoggedChange::Added, name: Some(name), before: None, after: None }
    }

    /// Returns the entry of an item in which these fields have changed.
    pub(crate) fn updated(before: &Item, after: &New<'_>, fields: FieldSet) -> Self {
        let table = after.kind.fields();
        let significant = after.kind.of_class(FieldClass::Significant);
        let (mut old, mut new) = (ObjectWriter::new(), ObjectWriter::new());
        for at in valued(after.kind, fields).positions() {
            let (field, stored) = (&table[at], before.value(at));
            let listed = columns::from_sql(field.shape, &after.fields[at]);
            if significant.has(at) || !is_same(stored, &listed) {
                old.value(field.name, &stored.to_owned());
                new.value(field.name, &listed);
            }
        }
        Self {
            id: Some(after.id),
            change: LoggedChange::Updated(fields),
            name: Some(after.name().unwrap_or_default()),
            before: Some(old.end()),
            after: Some(new.end()),
        }
    }

    /// Returns the entry of an item whose fields an undo has put back.
    pub(crate) fn put_back(now: &Item, old: &Item, fields: FieldSet) -> Self {
        let (mut before, mut after) = (ObjectWriter::new(), ObjectWriter::new());
        for at in fields.positions() {
            let column = now.kind().fields()[at].name;
            before.value(column, &now.value(at).to_owned());
            after.value(column, &old.value(at).to_owned());
        }
        Self {
            id: Some(now.id().0),
            change: LoggedChange::Undone(TakenBack::Updated),
            name: Some(old.name().to_owned()),
            before: Some(before.end()),
            after: Some(after.end()),
        }
    }

    /// Returns the entry of the first load of a kind.
    pub(crate) const fn loaded() -> Self {
        Self { id: None, change: LoggedChange::Loaded, name: None, before: None, after: None }
    }
}

impl Entries<'_> {
    /// Appends entries to the log.
    pub(crate) fn append(&self, conn: &mut SqliteConnection, entries: Vec<Entry>) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let kind = self.kind;
        let rows = entries.into_iter().flat_map(|entry| {
            let [change, fields, returned, taken_back] = change_columns(kind, entry.change);
            let texts = [entry.name, entry.before, entry.after].map(Bind::from);
            let [name, before, after] = texts;
            [entry.id.into(), change, fields, returned, taken_back, name, before, after]
        });
        let shared = [self.run.0.into(), self.profile.as_str().into(), kind.as_str().into(), self.at.into()];
        log_sql::append(conn, &shared, &rows.collect::<Vec<_>>())
    }
}

/// Returns whether a stored value equals a listed one. An empty set is NULL in its column.
fn is_same(stored: ValueRef<'_>, listed: &Value) -> bool {
    match (stored, listed) {
        (ValueRef::Categories(set), Value::Null) => set.is_empty(),
        (stored, listed) => stored.to_owned() == *listed,
    }
}

/// A complete row that is read from its table or written to it.
#[derive(Debug)]
pub(crate) struct WholeRow {
    /// The number of the row.
    pub(crate) row: i64,
    /// The panel's id.
    pub(crate) id: i64,
    pub(crate) name: String,
    /// All columns except the profile, as JSON.
    pub(crate) json: String,
    /// The hash of the row.
    pub(crate) hash: RowHash,
}

/// Returns the columns of a table of items, except the profile. The number of the row and the panel's id come first.
pub(crate) fn all_columns(kind: ContentKind) -> Vec<&'static str> {
    let fields = kind.fields().iter().map(|field| field.name);
    ["id", kind.id_column()].into_iter().chain(fields).chain(["created_at", "updated_at"]).collect()
}

/// Reads complete rows for a list of ids, by ascending id.
pub(crate) fn whole_rows(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    list: &str,
    ids: &[i64],
) -> Result<Vec<WholeRow>, StoreError> {
    let (tables, columns) = (tables::of(kind), all_columns(kind));
    let quoted = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(",");
    let sql = format!(
        "SELECT {quoted} FROM {1} WHERE profile_id=? AND {0} IN ({list}) ORDER BY {0}",
        tables.id, tables.items
    );
    let rows = records(conn, &sql, &and_list([profile.as_str().into()], ids))?;
    let mut hasher = Hasher::new(kind);
    rows.into_iter().map(|row| read(row, &columns, &mut hasher)).collect()
}

fn read(mut row: Record, columns: &[&'static str], hasher: &mut Hasher) -> Result<WholeRow, StoreError> {
    let mut object = ObjectWriter::new();
    let (mut numbers, mut name) = ([0; 2], String::new());
    let cells: Vec<_> = (0..columns.len()).map(|at| row.take(at)).collect();
    for (at, (column, cell)) in columns.iter().zip(&cells).enumerate() {
        match (cell, at) {
            (Cell::Integer(number), 0 | 1) => numbers[at] = *number,
            (_, 0 | 1) => return Err(StoreError::Corrupt(format!("the column {column} of a row is no number"))),
            (Cell::Text(text), _) if *column == "name" => name.clone_from(text),
            _ => {}
        }
        object.cell(column, cell);
    }
    // The fields follow the number of the row and the panel's id, in the order of the fields.
    let hash = hasher.cells(numbers[1], &cells[2..]);
    Ok(WholeRow { row: numbers[0], id: numbers[1], name, json: object.end(), hash })
}
