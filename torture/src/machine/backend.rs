//! The stores of the machine: several processes can open one, and its data survive their deaths.

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

/// The faults in the middle of an apply.
#[async_trait]
pub(crate) trait Death: Send + Sync {
    /// Applies like a process that dies when this share (of 255) is written. The result is dropped.
    async fn apply(&self, staging: &mut dyn Staging, commit: ScopeCommit, share: u8) -> Result<Applied, StoreError>;

    /// Applies, and fails in the middle of the transaction. The number decides how and where.
    async fn break_inside(
        &self,
        staging: &mut dyn Staging,
        commit: ScopeCommit,
        cancel: CancellationToken,
        number: u8,
    ) -> Result<Applied, StoreError>;

    /// Undoes like a process that dies when this share (of 255) is written. The result is dropped.
    async fn undo(
        &self,
        store: &dyn TestedStore,
        profile: &ProfileId,
        request: UndoRequest,
        share: u8,
    ) -> Result<UndoOutcome, StoreError>;

    /// Undoes, and fails in the middle of the transaction. The number decides how and where.
    async fn break_undo(
        &self,
        store: &dyn TestedStore,
        profile: &ProfileId,
        request: UndoRequest,
        number: u8,
    ) -> Result<UndoOutcome, StoreError>;
}

/// The state that the ports don't show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// The number of each row, which never changes, and the time of its creation, by the ids of their items.
    pub(crate) numbers: PerKind<BTreeMap<i64, (i64, i64)>>,
    /// Tombstones as text, by the ids of their items.
    pub(crate) graves: PerKind<BTreeMap<i64, String>>,
}

/// A place whose data outlive processes.
pub(crate) trait Backend: Send + Sync {
    /// Opens the place, as a new process.
    fn open(&self) -> Result<Arc<dyn TestedStore>, StoreError>;

    /// Returns another place of the same sort, without data.
    fn another(&self) -> Arc<dyn Backend>;

    /// Returns the way in which a process dies in the middle of an apply.
    fn death(&self) -> Arc<dyn Death>;

    /// Prepares the end of every process at once: only the present state of the disk stays. Does nothing if handles
    /// leave nothing behind.
    fn freeze(&self) -> Result<(), Violation> {
        Ok(())
    }

    /// Puts the state that stayed in place, after the end of every process.
    fn thaw(&self) -> Result<(), Violation> {
        Ok(())
    }

    /// Returns the options of the engine. Only a deliberately broken place changes them.
    fn told(&self, options: SyncOptions) -> SyncOptions {
        options
    }

    /// Notes that a process has died while others live on.
    fn survived(&self) {}

    /// Returns the state that the ports don't show; empty if it can't be read.
    fn hidden(&self, _profile: &ProfileId) -> Result<Hidden, Violation> {
        Ok(Hidden::default())
    }

    /// Checks the state that the port doesn't show.
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

/// In memory, an apply writes everything to a copy, which a death leaves behind.
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
