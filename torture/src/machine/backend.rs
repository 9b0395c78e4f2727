//! What the machine runs on: a store that can be opened by several processes, and that survives their deaths.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sync_core::store::{Applied, ScopeCommit, Staging};
use sync_core::testing::MemoryStore;
use sync_core::{PerKind, ProfileId, StoreError, SyncOptions, UndoOutcome, UndoRequest};
use tokio_util::sync::CancellationToken;

use crate::campaign::Violation;

/// A store that can be read back.
pub(crate) use sync_core::Cache as TestedStore;

/// Dying in the middle of an apply.
#[async_trait]
pub(crate) trait Death: Send + Sync {
    /// Applies as a process does that dies when this share (of 255) is written. What comes back is heard by
    /// nobody.
    async fn apply(&self, staging: &mut dyn Staging, commit: ScopeCommit, share: u8) -> Result<Applied, StoreError>;

    /// Applies, and something goes wrong in the middle of the transaction; the number says what, and where.
    async fn break_inside(
        &self,
        staging: &mut dyn Staging,
        commit: ScopeCommit,
        cancel: CancellationToken,
        number: u8,
    ) -> Result<Applied, StoreError>;

    /// Undoes as a process does that dies when this share (of 255) is written. What comes back is heard by nobody.
    async fn undo(
        &self,
        store: &dyn TestedStore,
        profile: &ProfileId,
        request: UndoRequest,
        share: u8,
    ) -> Result<UndoOutcome, StoreError>;

    /// Undoes, and something goes wrong in the middle of the transaction; the number says what, and where.
    async fn break_undo(
        &self,
        store: &dyn TestedStore,
        profile: &ProfileId,
        request: UndoRequest,
        number: u8,
    ) -> Result<UndoOutcome, StoreError>;
}

/// What can't be seen through the ports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// The number of each row, which never changes, and when it was made; by the ids of their items.
    pub(crate) numbers: PerKind<BTreeMap<i64, (i64, i64)>>,
    /// Tombstones as text, by the ids of their items.
    pub(crate) graves: PerKind<BTreeMap<i64, String>>,
}

/// A place where data outlive processes.
pub(crate) trait Backend: Send + Sync {
    /// Opens it, as a process of its own.
    fn open(&self) -> Result<Arc<dyn TestedStore>, StoreError>;

    /// Another place of the same sort, without data.
    fn another(&self) -> Arc<dyn Backend>;

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

    /// What can't be seen through the ports; empty where it can't be seen at all.
    fn hidden(&self, _profile: &ProfileId) -> Result<Hidden, Violation> {
        Ok(Hidden::default())
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
    fn open(&self) -> Result<Arc<dyn TestedStore>, StoreError> {
        Ok(Arc::new(self.0.clone()))
    }

    fn another(&self) -> Arc<dyn Backend> {
        Arc::new(Self::default())
    }

    fn death(&self) -> Arc<dyn Death> {
        Arc::new(Abandoned(self.0.clone()))
    }
}

/// In memory, everything is written to a copy that the death leaves behind.
struct Abandoned(MemoryStore);

#[async_trait]
impl Death for Abandoned {
    async fn apply(&self, staging: &mut dyn Staging, commit: ScopeCommit, _: u8) -> Result<Applied, StoreError> {
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
    ) -> Result<Applied, StoreError> {
        self.0.fail_next_apply(super::faults::fault(number));
        staging.apply(commit, cancel).await
    }

    async fn undo(
        &self,
        store: &dyn TestedStore,
        profile: &ProfileId,
        request: UndoRequest,
        _: u8,
    ) -> Result<UndoOutcome, StoreError> {
        self.break_undo(store, profile, request, 0).await
    }

    async fn break_undo(
        &self,
        store: &dyn TestedStore,
        profile: &ProfileId,
        request: UndoRequest,
        number: u8,
    ) -> Result<UndoOutcome, StoreError> {
        self.0.fail_next_undo(super::faults::fault(number));
        store.undo(profile, request).await
    }
}
