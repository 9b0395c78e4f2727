//! Keeps search indexes in memory, so that the next search doesn't read the text again.
//!
//! The indexes stay in memory while they are used, within a memory limit. A thread frees idle indexes. The thread
//! exists only while there are indexes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sync_core::search::{Depth, SearchIndex};
use sync_core::{ContentKind, ProfileId};

use super::tables::Key;

/// The memory for all indexes together, in bytes.
const LIMIT: usize = 32 << 20;

/// The time after which an unused index is freed.
const IDLE: Duration = Duration::from_secs(60);

/// The search indexes that a store keeps in memory.
pub(crate) struct HeldIndexes {
    shared: Arc<Shared>,
    limit: usize,
}

struct Shared {
    indexes: Mutex<Indexes>,
    changed: Condvar,
    idle: Duration,
}

#[derive(Default)]
struct Indexes {
    /// The texts of which a page was read without an index; only the latest text of each kind.
    looked_into: Vec<(ProfileId, ContentKind, i64)>,
    /// The indexes, with the most recently used one last.
    held: Vec<Held>,
    /// Whether a thread frees idle indexes.
    is_watched: bool,
    is_closed: bool,
}

struct Held {
    profile: ProfileId,
    kind: ContentKind,
    /// The stamp of the text from which the index was read.
    stamp: i64,
    depth: Depth,
    index: Arc<SearchIndex>,
    /// The panel's order, with a number that identifies the listing.
    order: Option<(u64, Arc<Vec<u32>>)>,
    size: usize,
    used: Instant,
}

impl Held {
    fn is_of(&self, key: Key<'_>) -> bool {
        self.kind == key.kind && self.profile == *key.profile
    }
}

impl Default for HeldIndexes {
    fn default() -> Self {
        Self::new(LIMIT, IDLE)
    }
}

impl HeldIndexes {
    fn new(limit: usize, idle: Duration) -> Self {
        Self { shared: Arc::new(Shared { indexes: Mutex::default(), changed: Condvar::new(), idle }), limit }
    }

    /// Returns the index of a text, if it is in memory with at least this depth.
    pub(super) fn get(&self, key: Key<'_>, stamp: i64, depth: Depth) -> Option<Arc<SearchIndex>> {
        let mut indexes = self.shared.lock();
        let held = indexes.take(key, stamp).filter(|held| held.depth >= depth)?;
        let index = Arc::clone(&held.index);
        indexes.held.push(Held { used: Instant::now(), ..held });
        Some(index)
    }

    /// Keeps the index of a text in memory.
    pub(super) fn keep(&self, key: Key<'_>, stamp: i64, depth: Depth, index: &Arc<SearchIndex>) {
        let mut indexes = self.shared.lock();
        indexes.held.retain(|held| !held.is_of(key));
        let (profile, index, size) = (key.profile.clone(), Arc::clone(index), index.heap_size());
        let used = Instant::now();
        indexes.held.push(Held { profile, kind: key.kind, stamp, depth, index, order: None, size, used });
        self.fit(&mut indexes);
    }

    /// Notes that a page was read without the index of a text. Returns whether this is the first such page. For further
    /// pages an index is faster.
    pub(super) fn is_first_look(&self, key: Key<'_>, stamp: i64) -> bool {
        let mut indexes = self.shared.lock();
        let looked = (key.profile.clone(), key.kind, stamp);
        if indexes.looked_into.contains(&looked) {
            return false;
        }
        indexes.looked_into.retain(|(profile, kind, _)| (profile, *kind) != (key.profile, key.kind));
        indexes.looked_into.push(looked);
        true
    }

    /// Returns the panel's order of a listing, if it is in memory with the index of a text.
    pub(super) fn order(&self, key: Key<'_>, stamp: i64, listing: u64) -> Option<Arc<Vec<u32>>> {
        let indexes = self.shared.lock();
        let held = indexes.held.iter().find(|held| held.is_of(key) && held.stamp == stamp)?;
        held.order.as_ref().filter(|(of, _)| *of == listing).map(|(_, order)| Arc::clone(order))
    }

    /// Keeps the panel's order in memory with the index of a text.
    pub(super) fn keep_order(&self, key: Key<'_>, stamp: i64, listing: u64, order: &Arc<Vec<u32>>) {
        let mut indexes = self.shared.lock();
        let Some(held) = indexes.held.iter_mut().find(|held| held.is_of(key) && held.stamp == stamp) else { return };
        held.order = Some((listing, Arc::clone(order)));
        held.size = held.index.heap_size() + order.capacity() * size_of::<u32>();
        self.fit(&mut indexes);
    }

    /// Frees the least recently used indexes until the rest is within the limit, and starts the thread that frees idle
    /// ones.
    fn fit(&self, indexes: &mut Indexes) {
        let mut size: usize = indexes.held.iter().map(|held| held.size).sum();
        while size > self.limit {
            size -= indexes.held.remove(0).size;
        }
        if !indexes.held.is_empty() && !indexes.is_watched {
            let shared = Arc::clone(&self.shared);
            let watcher = std::thread::Builder::new().name("search-indexes".to_owned());
            indexes.is_watched = watcher.spawn(move || shared.watch()).is_ok();
            if !indexes.is_watched {
                indexes.held.clear();
            }
        }
    }
}

impl Drop for HeldIndexes {
    fn drop(&mut self) {
        let mut indexes = self.shared.lock();
        indexes.is_closed = true;
        indexes.held.clear();
        self.shared.changed.notify_all();
    }
}

impl Indexes {
    /// Takes out the index of a text. An index of another text is dropped.
    fn take(&mut self, key: Key<'_>, stamp: i64) -> Option<Held> {
        let at = self.held.iter().position(|held| held.is_of(key))?;
        Some(self.held.remove(at)).filter(|held| held.stamp == stamp)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Indexes> {
        self.indexes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees idle indexes, and ends when no index is left.
    fn watch(&self) {
        let mut indexes = self.lock();
        loop {
            indexes.held.retain(|held| held.used.elapsed() < self.idle);
            let oldest = indexes.held.iter().map(|held| held.used).min();
            let Some(oldest) = oldest.filter(|_| !indexes.is_closed) else {
                indexes.is_watched = false;
                return;
            };
            let wait = self.idle.saturating_sub(oldest.elapsed());
            (indexes, _) = self.changed.wait_timeout(indexes, wait).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(entries: i64) -> Arc<SearchIndex> {
        let entry = |id| {
            let source = sync_core::search::EntrySource::default();
            let (id, none) = (sync_core::ContentId(id), sync_core::CategorySet::NONE);
            sync_core::search::Entry::new(id, &source, none, sync_core::SearchFields::All)
        };
        Arc::new(SearchIndex::from_entries((0..entries).map(entry).collect()))
    }

    fn sizes(held: &HeldIndexes) -> Vec<usize> {
        held.shared.lock().held.iter().map(|held| held.index.len()).collect()
    }

    #[test]
    fn an_index_belongs_to_one_search_text() {
        let (held, home) = (HeldIndexes::default(), ProfileId::new("home").unwrap());
        let key = Key { profile: &home, kind: ContentKind::Movies };
        assert!(held.get(key, 1, Depth::Names).is_none());
        let series = Key { kind: ContentKind::Series, ..key };
        let looks =
            [(key, 1), (key, 1), (series, 1), (key, 2), (key, 1)].map(|(key, stamp)| held.is_first_look(key, stamp));
        assert_eq!(looks, [true, false, true, true, true]);
        held.keep(key, 1, Depth::Names, &index(5));
        assert_eq!(held.get(key, 1, Depth::Names).map(|index| index.len()), Some(5));
        assert!(held.get(Key { kind: ContentKind::Series, ..key }, 1, Depth::Names).is_none());
        assert!(held.order(key, 1, 7).is_none());
        held.keep_order(key, 1, 7, &Arc::new(vec![0]));
        assert!(held.order(key, 1, 7).is_some() && held.order(key, 1, 8).is_none() && held.order(key, 2, 7).is_none());
        assert!(held.get(key, 1, Depth::Texts).is_none(), "names alone are not enough");
        held.keep(key, 2, Depth::Texts, &index(6));
        assert_eq!(held.get(key, 2, Depth::Names).map(|index| index.len()), Some(6));
        assert!(held.get(key, 3, Depth::Names).is_none(), "the text is another one");
        assert_eq!(sizes(&held), [0; 0]);
    }

    #[test]
    fn the_least_recently_used_index_is_dropped_first() {
        let home = ProfileId::new("home").unwrap();
        let of = |kind| Key { profile: &home, kind };
        let [one, two, three] = ContentKind::ALL.map(of);
        let size = index(100).heap_size();
        let held = HeldIndexes::new(size * 2, IDLE);
        held.keep(one, 1, Depth::Texts, &index(100));
        held.keep(two, 1, Depth::Texts, &index(100));
        assert!(held.get(one, 1, Depth::Texts).is_some());
        held.keep(three, 1, Depth::Texts, &index(100));
        assert!(held.get(two, 1, Depth::Texts).is_none());
        assert_eq!(sizes(&held), [100, 100]);
        held.keep(two, 1, Depth::Texts, &index(1_000));
        assert_eq!(sizes(&held), [0; 0], "one that is larger than the limit is not held, and nothing fits beside it");
    }

    #[test]
    fn idle_indexes_are_freed_and_no_task_is_left() {
        let (held, home) = (HeldIndexes::new(LIMIT, Duration::from_millis(20)), ProfileId::new("home").unwrap());
        let key = Key { profile: &home, kind: ContentKind::Movies };
        held.keep(key, 1, Depth::Texts, &index(5));
        let until = Instant::now() + Duration::from_secs(20);
        while held.shared.lock().is_watched {
            assert!(Instant::now() < until, "it is freed");
            std::thread::yield_now();
        }
        assert_eq!(sizes(&held), [0; 0]);
        held.keep(key, 1, Depth::Texts, &index(5));
        let shared = Arc::clone(&held.shared);
        drop(held);
        while Arc::strong_count(&shared) > 1 {
            assert!(Instant::now() < until, "the thread ends with the store");
            std::thread::yield_now();
        }
    }
}
