//! Ids, deletions, and queries in plain SQL.

use sync_core::HeldRemoval;
use sync_core::store::{ContentStore, ScopeCommit};
use sync_core::testing::{movie, profile};
use sync_core::{ContentId, ContentKind, HoldReason, Loss, StoreError};

use crate::fixture::{Cache, added, index_of};

#[tokio::test]
async fn test_get_content_ids_empty() {
    let cache = Cache::new();
    for kind in ContentKind::ALL {
        assert_eq!(cache.store.get_content_ids(&cache.home, kind).await.unwrap(), []);
    }
}

#[tokio::test]
async fn test_get_content_ids_with_data() {
    let cache = Cache::new();
    cache.load([30, -4, 7]).await;
    let ids = cache.store.get_content_ids(&cache.home, ContentKind::Movies).await.unwrap();
    assert_eq!(ids, [-4, 7, 30].map(ContentId));
    assert_eq!(cache.store.get_content_ids(&cache.home, ContentKind::Series).await.unwrap(), []);
}

#[tokio::test]
async fn test_delete_content_by_ids() {
    let cache = Cache::new();
    cache.load(1..=5).await;
    let gone = [2, 4, 99].map(ContentId).to_vec();
    assert_eq!(cache.store.delete_content_by_ids(&cache.home, ContentKind::Movies, gone.clone()).await.unwrap(), 2);
    assert_eq!(cache.ids(ContentKind::Movies), [1, 3, 5]);
    assert_eq!(cache.store.sync_state(&cache.home).await.unwrap().rows, [0, 3, 0]);
    assert_eq!(cache.store.delete_content_by_ids(&cache.home, ContentKind::Movies, gone).await.unwrap(), 0);
}

#[tokio::test]
async fn sixty_thousand_items_can_be_deleted_at_once() {
    let cache = Cache::new();
    cache.load(1..=60_010).await;
    let gone = (1..=60_000).map(ContentId).collect();
    assert_eq!(cache.store.delete_content_by_ids(&cache.home, ContentKind::Movies, gone).await.unwrap(), 60_000);
    assert_eq!(cache.ids(ContentKind::Movies).len(), 10);
    let stored = cache.store.index(&cache.home, ContentKind::Movies.into()).await.unwrap();
    assert!(stored.consistent && stored.index.len() == 10);
}

#[tokio::test]
async fn rows_that_another_program_deleted_make_the_index_untrusted() {
    let cache = Cache::new();
    cache.load(1..=10).await;
    cache.execute("DELETE FROM xtream_movies WHERE stream_id=3");
    let stored = cache.store.index(&cache.home, ContentKind::Movies.into()).await.unwrap();
    assert!(stored.applied_before && !stored.consistent);
    assert_eq!(stored.index.len(), 9);
    cache.execute("UPDATE xtream_listing_index SET ids='[1,'");
    let stored = cache.store.index(&cache.home, ContentKind::Movies.into()).await.unwrap();
    assert!(stored.applied_before && !stored.consistent);
}

/// If rows are deleted after a listing was compared, the apply of that listing doesn't hold them.
#[tokio::test]
async fn items_deleted_during_a_run_are_not_held_by_it() {
    let cache = Cache::new();
    cache.load(1..=5).await;
    let run = cache.start();
    let held = |id| HeldRemoval {
        id: ContentId(id),
        reason: HoldReason::Loss(Loss::ShareLost),
        since: 5,
        run: run.run,
        evidence: None,
        successor: None,
    };
    let gone = vec![ContentId(2), ContentId(4)];
    assert_eq!(cache.store.delete_content_by_ids(&cache.home, ContentKind::Movies, gone).await.unwrap(), 2);
    let commit = ScopeCommit { held: Some((2..=5).map(held).collect()), ..run.commit(ContentKind::Movies) };
    cache.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(cache.store.held(&cache.home, ContentKind::Movies).await.unwrap(), [held(3), held(5)]);
}

#[tokio::test]
async fn after_a_clear_the_next_sync_is_a_first_load() {
    let cache = Cache::new();
    cache.load(1..=3).await;
    cache.store.clear(&cache.home).await.unwrap();
    for table in ["xtream_movies", "xtream_listing_index", "xtream_tombstones"] {
        assert_eq!(cache.table(table), [""; 0]);
    }
    let line = "SELECT sync_status || coalesce(last_sync_movies,'-') || movies_count AS line FROM xtream_content_sync";
    assert_eq!(cache.sql(line), ["pending-0"]);
    let stored = cache.store.index(&cache.home, ContentKind::Movies.into()).await.unwrap();
    assert!(!stored.applied_before);
    assert!(matches!(cache.store.clear(&profile("nobody")).await, Err(StoreError::UnknownProfile(_))));
}

/// The queries of `docs/schema.md`.
#[tokio::test]
async fn the_order_of_the_listing_is_there_for_plain_sql() {
    let cache = Cache::new();
    let run = cache.start();
    let commit = ScopeCommit { index: index_of(&[9, 1, 5]), first_load: true, ..run.commit(ContentKind::Movies) };
    cache.apply([1, 5, 9].map(|id| added(movie(id).in_categories(&["a\"b", "7"]))).to_vec(), commit).await.unwrap();
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema.md");
    let document = std::fs::read_to_string(document).unwrap();
    let queries: Vec<_> = document.split("```sql").skip(1).map(|part| part.split("```").next().unwrap()).collect();
    let query = |words| queries.iter().copied().find(|query| query.contains(words)).unwrap();
    let listed = cache.sql(&query("json_each(l.ids)").replace("m.stream_id, m.name, m.year", "m.name AS line"));
    assert_eq!(listed, ["Movie 9", "Movie 1", "Movie 5"]);
    let shelved =
        cache.sql(&query("c.value = '12'").replace("m.stream_id, m.name", "m.name AS line").replace("'12'", "'a\"b'"));
    assert_eq!(shelved.len(), 3);
    let since = query("sequence > 1234")
        .replace("sequence, kind, content_id, name, change, before, after, returned", "change AS line");
    let changed = cache.sql(&since.replace("1234", "0"));
    assert_eq!(changed, ["loaded"]);
}
