//! The gate: the cache, as the process that applies a change set has it. Faults happen at some of its calls.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use async_trait::async_trait;
use sync_core::store::{
    Applied, KeptValidator, Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoredIndex, SyncState,
};
use sync_core::{
    Category, CategoryId, ContentId, ContentKind, ContentStore, HeldRemoval, Item, Login, PanelIdentity, Profile,
    ProfileId, Profiles, RunId, Scope, Snapshot, Snapshots, StoreError, UndoOutcome, UndoRequest,
};
use tokio_util::sync::CancellationToken;

use super::super::backend::{Backend, TestedStore};
use super::super::faults::fault;
use super::super::pass_on::pass_on;
use super::super::state::State;
use super::super::step::{ApplyTrouble, CallTrouble, UserEdit};
use super::super::world::World;
use crate::tally::INSIDE;

type Kept<T> = Result<T, StoreError>;

/// The task of the machine before a call goes on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reached {
    /// The process dies. The word names the place.
    Death(&'static str),
    Cancel,
    User(UserEdit),
}

#[derive(Default)]
struct Inner {
    troubles: Vec<ApplyTrouble>,
    calls: u16,
    applies: u8,
    reached: Option<Reached>,
    may_go: bool,
    machine: Option<Waker>,
    call: Option<Waker>,
    has_failed: bool,
    is_to_cancel: bool,
}

/// The place where calls wait for the machine.
#[derive(Default)]
pub(super) struct Gate(Mutex<Inner>);

impl Gate {
    pub(super) fn new(troubles: Vec<ApplyTrouble>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Inner { troubles, ..Inner::default() })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while holding it")
    }

    /// Waits until a call waits.
    pub(super) async fn reached(&self) -> Reached {
        poll_fn(|context| {
            let mut inner = self.inner();
            inner.machine = Some(context.waker().clone());
            inner.reached.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Lets the call go on.
    pub(super) fn go(&self) {
        let mut inner = self.inner();
        inner.may_go = true;
        inner.call.take().into_iter().for_each(Waker::wake);
    }

    /// Returns whether a call was made to fail.
    pub(super) fn has_failed(&self) -> bool {
        self.inner().has_failed
    }

    async fn wait(&self, reached: Reached) {
        {
            let mut inner = self.inner();
            (inner.reached, inner.may_go) = (Some(reached), false);
            inner.machine.take().into_iter().for_each(Waker::wake);
        }
        poll_fn(|context| {
            let mut inner = self.inner();
            inner.call = Some(context.waker().clone());
            if inner.may_go { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Passes before a call.
    async fn pass(&self) -> Kept<()> {
        self.pass_while(false).await
    }

    /// Passes before a call. A set is read on a thread of its own, so the exact moment of a cancellation in that time
    /// would be chance. The cancellation therefore comes with the first call after the reading.
    async fn pass_while(&self, is_reading: bool) -> Kept<()> {
        let what = {
            let mut inner = self.inner();
            inner.calls += 1;
            let calls = inner.calls;
            let due = inner.troubles.iter().find_map(|trouble| match trouble {
                ApplyTrouble::AtCall(nth, what) if *nth == calls => Some(*what),
                _ => None,
            });
            let is_cancelled = due == Some(CallTrouble::Cancel) || inner.is_to_cancel;
            inner.is_to_cancel = is_cancelled && is_reading;
            match due {
                Some(CallTrouble::Cancel) | None => (is_cancelled && !is_reading).then_some(CallTrouble::Cancel),
                other => other,
            }
        };
        match what {
            None => {}
            Some(CallTrouble::Fault(number)) => {
                self.inner().has_failed = true;
                return Err(fault(number));
            }
            Some(CallTrouble::Crash) => self.wait(Reached::Death("elsewhere")).await,
            Some(CallTrouble::Cancel) => self.wait(Reached::Cancel).await,
            Some(CallTrouble::User(edit)) => self.wait(Reached::User(edit)).await,
        }
        Ok(())
    }

    /// Returns the fault within the next transaction.
    fn inside(&self) -> Option<ApplyTrouble> {
        let mut inner = self.inner();
        inner.applies += 1;
        let applies = inner.applies;
        let is_meant = |trouble: &&ApplyTrouble| match trouble {
            ApplyTrouble::CrashInside(nth, _) | ApplyTrouble::FaultInside(nth, _) => *nth == applies,
            ApplyTrouble::AtCall(..) => false,
        };
        inner.troubles.iter().find(is_meant).copied()
    }
}

/// The cache behind the gate.
#[derive(Clone)]
pub(super) struct Gated {
    pub(super) gate: Arc<Gate>,
    pub(super) inner: Arc<dyn TestedStore>,
    pub(super) eye: Arc<dyn TestedStore>,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) world: Arc<World>,
    pub(super) site: usize,
}

impl Gated {
    async fn look(&self, profile: &ProfileId) -> Kept<Option<State>> {
        let known = self.world.inner().sites[self.site].known.clone();
        State::read(self.eye.as_ref(), profile, known.as_ref()).await
    }
}

#[async_trait]
impl ContentStore for Gated {
    async fn ensure_profile(&self, profile: &ProfileId) -> Kept<()> {
        self.gate.pass().await?;
        self.inner.ensure_profile(profile).await
    }

    async fn lease(&self, profile: &ProfileId) -> Kept<Lease> {
        self.gate.pass().await?;
        let lease = self.inner.lease(profile).await?;
        self.world.inner().sites[self.site].fence = lease.fence;
        Ok(lease)
    }

    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Kept<RunId> {
        self.gate.pass().await?;
        self.inner.start_run(profile, fence, started_at).await
    }

    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Kept<()> {
        self.gate.pass().await?;
        let before = self.look(profile).await?;
        self.inner.finish_run(profile, end.clone()).await?;
        if let (Some(before), Some(after)) = (before, self.look(profile).await?) {
            let ended = self.world.inner().sites[self.site].history.ended(&before, &after, &end);
            ended.unwrap_or_else(|violation| self.world.broke(violation));
        }
        Ok(())
    }

    async fn sync_state(&self, profile: &ProfileId) -> Kept<SyncState> {
        self.gate.pass().await?;
        self.inner.sync_state(profile).await
    }

    async fn index(&self, profile: &ProfileId, scope: Scope) -> Kept<StoredIndex> {
        self.gate.pass().await?;
        self.inner.index(profile, scope).await
    }

    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Option<KeptValidator>> {
        self.inner.validator(profile, kind).await
    }

    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Kept<Vec<Item>> {
        self.inner.rows(profile, kind, ids).await
    }

    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<Category>> {
        self.gate.pass().await?;
        self.inner.categories(profile, kind).await
    }

    async fn category_sizes(&self, profile: &ProfileId, kind: ContentKind, of: Vec<CategoryId>) -> Kept<Vec<u64>> {
        self.inner.category_sizes(profile, kind, of).await
    }

    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Kept<Box<dyn Staging>> {
        self.gate.pass_while(true).await?;
        let inner = self.inner.stage(profile, scope).await?;
        Ok(Box::new(GatedStaging { cache: self.clone(), inner }))
    }

    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<ContentId>> {
        self.inner.get_content_ids(profile, kind).await
    }

    async fn delete_content_by_ids(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Kept<u64> {
        self.inner.delete_content_by_ids(profile, kind, ids).await
    }

    async fn clear(&self, profile: &ProfileId) -> Kept<()> {
        self.inner.clear(profile).await
    }

    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<HeldRemoval>> {
        self.gate.pass().await?;
        self.inner.held(profile, kind).await
    }

    async fn undo(&self, profile: &ProfileId, request: UndoRequest) -> Kept<UndoOutcome> {
        self.inner.undo(profile, request).await
    }
}

struct GatedStaging {
    cache: Gated,
    inner: Box<dyn Staging>,
}

#[async_trait]
impl Staging for GatedStaging {
    async fn put(&mut self, items: Vec<StagedItem>) -> Kept<()> {
        self.cache.gate.pass_while(true).await?;
        self.inner.put(items).await
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Kept<Vec<StagedItem>> {
        self.inner.get(ids).await
    }

    async fn reset(&mut self) -> Kept<()> {
        self.inner.reset().await
    }

    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Kept<Applied> {
        self.cache.gate.pass().await?;
        let death = self.cache.backend.death();
        match self.cache.gate.inside() {
            Some(ApplyTrouble::CrashInside(_, share)) => {
                let done = death.apply(self.inner.as_mut(), commit, share).await;
                self.cache.gate.wait(Reached::Death(INSIDE)).await;
                done
            }
            Some(ApplyTrouble::FaultInside(_, number)) => {
                let done = death.break_inside(self.inner.as_mut(), commit, cancel, number).await;
                self.cache.gate.inner().has_failed |= done.is_err();
                done
            }
            _ => self.inner.apply(commit, cancel).await,
        }
    }
}

#[async_trait]
impl Snapshots for Gated {
    async fn snapshot(&self, profile: &ProfileId) -> Kept<Box<dyn Snapshot>> {
        self.gate.pass().await?;
        self.inner.snapshot(profile).await
    }

    async fn identify(&self, profile: &ProfileId, wanted: Option<PanelIdentity>) -> Kept<PanelIdentity> {
        self.gate.pass().await?;
        self.inner.identify(profile, wanted).await
    }

    async fn complete_hashes(&self, profile: &ProfileId, login: &Login) -> Kept<()> {
        self.gate.pass().await?;
        self.inner.complete_hashes(profile, login).await
    }
}

#[async_trait]
impl Profiles for Gated {
    async fn profile(&self, id: &ProfileId) -> Kept<Option<Profile>> {
        self.gate.pass().await?;
        self.inner.profile(id).await
    }

    async fn profiles(&self) -> Kept<Vec<Profile>> {
        self.inner.profiles().await
    }

    async fn save_profile(&self, profile: &Profile) -> Kept<()> {
        self.inner.save_profile(profile).await
    }

    async fn remove_profile(&self, id: &ProfileId) -> Kept<bool> {
        self.gate.pass().await?;
        let removed = self.inner.remove_profile(id).await?;
        // A profile that is created again begins with the first fence.
        self.world.inner().sites[self.site].fence = 0;
        Ok(removed)
    }
}

pass_on!(Catalogue for Gated);

pass_on!(Overlay for Gated);

pass_on!(Maintenance for Gated);

pass_on!(Paces for Gated);
