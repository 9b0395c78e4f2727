//! Staging: what differs waits here, outside the database, until the listing is proved complete.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sync_core::store::{ScopeCommit, StagedItem, Staging};
use sync_core::{ContentId, ContentKind, ProfileId, Scope, StoreError};
use tokio_util::sync::CancellationToken;

use crate::apply;
use crate::record::{self, HEAD, Head};
use crate::spool::Spool;
use crate::store::{SqliteStore, off_thread};

/// The staging area of a scope.
pub(crate) struct SqliteStaging {
    store: SqliteStore,
    profile: ProfileId,
    scope: Scope,
    /// Shared with the blocking thread that works on it.
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
        self.with_area(move |area| items.iter().try_for_each(|item| area.put(item))).await
    }

    async fn get(&mut self, ids: Vec<ContentId>) -> Result<Vec<StagedItem>, StoreError> {
        self.with_area(move |area| area.get(&ids)).await
    }

    async fn reset(&mut self) -> Result<(), StoreError> {
        lock(&self.area).clear();
        Ok(())
    }

    async fn apply(&mut self, commit: ScopeCommit, cancel: CancellationToken) -> Result<(), StoreError> {
        // When this future is dropped, the thread that works for it shall stop as well.
        let cancel = cancel.child_token();
        let _stop = cancel.clone().drop_guard();
        let (store, profile, scope) = (self.store.clone(), self.profile.clone(), self.scope.clone());
        self.with_area(move |area| apply::apply(&store, &profile, &scope, area, &commit, &cancel)).await
    }
}

/// Records in the order in which they came, and where the latest of each id begins.
pub(crate) struct Area {
    kind: ContentKind,
    spool: Spool,
    latest: HashMap<i64, u64>,
}

impl Area {
    fn new(kind: ContentKind, spool: Spool) -> Self {
        Self { kind, spool, latest: HashMap::new() }
    }

    /// Whether nothing was put in.
    pub(crate) fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }

    fn put(&mut self, staged: &StagedItem) -> Result<(), StoreError> {
        if staged.item.kind() != self.kind {
            return Err(StoreError::Refused(format!(
                "an item of {} in the staging of {}",
                staged.item.kind(),
                self.kind
            )));
        }
        let at = self.spool.len();
        self.spool.append(|out| record::write(out, staged))?;
        self.latest.insert(staged.item.id().0, at);
        Ok(())
    }

    fn get(&self, ids: &[ContentId]) -> Result<Vec<StagedItem>, StoreError> {
        let mut body = Vec::new();
        let found = ids.iter().filter_map(|id| self.latest.get(&id.0));
        found
            .map(|at| {
                let head = self.head(*at)?;
                body.resize(head.body, 0);
                self.spool.read(at + HEAD as u64, &mut body)?;
                record::item(self.kind, head, &body)
            })
            .collect()
    }

    fn head(&self, at: u64) -> Result<Head, StoreError> {
        let mut bytes = [0; HEAD];
        self.spool.read(at, &mut bytes)?;
        record::head(&bytes)
    }

    fn clear(&mut self) {
        self.spool.clear();
        self.latest = HashMap::new();
    }

    /// Calls `each` with every record that is to be written, in the order in which they came;
    /// those that a later one replaced are passed over.
    pub(crate) fn for_each_written(
        &self,
        mut each: impl FnMut(Head, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut window = Window { spool: &self.spool, start: 0, bytes: Vec::new() };
        let mut at = 0;
        while at < self.spool.len() {
            let head = record::head(window.get(at, HEAD)?.first_chunk().expect("a window holds what was asked for"))?;
            if head.change.is_written() && self.latest.get(&head.id) == Some(&at) {
                each(head, window.get(at + HEAD as u64, head.body)?)?;
            }
            at += (HEAD + head.body) as u64;
        }
        Ok(())
    }
}

/// Reads a spool from front to back in large pieces.
struct Window<'a> {
    spool: &'a Spool,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    const LENGTH: usize = 1 << 18;

    fn get(&mut self, from: u64, count: usize) -> Result<&[u8], StoreError> {
        let end = self.start + self.bytes.len() as u64;
        if from < self.start || from + count as u64 > end {
            let rest = usize::try_from(self.spool.len().saturating_sub(from)).unwrap_or(usize::MAX);
            self.bytes.resize(Self::LENGTH.min(rest).max(count), 0);
            self.start = from;
            self.spool.read(from, &mut self.bytes)?;
        }
        let at = usize::try_from(from - self.start).unwrap_or_default();
        Ok(&self.bytes[at..at + count])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{Change, Content, FieldSet, Movie};

    fn staged(id: i64, name: &str, change: Change) -> StagedItem {
        let mut movie = Movie::with_id(ContentId(id));
        movie.name = name.into();
        StagedItem { item: movie.into_item(), change, rank: (id % 2 == 0).then_some((id.unsigned_abs(), -id)) }
    }

    #[test]
    fn what_was_put_is_got_and_the_latest_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut area = Area::new(ContentKind::Movies, Spool::new(folder.path(), false));
        // Enough to leave memory, with records across every border of a window.
        for id in 0..9000 {
            area.put(&staged(id, &"x".repeat(usize::try_from(id % 700).unwrap()), Change::Added)).unwrap();
        }
        let later = [
            staged(4, "later", Change::Updated(FieldSet(5))),
            staged(5, "shown", Change::Refreshed(FieldSet(4))),
            staged(6, "same", Change::Unchanged),
            staged(7, "passed", Change::Passed),
        ];
        for item in &later {
            area.put(item).unwrap();
        }
        let got = area.get(&[4, 5, 6, 7, 70_000].map(ContentId)).unwrap();
        assert_eq!(got, later);
        let mut written = Vec::new();
        area.for_each_written(|head, _| {
            written.push(head.id);
            Ok(())
        })
        .unwrap();
        let expected: Vec<_> = (0..4).chain(8..9000).chain([4, 5]).collect();
        assert_eq!(written, expected);
        area.clear();
        assert!(area.is_empty() && area.get(&[ContentId(1)]).unwrap().is_empty());
    }
}
