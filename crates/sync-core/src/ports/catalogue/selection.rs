//! A selection: which items a reader wants, in which order, and how many at once.

use crate::model::{CategoryId, CategorySet, ContentId, ContentKind, Item};
use crate::overlay::Shown;
use crate::search::{Cursor, InvalidCursor, Words};

/// Which items are wanted, in which order, and how many at once.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Selection {
    /// Items of these kinds, each kind once.
    pub kinds: Vec<ContentKind>,
    /// Items that have these words; `None` for all items. Words without a searchable one find nothing.
    pub words: Option<Words>,
    /// Items that pass this filter.
    pub filter: Filter,
    /// How items are shown, and which of them.
    pub view: View,
    /// The order.
    pub sort: Sort,
    /// How many items at most; 0 is treated as 1.
    pub limit: u32,
    /// Items behind this place; `None` begins with the first one.
    after: Option<Cursor>,
}

impl Selection {
    /// The first items of a kind in the panel's order, so many at most.
    pub fn of_kind(kind: ContentKind, limit: u32) -> Self {
        Self {
            kinds: vec![kind],
            words: None,
            filter: Filter::default(),
            view: View::SHOWN,
            sort: Sort::Panel,
            limit,
            after: None,
        }
    }

    /// The items of all kinds that have these words, the best first, so many at most.
    pub fn of_words(words: Words, limit: u32) -> Self {
        let kinds = ContentKind::ALL.to_vec();
        Self {
            kinds,
            words: Some(words),
            filter: Filter::default(),
            view: View::SHOWN,
            sort: Sort::Rank,
            limit,
            after: None,
        }
    }

    /// The same, with this filter.
    #[must_use]
    pub fn filtered(self, filter: Filter) -> Self {
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

    /// The same, behind the place that a cursor names. Set the filter, the view, the order and the words first: a cursor belongs
    /// to one query.
    ///
    /// # Errors
    ///
    /// [`InvalidCursor`] if the text is no cursor, or the cursor of another query.
    pub fn after(self, cursor: &str) -> Result<Self, InvalidCursor> {
        let cursor = Cursor::read(cursor, self.query_digest())?;
        Ok(Self { after: Some(cursor), ..self })
    }

    /// The same, behind the place of a cursor of this query.
    #[must_use]
    pub fn behind(self, cursor: Cursor) -> Self {
        Self { after: Some(cursor), ..self }
    }

    /// The place behind which the items begin.
    pub const fn place(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// A digest of all that makes this query another one: kinds, words, filter, view and order, but neither place nor limit.
    pub(crate) fn query_digest(&self) -> u32 {
        let Self { kinds, words, filter, view, sort, limit: _, after: _ } = self;
        let text = format!("{kinds:?} {words:?} {filter:?} {view:?} {sort:?}");
        u32::try_from(xxhash_rust::xxh3::xxh3_64(text.as_bytes()) >> 32).expect("the upper half of 64 bits")
    }
}

/// What items have to be like.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Filter {
    /// Items that are in one of these categories; empty for all items. Ids of different kinds are unrelated.
    pub categories: Vec<(ContentKind, CategoryId)>,
    /// Items of these years of release, both included.
    pub years: Option<(i64, i64)>,
    /// Items with at least this rating, 0 to 10.
    pub rating_min: Option<f64>,
    /// Items that the panel added at this moment or later, in unix seconds.
    pub added_since: Option<i64>,
    /// Items whose removal is held.
    pub held: bool,
    /// Items that are favourites of the user.
    pub favourite: bool,
    /// Items with this tag of the user.
    pub tag: Option<String>,
}

impl Filter {
    /// No filter: every item passes.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same, for items of this category; of several calls, one of the categories is enough.
    #[must_use]
    pub fn in_category(mut self, kind: ContentKind, category: CategoryId) -> Self {
        self.categories.push((kind, category));
        self
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

    /// The same, for items that the panel added at this moment or later, in unix seconds.
    #[must_use]
    pub fn added_since(self, moment: i64) -> Self {
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

/// How items are shown, and which of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// Whether names, categories, numbers and images are the panel's own, without edits and rewrite rules.
    pub panel: bool,
    /// Whether items that the user has hidden are there.
    pub hidden: bool,
    /// Whether items that the filter excludes are there.
    pub excluded: bool,
}

impl View {
    /// Items as the user wants them: edited, without hidden and excluded ones.
    pub const SHOWN: Self = Self { panel: false, hidden: false, excluded: false };

    /// The rows as the panel lists them: all of them, without edits.
    pub const ROWS: Self = Self { panel: true, hidden: true, excluded: true };

    /// Returns whether an item is there.
    pub const fn has(self, shown: &Shown) -> bool {
        (self.hidden || !shown.hidden) && (self.excluded || !shown.excluded)
    }

    /// Returns an item as this view shows it.
    pub fn item(self, item: Item, shown: &Shown) -> Item {
        if self.panel { item } else { shown.over(item) }
    }
}

/// An order of items. Items that are equal in it, or have no value, are ordered by kind and id; those without a value
/// come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sort {
    /// The panel's order. Items that the last listing did not have come last.
    Panel,
    /// By name, folded, rising.
    Name,
    /// By the moment when the panel added them, the newest first.
    Added,
    /// By year of release, the newest first.
    Year,
    /// By rating, the highest first.
    Rating,
    /// By how well the words fit: the exact name, names that begin with the words, names that have all words, and the
    /// rest; among equals the newest year first. Without words it is the order by year.
    Rank,
}

/// Items of a selection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Selected {
    /// The items, in the order of the selection.
    pub rows: Vec<SelectedRow>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<Cursor>,
    /// Whether the kept search text answered, or the rows had to be read.
    pub answered_by: AnsweredBy,
}

impl Selected {
    /// These items.
    pub const fn new(rows: Vec<SelectedRow>, next: Option<Cursor>, answered_by: AnsweredBy) -> Self {
        Self { rows, next, answered_by }
    }
}

/// What answered a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnsweredBy {
    /// The search text that the store keeps.
    SearchText,
    /// The rows, because the profile keeps no search text.
    RowsWithoutText,
    /// The rows, because the search text is missing, behind the rows or damaged. The next sync writes it anew.
    RowsUntilSync,
}

/// An item of a selection: what a list shows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SelectedRow {
    /// The kind.
    pub kind: ContentKind,
    /// The panel's id.
    pub id: ContentId,
    /// The name, as the view shows it.
    pub name: String,
    /// The panel's own category, or the first one of the set; `None` if the item is in none.
    pub category: Option<CategoryId>,
    /// Every category of the item.
    pub categories: CategorySet,
    /// The year of release.
    pub year: Option<i64>,
    /// 0 to 10.
    pub rating: Option<f64>,
    /// Whether it is a favourite of the user.
    pub favourite: bool,
    /// Whether the user has hidden it.
    pub hidden: bool,
    /// The place of this item: a page after it begins with the next one.
    pub cursor: Cursor,
}

impl SelectedRow {
    /// The row of an item at a place. The item is as the view shows it.
    pub fn of(item: &Item, shown: &Shown, cursor: Cursor) -> Self {
        let first = item.categories().as_slice().first().map(crate::model::Text::as_str);
        Self {
            kind: item.kind(),
            id: item.id(),
            name: item.name().to_owned(),
            category: item.category_id().or(first).map(|id| CategoryId(id.to_owned())),
            categories: item.categories().clone(),
            year: item.year(),
            rating: item.rating(),
            favourite: shown.favourite,
            hidden: shown.hidden,
            cursor,
        }
    }
}
