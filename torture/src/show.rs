//! Items and elements as short texts for reports.

use std::fmt::Write;

use sync_core::{FieldSet, Item, Listed, ListingIndex, ValueRef};

/// Returns the fields that have a value.
pub(crate) fn item(item: &Item) -> String {
    fields(item, FieldSet::EMPTY, &item.id().to_string())
}

/// Returns a row as text. The row may not exist.
pub(crate) fn row(row: Option<&Item>) -> String {
    row.map_or_else(|| "nothing".to_owned(), item)
}

/// Returns the ids of an index with their digests, in its order.
pub(crate) fn index(index: &ListingIndex) -> String {
    let entries = index.ids().iter().zip(index.digests()).map(|(id, digest)| format!("{id}={digest:x}"));
    format!("{:?} {}", index.scheme(), entries.collect::<Vec<_>>().join(" "))
}

/// Returns the fields that have a value, and those whose keys have none. `-` stands before keys that are absent.
pub(crate) fn element(element: &Listed) -> String {
    let all = FieldSet::all(element.item.kind().fields());
    let absent = FieldSet(all.0 & !element.present.0);
    fields(&element.item, absent, &format!("{}*", element.item.id()))
}

/// Returns elements, one after the other.
pub(crate) fn elements<'a>(all: impl IntoIterator<Item = &'a Listed>) -> String {
    all.into_iter().map(element).collect::<Vec<_>>().join(" ")
}

fn fields(item: &Item, absent: FieldSet, name: &str) -> String {
    let mut text = format!("{name}{{");
    for (at, spec) in item.kind().fields().iter().enumerate() {
        let done = match item.value(at) {
            _ if absent.has(at) => write!(text, " -{}", spec.name),
            ValueRef::Null => Ok(()),
            ValueRef::Integer(0) if !matches!(spec.name, "num" | "is_adult") => Ok(()),
            ValueRef::Categories(set) if set.is_empty() => Ok(()),
            ValueRef::Extra(extra) if extra.is_empty() => Ok(()),
            ValueRef::Text(text_of) => write!(text, " {}={text_of}", spec.name),
            ValueRef::Integer(number) => write!(text, " {}={number}", spec.name),
            ValueRef::Real(number) => write!(text, " {}={number}", spec.name),
            ValueRef::Categories(set) => write!(text, " {}={:?}", spec.name, set.as_slice()),
            ValueRef::Extra(extra) => write!(text, " {}={extra:?}", spec.name),
        };
        done.expect("writing to a text works");
    }
    text.push_str(" }");
    text
}
