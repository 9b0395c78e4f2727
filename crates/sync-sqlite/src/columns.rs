//! Fields of the model as values of SQL, and back.

use std::collections::BTreeMap;

use diesel::sqlite::{SqliteType, SqliteValue};
use serde_json::value::RawValue;
use sync_core::model::Extra;
use sync_core::{CategorySet, Shape, Value, ValueRef};

use crate::bind::Bind;

/// A field as it is stored: sets as JSON text, empty ones as NULL.
pub(crate) fn to_sql(shape: Shape, value: ValueRef<'_>) -> Bind<'_> {
    match value {
        // The column of the name takes no NULL.
        ValueRef::Null if shape == Shape::Name => Bind::Text(""),
        ValueRef::Null => Bind::Null,
        ValueRef::Text(text) => Bind::Text(text),
        ValueRef::Integer(number) => Bind::Integer(number),
        ValueRef::Real(number) => Bind::Real(number),
        ValueRef::Categories(set) if set.is_empty() => Bind::Null,
        ValueRef::Categories(set) => Bind::Owned(categories_text(set)),
        ValueRef::Extra(extra) if extra.is_empty() => Bind::Null,
        ValueRef::Extra(extra) => Bind::Owned(extra_text(extra)),
    }
}

/// A stored field as the model has it.
pub(crate) fn from_sql(shape: Shape, stored: &Bind<'_>) -> Value {
    match stored {
        Bind::Null | Bind::NullInteger | Bind::Blob(_) => Value::Null,
        Bind::Integer(number) => Value::Integer(*number),
        Bind::Real(number) => Value::Real(*number),
        Bind::Text(text) => from_text(shape, text),
        Bind::Owned(text) => from_text(shape, text),
    }
}

/// The same for a column of a row.
pub(crate) fn from_column(shape: Shape, stored: Option<SqliteValue<'_, '_, '_>>) -> Value {
    let Some(mut stored) = stored else { return Value::Null };
    match stored.value_type() {
        None | Some(SqliteType::Binary) => Value::Null,
        Some(SqliteType::Text) => from_text(shape, stored.read_text()),
        Some(SqliteType::Float | SqliteType::Double) => Value::Real(stored.read_double()),
        Some(_) => Value::Integer(stored.read_long()),
    }
}

fn from_text(shape: Shape, text: &str) -> Value {
    match shape {
        // Text that is no such JSON was put there by somebody else, and is no set.
        Shape::Categories => {
            Value::Categories(serde_json::from_str::<Vec<String>>(text).unwrap_or_default().into_iter().collect())
        }
        Shape::Extra => Value::Extra(
            serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text)
                .unwrap_or_default()
                .into_iter()
                .map(|(key, json)| (key, Box::<str>::from(json).into_string()))
                .collect(),
        ),
        _ => Value::Text(text.to_owned()),
    }
}

/// A set as its column has it; `None` for an empty one.
pub(crate) fn set_text(set: &CategorySet) -> Option<String> {
    (!set.is_empty()).then(|| categories_text(set))
}

fn categories_text(set: &CategorySet) -> String {
    let mut text = String::from("[");
    for id in set.as_slice() {
        push_quoted(&mut text, id);
        text.push(',');
    }
    close(text, ']')
}

fn extra_text(extra: &Extra) -> String {
    let mut text = String::from("{");
    for (key, json) in extra {
        push_quoted(&mut text, key);
        text.push(':');
        // The column has to be JSON as a whole, whatever a source calls JSON.
        if serde_json::from_str::<&RawValue>(json).is_ok() {
            text.push_str(json);
        } else {
            push_quoted(&mut text, json);
        }
        text.push(',');
    }
    close(text, '}')
}

fn close(mut text: String, bracket: char) -> String {
    text.pop();
    text.push(bracket);
    text
}

fn push_quoted(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_json_and_read_back() {
        let set: CategorySet = ["3", "a\"b", "日本\0"].into_iter().collect();
        let stored = to_sql(Shape::Categories, ValueRef::Categories(&set));
        let Bind::Owned(text) = &stored else { panic!("{stored:?}") };
        assert_eq!(serde_json::from_str::<Vec<String>>(text).unwrap(), set.as_slice());
        assert_eq!(from_sql(Shape::Categories, &stored), Value::Categories(set));

        let extra: Extra = [("a\\", "[1, \"x\"]"), ("b", "null"), ("c", "{\"n\":1.50}")]
            .map(|(key, json)| (key.to_owned(), json.to_owned()))
            .into();
        let stored = to_sql(Shape::Extra, ValueRef::Extra(&extra));
        assert_eq!(from_sql(Shape::Extra, &stored), Value::Extra(extra));
    }

    #[test]
    fn what_is_no_json_is_kept_as_text() {
        let extra: Extra = [("a".to_owned(), "not json".to_owned())].into();
        let Bind::Owned(text) = to_sql(Shape::Extra, ValueRef::Extra(&extra)) else { panic!() };
        assert_eq!(text, r#"{"a":"not json"}"#);
    }

    #[test]
    fn empty_sets_and_foreign_text_are_nothing() {
        assert!(matches!(to_sql(Shape::Categories, ValueRef::Categories(&CategorySet::default())), Bind::Null));
        assert!(matches!(to_sql(Shape::Extra, ValueRef::Extra(&Extra::new())), Bind::Null));
        assert!(matches!(to_sql(Shape::Name, ValueRef::Null), Bind::Text("")));
        assert_eq!(from_sql(Shape::Categories, &Bind::Text("{")), Value::Categories(CategorySet::default()));
    }
}
