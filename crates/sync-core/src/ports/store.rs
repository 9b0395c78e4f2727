//! The port to the cache, which keeps the items.

mod error;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::change_set::{ContentHash, Moves, RowHash};
use crate::detect::digest::DigestScheme;
use crate::detect::index::ListingIndex;
use crate::detect::merge::Change;
use crate::detect::volatile::{FieldFacts, Treatment};
use crate::facts::PanelFacts;
use crate::feed::undo::{UndoOutcome, UndoRequest};
use crate::model::{Account, Category, CategoryId, ContentId, ContentKind, FieldSet, Item, PerKind, ProfileId, Scope};
use crate::overlay::{EditEvent, Move};
use crate::ports::source::Validator;
use crate::removal::held::HeldRemoval;
use crate::run::options::{PolicyChoice, Retention};
use crate::run::record::{KindRecord, ReportError, RunId, RunStatus, Trigger};
use std::time::Duration;

pub use error::{StoreError, WhichState};

/// A cache of the content of any number of profiles.
///
/// # Contract
///
/// - Everything is kept apart by profile and kind. No call changes a row of another profile or kind.
/// - A profile has to exist before any other call about it. There are two exceptions: [`Self::ensure_profile`], which
///   creates it, and calls that then find nothing.
/// - A lease is exclusive across threads and processes. It is free as soon as the process that took it ends. Each lease
///   has a higher fence than all before it. Writes under an older fence are refused.
/// - Item rows keep their identity over updates.
/// - For every reader at every moment, an apply is there completely or not at all.
/// - While a kind is applied, another kind of the profile may be read and staged: [`Self::index`], [`Self::rows`],
///   [`Self::stage`], [`Staging::put`], [`Staging::get`]. These calls return the same as without the apply. A store
///   that can't do both at once makes one wait for the other; it never makes both wait.
/// - A deletion also takes the ids out of the index. The next listing brings the items back as added.
/// - The validator of a kind's listing is written with the listing. It is deleted with every other change of the kind:
///   a deletion, a clear, or an apply that doesn't set or keep it.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ContentStore: Send + Sync {
    /// Creates the profile if it doesn't exist.
    async fn ensure_profile(&self, profile: &ProfileId) -> Result<(), StoreError>;

    /// Takes the lease of a profile. The lease ends when it is dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::Leased`] if another run has it.
    async fn lease(&self, profile: &ProfileId) -> Result<Lease, StoreError>;

    /// Records the start of a run. An earlier run without an end is recorded as interrupted.
    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError>;

    /// Records the end of a run and of those of its kinds that applied nothing, the facts that the run has learnt about
    /// the panel, and corrections to kinds that were applied. The watermarks stay as they are.
    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Result<(), StoreError>;

    /// Returns the state of a profile's syncs.
    async fn sync_state(&self, profile: &ProfileId) -> Result<SyncState, StoreError>;

    /// Returns the index of a scope. The index of a scope that was never applied is empty. If the store doesn't trust
    /// its own index, it returns every stored id with [`Digest::NEVER`](crate::Digest::NEVER).
    async fn index(&self, profile: &ProfileId, scope: Scope) -> Result<StoredIndex, StoreError>;

    /// Returns the validator of a kind's listing. Returns `None` if there is none, or if the number of rows is no
    /// longer the one after that listing. The index is not read for this.
    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Result<Option<KeptValidator>, StoreError>;

    /// Returns the stored rows of these ids, in any order. Ids without a row are left out.
    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError>;

    /// Returns the categories of a kind, in the panel's order.
    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<Category>, StoreError>;

    /// Returns the number of stored items of a kind in each of these categories, in the order of the request. An item
    /// counts in every category of its set.
    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Result<Vec<u64>, StoreError>;

    /// Opens a staging area for a scope. It is outside the cache: nothing of it is visible in the cache or remains,
    /// unless it is applied.
    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Result<Box<dyn Staging>, StoreError>;

    /// Returns the ids of all stored items of a kind, ascending.
    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<ContentId>, StoreError>;

    /// Deletes items by id, any number of them. Returns the number of items that existed.
    async fn delete_content_by_ids(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<u64, StoreError>;

    /// Empties the cached content of a profile: items, categories, index, validators, watermarks, held removals,
    /// tombstones, and the facts about the kinds. The profile, its settings and its history stay, and so do the facts
    /// about the panel as a whole.
    async fn clear(&self, profile: &ProfileId) -> Result<(), StoreError>;

    /// Returns the held removals, by ascending id.
    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError>;

    /// Puts kinds back as they were before a run, in one transaction. The undo is a run itself, with one entry `undone`
    /// per item. If anything can't be restored exactly, the undo is refused and nothing changes; see
    /// [`feed::undo`](crate::feed::undo).
    ///
    /// - Rows that the run removed are back, complete and with their row ids. Each is held as
    ///   [`Loss::Undone`](crate::Loss::Undone), which replaces an older hold.
    /// - In rows that the run updated, the fields that count are as before. Rows that it added are deleted.
    /// - Tombstones, held removals, and the list of categories are as before the run.
    /// - In the index, rows that were put back have no digest, and those that are back come last. The validator is
    ///   deleted, and the watermark is the one before the run. So the next run compares these rows.
    ///
    /// Without a fence nothing is written. The outcome is then the one that an undo would have.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if a later lease was taken.
    async fn undo(&self, profile: &ProfileId, request: UndoRequest) -> Result<UndoOutcome, StoreError> {
        let _ = (profile, request);
        Err(StoreError::Refused("this store can't undo".to_owned()))
    }
}

/// A place outside the cache where the differences of a scope wait until the listing is proved complete.
///
/// # Contract
///
/// - A later [`Self::put`] of an id replaces an earlier one.
/// - Items whose change is not written are kept for [`Self::get`], and not written.
/// - After [`Self::reset`] the area is as new.
/// - [`Self::apply`] is one transaction, and is called at most once. If it fails, or finds its token cancelled before
///   the commit, the cache is unchanged.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Staging: Send {
    /// Adds items.
    async fn put(&mut self, items: Vec<StagedItem>) -> Result<(), StoreError>;

    /// Returns the staged items of these ids, in any order.
    async fn get(&mut self, ids: Vec<ContentId>) -> Result<Vec<StagedItem>, StoreError>;

    /// Removes everything from the area.
    async fn reset(&mut self) -> Result<(), StoreError>;

    /// Writes everything at once: items, removals, tombstones, index, validator, categories, held removals, watermark,
    /// counts, change log and run record. Edits of the items are judged, and follow items that are listed under another
    /// id; see [`overlay`](crate::overlay). Returns the findings in the overlay, to be reported.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if a later lease was taken, [`StoreError::Cancelled`] if the token was cancelled before
    /// the commit, and [`StoreError::OtherState`] if the content is not as the commit's proof says.
    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Result<Applied, StoreError>;
}

/// The findings of an apply in the overlay. They are reported once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Applied {
    /// Edits that conflict now, or have ended.
    pub edits: Vec<EditEvent>,
    /// Items that are gone, each with the item to which its edits have moved or may belong.
    pub moves: Vec<Move>,
    /// New categories that the filter reports.
    pub new_categories: Vec<Category>,
}

impl Applied {
    /// Returns whether there is nothing to report.
    pub const fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.moves.is_empty() && self.new_categories.is_empty()
    }
}

/// The exclusive right to sync a profile, until it is dropped.
pub struct Lease {
    /// The fence. It is higher than that of every earlier lease of the profile.
    pub fence: u64,
    _held: Box<dyn Send + Sync>,
}

impl Lease {
    /// Returns a lease that ends when `held` is dropped.
    pub fn new(fence: u64, held: impl Send + Sync + 'static) -> Self {
        Self { fence, _held: Box::new(held) }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("fence", &self.fence).finish_non_exhaustive()
    }
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// The run.
    pub run: RunId,
    /// The fence of the run's lease.
    pub fence: u64,
    /// The status.
    pub status: RunStatus,
    /// The trigger of the run.
    pub trigger: Trigger,
    /// The time of the end, in unix seconds.
    pub finished_at: i64,
    /// The duration.
    pub duration: Duration,
    /// The first error, if there was one.
    pub error: Option<ReportError>,
    /// The time for which the change log is kept. Older entries are pruned with the end of the run.
    pub retention: Retention,
    /// A sentence for people.
    pub message: String,
    /// The records of the kinds that applied nothing, and of those whose record differs from the one of their apply. A
    /// record replaces the one that the run has of its kind.
    pub records: Vec<KindRecord>,
    /// The panel's answer about the account, if there was one.
    pub account: Option<Account>,
    /// The facts about the panel, or `None` to leave them as they are.
    pub facts: Option<PanelFacts>,
    /// Held removals whose reason is known only at the end of the run. If a removal is still held, its reason and
    /// evidence are replaced. Nothing else of it is written.
    pub held: Vec<(ContentKind, HeldRemoval)>,
}

impl RunEnd {
    /// Returns the end of a run that applied everything, without further values.
    pub fn new(run: RunId, fence: u64, finished_at: i64) -> Self {
        Self {
            run,
            fence,
            status: RunStatus::Completed,
            trigger: Trigger::Unknown,
            finished_at,
            duration: Duration::ZERO,
            error: None,
            retention: Retention::default(),
            message: RunStatus::Completed.to_string(),
            records: Vec::new(),
            account: None,
            facts: None,
            held: Vec::new(),
        }
    }
}

/// The state of a profile's syncs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncState {
    /// The panel's clock at the start of the last applied listing of each kind, in unix seconds.
    pub last_sync: PerKind<Option<i64>>,
    /// The number of stored rows per kind.
    pub rows: PerKind<u64>,
    /// The number of held removals per kind.
    pub held: PerKind<u64>,
    /// The facts that earlier runs have learnt about the panel.
    pub facts: PanelFacts,
}

/// The validator of a listing that was applied, and the conditions under which it may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptValidator {
    /// The validator.
    pub validator: Validator,
    /// The scheme of the digests of the listing.
    pub scheme: DigestScheme,
    /// The policy under which the listing was compared.
    pub policy: PolicyChoice,
    /// The time at which the listing was last received as a whole, in unix seconds.
    pub listed_at: i64,
    /// The number of rows of the kind after the listing.
    pub rows: u64,
}

/// The change of a kind's validator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ValidatorChange {
    /// The validator is deleted.
    #[default]
    Forget,
    /// The validator stays, because the listing is still the one that it came with, and nothing else of the kind is
    /// written.
    Keep,
    /// The validator is replaced by this one.
    Set(KeptValidator),
}

/// An index as a store returns it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredIndex {
    /// The ids and digests.
    pub index: Arc<ListingIndex>,
    /// Whether a listing of the scope was ever applied.
    pub applied_before: bool,
    /// Whether the store trusts the index.
    pub consistent: bool,
}

impl StoredIndex {
    /// Returns an index, with whether a listing of the scope was ever applied and whether the store trusts the index.
    pub const fn new(index: Arc<ListingIndex>, applied_before: bool, consistent: bool) -> Self {
        Self { index, applied_before, consistent }
    }
}

/// An item on its way into the store.
#[derive(Debug, Clone, PartialEq)]
pub struct StagedItem {
    /// The whole row.
    pub item: Item,
    /// Its change.
    pub change: Change,
    /// Its rank among elements of the same id, if it doesn't follow from the row. See [`crate::Differ`].
    pub rank: Option<(u64, i64)>,
    /// The hash of the row without the login of the profile, if the row has the login. Otherwise the hash follows from
    /// the row.
    pub hash: Option<RowHash>,
}

/// Everything that is written with the staged items of a scope.
#[derive(Debug, Clone)]
pub struct ScopeCommit {
    /// The run.
    pub run: RunId,
    /// The fence of the run's lease.
    pub fence: u64,
    /// The time, in unix seconds.
    pub applied_at: i64,
    /// The time at which the kind was begun, by our clock, in unix seconds. A later edit is newer than the listing.
    pub asked_at: i64,
    /// The whole list of the kind's categories, or `None` to leave them as they are.
    pub categories: Option<Vec<Category>>,
    /// The rows to remove.
    pub removals: Vec<ContentId>,
    /// The old and the new id of each removed item that the panel seems to list under another id. The tombstone keeps
    /// the new id.
    pub successors: Vec<(ContentId, ContentId)>,
    /// The days for which tombstones are kept. Older ones of the kind are deleted.
    pub tombstone_days: u32,
    /// All held removals, or `None` to leave them as they are.
    pub held: Option<Vec<HeldRemoval>>,
    /// The new index, or `None` to leave it as it is.
    pub index: Option<Arc<ListingIndex>>,
    /// The change of the listing's validator.
    pub validator: ValidatorChange,
    /// The panel's clock at the start of the listing, in unix seconds.
    pub watermark: i64,
    /// Whether this is the first listing of the scope. Then the change log gets one entry `loaded`.
    pub first_load: bool,
    /// The record of the run about this kind.
    pub record: KindRecord,
    /// The columns that were compared with the listing. The panel changes the other columns by itself.
    pub compared: FieldSet,
    /// The items that have moved in the order of the listing, if there is a new index.
    pub moves: Moves,
    /// The states before and after the commit. If the kind is in another state before, or would be in another one
    /// after, nothing is written.
    pub proof: Option<Proof>,
    /// The facts about the kind's fields after this listing, or `None` to leave them as they are. They are given if
    /// they must be known as soon as the rows are written. The end of the run records them again.
    pub fields: Option<FieldFacts>,
}

/// The states before and after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// The content before it.
    pub from: ContentHash,
    /// The content after it.
    pub to: ContentHash,
}

impl ScopeCommit {
    /// Returns a commit with this record that writes no item and deletes the validator.
    pub fn new(run: RunId, fence: u64, applied_at: i64, record: KindRecord) -> Self {
        Self {
            run,
            fence,
            applied_at,
            asked_at: applied_at,
            categories: None,
            removals: Vec::new(),
            successors: Vec::new(),
            tombstone_days: 30,
            held: None,
            index: None,
            validator: ValidatorChange::Forget,
            watermark: applied_at,
            first_load: false,
            compared: Treatment::plain(record.kind).compared,
            record,
            moves: Moves::None,
            proof: None,
            fields: None,
        }
    }
}
