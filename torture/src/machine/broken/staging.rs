//! The staging of a broken store, and its applies.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sync_core::store::{Applied, ScopeCommit, StagedItem, Staging};
use sync_core::{ContentId, ContentKind, ProfileId, RunId, Value};
use tokio_util::sync::CancellationToken;

use super::{Broken, Flaw, Kept};

pub(super) struct BrokenStaging {
    pub(super) store: Broken,
    pub(super) profile: ProfileId,
    pub(super) kind: ContentKind,
    pub(super) inner: Box<dyn Staging>,
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
