//! A selection: the items that a reader wants, their order, and the size of a page.

use crate::model::{CategoryId, CategorySet, ContentId, ContentKind, Item};
use crate::overlay::Shown;
use crate::search::{Cursor, InvalidCursor, Words};

/// The items that are wanted, their order, and the size of a page.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Selection {
    /// Only items of these kinds, each kind once.
    pub kinds: Vec<ContentKind>,
    /// Only items that have these words; `None` for all items. If no word can be searched, nothing is found.
    pub words: Option<Words>,
    /// Only items that meet these conditions.
    pub filter: Filter,
    /// How items are shown, and which of them.
    pub view: View,
    /// The order.
    pub sort: Sort,
    /// The largest number of items; 0 is treated as 1.
    pub limit: u32,
    /// Only items after this place; `None` begins with the first one.
    after: Option<Cursor>,
}

impl Selection {
    /// Returns a selection of the first items of a kind in the panel's order, at most `limit`.
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

    /// Returns a selection of the items of all kinds that have these words, the best first, at most `limit`.
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

    /// Sets the conditions.
    #[must_use]
    pub fn filtered(self, filter: Filter) -> Self {
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

    /// Begins after the place that a cursor names. Set the conditions, the view, the order and the words first, because
    /// a cursor belongs to one query.
    ///
    /// # Errors
    ///
    /// [`InvalidCursor`] if the text is no cursor, or the cursor of another query.
    pub fn after(self, cursor: &str) -> Result<Self, InvalidCursor> {
        let cursor = Cursor::read(cursor, self.query_digest())?;
        Ok(Self { after: Some(cursor), ..self })
    }

    /// Begins after the place of a cursor of this query.
    #[must_use]
    pub fn behind(self, cursor: Cursor) -> Self {
        Self { after: Some(cursor), ..self }
    }

    /// Returns the place after which the items begin; `None` for the first page.
    pub const fn place(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// Returns a digest of everything that makes a query different: kinds, words, conditions, view and order, but
    /// neither the place nor the limit.
    pub(crate) fn query_digest(&self) -> u32 {
        let Self { kinds, words, filter, view, sort, limit: _, after: _ } = self;
        let text = format!("{kinds:?} {words:?} {filter:?} {view:?} {sort:?}");
        u32::try_from(xxhash_rust::xxh3::xxh3_64(text.as_bytes()) >> 32).expect("the upper half of 64 bits")
    }
}

/// The conditions of a selection. An item has to meet all of them.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Filter {
    /// Only items that are in one of these categories; empty for all items. Ids of different kinds are unrelated.
    pub categories: Vec<(ContentKind, CategoryId)>,
    /// Only items of these years of release, both included.
    pub years: Option<(i64, i64)>,
    /// Only items with at least this rating, 0 to 10.
    pub rating_min: Option<f64>,
    /// Only items that the panel added at this moment or later, in unix seconds.
    pub added_since: Option<i64>,
    /// Only items whose removal is held.
    pub held: bool,
    /// Only favourites of the user.
    pub favourite: bool,
    /// Only items with this tag of the user.
    pub tag: Option<String>,
}

impl Filter {
    /// Returns no conditions: every item meets them.
    pub fn none() -> Self {
        Self::default()
    }

    /// Keeps only items of this category. After several calls, an item needs to be in only one of the categories.
    #[must_use]
    pub fn in_category(mut self, kind: ContentKind, category: CategoryId) -> Self {
        self.categories.push((kind, category));
        self
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

    /// Keeps only items that the panel added at this moment or later, in unix seconds.
    #[must_use]
    pub fn added_since(self, moment: i64) -> Self {
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

/// How items are shown, and which of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// Whether names, categories, numbers and images are the panel's own, without edits and rewrite rules.
    pub panel: bool,
    /// Whether items that the user has hidden are included.
    pub hidden: bool,
    /// Whether items that the filter excludes are included.
    pub excluded: bool,
}

impl View {
    /// Items as the user wants them: edited, without hidden and excluded ones.
    pub const SHOWN: Self = Self { panel: false, hidden: false, excluded: false };

    /// The rows as the panel lists them: all of them, without edits.
    pub const ROWS: Self = Self { panel: true, hidden: true, excluded: true };

    /// Returns whether the view includes an item.
    pub const fn has(self, shown: &Shown) -> bool {
        (self.hidden || !shown.hidden) && (self.excluded || !shown.excluded)
    }

    /// Returns an item as this view shows it.
    pub fn item(self, item: Item, shown: &Shown) -> Item {
        if self.panel { item } else { shown.over(item) }
    }
}

/// An order of items. Items that are equal in it, or have no value, are ordered by kind and id. Items without a value
/// come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sort {
    /// The panel's order. Items that are not in the last listing come last.
    Panel,
    /// By folded name, ascending.
    Name,
    /// By the time at which the panel added them, the newest first.
    Added,
    /// By year of release, the newest first.
    Year,
    /// By rating, the highest first.
    Rating,
    /// By how well the words fit: the exact name, names that begin with the words, names that have all words, and the
    /// rest. Equally good items are ordered by year, the newest first. Without words, it is the order by year.
    Rank,
}

/// Items of a selection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Selected {
    /// The items, in the order of the selection.
    pub rows: Vec<SelectedRow>,
    /// The place after which the next page begins; `None` if this page is the last one.
    pub next: Option<Cursor>,
    /// Whether the search text answered, or the rows had to be read.
    pub answered_by: AnsweredBy,
}

impl Selected {
    /// Returns these items.
    pub const fn new(rows: Vec<SelectedRow>, next: Option<Cursor>, answered_by: AnsweredBy) -> Self {
        Self { rows, next, answered_by }
    }
}

/// The source of the answer to a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnsweredBy {
    /// The search text that the store keeps.
    SearchText,
    /// The rows, because the profile keeps no search text.
    RowsWithoutText,
    /// The rows, because the search text is missing, older than the rows, or damaged. The next sync writes it anew.
    RowsUntilSync,
}

/// An item of a selection, with the values that a list shows.
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
    /// The rating, 0 to 10.
    pub rating: Option<f64>,
    /// Whether it is a favourite of the user.
    pub favourite: bool,
    /// Whether the user has hidden it.
    pub hidden: bool,
    /// The place of this item: a page after it begins with the next one.
    pub cursor: Cursor,
}

impl SelectedRow {
    /// Returns the row of an item at a place. The item is as the view shows it.
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
