//! Reads all rows, page by page.

use std::collections::HashMap;

use sync_core::catalogue::{PageRequest, View};
use sync_core::{ContentId, ContentKind, Item, ProfileId, StoreError};

use super::item::NamedCategory;
use crate::service::Service;

/// The number of rows that one call reads. Only these rows are in memory.
const PAGE: u32 = 500;

/// A row of an export.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ExportedItem {
    /// The row.
    pub item: Item,
    /// Its categories, by id.
    pub categories: Vec<NamedCategory>,
}

/// Reads all rows, kind by kind and by ascending id. A row that exists from the beginning to the end is read exactly
/// once, whatever is added or removed meanwhile.
#[derive(Debug)]
pub struct ExportReader {
    service: Service,
    profile: ProfileId,
    view: View,
    /// The kinds that are left. The current one is the last.
    kinds: Vec<ContentKind>,
    after: Option<ContentId>,
    /// The names of the categories of the current kind; `None` before its first page.
    names: Option<HashMap<String, String>>,
}

impl Service {
    /// Begins to read all rows of these kinds, as they are shown; see [`ExportReader::seen`].
    pub fn export(&self, profile: &ProfileId, kinds: &[ContentKind]) -> ExportReader {
        let mut kinds: Vec<_> = ContentKind::ALL.into_iter().filter(|kind| kinds.contains(kind)).collect();
        kinds.reverse();
        ExportReader {
            service: self.clone(),
            profile: profile.clone(),
            view: View::SHOWN,
            kinds,
            after: None,
            names: None,
        }
    }
}

impl ExportReader {
    /// Sets the view.
    #[must_use]
    pub fn seen(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// Reads the next rows. Returns `None` at the end. A page may be empty.
    pub async fn next_page(&mut self) -> Result<Option<Vec<ExportedItem>>, StoreError> {
        let Some(kind) = self.kinds.last().copied() else { return Ok(None) };
        let cache = self.service.cache();
        let names = if let Some(names) = self.names.take() {
            names
        } else {
            let categories = cache.categories(&self.profile, kind).await?;
            categories.into_iter().map(|category| (category.id.0, category.name)).collect()
        };
        let mut request = PageRequest::first(PAGE).seen(self.view);
        request.after = self.after;
        let page = cache.page(&self.profile, kind, request).await?;
        let name = |id: &str| names.get(id).map(String::as_str);
        let items =
            page.items.into_iter().map(|item| ExportedItem { categories: NamedCategory::of(&item, name), item });
        let items = items.collect();
        self.after = page.next;
        if self.after.is_some() {
            self.names = Some(names);
        } else {
            self.kinds.pop();
        }
        Ok(Some(items))
    }
}
