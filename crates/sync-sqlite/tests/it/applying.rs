//! The apply writes everything or nothing, and writes only what differs.

use sync_core::LoggedChange;
use sync_core::store::{ContentStore, ScopeCommit, Staging};
use sync_core::testing::{category, channel, movie, staged};
use sync_core::{Catalogue as _, Change, ContentId, ContentKind, FieldSet, HoldReason, Loss, Scope, StoreError};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Cache, added, index_of};

fn fields(names: &[&str]) -> FieldSet {
    let mut set = FieldSet::EMPTY;
    for name in names {
        set.add(ContentKind::Movies.field(name).unwrap());
    }
    set
}

/// Stages changes to every table.
async fn large(cache: &Cache) -> (Box<dyn Staging>, ScopeCommit) {
    let run = cache.start();
    let mut staging = cache.store.stage(&cache.home, Scope::whole(ContentKind::Movies)).await.unwrap();
    staging.put((1000..21_000).map(|id| added(movie(id))).collect()).await.unwrap();
    let changed = Change::Updated(fields(&["name"]));
    staging.put((100..200).map(|id| staged(movie(id).name("Renamed"), changed)).collect()).await.unwrap();
    let commit = ScopeCommit {
        categories: Some(vec![category("1"), category("2")]),
        removals: (1..=20).map(ContentId).collect(),
        successors: (1..=20).map(|id| (ContentId(id), ContentId(id + 1000))).collect(),
        held: Some(vec![run.held(50, HoldReason::Loss(Loss::ShareLost), 5)]),
        index: index_of(&(21..21_000).collect::<Vec<_>>()),
        ..run.commit(ContentKind::Movies)
    };
    // The lease may be dropped here: no later lease is taken, so its fence stays valid.
    (staging, commit)
}

#[tokio::test]
async fn a_cancelled_apply_leaves_every_table_as_it_was() {
    let cache = Cache::new();
    cache.load(1..1000).await;
    let (mut staging, commit) = large(&cache).await;
    let before = cache.contents();
    let token = CancellationToken::new();
    let stop = token.clone();
    let (applied, ()) = tokio::join!(staging.apply(commit, token), async {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        stop.cancel();
    });
    assert!(matches!(applied, Err(StoreError::Cancelled)), "{applied:?}");
    assert_eq!(cache.contents(), before);
}

#[tokio::test]
async fn an_abandoned_apply_is_old_or_new() {
    let cache = Cache::new();
    cache.load(1..1000).await;
    let (mut staging, commit) = large(&cache).await;
    let before = cache.contents();
    let apply = staging.apply(commit, CancellationToken::new());
    let _ = tokio::time::timeout(std::time::Duration::from_millis(5), apply).await.unwrap_err();
    // The lease is free once the thread that works for the apply has ended.
    drop(cache.store.lease(&cache.home).await.unwrap());
    assert_eq!(cache.contents(), before);
}

#[tokio::test]
async fn a_second_sync_of_the_same_listing_writes_bookkeeping_only() {
    let cache = Cache::new();
    cache.load(1..=500).await;
    let before = cache.contents();
    let run = cache.start();
    let same = (1..=500).map(|id| staged(movie(id), Change::Unchanged)).collect();
    let commit = ScopeCommit { watermark: 9999, ..run.commit(ContentKind::Movies) };
    cache.apply(same, commit).await.unwrap();
    cache.finish(run);
    assert_eq!(cache.contents(), before);
    assert_eq!(cache.store.sync_state(&cache.home).await.unwrap().last_sync, [None, Some(9999), None]);
    assert_eq!(cache.sql("SELECT movies_count AS line FROM xtream_content_sync"), ["500"]);
}

#[tokio::test]
async fn rows_keep_their_ids_and_their_first_day() {
    let cache = Cache::new();
    cache.load(1..=120).await;
    let sql = "SELECT id || ':' || stream_id || ':' || created_at AS line FROM xtream_movies ORDER BY id";
    let before = cache.sql(sql);
    let run = cache.start();
    let moved = Change::Updated(fields(&["name", "category_id", "category_ids"]));
    let in_place = Change::Refreshed(fields(&["rating"]));
    let items = (1..=60)
        .map(|id| staged(movie(id).name("Moved").with("category_id", "7").in_categories(&["7"]), moved))
        .chain((61..=120).map(|id| staged(movie(id).with("rating", "7.5"), in_place)))
        .collect();
    let commit = ScopeCommit { applied_at: 1_700_009_999, ..run.commit(ContentKind::Movies) };
    cache.apply(items, commit).await.unwrap();
    assert_eq!(cache.sql(sql), before);
    let count = |condition: &str| cache.sql(&format!("SELECT COUNT(*) AS line FROM xtream_movies WHERE {condition}"));
    assert_eq!(count("category_id='7' AND name='Moved' AND stream_id<=60 AND updated_at=1700009999"), ["60"]);
    assert_eq!(count("category_id='1' AND rating=7.5 AND stream_id>60 AND updated_at=1700009999"), ["60"]);
    let logged = cache.store.changes(&cache.home, 1, 1000).await.unwrap();
    assert_eq!(logged.len(), 60);
    let Change::Updated(expected) = moved else { unreachable!() };
    assert!(logged.iter().all(|change| change.change == LoggedChange::Updated(expected)));
}

#[tokio::test]
async fn category_rows_keep_their_ids() {
    let cache = Cache::new();
    let run = cache.start();
    let list = |ids: &[&str]| Some(ids.iter().map(|id| category(id)).collect());
    let sql =
        "SELECT id || ':' || category_id || ':' || position AS line FROM xtream_movie_categories ORDER BY position";
    let commit =
        ScopeCommit { categories: list(&["a", "b", "c"]), index: index_of(&[]), ..run.commit(ContentKind::Movies) };
    cache.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(cache.sql(sql), ["1:a:0", "2:b:1", "3:c:2"]);
    let commit = ScopeCommit { categories: list(&["b", "a", "d"]), ..run.commit(ContentKind::Movies) };
    cache.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(cache.sql(sql)[..2], ["2:b:0", "1:a:1"]);
}

#[tokio::test]
async fn a_first_load_is_one_line_of_the_change_log() {
    let cache = Cache::new();
    cache.load(1..=300).await;
    let logged = cache.store.changes(&cache.home, 0, 1000).await.unwrap();
    assert_eq!(
        logged.iter().map(|change| (change.id, change.change)).collect::<Vec<_>>(),
        [(None, LoggedChange::Loaded)]
    );
}

#[tokio::test]
async fn reads_do_not_wait_for_an_apply() {
    let cache = Cache::new();
    cache.load(1..1000).await;
    let (mut staging, commit) = large(&cache).await;
    let applying = tokio::spawn(async move { staging.apply(commit, CancellationToken::new()).await });
    let mut seen = Vec::new();
    while !applying.is_finished() {
        seen.push(cache.store.get_content_ids(&cache.home, ContentKind::Movies).await.unwrap().len());
    }
    applying.await.unwrap().unwrap();
    assert!(seen.len() > 2 && seen[0] == 999, "{seen:?}");
    assert!(seen.iter().all(|rows| [999, 20_979].contains(rows)), "{seen:?}");
}

/// A request for one kind doesn't wait for the apply of another kind, however long that takes.
#[tokio::test]
async fn a_kind_is_read_and_staged_beside_an_apply() {
    use diesel::connection::{Connection, SimpleConnection};
    let cache = Cache::new();
    cache.load(1..1000).await;
    let (mut staging, commit) = large(&cache).await;
    let mut other = diesel::SqliteConnection::establish(cache.store.path().to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let applying = tokio::spawn(async move { staging.apply(commit, CancellationToken::new()).await });
    let channels = ContentKind::Channels;
    let mut staging = cache.store.stage(&cache.home, Scope::whole(channels)).await.unwrap();
    for kind in [channels, ContentKind::Movies] {
        let rows = cache.store.rows(&cache.home, kind, vec![ContentId(7)]).await.unwrap().len();
        let index = cache.store.index(&cache.home, kind.into()).await.unwrap().index.len();
        assert_eq!((rows, index), if kind == channels { (0, 0) } else { (1, 999) });
    }
    staging.put((1..=2000).map(|id| added(channel(id))).collect()).await.unwrap();
    assert_eq!(staging.get(vec![ContentId(1), ContentId(2000)]).await.unwrap().len(), 2);
    assert!(!applying.is_finished(), "somebody else has the right to write");
    other.batch_execute("ROLLBACK").unwrap();
    applying.await.unwrap().unwrap();
    assert_eq!(cache.ids(ContentKind::Movies).len(), 20_979);
}

#[tokio::test]
async fn a_run_that_has_ended_applies_nothing() {
    let cache = Cache::new();
    cache.load([1]).await;
    let run = cache.start();
    let commit = run.commit(ContentKind::Movies);
    cache.finish(run);
    assert!(matches!(cache.apply(vec![added(movie(2))], commit).await, Err(StoreError::Refused(_))));
}

/// An apply waits for another program that writes, but does not fail because of it.
#[tokio::test]
async fn an_apply_waits_for_other_writers_and_can_be_cancelled_meanwhile() {
    use diesel::connection::{Connection, SimpleConnection};
    let cache = Cache::new();
    cache.load(1..1000).await;
    let mut other = diesel::SqliteConnection::establish(cache.store.path().to_str().unwrap()).unwrap();

    let (mut staging, commit) = large(&cache).await;
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let token = CancellationToken::new();
    let stop = token.clone();
    let began = std::time::Instant::now();
    let (applied, ()) = tokio::join!(staging.apply(commit, token), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        stop.cancel();
    });
    assert!(matches!(applied, Err(StoreError::Cancelled)), "{applied:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    other.batch_execute("ROLLBACK").unwrap();

    let (mut staging, commit) = large(&cache).await;
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let (applied, ()) = tokio::join!(staging.apply(commit, CancellationToken::new()), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        other.batch_execute("ROLLBACK").unwrap();
    });
    applied.unwrap();
    assert_eq!(cache.store.get_content_ids(&cache.home, ContentKind::Movies).await.unwrap().len(), 20_979);
}

/// The feed has an entry for every new row, even for one that was staged as refreshed and whose row was deleted after
/// it was compared.
#[tokio::test]
async fn a_refreshed_row_that_was_deleted_meanwhile_is_logged_as_added() {
    let cache = Cache::new();
    cache.load(1..4).await;
    let run = cache.start();
    let mut staging = cache.store.stage(&cache.home, Scope::whole(ContentKind::Movies)).await.unwrap();
    let refreshed = Change::Refreshed(fields(&["rating"]));
    staging.put(vec![staged(movie(1), refreshed), staged(movie(2), refreshed), added(movie(9))]).await.unwrap();
    cache.store.delete_content_by_ids(&cache.home, ContentKind::Movies, vec![ContentId(2)]).await.unwrap();
    let before = cache.store.feed(&cache.home).await.unwrap().newest;
    let commit = ScopeCommit { index: index_of(&[1, 2, 3, 9]), ..run.commit(ContentKind::Movies) };
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    let told = cache.store.changes(&cache.home, before, 99).await.unwrap();
    let mut told: Vec<_> = told.iter().map(|change| (change.id, change.change)).collect();
    told.sort_by_key(|(id, _)| *id);
    assert_eq!(told, [2, 9].map(|id| (Some(ContentId(id)), LoggedChange::Added)));
}
