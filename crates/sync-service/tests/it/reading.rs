//! Lists, searches, items, categories and exports.

use std::sync::Arc;
use std::time::Duration;

use sync_core::catalogue::{AnsweredBy, ItemState, Sort};
use sync_core::search::InvalidCursor;
use sync_core::testing::{FixedClock, ItemBuilder, MemoryStore, ScriptedSource, category, movie, profile, series};
use sync_core::{Category, CategoryId, ContentId, ContentKind, Profile, ProfileId, Profiles};
use sync_service::{ItemFilter, ItemsPage, ListRequest, Moment, ReadError, SearchRequest, Service, options_of};
use tokio_util::sync::CancellationToken;

use crate::syncing::OneSource;

const MOVIES: ContentKind = ContentKind::Movies;
const DAY: i64 = 86_400;

/// Returns a source of four movies and a series. One movie is in a category that the panel doesn't list.
fn source() -> ScriptedSource {
    let kids = |id: &str| Category { id: CategoryId(id.to_owned()), name: "Kids".to_owned(), parent_id: None };
    let movies = [
        movie(4).name("Four").with("year", "1994").with("rating", "8.5").with("added", "1699990000"),
        movie(2).name("Two and four").with("year", "1999").in_categories(&["2"]).with("category_id", "2"),
        movie(3).name("Three").with("rating", "5").in_categories(&["1", "2"]),
        movie(1).name("One").with("year", "1994").in_categories(&["9"]).with("category_id", "9"),
    ];
    ScriptedSource::new()
        .categories(MOVIES, Ok(vec![category("1"), kids("2")]))
        .categories(ContentKind::Series, Ok(vec![kids("7"), kids("8")]))
        .lists(MOVIES, movies.map(ItemBuilder::listed))
        .lists(ContentKind::Series, [series(4).name("Four seasons").listed()])
}

struct Scene {
    service: Service,
    clock: FixedClock,
    home: ProfileId,
}

impl Scene {
    async fn new() -> Self {
        let (cache, clock) = (MemoryStore::new(), FixedClock::default());
        let service = Service::new(Arc::new(cache.clone()), Arc::new(clock.clone()));
        let home = Profile::new(profile("home"));
        cache.save_profile(&home).await.unwrap();
        let scene = Self { service, clock, home: home.id };
        scene.sync(source()).await;
        scene
    }

    async fn sync(&self, source: ScriptedSource) {
        let home = self.service.cache().profile(&self.home).await.unwrap().unwrap();
        let (sources, cancel) = (OneSource::new(source), CancellationToken::new());
        let report = self.service.sync(&home, &options_of(&home), &sources, Arc::new(()), &cancel).await.unwrap();
        assert_eq!(report.errors, []);
    }

    async fn list(&self, request: &ListRequest) -> ItemsPage {
        self.service.list(&self.home, request).await.unwrap()
    }

    async fn ids(&self, filter: ItemFilter, sort: Sort) -> Vec<i64> {
        ids(&self.list(&ListRequest::new(MOVIES).filtered(filter).sorted(sort)).await)
    }
}

fn ids(page: &ItemsPage) -> Vec<i64> {
    page.items.iter().map(|item| item.row.id.0).collect()
}

#[tokio::test]
async fn a_list_has_the_names_of_its_categories() {
    let scene = Scene::new().await;
    let page = scene.list(&ListRequest::new(MOVIES)).await;
    assert_eq!(ids(&page), [4, 2, 3, 1], "the panel's order");
    let names: Vec<_> = page.items.iter().map(|item| item.category_name.as_deref()).collect();
    assert_eq!(names, [Some("Category 1"), Some("Kids"), Some("Category 1"), None]);
    assert_eq!((page.next, page.answered_by), (None, AnsweredBy::RowsUntilSync));
    assert_eq!(page.items[0].row.year, Some(1994));
    assert_eq!(scene.ids(ItemFilter::none(), Sort::Name).await, [4, 1, 3, 2]);
    assert_eq!(scene.ids(ItemFilter::none(), Sort::Year).await, [2, 1, 4, 3]);
    assert_eq!(scene.ids(ItemFilter::none(), Sort::Rating).await, [4, 3, 1, 2]);
}

#[tokio::test]
async fn a_filter_names_categories_as_people_do() {
    let scene = Scene::new().await;
    let within = async |category: &str| scene.ids(ItemFilter::none().in_category(category), Sort::Panel).await;
    assert_eq!(within("2").await, [2, 3]);
    assert_eq!(within("Kids").await, [2, 3]);
    assert_eq!(within("category 1").await, [4, 3]);
    assert_eq!(within("9").await, [1], "the panel doesn't list it");
    let error = async |kind, category: &str| {
        let filter = ItemFilter::none().in_category(category);
        scene.service.list(&scene.home, &ListRequest::new(kind).filtered(filter)).await.unwrap_err()
    };
    let ReadError::UnknownCategory { similar } = error(MOVIES, "kid").await else { panic!("none has it") };
    assert_eq!(similar[0].name.as_deref(), Some("Kids"));
    let ReadError::AmbiguousCategory { found } = error(ContentKind::Series, "kids").await else { panic!("two") };
    assert_eq!(found.iter().map(|it| it.id.0.as_str()).collect::<Vec<_>>(), ["7", "8"]);
}

#[tokio::test]
async fn years_ratings_and_dates_narrow_a_list() {
    let scene = Scene::new().await;
    let none = ItemFilter::none;
    assert_eq!(scene.ids(none().of_years(1990, 1994), Sort::Panel).await, [4, 1]);
    assert_eq!(scene.ids(none().rated_at_least(6.0), Sort::Panel).await, [4]);
    assert_eq!(scene.ids(none().added_since(Moment::At(1_699_990_000)), Sort::Panel).await, [4]);
    assert_eq!(scene.ids(none().added_since(Moment::Ago(DAY)), Sort::Panel).await, [4]);
    assert_eq!(scene.ids(none().added_since(Moment::Ago(60)), Sort::Panel).await, [] as [i64; 0]);
    assert_eq!(scene.ids(none().only_held(), Sort::Panel).await, [] as [i64; 0]);
    assert_eq!(scene.ids(none().of_years(1994, 1994).in_category("1"), Sort::Panel).await, [4]);
}

#[tokio::test]
async fn pages_cover_every_item_once() {
    let scene = Scene::new().await;
    for sort in [Sort::Panel, Sort::Name, Sort::Added, Sort::Year, Sort::Rating] {
        for filter in [ItemFilter::none(), ItemFilter::none().added_since(Moment::Ago(10_000 * DAY))] {
            let mut request = ListRequest::new(MOVIES).filtered(filter).sorted(sort).limited(1);
            let mut found = Vec::new();
            loop {
                let page = scene.list(&request).await;
                found.extend(ids(&page));
                // Ages stay what they were on the first page.
                scene.clock.pass(Duration::from_secs(7));
                let Some(next) = page.next else { break };
                assert_eq!(next, page.items[0].cursor);
                request = request.after(next);
            }
            found.sort_unstable();
            assert_eq!(found, [1, 2, 3, 4], "{sort:?}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_query_is_refused() {
    let scene = Scene::new().await;
    let first = scene.list(&ListRequest::new(MOVIES).limited(1)).await.next.unwrap();
    let aged = ListRequest::new(MOVIES).filtered(ItemFilter::none().added_since(Moment::Ago(9 * DAY)));
    let aged_first = scene.list(&aged.clone().limited(1)).await.items[0].cursor.clone();
    for (request, why) in [
        (ListRequest::new(MOVIES).sorted(Sort::Name).after(&first), InvalidCursor::OtherQuery),
        (ListRequest::new(ContentKind::Series).after(&first), InvalidCursor::OtherQuery),
        (ListRequest::new(MOVIES).after(&aged_first), InvalidCursor::OtherQuery),
        (aged.after(&first), InvalidCursor::OtherQuery),
        (ListRequest::new(MOVIES).after("nonsense!"), InvalidCursor::Malformed),
    ] {
        let error = scene.service.list(&scene.home, &request).await.unwrap_err();
        assert!(matches!(error, ReadError::Cursor(found) if found == why), "{request:?}: {error:?}");
    }
    let second = scene.list(&ListRequest::new(MOVIES).after(&first)).await;
    assert_eq!(ids(&second), [2, 3, 1]);
}

#[tokio::test]
async fn a_search_is_over_all_kinds_or_some() {
    let scene = Scene::new().await;
    let search = async |request: SearchRequest| {
        let page = scene.service.search(&scene.home, &request).await.unwrap();
        page.items.iter().map(|item| (item.row.kind.as_str(), item.row.id.0)).collect::<Vec<_>>()
    };
    let four = SearchRequest::new("FOUR");
    assert_eq!(search(four.clone()).await, [("movies", 4), ("series", 4), ("movies", 2)]);
    assert_eq!(search(four.clone().of_kinds(&[ContentKind::Series])).await, [("series", 4)]);
    let excluding = SearchRequest::new("four -two -seasons");
    assert_eq!(search(excluding.clone()).await, [], "every word is wanted");
    assert_eq!(search(excluding.with_exclusions()).await, [("movies", 4)]);
    let kids = ItemFilter::none().in_category("2");
    assert_eq!(search(four.clone().filtered(kids)).await, [("movies", 2)]);
    let first = scene.service.search(&scene.home, &four.clone().limited(1)).await.unwrap().next.unwrap();
    assert_eq!(search(four.clone().after(&first)).await, [("series", 4), ("movies", 2)]);
    for nothing in ["", "\"", "***", "\u{0}", &"x".repeat(10_000)] {
        assert_eq!(search(SearchRequest::new(nothing)).await, []);
    }
}

#[tokio::test]
async fn an_item_is_shown_with_all_known_facts() {
    let scene = Scene::new().await;
    let show = async |id| scene.service.show(&scene.home, MOVIES, ContentId(id)).await.unwrap();
    let shown = show(3).await.unwrap();
    let names: Vec<_> = shown.categories.iter().map(|it| (it.id.0.as_str(), it.name.as_deref())).collect();
    assert_eq!(names, [("1", Some("Category 1")), ("2", Some("Kids"))]);
    assert!(matches!(&shown.state, ItemState::Present { item, held: None, .. } if item.name() == "Three"));
    assert!(show(77).await.is_none());
    let movies = [movie(4).name("4"), movie(2).name("Two and four"), movie(1).name("One")];
    scene.sync(ScriptedSource::new().lists(MOVIES, movies.map(ItemBuilder::listed))).await;
    let gone = show(3).await.unwrap();
    assert!(matches!(&gone.state, ItemState::Removed { name, .. } if name == "Three"));
    assert_eq!(gone.changes.iter().map(|change| change.change.as_str()).collect::<Vec<_>>(), ["removed"]);
    assert_eq!(gone.epoch, scene.service.cache().feed(&scene.home).await.unwrap().epoch);
    assert!(gone.categories.is_empty());
}

#[tokio::test]
async fn an_export_has_every_row_once_by_kind_and_id() {
    let scene = Scene::new().await;
    let read = async |kinds: &[ContentKind]| {
        let (mut reader, mut rows) = (scene.service.export(&scene.home, kinds), Vec::new());
        while let Some(page) = reader.next_page().await.unwrap() {
            rows.extend(page.into_iter().map(|row| (row.item.kind().as_str(), row.item.id().0, row.categories.len())));
        }
        rows
    };
    let movies = [("movies", 1, 1), ("movies", 2, 1), ("movies", 3, 2), ("movies", 4, 1)];
    assert_eq!(read(&[MOVIES]).await, movies);
    assert_eq!(read(&ContentKind::ALL).await, [&movies[..], &[("series", 4, 1)]].concat());
    let movies: Vec<_> = (1..=1201).map(|id| movie(id).listed()).collect();
    scene.sync(ScriptedSource::new().lists(MOVIES, movies)).await;
    let ids: Vec<_> = read(&[MOVIES]).await.into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids, (1..=1201).collect::<Vec<_>>());
    let nobody = scene.service.export(&profile("nobody"), &[MOVIES]).next_page().await;
    assert!(nobody.is_err());
}

#[tokio::test]
async fn categories_have_the_number_of_their_items() {
    let scene = Scene::new().await;
    let found = scene.service.categories(&scene.home, MOVIES).await.unwrap();
    let found: Vec<_> = found.iter().map(|it| (it.id.0.as_str(), it.name.as_deref(), it.items)).collect();
    assert_eq!(found, [("1", Some("Category 1"), 2), ("2", Some("Kids"), 2), ("9", None, 1)]);
}
