//! Cases of profiles and leases of every [`ContentStore`](crate::ContentStore).

use super::ReadableStore;
use super::session::{Session, added, index_of, load};
use crate::detect::merge::Change;
use crate::model::{ContentId, ContentKind, FieldSet};
use crate::ports::store::{ScopeCommit, StoreError};
use crate::testing::builders::{channel, movie, profile, series, staged};

/// "A profile has to exist before any other call about it."
pub async fn an_unknown_profile_is_refused(store: &dyn ReadableStore) {
    let nobody = profile("nobody");
    assert!(matches!(store.lease(&nobody).await, Err(StoreError::UnknownProfile(_))));
    assert!(matches!(store.sync_state(&nobody).await, Err(StoreError::UnknownProfile(_))));
    let deleted = store.delete_content_by_ids(&nobody, ContentKind::Movies, vec![ContentId(1)]).await;
    assert!(matches!(deleted, Err(StoreError::UnknownProfile(_))));
    assert!(matches!(store.clear(&nobody).await, Err(StoreError::UnknownProfile(_))));
}

/// "Creates the profile if it doesn't exist."
pub async fn a_profile_is_ensured_once(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    store.ensure_profile(&session.profile).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
}

/// "Everything is kept apart by profile."
pub async fn profiles_are_isolated(store: &dyn ReadableStore) {
    let one = load(store, "one", &[1, 2, 3]).await;
    let other = load(store, "other", &[1, 2, 3]).await;
    let edited = staged(movie(1).name("mine"), Change::Updated(FieldSet(2)));
    let commit =
        ScopeCommit { removals: vec![ContentId(3)], index: index_of(&[1, 2]), ..one.commit(ContentKind::Movies) };
    one.apply(vec![edited], commit).await.unwrap();
    store.delete_content_by_ids(&one.profile, ContentKind::Movies, vec![ContentId(2)]).await.unwrap();
    assert_eq!(one.ids(ContentKind::Movies).await, [1]);
    assert_eq!(other.ids(ContentKind::Movies).await, [1, 2, 3]);
    assert_eq!(other.row(ContentKind::Movies, 1).await, Some(movie(1).item()));
    store.clear(&one.profile).await.unwrap();
    assert_eq!(other.ids(ContentKind::Movies).await, [1, 2, 3]);
    assert_eq!(store.changes(&other.profile, 0, 100).await.unwrap().len(), 1);
    assert_eq!(store.sync_state(&other.profile).await.unwrap().last_sync[ContentKind::Movies], Some(1400));
}

/// "Everything is kept apart by kind."
pub async fn kinds_are_isolated(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let items = [added(channel(1)), added(movie(1)), added(series(1))];
    for (kind, item) in ContentKind::ALL.into_iter().zip(items) {
        let commit = ScopeCommit { index: index_of(&[1]), first_load: true, ..session.commit(kind) };
        session.apply(vec![item], commit).await.unwrap();
    }
    store.delete_content_by_ids(&session.profile, ContentKind::Movies, vec![ContentId(1)]).await.unwrap();
    assert_eq!(session.row(ContentKind::Channels, 1).await, Some(channel(1).item()));
    assert_eq!(session.ids(ContentKind::Movies).await, Vec::<i64>::new());
    assert_eq!(session.row(ContentKind::Series, 1).await, Some(series(1).item()));
}

/// "A lease is exclusive."
pub async fn a_lease_is_exclusive_until_dropped(store: &dyn ReadableStore) {
    let (one, other) = (profile("one"), profile("other"));
    store.ensure_profile(&one).await.unwrap();
    store.ensure_profile(&other).await.unwrap();
    let lease = store.lease(&one).await.unwrap();
    assert!(matches!(store.lease(&one).await, Err(StoreError::Leased(id)) if id == one));
    store.lease(&other).await.expect("another profile is free");
    drop(lease);
    store.lease(&one).await.expect("the lease has ended");
}

/// "Each lease has a higher fence than all before it."
pub async fn fences_rise(store: &dyn ReadableStore) {
    let home = profile("home");
    store.ensure_profile(&home).await.unwrap();
    let mut last = 0;
    for _ in 0..5 {
        let fence = store.lease(&home).await.unwrap().fence;
        assert!(fence > last);
        last = fence;
    }
}
