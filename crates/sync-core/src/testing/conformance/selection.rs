//! Cases of selections and single items of every [`Catalogue`](crate::Catalogue).

use super::session::{Session, added, held_one, index_of, load};
use crate::detect::merge::Change;
use crate::feed::undo::{UndoOutcome, UndoRequest};
use crate::model::{CategoryId, ContentId, ContentKind, FieldSet};
use crate::ports::Cache;
use crate::ports::catalogue::{Filter, ItemState, Selected, Selection, Sort};
use crate::ports::profiles::Profile;
use crate::ports::store::{ScopeCommit, StagedItem, StoreError};
use crate::search::{SearchFields, Words};
use crate::testing::{ItemBuilder, channel, movie, profile, series, staged};

const MOVIES: ContentKind = ContentKind::Movies;

/// Returns movies with all values by which lists filter and sort. The panel lists them in this order.
fn films() -> Vec<ItemBuilder> {
    let film = |id, name: &str, year: &str, rating: &str, added: &str, set: &[&str]| {
        let film = movie(id).name(name).with("year", year).with("added", added).in_categories(set);
        if rating.is_empty() { film } else { film.with("rating", rating) }
    };
    vec![
        film(30, "The Good, the Bad and the Ugly", "1966", "8.8", "1700000030", &["1"]).with("cast", "Clint Eastwood"),
        film(7, "Amélie", "2001", "8.3", "1700000007", &["1", "2"]).with("director", "Jean-Pierre Jeunet"),
        film(-4, "Spider-Man", "2002", "", "1700000040", &["2"]).with("genre", "Action"),
        film(12, "Good Bye, Lenin!", "2003", "7.7", "0", &["quo\"te"]).with("title", "Goodbye Lenin"),
        film(9, "東京物語", "", "8.2", "1700000009", &[]),
        film(5, "★", "2001", "0", "1700000005", &["1"]),
    ]
}

/// Loads these items as the first listing of their kind, which lists them in this order.
async fn listed<C: Cache>(cache: &C, items: Vec<ItemBuilder>) {
    let items: Vec<_> = items.into_iter().map(added).collect();
    let ids = items.iter().map(|staged| staged.item.id().0).collect::<Vec<_>>();
    let kind = items[0].item.kind();
    let edit = |_: &Session<'_>, commit| ScopeCommit { index: index_of(&ids), first_load: true, ..commit };
    applied(cache, kind, items, edit).await;
}

/// Applies these items in a run of their own.
async fn applied<C: Cache>(
    cache: &C,
    kind: ContentKind,
    items: Vec<StagedItem>,
    edit: impl FnOnce(&Session<'_>, ScopeCommit) -> ScopeCommit,
) {
    let session = Session::start(cache, "home").await;
    let commit = edit(&session, session.commit(kind));
    session.apply(items, commit).await.unwrap();
    session.end().await;
}

fn ids(selected: &Selected) -> Vec<i64> {
    selected.rows.iter().map(|row| row.id.0).collect()
}

async fn select<C: Cache>(cache: &C, selection: Selection) -> Vec<i64> {
    ids(&cache.select(&profile("home"), selection).await.unwrap())
}

fn of_movies(filter: Filter, sort: Sort) -> Selection {
    Selection::of_kind(MOVIES, 100).filtered(filter).sorted(sort)
}

async fn search<C: Cache>(cache: &C, words: &str) -> Vec<i64> {
    select(cache, Selection::of_words(Words::with_exclusions(words), 100)).await
}

/// "Items that are equal in it, or have no value, are ordered by kind and id. Items without a value come last."
pub async fn every_order_puts_items_without_a_value_last<C: Cache>(cache: &C) {
    listed(cache, films()).await;
    for (sort, expected) in [
        (Sort::Panel, [30, 7, -4, 12, 9, 5]),
        (Sort::Name, [7, 12, -4, 30, 9, 5]),
        (Sort::Added, [-4, 30, 9, 7, 5, 12]),
        (Sort::Year, [12, -4, 5, 7, 30, 9]),
        (Sort::Rating, [30, 7, 9, 12, 5, -4]),
        (Sort::Rank, [12, -4, 5, 7, 30, 9]),
    ] {
        assert_eq!(select(cache, of_movies(Filter::none(), sort)).await, expected, "{sort:?}");
    }
    let order = [5, 30, 9, 12, -4, 7];
    applied(cache, MOVIES, Vec::new(), |_, commit| ScopeCommit { index: index_of(&order), ..commit }).await;
    assert_eq!(select(cache, of_movies(Filter::none(), Sort::Panel)).await, order, "the panel has another order now");
}

/// "The conditions of a selection. An item has to meet all of them."
pub async fn every_condition_keeps_only_matching_items<C: Cache>(cache: &C) {
    listed(cache, films()).await;
    applied(cache, MOVIES, Vec::new(), |session, commit| {
        let held = [held_one(9, session.run), held_one(30, session.run)].to_vec();
        ScopeCommit { held: Some(held), ..commit }
    })
    .await;
    let within = |id: &str| Filter::none().in_category(MOVIES, CategoryId(id.to_owned()));
    for (filter, expected) in [
        (Filter::none(), &[30, 7, -4, 12, 9, 5][..]),
        (within("1"), &[30, 7, 5]),
        (within("2"), &[7, -4]),
        (within("2").in_category(MOVIES, CategoryId("quo\"te".to_owned())), &[7, -4, 12]),
        (within("te"), &[]),
        (Filter::none().in_category(ContentKind::Series, CategoryId("1".to_owned())), &[]),
        (Filter::none().of_years(2001, 2002), &[7, -4, 5]),
        (Filter::none().of_years(0, 1999), &[30]),
        (Filter::none().rated_at_least(8.2), &[30, 7, 9]),
        (Filter::none().rated_at_least(0.0), &[30, 7, 12, 9, 5]),
        (Filter::none().added_since(1_700_000_009), &[30, -4, 9]),
        (Filter::none().only_held(), &[30, 9]),
        (within("1").rated_at_least(1.0).only_held(), &[30]),
    ] {
        let told = format!("{filter:?}");
        assert_eq!(select(cache, of_movies(filter, Sort::Panel)).await, expected, "{told}");
    }
}

/// "Only items that have these words", of all kinds, the best first. A row has the values that a list shows.
pub async fn words_find_items_of_every_kind<C: Cache>(cache: &C) {
    listed(cache, films()).await;
    listed(cache, vec![series(7).name("Good Omens").with("year", "2019"), series(8).name("Omen, the Good")]).await;
    listed(cache, vec![channel(3).name("EN - GOOD TV")]).await;
    for (words, expected) in [
        ("good", &[7, 12, 30, 3, 8][..]),
        ("GOOD b", &[12, 30]),
        ("amelie", &[7]),
        ("spiderman", &[-4]),
        ("spider man", &[-4]),
        ("京物", &[9]),
        ("eastwood", &[30]),
        ("jeunet ame", &[7]),
        ("action", &[-4]),
        ("\"good the\"", &[30]),
        ("good -tv", &[7, 12, 30, 8]),
        ("nothing has this", &[]),
        ("★", &[]),
        ("", &[]),
    ] {
        assert_eq!(search(cache, words).await, expected, "{words}");
    }
    let found = cache.select(&profile("home"), Selection::of_words(Words::new("amélie"), 5)).await.unwrap();
    let row = &found.rows[0];
    assert_eq!((row.kind, row.name.as_str(), row.year, row.rating), (MOVIES, "Amélie", Some(2001), Some(8.3)));
    assert_eq!(row.category, Some(CategoryId("1".to_owned())));
    assert_eq!((row.categories.as_slice().len(), found.next), (2, None));
    let narrowed = Selection::of_words(Words::new("good"), 9).filtered(Filter::none().of_years(2000, 2010));
    assert_eq!(select(cache, narrowed).await, [12]);
    let mut by_name = Selection::of_words(Words::new("good"), 9).sorted(Sort::Name);
    by_name.kinds = vec![MOVIES];
    assert_eq!(select(cache, by_name).await, [12, 30]);
}

/// "The fields whose text is searched": also with another setting, and without search text.
pub async fn the_searched_fields_are_those_of_the_profile<C: Cache>(cache: &C) {
    listed(cache, films()).await;
    let save = async |search| cache.save_profile(&Profile { search, ..Profile::new(profile("home")) }).await.unwrap();
    let again = async || {
        let update = staged(films().remove(1).with("plot", "x"), Change::Updated(FieldSet::EMPTY));
        applied(cache, MOVIES, vec![update], |_, commit| commit).await;
    };
    for (fields, found) in [
        (SearchFields::Names, &[][..]),
        (SearchFields::Off, &[7]),
        (SearchFields::All, &[7]),
        (SearchFields::Off, &[7]),
    ] {
        save(fields).await;
        for moment in ["at once", "after an apply"] {
            assert_eq!(search(cache, "jeunet").await, found, "{fields:?} {moment}");
            assert_eq!(search(cache, "amelie").await, [7], "{fields:?} {moment}");
            assert_eq!(select(cache, of_movies(Filter::none(), Sort::Year)).await, [12, -4, 5, 7, 30, 9]);
            again().await;
        }
    }
}

/// "A page that begins after a cursor goes on where the item of the cursor was, even if the item is gone."
pub async fn pages_continue_after_their_cursor<C: Cache>(cache: &C) {
    listed(cache, films()).await;
    for sort in [Sort::Panel, Sort::Name, Sort::Added, Sort::Year, Sort::Rating, Sort::Rank] {
        let whole = select(cache, of_movies(Filter::none(), sort)).await;
        for limit in 1..=6 {
            let query = || Selection::of_kind(MOVIES, limit).sorted(sort);
            let (mut met, mut wanted) = (Vec::new(), query());
            loop {
                let page = cache.select(&profile("home"), wanted).await.unwrap();
                assert!(page.rows.len() <= limit as usize);
                met.extend(ids(&page));
                let Some(next) = page.next else { break };
                wanted = query().after(&next.to_string()).unwrap();
            }
            assert_eq!(met, whole, "{sort:?}, pages of {limit}");
        }
    }
    for sort in [Sort::Panel, Sort::Name, Sort::Added, Sort::Year, Sort::Rating] {
        let whole = select(cache, of_movies(Filter::none(), sort)).await;
        let query = |limit| Selection::of_kind(MOVIES, limit).sorted(sort);
        let first = cache.select(&profile("home"), query(2)).await.unwrap();
        // The last item of the page is removed, and another one comes before it. In the panel's order, the cursor then
        // has only a position, so the new item is put last there.
        let (gone, next) = (whole[1], first.next.unwrap());
        let listing: Vec<_> = films().iter().map(|film| film.clone().item().id().0).filter(|id| *id != gone).collect();
        let first_of_all =
            movie(1).name("Aaa").with("year", "2050").with("rating", "10").with("added", "1800000000").without("title");
        let is_last = sort == Sort::Panel;
        let listing = if is_last { [&listing[..], &[1]].concat() } else { [&[1][..], &listing].concat() };
        applied(cache, MOVIES, vec![added(first_of_all)], |_, commit| ScopeCommit {
            removals: vec![ContentId(gone)],
            index: index_of(&listing),
            ..commit
        })
        .await;
        let rest = cache.select(&profile("home"), query(100).behind(next)).await.unwrap();
        let behind = if is_last { [&whole[2..], &[1]].concat() } else { whole[2..].to_vec() };
        assert_eq!(ids(&rest), behind, "{sort:?}");
        let restored = films().into_iter().find(|film| film.clone().item().id().0 == gone).unwrap();
        let all: Vec<_> = films().iter().map(|film| film.clone().item().id().0).collect();
        applied(cache, MOVIES, vec![added(restored)], |_, commit| ScopeCommit {
            removals: vec![ContentId(1)],
            index: index_of(&all),
            ..commit
        })
        .await;
    }
    let query = Selection::of_kind(MOVIES, 1);
    let cursor = cache.select(&profile("home"), query.clone()).await.unwrap().next.unwrap().to_string();
    assert!(query.sorted(Sort::Name).after(&cursor).is_err(), "the cursor of another query is refused");
}

/// Searches follow the rows: after updates, removals, returns, undos, deletions and a clear.
pub async fn searches_follow_the_rows<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2, 3, 4]).await;
    assert_eq!(search(cache, "movie").await, [1, 2, 3, 4]);
    let mut names = FieldSet::EMPTY;
    names.add(MOVIES.field("name").unwrap());
    let commit = ScopeCommit { removals: vec![ContentId(3)], index: index_of(&[1, 2, 4, 5]), ..session.commit(MOVIES) };
    let update = staged(movie(2).name("Renamed"), Change::Updated(names));
    session.apply(vec![update, added(movie(5))], commit).await.unwrap();
    session.end().await;
    assert_eq!((search(cache, "movie").await, search(cache, "renamed").await), (vec![1, 4, 5], vec![2]));

    // The item moves to another category, gets another rating, and is put back.
    let home = profile("home");
    let session = Session::resume(cache, &home, 4000).await;
    let mut fields = FieldSet::EMPTY;
    for name in ["category_ids", "category_id", "rating"] {
        fields.add(MOVIES.field(name).unwrap());
    }
    let moved = movie(1).with("category_id", "9").in_categories(&["9"]).with("rating", "9.5");
    let commit = ScopeCommit { index: index_of(&[1, 2, 3, 4, 5]), ..session.commit(MOVIES) };
    let mut rating = FieldSet::EMPTY;
    rating.add(MOVIES.field("rating").unwrap());
    let refreshed = staged(movie(4).with("rating", "3"), Change::Refreshed(rating));
    session.apply(vec![staged(moved, Change::Updated(fields)), refreshed, added(movie(3))], commit).await.unwrap();
    session.end().await;
    let within = Filter::none().in_category(MOVIES, CategoryId("9".to_owned()));
    assert_eq!(select(cache, of_movies(within.clone(), Sort::Panel)).await, [1]);
    assert_eq!(select(cache, of_movies(Filter::none(), Sort::Rating)).await[..2], [1, 4]);
    assert_eq!(search(cache, "movie").await, [1, 3, 4, 5]);

    for expected in [vec![1, 4, 5], vec![1, 3, 4, 5]] {
        let lease = cache.lease(&home).await.unwrap();
        let request = UndoRequest { fence: Some(lease.fence), run: None, kinds: vec![MOVIES], at: 5000 };
        assert!(matches!(cache.undo(&home, request).await.unwrap(), UndoOutcome::Done(_)));
        assert_eq!(search(cache, "movie").await, expected);
        let is_back = expected.contains(&3);
        assert_eq!(select(cache, of_movies(within.clone(), Sort::Panel)).await, if is_back { &[1][..] } else { &[] });
    }

    let deleted = [1, 4, 77].map(ContentId).to_vec();
    assert_eq!(cache.delete_content_by_ids(&home, MOVIES, deleted).await.unwrap(), 2);
    assert_eq!(search(cache, "movie").await, [3, 5]);
    cache.clear(&home).await.unwrap();
    assert_eq!(search(cache, "movie").await, [0; 0]);
    listed(cache, vec![movie(8), movie(1).name("Renamed")]).await;
    assert_eq!((search(cache, "movie").await, search(cache, "renamed").await), (vec![8], vec![1]));
    assert!(cache.remove_profile(&home).await.unwrap());
    cache.ensure_profile(&home).await.unwrap();
    assert_eq!(search(cache, "movie").await, [0; 0]);
}

/// A selection has only the items of its profile.
pub async fn a_selection_has_items_of_one_profile<C: Cache>(cache: &C) {
    let home = load(cache, "home", &[1, 2]).await;
    let away = load(cache, "away", &[2, 3]).await;
    let of = async |id| {
        let found = cache.select(&profile(id), Selection::of_words(Words::new("movie"), 9)).await.unwrap();
        (ids(&found), ids(&cache.select(&profile(id), of_movies(Filter::none(), Sort::Panel)).await.unwrap()))
    };
    assert_eq!(of("home").await, (vec![1, 2], vec![1, 2]));
    assert_eq!(of("away").await, (vec![2, 3], vec![2, 3]));
    drop((home, away));
}

/// "Returns an item with everything that is known of it"; "a removed item is returned while it has a tombstone".
pub async fn an_item_has_a_row_or_a_tombstone_or_is_unknown<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2, 3]).await;
    let removal = held_one(2, session.run);
    let commit = ScopeCommit {
        applied_at: 3500,
        removals: vec![ContentId(3)],
        held: Some(vec![removal.clone()]),
        index: index_of(&[1, 2]),
        ..session.commit(MOVIES)
    };
    let update = staged(movie(1).name("Renamed"), Change::Updated(FieldSet::EMPTY));
    session.apply(vec![update], commit).await.unwrap();
    let home = profile("home");
    let item = async |id| cache.item(&home, MOVIES, ContentId(id), 10).await.unwrap();
    let one = item(1).await.unwrap();
    let ItemState::Present { item: row, created_at, updated_at, held } = one.state else { panic!("{one:?}") };
    assert_eq!((row.name(), created_at, updated_at, held), ("Renamed", 1500, 3500, None));
    assert_eq!(one.changes.len(), 1);
    let two = item(2).await.unwrap();
    assert!(matches!(two.state, ItemState::Present { held: Some(held), .. } if held == removal));
    let three = item(3).await.unwrap();
    assert!(matches!(&three.state, ItemState::Removed { name, removed_at: 3500 } if name == "Movie 3"), "{three:?}");
    assert_eq!(three.changes.len(), 1);
    assert_eq!(item(4).await, None);
    assert_eq!(cache.item(&home, ContentKind::Series, ContentId(1), 10).await.unwrap(), None);
}

/// "A profile that doesn't exist is `StoreError::UnknownProfile`."
pub async fn a_selection_of_an_unknown_profile_is_an_error<C: Cache>(cache: &C) {
    let nobody = profile("nobody");
    let told = [
        cache.select(&nobody, Selection::of_kind(MOVIES, 1)).await.err(),
        cache.item(&nobody, MOVIES, ContentId(1), 1).await.err(),
    ];
    assert!(told.iter().all(|error| matches!(error, Some(StoreError::UnknownProfile(_)))), "{told:?}");
}
