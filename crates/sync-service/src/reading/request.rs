//! The requests of readers: a list of a kind, or a search.

use sync_core::ContentKind;
use sync_core::catalogue::{Sort, View};

use crate::since::Moment;

/// The number of items on a page if the request names none.
const LIMIT: u32 = 50;

/// The conditions of a list or a search. An item has to meet all of them.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ItemFilter {
    /// Only items of the category with this id or this name. An id comes before a name, and a name in the same case
    /// before a name in another case.
    pub category: Option<String>,
    /// Only items of these years of release, both included.
    pub years: Option<(i64, i64)>,
    /// Only items with at least this rating, 0 to 10.
    pub rating_min: Option<f64>,
    /// Only items that the panel added at this moment or later.
    pub added_since: Option<Moment>,
    /// Only items whose removal is held.
    pub held: bool,
    /// Only favourites of the user.
    pub favourite: bool,
    /// Only items with this tag of the user.
    pub tag: Option<String>,
}

impl ItemFilter {
    /// Returns no conditions: every item meets them.
    pub fn none() -> Self {
        Self::default()
    }

    /// Keeps only items of the category with this id or this name.
    #[must_use]
    pub fn in_category(self, category: impl Into<String>) -> Self {
        Self { category: Some(category.into()), ..self }
    }

    /// Keeps only items of these years, both included.
    #[must_use]
    pub fn of_years(self, first: i64, last: i64) -> Self {
        Self { years: Some((first, last)), ..self }
    }

    /// Keeps only items with at least this rating.
    #[must_use]
    pub fn rated_at_least(self, rating: f64) -> Self {
        Self { rating_min: Some(rating), ..self }
    }

    /// Keeps only items that the panel added at this moment or later.
    #[must_use]
    pub fn added_since(self, moment: Moment) -> Self {
        Self { added_since: Some(moment), ..self }
    }

    /// Keeps only items whose removal is held.
    #[must_use]
    pub fn only_held(self) -> Self {
        Self { held: true, ..self }
    }

    /// Keeps only favourites.
    #[must_use]
    pub fn only_favourites(self) -> Self {
        Self { favourite: true, ..self }
    }

    /// Keeps only items with this tag.
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
    /// The conditions.
    pub filter: ItemFilter,
    /// How items are shown, and which of them. The default is [`View::SHOWN`].
    pub view: View,
    /// The order. The default is [`Sort::Panel`].
    pub sort: Sort,
    /// The largest number of items; 0 is treated as 1. The default is 50.
    pub limit: u32,
    /// The cursor of the item after which the page begins; `None` for the first page.
    pub after: Option<String>,
}

impl ListRequest {
    /// Returns a request for the first items of a kind, in the panel's order.
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

    /// Sets the conditions.
    #[must_use]
    pub fn filtered(self, filter: ItemFilter) -> Self {
        Self { filter, ..self }
    }

    /// Sets the view.
    #[must_use]
    pub fn seen(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// Sets the order.
    #[must_use]
    pub fn sorted(self, sort: Sort) -> Self {
        Self { sort, ..self }
    }

    /// Sets the largest number of items.
    #[must_use]
    pub fn limited(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// Begins the page after the item with this cursor.
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
    /// Whether a word after a `-` must not occur. The default is false, so that a name with a `-` finds its item.
    pub exclusions: bool,
    /// The kinds of the items. The default is all kinds.
    pub kinds: Vec<ContentKind>,
    /// The conditions.
    pub filter: ItemFilter,
    /// How items are shown, and which of them. The default is [`View::SHOWN`].
    pub view: View,
    /// The order. The default is [`Sort::Rank`].
    pub sort: Sort,
    /// The largest number of items; 0 is treated as 1. The default is 50.
    pub limit: u32,
    /// The cursor of the item after which the page begins; `None` for the first page.
    pub after: Option<String>,
}

impl SearchRequest {
    /// Returns a request for the best results for these words, of all kinds.
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

    /// Excludes items that have a word after a `-`.
    #[must_use]
    pub fn with_exclusions(self) -> Self {
        Self { exclusions: true, ..self }
    }

    /// Keeps only items of these kinds.
    #[must_use]
    pub fn of_kinds(self, kinds: &[ContentKind]) -> Self {
        Self { kinds: kinds.to_vec(), ..self }
    }

    /// Sets the conditions.
    #[must_use]
    pub fn filtered(self, filter: ItemFilter) -> Self {
        Self { filter, ..self }
    }

    /// Sets the view.
    #[must_use]
    pub fn seen(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// Sets the order.
    #[must_use]
    pub fn sorted(self, sort: Sort) -> Self {
        Self { sort, ..self }
    }

    /// Sets the largest number of items.
    #[must_use]
    pub fn limited(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// Begins the page after the item with this cursor.
    #[must_use]
    pub fn after(self, cursor: impl Into<String>) -> Self {
        Self { after: Some(cursor.into()), ..self }
    }
}
