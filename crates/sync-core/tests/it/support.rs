//! A bench for whole runs. Every run is compared with snapshots of the store before and after it: counts, change log,
//! run record, and everything that must not change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use sync_core::testing::{FixedClock, ItemBuilder, MemoryStore, ScriptedSource, profile};
use sync_core::{
    Catalogue as _, Category, ContentKind, ContentSource, ContentStore, Counts, Engine, FieldClass, FieldSet, Item,
    KindOutcome, KindRecord, Listed, Observer, ProfileId, Progress, RunStatus, SyncOptions, SyncReport,
};
use sync_core::{ChangeRecord, HeldRemoval, LoggedChange};
use tokio_util::sync::CancellationToken;

pub(crate) use sync_core::ContentKind::{Channels, Movies, Series};

/// The start of the bench's clock, in unix seconds.
pub(crate) const NOW: i64 = 1_700_000_000;

/// A store with one profile, a clock, and all reports of progress.
pub(crate) struct Bench {
    pub(crate) store: MemoryStore,
    pub(crate) clock: FixedClock,
    pub(crate) profile: ProfileId,
    pub(crate) told: Arc<Told>,
}

/// The reports of progress.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Progress>>);

impl Told {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<Progress>> {
        self.0.lock().unwrap()
    }
}

impl Observer for Told {
    fn progress(&self, progress: Progress) {
        self.lock().push(progress);
    }
}

/// Everything that a store has of one kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tables {
    pub(crate) items: BTreeMap<i64, Item>,
    pub(crate) categories: Vec<Category>,
    pub(crate) held: Vec<HeldRemoval>,
    pub(crate) index: (Vec<i64>, Vec<u64>),
    pub(crate) last_sync: Option<i64>,
    pub(crate) changes: Vec<ChangeRecord>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let bench = Self {
            store: MemoryStore::new(),
            clock: FixedClock::at(NOW),
            profile: profile("home"),
            told: Arc::default(),
        };
        bench.store.ensure_profile(&bench.profile).await.unwrap();
        bench
    }

    pub(crate) async fn tables(&self, kind: ContentKind) -> Tables {
        let (store, profile) = (&self.store, &self.profile);
        let index = store.index(profile, kind.into()).await.unwrap().index;
        let changes = store.changes(profile, 0, u32::MAX).await.unwrap();
        Tables {
            items: store.items(profile, kind).into_iter().map(|item| (item.id().0, item)).collect(),
            categories: store.categories(profile, kind).await.unwrap(),
            held: store.held(profile, kind).await.unwrap(),
            index: (index.ids().to_vec(), index.digests().to_vec()),
            last_sync: store.sync_state(profile).await.unwrap().last_sync[kind],
            changes: changes.into_iter().filter(|change| change.kind == kind).collect(),
        }
    }

    pub(crate) fn row(&self, kind: ContentKind, id: i64) -> Option<Item> {
        self.store.items(&self.profile, kind).into_iter().find(|item| item.id().0 == id)
    }

    pub(crate) fn ids(&self, kind: ContentKind) -> Vec<i64> {
        self.store.items(&self.profile, kind).iter().map(|item| item.id().0).collect()
    }

    pub(crate) async fn sync(
        &self,
        source: &(impl ContentSource + Clone + 'static),
        options: &SyncOptions,
    ) -> SyncReport {
        self.sync_over(&self.store, source, options, &CancellationToken::new()).await
    }

    /// Syncs movies only, from one complete listing.
    pub(crate) async fn movies(&self, listing: &[Listed]) -> KindRecord {
        let source = ScriptedSource::new().lists(Movies, listing.to_vec());
        self.sync(&source, &only(Movies)).await.kind(Movies).clone()
    }

    /// Syncs over a store that wraps this one, and checks the invariants of every run.
    pub(crate) async fn sync_over(
        &self,
        store: &(impl ContentStore + Clone + 'static),
        source: &(impl ContentSource + Clone + 'static),
        options: &SyncOptions,
        cancel: &CancellationToken,
    ) -> SyncReport {
        let mut before = Vec::new();
        for kind in ContentKind::ALL {
            before.push(self.tables(kind).await);
        }
        let runs = self.store.runs(&self.profile, u32::MAX).await.unwrap().len();
        let (source, store) = (Arc::new(source.clone()), Arc::new(store.clone()));
        let engine =
            Engine::new(source, store, Arc::new(self.clock.clone())).with_observer(Arc::clone(&self.told) as _);
        let report = engine.run(&self.profile, options, cancel).await;
        for (kind, before) in ContentKind::ALL.into_iter().zip(before) {
            check(kind, &before, &self.tables(kind).await, &report);
        }
        let recorded = self.store.runs(&self.profile, u32::MAX).await.unwrap();
        let Some(run) = report.run else {
            assert_eq!(recorded.len(), runs, "a run that never started is in the history");
            return report;
        };
        assert_eq!(recorded.len(), runs + 1);
        assert_eq!((recorded[0].run, recorded[0].status), (run, report.status));
        assert_eq!(recorded[0].finished_at.is_some(), report.status != RunStatus::Syncing);
        for record in &recorded[0].kinds {
            let told = report.kind(record.kind);
            assert_eq!((record.outcome, record.counts), (told.outcome, told.counts), "the record of {}", record.kind);
        }
        assert_eq!(recorded[0].kinds.len(), 3, "every kind is recorded, be it as skipped");
        report
    }
}

/// I7: the counts are the difference of two snapshots. I2, I3: a kind that was not applied is unchanged.
fn check(kind: ContentKind, before: &Tables, after: &Tables, report: &SyncReport) {
    let record = report.kind(kind);
    let applied = matches!(record.outcome, KindOutcome::Completed | KindOutcome::Unchanged | KindOutcome::Held);
    if report.dry_run || !applied {
        assert_eq!(before, after, "{kind} moved");
        assert!(applied || record.counts == Counts::default(), "{kind} counts what it didn't apply");
        return;
    }
    let mut counts = Counts { skipped: record.counts.skipped, held: after.held.len() as u64, ..Counts::default() };
    let mut events = BTreeMap::new();
    for (id, item) in &after.items {
        let held = after.held.iter().any(|held| held.id.0 == *id);
        let Some(known) = before.items.get(id) else {
            counts.added += 1;
            events.insert(*id, LoggedChange::Added);
            continue;
        };
        assert!(!held || known == item, "{kind} {id} is held and was written");
        if known == item {
            counts.unchanged += u64::from(!held);
        } else if !differing(known, item, FieldClass::Significant).is_empty() {
            counts.updated += 1;
            events.insert(*id, LoggedChange::Updated(shown(known, item)));
        } else {
            let rests = !differing(known, item, FieldClass::Unproven).is_empty();
            assert!(rests || !shown(known, item).is_empty(), "{kind} {id} was written for fields that don't count");
            counts.refreshed += 1;
        }
    }
    for id in before.items.keys().filter(|id| !after.items.contains_key(id)) {
        counts.removed += 1;
        events.insert(*id, LoggedChange::Removed);
    }
    // Under the policy `timestamp` every written item counts as updated, so only the sum can be compared.
    let written = |counts: &Counts| (counts.added, counts.updated + counts.refreshed, counts.removed, counts.unchanged);
    assert_eq!(written(&record.counts), written(&counts), "{kind}: {:?} told, {counts:?} happened", record.counts);
    assert_eq!((record.counts.held, record.outcome == KindOutcome::Held), (counts.held, counts.held > 0));
    assert_eq!(record.hold_reason.is_some(), counts.held > 0);
    let seen = before.changes.last().map_or(0, |change| change.sequence);
    // The end of a user's edit is no change of a row.
    let is_of_row = |change: &&ChangeRecord| change.sequence > seen && !change.change.is_of_edit();
    let logged: Vec<_> = after.changes.iter().filter(is_of_row).collect();
    if before.last_sync.is_none() {
        assert!(logged.iter().map(|it| it.change).eq([LoggedChange::Loaded]), "a first load is one marker");
        return;
    }
    // A returned item counts as added. Only the store decides whether it has a tombstone.
    let plain = |change| if change == LoggedChange::Returned { LoggedChange::Added } else { change };
    let event = |it: &&ChangeRecord| (it.id.expect("an event of an item").0, plain(it.change));
    let found: BTreeMap<_, _> = logged.iter().map(event).collect();
    assert_eq!(found.len(), logged.len(), "one event an item");
    if counts.updated == record.counts.updated {
        assert_eq!(found, events, "{kind}: the change log");
    }
}

fn differing(a: &Item, b: &Item, class: FieldClass) -> FieldSet {
    let mut set = FieldSet::EMPTY;
    let of_class = a.kind().of_class(class);
    of_class.positions().filter(|at| a.value(*at) != b.value(*at)).for_each(|at| set.add(at));
    set
}

fn shown(a: &Item, b: &Item) -> FieldSet {
    FieldSet(differing(a, b, FieldClass::Significant).0 | differing(a, b, FieldClass::Display).0)
}

/// Returns the default options for one kind.
pub(crate) fn only(kind: ContentKind) -> SyncOptions {
    SyncOptions { kinds: vec![kind], ..SyncOptions::default() }
}

/// Returns items with these ids, as a panel lists them.
pub(crate) fn listed(kind: ContentKind, ids: impl IntoIterator<Item = i64>) -> Vec<Listed> {
    ids.into_iter().map(|id| ItemBuilder::of(kind, id).listed()).collect()
}

/// Returns a panel with items of every kind.
pub(crate) fn panel(ids: impl IntoIterator<Item = i64>) -> ScriptedSource {
    let ids: Vec<i64> = ids.into_iter().collect();
    let every = ContentKind::ALL.into_iter();
    every.fold(ScriptedSource::new(), |source, kind| source.lists(kind, listed(kind, ids.iter().copied())))
}

/// Returns these elements in every order.
pub(crate) fn permutations<T: Clone>(elements: &[T]) -> Vec<Vec<T>> {
    if elements.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for first in 0..elements.len() {
        let mut rest = elements.to_vec();
        let first = rest.remove(first);
        for mut order in permutations(&rest) {
            order.insert(0, first.clone());
            orders.push(order);
        }
    }
    orders
}

/// Returns these counts; the others are zero.
pub(crate) fn counts(added: u64, updated: u64, refreshed: u64, removed: u64, unchanged: u64) -> Counts {
    Counts { added, updated, refreshed, removed, unchanged, ..Counts::default() }
}
