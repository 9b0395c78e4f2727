//! The state that a store has of a profile, read through the port.

use std::collections::BTreeMap;

use sync_core::overlay::{ConflictRules, Edit, EditedItem, OverlayRules};
use sync_core::store::KeptValidator;
use sync_core::{Category, ContentKind, Item, ListingIndex, PanelFacts, PerKind, ProfileId, Scope, StoreError};
use sync_core::{ChangeRecord, EditQuery, Feed, HeldRemoval, RunId, RunRecord};

use super::backend::TestedStore;
use crate::campaign::Violation;
use crate::trace::Trace;
use crate::{promise, show};

/// All that is stored of a profile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) kinds: PerKind<KindState>,
    /// All entries of the log that were ever read, whether or not they can still be read.
    pub(crate) changes: Vec<ChangeRecord>,
    pub(crate) feed: Feed,
    pub(crate) runs: Vec<RunRecord>,
    pub(crate) facts: PanelFacts,
    pub(crate) rules: OverlayRules,
    pub(crate) conflicts: ConflictRules,
}

/// All that is stored of a kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KindState {
    pub(crate) rows: BTreeMap<i64, Item>,
    pub(crate) categories: Vec<Category>,
    pub(crate) held: Vec<HeldRemoval>,
    pub(crate) index: ListingIndex,
    pub(crate) applied_before: bool,
    pub(crate) consistent: bool,
    pub(crate) validator: Option<KeptValidator>,
    pub(crate) last_sync: Option<i64>,
    /// The counts of the store.
    pub(crate) counted: u64,
    /// The items that the user has edited.
    pub(crate) edited: BTreeMap<i64, EditedItem>,
}

/// Of the history, only the latest runs can change.
const RUNS: u32 = 8;

impl State {
    /// Reads a profile. Returns `None` if it doesn't exist yet. The change log of `earlier` is not read again.
    pub(crate) async fn read(
        store: &dyn TestedStore,
        profile: &ProfileId,
        earlier: Option<&Self>,
    ) -> Result<Option<Self>, StoreError> {
        let told = match store.sync_state(profile).await {
            Err(StoreError::UnknownProfile(_)) => return Ok(None),
            told => told?,
        };
        let edited = store.edited(profile, EditQuery::all()).await?;
        let rules = store.rules(profile).await?;
        let conflicts = store.profile(profile).await?.map(|settings| settings.conflicts).unwrap_or_default();
        let mut kinds = PerKind::from_fn(|_| None);
        for kind in ContentKind::ALL {
            let ids = store.get_content_ids(profile, kind).await?;
            let rows = if ids.is_empty() { Vec::new() } else { store.rows(profile, kind, ids).await? };
            let index = store.index(profile, Scope::whole(kind)).await?;
            kinds[kind] = Some(KindState {
                rows: rows.into_iter().map(|item| (item.id().0, item)).collect(),
                categories: store.categories(profile, kind).await?,
                held: store.held(profile, kind).await?,
                index: ListingIndex::clone(&index.index),
                applied_before: index.applied_before,
                consistent: index.consistent,
                validator: store.validator(profile, kind).await?,
                last_sync: told.last_sync[kind],
                counted: told.rows[kind],
                edited: edited.iter().filter(|it| it.kind == kind).map(|it| (it.id.0, it.clone())).collect(),
            });
        }
        let mut changes = earlier.map_or_else(Vec::new, |state| state.changes.clone());
        let after = changes.last().map_or(0, |last| last.sequence);
        let page = store.feed_page(profile, after, u32::MAX).await?;
        changes.extend(page.changes);
        let runs = store.runs(profile, RUNS).await?;
        let kinds = kinds.map(|state| state.expect("each kind was read"));
        Ok(Some(Self { kinds, changes, feed: page.feed, runs, facts: told.facts, rules, conflicts }))
    }

    /// Returns the same profile before anything was ever written.
    pub(crate) fn as_if_new(&self) -> Self {
        let mut new = self.clone();
        (new.changes, new.runs) = (Vec::new(), Vec::new());
        for state in new.kinds.values_mut() {
            (state.rows, state.categories, state.held) = (BTreeMap::new(), Vec::new(), Vec::new());
            state.index = ListingIndex::new(state.index.scheme(), []).expect("no id stands twice");
            (state.applied_before, state.consistent, state.counted) = (false, true, 0);
            (state.validator, state.last_sync) = (None, None);
        }
        new.rules = OverlayRules::default();
        new
    }

    pub(crate) fn kind(&self, kind: ContentKind) -> &KindState {
        &self.kinds[kind]
    }

    /// Returns the entries of a run and a kind that can be read.
    pub(crate) fn logged(&self, run: RunId, kind: ContentKind) -> Vec<&ChangeRecord> {
        self.of_rows().filter(|it| it.run == Some(run) && it.kind == kind).collect()
    }

    /// Returns the entries about rows that can be read. Entries about edits are left out.
    pub(crate) fn of_rows(&self) -> impl Iterator<Item = &ChangeRecord> {
        self.changes.iter().filter(|it| it.sequence > self.feed.oldest && !it.change.is_of_edit())
    }

    /// Checks the conditions that hold for every state.
    pub(crate) fn check(&self) -> Result<(), Violation> {
        for (kind, state) in self.kinds.iter() {
            let rows = &state.rows;
            promise!(state.counted == rows.len() as u64, "{kind}: {} rows, counted {}", rows.len(), state.counted);
            let ids = state.index.ids();
            let whole = ids.len() == rows.len() && ids.iter().all(|id| rows.contains_key(id));
            promise!(
                whole || !state.consistent,
                "{kind}: the index is trusted and knows {ids:?}, and the rows are {:?}",
                rows.keys()
            );
            promise!(state.held.is_sorted_by(|a, b| a.id < b.id), "{kind}: held out of order");
            for held in &state.held {
                promise!(rows.contains_key(&held.id.0), "{kind}: {} is held and isn't there", held.id);
            }
            for row in rows.values() {
                promise!(!row.name().is_empty(), "{kind}: {} has no name", row.id());
            }
            let mut met = std::collections::BTreeSet::new();
            let distinct = state.categories.iter().all(|category| met.insert(&category.id));
            promise!(distinct, "{kind}: a category is there twice");
        }
        promise!(self.changes.is_sorted_by(|a, b| a.sequence < b.sequence), "the change log is out of order");
        Ok(())
    }

    /// Checks that no edit of a kind has changed. Offers of other items are not compared.
    pub(crate) fn check_edits_still(&self, after: &Self, kind: ContentKind, when: &str) -> Result<(), Violation> {
        let edits = |state: &Self| -> BTreeMap<i64, Vec<Edit>> {
            state.kind(kind).edited.iter().map(|(id, item)| (*id, item.edits.clone())).collect()
        };
        let (before, now) = (edits(self), edits(after));
        let differing = before.keys().chain(now.keys()).find(|id| before.get(id) != now.get(id));
        let Some(id) = differing else { return Ok(()) };
        let (before, now) = (before.get(id), now.get(id));
        Err(Violation::new(format!("{kind}: the edits of {id} moved {when}: {before:?}, then {now:?} (I8)")))
    }

    /// Checks that nothing that a run writes of a kind has changed. The end of a run may give a held removal another
    /// reason, if several kinds have shrunk.
    pub(crate) fn check_still(&self, after: &Self, kind: ContentKind, when: &str) -> Result<(), Violation> {
        let (before, now) = (self.kind(kind), after.kind(kind));
        for (id, row) in &before.rows {
            let new = now.rows.get(id);
            promise!(new == Some(row), "{kind}: {} moved {when}: {}", show::item(row), show::row(new));
        }
        promise!(before.rows.len() == now.rows.len(), "{kind}: rows came {when}");
        let names = |state: &KindState| state.categories.iter().map(|it| it.id.0.clone()).collect::<Vec<_>>().join(" ");
        promise!(
            before.categories == now.categories,
            "{kind}: categories moved {when}: {}, then {}",
            names(before),
            names(now)
        );
        promise!(
            before.index == now.index,
            "{kind}: the index moved {when}: {}, then {}",
            show::index(&before.index),
            show::index(&now.index)
        );
        promise!(
            before.validator == now.validator,
            "{kind}: the validator moved {when}: {:?}, then {:?}",
            before.validator,
            now.validator
        );
        promise!(before.last_sync == now.last_sync, "{kind}: the watermark moved {when}");

        let ids = |state: &KindState| state.held.iter().map(|held| held.id).collect::<Vec<_>>();
        promise!(ids(before) == ids(now), "{kind}: what is held moved {when}");
        let logged = |state: &Self| state.changes.iter().filter(|change| change.kind == kind).count();
        promise!(logged(self) == logged(after), "{kind}: the change log grew {when}");
        Ok(())
    }

    pub(crate) fn feed(&self, trace: &mut Trace) {
        for state in self.kinds.values() {
            state.rows.values().for_each(|row| trace.item(row));
            state.index.ids().iter().for_each(|id| trace.signed(*id));
            state.index.digests().iter().for_each(|digest| trace.number(*digest));
            trace.signed(state.last_sync.unwrap_or(i64::MIN));
            for held in &state.held {
                trace.signed(held.id.0);
                trace.text(held.reason.as_str());
                trace.signed(held.since);
                trace.signed(held.evidence.map_or(-1, |evidence| evidence.at));
            }
            for category in &state.categories {
                trace.text(&category.name);
            }
        }
        for change in self.changes.iter().rev().take(20) {
            trace.signed(change.sequence);
        }
        trace.number(self.changes.len() as u64);
        for run in &self.runs {
            trace.signed(run.run.0);
            trace.text(run.status.as_str());
        }
    }
}
