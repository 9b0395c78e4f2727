//! The port for making change sets: one state of a profile, and the identity of its panel.

use async_trait::async_trait;

use crate::change_set::{ContentHash, Moves, PanelIdentity, RowHash};
use crate::feed::change::ChangeRecord;
use crate::feed::position::Feed;
use crate::login::Login;
use crate::model::{Category, ContentId, ContentKind, Item, PerKind, ProfileId};
use crate::ports::store::StoreError;
use crate::run::record::RunId;

/// Opens snapshots, and keeps the content hashes of kinds at earlier positions of the feed.
///
/// # Contract
///
/// - A store keeps the content hash of each kind up to date with every change of a row. It keeps the hash at each
///   position at which the hash changed, as long as the feed can be read from there.
/// - A kind without rows has [`ContentHash::EMPTY`]. A kind in which a check has found an inconsistency has no hash
///   until it is compared in full. A kind that an older version has written has no hash until
///   [`Self::complete_hashes`].
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Opens a snapshot of a profile. It doesn't hinder writers, and nothing that they write is in it.
    async fn snapshot(&self, profile: &ProfileId) -> Result<Box<dyn Snapshot>, StoreError>;

    /// Returns the identity of the panel. If the panel has none yet, it gets `wanted`, or a random one if `wanted` is
    /// `None`. A profile without rows takes the wanted identity in place of its own.
    async fn identify(&self, profile: &ProfileId, wanted: Option<PanelIdentity>) -> Result<PanelIdentity, StoreError>;

    /// Computes the hashes of the kinds that have none and are not marked as inconsistent. `login` is the login that
    /// their rows may hold.
    async fn complete_hashes(&self, profile: &ProfileId, login: &Login) -> Result<(), StoreError>;
}

/// One state of a profile. All calls see the same one.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Snapshot: Send {
    /// Returns the state of the profile.
    async fn state(&mut self) -> Result<SnapshotState, StoreError>;

    /// Returns the content hash of each kind at a position of the feed; `None` if it is not known.
    async fn hashes_at(&mut self, sequence: i64) -> Result<PerKind<Option<ContentHash>>, StoreError>;

    /// Returns this place in the feed if a commit of a kind ended there. Otherwise returns the latest end of a run, or
    /// of a deletion by hand between runs, that is not after the place. Returns `None` if the feed can't be read from
    /// there any more.
    async fn run_end(&mut self, until: Until) -> Result<Option<i64>, StoreError>;

    /// Returns the changes after a sequence number, oldest first, at most `limit`.
    async fn changes(&mut self, after: i64, limit: u32) -> Result<Vec<ChangeRecord>, StoreError>;

    /// Returns the rows of these ids, in any order. Ids without a row are left out.
    async fn rows(&mut self, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError>;

    /// Returns the hashes of the rows of these ids, as they are in the content hash, in any order.
    async fn row_hashes(
        &mut self,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<Vec<(ContentId, RowHash)>, StoreError>;

    /// Returns the rows of these ids with their hashes, by ascending id. Ids without a row are left out.
    ///
    /// A store that can read both at once should implement this method.
    async fn hashed_rows(
        &mut self,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<Vec<(Item, RowHash)>, StoreError> {
        let mut rows = self.rows(kind, ids.clone()).await?;
        let mut hashes = self.row_hashes(kind, ids).await?;
        rows.sort_unstable_by_key(Item::id);
        hashes.sort_unstable_by_key(|(id, _)| *id);
        let mut hashes = hashes.into_iter().peekable();
        let with_hash = |row: Item| {
            while hashes.next_if(|(id, _)| *id < row.id()).is_some() {}
            let (_, hash) = hashes.next_if(|(id, _)| *id == row.id())?;
            Some((row, hash))
        };
        Ok(rows.into_iter().filter_map(with_hash).collect())
    }

    /// Returns rows by ascending id, after this id, at most `limit`.
    async fn page(&mut self, kind: ContentKind, after: Option<ContentId>, limit: u32) -> Result<Vec<Item>, StoreError>;

    /// Returns the categories of a kind, in the panel's order.
    async fn categories(&mut self, kind: ContentKind) -> Result<Vec<Category>, StoreError>;

    /// Returns ids of a kind in the order of the listing: at most `limit`, after the first `skipped` ones. The ids of a
    /// large kind are megabytes, so a caller that needs no more than a part at a time saves memory.
    async fn order(&mut self, kind: ContentKind, skipped: u64, limit: u32) -> Result<Vec<ContentId>, StoreError>;

    /// Returns the items that have moved in the order since a position of the feed. Items that were added since then
    /// may be among them.
    async fn moves(&mut self, kind: ContentKind, after: i64) -> Result<Moves, StoreError>;
}

/// A place in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// This entry.
    Sequence(i64),
    /// The last entry of this run, or of the last one before it that has entries.
    Run(RunId),
    /// The last entry that is not later than this time, in unix seconds.
    Time(i64),
}

/// The state of a profile in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotState {
    /// The identity of the panel, if it has one.
    pub panel: Option<PanelIdentity>,
    /// The extent of the feed.
    pub feed: Feed,
    /// Every kind.
    pub kinds: PerKind<KindState>,
}

/// The state of a kind in a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindState {
    /// The hash of the content; `None` if it is not known.
    pub hash: Option<ContentHash>,
    /// The number of rows.
    pub rows: u64,
    /// The panel's clock at the start of the last applied listing, in unix seconds.
    pub listed_at: Option<i64>,
}

impl SnapshotState {
    /// Returns a state of these parts.
    pub const fn new(panel: Option<PanelIdentity>, feed: Feed, kinds: PerKind<KindState>) -> Self {
        Self { panel, feed, kinds }
    }
}

impl KindState {
    /// Returns a state of these parts.
    pub const fn new(hash: Option<ContentHash>, rows: u64, listed_at: Option<i64>) -> Self {
        Self { hash, rows, listed_at }
    }
}
