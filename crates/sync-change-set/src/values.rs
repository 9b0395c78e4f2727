//! Writes values of fields as JSON, and reads them, by the shape of the field.

use serde_json::value::RawValue;
use sync_core::{CategorySet, Extra, Shape, Text, Value, ValueRef};

use crate::error::Wrong;
use crate::format::EXTRA_TEXT;
use crate::json::{elements, members, push_text, text};

/// Returns whether a value is nothing in one of its forms. The format has no member for such a value.
pub(crate) fn is_nothing(shape: Shape, value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Null => true,
        ValueRef::Text(text) => text.is_empty(),
        ValueRef::Integer(number) => number == 0 && matches!(shape, Shape::Count | Shape::Switch),
        ValueRef::Real(number) => !number.is_finite(),
        ValueRef::Categories(set) => set.is_empty(),
        ValueRef::Extra(extra) => extra.is_empty(),
    }
}

/// Writes `,"NAME":VALUE`. The value must not be nothing.
pub(crate) fn push_member(out: &mut Vec<u8>, name: &str, shape: Shape, value: ValueRef<'_>) {
    let at = out.len();
    push_key(out, name);
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Text(text) => push_text(out, text),
        ValueRef::Integer(number) if matches!(shape, Shape::Flag | Shape::Switch) => {
            out.extend_from_slice(if number == 0 { b"false" } else { b"true" });
        }
        ValueRef::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        // The number has as few digits as are needed to read the same number back.
        ValueRef::Real(number) => out.extend_from_slice(format!("{number:?}").as_bytes()),
        ValueRef::Categories(set) => push_list(out, set.iter().map(Text::as_str)),
        ValueRef::Extra(extra) => {
            out.truncate(at);
            push_extra(out, name, extra);
        }
    }
}

/// Writes `,"NAME":null`.
pub(crate) fn push_null(out: &mut Vec<u8>, name: &str) {
    push_key(out, name);
    out.extend_from_slice(b"null");
}

fn push_key(out: &mut Vec<u8>, name: &str) {
    out.push(b',');
    push_text(out, name);
    out.push(b':');
}

fn push_list<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a str>) {
    out.push(b'[');
    for (nth, text) in texts.enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        push_text(out, text);
    }
    out.push(b']');
}

/// Writes the keys without a column. Texts that are JSON are written as they are. The others are written as strings, in
/// a second member.
fn push_extra(out: &mut Vec<u8>, name: &str, extra: &Extra) {
    let (raw, other): (Vec<_>, Vec<_>) = extra.iter().partition(|(_, json)| is_raw(json));
    for (name, pairs, is_raw) in [(name, raw, true), (EXTRA_TEXT, other, false)] {
        if pairs.is_empty() {
            continue;
        }
        push_key(out, name);
        out.push(b'{');
        for (nth, (key, json)) in pairs.into_iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            push_text(out, key);
            out.push(b':');
            if is_raw { out.extend_from_slice(json.as_bytes()) } else { push_text(out, json) }
        }
        out.push(b'}');
    }
}

/// Returns whether a text is JSON that can stand in a line as it is.
fn is_raw(json: &str) -> bool {
    !json.contains(['\n', '\r']) && serde_json::from_str::<&RawValue>(json).is_ok_and(|raw| raw.get() == json)
}

/// Reads a value. Returns `None` if the shape can't hold it.
pub(crate) fn value(shape: Shape, json: &str) -> Option<Value> {
    if json == "null" {
        return Some(Value::Null);
    }
    match shape {
        Shape::Name | Shape::Text | Shape::Decimal | Shape::Reference => {
            let text = text(json)?;
            Some(if text.is_empty() { Value::Null } else { Value::Text(text.into()) })
        }
        Shape::Integer | Shape::Count => json.parse().ok().map(Value::Integer),
        Shape::Real => {
            let is_number = json.starts_with(|c: char| c == '-' || c.is_ascii_digit());
            let number = is_number.then(|| json.parse::<f64>().ok()).flatten()?;
            number.is_finite().then_some(Value::Real(number))
        }
        Shape::Flag | Shape::Switch => match json {
            "true" => Some(Value::Integer(1)),
            "false" => Some(Value::Integer(0)),
            _ => None,
        },
        Shape::Categories => texts(json).map(Value::Categories),
        // The reader of the row gathers the keys, because they are in two members.
        Shape::Extra => None,
    }
}

fn texts(json: &str) -> Option<CategorySet> {
    let mut ids: Vec<Text> = Vec::new();
    let read = elements(json, |id| {
        ids.push(text(id).ok_or(Wrong::damaged("has a category that is no text"))?.into());
        Ok(())
    });
    read.ok().map(|()| ids.into_iter().collect())
}

/// The keys without a column that were read so far.
#[derive(Debug, Default)]
pub(crate) struct ExtraPairs(Vec<(Text, Text)>);

impl ExtraPairs {
    /// Adds the keys of the member `extra`, or of the member with strings.
    pub(crate) fn add(&mut self, json: &str, is_raw: bool) -> Result<(), Wrong> {
        if json == "null" {
            return Ok(());
        }
        members(json, |key, json| {
            let text = if is_raw { Some(json.into()) } else { text(json).map(Text::from) };
            let text = text.ok_or(Wrong::damaged("has a text of `extra_text` that is no string"))?;
            self.0.push((key.into(), text));
            Ok(())
        })
    }

    /// Returns the keys in order. Fails if a key occurs twice.
    pub(crate) fn end(mut self) -> Result<Extra, Wrong> {
        // The keys are sorted first, because insertions at the end take no time. A million insertions in front would
        // take hours.
        self.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        if self.0.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Wrong::damaged("has a key of `extra` twice"));
        }
        Ok(self.0.into_iter().collect())
    }
}
