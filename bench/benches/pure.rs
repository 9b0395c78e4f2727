//! The pure stages of `sync-core`: fingerprint, digest, diff. The output has their time and their allocations.

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use sync_core::source::Entry;
use sync_core::testing::{ItemBuilder, movie};
use sync_core::{ChangePolicy, ContentId, ContentKind, Differ, Digest, DigestScheme, Fingerprint, Item, ListingIndex};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// The number of elements of a batch, as the source sends them.
const BATCH: i64 = 500;

/// The digests here are random, so they have a scheme that doesn't exist.
const SCHEME: DigestScheme = DigestScheme(u32::MAX);

fn main() {
    divan::main();
}

/// Returns a movie with the usual fields.
fn long(id: i64) -> ItemBuilder {
    movie(id)
        .with("year", "1999")
        .with("stream_icon", "https://image.example/t/p/w600/abcdefghij.jpg")
        .with("rating", "7.4")
        .with("genre", "Drama / Crime")
        .with("container_extension", "mkv")
        .with("release_date", "1999-03-12")
        .with("cast", "Somebody Known, Somebody Else, A Third Person")
        .with("plot", &"Somebody wants something, and it is not easy. ".repeat(6))
        .with("tmdb_id", "123456")
}

fn known(ids: impl Iterator<Item = i64>) -> Arc<ListingIndex> {
    let entries = ids.map(|id| (ContentId(id), Digest(id.unsigned_abs())));
    Arc::new(ListingIndex::new(SCHEME, entries).expect("no id occurs twice"))
}

fn differ(known: Arc<ListingIndex>) -> Differ {
    Differ::new(ContentKind::Movies, known, SCHEME, ChangePolicy::Fingerprint, true)
}

#[divan::bench]
fn fingerprint(bencher: Bencher) {
    let item = long(7).item();
    bencher.counter(ItemsCount::new(1u64)).bench(|| Fingerprint::of(black_box(&item)));
}

#[divan::bench]
fn digest_of_fields(bencher: Bencher) {
    let listed = long(7).listed();
    bencher.counter(ItemsCount::new(1u64)).bench(|| Digest::from_listed(black_box(&listed)));
}

#[divan::bench]
fn diff_of_what_is_as_known(bencher: Bencher) {
    let index = known(1..=BATCH);
    bencher
        .counter(ItemsCount::new(BATCH.unsigned_abs()))
        .with_inputs(|| (differ(Arc::clone(&index)), (1..=BATCH).map(|id| Entry::Same(ContentId(id))).collect()))
        .bench_values(|(differ, batch)| resolve(differ, batch, Vec::new()));
}

#[divan::bench]
fn diff_of_what_is_new(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(BATCH.unsigned_abs()))
        .with_inputs(|| (differ(known(std::iter::empty())), listed(long)))
        .bench_values(|(differ, batch)| resolve(differ, batch, Vec::new()));
}

#[divan::bench]
fn diff_of_what_has_changed(bencher: Bencher) {
    let index = known(1..=BATCH);
    let stored: Vec<Item> = (1..=BATCH).map(|id| long(id).item()).collect();
    bencher
        .counter(ItemsCount::new(BATCH.unsigned_abs()))
        .with_inputs(|| (differ(Arc::clone(&index)), listed(|id| long(id).name("Renamed")), stored.clone()))
        .bench_values(|(differ, batch, stored)| resolve(differ, batch, stored));
}

/// The same items. They are decoded because their bytes differ in a part that doesn't count.
#[divan::bench]
fn diff_of_what_turns_out_to_be_the_same(bencher: Bencher) {
    let index = known(1..=BATCH);
    let stored: Vec<Item> = (1..=BATCH).map(|id| long(id).item()).collect();
    bencher
        .counter(ItemsCount::new(BATCH.unsigned_abs()))
        .with_inputs(|| (differ(Arc::clone(&index)), listed(long), stored.clone()))
        .bench_values(|(differ, batch, stored)| resolve(differ, batch, stored));
}

fn listed(item: impl Fn(i64) -> ItemBuilder) -> Vec<Entry> {
    (1..=BATCH).map(|id| Entry::Item(Box::new(item(id).listed()), Some(Digest(0)))).collect()
}

fn resolve(mut differ: Differ, mut batch: Vec<Entry>, stored: Vec<Item>) -> (Differ, usize) {
    black_box(differ.prepare(&mut batch));
    let staged = differ.resolve(batch, stored, Vec::new()).expect("the batch keeps to the contract");
    (differ, black_box(staged).len())
}
