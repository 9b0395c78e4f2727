//! Cases of a store that is closed and opened again, as by a program that is started again.

use super::Fixture;
use super::ReadableStore;
use super::session::{Session, added, held_one, index_of, load};
use super::validators::validator;
use crate::detect::merge::Change;
use crate::facts::PanelFacts;
use crate::feed::change::LoggedChange;
use crate::model::{ContentId, ContentKind, FieldSet, Item, Scope};
use crate::ports::Cache;
use crate::ports::catalogue::Selection;
use crate::ports::profiles::Profile;
use crate::ports::store::{ScopeCommit, ValidatorChange};
use crate::search::{SearchFields, Words};
use crate::testing::category;
use crate::testing::{movie, profile, staged};
use tokio_util::sync::CancellationToken;

/// Everything that an apply and the end of a run write is still there, and fences continue to rise.
pub async fn written_values_are_there<S: ReadableStore>(fixture: Fixture<S>) {
    let (home, movies) = (profile("home"), ContentKind::Movies);
    let session = load(&fixture.store, "home", &[1, 2, 3, 4]).await;
    let fence = session.lease.fence;
    let commit = ScopeCommit {
        removals: vec![ContentId(4)],
        held: Some(vec![held_one(3, session.run)]),
        categories: Some(vec![category("7")]),
        index: index_of(&[2, 1, 3]),
        ..session.commit(movies)
    };
    session.apply(vec![staged(movie(2).name("Renamed"), Change::Updated(FieldSet::EMPTY))], commit).await.unwrap();
    let mut facts = PanelFacts { user_agent: Some("Player/1".to_owned()), ..PanelFacts::default() };
    facts.kinds[movies].sound_listings = 2;
    session.finish(Some(facts)).await;
    let session = Session::start(&fixture.store, "home").await;
    let kept = ScopeCommit { validator: ValidatorChange::Set(validator("v", 3)), ..session.commit(movies) };
    session.apply(Vec::new(), kept).await.unwrap();
    session.end().await;
    let before = seen(&fixture.store).await;
    assert!(before.contains("Renamed") && before.contains("Player/1") && before.contains("\"v\""), "{before}");

    let fixture = fixture.reopened();
    assert_eq!(seen(&fixture.store).await, before);
    let lease = fixture.store.lease(&home).await.unwrap();
    assert!(lease.fence > fence + 1, "{} after {fence}", lease.fence);
    drop(lease);
    let session = Session::start(&fixture.store, "home").await;
    let commit = ScopeCommit { index: index_of(&[2, 1, 3, 4]), ..session.commit(movies) };
    session.apply(vec![added(movie(4))], commit).await.unwrap();
    let told = fixture.store.changes(&home, 0, 100).await.unwrap().pop().unwrap();
    assert_eq!((told.id, told.change), (Some(ContentId(4)), LoggedChange::Returned), "removals are remembered");
}

/// A staging area that was not applied leaves nothing. A run without an end counts as interrupted.
pub async fn staged_items_are_gone<S: ReadableStore>(fixture: Fixture<S>) {
    let movies = ContentKind::Movies;
    let session = load(&fixture.store, "home", &[1]).await;
    let mut staging = session.staging(movies).await;
    staging.put(vec![added(movie(2))]).await.unwrap();
    let token = CancellationToken::new();
    token.cancel();
    let commit = ScopeCommit { index: index_of(&[1, 2]), ..session.commit(movies) };
    assert!(staging.apply(commit, token).await.is_err());
    drop(staging);
    drop(session);
    let fixture = fixture.reopened();
    let home = profile("home");
    assert_eq!(fixture.store.get_content_ids(&home, movies).await.unwrap(), [ContentId(1)]);
    let runs = fixture.store.runs(&home, 1).await.unwrap();
    assert_eq!(runs[0].status, crate::run::record::RunStatus::Interrupted);
}

/// Profiles and marked kinds are still there.
pub async fn profiles_are_there<S: Cache>(fixture: Fixture<S>) {
    let home = super::profiles::unusual();
    fixture.store.save_profile(&home).await.unwrap();
    let fixture = fixture.reopened();
    assert_eq!(fixture.store.profiles().await.unwrap(), [home]);
}

/// Returns everything that can be read of a profile, as text.
async fn seen(store: &dyn ReadableStore) -> String {
    let home = profile("home");
    let mut seen = format!("{:?}", store.sync_state(&home).await.unwrap());
    for kind in ContentKind::ALL {
        let ids = store.get_content_ids(&home, kind).await.unwrap();
        let mut rows = store.rows(&home, kind, ids).await.unwrap();
        rows.sort_by_key(Item::id);
        let index = store.index(&home, Scope::whole(kind)).await.unwrap();
        let index =
            (index.index.ids().to_vec(), index.index.digests().to_vec(), index.applied_before, index.consistent);
        let (held, categories) = (store.held(&home, kind).await.unwrap(), store.categories(&home, kind).await.unwrap());
        let validator = store.validator(&home, kind).await.unwrap();
        seen = format!("{seen} {rows:?} {index:?} {held:?} {categories:?} {validator:?}");
    }
    let (runs, changes) = (store.runs(&home, 9).await.unwrap(), store.changes(&home, 0, 99).await.unwrap());
    seen + &format!("{runs:?} {changes:?} {:?}", store.content_status(&home).await.unwrap())
}

/// Searches find the same items, and the setting is as before.
pub async fn searches_find_the_same_items<C: Cache>(fixture: Fixture<C>) {
    let home = profile("home");
    let mut expected = Vec::new();
    let mut fixture = fixture;
    for search in SearchFields::ALL {
        fixture.store.save_profile(&Profile { search, ..Profile::new(home.clone()) }).await.unwrap();
        drop(load(&fixture.store, "home", &[1, 2]).await);
        fixture = fixture.reopened();
        let selection = Selection::of_words(Words::new("movie"), 9);
        let found = fixture.store.select(&home, selection).await.unwrap();
        expected.push((search, found.rows.iter().map(|row| row.id.0).collect::<Vec<_>>()));
        assert_eq!(fixture.store.profile(&home).await.unwrap().unwrap().search, search);
        fixture.store.clear(&home).await.unwrap();
    }
    assert_eq!(expected, SearchFields::ALL.map(|search| (search, vec![1, 2])));
}
