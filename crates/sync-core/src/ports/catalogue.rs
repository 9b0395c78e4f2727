//! The port for readers: the cached items, their state, and what has happened to them.

mod selection;

pub use selection::{AnsweredBy, Filter, Selected, SelectedRow, Selection, Sort, View};

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::facts::PanelFacts;
use crate::feed::change::ChangeRecord;
use crate::feed::position::Feed;
use crate::model::{Category, CategoryId, ContentId, ContentKind, Item, PerKind, ProfileId};
use crate::overlay::{EditedItem, Shown};
use crate::policy::history::KindHistory;
use crate::ports::store::StoreError;
use crate::removal::guard::HoldReason;
use crate::removal::held::HeldRemoval;
use crate::run::record::RunRecord;
use crate::run::record::RunStatus;

/// Reads the cached content of any number of profiles.
///
/// # Contract
///
/// - Each call sees one state of the cache: that before an apply, or that after it.
/// - No call waits for a sync under way, and none changes anything.
/// - A profile that doesn't exist is [`StoreError::UnknownProfile`].
/// - Items are shown as their rows, the user's edits and the rules say, unless a [`View`] asks for something else.
///   [`Self::item`] answers for every item, and says what is shown of it. Categories are counted by the rows, without filters.
/// - Pages that follow one another have each row once: a row that is there from the first page to the last one is in
///   exactly one of them, whatever is added or removed meanwhile.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Returns how a profile's cache stands.
    async fn content_status(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError>;

    /// Returns the latest runs, newest first, at most `limit`.
    async fn runs(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError>;

    /// Returns when the list of each kind was last taken, and which attempts have failed since: the newest run that
    /// took it counts, however many runs came later.
    async fn kind_histories(&self, profile: &ProfileId) -> Result<PerKind<KindHistory>, StoreError> {
        Ok(KindHistory::of_runs(&self.runs(profile, u32::MAX).await?))
    }

    /// Returns the changes after a sequence number, oldest first, at most `limit`.
    async fn changes(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<Vec<ChangeRecord>, StoreError> {
        Ok(self.feed_page(profile, after, limit).await?.changes)
    }

    /// Returns how far the feed of a profile goes.
    async fn feed(&self, profile: &ProfileId) -> Result<Feed, StoreError>;

    /// Returns the changes after a sequence number, oldest first, at most `limit`, and how far the feed goes: both of
    /// one state. Changes of an epoch that has ended are not among them.
    async fn feed_page(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<FeedPage, StoreError>;

    /// Returns the removals of a kind that are held, by rising id.
    async fn held_removals(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError>;

    /// Returns the categories of a kind in the panel's order, each with the number of items in it. An item counts in
    /// every category of its set. Behind them, by rising id, are those that items name and the panel doesn't.
    async fn sized_categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<SizedCategory>, StoreError>;

    /// Returns the items of a kind by rising id, as many as the page has room for.
    async fn page(&self, profile: &ProfileId, kind: ContentKind, page: PageRequest) -> Result<Page, StoreError>;

    /// Returns an item with all that is known of it, and its latest changes, newest first, at most `changes`. An item
    /// that was removed and is remembered has its tombstone, and an item that is only edited is there as well.
    async fn item(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
        changes: u32,
    ) -> Result<Option<KnownItem>, StoreError>;

    /// Returns the items of a selection, in its order.
    ///
    /// A page that begins behind a cursor goes on where the item of the cursor stood, also if it is gone.
    async fn select(&self, profile: &ProfileId, selection: Selection) -> Result<Selected, StoreError>;
}

/// An item that is there, or was.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KnownItem {
    /// The row, or what is remembered of it.
    pub state: ItemState,
    /// The latest changes of the item, newest first. Those of an epoch that has ended are not among them.
    pub changes: Vec<ChangeRecord>,
    /// The user's edits of the item.
    pub edited: Option<EditedItem>,
    /// How the item is shown.
    pub shown: Shown,
}

impl KnownItem {
    /// An item in a state, with its changes and without edits.
    pub fn new(state: ItemState, changes: Vec<ChangeRecord>) -> Self {
        Self { state, changes, edited: None, shown: Shown::default() }
    }

    /// The same, with the user's edits, and how it is shown.
    #[must_use]
    pub fn edited(self, edited: Option<EditedItem>, shown: Shown) -> Self {
        Self { edited, shown, ..self }
    }
}

/// Whether an item is there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ItemState {
    /// The item is there.
    Present {
        /// The row.
        item: Box<Item>,
        /// When the row was made, in unix seconds. A returned item has the time of its first row.
        created_at: i64,
        /// When the row was last written, in unix seconds.
        updated_at: i64,
        /// Its removal, if it is held.
        held: Option<HeldRemoval>,
    },
    /// The item has no row and no tombstone, and the user has edited it.
    Unlisted,
    /// The item was removed.
    Removed {
        /// Its last name.
        name: String,
        /// When it was removed, in unix seconds.
        removed_at: i64,
    },
}

/// A category, and the number of its items.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizedCategory {
    /// The panel's id.
    pub id: CategoryId,
    /// The name; `None` if the panel doesn't list the category.
    pub name: Option<String>,
    /// The id of the category above it, as the panel says.
    pub parent_id: Option<i64>,
    /// The position in the panel's order, from 0; `None` if the panel doesn't list the category.
    pub position: Option<u32>,
    /// The number of items in it.
    pub items: u64,
}

impl SizedCategory {
    /// Puts the categories of a kind, in the panel's order, and the ids that its items name, with the number of items of
    /// each, into one list.
    pub fn list(listed: Vec<Category>, mut sizes: BTreeMap<String, u64>) -> Vec<Self> {
        let mut all = Vec::with_capacity(listed.len());
        for (position, category) in (0..).zip(listed) {
            let items = sizes.remove(&category.id.0).unwrap_or_default();
            let Category { id, name, parent_id } = category;
            all.push(Self { id, name: Some(name), parent_id, position: Some(position), items });
        }
        let unlisted = sizes.into_iter().filter(|(_, items)| *items > 0);
        let unlisted = unlisted.map(|(id, items)| (CategoryId(id), items));
        all.extend(unlisted.map(|(id, items)| Self { id, name: None, parent_id: None, position: None, items }));
        all
    }
}

/// Some entries of the feed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FeedPage {
    /// How far the feed goes.
    pub feed: Feed,
    /// The entries, oldest first.
    pub changes: Vec<ChangeRecord>,
}

impl FeedPage {
    /// A page of these entries.
    pub const fn new(feed: Feed, changes: Vec<ChangeRecord>) -> Self {
        Self { feed, changes }
    }
}

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest {
    /// Only rows of this category.
    pub category: Option<CategoryId>,
    /// Only rows behind this id: the end of the page before.
    pub after: Option<ContentId>,
    /// How many rows at most; 0 is treated as 1.
    pub limit: u32,
    /// How items are shown, and which of them.
    pub view: View,
}

impl PageRequest {
    /// The first rows of a kind, so many at most.
    pub const fn first(limit: u32) -> Self {
        Self { category: None, after: None, limit, view: View::SHOWN }
    }

    /// The same, with this view.
    #[must_use]
    pub fn seen(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// The same, of this category only.
    #[must_use]
    pub fn within(self, category: CategoryId) -> Self {
        Self { category: Some(category), ..self }
    }

    /// The same, behind this id.
    #[must_use]
    pub fn after(self, id: ContentId) -> Self {
        Self { after: Some(id), ..self }
    }
}

/// Some rows.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The rows, by rising id.
    pub items: Vec<Item>,
    /// Behind which id the next page begins; `None` when this is the last one.
    pub next: Option<ContentId>,
}

impl Page {
    /// A page of so many rows, of these: one more than it has room for says that there is another page.
    pub fn of(mut items: Vec<Item>, limit: u32) -> Self {
        let room = (limit.max(1)) as usize;
        let is_last = items.len() <= room;
        items.truncate(room);
        let next = items.last().map(Item::id).filter(|_| !is_last);
        Self { items, next }
    }
}

/// How a profile's cache stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentStatus {
    /// How the last run stands or ended; `None` before the first one and after a clear.
    pub sync_status: Option<RunStatus>,
    /// One sentence of the last run.
    pub message: Option<String>,
    /// Every kind.
    pub kinds: PerKind<KindStatus>,
    /// What the panel last said of the account.
    pub account: Option<AccountStanding>,
    /// What runs have learnt of the panel.
    pub facts: PanelFacts,
}

/// How a kind of a profile stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindStatus {
    /// The kind.
    pub kind: ContentKind,
    /// The panel's clock at the start of the last applied listing, in unix seconds.
    pub last_sync: Option<i64>,
    /// Stored rows.
    pub rows: u64,
    /// What is held, by reason.
    pub held: Vec<HeldGroup>,
    /// Since when the next sync is to compare every item, because a check found what doesn't fit; in
    /// unix seconds.
    pub doubted_since: Option<i64>,
}

/// Removals that are held for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldGroup {
    /// The reason.
    pub reason: HoldReason,
    /// How many.
    pub count: u64,
    /// Since when the oldest of them is, in unix seconds.
    pub oldest_since: i64,
    /// The names of up to three of them.
    pub examples: Vec<String>,
    /// How many sound listings have missed the least proven of them; 0 where one has no evidence.
    pub listings: u64,
    /// Since when the evidence against the least proven of them goes back, in unix seconds; `None`
    /// where one has none.
    pub evidence_since: Option<i64>,
}

/// What the panel last said of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStanding {
    /// Its status, in the panel's words.
    pub status: String,
    /// When it ends, in unix seconds.
    pub expires_at: Option<i64>,
    /// When the panel said so, by our own clock, in unix seconds.
    pub checked_at: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::movie;

    #[test]
    fn a_page_knows_whether_there_is_another_one() {
        let of = |ids: &[i64], limit| {
            let page = Page::of(ids.iter().map(|id| movie(*id).item()).collect(), limit);
            (page.items.len(), page.next)
        };
        assert_eq!(of(&[], 2), (0, None));
        assert_eq!(of(&[4, 5], 2), (2, None));
        assert_eq!(of(&[4, 5, 6], 2), (2, Some(ContentId(5))));
        assert_eq!(of(&[4, 5], 0), (1, Some(ContentId(4))), "a page has room for one");
    }
}
