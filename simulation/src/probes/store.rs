//! A store with only the parts that the engine needs, and none for readers, because a replay has many thousands of
//! runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sync_core::store::{
    Applied, KeptValidator, Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoredIndex, SyncState,
};
use sync_core::{
    Category, CategoryId, Change, ContentId, ContentKind, ContentStore, DigestScheme, HeldRemoval, Item, ListingIndex,
    ProfileId, RunId, Scope, StoreError,
};
use tokio_util::sync::CancellationToken;

const KIND: ContentKind = ContentKind::Movies;

/// The store of one profile and one kind. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct SmallStore(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    items: BTreeMap<i64, Item>,
    sizes: HashMap<String, u64>,
    index: Option<Arc<ListingIndex>>,
    state: SyncState,
    held: Vec<HeldRemoval>,
    runs: i64,
}

impl SmallStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the ids of the rows, ascending.
    pub(super) fn ids(&self) -> Vec<i64> {
        self.tables().items.keys().copied().collect()
    }

    /// Returns the number of rows.
    pub(super) fn rows(&self) -> u64 {
        self.tables().items.len() as u64
    }
}

impl Tables {
    fn put(&mut self, item: Item) {
        self.delete(item.id());
        for category in item.categories().as_slice() {
            *self.sizes.entry(category.to_string()).or_default() += 1;
        }
        self.items.insert(item.id().0, item);
    }

    fn delete(&mut self, id: ContentId) {
        let Some(item) = self.items.remove(&id.0) else { return };
        for category in item.categories().as_slice() {
            if let Some(size) = self.sizes.get_mut(&category.to_string()) {
                *size -= 1;
            }
        }
    }
}

#[async_trait]
impl ContentStore for SmallStore {
    async fn ensure_profile(&self, _: &ProfileId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn lease(&self, _: &ProfileId) -> Result<Lease, StoreError> {
        Ok(Lease::new(1, ()))
    }

    async fn start_run(&self, _: &ProfileId, _: u64, _: i64) -> Result<RunId, StoreError> {
        let mut tables = self.tables();
        tables.runs += 1;
        Ok(RunId(tables.runs))
    }

    async fn finish_run(&self, _: &ProfileId, end: RunEnd) -> Result<(), StoreError> {
        if let Some(facts) = end.facts {
            self.tables().state.facts = facts;
        }
        Ok(())
    }

    async fn sync_state(&self, _: &ProfileId) -> Result<SyncState, StoreError> {
        let tables = self.tables();
        let mut state = tables.state.clone();
        state.rows[KIND] = tables.items.len() as u64;
        state.held[KIND] = tables.held.len() as u64;
        Ok(state)
    }

    async fn index(&self, _: &ProfileId, _: Scope) -> Result<StoredIndex, StoreError> {
        let index = self.tables().index.clone();
        let applied = index.is_some();
        let empty = || Arc::new(ListingIndex::empty(DigestScheme::FIELDS));
        Ok(StoredIndex::new(index.unwrap_or_else(empty), applied, true))
    }

    async fn validator(&self, _: &ProfileId, _: ContentKind) -> Result<Option<KeptValidator>, StoreError> {
        Ok(None)
    }

    async fn rows(&self, _: &ProfileId, _: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError> {
        let tables = self.tables();
        Ok(ids.iter().filter_map(|id| tables.items.get(&id.0).cloned()).collect())
    }

    async fn categories(&self, _: &ProfileId, _: ContentKind) -> Result<Vec<Category>, StoreError> {
        Ok(Vec::new())
    }

    async fn category_sizes(
        &self,
        _: &ProfileId,
        _: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Result<Vec<u64>, StoreError> {
        let tables = self.tables();
        Ok(categories.iter().map(|category| tables.sizes.get(&category.0).copied().unwrap_or_default()).collect())
    }

    async fn stage(&self, _: &ProfileId, _: Scope) -> Result<Box<dyn Staging>, StoreError> {
        Ok(Box::new(Staged { store: self.clone(), items: BTreeMap::new() }))
    }

    async fn get_content_ids(&self, _: &ProfileId, _: ContentKind) -> Result<Vec<ContentId>, StoreError> {
        Ok(self.ids().into_iter().map(ContentId).collect())
    }

    async fn delete_content_by_ids(&self, _: &ProfileId, _: ContentKind, _: Vec<ContentId>) -> Result<u64, StoreError> {
        Err(StoreError::Refused("no run deletes items so".to_owned()))
    }

    async fn clear(&self, _: &ProfileId) -> Result<(), StoreError> {
        Err(StoreError::Refused("no run clears".to_owned()))
    }

    async fn held(&self, _: &ProfileId, _: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        Ok(self.tables().held.clone())
    }
}

struct Staged {
    store: SmallStore,
    items: BTreeMap<i64, StagedItem>,
}

#[async_trait]
impl Staging for Staged {
    async fn put(&mut self, items: Vec<StagedItem>) -> Result<(), StoreError> {
        self.items.extend(items.into_iter().map(|staged| (staged.item.id().0, staged)));
        Ok(())
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Result<Vec<StagedItem>, StoreError> {
        Ok(ids.iter().filter_map(|id| self.items.get(&id.0).cloned()).collect())
    }

    async fn reset(&mut self) -> Result<(), StoreError> {
        self.items.clear();
        Ok(())
    }

    async fn apply(&mut self, commit: ScopeCommit, _: CancellationToken) -> Result<Applied, StoreError> {
        let mut tables = self.store.tables();
        for (_, staged) in std::mem::take(&mut self.items) {
            if staged.change != Change::Unchanged {
                tables.put(staged.item);
            }
        }
        for id in commit.removals {
            tables.delete(id);
        }
        tables.index = commit.index.or(tables.index.take());
        tables.held = commit.held.unwrap_or_else(|| std::mem::take(&mut tables.held));
        tables.state.last_sync[KIND] = Some(commit.watermark);
        if let Some(fields) = commit.fields {
            tables.state.facts.kinds[KIND].fields = fields;
        }
        Ok(Applied::default())
    }
}
