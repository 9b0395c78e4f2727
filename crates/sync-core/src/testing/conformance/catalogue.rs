//! Cases of every [`Catalogue`](crate::Catalogue).

use super::session::{Session, held_one, index_of, load};
use crate::detect::merge::Change;
use crate::model::{Account, CategoryId, ContentId, ContentKind};
use crate::ports::Cache;
use crate::ports::catalogue::PageRequest;
use crate::ports::store::{RunEnd, ScopeCommit, StoreError};
use crate::removal::guard::{HoldReason, Loss};
use crate::removal::held::HeldRemoval;
use crate::run::record::RunStatus;
use crate::testing::{category, movie, profile, staged};

/// "Returns the state of a profile's cache": before the first run, in one, after it, and when its process has died.
pub async fn the_status_is_that_of_the_last_run<C: Cache>(cache: &C) {
    let home = profile("home");
    cache.ensure_profile(&home).await.unwrap();
    let status = cache.content_status(&home).await.unwrap();
    assert_eq!((status.sync_status, status.message, status.account), (None, None, None));
    assert!(status.kinds.iter().all(|(kind, it)| it.kind == kind && it.rows == 0 && it.last_sync.is_none()));
    let session = load(cache, "home", &[1, 2]).await;
    let status = cache.content_status(&home).await.unwrap();
    assert_eq!(status.sync_status, Some(RunStatus::Syncing));
    let movies = &status.kinds[ContentKind::Movies];
    assert_eq!((movies.rows, movies.last_sync, movies.doubted_since), (2, Some(1400), None));
    let account = Account { expires_at: Some(99), ..Account::active() };
    let end = RunEnd {
        status: RunStatus::Partial,
        message: "some are held".to_owned(),
        finished_at: 4000,
        account: Some(account),
        ..session.run_end()
    };
    cache.finish_run(&home, end).await.unwrap();
    let status = cache.content_status(&home).await.unwrap();
    assert_eq!((status.sync_status, status.message.as_deref()), (Some(RunStatus::Partial), Some("some are held")));
    let told = status.account.unwrap();
    assert_eq!((told.status.as_str(), told.expires_at, told.checked_at), ("Active", Some(99), Some(4000)));
    drop(session);
    drop(Session::start(cache, "home").await);
    let status = cache.content_status(&home).await.unwrap();
    assert_eq!((status.sync_status, status.message), (Some(RunStatus::Interrupted), None));
    cache.clear(&home).await.unwrap();
    let status = cache.content_status(&home).await.unwrap();
    assert_eq!((status.sync_status, status.kinds[ContentKind::Movies].rows), (None, 0));
}

/// "The held removals, by reason": their number, the time since which they are held, up to three names, and how far the
/// evidence has come.
pub async fn the_status_shows_what_is_held<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2, 3, 4, 5]).await;
    let run = session.run;
    let mut all: Vec<_> = (1..=4).map(|id| HeldRemoval { since: 100 - id, ..held_one(id, run) }).collect();
    all.push(HeldRemoval { evidence: None, reason: HoldReason::Loss(Loss::EmptyListing), ..held_one(5, run) });
    let commit = ScopeCommit { held: Some(all), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    let groups = cache.content_status(&session.profile).await.unwrap().kinds[ContentKind::Movies].held.clone();
    let of = |reason| groups.iter().find(|group| group.reason == reason).unwrap();
    assert_eq!(groups.len(), 2);
    let lost = of(HoldReason::Loss(Loss::ShareLost));
    assert_eq!((lost.count, lost.oldest_since, lost.evidence_since), (4, 96, Some(9)));
    assert_eq!(lost.examples, ["Movie 4", "Movie 3", "Movie 2"], "the oldest first");
    let empty = of(HoldReason::Loss(Loss::EmptyListing));
    assert_eq!((empty.count, empty.listings, empty.evidence_since), (1, 0, None), "without evidence");
}

/// "Successive pages have each row once."
pub async fn pages_have_each_row_once<C: Cache>(cache: &C) {
    let ids = [-7, 0, 3, 9, 10, 11, i64::MAX];
    let session = load(cache, "home", &ids).await;
    for limit in [1, 2, 3, 7, 100] {
        let (mut met, mut request) = (Vec::new(), PageRequest::first(limit));
        loop {
            let page = cache.page(&session.profile, ContentKind::Movies, request).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            met.extend(page.items.iter().map(|item| item.id().0));
            let Some(next) = page.next else { break };
            request = PageRequest::first(limit).after(next);
        }
        assert_eq!(met, ids, "pages of {limit}");
    }
    let none = cache.page(&session.profile, ContentKind::Series, PageRequest::first(5)).await.unwrap();
    assert_eq!((none.items.len(), none.next), (0, None));
}

/// "Only rows of this category": an item is in every category of its set.
pub async fn a_page_of_a_category_has_its_items<C: Cache>(cache: &C) {
    let session = Session::start(cache, "home").await;
    let sets: [&[&str]; 5] = [&["1"], &["1", "12"], &["12"], &["2"], &["quo\"te", "1"]];
    let items = (1..).zip(sets).map(|(id, set)| staged(movie(id).in_categories(set), Change::Added)).collect();
    let commit =
        ScopeCommit { index: index_of(&[1, 2, 3, 4, 5]), first_load: true, ..session.commit(ContentKind::Movies) };
    session.apply(items, commit).await.unwrap();
    let within = async |name: &str, limit| {
        let request = PageRequest::first(limit).within(CategoryId(name.to_owned()));
        let page = cache.page(&session.profile, ContentKind::Movies, request).await.unwrap();
        (page.items.iter().map(|item| item.id().0).collect::<Vec<_>>(), page.next)
    };
    assert_eq!(within("1", 9).await, (vec![1, 2, 5], None));
    assert_eq!(within("1", 2).await, (vec![1, 2], Some(ContentId(2))));
    assert_eq!(within("12", 9).await, (vec![2, 3], None));
    assert_eq!(within("quo\"te", 9).await, (vec![5], None));
    assert_eq!(within("te", 9).await, (vec![], None));
}

/// "Returns the categories of a kind in the panel's order, each with the number of items in it."
pub async fn categories_come_with_their_sizes<C: Cache>(cache: &C) {
    let session = Session::start(cache, "home").await;
    let items = [(1, &["9"][..]), (2, &["9", "1"])];
    let items = items.map(|(id, set)| staged(movie(id).in_categories(set), Change::Added)).to_vec();
    let categories = Some(["9", "empty"].map(category).to_vec());
    let commit =
        ScopeCommit { categories, index: index_of(&[1, 2]), first_load: true, ..session.commit(ContentKind::Movies) };
    session.apply(items, commit).await.unwrap();
    let found = cache.sized_categories(&session.profile, ContentKind::Movies).await.unwrap();
    let found: Vec<_> = found.iter().map(|it| (it.id.0.as_str(), it.name.as_deref(), it.position, it.items)).collect();
    let name = |id: &str| category(id).name;
    let [nine, empty] = ["9", "empty"].map(name);
    let expected = [("9", Some(nine.as_str()), Some(0), 2), ("empty", Some(&empty), Some(1), 0), ("1", None, None, 1)];
    assert_eq!(found, expected, "one that the panel doesn't list comes last");
}

/// "Returns the held removals of a kind, by ascending id."
pub async fn held_removals_are_listed<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2, 3]).await;
    let all: Vec<_> = [1, 3].map(|id| held_one(id, session.run)).to_vec();
    let commit = ScopeCommit { held: Some(all.clone()), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(cache.held_removals(&session.profile, ContentKind::Movies).await.unwrap(), all);
    assert_eq!(cache.held_removals(&session.profile, ContentKind::Series).await.unwrap(), []);
}

/// "A profile that doesn't exist is `StoreError::UnknownProfile`."
pub async fn a_reader_of_an_unknown_profile_gets_an_error<C: Cache>(cache: &C) {
    let nobody = profile("nobody");
    let movies = ContentKind::Movies;
    let told = [
        cache.content_status(&nobody).await.err(),
        cache.runs(&nobody, 1).await.err(),
        cache.changes(&nobody, 0, 1).await.err(),
        cache.held_removals(&nobody, movies).await.err(),
        cache.sized_categories(&nobody, movies).await.err(),
        cache.page(&nobody, movies, PageRequest::first(1)).await.err(),
    ];
    assert!(told.iter().all(|error| matches!(error, Some(StoreError::UnknownProfile(_)))), "{told:?}");
}
