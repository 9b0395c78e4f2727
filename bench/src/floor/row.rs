//! One element, decoded by serde into the columns of its row. Text without escapes is borrowed.
//!
//! The columns and their types come from the model's own tables. Unusual values of panels are known only if the
//! catalogue has them.

use std::borrow::Cow;
use std::fmt;

use rusqlite::Statement;
use rusqlite::types::Null;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use sync_core::model::normalise::{canonical_decimal, exact_integer};
use sync_core::{ContentKind, FieldSpec, Shape};

/// Other spellings of keys.
const ALIASES: [(&str, &str); 4] = [
    ("releaseDate", "release_date"),
    ("releasedate", "release_date"),
    ("tmdb", "tmdb_id"),
    ("trailer", "youtube_trailer"),
];

/// A number of columns that no table has.
const WIDTH: usize = 32;

#[derive(Debug, Clone, Copy)]
enum Slot {
    Id,
    Field(usize),
    Categories,
    Unknown,
}

/// The keys of a kind, and the columns of their values.
#[derive(Debug)]
pub(super) struct Row {
    fields: &'static [FieldSpec],
    slots: Vec<(&'static str, Slot)>,
    /// The keys of the last element. The next element has nearly the same ones.
    last: Vec<(String, Slot)>,
    text: String,
}

/// The values of one element.
#[derive(Debug, Default)]
pub(super) struct Values<'de> {
    id: i64,
    fields: [Scalar<'de>; WIDTH],
    categories: Vec<Scalar<'de>>,
    extra: Vec<(&'de str, &'de RawValue)>,
}

#[derive(Debug, Default, Clone)]
enum Scalar<'de> {
    #[default]
    Null,
    Integer(i64),
    Real(f64),
    Text(Cow<'de, str>),
}

impl Row {
    pub(super) fn new(kind: ContentKind) -> Self {
        let fields = kind.fields();
        let mut slots = vec![(kind.id_column(), Slot::Id), ("category_ids", Slot::Categories)];
        for (at, spec) in fields.iter().enumerate().filter(|(_, spec)| !matches!(spec.shape, Shape::Categories)) {
            slots.push((spec.name, Slot::Field(at)));
            let aliases = ALIASES.iter().filter(|(_, name)| *name == spec.name);
            slots.extend(aliases.map(|(alias, _)| (*alias, Slot::Field(at))));
        }
        Self { fields, slots, last: Vec::new(), text: String::new() }
    }

    fn slot(&mut self, nth: usize, key: &str) -> Slot {
        if let Some((known, slot)) = self.last.get(nth)
            && known == key
        {
            return *slot;
        }
        let slot = self.slots.iter().find(|(known, _)| *known == key).map_or(Slot::Unknown, |(_, slot)| *slot);
        if nth < self.last.len() {
            self.last[nth] = (key.to_owned(), slot);
        } else {
            self.last.push((key.to_owned(), slot));
        }
        slot
    }

    /// Returns the decoder of the next element.
    pub(super) fn seed<'a, 'de>(&'a mut self, values: &'a mut Values<'de>) -> Seed<'a, 'de> {
        Seed { row: self, values }
    }

    /// Binds the values: the id first, then each column.
    pub(super) fn bind(&mut self, values: &Values<'_>, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(1, values.id)?;
        let category = values.fields.iter().zip(self.fields).find(|(_, spec)| spec.name == "category_id");
        let category = category.map_or(Cow::Borrowed(""), |(value, _)| value.text());
        let mut set: Vec<Cow<'_, str>> = values.categories.iter().map(Scalar::text).collect();
        let says_more = set.iter().any(|id| *id != category);
        for (at, spec) in self.fields.iter().enumerate() {
            let (at, value) = (at + 2, &values.fields[at]);
            match spec.shape {
                Shape::Name | Shape::Text => bind_text(statement, at, &value.text())?,
                Shape::Decimal => bind_text(statement, at, &value.decimal())?,
                Shape::Reference => {
                    let text = value.decimal();
                    bind_text(statement, at, if text == "0" { "" } else { &text })?;
                }
                Shape::Integer => statement.raw_bind_parameter(at, value.integer())?,
                Shape::Count => statement.raw_bind_parameter(at, value.integer().unwrap_or(0))?,
                Shape::Real => statement.raw_bind_parameter(at, value.real())?,
                Shape::Flag => statement.raw_bind_parameter(at, value.integer().map(|number| number != 0))?,
                Shape::Switch => {
                    statement.raw_bind_parameter(at, value.integer().is_some_and(|number| number != 0))?;
                }
                Shape::Categories if spec.name == "category_ids" => {
                    let own = std::iter::once(&category).filter(|id| !set.contains(id)).cloned();
                    let mut all: Vec<_> = set.iter().cloned().chain(own).collect();
                    bind_text(statement, at, json_set(&mut self.text, &mut all))?;
                }
                Shape::Categories if says_more => bind_text(statement, at, json_set(&mut self.text, &mut set))?,
                Shape::Categories => statement.raw_bind_parameter(at, Null)?,
                Shape::Extra => bind_text(statement, at, json_extra(&mut self.text, &values.extra))?,
            }
        }
        Ok(())
    }
}

fn bind_text(statement: &mut Statement<'_>, at: usize, text: &str) -> rusqlite::Result<()> {
    if text.is_empty() { statement.raw_bind_parameter(at, Null) } else { statement.raw_bind_parameter(at, text) }
}

fn json_set<'a>(out: &'a mut String, set: &mut Vec<Cow<'_, str>>) -> &'a str {
    set.retain(|id| !id.is_empty());
    set.sort_unstable();
    set.dedup();
    out.clear();
    for id in set {
        out.push_str(if out.is_empty() { "[\"" } else { ",\"" });
        out.push_str(id);
        out.push('"');
    }
    out.push_str(if out.is_empty() { "" } else { "]" });
    out
}

fn json_extra<'a>(out: &'a mut String, extra: &[(&str, &RawValue)]) -> &'a str {
    let mut extra: Vec<_> = extra.to_vec();
    extra.sort_unstable_by_key(|(key, _)| *key);
    out.clear();
    for (key, value) in extra {
        out.push_str(if out.is_empty() { "{\"" } else { ",\"" });
        out.push_str(key);
        out.push_str("\":");
        // The text gets only the escapes that it needs.
        match serde_json::from_str::<String>(value.get()) {
            Ok(text) if value.get().contains('\\') => out.push_str(&serde_json::Value::from(text).to_string()),
            _ => out.push_str(value.get()),
        }
    }
    out.push_str(if out.is_empty() { "" } else { "}" });
    out
}

impl Scalar<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Real(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }

    /// Returns the value as text. A number has one spelling.
    fn decimal(&self) -> Cow<'_, str> {
        match self.text() {
            Cow::Borrowed(text) if text.starts_with(|c: char| ('1'..='9').contains(&c)) && is_digits(text) => {
                text.into()
            }
            text => match canonical_decimal(&text) {
                Some(Cow::Owned(other)) => Cow::Owned(other),
                _ => text,
            },
        }
    }

    fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(text) => exact_integer(text),
            Self::Null | Self::Real(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "ratings are small")]
    fn real(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Text(text) => text.parse().ok().or_else(|| text.replace(',', ".").parse().ok()),
            Self::Null => None,
        }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Decodes one element.
pub(super) struct Seed<'a, 'de> {
    row: &'a mut Row,
    values: &'a mut Values<'de>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, element: D) -> Result<(), D::Error> {
        element.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, 'de> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an item")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { row, values } = self;
        values.fields.fill(Scalar::Null);
        values.categories.clear();
        values.extra.clear();
        let mut nth = 0;
        while let Some(key) = members.next_key::<&'de str>()? {
            match row.slot(nth, key) {
                Slot::Id => values.id = members.next_value::<Scalar<'de>>()?.integer().unwrap_or_default(),
                Slot::Field(at) => values.fields[at] = members.next_value()?,
                Slot::Categories => values.categories = members.next_value::<List<'de>>()?.0,
                Slot::Unknown => values.extra.push((key, members.next_value()?)),
            }
            nth += 1;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        value.deserialize_any(AnyScalar)
    }
}

struct AnyScalar;

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text, a number or nothing")
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(i64::try_from(number).map_or(Scalar::Null, Scalar::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Real(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Null)
    }
}

/// The category ids of an item. Null has none.
struct List<'de>(Vec<Scalar<'de>>);

impl<'de> Deserialize<'de> for List<'de> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        Option::<Vec<Scalar<'de>>>::deserialize(value).map(|list| Self(list.unwrap_or_default()))
    }
}
