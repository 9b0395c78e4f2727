//! Edits by ids and by conditions, rules that are tried, and the overlay as a file.

use std::sync::Arc;
use std::time::Duration;

use sync_core::catalogue::View;
use sync_core::overlay::{
    EditField, EditOp, EditOutcome, EditValue, FilterAction, FilterBy, FilterRule, MatchBy, NewCategories, RewriteRule,
    RuleChange,
};
use sync_core::testing::{FixedClock, ItemBuilder, MemoryStore, ScriptedSource, category, movie, profile};
use sync_core::{
    Category, CategoryId, ChangedItem, ContentId, ContentKind, EditQuery, OverlayError, Profile, ProfileId, Profiles,
    SyncReport,
};
use sync_service::{
    ChangesRequest, EditError, EditItems, ImportProblem, ItemChange, ItemFilter, ListRequest, Login, OverlayFileReader,
    ReadError, RulesImport, Service, Since, WhichItems, idle_rules, options_of,
};
use tokio_util::sync::CancellationToken;

use crate::syncing::OneSource;

const MOVIES: ContentKind = ContentKind::Movies;

/// Movies of two categories, with these names in place of the usual ones.
fn source(names: &[(i64, &str)]) -> ScriptedSource {
    let kids = Category { id: CategoryId("2".to_owned()), name: "Kids, young".to_owned(), parent_id: None };
    let usual = [(1, "FR: One"), (2, "Two"), (3, "FR: Three"), (4, "Four")];
    let name = |id: i64| names.iter().chain(&usual).find(|(of, _)| *of == id).unwrap().1;
    let movies = [1, 2, 3, 4].map(|id| {
        let of = if id > 2 { "2" } else { "1" };
        movie(id).name(name(id)).in_categories(&[of]).with("category_id", of)
    });
    ScriptedSource::new()
        .categories(MOVIES, Ok(vec![category("1"), kids]))
        .lists(MOVIES, movies.map(ItemBuilder::listed))
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
        scene.sync(source(&[])).await;
        scene
    }

    async fn sync(&self, source: ScriptedSource) -> SyncReport {
        let home = self.service.cache().profile(&self.home).await.unwrap().unwrap();
        let (sources, cancel) = (OneSource::new(source), CancellationToken::new());
        let report = self.service.sync(&home, &options_of(&home), &sources, Arc::new(()), &cancel).await.unwrap();
        assert_eq!(report.errors, []);
        report
    }

    async fn edit(&self, which: WhichItems, changes: &[ItemChange]) -> Result<Vec<ChangedItem>, EditError> {
        self.service.edit_items(&self.home, &EditItems::new(MOVIES, which, changes.to_vec())).await
    }

    async fn type_in(&self, id: i64, field: EditField, text: &str) -> Result<Vec<ChangedItem>, EditError> {
        self.edit(ids(&[id]), &[ItemChange::Typed(field, text.to_owned())]).await
    }

    async fn change_rules(&self, change: RuleChange) {
        self.service.cache().change_rules(&self.home, MOVIES, vec![change]).await.unwrap();
    }

    async fn names(&self, filter: ItemFilter, view: View) -> Vec<String> {
        let request = ListRequest::new(MOVIES).filtered(filter).seen(view);
        let page = self.service.list(&self.home, &request).await.unwrap();
        page.items.into_iter().map(|item| item.row.name).collect()
    }

    async fn shown(&self) -> Vec<String> {
        self.names(ItemFilter::none(), View::SHOWN).await
    }

    /// Returns the value that a user has given a field of a movie.
    async fn local(&self, id: i64, field: EditField) -> Option<EditValue> {
        let query = EditQuery::of_items(MOVIES, vec![ContentId(id)]);
        let edited = self.service.cache().edited(&self.home, query).await.unwrap();
        edited.first().and_then(|edited| edited.local(field).cloned())
    }
}

fn ids(ids: &[i64]) -> WhichItems {
    WhichItems::Ids(ids.iter().copied().map(ContentId).collect())
}

fn changed(items: Vec<ChangedItem>) -> Vec<(i64, Vec<EditField>)> {
    items.into_iter().map(|item| (item.id.0, item.changed)).collect()
}

fn hide() -> [ItemChange; 1] {
    [ItemChange::Op(EditOp::Set(EditField::Hidden, EditValue::Flag(true)))]
}

fn rule(action: FilterAction, by: FilterBy, matches: MatchBy, pattern: &str) -> FilterRule {
    FilterRule { action, by, matches, pattern: pattern.to_owned() }
}

fn no_french() -> FilterRule {
    rule(FilterAction::Exclude, FilterBy::Name, MatchBy::Glob, "fr: *")
}

fn without_prefix() -> RewriteRule {
    RewriteRule { pattern: "^FR: (.*)$".to_owned(), replacement: "$1 (fr)".to_owned() }
}

#[tokio::test]
async fn items_are_edited_by_id_each_once_and_all_or_none() {
    let scene = Scene::new().await;
    let name = [ItemChange::Typed(EditField::Name, " Mine ".to_owned())];
    let edited = changed(scene.edit(ids(&[2, 1, 2]), &name).await.unwrap());
    assert_eq!(edited, [(2, vec![EditField::Name]), (1, vec![EditField::Name])]);
    assert_eq!(scene.shown().await, ["Mine", "Mine", "FR: Three", "Four"]);
    let again = changed(scene.edit(ids(&[2, 1]), &name).await.unwrap());
    assert_eq!(again, [(2, vec![]), (1, vec![])], "nothing has changed");
    let unknown = scene.edit(ids(&[3, 99, 98]), &name).await;
    let Err(EditError::Overlay(OverlayError::UnknownItems(ids))) = unknown else { panic!("two are not there") };
    assert_eq!(ids, [ContentId(99), ContentId(98)]);
    assert_eq!(scene.local(3, EditField::Name).await, None);
    let ended = scene.type_in(2, EditField::Name, " ").await.unwrap();
    assert_eq!(changed(ended), [(2, vec![EditField::Name])]);
    assert_eq!(scene.shown().await[1], "Two");
    let wrong = scene.type_in(2, EditField::Number, "many").await;
    assert!(matches!(wrong, Err(EditError::Overlay(OverlayError::Invalid(_)))));
}

#[tokio::test]
async fn a_category_is_named_and_kept_by_its_id() {
    let scene = Scene::new().await;
    for (typed, kept) in
        [("2", vec!["2"]), (" kids, YOUNG", vec!["2"]), ("category 1", vec!["1"]), ("2,Category 1", vec!["1", "2"])]
    {
        scene.type_in(4, EditField::Category, typed).await.unwrap();
        // Category 2 is the panel's own category, so there is no edit.
        let expected = (kept != ["2"]).then(|| EditValue::list(kept).unwrap());
        assert_eq!(scene.local(4, EditField::Category).await, expected, "{typed}");
    }
    let unknown = scene.type_in(4, EditField::Category, "Category 1,Katz").await;
    assert!(matches!(unknown, Err(EditError::Read(ReadError::UnknownCategory { .. }))));
    scene.type_in(4, EditField::Category, "").await.unwrap();
    assert_eq!(scene.local(4, EditField::Category).await, None);
}

#[tokio::test]
async fn items_are_chosen_by_the_conditions_of_a_list() {
    let scene = Scene::new().await;
    let select = |filter: ItemFilter| WhichItems::Selected(filter, View::SHOWN);
    let kids = || select(ItemFilter::none().in_category("Kids, young"));
    assert_eq!(changed(scene.edit(kids(), &hide()).await.unwrap()).len(), 2);
    assert_eq!(scene.shown().await, ["FR: One", "Two"]);
    assert_eq!(scene.edit(kids(), &hide()).await.unwrap(), [], "a list shows none of them any more");
    let unhide = [ItemChange::Op(EditOp::Clear(EditField::Hidden))];
    assert_eq!(changed(scene.edit(kids(), &unhide).await.unwrap()).len(), 2, "hidden items are found, to be shown");
    scene.type_in(1, EditField::Favourite, "yes").await.unwrap();
    scene.edit(ids(&[1, 2]), &[ItemChange::Op(EditOp::AddTag("x".to_owned()))]).await.unwrap();
    assert_eq!(scene.names(ItemFilter::none().only_favourites(), View::SHOWN).await, ["FR: One"]);
    assert_eq!(scene.names(ItemFilter::none().tagged("x"), View::SHOWN).await, ["FR: One", "Two"]);
    let tagged = select(ItemFilter::none().tagged("x").only_favourites());
    let end = [ItemChange::Op(EditOp::ClearAll)];
    assert_eq!(changed(scene.edit(tagged, &end).await.unwrap()), [(1, vec![EditField::Favourite, EditField::Tags])]);
    scene.change_rules(RuleChange::AddFilter(no_french(), None)).await;
    let all = |excluded| WhichItems::Selected(ItemFilter::none(), View { excluded, ..View::SHOWN });
    assert_eq!(scene.edit(all(false), &hide()).await.unwrap().len(), 2);
    assert_eq!(scene.edit(all(true), &unhide).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_filter_rule_is_tried_and_counted() {
    let scene = Scene::new().await;
    let try_it = async |rule, before| scene.service.try_filter(&scene.home, MOVIES, rule, before).await;
    let trial = try_it(no_french(), None).await.unwrap();
    assert_eq!((trial.shown, trial.hidden, trial.would_show, trial.would_hide), (4, 0, 0, 2));
    let names: Vec<_> = trial.examples.iter().map(|item| (item.id.0, item.name.as_str(), item.would_show)).collect();
    assert_eq!(names, [(1, "FR: One", false), (3, "FR: Three", false)]);
    assert_eq!(scene.shown().await.len(), 4, "nothing was saved");
    scene.change_rules(RuleChange::AddFilter(no_french(), None)).await;
    assert_eq!(scene.shown().await, ["Two", "Four"]);
    scene.edit(ids(&[1]), &hide()).await.unwrap();
    let kids = || rule(FilterAction::Include, FilterBy::Category, MatchBy::Regex, "^Kids");
    assert_eq!(try_it(kids(), None).await.unwrap().would_show, 0, "the rule before it decides");
    let trial = try_it(kids(), Some(1)).await.unwrap();
    assert_eq!((trial.shown, trial.hidden, trial.would_show, trial.would_hide), (2, 2, 1, 0));
    let all = rule(FilterAction::Include, FilterBy::Category, MatchBy::Glob, "*");
    assert_eq!(try_it(all, Some(1)).await.unwrap().would_show, 1, "a hidden item stays hidden");
    assert!(matches!(try_it(kids(), Some(7)).await, Err(OverlayError::Rule(_))));
    let wrong = rule(FilterAction::Exclude, FilterBy::Name, MatchBy::Regex, "(");
    assert!(matches!(try_it(wrong, None).await, Err(OverlayError::Rule(_))));
    scene.change_rules(RuleChange::AddFilter(kids(), Some(1))).await;
    let counted = scene.service.filter_rules(&scene.home, MOVIES).await.unwrap();
    let counts: Vec<_> = counted.iter().map(|rule| (rule.position, rule.rule.pattern.as_str(), rule.matches)).collect();
    assert_eq!(counts, [(1, "^Kids", 2), (2, "fr: *", 2)]);
    assert_eq!(scene.service.filter_rules(&scene.home, ContentKind::Series).await.unwrap(), []);
}

#[tokio::test]
async fn items_that_a_filter_leaves_out_are_counted_and_unused_rules_named() {
    let scene = Scene::new().await;
    let counts = async || {
        let counts = scene.service.left_out(&scene.home, MOVIES).await.unwrap();
        let all = scene.service.leaves_out_all(&scene.home, MOVIES).await.unwrap();
        (counts.left_out, counts.items, all)
    };
    assert_eq!(counts().await, (0, 4, false));
    scene.change_rules(RuleChange::AddFilter(no_french(), None)).await;
    scene.edit(ids(&[2]), &hide()).await.unwrap();
    assert_eq!(counts().await, (2, 4, false), "a hidden item is not left out by the filter");
    scene.change_rules(RuleChange::Otherwise(FilterAction::Exclude)).await;
    assert_eq!(counts().await, (4, 4, true));
    assert!(!scene.service.leaves_out_all(&scene.home, ContentKind::Series).await.unwrap(), "there are none");
    scene
        .change_rules(RuleChange::AddFilter(rule(FilterAction::Include, FilterBy::Category, MatchBy::Id, "2"), None))
        .await;
    scene
        .change_rules(RuleChange::AddFilter(rule(FilterAction::Include, FilterBy::Category, MatchBy::Id, "7"), None))
        .await;
    let filter = scene.service.cache().rules(&scene.home).await.unwrap().filters[MOVIES].clone();
    let idle = idle_rules(&filter, &[category("1"), category("2")]).unwrap();
    assert_eq!(idle.iter().map(|rule| rule.position).collect::<Vec<_>>(), [3], "the category is gone");
}

/// If several new items have the name of a missing item, its edits are offered to none of them, and can be listed.
#[tokio::test]
async fn edits_without_an_item_are_listed() {
    let scene = Scene::new().await;
    scene.type_in(2, EditField::Note, "mine").await.unwrap();
    scene.type_in(4, EditField::Note, "mine").await.unwrap();
    assert_eq!(scene.service.waiting_edits(&scene.home, None).await.unwrap(), []);
    let movies = [(1, "FR: One"), (3, "FR: Three"), (21, "Two"), (22, "Two")];
    let movies = movies.map(|(id, name)| movie(id).name(name).in_categories(&["1"]).with("category_id", "1").listed());
    scene.sync(ScriptedSource::new().categories(MOVIES, Ok(vec![category("1")])).lists(MOVIES, movies)).await;
    let ids = vec![ContentId(2), ContentId(4)];
    scene.service.cache().delete_content_by_ids(&scene.home, MOVIES, ids).await.unwrap();
    let waiting = scene.service.waiting_edits(&scene.home, Some(MOVIES)).await.unwrap();
    let waiting: Vec<_> = waiting.iter().map(|it| (it.id.0, it.name.as_str(), it.edits, it.candidates)).collect();
    assert_eq!(waiting, [(2, "Two", 1, 2), (4, "Four", 1, 0)]);
    assert_eq!(scene.service.waiting_edits(&scene.home, Some(ContentKind::Series)).await.unwrap(), []);
}

/// If an id has conflicts in several kinds, an answer has to name the kind.
#[tokio::test]
async fn an_answer_has_to_name_the_kind_if_several_have_the_id() {
    let scene = Scene::new().await;
    let series = |name: &str| {
        let one = sync_core::testing::series(2).name(name).listed();
        source(&[(2, if name == "Old" { "Two" } else { name })])
            .categories(ContentKind::Series, Ok(vec![category("1")]))
            .lists(ContentKind::Series, [one])
    };
    scene.sync(series("Old")).await;
    scene.type_in(2, EditField::Name, "Mine").await.unwrap();
    let changes = vec![ItemChange::Typed(EditField::Name, "Mine".to_owned())];
    let edit = EditItems::new(ContentKind::Series, ids(&[2]), changes);
    scene.service.edit_items(&scene.home, &edit).await.unwrap();
    scene.sync(series("New")).await;
    let answer =
        async |kind, id: i64| scene.service.answer_conflicts(&scene.home, kind, Some(vec![ContentId(id)]), true).await;
    let expected = "item 2 has a conflict among the movies and among the series";
    assert_eq!(answer(None, 2).await.unwrap_err().to_string(), expected);
    assert_eq!(answer(Some(MOVIES), 2).await.unwrap().len(), 1);
    assert_eq!(answer(None, 2).await.unwrap().len(), 1, "one kind is left");
}

#[tokio::test]
async fn a_rewrite_rule_is_tried_and_counted() {
    let scene = Scene::new().await;
    let try_it = async |rule| {
        let rewritten = scene.service.try_rewrite(&scene.home, MOVIES, rule).await.unwrap();
        rewritten.into_iter().map(|it| (it.id.0, it.before, it.after)).collect::<Vec<_>>()
    };
    let is = |id: i64, before: &str, after: &str| (id, before.to_owned(), after.to_owned());
    assert_eq!(try_it(None).await, []);
    let expected = [is(1, "FR: One", "One (fr)"), is(3, "FR: Three", "Three (fr)")];
    assert_eq!(try_it(Some((without_prefix(), None))).await, expected);
    assert_eq!(scene.shown().await[0], "FR: One", "nothing was saved");
    scene.change_rules(RuleChange::AddRewrite(without_prefix(), None)).await;
    assert_eq!(try_it(None).await, expected);
    assert_eq!(scene.shown().await, ["One (fr)", "Two", "Three (fr)", "Four"]);
    let e = RewriteRule { pattern: "One".to_owned(), replacement: "1".to_owned() };
    assert_eq!(try_it(Some((e.clone(), None))).await, [is(1, "One (fr)", "1 (fr)")]);
    let wrong = RewriteRule { pattern: "[".to_owned(), ..e };
    let refused = scene.service.try_rewrite(&scene.home, MOVIES, Some((wrong, None))).await;
    assert!(matches!(refused, Err(OverlayError::Rule(_))));
    let counted = scene.service.rewrite_rules(&scene.home, MOVIES).await.unwrap();
    assert_eq!((counted.len(), counted[0].matches), (1, 2));
}

#[tokio::test]
async fn new_items_are_named_as_lists_show_them() {
    let scene = Scene::new().await;
    for id in [1, 2, 3] {
        let delete = scene.service.cache().delete_content_by_ids(&scene.home, MOVIES, vec![ContentId(id)]);
        assert_eq!(delete.await.unwrap(), 1);
    }
    scene.edit(ids(&[2, 4]), &hide()).await.unwrap_err();
    scene.change_rules(RuleChange::AddRewrite(without_prefix(), None)).await;
    scene
        .change_rules(RuleChange::AddFilter(rule(FilterAction::Exclude, FilterBy::Name, MatchBy::Name, "two"), None))
        .await;
    let before = scene.service.feed_before(&scene.home).await.unwrap();
    let report = scene.sync(source(&[])).await;
    assert_eq!(report.counts().added, 3);
    scene.edit(ids(&[3]), &hide()).await.unwrap();
    let names = async |view| {
        let items = scene.service.new_items(&scene.home, &[MOVIES], 7, view).await.unwrap();
        let mut names: Vec<_> = items.iter().map(|new| new.item.name().to_owned()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(View::SHOWN).await, ["One (fr)"]);
    assert_eq!(names(View { hidden: true, ..View::SHOWN }).await, ["One (fr)", "Three (fr)"]);
    assert_eq!(names(View::ROWS).await, ["FR: One", "FR: Three", "Two"]);
    let added = scene.service.added(&report, before, 5, &Login::default()).await.unwrap();
    assert_eq!((&added[MOVIES].names[..], added[MOVIES].total), (&["One (fr)".to_owned()][..], 3));
    let changes = scene.service.run_changes(&report, 5, &Login::default()).await.unwrap();
    let added = &changes[MOVIES].added;
    assert_eq!((added.items.len(), added.items[0].name.as_str(), added.more), (1, "One (fr)", 2));
}

#[tokio::test]
async fn a_removed_item_that_was_excluded_is_counted_and_not_named() {
    let scene = Scene::new().await;
    let kids = rule(FilterAction::Exclude, FilterBy::Category, MatchBy::Id, "2");
    scene.change_rules(RuleChange::AddFilter(kids, None)).await;
    let movies = [1].map(|id| movie(id).name("FR: One").in_categories(&["1"]).with("category_id", "1").listed());
    let left = ScriptedSource::new().categories(MOVIES, Ok(vec![category("1")])).lists(MOVIES, movies);
    let report = scene.sync(left).await;
    assert_eq!(report.counts().removed, 3);
    let changes = scene.service.run_changes(&report, 5, &Login::default()).await.unwrap();
    let removed = &changes[MOVIES].removed;
    assert_eq!((removed.items.iter().map(|item| item.id).collect::<Vec<_>>(), removed.more), (vec![2], 2));
}

#[tokio::test]
async fn conflicts_and_moves_are_reported_after_a_run() {
    let scene = Scene::new().await;
    scene.type_in(2, EditField::Name, "Mine").await.unwrap();
    scene.type_in(4, EditField::Name, "4").await.unwrap();
    let report = scene.sync(source(&[(2, "Deux s3cr3t-word"), (4, "4")])).await;
    let login = Login::new(Some("ann"), Some("s3cr3t-word"));
    let news = scene.service.overlay_news(&report, 20, &login).await;
    let told: Vec<_> = news[MOVIES].edits.iter().map(|edit| (edit.id, edit.outcome)).collect();
    assert_eq!(told, [(2, EditOutcome::Conflicts), (4, EditOutcome::Converged)]);
    assert_eq!(news[MOVIES].edits[0].panel, Some(EditValue::Text("Deux {password}".to_owned())));
    let capped = scene.service.overlay_news(&report, 1, &login).await;
    assert_eq!((capped[MOVIES].edits.len(), capped[MOVIES].more), (1, 1));
    let quiet = scene.sync(source(&[(2, "Deux s3cr3t-word"), (4, "4")])).await;
    assert!(quiet.overlay[MOVIES].is_empty(), "it is told once");
    // Collapsed changes are about the items, so the end of an edit is not among them.
    let words = async |collapse| {
        let mut request = ChangesRequest::new(Since::Beginning);
        request.collapse = collapse;
        let mut reader = scene.service.changes(&scene.home, request).await.unwrap();
        let mut words = Vec::new();
        while let Some(change) = reader.next().await.unwrap() {
            words.push(change.change.as_str());
        }
        words
    };
    assert!(words(false).await.contains(&"converged"));
    assert!(!words(true).await.contains(&"converged"));
    // The movie gets another id.
    let movies = [(1, "FR: One"), (3, "FR: Three"), (4, "4"), (42, "Deux s3cr3t-word")].map(|(id, name)| {
        let of = if id == 3 || id == 4 { "2" } else { "1" };
        movie(id).name(name).in_categories(&[of]).with("category_id", of).listed()
    });
    let moved = ScriptedSource::new().categories(MOVIES, Ok(vec![category("1"), category("2")])).lists(MOVIES, movies);
    let report = scene.sync(moved).await;
    let news = scene.service.overlay_news(&report, 20, &login).await;
    let one = &news[MOVIES].moves[0];
    assert_eq!((one.from, one.to, one.name.as_deref(), one.is_certain), (2, 42, Some("Deux {password}"), true));
}

/// Exports the overlay of a scene, and returns its lines.
async fn export(scene: &Scene, login: &Login) -> Vec<String> {
    let export = scene.service.export_overlay(&scene.home).await.unwrap();
    export.lines(login).map(|line| line.to_string()).collect()
}

fn read(lines: &[String], login: &Login) -> Result<sync_service::OverlayFile, ImportProblem> {
    let home = Profile { base_url: Some("http://p.example".to_owned()), ..Profile::new(profile("home")) };
    let mut reader = OverlayFileReader::new(login.clone(), &home);
    lines.iter().try_for_each(|line| reader.push(line))?;
    reader.finish()
}

async fn edited(scene: &Scene) {
    scene.clock.pass(Duration::from_secs(100));
    scene.type_in(1, EditField::Name, "Mine").await.unwrap();
    scene.type_in(1, EditField::Tags, "b, a").await.unwrap();
    scene.type_in(2, EditField::Icon, "http://p.example/ann/s3cr3t-word/2.png").await.unwrap();
    scene.type_in(3, EditField::Category, "1").await.unwrap();
    scene.type_in(4, EditField::Position, "90").await.unwrap();
    for change in [
        RuleChange::AddFilter(no_french(), None),
        RuleChange::NewCategories(NewCategories::Exclude),
        RuleChange::AddRewrite(without_prefix(), None),
    ] {
        scene.change_rules(change).await;
    }
    scene.sync(source(&[(1, "Un")])).await;
}

#[tokio::test]
async fn an_import_into_an_empty_cache_gives_the_same_overlay() {
    let (scene, login) = (Scene::new().await, Login::new(Some("ann"), Some("s3cr3t-word")));
    edited(&scene).await;
    let lines = export(&scene, &login).await;
    assert!(!lines.join("\n").contains("s3cr3t"), "{lines:#?}");
    let other = Scene::new().await;
    other.clock.pass(Duration::from_secs(200));
    other.sync(source(&[(1, "Un")])).await;
    let imported = other.service.import_overlay(&other.home, read(&lines, &login).unwrap(), false).await.unwrap();
    assert_eq!((imported.report.matched_by_id, imported.report.unmatched), (4, 0));
    assert_eq!(
        (imported.rules[MOVIES], imported.rules[ContentKind::Series]),
        (RulesImport::Replaced, RulesImport::Nothing)
    );
    let all = async |scene: &Scene| {
        let cache = scene.service.cache();
        (cache.edited(&scene.home, EditQuery::all()).await.unwrap(), cache.rules(&scene.home).await.unwrap())
    };
    assert_eq!(all(&scene).await, all(&other).await);
    assert_eq!(export(&other, &login).await, lines);
    // A second import changes nothing.
    let again = other.service.import_overlay(&other.home, read(&lines, &login).unwrap(), false).await.unwrap();
    assert_eq!((again.report.superseded, again.rules[MOVIES]), (0, RulesImport::Nothing));
    assert_eq!(all(&scene).await, all(&other).await);
}

#[tokio::test]
async fn an_import_keeps_other_rules_and_later_edits_and_counts_unmatched_items() {
    let (scene, login) = (Scene::new().await, Login::default());
    edited(&scene).await;
    let lines = export(&scene, &login).await;
    let other = Scene::new().await;
    other.clock.pass(Duration::from_secs(1_000));
    other.type_in(1, EditField::Name, "Later").await.unwrap();
    let own = rule(FilterAction::Exclude, FilterBy::Name, MatchBy::Name, "x");
    other.change_rules(RuleChange::AddFilter(own, None)).await;
    let deleted = other.service.cache().delete_content_by_ids(&other.home, MOVIES, vec![ContentId(4)]).await.unwrap();
    assert_eq!(deleted, 1);
    let import =
        async |rules| other.service.import_overlay(&other.home, read(&lines, &login).unwrap(), rules).await.unwrap();
    let kept = import(false).await;
    assert_eq!((kept.report.unmatched, kept.report.superseded, kept.rules[MOVIES]), (1, 1, RulesImport::Kept));
    assert_eq!(other.local(1, EditField::Name).await, Some(EditValue::Text("Later".to_owned())));
    assert_eq!(other.local(4, EditField::Position).await, Some(EditValue::Number(90)), "it waits under its id");
    assert_eq!(import(true).await.rules[MOVIES], RulesImport::Replaced);
    let rules = async |scene: &Scene| scene.service.cache().rules(&scene.home).await.unwrap();
    assert_eq!(rules(&other).await, rules(&scene).await);
}
