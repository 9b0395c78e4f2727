//! The store under torture. It passes every call on, waits at the desk before and after it, and compares an apply with
//! its right result.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_core::store::{
    Applied, KeptValidator, Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoredIndex, SyncState,
};
use sync_core::{Category, CategoryId, ContentId, ContentKind, ContentStore, Item, ProfileId, Scope, StoreError};
use sync_core::{HeldRemoval, RunId};
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Hidden, TestedStore};
use super::check;
use super::desk::{Call, Side, Verdict};
use super::faults::fault;
use super::run::Run;
use super::state::State;
use crate::campaign::Violation;
use crate::promise;

type Kept<T> = Result<T, StoreError>;

/// A store, as one run of one process has it.
#[derive(Clone)]
pub(crate) struct TorturedStore {
    pub(crate) run: Arc<Run>,
    /// The process's own handle.
    pub(crate) inner: Arc<dyn TestedStore>,
    /// A handle for reading, which no fault hits.
    pub(crate) eye: Arc<dyn TestedStore>,
    pub(crate) backend: Arc<dyn Backend>,
}

impl TorturedStore {
    async fn pass(&self, call: Call, side: Side) -> Kept<Verdict> {
        match self.run.desk.pass(call, side).await {
            Verdict::Fail(number) => Err(fault(number)),
            verdict => Ok(verdict),
        }
    }

    async fn call<T>(&self, call: Call, work: impl Future<Output = Kept<T>>) -> Kept<T> {
        self.pass(call, Side::Before).await?;
        let done = {
            let _inside = self.run.desk.enter();
            work.await
        };
        self.pass(call, Side::After).await?;
        done
    }

    /// Returns the present state of the profile.
    async fn look(&self) -> Kept<Option<State>> {
        let (profile, known) = {
            let world = self.run.world.inner();
            let site = &world.sites[self.run.site];
            (site.profile.clone(), site.known.clone())
        };
        State::read(self.eye.as_ref(), &profile, known.as_ref()).await
    }

    /// Applies, and reads the profile before and after it.
    async fn apply(
        &self,
        staging: &mut dyn Staging,
        kind: ContentKind,
        commit: ScopeCommit,
        cancel: CancellationToken,
        verdict: Verdict,
    ) -> Kept<Applied> {
        let was_cancelled = cancel.is_cancelled();
        let (fence, id) = (commit.fence, commit.run);
        let before = self.look().await?;
        self.check_known(before.as_ref(), "outside of an apply");
        let found = self.hidden();
        let died = matches!(verdict, Verdict::Die(_));
        self.run.notes().dying = died.then_some(kind);
        self.run.notes().found = found.clone().ok().map(|found| (id, found));
        let death = self.backend.death();
        let done = match verdict {
            Verdict::Die(share) => death.apply(staging, commit, share).await,
            Verdict::Break(number) => death.break_inside(staging, commit, cancel, number).await,
            _ => staging.apply(commit, cancel).await,
        };
        if died {
            // The state is read once the process is gone.
            return done;
        }
        let after = self.look().await?;
        let (Some(before), Some(after)) = (before, after) else { return done };
        let checked = match &done {
            Err(_) => still(&before, &after, "although the apply failed (I2)"),
            Ok(_) if was_cancelled => Err(Violation::new("an apply went through after the cancellation")),
            Ok(_) if fence < self.run.world.inner().sites[self.run.site].fence => {
                Err(Violation::new("an apply went through under an old fence (I9)"))
            }
            Ok(_) => check::applied(&self.run, &before, &after, kind),
        };
        let checked = checked.and_then(|()| same_numbers(&found?, &self.hidden()?));
        self.run.notes().committed = done.is_ok();
        if let (Ok(_), Some((_, found))) = (&done, self.run.notes().found.take()) {
            let mut world = self.run.world.inner();
            world.sites[self.run.site].history.wrote(id, kind, &before, &after, found);
        }
        match checked {
            Ok(()) => self.run.accept(after, done.is_ok()),
            Err(violation) => self.run.world.broke(violation),
        }
        done
    }

    fn hidden(&self) -> Result<Hidden, Violation> {
        let profile = self.run.world.inner().sites[self.run.site].profile.clone();
        self.backend.hidden(&profile)
    }

    /// Compares the profile with its known state.
    fn check_known(&self, now: Option<&State>, when: &str) {
        let mut world = self.run.world.inner();
        let known = &world.sites[self.run.site].known;
        if let (Some(known), Some(now)) = (known, now)
            && let Err(violation) = still(known, now, when)
        {
            world.broken.get_or_insert(violation);
        }
    }
}

/// Checks that rows that stay keep their numbers (I8).
pub(crate) fn same_numbers(before: &Hidden, after: &Hidden) -> Result<(), Violation> {
    for (kind, before) in before.numbers.iter() {
        for (id, number) in before {
            let now = after.numbers[kind].get(id);
            promise!(now.is_none_or(|now| now == number), "{kind}: the row of {id} was {number:?} and is {now:?} (I8)");
        }
    }
    Ok(())
}

/// Checks that no kind has changed.
pub(crate) fn still(before: &State, after: &State, when: &str) -> Result<(), Violation> {
    for kind in ContentKind::ALL {
        before.check_still(after, kind, when)?;
        before.check_edits_still(after, kind, when)?;
    }
    promise!(before.rules == after.rules, "the rules moved {when} (I8)");
    Ok(())
}

/// A lease that can be lost without the knowledge of its holder.
struct Held {
    real: Arc<Mutex<Option<Lease>>>,
    run: Arc<Run>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let real = self.real.lock().expect("nothing panics while holding it").take();
        if real.is_some() {
            self.run.world.inner().sites[self.run.site].holders -= 1;
        }
    }
}

#[async_trait]
impl ContentStore for TorturedStore {
    async fn ensure_profile(&self, profile: &ProfileId) -> Kept<()> {
        self.call(Call::EnsureProfile, self.inner.ensure_profile(profile)).await
    }

    async fn lease(&self, profile: &ProfileId) -> Kept<Lease> {
        self.pass(Call::Lease, Side::Before).await?;
        let lease = {
            let _inside = self.run.desk.enter();
            self.inner.lease(profile).await?
        };
        let fence = lease.fence;
        let real = Arc::clone(&self.run.notes().lease);
        *real.lock().expect("nothing panics while holding it") = Some(lease);
        {
            let mut world = self.run.world.inner();
            let site = &mut world.sites[self.run.site];
            site.holders += 1;
            let (holders, newest) = (site.holders, std::mem::replace(&mut site.fence, fence));
            if holders > 1 {
                world.broken.get_or_insert(Violation::new("two runs have the lease of a profile (I9)"));
            }
            if fence <= newest {
                world.broken.get_or_insert(Violation::new(format!("fence {fence} after {newest} (I9)")));
            }
        }
        let epoch = self.run.world.inner().sites[self.run.site].epoch;
        {
            let mut notes = self.run.notes();
            notes.fence = Some(fence);
            notes.epoch = epoch;
        }
        let lease = Lease::new(fence, Held { real, run: Arc::clone(&self.run) });
        self.pass(Call::Lease, Side::After).await?;
        Ok(lease)
    }

    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Kept<RunId> {
        self.call(Call::StartRun, self.inner.start_run(profile, fence, started_at)).await
    }

    async fn finish_run(&self, profile: &ProfileId, end: RunEnd) -> Kept<()> {
        self.pass(Call::FinishRun, Side::Before).await?;
        let mut broken = None;
        let done = {
            let _inside = self.run.desk.enter();
            let (told, before) = (end.clone(), self.look().await.ok().flatten());
            let done = self.inner.finish_run(profile, end).await;
            if let (Some(before), Some(after), true) = (before, self.look().await.ok().flatten(), done.is_ok()) {
                let checked = check::ended(&before, &after, &told.held);
                let history = &mut self.run.world.inner().sites[self.run.site].history;
                let pruned = history.ended(&before, &after, &told);
                if let Err(violation) = checked.and(pruned) {
                    broken = Some(violation);
                }
            }
            done
        };
        if let Some(violation) = broken {
            self.run.world.broke(violation);
        }
        self.run.notes().finished = done.is_ok();
        // The end is recorded now. A failure after that would be a wrong report of the store.
        let _ = self.run.desk.pass(Call::FinishRun, Side::After).await;
        done
    }

    async fn sync_state(&self, profile: &ProfileId) -> Kept<SyncState> {
        self.call(Call::SyncState, self.inner.sync_state(profile)).await
    }

    async fn index(&self, profile: &ProfileId, scope: Scope) -> Kept<StoredIndex> {
        self.call(Call::Index, self.inner.index(profile, scope)).await
    }

    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Option<KeptValidator>> {
        self.call(Call::Validator, self.inner.validator(profile, kind)).await
    }

    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Kept<Vec<Item>> {
        self.call(Call::Rows, self.inner.rows(profile, kind, ids)).await
    }

    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<Category>> {
        self.call(Call::Categories, self.inner.categories(profile, kind)).await
    }

    async fn category_sizes(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: Vec<CategoryId>,
    ) -> Kept<Vec<u64>> {
        self.call(Call::CategorySizes, self.inner.category_sizes(profile, kind, categories)).await
    }

    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Kept<Box<dyn Staging>> {
        let kind = scope.kind;
        let inner = self.call(Call::Stage, self.inner.stage(profile, scope)).await?;
        Ok(Box::new(TorturedStaging { store: self.clone(), kind, inner }))
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
        self.call(Call::Held, self.inner.held(profile, kind)).await
    }
}

struct TorturedStaging {
    store: TorturedStore,
    kind: ContentKind,
    inner: Box<dyn Staging>,
}

#[async_trait]
impl Staging for TorturedStaging {
    async fn put(&mut self, items: Vec<StagedItem>) -> Kept<()> {
        let work = self.inner.put(items);
        self.store.call(Call::Put, work).await
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Kept<Vec<StagedItem>> {
        let work = self.inner.get(ids);
        self.store.call(Call::Get, work).await
    }

    async fn reset(&mut self) -> Kept<()> {
        let work = self.inner.reset();
        self.store.call(Call::Reset, work).await
    }

    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Kept<Applied> {
        let verdict = self.store.pass(Call::Apply, Side::Before).await?;
        let done = {
            let _inside = self.store.run.desk.enter();
            self.store.apply(self.inner.as_mut(), self.kind, commit, cancel, verdict).await
        };
        // Here the schedule lets the call go on, or ends the process. It doesn't turn a commit into a failure.
        let _ = self.store.run.desk.pass(Call::Apply, Side::After).await;
        done
    }
}
