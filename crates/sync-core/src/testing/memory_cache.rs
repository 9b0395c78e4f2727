//! The other ports of the in-memory cache: catalogue, profiles and maintenance.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::memory_store::MemoryStore;
use super::memory_tables::Tables;
use crate::feed::change::LoggedChange;
use crate::feed::position::Feed;
use crate::model::{ContentId, ContentKind, Item, PerKind, ProfileId, Scope};
use crate::overlay::Shown;
use crate::policy::history::KindHistory;
use crate::ports::catalogue::{
    Catalogue, ContentStatus, FeedPage, HeldGroup, ItemState, KindStatus, KnownItem, Page, PageRequest, Selected,
    Selection, SizedCategory,
};
use crate::ports::maintenance::{Inspection, Maintenance};
use crate::ports::profiles::{PasswordSource, Profile, Profiles};
use crate::ports::store::StoreError;
use crate::removal::held::HeldRemoval;
use crate::run::record::RunRecord;
use crate::run::record::RunStatus;
use crate::search::{RowsOfKind, select_from_rows};

/// The greatest number of held items whose names are given.
const EXAMPLES: usize = 3;

#[async_trait]
impl Catalogue for MemoryStore {
    async fn content_status(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError> {
        let leased = self.inner().leased.contains(profile);
        self.read(profile, |tables| ContentStatus {
            sync_status: tables.last_status.map(|status| seen(status, leased)),
            message: tables.message.clone(),
            kinds: PerKind::from_fn(|kind| kind_status(tables, kind)),
            account: tables.account.clone(),
            facts: tables.facts.clone(),
        })
    }

    async fn runs(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        let leased = self.inner().leased.contains(profile);
        self.read(profile, |tables| {
            let mut runs: Vec<_> = tables.runs.iter().rev().take(limit as usize).cloned().collect();
            for run in &mut runs {
                run.status = seen(run.status, leased);
            }
            runs
        })
    }

    async fn kind_histories(&self, profile: &ProfileId) -> Result<PerKind<KindHistory>, StoreError> {
        let leased = self.inner().leased.contains(profile);
        self.read(profile, |tables| {
            // Only the newest run may have no end.
            let newest = tables.runs.last().map(|run| RunRecord { status: seen(run.status, leased), ..run.clone() });
            KindHistory::of_runs(newest.iter().chain(tables.runs.iter().rev().skip(1)))
        })
    }

    async fn feed(&self, profile: &ProfileId) -> Result<Feed, StoreError> {
        self.read(profile, Tables::feed)
    }

    async fn feed_page(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<FeedPage, StoreError> {
        self.read(profile, |tables| {
            let after = after.max(tables.floor);
            let later = tables.changes.iter().filter(|change| change.sequence > after);
            FeedPage::new(tables.feed(), later.take(limit as usize).cloned().collect())
        })
    }

    async fn held_removals(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        self.read(profile, |tables| tables.held[kind].clone())
    }

    async fn sized_categories(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<SizedCategory>, StoreError> {
        self.read(profile, |tables| {
            let mut sizes = BTreeMap::new();
            for (_, item) in tables.rows(kind).values() {
                item.categories().iter().for_each(|id| *sizes.entry(id.as_str().to_owned()).or_default() += 1);
            }
            SizedCategory::list(tables.categories[kind].clone(), sizes)
        })
    }

    async fn page(&self, profile: &ProfileId, kind: ContentKind, page: PageRequest) -> Result<Page, StoreError> {
        self.read(profile, |tables| {
            let (all, plain) = (tables.shown(kind), Shown::default());
            let seen = |item: &Item| {
                let shown = all.get(&item.id()).unwrap_or(&plain);
                page.view.has(shown).then(|| page.view.item(item.clone(), shown))
            };
            let is_wanted = |item: &Item| {
                page.after.is_none_or(|after| item.id() > after)
                    && page.category.as_ref().is_none_or(|category| item.categories().contains(&category.0))
            };
            let items = tables.rows(kind).values().filter_map(|(_, item)| seen(item)).filter(is_wanted);
            Page::of(items.take(page.limit.max(1) as usize + 1).collect(), page.limit)
        })
    }

    async fn item(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
        changes: u32,
    ) -> Result<Option<KnownItem>, StoreError> {
        self.read(profile, |tables| {
            let edited = tables.edited.get(&(kind, id.0)).cloned();
            let state = state(tables, kind, id).or_else(|| edited.is_some().then_some(ItemState::Unlisted))?;
            let of_item = tables.changes.iter().rev().filter(|it| (it.kind, it.id) == (kind, Some(id)));
            let readable = of_item.filter(|it| it.sequence > tables.floor);
            let known = KnownItem::new(state, readable.take(changes as usize).cloned().collect());
            Some(known.edited(edited, tables.shown_one(kind, id)))
        })
    }

    async fn select(&self, profile: &ProfileId, selection: Selection) -> Result<Selected, StoreError> {
        self.read(profile, |tables| {
            let kinds = PerKind::from_fn(|kind| RowsOfKind {
                rows: tables.rows(kind).values().map(|(_, item)| item).collect(),
                listed: listed(tables, kind),
                held: tables.held[kind].iter().map(|held| held.id).collect(),
                shown: tables.shown(kind),
            });
            let fields = tables.settings.as_ref().map(|settings| settings.search).unwrap_or_default();
            select_from_rows(&kinds, &selection, fields)
        })
    }
}

/// Returns the ids of a kind in the panel's order.
fn listed(tables: &Tables, kind: ContentKind) -> Vec<ContentId> {
    let index = tables.indexes.iter().find(|(scope, _)| *scope == Scope::whole(kind));
    index.map(|(_, index)| index.ids().iter().copied().map(ContentId).collect()).unwrap_or_default()
}

/// Returns the state of an item: its row, its tombstone, or only edits. Returns `None` for an unknown item.
fn state(tables: &Tables, kind: ContentKind, id: ContentId) -> Option<ItemState> {
    if let Some((_, item)) = tables.rows(kind).get(&id.0) {
        let (created_at, updated_at) = tables.written.get(&(kind, id.0)).copied().unwrap_or_default();
        let held = tables.held[kind].iter().find(|held| held.id == id).cloned();
        return Some(ItemState::Present { item: Box::new(item.clone()), created_at, updated_at, held });
    }
    let removed_at = *tables.tombstones.get(&(kind, id.0))?;
    let is_removal = |change: &LoggedChange| matches!(change, LoggedChange::Removed | LoggedChange::Undone(_));
    let removed = tables.changes.iter().rev().find(|it| (it.kind, it.id) == (kind, Some(id)) && is_removal(&it.change));
    let name = removed.and_then(|change| change.name.clone()).unwrap_or_default();
    Some(ItemState::Removed { name, removed_at })
}

#[async_trait]
impl Profiles for MemoryStore {
    async fn profile(&self, id: &ProfileId) -> Result<Option<Profile>, StoreError> {
        let inner = self.inner();
        Ok(inner.profiles.get(id).map(|tables| saved(id, tables)))
    }

    async fn profiles(&self) -> Result<Vec<Profile>, StoreError> {
        Ok(self.inner().profiles.iter().map(|(id, tables)| saved(id, tables)).collect())
    }

    async fn save_profile(&self, profile: &Profile) -> Result<(), StoreError> {
        let is_known = self.inner().profiles.contains_key(&profile.id);
        let mut inner = self.make(&profile.id);
        let tables = inner.profiles.get_mut(&profile.id).expect("it has just been made");
        let before = saved(&profile.id, tables);
        if is_known && profile.is_other_panel(&before) {
            tables.facts = crate::facts::PanelFacts::default();
            tables.held.values_mut().flatten().for_each(|held| held.evidence = None);
        }
        if is_known && (&before.base_url, &before.username) != (&profile.base_url, &profile.username) {
            tables.validators = PerKind::default();
        }
        let mut settings = profile.clone();
        settings.password = settings.password.filter(|_| settings.password_source == PasswordSource::Stored);
        settings.former_logins.clone_from(&before.former_logins);
        if settings.is_other_login(&before) {
            let has_content = ContentKind::ALL.into_iter().any(|kind| !tables.rows(kind).is_empty());
            if let Some(former) = before.login_to_keep().filter(|_| has_content || !tables.changes.is_empty()) {
                settings.former_logins.push(former);
                if settings.password_source != PasswordSource::Stored {
                    settings.former_logins.iter_mut().for_each(|former| former.password = None);
                }
                settings.former_logins.sort();
                settings.former_logins.dedup();
            }
            (tables.facts.refusals, tables.facts.refused_at) = (0, None);
        }
        tables.settings = Some(settings);
        Ok(())
    }

    async fn remove_profile(&self, id: &ProfileId) -> Result<bool, StoreError> {
        let mut inner = self.inner();
        if inner.leased.contains(id) {
            return Err(StoreError::Leased(id.clone()));
        }
        Ok(inner.profiles.remove(id).is_some())
    }
}

/// The content of this cache is always consistent. A marked kind is nevertheless compared in full.
#[async_trait]
impl Maintenance for MemoryStore {
    async fn inspect(&self, profile: Option<ProfileId>) -> Result<Inspection, StoreError> {
        let profiles = match profile {
            Some(profile) => self.read(&profile, |_| vec![profile.clone()])?,
            None => self.inner().profiles.keys().cloned().collect(),
        };
        Ok(Inspection { profiles, ..Inspection::default() })
    }

    async fn mark(&self, inspection: &Inspection) -> Result<Vec<(ProfileId, ContentKind)>, StoreError> {
        let mut marked = Vec::new();
        for (profile, kind) in inspection.to_compare() {
            self.write(&profile, |tables| {
                tables.marked_at[kind] = Some(0);
                Ok(())
            })?;
            marked.push((profile, kind));
        }
        Ok(marked)
    }
}

/// Returns the status of a run as a reader sees it. A run without an end and without a lease was interrupted.
fn seen(status: RunStatus, leased: bool) -> RunStatus {
    if status == RunStatus::Syncing && !leased { RunStatus::Interrupted } else { status }
}

fn saved(id: &ProfileId, tables: &Tables) -> Profile {
    tables.settings.clone().unwrap_or_else(|| Profile::new(id.clone()))
}

fn kind_status(tables: &Tables, kind: ContentKind) -> KindStatus {
    KindStatus {
        kind,
        last_sync: tables.last_sync[kind],
        rows: tables.rows(kind).len() as u64,
        held: held_groups(tables, kind),
        doubted_since: tables.marked_at[kind],
    }
}

/// Returns the held removals of a kind, grouped by reason.
fn held_groups(tables: &Tables, kind: ContentKind) -> Vec<HeldGroup> {
    let mut reasons: Vec<_> = tables.held[kind].iter().map(|held| held.reason).collect();
    reasons.sort_by_key(|reason| reason.as_str());
    reasons.dedup();
    let group = |reason| {
        let mut held: Vec<_> = tables.held[kind].iter().filter(|held| held.reason == reason).collect();
        held.sort_by_key(|held| (held.since, held.id));
        let name = |id: ContentId| tables.rows(kind).get(&id.0).map(|(_, item)| item.name().to_owned());
        let proven = held.iter().map(|held| held.evidence).collect::<Option<Vec<_>>>().unwrap_or_default();
        let latest = proven.iter().map(|evidence| evidence.listing).max();
        let sound = tables.facts.kinds[kind].sound_listings;
        HeldGroup {
            reason,
            count: held.len() as u64,
            oldest_since: held.iter().map(|held| held.since).min().unwrap_or_default(),
            examples: held.iter().filter_map(|held| name(held.id)).take(EXAMPLES).collect(),
            // The first listing without the item counts as well.
            listings: latest.map_or(0, |latest| sound.saturating_add(1).saturating_sub(latest)),
            evidence_since: proven.iter().map(|evidence| evidence.at).max(),
        }
    };
    reasons.into_iter().map(group).collect()
}
