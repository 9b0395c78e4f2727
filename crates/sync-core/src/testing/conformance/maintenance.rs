//! Cases of every [`Maintenance`](crate::Maintenance).

use super::session::{Session, index_of, load};
use crate::model::ContentKind;
use crate::ports::Cache;
use crate::ports::maintenance::{Finding, Inconsistency, Inspection};
use crate::ports::store::ScopeCommit;
use crate::testing::profile;

use crate::ports::store::StoreError;

/// A cache that only runs have written has no inconsistency.
pub async fn a_cache_that_was_only_synced_is_sound<C: Cache>(cache: &C) {
    assert_eq!(cache.inspect(None).await.unwrap(), Inspection::default());
    load(cache, "home", &[1]).await.end().await;
    cache.ensure_profile(&profile("away")).await.unwrap();
    let seen = cache.inspect(None).await.unwrap();
    assert!(seen.is_sound(), "{seen:?}");
    assert_eq!(seen.profiles, [profile("away"), profile("home")]);
    assert_eq!(cache.inspect(Some(profile("home"))).await.unwrap().profiles, [profile("home")]);
    let nobody = cache.inspect(Some(profile("nobody"))).await;
    assert!(matches!(nobody, Err(StoreError::UnknownProfile(_))));
}

/// "Marking removes nothing and changes no item. The next sync of a marked kind compares every item of it."
pub async fn a_marked_kind_is_compared_in_full<C: Cache>(cache: &C) {
    let movies = ContentKind::Movies;
    load(cache, "home", &[1, 2]).await.end().await;
    let home = profile("home");
    let found =
        Finding { profile: Some(home.clone()), kind: Some(movies), ..Finding::new(Inconsistency::CountWrong, &["9"]) };
    let seen = Inspection { findings: vec![found.clone(), found], ..Inspection::default() };
    assert_eq!(cache.mark(&seen).await.unwrap(), [(home.clone(), movies)], "once");
    let index = async |kind| cache.index(&home, crate::model::Scope::whole(kind)).await.unwrap();
    assert!(!index(movies).await.consistent);
    assert_eq!(index(movies).await.index.ids(), [1, 2]);
    assert!(index(ContentKind::Series).await.consistent);
    assert!(cache.content_status(&home).await.unwrap().kinds[movies].doubted_since.is_some());
    let session = Session::start(cache, "home").await;
    assert_eq!(session.ids(movies).await, [1, 2]);
    let commit = ScopeCommit { index: index_of(&[1, 2]), ..session.commit(movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert!(index(movies).await.consistent, "it was compared");
    assert_eq!(cache.content_status(&home).await.unwrap().kinds[movies].doubted_since, None);
}
