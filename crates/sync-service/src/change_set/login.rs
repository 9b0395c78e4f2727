//! The login in the values of an item: placeholders in a file, the profile's own login in a row.

use std::borrow::Cow;

use sync_core::{Extra, FieldClass, FieldSet, Item, Login, RowHash, Value, ValueRef};

use crate::secrets::BlankJson as _;

/// Returns an item with placeholders in place of the login.
pub(super) fn blanked(item: Item, login: &Login) -> Item {
    with_texts(item, |text| login.blank(text), |json| login.blank_json(json))
}

/// Returns an item with the login in place of placeholders.
pub(super) fn filled(item: Item, login: &Login) -> Item {
    with_texts(item, |text| login.fill(text), |json| login.fill_json(json))
}

fn with_texts<'l>(
    item: Item,
    text: impl Fn(&str) -> Cow<'_, str> + 'l,
    json: impl Fn(&str) -> Cow<'_, str> + 'l,
) -> Item {
    let mut other: Vec<(usize, Value)> = Vec::new();
    for at in 0..item.kind().fields().len() {
        match item.value(at) {
            ValueRef::Text(value) => {
                if let Cow::Owned(value) = text(value) {
                    other.push((at, Value::Text(value.into())));
                }
            }
            ValueRef::Extra(extra) if extra.iter().any(|(_, value)| matches!(json(value), Cow::Owned(_))) => {
                let values: Extra =
                    extra.iter().map(|(key, value)| (key.to_owned(), json(value).into_owned())).collect();
                other.push((at, Value::Extra(values)));
            }
            _ => {}
        }
    }
    let mut item = item;
    other.into_iter().for_each(|(at, value)| item.set(at, value));
    item
}

/// Returns the hash of a row as it is in a file: the told fields of the file, and the others of the stored row.
pub(super) fn hash_of_changed(
    stored: &Item,
    of_file: &Item,
    told: FieldSet,
    stored_hash: RowHash,
    login: &Login,
) -> RowHash {
    // Whether the row holds the login is known by its hash. The login in the other fields is of placeholders then.
    let mut row = if RowHash::of(stored) == stored_hash { stored.clone() } else { blanked(stored.clone(), login) };
    for at in told.and(stored.kind().of_class(FieldClass::Significant)).positions() {
        row.set(at, of_file.value(at).to_owned());
    }
    RowHash::of(&row)
}
