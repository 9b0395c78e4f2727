//! The store: reading an index, reading rows, applying a listing.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use sync_core::RunId;
use sync_core::store::{ContentStore, Lease, ScopeCommit, StagedItem};
use sync_core::testing::{movie, profile, staged};
use sync_core::{
    Change, ContentId, ContentKind, Digest, DigestScheme, FieldSet, KindOutcome, KindRecord, ListingIndex, ProfileId,
    Scope, SyncMode,
};
use sync_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The number of movies of the cache.
const MOVIES: i64 = 10_000;

/// The digests here are random, so they have a scheme that doesn't exist.
const SCHEME: DigestScheme = DigestScheme(u32::MAX);

fn main() {
    divan::main();
}

/// A cache in a folder of its own.
struct Cache {
    runtime: Runtime,
    store: SqliteStore,
    home: ProfileId,
    _folder: TempDir,
}

impl Cache {
    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store = SqliteStore::open(folder.path().join("cache.db")).expect("a cache can be made");
        let home = profile("home");
        store.ensure_profile_blocking(&home).expect("a profile can be made");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { runtime: runtime.expect("a runtime starts"), store, home, _folder: folder }
    }

    fn loaded() -> Self {
        let cache = Self::empty();
        cache.apply(new());
        cache
    }

    /// Stages items and applies them, in a run of its own.
    fn apply(&self, items: Vec<StagedItem>) {
        let (lease, run) = self.start();
        let scope = Scope::whole(ContentKind::Movies);
        let index = ListingIndex::new(SCHEME, (1..=MOVIES).map(|id| (ContentId(id), Digest(id.unsigned_abs()))));
        let record =
            KindRecord { outcome: KindOutcome::Completed, ..KindRecord::skipped(ContentKind::Movies, SyncMode::Full) };
        let commit = ScopeCommit {
            index: Some(Arc::new(index.expect("no id occurs twice"))),
            watermark: 1400,
            ..ScopeCommit::new(run, lease.fence, 1_700_000_000, record)
        };
        let applied = self.runtime.block_on(async {
            let mut staging = self.store.stage(&self.home, scope).await?;
            staging.put(items).await?;
            staging.apply(commit, CancellationToken::new()).await
        });
        applied.expect("the store applies");
    }

    fn start(&self) -> (Lease, RunId) {
        let lease = self.store.lease_blocking(&self.home).expect("nobody else has it");
        let run = self.store.start_run_blocking(&self.home, lease.fence, 1000).expect("a run begins");
        (lease, run)
    }
}

fn new() -> Vec<StagedItem> {
    (1..=MOVIES).map(|id| staged(movie(id).with("plot", &"A plot. ".repeat(30)), Change::Added)).collect()
}

/// Returns one item in a hundred with another name.
fn renamed() -> Vec<StagedItem> {
    let mut fields = FieldSet::EMPTY;
    fields.add(ContentKind::Movies.field("name").expect("movies have names"));
    let renamed = |id| staged(movie(id).name("Renamed"), Change::Updated(fields));
    (1..=MOVIES).step_by(100).map(renamed).collect()
}

#[divan::bench(sample_count = 10)]
fn apply_of_what_is_new(bencher: Bencher) {
    bencher.counter(ItemsCount::new(MOVIES.unsigned_abs())).with_inputs(|| (Cache::empty(), new())).bench_local_values(
        |(cache, items)| {
            cache.apply(items);
            cache
        },
    );
}

#[divan::bench(sample_count = 10)]
fn apply_of_what_has_changed(bencher: Bencher) {
    bencher.counter(ItemsCount::new(renamed().len())).with_inputs(|| (Cache::loaded(), renamed())).bench_local_values(
        |(cache, items)| {
            cache.apply(items);
            cache
        },
    );
}

#[divan::bench(sample_count = 20)]
fn load_of_the_index(bencher: Bencher) {
    let cache = Cache::loaded();
    let scope = Scope::whole(ContentKind::Movies);
    bencher
        .counter(ItemsCount::new(MOVIES.unsigned_abs()))
        .bench_local(|| cache.store.index_blocking(&cache.home, &scope).expect("there is an index"));
}

#[divan::bench(sample_count = 20)]
fn rows_by_id(bencher: Bencher) {
    let cache = Cache::loaded();
    let ids: Vec<ContentId> = (1..=MOVIES).step_by(20).map(ContentId).collect();
    bencher.counter(ItemsCount::new(ids.len())).bench_local(|| {
        let rows = cache.store.rows(&cache.home, ContentKind::Movies, ids.clone());
        cache.runtime.block_on(rows).expect("there are rows")
    });
}
