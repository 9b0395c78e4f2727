//! The snapshots of a broken store.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sync_core::change_set::Moves;
use sync_core::{
    Category, ChangeRecord, ContentHash, ContentId, ContentKind, Item, LoggedChange, Login, PanelIdentity, PerKind,
    ProfileId, RowHash, Snapshot, SnapshotState, Snapshots, Until,
};

use super::{Broken, Flaw, Kept};

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

pub(super) struct BrokenSnapshot {
    pub(super) store: Broken,
    pub(super) profile: ProfileId,
    /// Whether it was opened to export a set or to apply one.
    pub(super) for_a_set: bool,
    pub(super) inner: Box<dyn Snapshot>,
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

    async fn order(&mut self, kind: ContentKind, skipped: u64, limit: u32) -> Kept<Vec<ContentId>> {
        self.inner.order(kind, skipped, limit).await
    }

    async fn moves(&mut self, kind: ContentKind, after: i64) -> Kept<Moves> {
        self.inner.moves(kind, after).await
    }
}
