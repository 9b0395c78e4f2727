//! Values of columns in results: as JSON, as text for people and files, and without the login.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use sync_core::text::{one_line, printable};
use sync_core::{Extra, Value, ValueRef};
use sync_service::{BlankJson as _, Login};

/// The separator of category ids in a text.
const BETWEEN_IDS: &str = "|";

/// A value that is written as JSON, without the login.
pub(crate) struct Json<'a>(pub(crate) &'a Login, pub(crate) ValueRef<'a>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(login, value) = *self;
        match value {
            ValueRef::Null => to.serialize_none(),
            ValueRef::Integer(number) => to.serialize_i64(number),
            ValueRef::Real(number) => to.serialize_f64(number),
            ValueRef::Text(text) => to.serialize_str(&login.blank(text)),
            ValueRef::Categories(set) if set.is_empty() => to.serialize_none(),
            ValueRef::Categories(set) => to.collect_seq(set.iter().map(sync_core::Text::as_str)),
            ValueRef::Extra(extra) if extra.is_empty() => to.serialize_none(),
            ValueRef::Extra(extra) => raw(extra_object(login, extra)).serialize(to),
        }
    }
}

/// Returns a value as JSON.
pub(crate) fn as_json(login: &Login, value: ValueRef<'_>) -> Box<RawValue> {
    serde_json::value::to_raw_value(&Json(login, value)).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Returns a value as the text of a cell. The text is empty if there is no value.
pub(crate) fn as_text<'a>(login: &Login, value: ValueRef<'a>) -> Cow<'a, str> {
    match value {
        ValueRef::Null => Cow::Borrowed(""),
        ValueRef::Integer(number) => Cow::Owned(number.to_string()),
        ValueRef::Real(number) => Cow::Owned(real(number)),
        ValueRef::Text(text) => login.blank(text),
        ValueRef::Categories(set) => Cow::Owned(joined_ids(set.iter().map(sync_core::Text::as_str))),
        ValueRef::Extra(extra) if extra.is_empty() => Cow::Borrowed(""),
        ValueRef::Extra(extra) => Cow::Owned(extra_object(login, extra)),
    }
}

/// Returns the ids of categories as one text.
pub(crate) fn joined_ids<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    ids.collect::<Vec<_>>().join(BETWEEN_IDS)
}

/// Returns a value for people, short and on one line.
pub(crate) fn shown(login: &Login, value: &Value) -> String {
    const WIDTH: usize = 60;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Text(text) => one_line(&login.blank(text)),
        other => as_json(login, borrowed(other)).get().to_owned(),
    };
    super::cell::fitted(&printable(&text), WIDTH).into_owned()
}

/// Returns a number in the form of JSON, with a decimal point.
fn real(number: f64) -> String {
    serde_json::Value::from(number).to_string()
}

/// Returns further keys, which have no column, as a JSON object.
pub(crate) fn extra_object(login: &Login, extra: &Extra) -> String {
    let members = extra.iter().map(|(key, json)| {
        let value = if serde_json::from_str::<&RawValue>(json).is_ok() {
            json.to_owned()
        } else {
            serde_json::Value::from(json.to_owned()).to_string()
        };
        format!("{}:{value}", serde_json::Value::from(key.to_owned()))
    });
    let object = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    login.blank_json(&object).into_owned()
}

pub(crate) fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Returns a borrowed form of a value.
pub(crate) fn borrowed(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Text(text) => ValueRef::Text(text),
        Value::Integer(number) => ValueRef::Integer(*number),
        Value::Real(number) => ValueRef::Real(*number),
        Value::Categories(set) => ValueRef::Categories(set),
        Value::Extra(extra) => ValueRef::Extra(extra),
    }
}
