//! The fields of an item in results.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use sync_core::{FieldSpec, Item, ValueRef};
use sync_service::{Login, NamedCategory};

use super::value::{Json, extra_object, raw};
use crate::json::Category;

/// The field with the further keys, which have no column. The field is a member of its own.
const EXTRA: &str = "extra";

/// The columns of an item, each with its value.
pub(crate) struct Fields<'a>(pub(crate) &'a Item, pub(crate) &'a Login);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (field, value) in columns(self.0) {
            map.serialize_entry(field.name, &Json(self.1, value))?;
        }
        map.end()
    }
}

/// Returns the columns of an item, in the order of its table.
pub(crate) fn columns(item: &Item) -> impl Iterator<Item = (&'static FieldSpec, ValueRef<'_>)> {
    let fields = item.kind().fields().iter().enumerate();
    fields.filter(|(_, field)| field.name != EXTRA).map(|(at, field)| (field, item.value(at)))
}

/// Returns the further keys, which have no column, as the panel sent them.
pub(crate) fn extra<'a>(item: &'a Item) -> impl Iterator<Item = (&'a str, &'a str)> {
    let found = item.kind().field(EXTRA).map(|at| item.value(at));
    let extra = if let Some(ValueRef::Extra(extra)) = found { Some(extra) } else { None };
    extra.into_iter().flat_map(|extra: &'a sync_core::Extra| extra.iter())
}

/// Returns the further keys, which have no column, as an object.
pub(crate) fn extra_json(item: &Item, login: &Login) -> Box<RawValue> {
    match item.kind().field(EXTRA).map(|at| item.value(at)) {
        Some(ValueRef::Extra(extra)) => raw(extra_object(login, extra)),
        _ => raw("{}".to_owned()),
    }
}

/// Returns the categories of an item.
pub(crate) fn categories<'a>(categories: &'a [NamedCategory], login: &Login) -> Vec<Category<'a>> {
    let category = |it: &'a NamedCategory| Category {
        id: it.id.0.as_str().into(),
        name: it.name.as_deref().map(|name| login.blank(name)),
    };
    categories.iter().map(category).collect()
}
