//! The methods of a broken store, and its answers to readers and users.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sync_core::catalogue::Catalogue;
use sync_core::search::{RowsOfKind, select_from_rows};
use sync_core::store::{KeptValidator, Lease, RunEnd, Staging, StoredIndex, SyncState};
use sync_core::{
    Category, CategoryId, ChangeRecord, ContentId, ContentKind, ContentStore, HeldRemoval, HoldReason, Item,
    LoggedChange, Loss, PerKind, Profile, ProfileId, Profiles, RunId, Scope, SearchFields, Snapshots, StoreError,
    UndoOutcome, UndoRequest, Value,
};

use super::staging::BrokenStaging;
use super::{Broken, Flaw, Kept, Undone};
use crate::machine::pass_on::pass_on;

#[async_trait]
impl ContentStore for Broken {
    async fn ensure_profile(&self, profile: &ProfileId) -> Kept<()> {
        self.marks.profiles.lock().unwrap().push(profile.clone());
        self.inner.ensure_profile(profile).await
    }

    async fn lease(&self, profile: &ProfileId) -> Kept<Lease> {
        match self.inner.lease(profile).await {
            Err(StoreError::Leased(_)) if self.is(Flaw::LeasesTwice) => {
                Ok(Lease::new(self.marks.fence.load(Ordering::Relaxed) + 1, ()))
            }
            Ok(lease) => {
                self.marks.fence.store(lease.fence, Ordering::Relaxed);
                Ok(lease)
            }
            refused => refused,
        }
    }

    async fn start_run(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Kept<RunId> {
        let run = self.inner.start_run(profile, fence, started_at).await?;
        self.marks.run.store(run.0, Ordering::Relaxed);
        Ok(run)
    }

    async fn finish_run(&self, profile: &ProfileId, mut end: RunEnd) -> Kept<()> {
        if self.is(Flaw::TellsNothingAnew) {
            end.held.clear();
        }
        if self.is(Flaw::ForgetsTheEnd) {
            return Ok(());
        }
        self.inner.finish_run(profile, end).await?;
        let newest = self.inner.feed(profile).await?.newest;
        self.marks.cuts.lock().unwrap().insert(profile.clone(), newest - 1);
        Ok(())
    }

    async fn sync_state(&self, profile: &ProfileId) -> Kept<SyncState> {
        let mut state = self.inner.sync_state(profile).await?;
        if self.is(Flaw::MovesTheWatermarkEarly) && self.marks.early.load(Ordering::Relaxed) {
            state.last_sync[ContentKind::Movies] = Some(5);
        }
        if let Some(undone) = self.undone(Flaw::UndoForgetsTheWatermark, profile) {
            state.last_sync = undone.last_sync;
        }
        Ok(state)
    }

    async fn index(&self, profile: &ProfileId, scope: Scope) -> Kept<StoredIndex> {
        self.inner.index(profile, scope).await
    }

    async fn validator(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Option<KeptValidator>> {
        self.inner.validator(profile, kind).await
    }

    async fn rows(&self, profile: &ProfileId, kind: ContentKind, ids: Vec<ContentId>) -> Kept<Vec<Item>> {
        let mut rows = self.inner.rows(profile, kind, ids.clone()).await?;
        if let Some(undone) = self.undone(Flaw::UndoLeavesWhatWasAdded, profile) {
            let left = |item: &&Item| ids.contains(&item.id()) && !rows.iter().any(|row| row.id() == item.id());
            let left: Vec<_> = undone.rows[kind].iter().filter(left).cloned().collect();
            rows.extend(left);
        }
        if let Some(undone) = self.undone(Flaw::UndoRestoresAPart, profile) {
            let name = kind.field("name").expect("every kind has names");
            for row in &mut rows {
                let was = undone.rows[kind].iter().find(|was| was.id() == row.id());
                if let Some(was) = was {
                    row.set(name, was.value(name).to_owned());
                }
            }
        }
        Ok(rows)
    }

    async fn categories(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<Category>> {
        let mut all = self.inner.categories(profile, kind).await?;
        if self.is(Flaw::ForgetsCategories) {
            all.pop();
        }
        Ok(all)
    }

    async fn category_sizes(&self, profile: &ProfileId, kind: ContentKind, of: Vec<CategoryId>) -> Kept<Vec<u64>> {
        self.inner.category_sizes(profile, kind, of).await
    }

    async fn stage(&self, profile: &ProfileId, scope: Scope) -> Kept<Box<dyn Staging>> {
        self.marks.early.store(scope.kind == ContentKind::Movies, Ordering::Relaxed);
        let kind = scope.kind;
        let inner = self.inner.stage(profile, scope).await?;
        Ok(Box::new(BrokenStaging { store: self.clone(), profile: profile.clone(), kind, inner }))
    }

    async fn get_content_ids(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<ContentId>> {
        let mut ids = self.inner.get_content_ids(profile, kind).await?;
        if let Some(undone) = self.undone(Flaw::UndoLeavesWhatWasAdded, profile) {
            ids.extend(undone.rows[kind].iter().map(Item::id));
            ids.sort_unstable();
            ids.dedup();
        }
        Ok(ids)
    }

    async fn delete_content_by_ids(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        mut ids: Vec<ContentId>,
    ) -> Kept<u64> {
        self.forget_undone();
        let asked = ids.len() as u64;
        if self.is(Flaw::ForgetsToDelete) {
            ids.pop();
        }
        self.inner.delete_content_by_ids(profile, kind, ids).await.map(|_| asked)
    }

    async fn clear(&self, profile: &ProfileId) -> Kept<()> {
        self.forget_undone();
        self.inner.clear(profile).await
    }

    async fn held(&self, profile: &ProfileId, kind: ContentKind) -> Kept<Vec<HeldRemoval>> {
        let mut held = self.inner.held(profile, kind).await?;
        if self.is(Flaw::UndoForgetsTheHold) {
            held.retain(|held| held.reason != HoldReason::Loss(Loss::Undone));
        }
        Ok(held)
    }

    async fn undo(&self, profile: &ProfileId, request: UndoRequest) -> Kept<UndoOutcome> {
        let (kinds, writes) = (request.kinds.clone(), request.fence.is_some());
        let rows = PerKind::from_fn(|kind| self.inner.items(profile, kind));
        let last_sync = self.inner.sync_state(profile).await?.last_sync;
        if writes {
            let state = self.inner.snapshot(profile).await?.state().await?;
            *self.marks.hashes.lock().unwrap() = state.kinds.map(|kind| kind.hash);
        }
        let outcome = self.inner.undo(profile, request).await?;
        match &outcome {
            UndoOutcome::Done(_) if writes => {
                *self.marks.undone.lock().unwrap() = Some(Undone { profile: profile.clone(), rows, last_sync });
            }
            UndoOutcome::Refused(_) if self.is(Flaw::RefusesAndWrites) => {
                for kind in kinds {
                    self.delete_one(profile, kind).await;
                }
            }
            _ => {}
        }
        Ok(outcome)
    }
}

pass_on! { Catalogue for Broken {
    async fn feed(&self, profile: &ProfileId) -> Kept<Feed> {
        Ok(self.feed_page(profile, 0, u32::MAX).await?.feed)
    }

    async fn feed_page(&self, profile: &ProfileId, after: i64, limit: u32) -> Kept<FeedPage> {
        let mut page = self.inner.feed_page(profile, after, limit).await?;
        if self.is(Flaw::LogsNothing) {
            page.changes.clear();
        }
        if self.is(Flaw::KeepsTheEpoch) {
            let mut epochs = self.marks.epochs.lock().unwrap();
            page.feed.epoch = *epochs.entry(profile.clone()).or_insert(page.feed.epoch);
        }
        if self.is(Flaw::PrunesWithinARun) {
            let cut = self.marks.cuts.lock().unwrap().get(profile).copied().unwrap_or_default();
            page.feed.oldest = page.feed.oldest.max(cut);
            page.changes.retain(|change| change.sequence > cut);
        }
        let is_update = |change: &&mut ChangeRecord| matches!(change.change, LoggedChange::Updated(_));
        for change in page.changes.iter_mut().filter(is_update) {
            let others = self.inner.items(profile, change.kind);
            let other = others.iter().find(|item| Some(item.id()) != change.id);
            for column in change.columns.iter_mut().flatten() {
                match (self.flaw, other, column.column) {
                    (Flaw::LogsNoBefore, ..) => column.before = column.after.clone(),
                    (Flaw::LogsTheValueOfAnother, Some(other), "name") => {
                        column.after = Value::Text(other.name().into());
                    }
                    _ => {}
                }
            }
        }
        Ok(page)
    }

    async fn select(&self, profile: &ProfileId, mut selection: Selection) -> Kept<Selected> {
        selection.view.hidden |= self.is(Flaw::KeepsHiddenItems);
        let (as_they_were, gone) = (self.is(Flaw::FindsItemsAsTheyWere), self.is(Flaw::FindsWhatIsGone));
        if !as_they_were && !gone {
            return self.inner.select(profile, selection).await;
        }
        let mut found = self.marks.found.lock().unwrap();
        for kind in ContentKind::ALL {
            let key = |id: i64| (profile.clone(), kind.ordinal(), id);
            let now: BTreeMap<_, _> =
                self.inner.items(profile, kind).into_iter().map(|item| (item.id().0, item)).collect();
            found.retain(|(of, at, id), _| gone || of != profile || *at != kind.ordinal() || now.contains_key(id));
            for (id, item) in now {
                let known = found.entry(key(id)).or_insert_with(|| item.clone());
                if gone {
                    *known = item;
                }
            }
        }
        let kinds = PerKind::from_fn(|kind| {
            let own = found.iter().filter(|((of, at, _), _)| of == profile && *at == kind.ordinal());
            RowsOfKind { rows: own.map(|(_, item)| item).collect(), ..RowsOfKind::default() }
        });
        Ok(select_from_rows(&kinds, &selection, SearchFields::All))
    }
} }

pass_on!(Maintenance for Broken);
pass_on!(Paces for Broken);

#[async_trait]
impl Profiles for Broken {
    async fn profile(&self, id: &ProfileId) -> Kept<Option<Profile>> {
        self.inner.profile(id).await
    }

    async fn profiles(&self) -> Kept<Vec<Profile>> {
        self.inner.profiles().await
    }

    async fn save_profile(&self, profile: &Profile) -> Kept<()> {
        self.inner.save_profile(profile).await
    }

    async fn remove_profile(&self, id: &ProfileId) -> Kept<bool> {
        self.inner.remove_profile(id).await
    }
}

pass_on! { Overlay for Broken {
    async fn edited(&self, profile: &ProfileId, query: EditQuery) -> Kept<Vec<EditedItem>> {
        let mut edited = self.inner.edited(profile, query).await?;
        if self.is(Flaw::LosesEditsOfWhatIsGone) {
            edited.retain(|item| self.inner.items(profile, item.kind).iter().any(|row| row.id() == item.id));
        }
        if self.is(Flaw::LetsThePanelWin) {
            for item in &mut edited {
                item.edits.retain(|edit| edit.conflict.is_none());
            }
            edited.retain(|item| !item.edits.is_empty());
        }
        if self.is(Flaw::LeavesEditsBehind) {
            for (kind, from, to) in self.marks.moved.lock().unwrap().iter() {
                if let Some(item) = edited.iter_mut().find(|item| (item.kind, item.id) == (*kind, *to)) {
                    item.id = *from;
                }
            }
        }
        Ok(edited)
    }
} }
