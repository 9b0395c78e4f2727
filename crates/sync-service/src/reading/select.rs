//! Lists and searches: turns a request into a selection, and adds the names of categories to the selected items.

use std::collections::HashMap;

use sync_core::catalogue::{AnsweredBy, Filter, Selected, SelectedRow, Selection, SizedCategory, Sort, View};
use sync_core::{Category, ContentKind, PerKind, ProfileId, Words};

use super::ReadError;
use super::category::{self, FoundCategory};
use super::cursor::Since;
use super::request::{ItemFilter, ListRequest, SearchRequest};
use crate::service::Service;

/// An item of a list or a search.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FoundItem {
    /// The values that a list shows.
    pub row: SelectedRow,
    /// The name of [`SelectedRow::category`]; `None` if the panel doesn't list it.
    pub category_name: Option<String>,
    /// The place of this item, for [`ListRequest::after`] and [`SearchRequest::after`]. It takes the place of the
    /// cursor of the row, which doesn't contain ages.
    pub cursor: String,
}

/// A page of items.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ItemsPage {
    /// The items, in their order.
    pub items: Vec<FoundItem>,
    /// The cursor after which the next page begins; `None` if this page is the last one.
    pub next: Option<String>,
    /// Whether the search text answered, or the rows had to be read.
    pub answered_by: AnsweredBy,
}

/// A list or a search for a program that asks a [`Catalogue`](sync_core::Catalogue) by itself, for example
/// synchronously.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    kinds: &'a [ContentKind],
    words: Option<Words>,
    filter: &'a ItemFilter,
    view: View,
    sort: Sort,
    limit: u32,
    after: Option<&'a str>,
}

impl<'a> From<&'a ListRequest> for Query<'a> {
    fn from(request: &'a ListRequest) -> Self {
        let ListRequest { kind, filter, view, sort, limit, after } = request;
        let kinds = std::slice::from_ref(kind);
        Self { kinds, words: None, filter, view: *view, sort: *sort, limit: *limit, after: after.as_deref() }
    }
}

impl<'a> From<&'a SearchRequest> for Query<'a> {
    fn from(request: &'a SearchRequest) -> Self {
        let SearchRequest { words, exclusions, kinds, filter, view, sort, limit, after } = request;
        let words = if *exclusions { Words::with_exclusions(words) } else { Words::new(words) };
        Self { kinds, words: Some(words), filter, view: *view, sort: *sort, limit: *limit, after: after.as_deref() }
    }
}

impl Query<'_> {
    /// Returns the kinds whose categories have to be known, each once.
    pub fn kinds(&self) -> Vec<ContentKind> {
        ContentKind::ALL.into_iter().filter(|kind| self.kinds.contains(kind)).collect()
    }

    /// Returns the selection, with the categories of its kinds.
    ///
    /// # Errors
    ///
    /// [`ReadError::UnknownCategory`] and [`ReadError::AmbiguousCategory`] if the request names a category that can't
    /// be identified; [`ReadError::Cursor`] if it has a cursor of another query.
    pub fn selection(&self, categories: &PerKind<Vec<Category>>, now: i64) -> Result<Asked, ReadError> {
        let known = || -> Vec<FoundCategory> {
            let of_kind = |kind: ContentKind| categories[kind].iter().map(move |it| FoundCategory::listed(kind, it));
            self.kinds().into_iter().flat_map(of_kind).collect()
        };
        self.asked(&known, now)
    }

    /// Does the same as [`Self::selection`], for a category that the panel may no longer list.
    ///
    /// # Errors
    ///
    /// The same as those of [`Self::selection`].
    pub fn selection_of_sized(&self, categories: &PerKind<Vec<SizedCategory>>, now: i64) -> Result<Asked, ReadError> {
        let known = || -> Vec<FoundCategory> {
            let of_kind = |kind: ContentKind| categories[kind].iter().map(move |it| FoundCategory::sized(kind, it));
            self.kinds().into_iter().flat_map(of_kind).collect()
        };
        self.asked(&known, now)
    }

    fn asked(&self, known: &dyn Fn() -> Vec<FoundCategory>, now: i64) -> Result<Asked, ReadError> {
        let (since, after) = Since::of(self.filter.added_since, self.after, now)?;
        let mut filter = Filter::none();
        if let Some(wanted) = &self.filter.category {
            for (kind, id) in category::find(wanted, &known())? {
                filter = filter.in_category(kind, id);
            }
        }
        let ItemFilter { category: _, years, rating_min, added_since: _, held, favourite, tag } = self.filter;
        (filter.years, filter.rating_min, filter.added_since, filter.held) = (*years, *rating_min, since.moment, *held);
        (filter.favourite, filter.tag) = (*favourite, tag.clone());
        let mut selection = match &self.words {
            Some(words) => Selection::of_words(words.clone(), self.limit),
            None => Selection::of_kind(ContentKind::Channels, self.limit),
        };
        selection.kinds = self.kinds();
        let mut selection = selection.filtered(filter).seen(self.view).sorted(self.sort);
        if let Some(after) = after {
            selection = selection.after(after)?;
        }
        Ok(Asked { selection, since })
    }
}

/// A query that can be asked of a [`Catalogue`](sync_core::Catalogue).
#[derive(Debug, Clone)]
pub struct Asked {
    /// The selection to ask for.
    pub selection: Selection,
    since: Since,
}

impl Asked {
    /// Adds the names of the categories to the selected rows.
    pub fn page(&self, selected: Selected, categories: &PerKind<Vec<Category>>) -> ItemsPage {
        let names = PerKind::from_fn(|kind| {
            let names = categories[kind].iter().map(|category| (category.id.0.as_str(), category.name.as_str()));
            names.collect::<HashMap<_, _>>()
        });
        let item = |row: SelectedRow| {
            let name = row.category.as_ref().and_then(|id| names[row.kind].get(id.0.as_str()).copied());
            FoundItem { cursor: self.since.text(&row.cursor), category_name: name.map(str::to_owned), row }
        };
        ItemsPage {
            items: selected.rows.into_iter().map(item).collect(),
            next: selected.next.map(|next| self.since.text(&next)),
            answered_by: selected.answered_by,
        }
    }
}

impl Service {
    /// Returns a page of the items of a kind.
    ///
    /// # Errors
    ///
    /// [`ReadError::UnknownCategory`] and [`ReadError::AmbiguousCategory`] if the request names a category that can't
    /// be identified; [`ReadError::Cursor`] if it has a cursor of another query.
    pub async fn list(&self, profile: &ProfileId, request: &ListRequest) -> Result<ItemsPage, ReadError> {
        self.answer(profile, request.into()).await
    }

    /// Returns a page of the items that are found by words. If no word can be searched, nothing is found.
    ///
    /// # Errors
    ///
    /// The same as those of [`Self::list`].
    pub async fn search(&self, profile: &ProfileId, request: &SearchRequest) -> Result<ItemsPage, ReadError> {
        self.answer(profile, request.into()).await
    }

    async fn answer(&self, profile: &ProfileId, query: Query<'_>) -> Result<ItemsPage, ReadError> {
        let mut categories = PerKind::from_fn(|_| Vec::new());
        for kind in query.kinds() {
            categories[kind] = self.cache().categories(profile, kind).await?;
        }
        let asked = match query.selection(&categories, self.now()) {
            Err(ReadError::UnknownCategory { .. }) => {
                // Items may name a category that the panel doesn't list. Counting the categories of items takes longer.
                let mut sized = PerKind::from_fn(|_| Vec::new());
                for kind in query.kinds() {
                    sized[kind] = self.cache().sized_categories(profile, kind).await?;
                }
                query.selection_of_sized(&sized, self.now())?
            }
            asked => asked?,
        };
        let selected = self.cache().select(profile, asked.selection.clone()).await?;
        Ok(asked.page(selected, &categories))
    }
}
