//! A kind of a change set that is staged and not yet written.

use std::sync::Arc;

use sync_core::change_set::{ChangedRow, KindChange, Moves, OrderChange, Record};
use sync_core::store::{Applied, Proof, ScopeCommit, StagedItem, Staging, StoredIndex};
use sync_core::{
    Category, CategorySet, Change, ContentHash, ContentId, Counts, Digest, FieldClass, FieldSet, HeldRemoval, Item,
    KindOutcome, KindRecord, ListingIndex, Login, ProfileId, RowHash, RunId, Scope, Snapshot, StoreError, SyncMode,
    Value, ValueRef,
};

use tokio_util::sync::CancellationToken;

use super::login::{blanked, filled, hash_of_changed};
use crate::service::Service;

/// A day in seconds.
const DAY: i64 = 86_400;

/// A kind that is read from a change set.
pub(super) struct PreparedKind {
    pub(super) change: KindChange,
    staging: Box<dyn Staging>,
    /// The content hash after the records so far.
    content: ContentHash,
    /// The ids of the items that the set adds, changes and removes, each in ascending order, as in the set.
    came: Vec<ContentId>,
    changed: Vec<ContentId>,
    removals: Vec<ContentId>,
    pub(super) categories: Option<Vec<Category>>,
    order: Option<OrderChange>,
    counts: Counts,
}

/// The values with which a kind is written.
pub(super) struct Writing {
    pub(super) run: RunId,
    pub(super) fence: u64,
    pub(super) at: i64,
    pub(super) tombstone_days: u32,
}

impl PreparedKind {
    pub(super) async fn new(service: &Service, profile: &ProfileId, change: KindChange) -> Result<Self, StoreError> {
        let staging = service.cache().stage(profile, Scope::whole(change.kind)).await?;
        Ok(Self {
            content: change.from.hash,
            change,
            staging,
            came: Vec::new(),
            changed: Vec::new(),
            removals: Vec::new(),
            categories: None,
            order: None,
            counts: Counts::default(),
        })
    }

    /// Returns whether the records lead to the state that the set names.
    pub(super) fn is_proved(&self) -> bool {
        self.content == self.change.to.hash
    }

    /// Takes records. A record that changes or removes a missing row is passed over. The content hash then differs from
    /// the state that the set names.
    pub(super) async fn take(
        &mut self,
        records: Vec<Record>,
        snapshot: &mut dyn Snapshot,
        login: &Login,
    ) -> Result<(), StoreError> {
        let kind = self.change.kind;
        let id = |record: &Record| match record {
            Record::Changed(row) => Some(row.item.id()),
            Record::Gone(id) => Some(*id),
            Record::New(_) | Record::Categories(_) | Record::Order(_) => None,
        };
        let known: Vec<_> = records.iter().filter_map(id).collect();
        let rows = if known.is_empty() { Vec::new() } else { snapshot.hashed_rows(kind, known).await? };
        let row = |id: ContentId| rows.binary_search_by_key(&id, |(row, _)| row.id()).ok().map(|at| &rows[at]);
        let mut staged = Vec::new();
        for record in records {
            match record {
                Record::New(item) => {
                    let id = item.id();
                    let hash = RowHash::of(&item);
                    self.content.add(hash);
                    self.came.push(id);
                    self.counts.added += 1;
                    let filled = filled(&item, login);
                    let hash = filled.is_some().then_some(hash);
                    let item = filled.unwrap_or(item);
                    staged.push(StagedItem { item, change: Change::Added, rank: None, hash });
                }
                Record::Changed(changed) => {
                    let Some((stored, hash)) = row(changed.item.id()) else { continue };
                    self.changed.push(stored.id());
                    staged.extend(self.changed(stored, changed, *hash, login));
                }
                Record::Gone(id) => {
                    let Some((_, hash)) = row(id) else { continue };
                    self.content.take(*hash);
                    self.removals.push(id);
                    self.counts.removed += 1;
                }
                Record::Categories(mut categories) => {
                    for category in &mut categories {
                        category.name = login.fill(&category.name).into_owned();
                    }
                    self.categories = Some(categories);
                }
                Record::Order(change) => self.order = Some(change),
            }
        }
        if staged.is_empty() { Ok(()) } else { self.staging.put(staged).await }
    }

    /// Writes the fields of the set over those of a stored row. Returns `None` if the row stays as it is.
    fn changed(&mut self, stored: &Item, row: ChangedRow, stored_hash: RowHash, login: &Login) -> Option<StagedItem> {
        let ChangedRow { item: of_file, fields } = row;
        let is_own = RowHash::of(stored) == stored_hash;
        let filled = filled(&of_file, login);
        let told = filled.as_ref().unwrap_or(&of_file);
        // The panel may spell the login differently from the filled-in one. Such a difference is no change; a
        // placeholder is one.
        let hidden = filled.is_some().then(|| blanked(stored.clone(), &login.present()));
        let is_same_login = |at| {
            let is_same = hidden.as_ref().is_some_and(|hidden| hidden.value(at) == of_file.value(at));
            is_same && stored.value(at) != of_file.value(at)
        };
        let mut item = stored.clone();
        let mut differing = FieldSet::EMPTY;
        for at in fields.positions() {
            if stored.value(at) != told.value(at) && !is_same_login(at) {
                item.set(at, told.value(at).to_owned());
                differing.add(at);
            }
        }
        differing = FieldSet(differing.0 | without_strange_categories(&mut item, fields).0);
        let mut hash = RowHash::of(&item);
        let mut hash_in_set = None;
        if !is_own || filled.is_some() {
            let in_set = hash_of_changed(stored, is_own, &of_file, fields, login);
            hash_in_set = (in_set != hash).then_some(in_set);
            hash = in_set;
        }
        self.content.take(stored_hash);
        self.content.add(hash);
        let kind = item.kind();
        let significant = kind.of_class(FieldClass::Significant);
        let counting = FieldSet(significant.0 | kind.of_class(FieldClass::Display).0);
        let change = match () {
            () if differing.is_empty() => {
                self.counts.unchanged += 1;
                return None;
            }
            () if differing.and(significant).is_empty() => {
                self.counts.refreshed += 1;
                Change::Refreshed(differing.and(counting))
            }
            () => {
                self.counts.updated += 1;
                Change::Updated(differing.and(counting))
            }
        };
        Some(StagedItem { item, change, rank: None, hash: hash_in_set })
    }

    /// Writes the kind in one transaction. The store checks the states before and after it again.
    pub(super) async fn commit(
        mut self,
        service: &Service,
        profile: &ProfileId,
        writing: &Writing,
        cancel: &CancellationToken,
    ) -> Result<(KindRecord, Applied), StoreError> {
        let (cache, kind) = (service.cache(), self.change.kind);
        let stored = cache.index(profile, kind.into()).await?;
        let index = self.index(&stored)?;
        self.order = None;
        let held = cache.held(profile, kind).await?;
        let before = held.len();
        // The items that the set names are listed again or removed, so their removals are no longer held.
        let held: Vec<HeldRemoval> = held.into_iter().filter(|held| !self.names(held.id)).collect();
        self.counts.unchanged =
            (index.len() as u64).saturating_sub(self.counts.added + self.counts.updated + self.counts.refreshed);
        (self.came, self.changed) = (Vec::new(), Vec::new());
        let outcome = if self.counts.is_quiet() { KindOutcome::Unchanged } else { KindOutcome::Completed };
        let record = KindRecord { outcome, counts: self.counts, ..KindRecord::skipped(kind, SyncMode::Incremental) };
        let commit = ScopeCommit {
            asked_at: self.change.listed_at.unwrap_or(writing.at).min(writing.at),
            categories: self.categories.take(),
            removals: std::mem::take(&mut self.removals),
            tombstone_days: writing.tombstone_days,
            held: (held.len() != before).then_some(held),
            // An inconsistent index has lost the order.
            moves: if stored.consistent { Moves::between(&stored.index, &index) } else { Moves::Whole },
            index: Some(Arc::new(index)),
            // A listing date in the far future would keep later sets out.
            watermark: self.change.listed_at.unwrap_or(writing.at).min(writing.at.saturating_add(DAY)),
            first_load: !stored.applied_before,
            proof: Some(Proof { from: self.change.from.hash, to: self.change.to.hash }),
            ..ScopeCommit::new(writing.run, writing.fence, writing.at, record.clone())
        };
        let applied = self.staging.apply(commit, cancel.clone()).await?;
        Ok((record, applied))
    }

    /// Returns whether the set has other categories or another order than the cache.
    pub(super) async fn differs(&self, service: &Service, profile: &ProfileId) -> Result<bool, StoreError> {
        let kind = self.change.kind;
        let known = service.cache().categories(profile, kind).await?;
        if self.categories.as_ref().is_some_and(|listed| *listed != known) {
            return Ok(true);
        }
        let stored = service.cache().index(profile, kind.into()).await?;
        Ok(self.index(&stored)?.ids() != stored.index.ids())
    }

    /// Returns whether the set names an item.
    fn names(&self, id: ContentId) -> bool {
        [&self.changed, &self.came, &self.removals].iter().any(|ids| ids.binary_search(&id).is_ok())
    }

    /// Returns the index after the set. The items that the set names get no digest, so that the next sync compares
    /// them.
    fn index(&self, stored: &StoredIndex) -> Result<ListingIndex, StoreError> {
        let order = OrderChange::apply(self.order.as_ref(), stored.index.ids(), &self.removals, &self.came);
        let mut hint = 0;
        let entries = order.into_iter().map(|id| {
            let known = stored.index.position(id, hint).filter(|_| stored.consistent && !self.names(id));
            hint = known.map_or(hint, |at| at + 1);
            (id, known.map_or(Digest::NEVER, |at| stored.index.digest_at(at)))
        });
        ListingIndex::new(stored.index.scheme(), entries).map_err(StoreError::backend)
    }
}

/// Removes categories from the fields `category_id` and `listed_category_ids` if they are not among the item's
/// categories. A set without display fields has the categories of a row, but not these two fields of the panel. Returns
/// the fields that have changed.
fn without_strange_categories(item: &mut Item, told: FieldSet) -> FieldSet {
    let (mut other, kind) = (FieldSet::EMPTY, item.kind());
    let at = |name| kind.field(name).filter(|at| !told.has(*at));
    if kind.field("category_ids").is_none_or(|at| !told.has(at)) {
        return other;
    }
    let is_known = |item: &Item, id: &str| item.categories().contains(id);
    if let Some(at) = at("category_id")
        && item.category_id().is_some_and(|id| !is_known(item, id))
    {
        item.set(at, Value::Null);
        other.add(at);
    }
    if let Some(at) = at("listed_category_ids")
        && let ValueRef::Categories(listed) = item.value(at)
    {
        let known: CategorySet = listed.iter().map(sync_core::Text::as_str).filter(|id| is_known(item, id)).collect();
        if known != *listed {
            item.set(at, Value::Categories(known));
            other.add(at);
        }
    }
    other
}
