//! The login in the values of an item: placeholders in a file, the profile's own login in a row.

use std::borrow::Cow;

use sync_core::{Extra, FieldClass, FieldSet, Item, Login, RowHash, Value, ValueRef};

use crate::secrets::BlankJson as _;

/// Returns an item with placeholders in place of the login.
pub(super) fn blanked(item: Item, login: &Login) -> Item {
    with_texts(&item, |text| login.blank(text), |json| login.blank_json(json)).unwrap_or(item)
}

/// Returns an item with the login in place of placeholders; `None` if it has no placeholder that can be filled in.
pub(super) fn filled(item: &Item, login: &Login) -> Option<Item> {
    with_texts(item, |text| login.fill(text), |json| login.fill_json(json))
}

/// Returns an item whose texts are replaced; `None` if no text differs.
fn with_texts<'l>(
    item: &Item,
    text: impl Fn(&str) -> Cow<'_, str> + 'l,
    json: impl Fn(&str) -> Cow<'_, str> + 'l,
) -> Option<Item> {
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
    if other.is_empty() {
        return None;
    }
    let mut item = item.clone();
    other.into_iter().for_each(|(at, value)| item.set(at, value));
    Some(item)
}

/// Returns the hash of a changed row as the set counts it: with the fields of the file that the set has, and the other
/// fields of the stored row. `is_own` says whether the content hash counts the stored row as it is, because the row
/// doesn't hold the login.
pub(super) fn hash_of_changed(stored: &Item, is_own: bool, of_file: &Item, told: FieldSet, login: &Login) -> RowHash {
    let mut row = if is_own { stored.clone() } else { blanked(stored.clone(), login) };
    for at in told.and(stored.kind().of_class(FieldClass::Significant)).positions() {
        row.set(at, of_file.value(at).to_owned());
    }
    RowHash::of(&row)
}
