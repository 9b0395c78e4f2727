//! Cases of the index of a listing.

use super::ReadableStore;
use super::session::{SCHEME, Session, added, index_of, load};
use crate::detect::digest::Digest;
use crate::model::Content as _;
use crate::model::{Channel, ContentKind};
use crate::ports::store::ScopeCommit;
use crate::testing::builders::channel;

/// Ids, digests and scheme are read back in listing order.
pub async fn an_index_is_read_back_in_listing_order(store: &dyn ReadableStore) {
    let ids: Vec<i64> = (0..5000).map(|n| (n * 7919) % 5003 - 100).collect();
    let session = load(store, "home", &ids).await;
    let stored = store.index(&session.profile, ContentKind::Movies.into()).await.unwrap();
    assert!(stored.applied_before && stored.consistent);
    assert_eq!(stored.index.scheme(), SCHEME);
    assert_eq!(Some(stored.index), index_of(&ids));
    let other = store.index(&session.profile, ContentKind::Series.into()).await.unwrap();
    assert!(!other.applied_before && other.index.is_empty());
}

/// "If the store doesn't trust its own index, it returns every stored id with `Digest::NEVER`." Rows without an index
/// are such a case: a scope of a category that was never applied has the ids of the rows.
pub async fn a_doubtful_index_is_not_trusted(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let commit = ScopeCommit { first_load: true, ..session.commit(ContentKind::Channels) };
    session.apply(vec![added(channel(3)), added(channel(1))], commit).await.unwrap();
    let stored = store.index(&session.profile, ContentKind::Channels.into()).await.unwrap();
    assert!(!stored.consistent);
    let mut ids = stored.index.ids().to_vec();
    ids.sort_unstable();
    assert_eq!(ids, [1, 3]);
    assert!(stored.index.digests().iter().all(|digest| Digest(*digest).is_never()));
    assert_eq!(session.row(ContentKind::Channels, 3).await.map(|item| item.kind()), Some(Channel::KIND));
}
