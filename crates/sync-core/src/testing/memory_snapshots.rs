//! The port [`Snapshots`] of the in-memory store: content hashes, and copies of the tables.

use async_trait::async_trait;

use super::memory_store::MemoryStore;
use super::memory_tables::Tables;
use crate::change_set::{ContentHash, Moves, PanelIdentity, RowHash};
use crate::feed::change::ChangeRecord;
use crate::login::Login;
use crate::model::{Category, ContentId, ContentKind, Item, PerKind, ProfileId, Scope};
use crate::ports::snapshots::{KindState, Snapshot, SnapshotState, Snapshots, Until};
use crate::ports::store::{Proof, StoreError, WhichState};

/// The content of a kind from a position of the feed on.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    sequence: i64,
    hash: Option<ContentHash>,
    /// The items that the change of that position has moved.
    moves: Moves,
}

impl Tables {
    /// Returns the hash of the content of a kind, or `None` while it is in doubt or not known.
    pub(super) fn content_hash(&self, kind: ContentKind) -> Option<ContentHash> {
        if self.marked_at[kind].is_some() || self.unhashed[kind] {
            return None;
        }
        let mut content = ContentHash::EMPTY;
        for (id, (_, item)) in &self.rows[kind] {
            content.add(self.row_hashes.get(&(kind, *id)).copied().unwrap_or_else(|| RowHash::of(item)));
        }
        Some(content)
    }

    /// Marks the present position, if the content or its order has changed. `before` is the hash before the change.
    pub(super) fn mark_content(&mut self, kind: ContentKind, before: Option<ContentHash>, moves: Moves) {
        let hash = self.content_hash(kind);
        if self.marks[kind].is_empty() {
            // The content had this hash since the feed began.
            self.marks[kind].push(Mark { sequence: self.floor, hash: before, moves: Moves::None });
        }
        if hash != before || moves != Moves::None {
            self.marks[kind].push(Mark { sequence: self.last_sequence, hash, moves });
        }
    }

    /// Computes the hashes of the rows of a kind if they are not known.
    fn complete(&mut self, kind: ContentKind, login: &Login) {
        if std::mem::take(&mut self.unhashed[kind]) {
            self.row_hashes.retain(|(of, _), _| *of != kind);
            for (id, (_, item)) in &self.rows[kind] {
                if let Some(hash) = login.row_hash(item) {
                    self.row_hashes.insert((kind, *id), hash);
                }
            }
            self.mark_content(kind, None, Moves::None);
        }
    }

    /// Forgets the content at positions from which the feed can't be read any more.
    pub(super) fn prune_marks(&mut self) {
        for kind in ContentKind::ALL {
            let old = self.marks[kind].iter().take_while(|mark| mark.sequence <= self.floor).count();
            self.marks[kind].drain(..old.saturating_sub(1));
        }
    }

    /// Checks that the present state is the one from which a commit says that it leads.
    pub(super) fn check_from(&self, kind: ContentKind, proof: Option<Proof>) -> Result<(), StoreError> {
        match proof {
            Some(proof) if self.content_hash(kind) != Some(proof.from) => Err(StoreError::OtherState(WhichState::From)),
            _ => Ok(()),
        }
    }

    /// Checks that a commit has led to the state that it names.
    pub(super) fn check_to(&self, kind: ContentKind, proof: Option<Proof>) -> Result<(), StoreError> {
        match proof {
            Some(proof) if self.content_hash(kind) != Some(proof.to) => Err(StoreError::OtherState(WhichState::To)),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Snapshots for MemoryStore {
    async fn snapshot(&self, profile: &ProfileId) -> Result<Box<dyn Snapshot>, StoreError> {
        self.read(profile, |tables| Box::new(Copied(tables.clone())) as _)
    }

    async fn identify(&self, profile: &ProfileId, wanted: Option<PanelIdentity>) -> Result<PanelIdentity, StoreError> {
        let number = self.inner().epoch();
        self.write(profile, |tables| {
            let made = PanelIdentity(u128::from(number.unsigned_abs()) * 0x9e37_79b9_7f4a_7c15);
            let is_empty = ContentKind::ALL.into_iter().all(|kind| tables.rows(kind).is_empty());
            if let Some(wanted) = wanted.filter(|_| is_empty) {
                tables.panel = Some(wanted);
            }
            Ok(*tables.panel.get_or_insert(wanted.unwrap_or(made)))
        })
    }

    async fn complete_hashes(&self, profile: &ProfileId, login: &Login) -> Result<(), StoreError> {
        self.write(profile, |tables| {
            ContentKind::ALL.into_iter().for_each(|kind| tables.complete(kind, login));
            Ok(())
        })
    }
}

/// A copy of the tables.
struct Copied(Tables);

#[async_trait]
impl Snapshot for Copied {
    async fn state(&mut self) -> Result<SnapshotState, StoreError> {
        let tables = &self.0;
        let kind =
            |kind| KindState::new(tables.content_hash(kind), tables.rows(kind).len() as u64, tables.last_sync[kind]);
        Ok(SnapshotState::new(tables.panel, tables.feed(), PerKind::from_fn(kind)))
    }

    async fn hashes_at(&mut self, sequence: i64) -> Result<PerKind<Option<ContentHash>>, StoreError> {
        Ok(PerKind::from_fn(|kind| {
            let marks = &self.0.marks[kind];
            match marks.iter().rev().find(|mark| mark.sequence <= sequence) {
                Some(mark) => mark.hash,
                None if marks.is_empty() => self.0.content_hash(kind),
                None => None,
            }
        }))
    }

    async fn run_end(&mut self, until: Until) -> Result<Option<i64>, StoreError> {
        let changes = &self.0.changes;
        let last = |is_wanted: &dyn Fn(&ChangeRecord) -> bool| {
            let sequence = changes.iter().filter(|change| is_wanted(change)).map(|change| change.sequence).max();
            sequence.unwrap_or(self.0.floor)
        };
        let mut end = match until {
            Until::Sequence(sequence) => sequence,
            Until::Run(run) => last(&|change| change.run.is_some_and(|it| it <= run)),
            Until::Time(at) => last(&|change| change.at <= at),
        };
        if end < self.0.floor {
            return Ok(None);
        }
        if ContentKind::ALL.into_iter().any(|kind| self.0.marks[kind].iter().any(|mark| mark.sequence == end)) {
            return Ok(Some(end));
        }
        let next = changes.iter().filter(|change| change.sequence > end).find_map(|change| change.run);
        let first = next.and_then(|run| changes.iter().find(|change| change.run == Some(run)));
        if let Some(first) = first.filter(|first| first.sequence <= end) {
            end = first.sequence - 1;
        }
        let is_by_hand = |change: Option<&ChangeRecord>| change.is_some_and(|change| change.run.is_none());
        let before = changes.iter().rev().find(|change| change.sequence <= end);
        if is_by_hand(before) && is_by_hand(changes.iter().find(|change| change.sequence > end)) {
            // The position may be within a deletion by hand.
            let marks = ContentKind::ALL.into_iter().flat_map(|kind| &self.0.marks[kind]);
            let last = marks.map(|mark| mark.sequence).filter(|sequence| *sequence <= end).max();
            end = last.unwrap_or(self.0.floor);
        }
        Ok(Some(end.max(self.0.floor)))
    }

    async fn changes(&mut self, after: i64, limit: u32) -> Result<Vec<ChangeRecord>, StoreError> {
        let after = after.max(self.0.floor);
        let later = self.0.changes.iter().filter(|change| change.sequence > after);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn rows(&mut self, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError> {
        let rows = self.0.rows(kind);
        Ok(ids.iter().filter_map(|id| rows.get(&id.0)).map(|(_, item)| item.clone()).collect())
    }

    async fn row_hashes(
        &mut self,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<Vec<(ContentId, RowHash)>, StoreError> {
        let rows = self.0.rows(kind);
        let hash = |id: &ContentId| {
            let own = self.0.row_hashes.get(&(kind, id.0)).copied();
            rows.get(&id.0).map(|(_, item)| (*id, own.unwrap_or_else(|| RowHash::of(item))))
        };
        Ok(ids.iter().filter_map(hash).collect())
    }

    async fn page(&mut self, kind: ContentKind, after: Option<ContentId>, limit: u32) -> Result<Vec<Item>, StoreError> {
        let behind = self.0.rows(kind).iter().filter(|(id, _)| after.is_none_or(|after| **id > after.0));
        Ok(behind.take(limit as usize).map(|(_, (_, item))| item.clone()).collect())
    }

    async fn categories(&mut self, kind: ContentKind) -> Result<Vec<Category>, StoreError> {
        Ok(self.0.categories[kind].clone())
    }

    async fn order(&mut self, kind: ContentKind, skipped: u64, limit: u32) -> Result<Vec<ContentId>, StoreError> {
        let index = self.0.indexes.iter().find(|(scope, _)| *scope == Scope::whole(kind));
        let ids = index.into_iter().flat_map(|(_, index)| index.ids().iter().copied());
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        Ok(ids.skip(skipped).take(limit as usize).map(ContentId).collect())
    }

    async fn moves(&mut self, kind: ContentKind, after: i64) -> Result<Moves, StoreError> {
        let later = self.0.marks[kind].iter().filter(|mark| mark.sequence >= after);
        Ok(later.fold(Moves::None, |moves, mark| moves.and(mark.moves.clone())))
    }
}
