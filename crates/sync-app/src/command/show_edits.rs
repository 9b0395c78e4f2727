//! The user's part of `show`: the edits of an item, and how it is shown.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use sync_core::catalogue::ItemState;
use sync_core::overlay::{Edit, EditField, EditValue, PanelConflict, shown_value};
use sync_service::{CategoryNames, Login, ShownItem, value_json};

use super::conflicts::shown as in_words;
use super::terminal::date;
use crate::json::{EditedField, FieldConflict};

/// The fields that are shown instead of the panel's values.
const IN_PLACE: [EditField; 4] = [EditField::Name, EditField::Category, EditField::Number, EditField::Icon];

/// Returns the name of an item, which may have no row.
pub(crate) fn name(shown: &ShownItem) -> &str {
    shown.edited.as_ref().map_or("", |edited| edited.identity.name.as_str())
}

fn edits(shown: &ShownItem) -> &[Edit] {
    shown.edited.as_ref().map_or(&[], |edited| &edited.edits)
}

/// Returns the member `edits`: each field with the user's value, and with the panel's value at the time of the edit.
pub(crate) fn as_object(login: &Login, shown: &ShownItem) -> BTreeMap<Cow<'static, str>, EditedField> {
    let value = |value: &EditValue| value_json(&login.blank_value(value));
    let conflict = |it: &PanelConflict| FieldConflict { panel: it.panel.as_ref().map(value), since: it.since };
    let object = |edit: &Edit| EditedField {
        base: edit.base.as_ref().map(value),
        conflict: edit.conflict.as_ref().map(conflict),
        edited_at: edit.edited_at,
        local: value(&edit.local),
    };
    edits(shown).iter().map(|edit| (edit.field.as_str().into(), object(edit))).collect()
}

/// Returns the member `shown`: the values that edits and rules show instead of the panel's.
pub(crate) fn shown_object(login: &Login, shown: &ShownItem) -> BTreeMap<Cow<'static, str>, Value> {
    let values = IN_PLACE.into_iter().filter_map(|field| Some((field, shown_value(&shown.shown, field)?)));
    values.map(|(field, value)| (field.as_str().into(), value_json(&login.blank_value(&value)))).collect()
}

/// Returns the edits for people, and whether lists leave the item out.
pub(crate) fn rows(login: &Login, shown: &ShownItem) -> Vec<String> {
    let categories = shown.categories.iter().chain(&shown.panel_categories);
    let categories = categories.filter_map(|it| Some((it.id.0.as_str(), login.blank(it.name.as_deref()?))));
    let categories: Vec<_> = categories.collect();
    let names = CategoryNames::of_pairs(categories.iter().map(|(id, name)| (*id, &**name)));
    let mut rows: Vec<_> = edits(shown).iter().map(|edit| row(login, &names, edit)).collect();
    let is_edited = edits(shown).iter().any(|edit| edit.field == EditField::Name);
    if let Some(name) = shown.shown.name.as_ref().filter(|_| !is_edited) {
        let name = in_words(login, &names, EditField::Name, Some(&EditValue::Text(name.clone())));
        rows.push(format!("name: shown as {name}, by a rewrite rule"));
    }
    if shown.shown.excluded {
        rows.push("left out of lists by the filter".to_owned());
    }
    let is_gone = !matches!(shown.state, ItemState::Present { .. });
    if let Some((id, _)) = shown.edited.as_ref().and_then(|edited| edited.maybe.as_ref()).filter(|_| is_gone) {
        rows.push(format!("it may be listed as {} now: see `xtream-sync conflicts`", id.0));
    }
    rows
}

fn row(login: &Login, names: &CategoryNames, edit: &Edit) -> String {
    let (field, at) = (edit.field, date(edit.edited_at));
    let in_words = |value: Option<&EditValue>| in_words(login, names, field, value);
    let local = match (&edit.local, field) {
        (EditValue::Number(at), EditField::LastWatched) => date(*at),
        (EditValue::Number(seconds), EditField::Position) => format!("{seconds} s"),
        (local, _) => in_words(Some(local)),
    };
    let (mut panel, mut conflicts) = (String::new(), String::new());
    if IN_PLACE.contains(&field) {
        panel = format!(" (the panel's was {})", in_words(edit.base.as_ref()));
    }
    if let Some(conflict) = &edit.conflict {
        conflicts = format!(", conflicts with the panel's {}", in_words(conflict.panel.as_ref()));
    }
    format!("{field}: {local}{panel}{conflicts}, {at}")
}
