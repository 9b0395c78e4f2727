//! Removed items have tombstones, and are recognised when they return.

use sync_core::LoggedChange;
use sync_core::store::{ContentStore, ScopeCommit};
use sync_core::testing::{movie, staged};
use sync_core::{Catalogue as _, Change, ContentId, ContentKind, FieldSet, StoreError};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Cache, Run, added, index_of};

const DAY: i64 = 86_400;
const LOADED: i64 = 1_700_000_000;

/// Returns id, name, successor and first day of each tombstone.
fn remembered(cache: &Cache) -> Vec<String> {
    cache.sql(
        "SELECT content_id || ' ' || name || ' ' || coalesce(successor_id,'-') || ' ' || item_created_at AS line \
         FROM xtream_tombstones ORDER BY content_id",
    )
}

/// Returns a commit so many days after the first load.
fn after(run: &Run, days: i64) -> ScopeCommit {
    ScopeCommit { applied_at: LOADED + days * DAY, ..run.commit(ContentKind::Movies) }
}

fn first_days(cache: &Cache) -> Vec<String> {
    cache.sql("SELECT stream_id || ' ' || created_at || ' ' || updated_at AS line FROM xtream_movies ORDER BY 1")
}

#[tokio::test]
async fn a_removed_item_has_a_tombstone_until_it_returns() {
    let cache = Cache::new();
    cache.load(1..=3).await;
    let run = cache.start();
    let commit = ScopeCommit {
        removals: vec![ContentId(1), ContentId(2)],
        successors: vec![(ContentId(2), ContentId(200))],
        index: index_of(&[3]),
        ..after(&run, 1)
    };
    cache.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(remembered(&cache), [format!("1 Movie 1 - {LOADED}"), format!("2 Movie 2 200 {LOADED}")]);

    let seen = cache.store.changes(&cache.home, 0, 100).await.unwrap().pop().unwrap().sequence;
    let commit = ScopeCommit { index: index_of(&[3, 1, 4]), ..after(&run, 31) };
    cache.apply(vec![added(movie(1).name("Back")), added(movie(4))], commit).await.unwrap();
    let told: Vec<_> = cache.store.changes(&cache.home, seen, 100).await.unwrap();
    let told: Vec<_> = told.into_iter().map(|change| (change.id.map(|id| id.0), change.change)).collect();
    assert_eq!(told, [(Some(1), LoggedChange::Returned), (Some(4), LoggedChange::Added)]);
    // A reader that doesn't know of returns reads that the item was added.
    let plain = cache.sql(&format!("SELECT change || returned AS line FROM xtream_changes WHERE sequence>{seen}"));
    assert_eq!(plain, ["added1", "added0"]);
    let now = LOADED + 31 * DAY;
    let rows = [format!("1 {LOADED} {now}"), format!("3 {LOADED} {LOADED}"), format!("4 {now} {now}")];
    assert_eq!(first_days(&cache), rows);
    assert_eq!(remembered(&cache), [format!("2 Movie 2 200 {LOADED}")]);

    // The item is removed again, and its first day is still that of the first time.
    let commit = ScopeCommit { removals: vec![ContentId(1)], index: index_of(&[3, 4]), ..after(&run, 32) };
    cache.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(remembered(&cache), [format!("1 Back - {LOADED}")], "and 2 is forgotten");
}

#[tokio::test]
async fn an_item_that_returns_too_late_is_new() {
    let cache = Cache::new();
    cache.load(1..=2).await;
    let run = cache.start();
    let commit =
        ScopeCommit { removals: vec![ContentId(1)], tombstone_days: 5, index: index_of(&[2]), ..after(&run, 1) };
    cache.apply(Vec::new(), commit).await.unwrap();
    // No apply has deleted the tombstone before, but it is too old to be recognised.
    let commit = ScopeCommit { tombstone_days: 5, index: index_of(&[2, 1]), ..after(&run, 7) };
    cache.apply(vec![added(movie(1))], commit).await.unwrap();
    let last = cache.store.changes(&cache.home, 0, 100).await.unwrap().pop().unwrap();
    assert_eq!((last.id, last.change), (Some(ContentId(1)), LoggedChange::Added));
    assert_eq!(first_days(&cache)[0], format!("1 {0} {0}", LOADED + 7 * DAY));
    assert_eq!(remembered(&cache), [""; 0]);
}

#[tokio::test]
async fn without_a_retention_there_are_no_tombstones() {
    let cache = Cache::new();
    cache.load(1..=3).await;
    let run = cache.start();
    let commit = ScopeCommit { removals: vec![ContentId(1)], index: index_of(&[2, 3]), ..after(&run, 1) };
    cache.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(remembered(&cache).len(), 1);
    let commit = ScopeCommit {
        removals: vec![ContentId(2)],
        successors: vec![(ContentId(2), ContentId(9))],
        tombstone_days: 0,
        index: index_of(&[3, 1]),
        ..after(&run, 1)
    };
    cache.apply(vec![added(movie(1))], commit).await.unwrap();
    assert_eq!(remembered(&cache), [""; 0]);
    let last = cache.store.changes(&cache.home, 0, 100).await.unwrap();
    let returned = last.iter().any(|change| change.change == LoggedChange::Returned);
    assert!(!returned, "{last:?}");
}

/// More items return than a statement holds, in one apply with other changes.
#[tokio::test]
async fn many_items_return_at_once() {
    let cache = Cache::new();
    cache.load(1..=1300).await;
    let run = cache.start();
    let removals: Vec<_> = (101..=1300).map(ContentId).collect();
    let successors = removals.iter().map(|id| (*id, ContentId(id.0 + 10_000))).collect();
    let index = index_of(&(1..=100).collect::<Vec<_>>());
    cache.apply(Vec::new(), ScopeCommit { removals, successors, index, ..after(&run, 1) }).await.unwrap();
    assert_eq!(remembered(&cache).len(), 1200);
    let wrong = "SELECT COUNT(*) AS line FROM xtream_tombstones WHERE successor_id IS NOT content_id+10000";
    assert_eq!(cache.sql(wrong), ["0"]);

    let mut fields = FieldSet::EMPTY;
    fields.add(ContentKind::Movies.field("name").unwrap());
    let updated = (1..=60).map(|id| staged(movie(id).name("Renamed"), Change::Updated(fields)));
    let back = (101..=1250).chain(2000..=2030).map(|id| added(movie(id)));
    let index = index_of(&(1..=1250).chain(2000..=2030).collect::<Vec<_>>());
    cache.apply(updated.chain(back).collect(), ScopeCommit { index, ..after(&run, 2) }).await.unwrap();
    assert_eq!(remembered(&cache).len(), 50);
    let days = "SELECT created_at || ' ' || COUNT(*) AS line FROM xtream_movies GROUP BY created_at ORDER BY 1";
    assert_eq!(cache.sql(days), [format!("{LOADED} 1250"), format!("{} 31", LOADED + 2 * DAY)]);
    let told = "SELECT change || returned || ' ' || COUNT(*) AS line FROM xtream_changes \
                WHERE change IN ('added','updated') GROUP BY 1 ORDER BY 1";
    let told = cache.sql(&told.replace("GROUP BY 1", "GROUP BY change,returned"));
    assert_eq!(told, ["added0 31", "added1 1150", "updated0 60"]);
}

#[tokio::test]
async fn a_cancelled_return_leaves_the_tombstone() {
    let cache = Cache::new();
    cache.load(1..=3).await;
    let run = cache.start();
    let commit = ScopeCommit { removals: vec![ContentId(1)], index: index_of(&[2, 3]), ..after(&run, 1) };
    cache.apply(Vec::new(), commit).await.unwrap();
    let before = cache.contents();
    let mut staging = cache.store.stage(&cache.home, ContentKind::Movies.into()).await.unwrap();
    staging.put(vec![added(movie(1))]).await.unwrap();
    let token = CancellationToken::new();
    token.cancel();
    let commit = ScopeCommit { index: index_of(&[1, 2, 3]), ..after(&run, 2) };
    assert!(matches!(staging.apply(commit, token).await, Err(StoreError::Cancelled)));
    assert_eq!(cache.contents(), before);
}

#[tokio::test]
async fn a_successor_of_an_item_that_stays_is_refused() {
    let cache = Cache::new();
    cache.load(1..=3).await;
    let run = cache.start();
    let before = cache.contents();
    for tombstone_days in [30, 0] {
        let successors = vec![(ContentId(2), ContentId(9))];
        let commit = ScopeCommit {
            removals: vec![ContentId(1)],
            successors,
            tombstone_days,
            index: index_of(&[2, 3]),
            ..after(&run, 1)
        };
        assert!(matches!(cache.apply(Vec::new(), commit).await, Err(StoreError::Refused(_))));
        assert_eq!(cache.contents(), before);
    }
}
