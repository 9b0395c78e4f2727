//! What a reader asks for: a list of a kind, or a search.

use sync_core::ContentKind;
use sync_core::catalogue::{Sort, View};

use crate::since::Moment;

/// The number of items on a page where none is named.
const LIMIT: u32 = 50;

/// What items have to be like. All conditions have to be met.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ItemFilter {
    /// Items of the category with this id or this name. An id goes before a name, and a name with the same letters in
    /// the same case before one in another case.
    pub category: Option<String>,
    /// Items of these years of release, both included.
    pub years: Option<(i64, i64)>,
    /// Items with at least this rating, 0 to 10.
    pub rating_min: Option<f64>,
    /// Items that the panel added at this moment or later.
    pub added_since: Option<Moment>,
    /// Items whose removal is held.
    pub held: bool,
    /// Items that are favourites of the user.
    pub favourite: bool,
    /// Items with this tag of the user.
    pub tag: Option<String>,
}

impl ItemFilter {
    /// No condition: every item passes.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same, for items of the category with this id or this name.
    #[must_use]
    pub fn in_category(self, category: impl Into<String>) -> Self {
        Self { category: Some(category.into()), ..self }
    }

    /// The same, for items of these years, both included.
    #[must_use]
    pub fn of_years(self, first: i64, last: i64) -> Self {
        Self { years: Some((first, last)), ..self }
    }

    /// The same, for items with at least this rating.
    #[must_use]
    pub fn rated_at_least(self, rating: f64) -> Self {
        Self { rating_min: Some(rating), ..self }
    }

    /// The same, for items that the panel added at this moment or later.
    #[must_use]
    pub fn added_since(self, moment: Moment) -> Self {
        Self { added_since: Some(moment), ..self }
    }

    /// The same, for items whose removal is held.
    #[must_use]
    pub fn only_held(self) -> Self {
        Self { held: true, ..self }
    }

    /// The same, for favourites.
    #[must_use]
    pub fn only_favourites(self) -> Self {
        Self { favourite: true, ..self }
    }

    /// The same, for items with this tag.
    #[must_use]
    pub fn tagged(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }
}

/// A page of the items of a kind.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListRequest {
    /// The kind.
    pub kind: ContentKind,
    /// What the items have to be like.
    pub filter: ItemFilter,
    /// How items are shown, and which of them. Default [`View::SHOWN`].
    pub view: View,
    /// The order. Default [`Sort::Panel`].
    pub sort: Sort,
    /// How many items at most; 0 is treated as 1. Default 50.
    pub limit: u32,
    /// The cursor of the item behind which the page begins; `None` for the first page.
    pub after: Option<String>,
}

impl ListRequest {
    /// The first items of a kind, in the panel's order.
    pub const fn new(kind: ContentKind) -> Self {
        let filter = ItemFilter {
            category: None,
            years: None,
            rating_min: None,
            added_since: None,
            held: false,
            favourite: false,
            tag: None,
        };
        Self { kind, filter, view: View::SHOWN, sort: Sort::Panel, limit: LIMIT, after: None }
    }

    /// The same, for items like these.
    #[must_use]
    pub fn filtered(self, filter: ItemFilter) -> Self {
        Self { filter, ..self }
    }

    /// The same, with this view.
    #[must_use]
    pub fn seen(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// The same, in this order.
    #[must_use]
    pub fn sorted(self, sort: Sort) -> Self {
        Self { sort, ..self }
    }

    /// The same, so many items at most.
    #[must_use]
    pub fn limited(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// The same, behind the item with this cursor.
    #[must_use]
    pub fn after(self, cursor: impl Into<String>) -> Self {
        Self { after: Some(cursor.into()), ..self }
    }
}

/// A page of the items that are found by words.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchRequest {
    /// What a person typed. Any text is a search; see [`Words`](sync_core::Words).
    pub words: String,
    /// Whether a word behind a `-` must not be there. Default false: a name as it stands finds its item.
    pub exclusions: bool,
    /// Items of these kinds. Default all.
    pub kinds: Vec<ContentKind>,
    /// What the items have to be like.
    pub filter: ItemFilter,
    /// How items are shown, and which of them. Default [`View::SHOWN`].
    pub view: View,
    /// The order. Default [`Sort::Rank`].
    pub sort: Sort,
    /// How many items at most; 0 is treated as 1. Default 50.
    pub limit: u32,
    /// The cursor of the item behind which the page begins; `None` for the first page.
    pub after: Option<String>,
}

impl SearchRequest {
    /// The best results for these words, of all kinds.
    pub fn new(words: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            exclusions: false,
            kinds: ContentKind::ALL.to_vec(),
            filter: ItemFilter::none(),
            view: View::SHOWN,
            sort: Sort::Rank,
            limit: LIMIT,
            after: None,
        }
    }

    /// The same, where a word behind a `-` must not be there.
    #[must_use]
    pub fn with_exclusions(self) -> Self {
        Self { exclusions: true, ..self }
    }

    /// The same, of these kinds.
    #[must_use]
    pub fn of_kinds(self, kinds: &[ContentKind]) -> Self {
        Self { kinds: kinds.to_vec(), ..self }
    }

    /// The same, for items like these.
    #[must_use]
    pub fn filtered(self, filter: ItemFilter) -> Self {
        Self { filter, ..self }
    }

    /// The same, with this view.
    #[must_use]
    pub fn seen(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// The same, in this order.
    #[must_use]
    pub fn sorted(self, sort: Sort) -> Self {
        Self { sort, ..self }
    }

    /// The same, so many items at most.
    #[must_use]
    pub fn limited(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// The same, behind the item with this cursor.
    #[must_use]
    pub fn after(self, cursor: impl Into<String>) -> Self {
        Self { after: Some(cursor.into()), ..self }
    }
}
