//! Cases 18, 20, 54 to 56 and 70: categories, and listings by category.

use sync_tests::{Action, Behaviour, CatalogueConfig, Condition, Item, JsonForm, Kind, Place, Step, Truth};

use crate::home::Home;
use crate::library::{DAY, Library};
use crate::programme::{Scenario, case};
use crate::scene::HOME;
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("18", "empty categories only", "categories [], streams fine", no_categories),
    case("20", "one category missing", "by category, and one answers 502", one_category_fails),
    case("54", "unknown category", "category 999, \"\", null, missing", unknown_categories),
    case("55", "filter ignored", "category_id=… returns the full list", filter_ignored),
    case("56", "category_ids soup", "[1,\"2\",null], [], null, \"1,2\", {\"0\":1}", category_soup),
    case("70", "504 on full list", "the full list 504, categories fine", full_list_fails),
];

const ONCE: &[&str] = &["--attempts", "1"];

fn no_categories(trial: &Trial) {
    let home = trial.home();
    for kind in Kind::ALL {
        home.panel.on(Action::categories(kind), Behaviour::Empty);
    }
    let run = home.sync(&[]).exits(0);
    assert!(run.stderr.contains("warning:") && run.stderr.contains("categories"), "{}", run.stderr);
    home.keeps_all();
    home.panel.behave();
    for kind in Kind::ALL {
        home.panel.on(Action::categories(kind), Behaviour::status(500));
    }
    let report = home.sync(ONCE).exits(3).report();
    assert!(Kind::ALL.iter().all(|kind| report.error_code(*kind) == Some("panel_unreachable")), "{report:?}");
    home.keeps_all();
    home.recovers();
}

/// Returns a panel with eight categories of movies that can't send its full list, and a cache that has seen one full
/// list fail.
fn by_category(trial: &Trial) -> Home<'_> {
    let config = CatalogueConfig { seed: 20, channels: 30, movies: 400, series: 30, items_per_category: 50 };
    let home = trial.home_of(&config);
    home.panel.on(Action::VodStreams, Behaviour::status(504).when(Condition::Whole));
    home.panel.forget_requests();
    let report = home.sync(ONCE).exits(3).report();
    assert_eq!(report.error_code(Kind::Movies), Some("panel_unreachable"));
    home.keeps_all();
    home
}

/// Returns the ids of the movies that the panel lists in this category and in no other.
fn only_in(home: &Home<'_>, category: &str) -> Vec<i64> {
    home.panel.catalogue(|catalogue| {
        let own = |item: &&Item| item.category_set() == [category];
        catalogue.items(Kind::Movies).iter().filter(own).filter_map(Item::id).collect()
    })
}

/// Returns the ids of the categories of movies.
fn category_ids(home: &Home<'_>) -> Vec<String> {
    let categories = home.panel.catalogue(|catalogue| catalogue.categories_truth(Kind::Movies));
    categories.into_iter().map(|(id, ..)| id).collect()
}

/// Returns the differences between the cache and the panel. Movies without a category are left out, because listings by
/// category don't have them.
fn wrong(home: &Home<'_>) -> Vec<String> {
    let homeless = |id: i64| {
        home.panel
            .catalogue(|catalogue| catalogue.item(Kind::Movies, id).is_some_and(|item| item.category_set().is_empty()))
    };
    let truth = home.panel.catalogue(|catalogue| catalogue.truth(Kind::Movies));
    let mut wrong = sync_tests::disagreements(Kind::Movies, &truth, &home.cache().rows(HOME, Kind::Movies));
    wrong.retain(|line| !homeless(line.split([' ', ':']).nth(1).and_then(|id| id.parse().ok()).unwrap()));
    wrong
}

/// Returns the number of requests for movies of one category, and the number of requests for the full list.
fn asked(home: &Home<'_>) -> (usize, usize) {
    let requests = home.panel.requests();
    let listings = || requests.iter().filter(|request| request.action == Some(Action::VodStreams));
    let within = listings().filter(|request| request.param("category_id").is_some()).count();
    (within, listings().count() - within)
}

fn full_list_fails(trial: &Trial) {
    let home = by_category(trial);
    let categories = category_ids(&home);
    let gone = only_in(&home, &categories[1])[0];
    let homeless = home.cache().lines("SELECT COUNT(*) FROM xtream_movies WHERE category_ids IS NULL");
    assert_ne!(homeless, ["0"], "there are some that no category has");
    home.advance(&Step { added_percent: 2.0, updated_percent: 3.0, ..Step::default() });
    home.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, gone));
    home.may_go(Kind::Movies, [gone]);
    // The full list fails for the second time in a row. The same run then asks by category.
    home.panel.forget_requests();
    let run = home.sync(ONCE).exits(0);
    assert_eq!(run.report().counts(Kind::Movies).removed, 1, "and nothing that is in no category");
    assert_eq!(asked(&home), (categories.len(), 1));
    assert!(run.stderr.contains("category"), "it is told: {}", run.stderr);
    assert_eq!(wrong(&home), [""; 0]);
    // From then on the fact is known, and the full list is not tried.
    home.advance(&Step { updated_percent: 3.0, ..Step::default() });
    home.panel.forget_requests();
    home.sync(ONCE).exits(0);
    assert_eq!(asked(&home), (categories.len(), 0));
    assert_eq!(wrong(&home), [""; 0]);
    // A day later the run tries the full list again. It succeeds, and the runs return to the full list.
    home.panel.behave();
    let library = Library::new(&home);
    library.pass(DAY + 60);
    home.panel.forget_requests();
    for _ in 0..2 {
        library.run(&sync_core::SyncOptions::default());
    }
    assert_eq!(asked(&home), (0, 2));
    home.assert_true();
}

fn one_category_fails(trial: &Trial) {
    let home = by_category(trial);
    let categories = category_ids(&home);
    let [sick, well] = [&categories[3], &categories[4]];
    let [in_sick, in_well] = [only_in(&home, sick), only_in(&home, well)];
    let (gone_sick, gone_well) = (in_sick[0], in_well[0]);
    let renamed = |item: &Item| item.id().filter(|id| id % 3 == 0).map(|id| JsonForm::text(format!("Renamed {id}")));
    home.panel.catalogue(|catalogue| catalogue.edit_all(Kind::Movies, "name", renamed));
    home.panel.catalogue(|catalogue| {
        catalogue.remove(Kind::Movies, gone_sick);
        catalogue.remove(Kind::Movies, gone_well);
    });
    home.may_go(Kind::Movies, [gone_well]);
    let before = home.cache().raw_rows(HOME, Kind::Movies);
    let sick_only = Behaviour::status(502).when(Condition::Category(sick.clone()));
    let full = Behaviour::status(504).when(Condition::Whole);
    home.panel.on(Action::VodStreams, Behaviour::Together(vec![full, sick_only]));
    let run = home.sync(ONCE).exits(3);
    let report = run.report();
    assert_eq!((report.status(), report.error_code(Kind::Movies)), ("partial", Some("panel_unreachable")));
    assert!(run.stderr.contains("1 of 8 categories"), "{}", run.stderr);
    assert_eq!(report.counts(Kind::Movies).removed, 1, "only within a category that answered");
    let now = home.cache().raw_rows(HOME, Kind::Movies);
    assert!(in_sick.iter().all(|id| now.get(id) == before.get(id)), "what is in the other one stays as it was");
    assert!(!now.contains_key(&gone_well));
    let of_sick = |line: &String| in_sick.iter().any(|id| line.starts_with(&format!("movies {id}:")));
    let wrong: Vec<String> = wrong(&home).into_iter().filter(|line| !of_sick(line)).collect();
    assert_eq!(wrong, [""; 0], "the other categories are up to date");
    home.may_go(Kind::Movies, [gone_sick]);
    home.panel.on(Action::VodStreams, Behaviour::status(504).when(Condition::Whole));
    home.sync(ONCE).exits(0);
    assert!(!home.cache().raw_rows(HOME, Kind::Movies).contains_key(&gone_sick));
}

fn filter_ignored(trial: &Trial) {
    let home = by_category(trial);
    let categories = category_ids(&home).len();
    let full = Behaviour::status(504).when(Condition::Whole);
    let ignored = Behaviour::Together(vec![Behaviour::FilterIgnored, full.clone()]);
    home.panel.on(Action::VodStreams, ignored.clone());
    let gone = home.ids(Kind::Movies)[9];
    let item = home.panel.catalogue(|catalogue| catalogue.item(Kind::Movies, gone).cloned()).unwrap();
    home.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, gone));
    home.panel.forget_requests();
    home.sync(ONCE);
    let (within, _) = asked(&home);
    assert!(within <= 2 && within < categories, "{within} downloads of the full list: one is enough to see it");
    assert!(home.cache().raw_rows(HOME, Kind::Movies).contains_key(&gone), "nothing is removed");
    // The fact is stored. The next run asks for no category.
    home.panel.on(Action::VodStreams, ignored);
    home.panel.forget_requests();
    home.sync(ONCE);
    assert_eq!(asked(&home).0, 0);
    home.panel.catalogue(|catalogue| catalogue.insert(Kind::Movies, item, Place::At(9)));
    home.recovers();
}

fn unknown_categories(trial: &Trial) {
    let home = trial.home();
    for kind in Kind::ALL {
        let forms = [
            Some(JsonForm::text("999")),
            Some(JsonForm::Integer(999)),
            Some(JsonForm::text("")),
            Some(JsonForm::Null),
            Some(JsonForm::text("0")),
            None,
        ];
        home.panel.catalogue(|catalogue| {
            for (at, form) in (0..).zip(forms) {
                let item = Item::new(kind, 800_000_000 + at, &format!("Homeless {at}"));
                let item = form.map_or(item.clone(), |form| item.with("category_id", form));
                catalogue.insert(kind, item, Place::Bottom);
            }
        });
    }
    let report = home.sync(&[]).exits(0).report();
    for kind in Kind::ALL {
        let counts = report.counts(kind);
        assert_eq!((counts.added, counts.skipped, counts.removed), (6, 0, 0), "{kind}");
    }
    home.assert_true();
    assert_eq!(home.cache().rows(HOME, Kind::Movies)[&800_000_000]["category_id"], Truth::Text("999".to_owned()));
}

fn category_soup(trial: &Trial) {
    let home = trial.home();
    let text = |text: &str| JsonForm::text(text);
    let one_and_two = [
        JsonForm::array([JsonForm::Integer(1), text("2"), JsonForm::Null]),
        JsonForm::array([text("2"), JsonForm::Integer(1), JsonForm::Integer(2)]),
        JsonForm::array([JsonForm::number("1.0"), text(""), text("2")]),
        text("1,2"),
        text("[1, 2]"),
        JsonForm::object([("0", JsonForm::Integer(1)), ("1", text("2"))]),
    ];
    let one = [JsonForm::array([]), JsonForm::Null, text(""), JsonForm::Bool(false)];
    let all: Vec<_> = one_and_two
        .iter()
        .map(|form| (form, r#"["1","2"]"#))
        .chain(one.iter().map(|form| (form, r#"["1"]"#)))
        .collect();
    home.panel.catalogue(|catalogue| {
        for (at, (form, _)) in (0..).zip(&all) {
            let item = Item::new(Kind::Movies, 800_000_000 + at, "In one or two").with("category_id", "1");
            catalogue.insert(Kind::Movies, item.with("category_ids", (*form).clone()), Place::Random);
        }
    });
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.added, counts.skipped), (all.len() as u64, 0));
    let rows = home.cache().rows(HOME, Kind::Movies);
    for (at, (form, set)) in (0..).zip(&all) {
        assert_eq!(rows[&(800_000_000 + at)]["category_ids"], Truth::Text((*set).to_owned()), "{form:?}");
    }
    assert_eq!(home.sync(&[]).exits(0).report().outcome(Kind::Movies), "unchanged");
}
