//! Cases of the staging area of every [`ContentStore`](crate::ContentStore).

use futures_util::future::join;
use tokio_util::sync::CancellationToken;

use super::ReadableStore;
use super::session::{Session, added, index_of, load};
use crate::detect::merge::Change;
use crate::model::{ContentId, ContentKind};
use crate::ports::store::{Lease, ScopeCommit, StoreError};
use crate::testing::builders::{channel, movie, staged};

/// "Items whose change is not written are kept for `get`, and not written."
pub async fn unwritten_changes_are_not_written(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let items =
        vec![staged(movie(1).name("x"), Change::Unchanged), staged(movie(2).name("y"), Change::IgnoredByPolicy)];
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put(items.clone()).await.unwrap();
    assert_eq!(staging.get(vec![ContentId(2)]).await.unwrap(), items[1..]);
    staging.apply(session.commit(ContentKind::Movies), CancellationToken::new()).await.unwrap();
    assert_eq!(session.row(ContentKind::Movies, 1).await, Some(movie(1).item()));
    assert_eq!(session.row(ContentKind::Movies, 2).await, Some(movie(2).item()));
}

/// "A later `put` of an id replaces an earlier one."
pub async fn a_later_put_replaces_an_earlier_one(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put(vec![added(movie(8).name("first")), added(movie(9))]).await.unwrap();
    staging.put(vec![added(movie(8).name("second"))]).await.unwrap();
    let got = staging.get(vec![ContentId(8), ContentId(77)]).await.unwrap();
    assert_eq!(got, [added(movie(8).name("second"))]);
    let commit = ScopeCommit { index: index_of(&[1, 8, 9]), ..session.commit(ContentKind::Movies) };
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    assert_eq!(session.row(ContentKind::Movies, 8).await, Some(movie(8).name("second").item()));
    let logged = store.changes(&session.profile, 0, 100).await.unwrap();
    assert_eq!(logged.iter().filter(|change| change.id == Some(ContentId(8))).count(), 1, "one event an item");
}

/// "After `reset` the area is as new."
pub async fn a_reset_empties_the_staging_area(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put(vec![added(movie(8)), added(movie(9))]).await.unwrap();
    staging.reset().await.unwrap();
    assert_eq!(staging.get(vec![ContentId(8)]).await.unwrap(), []);
    staging.put(vec![added(movie(9))]).await.unwrap();
    let commit = ScopeCommit { index: index_of(&[1, 9]), ..session.commit(ContentKind::Movies) };
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 9]);
}

/// "It is outside the cache: nothing of it is visible in the cache or remains, unless it is applied."
pub async fn nothing_is_seen_before_the_apply(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put((100..2000).map(|id| added(movie(id))).collect()).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
    drop(staging);
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
    assert_eq!(session.staging(ContentKind::Movies).await.get(vec![ContentId(100)]).await.unwrap(), []);
}

/// "If it finds its token cancelled before the commit, the cache is unchanged."
pub async fn a_cancelled_apply_changes_nothing(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put((10..500).map(|id| added(movie(id))).collect()).await.unwrap();
    let index = index_of(&(10..500).chain([1]).collect::<Vec<_>>());
    let commit =
        ScopeCommit { index, removals: vec![ContentId(2)], watermark: 9999, ..session.commit(ContentKind::Movies) };
    let token = CancellationToken::new();
    token.cancel();
    let applied = staging.apply(commit, token).await;
    assert!(matches!(applied, Err(StoreError::Cancelled)), "{applied:?}");
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 2]);
    let state = store.sync_state(&session.profile).await.unwrap();
    assert_eq!(state.last_sync[ContentKind::Movies], Some(1400));
    let index = store.index(&session.profile, ContentKind::Movies.into()).await.unwrap();
    assert_eq!(Some(index.index), index_of(&[1, 2]));
}

/// "Writes under an older fence are refused."
pub async fn a_fenced_apply_changes_nothing(store: &dyn ReadableStore) {
    let Session { profile, lease, run, .. } = load(store, "home", &[1]).await;
    let old = lease.fence;
    drop(lease);
    let lease = store.lease(&profile).await.unwrap();
    let late = Session { store, profile, lease: Lease::new(old, ()), run };
    let commit = ScopeCommit { index: index_of(&[1, 2]), ..late.commit(ContentKind::Movies) };
    let applied = late.apply(vec![added(movie(2))], commit).await;
    assert!(matches!(applied, Err(StoreError::Fenced)), "{applied:?}");
    assert_eq!(late.ids(ContentKind::Movies).await, [1]);
    assert!(matches!(store.start_run(&late.profile, old, 1).await, Err(StoreError::Fenced)));
    drop(lease);
}

/// "While a kind is applied, another kind of the profile may be read and staged."
pub async fn a_kind_is_read_and_staged_while_another_is_applied(store: &dyn ReadableStore) {
    let (movies, channels) = (ContentKind::Movies, ContentKind::Channels);
    let session = load(store, "home", &[1, 2, 3]).await;
    let ids: Vec<_> = (1..=3000).collect();
    let mut applying = session.staging(channels).await;
    applying.put(ids.iter().map(|id| added(channel(*id))).collect()).await.unwrap();
    let commit = ScopeCommit { index: index_of(&ids), first_load: true, ..session.commit(channels) };
    let apply = applying.apply(commit, CancellationToken::new());
    let beside = async {
        let stored = store.index(&session.profile, movies.into()).await.unwrap();
        assert_eq!((stored.index.ids(), stored.consistent), (&[1, 2, 3][..], true));
        let mut staging = session.staging(movies).await;
        for id in 1..=3 {
            assert_eq!(session.row(movies, id).await, Some(movie(id).item()));
            staging.put(vec![added(movie(id + 10))]).await.unwrap();
            assert_eq!(staging.get(vec![ContentId(id + 10)]).await.unwrap().len(), 1);
        }
        staging
    };
    let (applied, mut staging) = join(apply, beside).await;
    applied.unwrap();
    assert_eq!(session.ids(movies).await, [1, 2, 3], "staged is not applied");
    let commit = ScopeCommit { index: index_of(&[1, 2, 3, 11, 12, 13]), ..session.commit(movies) };
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    assert_eq!(session.ids(movies).await, [1, 2, 3, 11, 12, 13]);
    assert_eq!(session.ids(channels).await, ids);
}
