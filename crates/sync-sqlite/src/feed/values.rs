//! Converts values of columns to the JSON of the change log, and back.
//!
//! Sets and `extra` are JSON in their columns already, and are logged as they are. Real numbers are written with as
//! many digits as are needed to read the same number back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;
use sync_core::{CategorySet, ColumnChange, ContentKind, Extra, FieldSpec, Shape, Value};

use crate::db::bind::Bind;
use crate::db::statement::Cell;
use crate::items::columns;

/// An object with the JSON text of the value of each column.
pub(crate) type Columns = BTreeMap<String, Box<RawValue>>;

/// A writer of an object.
#[derive(Debug)]
pub(crate) struct ObjectWriter(String);

impl ObjectWriter {
    pub(crate) fn new() -> Self {
        Self(String::from("{"))
    }

    fn key(&mut self, column: &str) -> &mut String {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        // Names of columns need no escapes.
        let _ = write!(self.0, "\"{column}\":");
        &mut self.0
    }

    /// Adds a column as the database holds it.
    pub(crate) fn cell(&mut self, column: &str, cell: &Cell) {
        let out = self.key(column);
        match cell {
            Cell::Null | Cell::Blob(_) => out.push_str("null"),
            Cell::Integer(number) => drop(write!(out, "{number}")),
            Cell::Real(number) => push_real(out, *number),
            Cell::Text(text) => push_text(out, text, has_json(column)),
        }
    }

    /// Adds a value of the model.
    pub(crate) fn value(&mut self, column: &str, value: &Value) {
        let out = self.key(column);
        match value {
            Value::Null => out.push_str("null"),
            Value::Integer(number) => drop(write!(out, "{number}")),
            Value::Real(number) => push_real(out, *number),
            Value::Text(text) => push_text(out, text, false),
            Value::Categories(set) => match columns::categories_text(set) {
                Some(text) => out.push_str(&text),
                None => out.push_str("null"),
            },
            Value::Extra(extra) if extra.is_empty() => out.push_str("null"),
            Value::Extra(extra) => {
                let mut bytes = Vec::new();
                columns::push_extra(&mut bytes, extra);
                out.push_str(&String::from_utf8(bytes).unwrap_or_else(|_| "null".to_owned()));
            }
        }
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Returns whether a column holds JSON.
fn has_json(column: &str) -> bool {
    matches!(column, "category_ids" | "listed_category_ids" | "extra")
}

fn push_text(out: &mut String, text: &str, may_be_json: bool) {
    let is_json = may_be_json
        && text.starts_with(['[', '{'])
        && serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get() == text);
    if is_json { out.push_str(text) } else { out.push_str(&serde_json::Value::from(text).to_string()) }
}

fn push_real(out: &mut String, number: f64) {
    if number.is_finite() {
        let _ = write!(out, "{number:?}");
    } else {
        out.push_str("null");
    }
}

/// Reads an object. Returns `None` if the text is no object.
pub(crate) fn parse(text: &str) -> Option<Columns> {
    serde_json::from_str(text).ok()
}

/// Returns a value of an object as the database holds it.
pub(crate) fn bind(json: &str) -> Bind<'static> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(json).map_or(Bind::Null, Bind::Owned),
        Some(b'[' | b'{') => Bind::Owned(json.to_owned()),
        Some(b'-' | b'0'..=b'9') => match json.parse::<i64>() {
            Ok(number) => Bind::Integer(number),
            Err(_) => json.parse().map_or(Bind::Null, Bind::Real),
        },
        _ => Bind::Null,
    }
}

/// Returns a value of an object as a value of the model.
fn value(shape: Shape, json: &str) -> Value {
    match (shape, columns::from_sql(shape, &bind(json))) {
        (Shape::Real, Value::Integer(_)) => json.parse().map_or(Value::Null, Value::Real),
        // An empty set is NULL in its column.
        (Shape::Categories, Value::Null) => Value::Categories(CategorySet::default()),
        (Shape::Extra, Value::Null) => Value::Extra(Extra::new()),
        (_, value) => value,
    }
}

/// The names of the columns that are no fields, except the panel's id.
const OTHERS: [&str; 4] = ["id", "profile_id", "created_at", "updated_at"];

/// Returns the changed columns of an entry.
pub(crate) fn changes(kind: ContentKind, before: Option<&Columns>, after: Option<&Columns>) -> Vec<ColumnChange> {
    let find = |columns: Option<&Columns>, name: &str, shape: Shape| {
        columns.and_then(|columns| columns.get(name)).map(|json| value(shape, json.get()))
    };
    let own = [(OTHERS[0], Shape::Integer), (OTHERS[1], Shape::Text), (kind.id_column(), Shape::Integer)];
    let fields = kind.fields().iter().map(|field: &FieldSpec| (field.name, field.shape));
    let rest = [(OTHERS[2], Shape::Integer), (OTHERS[3], Shape::Integer)];
    let names = own.into_iter().chain(fields).chain(rest);
    let column = |(column, shape): (&'static str, Shape)| {
        let (before, after) = (find(before, column, shape), find(after, column, shape));
        (before.is_some() || after.is_some()).then(|| ColumnChange {
            column,
            before: before.unwrap_or(Value::Null),
            after: after.unwrap_or(Value::Null),
        })
    };
    names.filter_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut ObjectWriter)) -> String {
        let mut object = ObjectWriter::new();
        write(&mut object);
        object.end()
    }

    #[test]
    fn a_row_is_read_back_as_it_was() {
        let cells = [
            ("id", Cell::Integer(i64::MAX)),
            ("name", Cell::Text("[not json] \"ä\" \\ \u{1}".to_owned())),
            ("rating", Cell::Real(0.1 + 0.2)),
            ("rating_5based", Cell::Real(4.0)),
            ("category_ids", Cell::Text("[\"1\", \"2\"]".to_owned())),
            ("listed_category_ids", Cell::Text("[broken".to_owned())),
            ("extra", Cell::Text("{\"a\": 1.10, \"b\":123456789012345678901234567890}".to_owned())),
            ("plot", Cell::Null),
        ];
        let text = written(|object| cells.iter().for_each(|(name, cell)| object.cell(name, cell)));
        let columns = parse(&text).unwrap();
        for (name, cell) in cells {
            let found = bind(columns[name].get());
            let same = match (&cell, &found) {
                (Cell::Null, Bind::Null) => true,
                (Cell::Integer(a), Bind::Integer(b)) => a == b,
                (Cell::Real(a), Bind::Real(b)) => a.to_bits() == b.to_bits(),
                (Cell::Text(a), Bind::Owned(b)) => a == b,
                _ => false,
            };
            assert!(same, "{name}: {cell:?} became {found:?}");
        }
    }

    #[test]
    fn values_are_of_the_shape_of_their_column() {
        let kind = ContentKind::Movies;
        let set: CategorySet = ["1", "2"].into_iter().collect();
        let text = written(|object| {
            object.value("name", &Value::Text("7".into()));
            object.value("category_ids", &Value::Categories(set.clone()));
            object.value("rating", &Value::Real(7.0));
            object.value("episode_run_time", &Value::Integer(90));
            object.value("plot", &Value::Null);
        });
        let columns = parse(&text).unwrap();
        let changes = changes(kind, Some(&columns), None);
        let of = |name: &str| changes.iter().find(|change| change.column == name).unwrap().before.clone();
        assert_eq!(of("name"), Value::Text("7".into()));
        assert_eq!(of("category_ids"), Value::Categories(set));
        assert_eq!(
            (of("rating"), of("episode_run_time"), of("plot")),
            (Value::Real(7.0), Value::Integer(90), Value::Null)
        );
        assert!(changes.iter().all(|change| change.after == Value::Null));
        assert!(parse("[1]").is_none() && parse("{").is_none());
    }
}
