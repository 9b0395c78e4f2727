//! The port to the cache: where items are kept.

mod error;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::detect::digest::DigestScheme;
use crate::detect::index::ListingIndex;
use crate::detect::merge::Change;
use crate::detect::volatile::FieldFacts;
use crate::facts::PanelFacts;
use crate::feed::undo::{UndoOutcome, UndoRequest};
use crate::model::{Account, Category, CategoryId, ContentId, ContentKind, Item, PerKind, ProfileId, Scope};
use crate::ports::source::Validator;
use crate::removal::held::HeldRemoval;
use crate::run::options::{PolicyChoice, Retention};
use crate::run::record::{KindRecord, ReportError, RunId, RunStatus, Trigger};
use std::time::Duration;

pub use error::StoreError;

/// A cache of the contents of any number of profiles.
///
/// # Contract
///
/// - Everything is isolated by profile and kind: no call changes a row of another one.
/// - A profile has to exist before anything else is asked of it, but for [`Self::ensure_profile`],
///   which creates it, and calls that then find nothing.
/// - A lease is exclusive over threads and processes, free at once when its holder dies, and each
///   has a higher fence than all before it. What is written under an older fence is refused.
/// - Item rows keep their identity over updates.
/// - What an apply writes is there wholly or not at all, for every reader at every moment.
/// - While an apply of one kind is under way, another kind of the profile may be read, and staged:
///   [`Self::index`], [`Self::rows`], [`Self::stage`], [`Staging::put`], [`Staging::get`]. They find
///   that kind as if nothing else went on, and lose nothing by it. A store that can't do both at
///   once has one wait for the other, never both.
/// - Deleting takes the ids out of the index as well: the next listing brings them back as added.
/// - The validator of a kind's listing is written with it, and forgotten with whatever else changes
///   the kind: deleting, clearing, a listing that is applied without saying otherwise.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ContentStore: Send + Sync {
    /// Creates the profile when there is none.
    async fn ensure_profile(&self, profile: &ProfileId) -> Result<(), StoreError>;

    /// Takes the lease of a profile; it ends when it is dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::Leased`] when another run has it.
    async fn lease(&self, profile: &ProfileId) -> Result<Lease, StoreError>;

    /// Records the start of a run, and that an earlier one without an end was interrupted.
    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError>;

    /// Records the end of a run and of those of its kinds that applied nothing, what the run has learnt of the
    /// panel, and what it has to tell anew of kinds that were applied. The watermarks stay as they are.
    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Result<(), StoreError>;

    /// Returns what is known of a profile's syncs.
    async fn sync_state(&self, profile: &ProfileId) -> Result<SyncState, StoreError>;

    /// Returns the index of a scope. Of a scope that was never applied it is empty; where the
    /// store doubts its own index it returns every stored id with
    /// [`Digest::NEVER`](crate::Digest::NEVER).
    async fn index(&self, profile: &ProfileId, scope: Scope) -> Result<StoredIndex, StoreError>;

    /// Returns the validator of a kind's listing; `None` where there is none, or where the store has no
    /// longer as many rows as that listing left. It costs no look at the index.
    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Result<Option<KeptValidator>, StoreError>;

    /// Returns the stored rows of these ids, in any order; ids without a row are left out.
    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError>;

    /// Returns the categories of a kind, in the panel's order.
    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<Category>, StoreError>;

    /// Returns how many stored items of a kind each of these categories has, in the order asked. An
    /// item counts in every category of its set.
    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Result<Vec<u64>, StoreError>;

    /// Opens a staging area for a scope. It is outside the cache: nothing of it is seen there, or
    /// left behind, unless it is applied.
    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Result<Box<dyn Staging>, StoreError>;

    /// Returns the ids of all stored items of a kind, rising.
    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<ContentId>, StoreError>;

    /// Deletes items by id, any number of them; returns how many there were.
    async fn delete_content_by_ids(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<u64, StoreError>;

    /// Empties the cached content of a profile: items, categories, index, validators, watermarks, what
    /// is held, what is remembered of removed items, and what was learnt of the kinds. The profile, its
    /// settings and its history stay, and what was learnt of the panel as a whole.
    async fn clear(&self, profile: &ProfileId) -> Result<(), StoreError>;

    /// Returns the removals that are held, by rising id.
    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError>;

    /// Puts kinds back as they were before a run, in one transaction, recorded as a run of its own with one entry
    /// `undone` for each item. What can't be restored exactly is refused, and nothing is changed then; see
    /// [`feed::undo`](crate::feed::undo).
    ///
    /// - Rows that the run removed are back, whole, with their row ids. Each is held as [`Loss::Undone`](crate::Loss::Undone), in place of
    ///   an older hold.
    /// - Of rows that it updated, the fields that count are as before. Rows that it added are gone.
    /// - Tombstones, what is held, and the list of categories are as before the run.
    /// - In the index, rows that were put back have no digest; those that are back come last. The validator is
    ///   forgotten, and the watermark is that of before the run. So the next run compares them anew.
    ///
    /// Without a fence nothing is written: the outcome is what an undo would do.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a later lease was taken.
    async fn undo(&self, profile: &ProfileId, request: UndoRequest) -> Result<UndoOutcome, StoreError> {
        let _ = (profile, request);
        Err(StoreError::Refused("this store can't undo".to_owned()))
    }
}

/// Where the differences of a scope wait until the listing is proved complete.
///
/// # Contract
///
/// - A later [`Self::put`] of an id replaces an earlier one.
/// - Items whose change is not written are kept for [`Self::get`], and not written.
/// - After [`Self::reset`] the area is as new.
/// - [`Self::apply`] is one transaction; it is called at most once. When it fails, or finds its
///   token cancelled before the commit, the cache is as it was.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Staging: Send {
    /// Adds items.
    async fn put(&mut self, items: Vec<StagedItem>) -> Result<(), StoreError>;

    /// Returns the staged items of these ids, in any order.
    async fn get(&mut self, ids: Vec<ContentId>) -> Result<Vec<StagedItem>, StoreError>;

    /// Forgets everything.
    async fn reset(&mut self) -> Result<(), StoreError>;

    /// Writes everything at once: items, removals, tombstones, index, validator, categories, what is
    /// held, watermark, counts, change log and run record.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a later lease was taken, [`StoreError::Cancelled`] when the
    /// token was cancelled before the commit.
    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Result<(), StoreError>;
}

/// The exclusive right to sync a profile, until it is dropped.
pub struct Lease {
    /// Higher than that of every earlier lease of the profile.
    pub fence: u64,
    _held: Box<dyn Send + Sync>,
}

impl Lease {
    /// A lease that ends when `held` is dropped.
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
    /// The fence of its lease.
    pub fence: u64,
    /// How it ended.
    pub status: RunStatus,
    /// What started it.
    pub trigger: Trigger,
    /// When, in unix seconds.
    pub finished_at: i64,
    /// How long it took.
    pub duration: Duration,
    /// Its first error, where it had one.
    pub error: Option<ReportError>,
    /// For how long the change log is kept: older entries go with the end of the run.
    pub retention: Retention,
    /// One sentence for people.
    pub message: String,
    /// The kinds that applied nothing, and those whose record differs from what their apply wrote. A record
    /// replaces the one that the run has of its kind.
    pub records: Vec<KindRecord>,
    /// What the panel said of the account, when it said something.
    pub account: Option<Account>,
    /// What is now known of the panel, or `None` to leave it as it is.
    pub facts: Option<PanelFacts>,
    /// The held removals of which only the end of the run can tell why they are held. Of those that are still
    /// held, reason and evidence are replaced; nothing else is written of any.
    pub held: Vec<(ContentKind, HeldRemoval)>,
}

impl RunEnd {
    /// The end of a run that applied everything and has nothing else to say.
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

/// What is known of a profile's syncs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncState {
    /// The panel's clock at the start of the last applied listing of each kind, in unix seconds.
    pub last_sync: PerKind<Option<i64>>,
    /// Stored rows of each kind.
    pub rows: PerKind<u64>,
    /// Held removals of each kind.
    pub held: PerKind<u64>,
    /// What earlier runs have learnt of the panel.
    pub facts: PanelFacts,
}

/// The validator of a listing that was applied, and what it holds under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptValidator {
    /// The validator.
    pub validator: Validator,
    /// How the digests of its elements were made.
    pub scheme: DigestScheme,
    /// The policy under which it was compared.
    pub policy: PolicyChoice,
    /// When it was last received as a whole, in unix seconds.
    pub listed_at: i64,
    /// The rows of the kind that it left.
    pub rows: u64,
}

/// What becomes of the validator of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ValidatorChange {
    /// It is forgotten.
    #[default]
    Forget,
    /// It stays: the listing is still the one it came with, and nothing else of the kind is written.
    Keep,
    /// It is replaced by this one.
    Set(KeptValidator),
}

/// An index as the store has it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredIndex {
    /// Ids and digests.
    pub index: Arc<ListingIndex>,
    /// Whether a listing of the scope was ever applied.
    pub applied_before: bool,
    /// Whether the store trusts it.
    pub consistent: bool,
}

impl StoredIndex {
    /// An index, whether a listing of the scope was ever applied, and whether the store trusts it.
    pub const fn new(index: Arc<ListingIndex>, applied_before: bool, consistent: bool) -> Self {
        Self { index, applied_before, consistent }
    }
}

/// An item on its way into the store.
#[derive(Debug, Clone, PartialEq)]
pub struct StagedItem {
    /// The whole row.
    pub item: Item,
    /// What it means.
    pub change: Change,
    /// Its rank among elements of the same id, where it doesn't follow from the row; see
    /// [`crate::Differ`].
    pub rank: Option<(u64, i64)>,
}

/// Everything that is written with the staged items of a scope.
#[derive(Debug, Clone)]
pub struct ScopeCommit {
    /// The run.
    pub run: RunId,
    /// The fence of its lease.
    pub fence: u64,
    /// When, in unix seconds.
    pub applied_at: i64,
    /// The whole list of the kind's categories, or `None` to leave them as they are.
    pub categories: Option<Vec<Category>>,
    /// The rows to remove.
    pub removals: Vec<ContentId>,
    /// Of those, the ones that the panel seems to list under another id: old and new id. Tombstones
    /// keep it.
    pub successors: Vec<(ContentId, ContentId)>,
    /// For how many days tombstones are kept; older ones of the kind go.
    pub tombstone_days: u32,
    /// All removals that are now held, or `None` to leave the record as it is.
    pub held: Option<Vec<HeldRemoval>>,
    /// The new index, or `None` to leave it as it is.
    pub index: Option<Arc<ListingIndex>>,
    /// What becomes of the listing's validator.
    pub validator: ValidatorChange,
    /// The panel's clock at the start of the listing, in unix seconds.
    pub watermark: i64,
    /// Whether this is the first listing of the scope: the change log gets one `loaded` row.
    pub first_load: bool,
    /// What the run record is to say of this kind.
    pub record: KindRecord,
    /// What is known of the kind's fields with this listing, or `None` to leave it as it is. It is there
    /// when it says something of the rows that must be known as soon as they are written; the end of the
    /// run tells it once more.
    pub fields: Option<FieldFacts>,
}

impl ScopeCommit {
    /// A commit that writes no item, forgets the validator, and has this record of its kind.
    pub const fn new(run: RunId, fence: u64, applied_at: i64, record: KindRecord) -> Self {
        Self {
            run,
            fence,
            applied_at,
            categories: None,
            removals: Vec::new(),
            successors: Vec::new(),
            tombstone_days: 30,
            held: None,
            index: None,
            validator: ValidatorChange::Forget,
            watermark: applied_at,
            first_load: false,
            record,
            fields: None,
        }
    }
}
