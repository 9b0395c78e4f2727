//! Stores that break one promise each: the machine has to notice every one of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_core::catalogue::{
    Catalogue, ContentStatus, FeedPage, KnownItem, Page, PageRequest, Selected, Selection, SizedCategory,
};
use sync_core::change_set::Moves;
use sync_core::maintenance::Inspection;
use sync_core::overlay::{EditedItem, ImportReport, OverlayRules, RuleChange};
use sync_core::search::{RowsOfKind, select_from_rows};
use sync_core::store::{
    Applied, KeptValidator, Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoredIndex, SyncState,
};
use sync_core::testing::MemoryStore;
use sync_core::{
    AccountKey, AccountPace, ContentHash, Entry, Login, Maintenance, Paces, PanelIdentity, RowHash, Snapshot,
    SnapshotState, Snapshots, Until,
};
use sync_core::{
    Category, CategoryId, ChangeRecord, ContentId, ContentKind, ContentStore, Feed, GuardThresholds, HeldRemoval,
    HoldReason, Item, LoggedChange, Loss, PerKind, ProfileId, RunId, RunRecord, Scope, SearchFields, StoreError,
    SyncOptions, UndoOutcome, UndoRequest, Value,
};
use sync_core::{
    ChangedItem, EditCounts, EditQuery, EditRequest, NamedItem, Overlay, OverlayError, Profile, Profiles,
    ResolveRequest,
};
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Death, Memory, TestedStore};
use super::run;
use crate::campaign::{Violation, caught};
use crate::dice::Dice;

type Kept<T> = Result<T, StoreError>;

/// What is wrong with a store, or with what the engine is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    ForgetsARow,
    MovesTheWatermarkEarly,
    WritesAHalf,
    HitsAnotherKind,
    HitsAnotherProfile,
    LeasesTwice,
    IgnoresCancellation,
    IgnoresFences,
    LogsNothing,
    ForgetsWhatIsHeld,
    ForgetsToDelete,
    ForgetsCategories,
    ChangesWhatIsSame,
    ForgetsTheEnd,
    TellsNothingAnew,
    /// Not the store's, but the engine's: it removes whatever is missing.
    GuardsNothing,
    /// It forgets what a run has heard of unreadable elements.
    ReleasesAtOnce,
    LogsNoBefore,
    LogsTheValueOfAnother,
    PrunesWithinARun,
    KeepsTheEpoch,
    UndoLeavesWhatWasAdded,
    UndoForgetsTheWatermark,
    UndoRestoresAPart,
    UndoForgetsTheHold,
    RefusesAndWrites,
    FindsItemsAsTheyWere,
    FindsWhatIsGone,
    /// The engine's: it takes probes for lists, however old the list is.
    ProbesForEver,
    LosesEditsOfWhatIsGone,
    LetsThePanelWin,
    LeavesEditsBehind,
    KeepsHiddenItems,
    /// It takes a change set for one that fits, and asks for no proof.
    SkipsTheProof,
    ExportMissesARow,
    UndoForgetsTheHash,
}

#[derive(Default)]
struct Marks {
    early: AtomicBool,
    fence: AtomicU64,
    run: AtomicI64,
    profiles: Mutex<Vec<ProfileId>>,
    /// The first epoch of each profile.
    epochs: Mutex<BTreeMap<ProfileId, i64>>,
    /// Up to where the log of each profile is cut.
    cuts: Mutex<BTreeMap<ProfileId, i64>>,
    /// What was there before the latest undo, until something else is written.
    undone: Mutex<Option<Undone>>,
    /// From where to where edits have moved.
    moved: Mutex<Vec<(ContentKind, ContentId, ContentId)>>,
    /// Where the latest change set of each profile and kind led.
    led: Mutex<BTreeMap<(ProfileId, usize), ContentHash>>,
    /// Whether the latest call was one that begins an export, or an apply of a set.
    completed: AtomicBool,
    /// The content hashes before the latest undo.
    hashes: Mutex<PerKind<Option<ContentHash>>>,
    /// Every item that was ever there, by profile, kind and id.
    found: Mutex<BTreeMap<(ProfileId, usize, i64), Item>>,
}

/// A profile before an undo.
#[derive(Clone)]
struct Undone {
    profile: ProfileId,
    rows: PerKind<Vec<Item>>,
    last_sync: PerKind<Option<i64>>,
}

#[derive(Clone)]
struct Broken {
    inner: MemoryStore,
    flaw: Flaw,
    marks: Arc<Marks>,
}

impl Broken {
    fn new(flaw: Flaw) -> Self {
        Self { inner: MemoryStore::new(), flaw, marks: Arc::default() }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// What was there before the latest undo of a profile, for who has this flaw.
    fn undone(&self, flaw: Flaw, profile: &ProfileId) -> Option<Undone> {
        self.marks.undone.lock().unwrap().clone().filter(|undone| self.is(flaw) && undone.profile == *profile)
    }

    fn forget_undone(&self) {
        *self.marks.undone.lock().unwrap() = None;
    }

    /// Deletes one row of a kind, if there is one.
    async fn delete_one(&self, profile: &ProfileId, kind: ContentKind) {
        if let Some(item) = self.inner.items(profile, kind).first() {
            let _ = self.inner.delete_content_by_ids(profile, kind, vec![item.id()]).await;
        }
    }
}

impl Backend for Broken {
    fn open(&self) -> Kept<Arc<dyn TestedStore>> {
        Ok(Arc::new(self.clone()))
    }

    fn another(&self) -> Arc<dyn Backend> {
        Arc::new(Self::new(self.flaw))
    }

    fn death(&self) -> Arc<dyn Death> {
        Memory::of(&self.inner).death()
    }

    fn told(&self, mut options: SyncOptions) -> SyncOptions {
        match self.flaw {
            Flaw::GuardsNothing => {
                options.guard = GuardThresholds { share_percent: 255, floor_rows: u64::MAX, category_rows: 0 };
            }
            Flaw::ProbesForEver => options.next_look = PerKind::from_fn(|_| Some(i64::MIN)),
            Flaw::ReleasesAtOnce => (options.retention.release_listings, options.retention.release_days) = (0, 0),
            _ => {}
        }
        options
    }
}

#[async_trait]
impl ContentStore for Broken {
    async fn ensure_profile(&self, profile: &ProfileId) -> Kept<()> {
        self.marks.profiles.lock().unwrap().push(profile.clone());
        self.inner.ensure_profile(profile).await
    }

    async fn lease(&self, profile: &ProfileId) -> Kept<Lease> {
        match self.inner.lease(profile).await {
            Err(StoreError::Leased(_)) if self.is(Flaw::LeasesTwice) => {
                Ok(Lease::new(self.marks.fence.load(Ordering::Relaxed) + 1, ()))
            }
            Ok(lease) => {
                self.marks.fence.store(lease.fence, Ordering::Relaxed);
                Ok(lease)
            }
            refused => refused,
        }
    }

    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Kept<RunId> {
        let run = self.inner.start_run(profile, fence, started_at).await?;
        self.marks.run.store(run.0, Ordering::Relaxed);
        Ok(run)
    }

    async fn finish_run(&self, profile: &ProfileId, mut end: RunEnd) -> Kept<()> {
        if self.is(Flaw::TellsNothingAnew) {
            end.held.clear();
        }
        if self.is(Flaw::ForgetsTheEnd) {
            return Ok(());
        }
        self.inner.finish_run(profile, end).await?;
        let newest = self.inner.feed(profile).await?.newest;
        self.marks.cuts.lock().unwrap().insert(profile.clone(), newest - 1);
        Ok(())
    }

    async fn sync_state(&self, profile: &ProfileId) -> Kept<SyncState> {
        let mut state = self.inner.sync_state(profile).await?;
        if self.is(Flaw::MovesTheWatermarkEarly) && self.marks.early.load(Ordering::Relaxed) {
            state.last_sync[ContentKind::Movies] = Some(5);
        }
        if let Some(undone) = self.undone(Flaw::UndoForgetsTheWatermark, profile) {
            state.last_sync = undone.last_sync;
        }
        Ok(state)
    }

    async fn index(&self, profile: &ProfileId, scope: Scope) -> Kept<StoredIndex> {
        self.inner.index(profile, scope).await
    }

    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Option<KeptValidator>> {
        self.inner.validator(profile, kind).await
    }

    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Kept<Vec<Item>> {
        let mut rows = self.inner.rows(profile, kind, ids.clone()).await?;
        if let Some(undone) = self.undone(Flaw::UndoLeavesWhatWasAdded, profile) {
            let left = |item: &&Item| ids.contains(&item.id()) && !rows.iter().any(|row| row.id() == item.id());
            let left: Vec<_> = undone.rows[kind].iter().filter(left).cloned().collect();
            rows.extend(left);
        }
        if let Some(undone) = self.undone(Flaw::UndoRestoresAPart, profile) {
            let name = kind.field("name").expect("every kind has names");
            for row in &mut rows {
                let was = undone.rows[kind].iter().find(|was| was.id() == row.id());
                if let Some(was) = was {
                    row.set(name, was.value(name).to_owned());
                }
            }
        }
        Ok(rows)
    }

    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<Category>> {
        let mut all = self.inner.categories(profile, kind).await?;
        if self.is(Flaw::ForgetsCategories) {
            all.pop();
        }
        Ok(all)
    }

    async fn category_sizes(&self, profile: &ProfileId, kind: ContentKind, of: Vec<CategoryId>) -> Kept<Vec<u64>> {
        self.inner.category_sizes(profile, kind, of).await
    }

    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Kept<Box<dyn Staging>> {
        self.marks.early.store(scope.kind == ContentKind::Movies, Ordering::Relaxed);
        let kind = scope.kind;
        let inner = self.inner.stage(profile, scope).await?;
        Ok(Box::new(BrokenStaging { store: self.clone(), profile: profile.clone(), kind, inner }))
    }

    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<ContentId>> {
        let mut ids = self.inner.get_content_ids(profile, kind).await?;
        if let Some(undone) = self.undone(Flaw::UndoLeavesWhatWasAdded, profile) {
            ids.extend(undone.rows[kind].iter().map(Item::id));
            ids.sort_unstable();
            ids.dedup();
        }
        Ok(ids)
    }

    async fn delete_content_by_ids(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        mut ids: Vec<ContentId>,
    ) -> Kept<u64> {
        self.forget_undone();
        let asked = ids.len() as u64;
        if self.is(Flaw::ForgetsToDelete) {
            ids.pop();
        }
        self.inner.delete_content_by_ids(profile, kind, ids).await.map(|_| asked)
    }

    async fn clear(&self, profile: &ProfileId) -> Kept<()> {
        self.forget_undone();
        self.inner.clear(profile).await
    }

    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<HeldRemoval>> {
        let mut held = self.inner.held(profile, kind).await?;
        if self.is(Flaw::UndoForgetsTheHold) {
            held.retain(|held| held.reason != HoldReason::Loss(Loss::Undone));
        }
        Ok(held)
    }

    async fn undo(&self, profile: &ProfileId, request: UndoRequest) -> Kept<UndoOutcome> {
        let (kinds, writes) = (request.kinds.clone(), request.fence.is_some());
        let rows = PerKind::from_fn(|kind| self.inner.items(profile, kind));
        let last_sync = self.inner.sync_state(profile).await?.last_sync;
        if writes {
            let state = self.inner.snapshot(profile).await?.state().await?;
            *self.marks.hashes.lock().unwrap() = state.kinds.map(|kind| kind.hash);
        }
        let outcome = self.inner.undo(profile, request).await?;
        match &outcome {
            UndoOutcome::Done(_) if writes => {
                *self.marks.undone.lock().unwrap() = Some(Undone { profile: profile.clone(), rows, last_sync });
            }
            UndoOutcome::Refused(_) if self.is(Flaw::RefusesAndWrites) => {
                for kind in kinds {
                    self.delete_one(profile, kind).await;
                }
            }
            _ => {}
        }
        Ok(outcome)
    }
}

#[async_trait]
impl Catalogue for Broken {
    async fn content_status(&self, profile: &ProfileId) -> Kept<ContentStatus> {
        self.inner.content_status(profile).await
    }

    async fn feed(&self, profile: &ProfileId) -> Kept<Feed> {
        Ok(self.feed_page(profile, 0, u32::MAX).await?.feed)
    }

    async fn feed_page(&self, profile: &ProfileId, after: i64, limit: u32) -> Kept<FeedPage> {
        let mut page = self.inner.feed_page(profile, after, limit).await?;
        if self.is(Flaw::LogsNothing) {
            page.changes.clear();
        }
        if self.is(Flaw::KeepsTheEpoch) {
            let mut epochs = self.marks.epochs.lock().unwrap();
            page.feed.epoch = *epochs.entry(profile.clone()).or_insert(page.feed.epoch);
        }
        if self.is(Flaw::PrunesWithinARun) {
            let cut = self.marks.cuts.lock().unwrap().get(profile).copied().unwrap_or_default();
            page.feed.oldest = page.feed.oldest.max(cut);
            page.changes.retain(|change| change.sequence > cut);
        }
        let is_update = |change: &&mut ChangeRecord| matches!(change.change, LoggedChange::Updated(_));
        for change in page.changes.iter_mut().filter(is_update) {
            let others = self.inner.items(profile, change.kind);
            let other = others.iter().find(|item| Some(item.id()) != change.id);
            for column in change.columns.iter_mut().flatten() {
                match (self.flaw, other, column.column) {
                    (Flaw::LogsNoBefore, ..) => column.before = column.after.clone(),
                    (Flaw::LogsTheValueOfAnother, Some(other), "name") => {
                        column.after = Value::Text(other.name().into());
                    }
                    _ => {}
                }
            }
        }
        Ok(page)
    }

    async fn runs(&self, profile: &ProfileId, limit: u32) -> Kept<Vec<RunRecord>> {
        self.inner.runs(profile, limit).await
    }

    async fn held_removals(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<HeldRemoval>> {
        self.inner.held_removals(profile, kind).await
    }

    async fn sized_categories(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<SizedCategory>> {
        self.inner.sized_categories(profile, kind).await
    }

    async fn page(&self, profile: &ProfileId, kind: ContentKind, page: PageRequest) -> Kept<Page> {
        self.inner.page(profile, kind, page).await
    }

    async fn item(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
        changes: u32,
    ) -> Kept<Option<KnownItem>> {
        self.inner.item(profile, kind, id, changes).await
    }

    async fn select(&self, profile: &ProfileId, mut selection: Selection) -> Kept<Selected> {
        selection.view.hidden |= self.is(Flaw::KeepsHiddenItems);
        let (as_they_were, gone) = (self.is(Flaw::FindsItemsAsTheyWere), self.is(Flaw::FindsWhatIsGone));
        if !as_they_were && !gone {
            return self.inner.select(profile, selection).await;
        }
        let mut found = self.marks.found.lock().unwrap();
        for kind in ContentKind::ALL {
            let key = |id: i64| (profile.clone(), kind.ordinal(), id);
            let now: BTreeMap<_, _> =
                self.inner.items(profile, kind).into_iter().map(|item| (item.id().0, item)).collect();
            found.retain(|(of, at, id), _| gone || of != profile || *at != kind.ordinal() || now.contains_key(id));
            for (id, item) in now {
                let known = found.entry(key(id)).or_insert_with(|| item.clone());
                if gone {
                    *known = item;
                }
            }
        }
        let kinds = PerKind::from_fn(|kind| {
            let own = found.iter().filter(|((of, at, _), _)| of == profile && *at == kind.ordinal());
            RowsOfKind { rows: own.map(|(_, item)| item).collect(), ..RowsOfKind::default() }
        });
        Ok(select_from_rows(&kinds, &selection, SearchFields::All))
    }
}

#[async_trait]
impl Profiles for Broken {
    async fn profile(&self, id: &ProfileId) -> Kept<Option<Profile>> {
        self.inner.profile(id).await
    }

    async fn profiles(&self) -> Kept<Vec<Profile>> {
        self.inner.profiles().await
    }

    async fn save_profile(&self, profile: &Profile) -> Kept<()> {
        self.inner.save_profile(profile).await
    }

    async fn remove_profile(&self, id: &ProfileId) -> Kept<bool> {
        self.inner.remove_profile(id).await
    }
}

#[async_trait]
impl Snapshots for Broken {
    async fn snapshot(&self, profile: &ProfileId) -> Kept<Box<dyn Snapshot>> {
        let inner = self.inner.snapshot(profile).await?;
        let for_a_set = self.marks.completed.swap(false, Ordering::Relaxed);
        Ok(Box::new(BrokenSnapshot { store: self.clone(), profile: profile.clone(), for_a_set, inner }))
    }

    async fn identify(&self, profile: &ProfileId, wanted: Option<PanelIdentity>) -> Kept<PanelIdentity> {
        self.inner.identify(profile, wanted).await
    }

    async fn complete_hashes(&self, profile: &ProfileId, login: &Login) -> Kept<()> {
        self.marks.completed.store(true, Ordering::Relaxed);
        self.inner.complete_hashes(profile, login).await
    }
}

struct BrokenSnapshot {
    store: Broken,
    profile: ProfileId,
    /// Whether it was opened to export or to apply a set.
    for_a_set: bool,
    inner: Box<dyn Snapshot>,
}

#[async_trait]
impl Snapshot for BrokenSnapshot {
    async fn state(&mut self) -> Kept<SnapshotState> {
        let mut state = self.inner.state().await?;
        let undone = self.store.undone(Flaw::UndoForgetsTheHash, &self.profile).is_some();
        for kind in ContentKind::ALL {
            let led = self.store.marks.led.lock().unwrap().get(&(self.profile.clone(), kind.ordinal())).copied();
            if undone {
                state.kinds[kind].hash = self.store.marks.hashes.lock().unwrap()[kind];
            } else if led.is_some() && self.for_a_set {
                state.kinds[kind].hash = led;
            }
        }
        Ok(state)
    }

    async fn hashes_at(&mut self, sequence: i64) -> Kept<PerKind<Option<ContentHash>>> {
        self.inner.hashes_at(sequence).await
    }

    async fn run_end(&mut self, until: Until) -> Kept<Option<i64>> {
        self.inner.run_end(until).await
    }

    async fn changes(&mut self, after: i64, limit: u32) -> Kept<Vec<ChangeRecord>> {
        let mut changes = self.inner.changes(after, limit).await?;
        let updated = changes.iter().position(|change| matches!(change.change, LoggedChange::Updated(_)));
        if let Some(at) = updated.filter(|_| self.store.is(Flaw::ExportMissesARow)) {
            changes.remove(at);
        }
        Ok(changes)
    }

    async fn rows(&mut self, kind: ContentKind, ids: Vec<ContentId>) -> Kept<Vec<Item>> {
        self.inner.rows(kind, ids).await
    }

    async fn row_hashes(&mut self, kind: ContentKind, ids: Vec<ContentId>) -> Kept<Vec<(ContentId, RowHash)>> {
        self.inner.row_hashes(kind, ids).await
    }

    async fn page(&mut self, kind: ContentKind, after: Option<ContentId>, limit: u32) -> Kept<Vec<Item>> {
        self.inner.page(kind, after, limit).await
    }

    async fn categories(&mut self, kind: ContentKind) -> Kept<Vec<Category>> {
        self.inner.categories(kind).await
    }

    async fn order(&mut self, kind: ContentKind) -> Kept<Vec<ContentId>> {
        self.inner.order(kind).await
    }

    async fn moves(&mut self, kind: ContentKind, after: i64) -> Kept<Moves> {
        self.inner.moves(kind, after).await
    }
}

#[async_trait]
impl Maintenance for Broken {
    async fn inspect(&self, profile: Option<ProfileId>) -> Kept<Inspection> {
        self.inner.inspect(profile).await
    }

    async fn mark(&self, inspection: &Inspection) -> Kept<Vec<(ProfileId, ContentKind)>> {
        self.inner.mark(inspection).await
    }
}

#[async_trait]
impl Paces for Broken {
    async fn enter(&self, account: &AccountKey) -> Kept<Option<Entry>> {
        self.inner.enter(account).await
    }

    async fn pace(&self, account: &AccountKey) -> Kept<Option<AccountPace>> {
        self.inner.pace(account).await
    }

    async fn save_pace(&self, account: &AccountKey, pace: &AccountPace) -> Kept<()> {
        self.inner.save_pace(account, pace).await
    }
}

#[async_trait]
impl Overlay for Broken {
    async fn edited(&self, profile: &ProfileId, query: EditQuery) -> Kept<Vec<EditedItem>> {
        let mut edited = self.inner.edited(profile, query).await?;
        if self.is(Flaw::LosesEditsOfWhatIsGone) {
            edited.retain(|item| self.inner.items(profile, item.kind).iter().any(|row| row.id() == item.id));
        }
        if self.is(Flaw::LetsThePanelWin) {
            for item in &mut edited {
                item.edits.retain(|edit| edit.conflict.is_none());
            }
            edited.retain(|item| !item.edits.is_empty());
        }
        if self.is(Flaw::LeavesEditsBehind) {
            for (kind, from, to) in self.marks.moved.lock().unwrap().iter() {
                if let Some(item) = edited.iter_mut().find(|item| (item.kind, item.id) == (*kind, *to)) {
                    item.id = *from;
                }
            }
        }
        Ok(edited)
    }

    async fn edit_counts(&self, profile: &ProfileId) -> Kept<EditCounts> {
        self.inner.edit_counts(profile).await
    }

    async fn edit(&self, profile: &ProfileId, request: EditRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        self.inner.edit(profile, request).await
    }

    async fn resolve(&self, profile: &ProfileId, request: ResolveRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        self.inner.resolve(profile, request).await
    }

    async fn rules(&self, profile: &ProfileId) -> Kept<OverlayRules> {
        self.inner.rules(profile).await
    }

    async fn change_rules(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        changes: Vec<RuleChange>,
    ) -> Result<OverlayRules, OverlayError> {
        self.inner.change_rules(profile, kind, changes).await
    }

    async fn named_items(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<NamedItem>> {
        self.inner.named_items(profile, kind).await
    }

    async fn import(&self, profile: &ProfileId, items: Vec<EditedItem>, at: i64) -> Result<ImportReport, OverlayError> {
        self.inner.import(profile, items, at).await
    }
}

struct BrokenStaging {
    store: Broken,
    profile: ProfileId,
    kind: ContentKind,
    inner: Box<dyn Staging>,
}

#[async_trait]
impl Staging for BrokenStaging {
    async fn put(&mut self, mut items: Vec<StagedItem>) -> Kept<()> {
        let is_update = |staged: &StagedItem| !matches!(staged.change, sync_core::Change::Added);
        if self.store.is(Flaw::ForgetsARow) && items.last().is_some_and(is_update) {
            items.pop();
        }
        if self.store.is(Flaw::ChangesWhatIsSame) {
            let name = self.kind.field("name").expect("every kind has names");
            for staged in &mut items {
                staged.item.set(name, Value::Text("Other".into()));
            }
        }
        self.inner.put(items).await
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Kept<Vec<StagedItem>> {
        self.inner.get(ids).await
    }

    async fn reset(&mut self) -> Kept<()> {
        self.inner.reset().await
    }

    async fn apply(&mut self, mut commit: ScopeCommit, mut cancel: CancellationToken) -> Kept<Applied> {
        match self.store.flaw {
            Flaw::IgnoresCancellation => cancel = CancellationToken::new(),
            Flaw::IgnoresFences => {
                commit.fence = self.store.marks.fence.load(Ordering::Relaxed);
                commit.run = RunId(self.store.marks.run.load(Ordering::Relaxed));
            }
            Flaw::ForgetsWhatIsHeld => commit.held = None,
            Flaw::SkipsTheProof => {
                if let Some(proof) = commit.proof.take() {
                    let place = (self.profile.clone(), self.kind.ordinal());
                    self.store.marks.led.lock().unwrap().insert(place, proof.to);
                }
            }
            _ => {}
        }
        let done = self.inner.apply(commit, cancel).await;
        for moved in done.iter().flat_map(|applied| &applied.moves).filter(|moved| moved.is_certain) {
            self.store.marks.moved.lock().unwrap().push((self.kind, moved.from, moved.to));
        }
        if done.is_ok() {
            self.store.forget_undone();
            self.store.marks.early.store(false, Ordering::Relaxed);
        }
        match (self.store.flaw, done.is_ok()) {
            (Flaw::WritesAHalf, false) => self.store.delete_one(&self.profile, self.kind).await,
            (Flaw::HitsAnotherKind, true) => {
                let other = ContentKind::ALL[(self.kind.ordinal() + 1) % 3];
                self.store.delete_one(&self.profile, other).await;
            }
            (Flaw::HitsAnotherProfile, true) => {
                let profiles = self.store.marks.profiles.lock().unwrap().clone();
                for other in profiles.iter().filter(|other| **other != self.profile) {
                    self.store.delete_one(other, self.kind).await;
                }
            }
            _ => {}
        }
        done
    }
}

/// The violations among so many seeds.
fn violations(flaw: Flaw, seeds: u64) -> impl Iterator<Item = Violation> {
    (1..=seeds).filter_map(move |seed| {
        let mut dice = Dice::new(seed);
        let (world, steps) = (dice.salt(), super::draw::schedule(&mut dice));
        caught(|| run(Arc::new(Broken::new(flaw)), world, &steps)).err()
    })
}

#[test]
fn a_store_without_a_flaw_passes() {
    assert_eq!(violations(Flaw::None, 40).next(), None);
}

/// Every flaw is found, and told by the promise that it breaks.
#[test]
fn every_flaw_is_found() {
    let flaws = [
        (Flaw::ForgetsARow, "(I1)"),
        (Flaw::MovesTheWatermarkEarly, "the watermark moved"),
        (Flaw::WritesAHalf, "(I2)"),
        (Flaw::HitsAnotherKind, "(I4)"),
        (Flaw::HitsAnotherProfile, "nobody wrote"),
        (Flaw::LeasesTwice, "(I9)"),
        (Flaw::IgnoresCancellation, "after the cancellation"),
        (Flaw::IgnoresFences, "(I9)"),
        (Flaw::LogsNothing, "logged"),
        (Flaw::ForgetsWhatIsHeld, "neither gone nor held"),
        (Flaw::ForgetsToDelete, "user deleted"),
        (Flaw::ForgetsCategories, "categories are"),
        (Flaw::ChangesWhatIsSame, "(I1)"),
        (Flaw::ForgetsTheEnd, "recorded as"),
        (Flaw::TellsNothingAnew, "after the end of a run held as"),
        (Flaw::GuardsNothing, "(I5)"),
        (Flaw::ReleasesAtOnce, "(I5)"),
        (Flaw::LogsNoBefore, "(I19)"),
        (Flaw::LogsTheValueOfAnother, "(I19)"),
        (Flaw::PrunesWithinARun, "(I19)"),
        (Flaw::KeepsTheEpoch, "(I19)"),
        (Flaw::UndoLeavesWhatWasAdded, "(I20)"),
        (Flaw::UndoForgetsTheWatermark, "the watermark is"),
        (Flaw::UndoRestoresAPart, "(I20)"),
        (Flaw::UndoForgetsTheHold, "is back and held as"),
        (Flaw::RefusesAndWrites, "(I20)"),
        (Flaw::FindsItemsAsTheyWere, "(I24)"),
        (Flaw::FindsWhatIsGone, "(I24)"),
        (Flaw::ProbesForEver, "no list within a day"),
        (Flaw::LosesEditsOfWhatIsGone, "(I8)"),
        (Flaw::LetsThePanelWin, "(I8)"),
        (Flaw::LeavesEditsBehind, "did not follow its item"),
        (Flaw::KeepsHiddenItems, "(I24)"),
        (Flaw::SkipsTheProof, "(I21)"),
        (Flaw::ExportMissesARow, "(I21)"),
        (Flaw::UndoForgetsTheHash, "(I21)"),
    ];
    for (flaw, told) in flaws {
        // A flaw may break several promises; the first schedules may tell another one.
        let mut others = Vec::new();
        let found = violations(flaw, 2000).take(20).any(|Violation(words)| {
            let is_told = words.contains(told);
            others.push(words);
            is_told
        });
        assert!(found, "{flaw:?} goes unnoticed, or was told as: {others:#?}");
    }
}

/// What ends in the machine itself: a schedule that fails is made smaller, and told.
#[test]
fn a_story_has_fewer_steps() {
    let fails = |steps: &[super::Step]| caught(|| run(Arc::new(Broken::new(Flaw::HitsAnotherKind)), 1, steps)).err();
    let steps = super::draw::schedule(&mut Dice::new(7));
    let violation = fails(&steps).expect("some kind has a row to be hit");
    let story = super::shrink::story(&steps, violation, &fails);
    assert!(story.contains("these are enough") && story.lines().count() <= steps.len(), "{story}");
}
