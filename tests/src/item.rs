//! The parts of a listing: kinds, items and categories. Items are ordered lists of keys and values in the form in which
//! they are sent.

use std::fmt;

use crate::json::JsonForm;

/// The three kinds of content that a panel lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Live channels.
    Channels,
    /// Movies.
    Movies,
    /// Series, without their episodes.
    Series,
}

impl Kind {
    /// All kinds, in the order in which panels show them.
    pub const ALL: [Self; 3] = [Self::Channels, Self::Movies, Self::Series];

    /// Returns the name of the kind: `channels`, `movies` or `series`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Channels => "channels",
            Self::Movies => "movies",
            Self::Series => "series",
        }
    }

    /// Returns the kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the key (and column) with the id of an item of this kind.
    pub fn id_key(self) -> &'static str {
        match self {
            Self::Channels | Self::Movies => "stream_id",
            Self::Series => "series_id",
        }
    }

    pub(crate) fn index(self) -> usize {
        match self {
            Self::Channels => 0,
            Self::Movies => 1,
            Self::Series => 2,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// How the text of an element is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escaping {
    /// The default of PHP: `\/` for a slash, and `\uXXXX` for everything beyond ASCII.
    Php,
    /// Slashes and UTF-8 unescaped.
    Raw,
}

/// One element of a listing. `num` is not one of its fields, because it is counted when the listing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    kind: Kind,
    fields: Vec<(&'static str, JsonForm)>,
    /// The escaping of its text.
    pub escaping: Escaping,
}

impl Item {
    /// Returns an item without keys.
    pub fn bare(kind: Kind) -> Self {
        Self { kind, fields: Vec::new(), escaping: Escaping::Php }
    }

    /// Returns an item with an id (as a number) and a name. [`Self::with`] adds more.
    pub fn new(kind: Kind, id: i64, name: &str) -> Self {
        Self::bare(kind).with("name", name).with(kind.id_key(), id)
    }

    /// Appends a key, or replaces its value in its place.
    pub fn with(mut self, key: &'static str, value: impl Into<JsonForm>) -> Self {
        self.set(key, value.into());
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the id, or `None` if it can't be read as an integer.
    pub fn id(&self) -> Option<i64> {
        match self.get(self.kind.id_key())?.meaning() {
            JsonForm::Integer(id) => Some(*id),
            JsonForm::Text(text) | JsonForm::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the keys and values in the order in which they are sent.
    pub fn fields(&self) -> &[(&'static str, JsonForm)] {
        &self.fields
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&JsonForm> {
        self.fields.iter().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    /// Sets the value of a key, and returns the former value. A new key comes last.
    pub fn set(&mut self, key: &'static str, value: JsonForm) -> Option<JsonForm> {
        if let Some((_, current)) = self.fields.iter_mut().find(|(own, _)| *own == key) {
            return Some(std::mem::replace(current, value));
        }
        self.fields.push((key, value));
        None
    }

    /// Removes a key, and returns its value.
    pub fn take(&mut self, key: &str) -> Option<JsonForm> {
        let at = self.fields.iter().position(|(own, _)| *own == key)?;
        Some(self.fields.remove(at).1)
    }

    /// Returns every category of the item as text, sorted by bytes and without repetition.
    pub fn category_set(&self) -> Vec<String> {
        let mut set: Vec<String> = self.get("category_id").and_then(JsonForm::scalar_text).into_iter().collect();
        if let Some(JsonForm::Array(more)) = self.get("category_ids").map(JsonForm::meaning) {
            set.extend(more.iter().filter_map(JsonForm::scalar_text));
        }
        set.sort_unstable();
        set.dedup();
        set
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut JsonForm)> {
        self.fields.iter_mut().map(|(key, value)| (*key, value))
    }
}

/// An entry of a category list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// `category_id`.
    pub id: JsonForm,
    /// `category_name`.
    pub name: String,
    /// `parent_id`; `None` if the key is missing.
    pub parent: Option<JsonForm>,
}

impl Category {
    pub(crate) fn form(&self) -> JsonForm {
        let mut members = vec![("category_id", self.id.clone()), ("category_name", JsonForm::text(self.name.clone()))];
        members.extend(self.parent.clone().map(|parent| ("parent_id", parent)));
        JsonForm::object(members)
    }
}
