//! Cases of lists with edits, filters and rewrite rules.

use super::overlay::{MOVIES, applied, edit, fields, flag, listed, named, names, renamed, text};
use super::session::added;
use crate::detect::merge::Change;
use crate::model::{Category, CategoryId, ContentId};
use crate::overlay::{
    EditField, EditOp, EditValue, FilterAction, FilterBy, FilterRule, InvalidRule, MatchBy, NewCategories, RewriteRule,
    RuleChange,
};
use crate::ports::Cache;
use crate::ports::catalogue::{Filter, ItemState, PageRequest, Selection, View};
use crate::ports::overlay::OverlayError;
use crate::ports::store::{ScopeCommit, StagedItem};
use crate::search::Words;
use crate::testing::{category, movie, profile, staged};

/// Lists, pages and items are shown with the edits, unless the view asks for the panel's values.
pub async fn lists_show_what_the_user_wants<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("One"), movie(2).name("Two"), movie(3).name("Three"), movie(4).name("Four")])
        .await;
    edit(cache, &[1], vec![EditOp::Set(EditField::Name, text("Alpha")), flag(EditField::Favourite)]).await;
    edit(cache, &[2], vec![flag(EditField::Hidden), EditOp::AddTag("kids".to_owned())]).await;
    edit(
        cache,
        &[3],
        vec![EditOp::Set(EditField::Category, EditValue::list(["2"]).unwrap()), EditOp::AddTag("kids".to_owned())],
    )
    .await;
    assert_eq!(names(cache, |all| all).await, ["Alpha", "Four", "Three"]);
    assert_eq!(
        names(cache, |all| all.seen(View { hidden: true, ..View::SHOWN })).await,
        ["Alpha", "Four", "Three", "Two"]
    );
    assert_eq!(names(cache, |all| all.seen(View { panel: true, ..View::SHOWN })).await, ["Four", "One", "Three"]);
    assert_eq!(names(cache, |all| all.seen(View::ROWS)).await, ["Four", "One", "Three", "Two"]);
    let with = |filter| names(cache, |all| all.filtered(filter));
    assert_eq!(with(Filter::none().only_favourites()).await, ["Alpha"]);
    assert_eq!(with(Filter::none().tagged("kids")).await, ["Three"]);
    assert_eq!(with(Filter::none().in_category(MOVIES, CategoryId("2".to_owned()))).await, ["Three"]);
    assert_eq!(with(Filter::none().in_category(MOVIES, CategoryId("1".to_owned()))).await, ["Alpha", "Four"]);
    let home = profile("home");
    // In the panel's order: the first two items, and all items.
    for limit in [2, 50] {
        let page = cache.select(&home, Selection::of_kind(MOVIES, limit)).await.unwrap();
        let shown: Vec<_> = page.rows.iter().map(|row| (row.id.0, row.favourite, row.hidden)).collect();
        assert_eq!(shown, [(1, true, false), (3, false, false), (4, false, false)][..shown.len()]);
        assert_eq!(shown.len(), usize::min(limit as usize, 3));
    }
    let page = cache.page(&home, MOVIES, PageRequest::first(9)).await.unwrap();
    let shown: Vec<_> = page.items.iter().map(|item| (item.id().0, item.name(), item.category_id())).collect();
    assert_eq!(shown, [(1, "Alpha", Some("1")), (3, "Three", Some("2")), (4, "Four", Some("1"))]);
    let page = cache.page(&home, MOVIES, PageRequest::first(9).within(CategoryId("2".to_owned()))).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let page = cache.page(&home, MOVIES, PageRequest::first(9).seen(View::ROWS)).await.unwrap();
    assert_eq!(page.items.iter().map(crate::model::Item::name).collect::<Vec<_>>(), ["One", "Two", "Three", "Four"]);
    let known = cache.item(&home, MOVIES, ContentId(2), 0).await.unwrap().unwrap();
    assert!(known.shown.hidden && known.shown.tags == ["kids"] && known.edited.is_some());
    let ItemState::Present { item, .. } = known.state else { panic!("it is there") };
    assert_eq!(item.name(), "Two", "the row is the panel's");
}

/// A search finds edited and rewritten names.
pub async fn a_search_finds_the_users_names<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("FR| Heat"), movie(2).name("FR| Ronin"), movie(3).name("Thief")]).await;
    let find = async |words: &str| {
        let selected = cache.select(&profile("home"), Selection::of_words(Words::new(words), 9)).await.unwrap();
        selected.rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    edit(cache, &[3], named("Violent Streets")).await;
    assert_eq!(find("violent").await, ["Violent Streets"]);
    assert!(find("thief").await.is_empty());
    let rule = RewriteRule { pattern: r"^FR\| ".to_owned(), replacement: String::new() };
    let change = vec![RuleChange::AddRewrite(rule, None)];
    cache.change_rules(&profile("home"), MOVIES, change).await.unwrap();
    assert_eq!((find("heat").await, find("fr").await.len()), (vec!["Heat".to_owned()], 0));
    assert_eq!(names(cache, |all| all).await, ["Heat", "Ronin", "Violent Streets"]);
    let update = staged(movie(2).name("FR| Ronin 2"), Change::Updated(fields(&["name"])));
    applied(cache, vec![update, added(movie(4).name("FR| Collateral"))], &[1, 2, 3, 4], |commit| commit).await;
    assert_eq!(
        (find("ronin 2").await, find("collateral").await),
        (vec!["Ronin 2".to_owned()], vec!["Collateral".to_owned()])
    );
    cache.change_rules(&profile("home"), MOVIES, vec![RuleChange::RemoveRewrite(1)]).await.unwrap();
    edit(cache, &[3], vec![EditOp::Clear(EditField::Name)]).await;
    assert_eq!(find("fr").await.len(), 3);
    assert_eq!(find("thief").await, ["Thief"]);
}

pub(super) fn exclude(by: FilterBy, matches: MatchBy, pattern: &str) -> RuleChange {
    let rule = FilterRule { action: FilterAction::Exclude, by, matches, pattern: pattern.to_owned() };
    RuleChange::AddFilter(rule, None)
}

/// A filter changes lists and pages, but neither rows nor counts.
pub async fn a_filter_leaves_items_out_and_keeps_rows<C: Cache>(cache: &C) {
    let films = vec![
        movie(1).name("Heat").in_categories(&["1"]),
        movie(2).name("XXX Heat").in_categories(&["1", "2"]),
        movie(3).name("Ronin").in_categories(&["2"]),
    ];
    listed(cache, films).await;
    let home = profile("home");
    let rules = cache.change_rules(&home, MOVIES, vec![exclude(FilterBy::Name, MatchBy::Glob, "xxx*")]).await.unwrap();
    assert_eq!(cache.rules(&home).await.unwrap(), rules);
    assert_eq!(rules.filters[MOVIES].known_categories.as_ref().unwrap().len(), 2);
    assert_eq!(names(cache, |all| all).await, ["Heat", "Ronin"]);
    assert_eq!(
        names(cache, |all| all.seen(View { excluded: true, ..View::SHOWN })).await,
        ["Heat", "Ronin", "XXX Heat"]
    );
    assert_eq!(cache.page(&home, MOVIES, PageRequest::first(9)).await.unwrap().items.len(), 2);
    assert_eq!(cache.get_content_ids(&home, MOVIES).await.unwrap().len(), 3);
    assert_eq!(cache.sized_categories(&home, MOVIES).await.unwrap()[0].items, 2, "counts are of rows");
    assert!(cache.item(&home, MOVIES, ContentId(2), 0).await.unwrap().unwrap().shown.excluded);
    // New and changed rows are judged when they are written. A category that was renamed is matched by its new name.
    applied(cache, vec![added(movie(4).name("XXX Four"))], &[1, 2, 3, 4], |commit| commit).await;
    assert_eq!(names(cache, |all| all).await, ["Heat", "Ronin"]);
    renamed(cache, 4, "Four", &[1, 2, 3, 4]).await;
    assert_eq!(names(cache, |all| all).await, ["Four", "Heat", "Ronin"]);
    cache
        .change_rules(
            &home,
            MOVIES,
            vec![RuleChange::RemoveFilter(1), exclude(FilterBy::Category, MatchBy::Name, "Adults")],
        )
        .await
        .unwrap();
    assert_eq!(names(cache, |all| all).await.len(), 4);
    let adults = Category { name: "ADULTS".to_owned(), ..category("2") };
    applied(cache, vec![], &[1, 2, 3, 4], |commit| ScopeCommit {
        categories: Some(vec![category("1"), adults]),
        ..commit
    })
    .await;
    assert_eq!(names(cache, |all| all).await, ["Four", "Heat"]);
    // An unusable change changes nothing.
    let wrong = vec![RuleChange::RemoveFilter(1), RuleChange::RemoveFilter(1)];
    let failed = cache.change_rules(&home, MOVIES, wrong).await;
    assert!(matches!(failed, Err(OverlayError::Rule(InvalidRule::NoRule(1)))));
    assert_eq!(names(cache, |all| all).await, ["Four", "Heat"]);
    cache.clear(&home).await.unwrap();
    assert_eq!(cache.rules(&home).await.unwrap().filters[MOVIES].rules.len(), 1, "rules survive a clear");
}

/// A category that is new to a filter is reported once, if the filter asks for it.
pub async fn new_categories_are_reported_once<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).in_categories(&["1"])]).await;
    let home = profile("home");
    let changes =
        vec![exclude(FilterBy::Name, MatchBy::Name, "x"), RuleChange::NewCategories(NewCategories::IncludeAndTell)];
    cache.change_rules(&home, MOVIES, changes).await.unwrap();
    let sync = async |ids: &[&str], items: Vec<StagedItem>, rows: &[i64]| {
        let categories = Some(ids.iter().map(|id| category(id)).collect());
        let told = applied(cache, items, rows, |commit| ScopeCommit { categories, ..commit }).await;
        told.new_categories.into_iter().map(|it| it.id.0).collect::<Vec<_>>()
    };
    assert_eq!(sync(&["1", "2", "9"], vec![], &[1]).await, ["9"]);
    assert!(sync(&["1", "2", "9"], vec![], &[1]).await.is_empty());
    assert!(sync(&["1", "2"], vec![], &[1]).await.is_empty());
    assert!(sync(&["1", "2", "9"], vec![], &[1]).await.is_empty(), "it came back");
    cache.change_rules(&home, MOVIES, vec![RuleChange::NewCategories(NewCategories::Exclude)]).await.unwrap();
    let items = vec![
        added(movie(2).name("New").in_categories(&["9"])),
        added(movie(3).name("Both").in_categories(&["1", "9"])),
    ];
    assert!(sync(&["1", "2", "9"], items, &[1, 2, 3]).await.is_empty());
    assert!(!names(cache, |all| all).await.contains(&"New".to_owned()));
    assert!(names(cache, |all| all).await.contains(&"Both".to_owned()));
}

/// A filter that is made before the first list counts the categories of that list as known.
pub async fn a_filter_before_the_first_list_knows_its_categories<C: Cache>(cache: &C) {
    let home = profile("home");
    cache.ensure_profile(&home).await.unwrap();
    let changes = vec![exclude(FilterBy::Name, MatchBy::Name, "x"), RuleChange::NewCategories(NewCategories::Exclude)];
    let rules = cache.change_rules(&home, MOVIES, changes).await.unwrap();
    assert_eq!(rules.filters[MOVIES].known_categories, None);
    listed(cache, vec![movie(1).name("Heat").in_categories(&["1"])]).await;
    let known = cache.rules(&home).await.unwrap().filters[MOVIES].known_categories.clone();
    assert_eq!(known.unwrap().len(), 2);
    assert_eq!(names(cache, |all| all).await, ["Heat"]);
}
