//! What the machine runs on: a store that can be opened by several processes, and that survives their deaths.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sync_core::store::{ScopeCommit, Staging};
use sync_core::testing::MemoryStore;
use sync_core::testing::conformance::ReadableStore;
use sync_core::{PerKind, ProfileId, StoreError, SyncOptions};
use tokio_util::sync::CancellationToken;

use crate::campaign::Violation;

/// Dying in the middle of an apply.
#[async_trait]
pub(crate) trait Death: Send + Sync {
    /// Applies as a process does that dies when this share (of 255) is written. What comes back is heard by
    /// nobody.
    async fn apply(&self, staging: &mut dyn Staging, commit: ScopeCommit, share: u8) -> Result<(), StoreError>;

    /// Applies, and something goes wrong in the middle of the transaction; the number says what, and where.
    async fn break_inside(
        &self,
        staging: &mut dyn Staging,
        commit: ScopeCommit,
        cancel: CancellationToken,
        number: u8,
    ) -> Result<(), StoreError>;
}

/// The numbers of rows by the ids of their items, of each kind.
pub(crate) type Numbers = PerKind<BTreeMap<i64, i64>>;

/// A place where data outlive processes.
pub(crate) trait Backend: Send + Sync {
    /// Opens it, as a process of its own.
    fn open(&self) -> Result<Arc<dyn ReadableStore>, StoreError>;

    /// What dying in the middle of an apply is like here.
    fn death(&self) -> Arc<dyn Death>;

    /// Every process is about to be gone at once: what is on the disk now is all that stays. Nothing to do where
    /// handles leave nothing behind anyway.
    fn freeze(&self) -> Result<(), Violation> {
        Ok(())
    }

    /// Every process is gone: what stayed is put in place.
    fn thaw(&self) -> Result<(), Violation> {
        Ok(())
    }

    /// What the engine is told to do. Only a place that is broken on purpose tells it something else.
    fn told(&self, options: SyncOptions) -> SyncOptions {
        options
    }

    /// Some processes live on after the death of another.
    fn survived(&self) {}

    /// The rows' own numbers, which never change; empty where they can't be seen.
    fn numbers(&self, _profile: &ProfileId) -> Result<Numbers, Violation> {
        Ok(Numbers::default())
    }

    /// Looks at what can't be seen through the port.
    fn check(&self, _profiles: &[ProfileId]) -> Result<(), Violation> {
        Ok(())
    }
}

/// The store of the core, in memory.
#[derive(Default)]
pub(crate) struct Memory(MemoryStore);

#[cfg(test)]
impl Memory {
    pub(crate) fn of(store: &MemoryStore) -> Self {
        Self(store.clone())
    }
}

impl Backend for Memory {
    fn open(&self) -> Result<Arc<dyn ReadableStore>, StoreError> {
        Ok(Arc::new(self.0.clone()))
    }

    fn death(&self) -> Arc<dyn Death> {
        Arc::new(Abandoned(self.0.clone()))
    }
}

/// In memory, everything is written to a copy that the death leaves behind.
struct Abandoned(MemoryStore);

#[async_trait]
impl Death for Abandoned {
    async fn apply(&self, staging: &mut dyn Staging, commit: ScopeCommit, _: u8) -> Result<(), StoreError> {
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        staging.apply(commit, cancelled).await
    }

    async fn break_inside(
        &self,
        staging: &mut dyn Staging,
        commit: ScopeCommit,
        cancel: CancellationToken,
        number: u8,
    ) -> Result<(), StoreError> {
        self.0.fail_next_apply(super::faults::fault(number));
        staging.apply(commit, cancel).await
    }
}
