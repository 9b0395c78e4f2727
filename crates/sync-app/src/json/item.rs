//! Items and categories, as lists, searches, `show` and exports print them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Change, Members, Raw};

/// A line of `list --json` and `search --json`: an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundItem<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id.
    pub id: i64,
    /// The name as it is shown.
    pub name: Cow<'a, str>,
    /// The id of the shown category; `None` if the item has none.
    pub category: Option<Cow<'a, str>>,
    /// The name of the shown category; `None` if it has none, or if the panel doesn't list it.
    pub category_name: Option<Cow<'a, str>>,
    /// The ids of all its categories.
    pub categories: Vec<Cow<'a, str>>,
    /// The year; `None` if the panel doesn't say.
    pub year: Option<i64>,
    /// The rating, 0 to 10; `None` if the panel doesn't say.
    pub rating: Option<f64>,
    /// Whether the user has marked the item.
    pub favourite: bool,
    /// The place of the item in the list. `--after` continues behind it, with the same query.
    pub cursor: Cow<'a, str>,
}

/// The line of `show --json`: all that is known of an item.
///
/// An item that was removed and is remembered has a `removed_at`, and no `fields` and no `extra`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShownItem<'a, F = Members<'a, Value>> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id.
    pub id: i64,
    /// The name.
    pub name: Cow<'a, str>,
    /// The categories.
    pub categories: Vec<Category<'a>>,
    /// The time at which the row was written first; `None` without a row.
    pub created_at: Option<i64>,
    /// The time of the last change of the row; `None` without a row.
    pub updated_at: Option<i64>,
    /// Why and since when the removal of the item is held; `None` if it is not held.
    pub held: Option<Held<'a>>,
    /// The columns with their values; `None` without a row.
    pub fields: Option<F>,
    /// The keys beyond the columns, as the panel sent them: an object. `None` without a row.
    pub extra: Option<Raw>,
    /// The last ten changes, newest first.
    pub changes: Vec<Change<'a>>,
    /// The time of the removal. Only an item that was removed has the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<i64>,
    /// The user's edits, by field.
    pub edits: BTreeMap<Cow<'a, str>, EditedField>,
    /// What edits and rules show in place of the panel's values, by field: `name`, `category`, `number` and `icon`.
    pub shown: BTreeMap<Cow<'a, str>, Value>,
    /// Whether the user has hidden the item.
    pub hidden: bool,
    /// Whether the filter leaves the item out.
    pub excluded: bool,
}

/// Why the removal of an item is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Held<'a> {
    /// The reason.
    pub reason: Cow<'a, str>,
    /// The time since when.
    pub since: i64,
}

/// The user's value of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EditedField {
    // The members have the order in which they have always been printed, which is that of the alphabet.
    /// The panel's value at the time of the edit; `None` if it had none.
    pub base: Option<Value>,
    /// The panel's value of now, if it is neither of the other two. The member is left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<FieldConflict>,
    /// The time of the edit.
    pub edited_at: i64,
    /// The user's value: `true`, a number, a text or a list of texts.
    pub local: Value,
}

/// The panel's value where it conflicts with an edit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldConflict {
    /// The panel's value; `None` if it has none.
    pub panel: Option<Value>,
    /// The time since when.
    pub since: i64,
}

/// A line of `export json`: an item with all its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExportedItem<'a, F = Members<'a, Value>> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id.
    pub id: i64,
    /// The name.
    pub name: Cow<'a, str>,
    /// The categories.
    pub categories: Vec<Category<'a>>,
    /// The columns with their values.
    pub fields: F,
    /// The keys beyond the columns, as the panel sent them: an object.
    pub extra: Raw,
}

/// A category of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Category<'a> {
    /// The id.
    pub id: Cow<'a, str>,
    /// The name; `None` if the panel doesn't list the category.
    pub name: Option<Cow<'a, str>>,
}

/// A line of `categories --json`: a category with its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SizedCategory<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id.
    pub id: Cow<'a, str>,
    /// The name; `None` if items have the category and the panel doesn't list it.
    pub name: Option<Cow<'a, str>>,
    /// The panel's number of the category above it; `None` if the panel doesn't say.
    pub parent_id: Option<i64>,
    /// The position in the panel's order, from 0; `None` if the panel doesn't list the category.
    pub position: Option<u32>,
    /// The number of items.
    pub items: u64,
}

/// An item by its id and its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NamedItem<'a> {
    /// The id.
    pub id: i64,
    /// The name.
    pub name: Cow<'a, str>,
}
