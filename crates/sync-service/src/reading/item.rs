//! Reads one item with everything that is known of it, and categories with their sizes.

use sync_core::catalogue::{ItemState, KnownItem, SizedCategory};
use sync_core::overlay::{EditedItem, Shown};
use sync_core::{Category, CategoryId, ChangeRecord, ContentId, ContentKind, Item, ProfileId, StoreError};

use crate::service::Service;

/// The number of changes of an item that are shown.
pub const SHOWN_CHANGES: u32 = 10;

/// An item that exists or existed, with the names of its categories.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ShownItem {
    /// The row as the panel lists it, or what is known of an item without a row.
    pub state: ItemState,
    /// The categories in which the item is shown, by id; empty for an item without a row.
    pub categories: Vec<NamedCategory>,
    /// The panel's categories of the item, by id; empty for an item without a row.
    pub panel_categories: Vec<NamedCategory>,
    /// The epoch of the changes.
    pub epoch: i64,
    /// The latest changes, newest first.
    pub changes: Vec<ChangeRecord>,
    /// The user's edits of the item.
    pub edited: Option<EditedItem>,
    /// How the item is shown.
    pub shown: Shown,
}

/// A category of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedCategory {
    /// The panel's id.
    pub id: CategoryId,
    /// The name; `None` if the panel doesn't list the category.
    pub name: Option<String>,
}

impl NamedCategory {
    /// Returns the categories of an item with their names.
    pub(super) fn of<'a>(item: &Item, name: impl Fn(&str) -> Option<&'a str>) -> Vec<Self> {
        let named = |id: &str| Self { id: CategoryId(id.to_owned()), name: name(id).map(str::to_owned) };
        item.categories().iter().map(|id| named(id.as_str())).collect()
    }
}

impl ShownItem {
    /// Adds the names of the categories to an item.
    pub fn of(known: KnownItem, epoch: i64, categories: &[Category]) -> Self {
        let KnownItem { state, changes, edited, shown, .. } = known;
        let name = |id: &str| categories.iter().find(|it| it.id.0 == id).map(|it| it.name.as_str());
        let of = |item: Option<&Item>| item.map(|item| NamedCategory::of(item, name)).unwrap_or_default();
        let row = if let ItemState::Present { item, .. } = &state { Some(&**item) } else { None };
        let panel_categories = of(row);
        let categories = of(row.map(|row| shown.over(row.clone())).as_ref());
        Self { state, categories, panel_categories, epoch, changes, edited, shown }
    }

    /// Returns the item as it is shown; `None` if it has no row.
    pub fn item(&self) -> Option<Item> {
        if let ItemState::Present { item, .. } = &self.state { Some(self.shown.over((**item).clone())) } else { None }
    }
}

impl Service {
    /// Returns an item with everything that is known of it, and its last ten changes. A removed item is returned while
    /// it has a tombstone. An item that is hidden, excluded, or only edited is returned as well.
    pub async fn show(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
    ) -> Result<Option<ShownItem>, StoreError> {
        loop {
            let epoch = self.cache().feed(profile).await?.epoch;
            let Some(known) = self.cache().item(profile, kind, id, SHOWN_CHANGES).await? else { return Ok(None) };
            // The changes belong to this epoch, unless the epoch has ended meanwhile.
            if self.cache().feed(profile).await?.epoch == epoch {
                let categories = self.cache().categories(profile, kind).await?;
                return Ok(Some(ShownItem::of(known, epoch, &categories)));
            }
        }
    }

    /// Returns the categories of a kind in the panel's order, each with the number of its items. After them come the
    /// categories that items name and the panel doesn't list.
    pub async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<SizedCategory>, StoreError> {
        self.cache().sized_categories(profile, kind).await
    }
}
