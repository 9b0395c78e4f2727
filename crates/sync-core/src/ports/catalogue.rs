//! The port for readers: the cached items, their state, and their changes.

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
/// - Each call sees one state of the cache: the state before an apply, or the state after it.
/// - No call waits for a sync under way, and no call changes anything.
/// - A profile that doesn't exist is [`StoreError::UnknownProfile`].
/// - Items are shown as their rows, the user's edits and the rules say, unless a [`View`] asks for something else.
///   [`Self::item`] answers for every item, and says how it is shown. Categories are counted by the rows, without
///   filters.
/// - Successive pages have each row once: a row that exists from the first page to the last one is in exactly one of
///   them, whatever is added or removed meanwhile.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Returns the state of a profile's cache.
    async fn content_status(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError>;

    /// Returns the latest runs, newest first, at most `limit`.
    async fn runs(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError>;

    /// Returns the time of the last list of each kind, and the attempts that have failed since then. The newest run
    /// that took a list counts, however many runs came later.
    async fn kind_histories(&self, profile: &ProfileId) -> Result<PerKind<KindHistory>, StoreError> {
        Ok(KindHistory::of_runs(&self.runs(profile, u32::MAX).await?))
    }

    /// Returns the changes after a sequence number, oldest first, at most `limit`.
    async fn changes(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<Vec<ChangeRecord>, StoreError> {
        Ok(self.feed_page(profile, after, limit).await?.changes)
    }

    /// Returns the extent of the feed of a profile.
    async fn feed(&self, profile: &ProfileId) -> Result<Feed, StoreError>;

    /// Returns the changes after a sequence number, oldest first, at most `limit`, and the extent of the feed, both
    /// from one state. Changes of an epoch that has ended are not among them.
    async fn feed_page(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<FeedPage, StoreError>;

    /// Returns the held removals of a kind, by ascending id.
    async fn held_removals(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError>;

    /// Returns the categories of a kind in the panel's order, each with the number of items in it. An item counts in
    /// every category of its set. After them come, by ascending id, the categories that items name and the panel
    /// doesn't list.
    async fn sized_categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<SizedCategory>, StoreError>;

    /// Returns the items of a kind by ascending id, as many as the page has room for.
    async fn page(&self, profile: &ProfileId, kind: ContentKind, page: PageRequest) -> Result<Page, StoreError>;

    /// Returns an item with everything that is known of it, and its latest changes, newest first, at most `changes`. A
    /// removed item is returned while it has a tombstone. An item that is only edited is returned as well.
    async fn item(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
        changes: u32,
    ) -> Result<Option<KnownItem>, StoreError>;

    /// Returns the items of a selection, in its order.
    ///
    /// A page that begins after a cursor goes on where the item of the cursor was, even if the item is gone.
    async fn select(&self, profile: &ProfileId, selection: Selection) -> Result<Selected, StoreError>;
}

/// An item that exists or existed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KnownItem {
    /// The row, or what is known of an item without a row.
    pub state: ItemState,
    /// The latest changes of the item, newest first. Changes of an epoch that has ended are not among them.
    pub changes: Vec<ChangeRecord>,
    /// The user's edits of the item.
    pub edited: Option<EditedItem>,
    /// How the item is shown.
    pub shown: Shown,
}

impl KnownItem {
    /// Returns an item in a state, with its changes and without edits.
    pub fn new(state: ItemState, changes: Vec<ChangeRecord>) -> Self {
        Self { state, changes, edited: None, shown: Shown::default() }
    }

    /// Adds the user's edits, and how the item is shown.
    #[must_use]
    pub fn edited(self, edited: Option<EditedItem>, shown: Shown) -> Self {
        Self { edited, shown, ..self }
    }
}

/// The state of an item.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ItemState {
    /// The item has a row.
    Present {
        /// The row.
        item: Box<Item>,
        /// The time at which the row was made, in unix seconds. A returned item has the time of its first row.
        created_at: i64,
        /// The time at which the row was last written, in unix seconds.
        updated_at: i64,
        /// The removal of the item, if it is held.
        held: Option<HeldRemoval>,
    },
    /// The item has no row and no tombstone, but the user has edited it.
    Unlisted,
    /// The item was removed.
    Removed {
        /// Its last name.
        name: String,
        /// The time at which it was removed, in unix seconds.
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
    /// Combines the categories of a kind, in the panel's order, and the ids that its items name, with the number of
    /// items of each, into one list.
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
    /// The extent of the feed.
    pub feed: Feed,
    /// The entries, oldest first.
    pub changes: Vec<ChangeRecord>,
}

impl FeedPage {
    /// Returns a page of these entries.
    pub const fn new(feed: Feed, changes: Vec<ChangeRecord>) -> Self {
        Self { feed, changes }
    }
}

/// A request for rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest {
    /// Only rows of this category.
    pub category: Option<CategoryId>,
    /// Only rows after this id, which is the end of the page before.
    pub after: Option<ContentId>,
    /// The largest number of rows; 0 is treated as 1.
    pub limit: u32,
    /// How items are shown, and which of them.
    pub view: View,
}

impl PageRequest {
    /// Returns a request for the first rows of a kind, at most `limit`.
    pub const fn first(limit: u32) -> Self {
        Self { category: None, after: None, limit, view: View::SHOWN }
    }

    /// Sets the view.
    #[must_use]
    pub fn seen(self, view: View) -> Self {
        Self { view, ..self }
    }

    /// Keeps only rows of this category.
    #[must_use]
    pub fn within(self, category: CategoryId) -> Self {
        Self { category: Some(category), ..self }
    }

    /// Begins after this id.
    #[must_use]
    pub fn after(self, id: ContentId) -> Self {
        Self { after: Some(id), ..self }
    }
}

/// A page of rows.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The rows, by ascending id.
    pub items: Vec<Item>,
    /// The id after which the next page begins; `None` if this is the last one.
    pub next: Option<ContentId>,
}

impl Page {
    /// Returns a page of at most `limit` of these rows. One row more than `limit` shows that there is another page.
    pub fn of(mut items: Vec<Item>, limit: u32) -> Self {
        let room = (limit.max(1)) as usize;
        let is_last = items.len() <= room;
        items.truncate(room);
        let next = items.last().map(Item::id).filter(|_| !is_last);
        Self { items, next }
    }
}

/// The state of a profile's cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentStatus {
    /// The status of the last run; `None` before the first run and after a clear.
    pub sync_status: Option<RunStatus>,
    /// A sentence about the last run.
    pub message: Option<String>,
    /// Every kind.
    pub kinds: PerKind<KindStatus>,
    /// The last answer of the panel about the account.
    pub account: Option<AccountStanding>,
    /// The facts that runs have learnt about the panel.
    pub facts: PanelFacts,
}

/// The state of a kind of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindStatus {
    /// The kind.
    pub kind: ContentKind,
    /// The panel's clock at the start of the last applied listing, in unix seconds.
    pub last_sync: Option<i64>,
    /// The number of stored rows.
    pub rows: u64,
    /// The held removals, by reason.
    pub held: Vec<HeldGroup>,
    /// The time since which the next sync is to compare every item, because a check has found an inconsistency, in unix
    /// seconds.
    pub doubted_since: Option<i64>,
}

/// Removals that are held for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldGroup {
    /// The reason.
    pub reason: HoldReason,
    /// The number of removals.
    pub count: u64,
    /// The time since which the oldest of them is held, in unix seconds.
    pub oldest_since: i64,
    /// The names of up to three of the items.
    pub examples: Vec<String>,
    /// The number of sound listings without the item that has the least evidence; 0 if an item has no evidence.
    pub listings: u64,
    /// The beginning of the evidence for the item that has the least evidence, in unix seconds; `None` if an item has
    /// no evidence.
    pub evidence_since: Option<i64>,
}

/// The last answer of the panel about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStanding {
    /// The status, in the panel's words.
    pub status: String,
    /// The time at which the account ends, in unix seconds.
    pub expires_at: Option<i64>,
    /// The time of the answer, by our own clock, in unix seconds.
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
