//! The lines of a kind. The first member of a line says what the line is.

use std::borrow::Cow;

use sync_core::change_set::{ChangedRow, Record};
use sync_core::{Category, CategoryId, ContentId, ContentKind, FieldClass, FieldSet, Item, Shape, Value};

use crate::error::Wrong;
use crate::format::{BEGIN, CATEGORIES, CHANGED, END, EXTRA_TEXT, GONE, NEW, PLACED, WHOLE, is_name};
use crate::json::{elements, members, push_text, text};
use crate::values::{self, ExtraPairs};

/// A line of a kind.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a line is taken apart at once, and nearly all are records")]
pub(crate) enum Line<'a> {
    /// A row, or the categories.
    Record(Record),
    /// The array of a line of a whole order.
    Whole(&'a str),
    /// The array of a line with places.
    Placed(&'a str),
    /// The line that ends the kind.
    End,
}

/// Returns the fields that every row of a set has, whether they have changed or not.
pub(crate) fn always_told(kind: ContentKind, has_display: bool) -> FieldSet {
    let significant = kind.of_class(FieldClass::Significant);
    if has_display { FieldSet(FieldSet::all(kind.fields()).0 & !significant.0) } else { FieldSet::EMPTY }
}

/// Writes the line that begins or ends a kind.
pub(crate) fn push_bound(out: &mut Vec<u8>, member: &str, kind: ContentKind) {
    out.extend_from_slice(format!("{{\"{member}\":\"{kind}\"}}").as_bytes());
}

/// Writes a new row with all its values.
pub(crate) fn push_new(out: &mut Vec<u8>, item: &Item, has_display: bool) {
    push_id(out, NEW, item.id());
    let fields = item.kind().fields();
    let told = FieldSet(item.kind().of_class(FieldClass::Significant).0 | always_told(item.kind(), has_display).0);
    for at in told.positions() {
        let (spec, value) = (&fields[at], item.value(at));
        if !values::is_nothing(spec.shape, value) {
            values::push_member(out, spec.name, spec.shape, value);
        }
    }
    out.push(b'}');
}

/// Writes a changed row: the significant fields among its `fields`, and all other fields that have a value. The other
/// fields are left out of a set without display fields.
pub(crate) fn push_changed(out: &mut Vec<u8>, row: &ChangedRow, has_display: bool) {
    let kind = row.item.kind();
    push_id(out, CHANGED, row.item.id());
    let significant = kind.of_class(FieldClass::Significant).and(row.fields);
    let display = always_told(kind, has_display);
    for (at, spec) in kind.fields().iter().enumerate() {
        let value = row.item.value(at);
        if !significant.has(at) && !display.has(at) {
            continue;
        }
        if !values::is_nothing(spec.shape, value) {
            values::push_member(out, spec.name, spec.shape, value);
        } else if significant.has(at) {
            values::push_null(out, spec.name);
        }
    }
    out.push(b'}');
}

/// Writes a row that is gone.
pub(crate) fn push_gone(out: &mut Vec<u8>, id: ContentId) {
    push_id(out, GONE, id);
    out.push(b'}');
}

fn push_id(out: &mut Vec<u8>, member: &str, id: ContentId) {
    out.extend_from_slice(format!("{{\"{member}\":{id}").as_bytes());
}

/// Writes the categories.
pub(crate) fn push_categories(out: &mut Vec<u8>, categories: &[Category]) {
    out.extend_from_slice(format!("{{\"{CATEGORIES}\":[").as_bytes());
    for (nth, category) in categories.iter().enumerate() {
        out.extend_from_slice(if nth == 0 { b"{\"id\":" } else { b",{\"id\":" });
        push_text(out, &category.id.0);
        out.extend_from_slice(b",\"name\":");
        push_text(out, &category.name);
        if let Some(parent) = category.parent_id {
            out.extend_from_slice(format!(",\"parent_id\":{parent}").as_bytes());
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

/// Reads the line that begins a kind, and returns the kind's name.
pub(crate) fn begun(line: &str) -> Result<Cow<'_, str>, Wrong> {
    first(line, BEGIN)?.ok_or(Wrong::damaged("begins no kind"))
}

/// Reads the line that ends a skipped kind. Returns the kind's name; `None` if the line is another one.
pub(crate) fn ended(line: &str) -> Result<Option<Cow<'_, str>>, Wrong> {
    first(line, END)
}

fn first<'a>(line: &'a str, member: &str) -> Result<Option<Cow<'a, str>>, Wrong> {
    let mut found = None;
    members(line, |key, json| {
        found.get_or_insert_with(|| if key == member { text(json) } else { None });
        Ok(())
    })?;
    Ok(found.flatten())
}

/// Reads a line of a kind.
pub(crate) fn read(line: &str, kind: ContentKind, has_display: bool) -> Result<Line<'_>, Wrong> {
    let mut found: Option<Reading<'_>> = None;
    members(line, |key, json| match &mut found {
        None => {
            found = Some(Reading::begin(&key, json, kind, has_display)?);
            Ok(())
        }
        Some(Reading::Row(row)) => row.column(&key, json),
        // A later version may have more members.
        Some(Reading::Line(_)) => Ok(()),
    })?;
    match found {
        Some(Reading::Row(row)) => row.end().map(Line::Record),
        Some(Reading::Line(line)) => Ok(line),
        None => Err(Wrong::damaged("is empty")),
    }
}

/// A line whose first member was read.
enum Reading<'a> {
    Row(Row),
    Line(Line<'a>),
}

impl<'a> Reading<'a> {
    fn begin(key: &str, json: &'a str, kind: ContentKind, has_display: bool) -> Result<Self, Wrong> {
        let row = |is_new| {
            let item = Item::with_id(kind, id(json)?);
            let told = FieldSet::EMPTY;
            Ok(Self::Row(Row { item, is_new, has_display, told, extra: None }))
        };
        Ok(Self::Line(match key {
            NEW => return row(true),
            CHANGED => return row(false),
            GONE => Line::Record(Record::Gone(id(json)?)),
            CATEGORIES => Line::Record(Record::Categories(categories(json)?)),
            WHOLE => Line::Whole(json),
            PLACED => Line::Placed(json),
            END if text(json).is_some_and(|name| name == kind.as_str()) => Line::End,
            END => return Err(Wrong::damaged("ends another kind")),
            _ => return Err(Wrong::damaged("is of no kind that this version has")),
        }))
    }
}

fn id(json: &str) -> Result<ContentId, Wrong> {
    json.parse().map(ContentId).map_err(|_| Wrong::damaged("has an id that is no number"))
}

/// A row whose columns are being read.
struct Row {
    item: Item,
    is_new: bool,
    has_display: bool,
    told: FieldSet,
    extra: Option<ExtraPairs>,
}

impl Row {
    fn column(&mut self, key: &str, json: &str) -> Result<(), Wrong> {
        let kind = self.item.kind();
        let is_raw = key != EXTRA_TEXT;
        let name = if is_raw { key } else { "extra" };
        let Some(at) = kind.field(name) else {
            let is_newer = is_name(key);
            let unnamed = Wrong::damaged("has a column without a proper name");
            return Err(if is_newer { Wrong::Column(kind, key.to_owned()) } else { unnamed });
        };
        let spec = &kind.fields()[at];
        if spec.class != FieldClass::Significant && !self.has_display {
            return Err(about(key, "is in a set without columns for display"));
        }
        if spec.shape == Shape::Extra {
            return self.extra.get_or_insert_default().add(json, is_raw);
        }
        if self.told.has(at) {
            return Err(about(key, "is there twice"));
        }
        self.told.add(at);
        let value = values::value(spec.shape, json).ok_or_else(|| about(key, "has a value of another type"))?;
        self.item.put(at, value);
        Ok(())
    }

    fn end(mut self) -> Result<Record, Wrong> {
        let kind = self.item.kind();
        if let (Some(extra), Some(at)) = (self.extra, kind.field("extra")) {
            self.item.put(at, Value::Extra(extra.end()?));
        }
        if self.is_new {
            return Ok(Record::New(self.item));
        }
        let fields = FieldSet(self.told.0 | always_told(kind, self.has_display).0);
        Ok(Record::Changed(ChangedRow { item: self.item, fields }))
    }
}

fn about(column: &str, what: &str) -> Wrong {
    Wrong::damaged(format!("has a column `{column}` that {what}"))
}

fn categories(json: &str) -> Result<Vec<Category>, Wrong> {
    let mut found = Vec::new();
    elements(json, |json| {
        let (mut id, mut name, mut parent_id) = (None, None, None);
        members(json, |key, json| {
            match &*key {
                "id" => id = text(json),
                "name" => name = text(json),
                "parent_id" if json != "null" => {
                    parent_id = Some(json.parse().map_err(|_| Wrong::damaged("has a parent that is no number"))?);
                }
                _ => {}
            }
            Ok(())
        })?;
        let (Some(id), Some(name)) = (id, name) else {
            return Err(Wrong::damaged("has a category without an id or a name"));
        };
        found.push(Category { id: CategoryId(id.into_owned()), name: name.into_owned(), parent_id });
        Ok(())
    })?;
    Ok(found)
}
