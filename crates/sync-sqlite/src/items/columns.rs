//! Converts fields of the model to SQL values, and back.

use std::collections::BTreeMap;

use diesel::sqlite::{SqliteType, SqliteValue};
use serde_json::value::RawValue;
use sync_core::{CategorySet, Extra, Shape, Value, ValueRef};

use crate::db::bind::Bind;

/// Returns a stored value as a value of the model.
pub(crate) fn from_sql(shape: Shape, stored: &Bind<'_>) -> Value {
    match stored {
        Bind::Null | Bind::NullInteger | Bind::Blob(_) => Value::Null,
        Bind::Integer(number) => Value::Integer(*number),
        Bind::Real(number) => Value::Real(*number),
        Bind::Text(text) => from_text(shape, text),
        Bind::Owned(text) => from_text(shape, text),
    }
}

/// Does the same for a column of a row.
pub(crate) fn from_column(shape: Shape, stored: Option<SqliteValue<'_, '_, '_>>) -> Value {
    let Some(mut stored) = stored else { return Value::Null };
    match stored.value_type() {
        None | Some(SqliteType::Binary) => Value::Null,
        Some(SqliteType::Text) => from_text(shape, stored.read_text()),
        Some(SqliteType::Float | SqliteType::Double) => Value::Real(stored.read_double()),
        Some(_) => Value::Integer(stored.read_long()),
    }
}

/// Returns a value of the model as the database holds it.
pub(crate) fn to_sql(shape: Shape, value: ValueRef<'_>) -> Bind<'static> {
    match value {
        // The column of the name can't be NULL.
        ValueRef::Null if shape == Shape::Name => Bind::Owned(String::new()),
        ValueRef::Null => Bind::Null,
        ValueRef::Integer(number) => Bind::Integer(number),
        ValueRef::Real(number) => Bind::Real(number),
        ValueRef::Text(text) => Bind::Owned(text.to_owned()),
        ValueRef::Categories(set) => categories_text(set).into(),
        ValueRef::Extra(extra) if extra.is_empty() => Bind::Null,
        ValueRef::Extra(extra) => {
            let mut text = Vec::new();
            push_extra(&mut text, extra);
            String::from_utf8(text).ok().into()
        }
    }
}

fn from_text(shape: Shape, text: &str) -> Value {
    match shape {
        // Text that is not such JSON was written by another program, and is no set.
        Shape::Categories => Value::Categories(categories(text)),
        Shape::Extra => Value::Extra(
            serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text)
                .unwrap_or_default()
                .into_iter()
                .map(|(key, json)| (key, String::from(Box::<str>::from(json))))
                .collect(),
        ),
        _ => Value::Text(text.into()),
    }
}

/// Reads a stored set of categories.
pub(crate) fn categories(text: &str) -> CategorySet {
    // The form in which this program writes a set of one id.
    let inner = text.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]"));
    match inner.filter(|id| is_bare(id)) {
        Some(id) => [id].into_iter().collect(),
        None => serde_json::from_str::<Vec<String>>(text).unwrap_or_default().into_iter().collect(),
    }
}

/// Reads the ids of a stored set without making a set. An id in another form than this program writes is `None`.
pub(crate) fn bare_ids(text: &str) -> impl Iterator<Item = Option<&str>> {
    let mut rest = text.strip_prefix('[');
    std::iter::from_fn(move || {
        let text = rest?;
        if text == "]" {
            return None;
        }
        rest = None;
        let id = text.strip_prefix('"').and_then(|text| {
            let end = text.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
            let (id, behind) = text.split_at(end);
            let behind = behind.strip_prefix('"')?;
            rest = behind.strip_prefix(',').filter(|behind| behind.starts_with('"')).or(Some(behind));
            Some(id)
        });
        Some(id)
    })
}

/// Writes a set of categories in its stored form.
pub(crate) fn push_categories(out: &mut Vec<u8>, set: &CategorySet) {
    out.push(b'[');
    for (nth, id) in set.as_slice().iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        push_quoted(out, id);
    }
    out.push(b']');
}

/// Returns a set in its stored form, or `None` for an empty set.
pub(crate) fn categories_text(set: &CategorySet) -> Option<String> {
    let mut text = Vec::new();
    push_categories(&mut text, set);
    if set.is_empty() { None } else { String::from_utf8(text).ok() }
}

/// Writes keys that have no column, in their stored form.
pub(crate) fn push_extra(out: &mut Vec<u8>, extra: &Extra) {
    out.push(b'{');
    for (nth, (key, json)) in extra.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        push_quoted(out, key);
        out.push(b':');
        // The column as a whole must be JSON, even if a source passes something that is not.
        if serde_json::from_str::<&RawValue>(json).is_ok() {
            out.extend_from_slice(json.as_bytes());
        } else {
            push_quoted(out, json);
        }
    }
    out.push(b'}');
}

fn push_quoted(out: &mut Vec<u8>, text: &str) {
    if is_bare(text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}

/// Returns whether a text needs no escapes in JSON.
fn is_bare(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_stored_set_are_read_one_by_one() {
        for (text, ids) in [
            (r#"["3"]"#, &[Some("3")][..]),
            (r#"["3","40"]"#, &[Some("3"), Some("40")]),
            (r#"["3","40""#, &[Some("3"), Some("40"), None]),
            (r#"["3" ,"40"]"#, &[Some("3"), None]),
            (r#"["3",]"#, &[Some("3"), None]),
            (r#"["a\"b"]"#, &[None]),
            (r"[3]", &[None]),
            ("[]", &[]),
            ("", &[]),
        ] {
            assert_eq!(bare_ids(text).collect::<Vec<_>>(), ids, "{text}");
        }
    }

    fn stored(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_characters_that_need_it_are_escaped() {
        assert!(is_bare("") && is_bare("a b") && is_bare("日本") && is_bare("\u{7f}"));
        for text in ["a\"b", "a\\b", "a\nb", "\u{1f}", "\0"] {
            assert!(!is_bare(text), "{text:?}");
        }
    }

    #[test]
    fn sets_are_json_and_read_back() {
        for ids in [&["3"][..], &["a\"b"], &["日本"], &["3", "a\"b", "日本\0"], &["a\",\"b"]] {
            let set: CategorySet = ids.iter().collect();
            let text = stored(|out| push_categories(out, &set));
            assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), set.as_slice());
            assert_eq!(from_sql(Shape::Categories, &Bind::Text(&text)), Value::Categories(set));
        }
        let extra = Extra::from([("a\\", "[1, \"x\"]"), ("b", "null"), ("c", "{\"n\":1.50}")]);
        let text = stored(|out| push_extra(out, &extra));
        assert_eq!(from_sql(Shape::Extra, &Bind::Text(&text)), Value::Extra(extra));
    }

    #[test]
    fn text_that_is_not_json_is_kept_as_text() {
        let extra = Extra::from([("a", "not json"), ("b", "1")]);
        assert_eq!(stored(|out| push_extra(out, &extra)), r#"{"a":"not json","b":1}"#);
    }

    #[test]
    fn foreign_text_is_no_set() {
        for text in ["{", "[\"a", "\"a\"]", "[\"a\",1]", "[\"\\\"]", "[\"\"]", "[]", ""] {
            let none = Value::Categories(CategorySet::default());
            assert_eq!(from_sql(Shape::Categories, &Bind::Text(text)), none, "{text}");
        }
    }
}
