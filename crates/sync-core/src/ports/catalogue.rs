//! The port for readers: what is cached, how it stands, and what has happened to it.

use async_trait::async_trait;

use crate::facts::PanelFacts;
use crate::feed::change::ChangeRecord;
use crate::feed::position::Feed;
use crate::model::{Category, CategoryId, ContentId, ContentKind, Item, PerKind, ProfileId};
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
/// - Pages that follow one another have each row once: a row that is there from the first page to the last one is in
///   exactly one of them, whatever is added or removed meanwhile.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Returns how a profile's cache stands.
    async fn content_status(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError>;

    /// Returns the latest runs, newest first, at most `limit`.
    async fn runs(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError>;

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

    /// Returns the categories of a kind in the panel's order, each with how many items are in it. An item counts in
    /// every category of its set.
    async fn sized_categories(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<(Category, u64)>, StoreError>;

    /// Returns the rows of a kind by rising id, as many as the page has room for.
    async fn page(&self, profile: &ProfileId, kind: ContentKind, page: PageRequest) -> Result<Page, StoreError>;
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
}

impl PageRequest {
    /// The first rows of a kind, so many at most.
    pub const fn first(limit: u32) -> Self {
        Self { category: None, after: None, limit }
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
