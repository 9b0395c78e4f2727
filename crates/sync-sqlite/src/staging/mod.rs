//! Staging: items that differ wait here, outside the database, until the listing is complete.

mod apply;
mod area;
mod record;
mod spool;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sync_core::store::{Applied, ScopeCommit, StagedItem, Staging};
use sync_core::{ContentId, ProfileId, Scope, StoreError};
use tokio_util::sync::CancellationToken;

use self::area::Area;
use self::spool::Spool;
use crate::db::blocking::off_thread;
use crate::store::SqliteStore;

/// The staging area of a scope.
pub(crate) struct SqliteStaging {
    store: SqliteStore,
    profile: ProfileId,
    scope: Scope,
    /// The area is shared with the blocking thread that works on it.
    area: Arc<Mutex<Area>>,
}

impl SqliteStaging {
    pub(crate) fn new(store: &SqliteStore, profile: &ProfileId, scope: Scope) -> Self {
        let folder = store.path().parent().unwrap_or_else(|| store.path());
        let area = Area::new(scope.kind, Spool::new(folder, store.is_read_only()));
        Self { store: store.clone(), profile: profile.clone(), scope, area: Arc::new(Mutex::new(area)) }
    }

    async fn with_area<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Area) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let area = Arc::clone(&self.area);
        off_thread(move || work(&mut lock(&area))).await
    }
}

fn lock(area: &Mutex<Area>) -> MutexGuard<'_, Area> {
    area.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Staging for SqliteStaging {
    async fn put(&mut self, items: Vec<StagedItem>) -> Result<(), StoreError> {
        if items.len() > AT_ONCE {
            return self.with_area(move |area| area.put_all(&items)).await;
        }
        // Few items of a batch differ as a rule. Writing them to memory takes less time than handing them to another
        // thread. Only writing to the disk needs another thread.
        let is_full = {
            let mut area = lock(&self.area);
            items.iter().try_for_each(|item| area.put(item))?;
            area.is_full()
        };
        if is_full { self.with_area(Area::spill).await } else { Ok(()) }
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Result<Vec<StagedItem>, StoreError> {
        self.with_area(move |area| area.get(&ids)).await
    }

    async fn reset(&mut self) -> Result<(), StoreError> {
        lock(&self.area).clear();
        Ok(())
    }

    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Result<Applied, StoreError> {
        // If this future is dropped, the thread that works for it has to stop too.
        let cancel = cancel.child_token();
        let _stop = cancel.clone().drop_guard();
        let (store, profile, scope) = (self.store.clone(), self.profile.clone(), self.scope.clone());
        self.with_area(move |area| apply::apply(&store, &profile, &scope, area, &commit, &cancel)).await
    }
}

/// The number of items that are staged without another thread.
const AT_ONCE: usize = 64;
