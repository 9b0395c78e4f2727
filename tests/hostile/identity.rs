//! Cases 34 and 37 to 43: the identity of items.

use std::collections::BTreeSet;

use sync_tests::{Catalogue, CatalogueConfig, Item, JsonForm, Kind, Panel, Place, Step, Truth};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("34", "missing or empty id", "no stream_id, \"\", null, {}, in a list of 400", no_id),
    case("37", "64-bit and text ids", "2356443347, 9007199254740993, \"00123\", \"abc\"", large_ids),
    case("38", "negative, float, exponent ids", "-1, 12.0, 12.5, 1e5, 1e400", odd_numbers),
    case("39", "duplicate id, other category", "the same stream_id in two categories", in_two_categories),
    case("40", "duplicate id, other content", "the same id with two names, in any order", two_names),
    case("41", "cross-type collision", "channel, movie and series 999500", same_id_in_all_kinds),
    case("42", "id reuse", "id was A, is B with a new added", another_item),
    case("43", "mass renumber", "all ids new, names equal", renumbered),
];

/// Returns an element whose id has this form.
fn element(kind: Kind, id: Option<JsonForm>) -> Item {
    let item = Item::bare(kind).with("name", "An odd one");
    match id {
        Some(id) => item.with(kind.id_key(), id),
        None => item,
    }
}

fn no_id(trial: &Trial) {
    let home = trial.home();
    for kind in Kind::ALL {
        let forms = [None, Some(JsonForm::text("")), Some(JsonForm::Null), Some(JsonForm::object::<String>([]))];
        home.panel.catalogue(|catalogue| {
            for (at, form) in forms.into_iter().enumerate() {
                catalogue.insert(kind, element(kind, form), Place::At(at * 13));
            }
        });
    }
    let report = home.sync(&[]).exits(0).report();
    for kind in Kind::ALL {
        let counts = report.counts(kind);
        assert_eq!((counts.skipped, counts.added, counts.removed, counts.held), (4, 0, 0, 0), "{kind}");
    }
    home.assert_true();
    home.remember();
    // A missing item may be the one whose id is no longer readable, so its removal is held.
    let id = home.ids(Kind::Movies)[50];
    home.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "stream_id", ""));
    let report = home.holds(Kind::Movies, "unreadable_ids", 1, &[]);
    assert_eq!(report.counts(Kind::Movies).skipped, 5);
    home.keeps(&[Kind::Movies]);
}

fn large_ids(trial: &Trial) {
    let forms = [
        (JsonForm::Integer(2_356_443_347), 2_356_443_347),
        (JsonForm::text("2356443348"), 2_356_443_348),
        (JsonForm::number("9007199254740993"), 9_007_199_254_740_993),
        (JsonForm::text("9007199254740995"), 9_007_199_254_740_995),
        (JsonForm::Integer(i64::MAX), i64::MAX),
        // Ids are numbers, so leading zeros don't count.
        (JsonForm::text("00123"), 123),
    ];
    let unreadable = ["abc", "9223372036854775808", "12a", "0x1F"];
    let config = CatalogueConfig { seed: 37, channels: 9, movies: 30, series: 9, items_per_category: 10 };
    let mut catalogue = Catalogue::new(&config);
    let listed: BTreeSet<i64> = catalogue.ids(Kind::Movies).into_iter().collect();
    for (form, _) in &forms {
        catalogue.insert(Kind::Movies, element(Kind::Movies, Some(form.clone())), Place::Random);
    }
    for text in unreadable {
        catalogue.insert(Kind::Movies, element(Kind::Movies, Some(JsonForm::text(text))), Place::Random);
    }
    let home = trial.new_home(Panel::start(panel_config(), catalogue).unwrap());
    let report = home.sync(&[]).exits(0).report();
    assert_eq!(report.counts(Kind::Movies).skipped, unreadable.len() as u64);
    let expected: BTreeSet<i64> = forms.iter().map(|(_, id)| *id).chain(listed).collect();
    assert_eq!(home.cache().row_ids(HOME, Kind::Movies).into_keys().collect::<BTreeSet<_>>(), expected);
    // An id as text and the same id as number are equal.
    home.panel.catalogue(|catalogue| catalogue.flip_types(Kind::Movies));
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.added, counts.updated, counts.removed, counts.held), (0, 0, 0, 0));
}

fn odd_numbers(trial: &Trial) {
    let home = trial.home();
    let forms = ["-1", "12.0", "12.5", "1e5", "1e400", "-0", "1E2", "+7", "0"];
    home.panel.catalogue(|catalogue| {
        for form in forms {
            catalogue.insert(Kind::Movies, element(Kind::Movies, Some(JsonForm::number(form))), Place::At(3));
        }
    });
    let report = home.sync(&[]).exits(0).report();
    let counts = report.counts(Kind::Movies);
    assert_eq!((counts.unchanged, counts.removed, counts.held), (400, 0, 0), "the others are as they were");
    let ids = home.cache().row_ids(HOME, Kind::Movies);
    assert!(ids.contains_key(&12), "12.0 is 12");
    assert!(!ids.contains_key(&13) && !ids.contains_key(&i64::MAX), "nothing is rounded");
    let listed = counts.added + counts.skipped;
    assert!((6..=forms.len() as u64).contains(&listed), "some are the same id, none is lost: {counts:?}");
    assert_eq!(home.sync(&[]).exits(0).report().counts(Kind::Movies).added, 0);
}

fn in_two_categories(trial: &Trial) {
    let home = trial.home();
    let ids: Vec<i64> = home.ids(Kind::Movies).into_iter().step_by(20).collect();
    home.panel.catalogue(|catalogue| {
        for id in &ids {
            catalogue.duplicate(Kind::Movies, *id, "777", Place::Random);
        }
    });
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.added, counts.updated, counts.removed), (0, ids.len() as u64, 0));
    home.assert_true();
    let rows = home.cache().rows(HOME, Kind::Movies);
    for id in &ids {
        let Truth::Text(set) = &rows[id]["category_ids"] else { panic!("{id} has no categories") };
        assert!(set.contains("\"777\""), "{set}");
    }
}

fn two_names(trial: &Trial) {
    let home = trial.home();
    let id = home.ids(Kind::Movies)[9];
    home.panel.catalogue(|catalogue| {
        let copy = catalogue.item(Kind::Movies, id).cloned().unwrap().with("name", "Quite another name");
        catalogue.insert(Kind::Movies, copy, Place::Bottom)
    });
    home.sync(&[]).exits(0);
    home.assert_true();
    home.remember();
    for seed in 0..4 {
        home.panel.catalogue(|catalogue| catalogue.shuffle(Kind::Movies, seed));
        for more in [&[][..], &["--full"]] {
            let counts = home.sync(more).exits(0).report().counts(Kind::Movies);
            assert_eq!((counts.updated, counts.refreshed), (0, 0), "the choice is by content, not by position");
            home.keeps_all();
        }
    }
}

fn same_id_in_all_kinds(trial: &Trial) {
    let home = trial.home();
    for kind in Kind::ALL {
        let item = Item::new(kind, 999_500, &format!("One of the {kind}"));
        home.panel.catalogue(|catalogue| catalogue.insert(kind, item, Place::Bottom));
    }
    let report = home.sync(&[]).exits(0).report();
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind).added, 1, "{kind}");
        let name = home.cache().rows(HOME, kind)[&999_500]["name"].clone();
        assert_eq!(name, Truth::Text(format!("One of the {kind}")));
    }
    home.assert_true();
    home.remember();
    home.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, 999_500));
    home.may_go(Kind::Movies, [999_500]);
    assert_eq!(home.sync(&[]).exits(0).report().counts(Kind::Movies).removed, 1);
    home.keeps(&[Kind::Channels, Kind::Series]);
}

fn another_item(trial: &Trial) {
    let home = trial.home();
    let id = home.ids(Kind::Movies)[77];
    let row_id = home.cache().row_ids(HOME, Kind::Movies)[&id];
    let time = home.panel.panel_time();
    home.panel.catalogue(|catalogue| {
        catalogue.edit(Kind::Movies, id, "name", "B");
        catalogue.edit(Kind::Movies, id, "added", time);
        catalogue.edit(Kind::Movies, id, "tmdb_id", "424242");
    });
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.updated, counts.added, counts.removed), (1, 0, 0));
    let fields = home.cache().logged_fields(Kind::Movies, id);
    assert!(fields.contains("name") && fields.contains("tmdb_id"), "the log tells it: {fields}");
    assert_eq!(home.cache().row_ids(HOME, Kind::Movies)[&id], row_id);
    home.assert_true();
}

/// Asserts that the rows under the old ids are as they were before.
#[track_caller]
fn keeps_old(home: &Home<'_>, old: &BTreeSet<i64>, before: &std::collections::BTreeMap<i64, String>) {
    let now = home.cache().raw_rows(HOME, Kind::Movies);
    assert!(old.iter().all(|id| now.get(id) == before.get(id)), "a row is not what it was");
}

fn renumbered(trial: &Trial) {
    let home = trial.home_of(&some_hundred(43));
    let old: BTreeSet<i64> = home.ids(Kind::Movies).into_iter().collect();
    let before = home.cache().raw_rows(HOME, Kind::Movies);
    home.panel.catalogue(|catalogue| catalogue.reassign_ids(Kind::Movies, 1_000_000));
    let report = home.holds(Kind::Movies, "renumbered", old.len(), &[]);
    assert_eq!(report.counts(Kind::Movies).added, old.len() as u64, "the new ones land");
    keeps_old(&home, &old, &before);
    let successors = "SELECT COUNT(*) FROM xtream_held_removals WHERE successor_id=content_id+1000000";
    let followed = home.cache().number(successors);
    assert!(followed > 350, "{followed} of 400 are known under their new ids");
    // The loss is not treated as one of several kinds, and the next run reports the same.
    home.holds(Kind::Movies, "renumbered", old.len(), &[]);
    keeps_old(&home, &old, &before);
    home.may_go(Kind::Movies, old.iter().copied());
    home.sync(&["--accept-removals", "--only", "movies"]).exits(0);
    home.assert_true();
    let told = "SELECT COUNT(*) FROM xtream_tombstones WHERE successor_id IS NOT NULL";
    assert_eq!(home.cache().number(told), followed, "tombstones remember where they went");
    home.panel.advance(&Step::ordinary());
}
