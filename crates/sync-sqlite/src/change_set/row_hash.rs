//! Hashes rows by their columns as the database holds them.

use std::cell::RefCell;

use diesel::SqliteConnection;
use diesel::deserialize::{self, QueryableByName};
use diesel::row::{Field, NamedRow, Row};
use diesel::sqlite::{Sqlite, SqliteType};
use sync_core::change_set::RowHasher;
use sync_core::{ContentId, ContentKind, FieldClass, FieldSet, RowHash, Shape, StoreError, ValueRef};

use crate::db::bind::Bind;
use crate::db::statement::{Cell, rows};
use crate::items::columns;
use crate::search::Key;
use crate::tables;

/// The number of rows that are read at a time.
const PAGE: usize = 2_000;

/// Hashes rows of a kind.
#[derive(Debug)]
pub(crate) struct Hasher {
    kind: ContentKind,
    significant: FieldSet,
    rows: RowHasher,
}

impl Hasher {
    pub(crate) const fn new(kind: ContentKind) -> Self {
        Self { kind, significant: kind.of_class(FieldClass::Significant), rows: RowHasher::new(kind) }
    }

    /// Hashes a row that is about to be written.
    pub(crate) fn binds(&mut self, id: i64, fields: &[Bind<'_>]) -> RowHash {
        self.rows.begin(ContentId(id));
        for at in self.significant.positions() {
            match &fields[at] {
                Bind::Text(text) => self.text(at, text),
                Bind::Owned(text) => self.text(at, text),
                Bind::Integer(number) => self.rows.value(at, ValueRef::Integer(*number)),
                Bind::Real(number) => self.rows.value(at, ValueRef::Real(*number)),
                Bind::Null | Bind::NullInteger | Bind::Blob(_) => {}
            }
        }
        self.rows.end()
    }

    /// Hashes a row that was read, by the cells of its fields.
    pub(crate) fn cells(&mut self, id: i64, fields: &[Cell]) -> RowHash {
        self.rows.begin(ContentId(id));
        for at in self.significant.positions() {
            match &fields[at] {
                Cell::Text(text) => self.text(at, text),
                Cell::Integer(number) => self.rows.value(at, ValueRef::Integer(*number)),
                Cell::Real(number) => self.rows.value(at, ValueRef::Real(*number)),
                Cell::Null | Cell::Blob(_) => {}
            }
        }
        self.rows.end()
    }

    fn text(&mut self, at: usize, text: &str) {
        if self.kind.fields()[at].shape == Shape::Categories {
            if !self.rows.sorted_ids(at, columns::bare_ids(text)) {
                self.rows.value(at, ValueRef::Categories(&columns::categories(text)));
            }
        } else {
            self.rows.value(at, ValueRef::Text(text));
        }
    }
}

/// Hashes every row of a kind, by ascending id.
pub(crate) fn each(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    mut found: impl FnMut(i64, RowHash),
) -> Result<(), StoreError> {
    let tables = tables::of(key.kind);
    let mut names = String::new();
    for at in key.kind.of_class(FieldClass::Significant).positions() {
        names.push_str(",\"");
        names.push_str(key.kind.fields()[at].name);
        names.push('"');
    }
    let sql = format!(
        "SELECT {0}{names} FROM {1} WHERE profile_id=? AND typeof({0})='integer' AND {0}>=? ORDER BY {0} LIMIT {PAGE}",
        tables.id, tables.items
    );
    HASHER.replace(Hasher::new(key.kind));
    let mut next = Some(i64::MIN);
    while let Some(from) = next {
        next = None;
        for row in rows::<Hashed>(conn, &sql, &[key.profile.as_str().into(), from.into()])? {
            found(row.id, row.hash);
            next = row.id.checked_add(1);
        }
    }
    Ok(())
}

thread_local! {
    /// The hasher of the rows that are being read. It is thread-local, because diesel builds a row without a context.
    static HASHER: RefCell<Hasher> = const { RefCell::new(Hasher::new(ContentKind::Channels)) };
}

/// A row, represented by its hash.
struct Hashed {
    id: i64,
    hash: RowHash,
}

impl QueryableByName<Sqlite> for Hashed {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        HASHER.with_borrow_mut(|hasher| {
            let id = Row::get(row, 0).ok_or("no id")?.value().map(|mut id| id.read_long()).ok_or("no id")?;
            hasher.rows.begin(ContentId(id));
            for (column, at) in (1..).zip(hasher.significant.positions()) {
                let field = Row::get(row, column).ok_or("a column is missing")?;
                let Some(mut value) = field.value() else { continue };
                match value.value_type() {
                    Some(SqliteType::Text) => hasher.text(at, value.read_text()),
                    None | Some(SqliteType::Binary) => {}
                    Some(SqliteType::Float | SqliteType::Double) => {
                        hasher.rows.value(at, ValueRef::Real(value.read_double()));
                    }
                    Some(_) => hasher.rows.value(at, ValueRef::Integer(value.read_long())),
                }
            }
            Ok(Self { id, hash: hasher.rows.end() })
        })
    }
}
