//! Builders of items with sensible defaults. A test sets only the fields that matter to it.

use crate::detect::digest::representative_rank;
use crate::detect::merge::Change;
use crate::model::{
    Category, CategoryId, Channel, Content, ContentId, ContentKind, FieldSet, Item, Listed, Movie, ProfileId, Series,
    Value,
};
use crate::ports::store::StagedItem;

/// An item that is being built.
#[derive(Debug, Clone)]
pub struct ItemBuilder(Listed);

fn named<T: Content>(id: i64, name: &str) -> ItemBuilder {
    let mut item = T::with_id(ContentId(id));
    item.set(T::KIND.field("name").expect("every kind has names"), Value::Text(format!("{name} {id}").into()));
    ItemBuilder(Listed::from(item).into()).with("category_id", "1").with("added", "1600000000").in_categories(&["1"])
}

/// Returns a channel of category 1, named after its id.
pub fn channel(id: i64) -> ItemBuilder {
    named::<Channel>(id, "Channel")
}

/// Returns a movie of category 1, named after its id.
pub fn movie(id: i64) -> ItemBuilder {
    named::<Movie>(id, "Movie")
}

/// Returns a series of category 1, named after its id.
pub fn series(id: i64) -> ItemBuilder {
    named::<Series>(id, "Series")
}

impl ItemBuilder {
    /// Returns an item of any kind, of category 1 and named after its id.
    pub fn of(kind: ContentKind, id: i64) -> Self {
        match kind {
            ContentKind::Channels => channel(id),
            ContentKind::Movies => movie(id),
            ContentKind::Series => series(id),
        }
    }

    /// Sets a field by its name. The text is read by the field's shape.
    pub fn with(mut self, field: &str, text: &str) -> Self {
        let at = self.at(field);
        self.0.item.set(at, Value::Text(text.into()));
        self.0.present.add(at);
        self
    }

    /// Sets the category set.
    pub fn in_categories(mut self, ids: &[&str]) -> Self {
        let at = self.at("category_ids");
        self.0.item.set(at, Value::Categories(ids.iter().collect()));
        self
    }

    /// Sets the name.
    pub fn name(self, name: &str) -> Self {
        self.with("name", name)
    }

    /// Leaves a key out, as a panel may do.
    pub fn without(mut self, field: &str) -> Self {
        let at = self.at(field);
        self.0.item.set(at, Value::Null);
        self.0.present.drop(at);
        self
    }

    /// Leaves out every key except these.
    pub fn only(mut self, fields: &[&str]) -> Self {
        for spec in self.0.item.kind().fields() {
            if !fields.contains(&spec.name) {
                self = self.without(spec.name);
            }
        }
        self
    }

    fn at(&self, field: &str) -> usize {
        let kind = self.0.item.kind();
        kind.field(field).unwrap_or_else(|| panic!("{kind} has no field {field}"))
    }

    /// Returns the item as a listing has it.
    pub fn listed(self) -> Listed {
        self.0
    }

    /// Returns the item as a store has it.
    pub fn item(self) -> Item {
        self.0.item
    }

    /// Returns the fields whose keys are present.
    pub fn present(&self) -> FieldSet {
        self.0.present
    }
}

/// Returns an item that is staged with this change.
pub fn staged(item: ItemBuilder, change: Change) -> StagedItem {
    let listed = item.listed();
    StagedItem { rank: Some(representative_rank(&listed.item, listed.present)), item: listed.item, change, hash: None }
}

/// Returns a category that is named after its id.
pub fn category(id: &str) -> Category {
    Category { id: CategoryId(id.to_owned()), name: format!("Category {id}"), parent_id: None }
}

/// Returns a profile id.
///
/// # Panics
///
/// Panics if the text can't name a profile.
pub fn profile(id: &str) -> ProfileId {
    ProfileId::new(id).expect("a test names its profiles well")
}
