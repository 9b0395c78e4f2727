//! Cases 16, 17 and 19: listings without items that were there before, and how held removals are released.

use std::collections::BTreeSet;

use sync_core::{ContentKind, HoldReason, KindOutcome, Loss, SyncOptions, SyncReport};
use sync_tests::{Action, Behaviour, CatalogueConfig, Item, JsonForm, Kind, Step};

use crate::home::Home;
use crate::library::{DAY, Library};
use crate::programme::{Scenario, case};
use crate::scene::HOME;
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("16", "empty list once", "get_vod_streams [] over 400 movies", empty_once),
    case("17", "empty list confirmed", "[] in five runs over twelve days, the rest healthy", empty_for_long),
    case("19", "short list", "150 of 15,000 items, valid JSON", short_list),
    case("a", "several kinds shrink", "two kinds at a third of what they were", several_kinds),
    case("b", "a category lost", "a category of 60 is empty, 15 % of all", category_lost),
    case("c", "released by evidence", "half a list, three times over eight days", released_by_evidence),
    case("d", "the same defect for ever", "an element without id in every listing", known_defect),
    case("e", "gone and back", "five items go, and return a run later", gone_and_back),
];

fn empty_once(trial: &Trial) {
    let home = trial.home();
    home.panel.on(Action::VodStreams, Behaviour::Empty);
    let before = home.bytes();
    let run = home.sync(&["--dry-run"]);
    assert!(run.report().0["kinds"]["movies"]["plan"].is_object(), "{run:?}");
    assert_eq!(home.bytes(), before, "a dry run changes no byte");
    let all = home.ids(Kind::Movies).len();
    let report = home.holds(Kind::Movies, "empty_listing", all, &[]);
    assert_eq!(report.outcomes(), ["unchanged", "held", "unchanged"]);
    home.keeps_all();
    // `status` reports since when, how many and why, with examples and with what to do.
    let status = home.run(&["status"]).exits(0).stdout;
    for words in ["held: 400", "since", "listed nothing", "such as", "--accept-removals"] {
        assert!(status.contains(words), "{words}: {status}");
    }
    let told: serde_json::Value = serde_json::from_str(&home.run(&["status", "--json"]).exits(0).stdout).unwrap();
    let held = &told["kinds"]["movies"]["held"][0];
    assert_eq!((held["reason"].as_str(), held["count"].as_u64()), (Some("empty_listing"), Some(400)), "{held}");
    home.recovers();
    assert_eq!(home.cache().count("xtream_held_removals"), 0, "what came back is held no more");
}

/// Returns the options of a run of movies only.
fn movies(accept_removals: bool) -> SyncOptions {
    SyncOptions { kinds: vec![ContentKind::Movies], accept_removals, ..SyncOptions::default() }
}

fn outcome(report: &SyncReport) -> (KindOutcome, Option<HoldReason>, u64, u64) {
    let kind = report.kind(ContentKind::Movies);
    (kind.outcome, kind.hold_reason, kind.counts.held, kind.counts.removed)
}

fn empty_for_long(trial: &Trial) {
    let home = trial.home();
    let all = home.ids(Kind::Movies);
    home.panel.on(Action::VodStreams, Behaviour::Empty);
    let library = Library::new(&home);
    for _ in 0..5 {
        let report = library.run(&SyncOptions::default());
        assert_eq!(
            outcome(&report),
            (KindOutcome::Held, Some(HoldReason::Loss(Loss::EmptyListing)), all.len() as u64, 0)
        );
        home.keeps_all();
        library.pass(3 * DAY);
    }
    // Only consent removes the rows. The removal leaves tombstones.
    home.may_go(Kind::Movies, all.iter().copied());
    let report = library.run(&movies(true));
    assert_eq!(outcome(&report), (KindOutcome::Completed, None, 0, all.len() as u64));
    home.keeps(&[Kind::Channels, Kind::Series]);
    let tombstones = "SELECT content_id FROM xtream_tombstones WHERE kind='movies'";
    let tombstones: BTreeSet<i64> = home.cache().lines(tombstones).iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(tombstones, all.iter().copied().collect());
    home.recovers();
}

fn short_list(trial: &Trial) {
    let config = CatalogueConfig { seed: 19, channels: 20, movies: 15_000, series: 20, items_per_category: 400 };
    let home = trial.home_of(&config);
    let expected = home.panel.advance(&Step { updated_percent: 50.0, ..Step::default() });
    let listed: Vec<i64> = home.ids(Kind::Movies)[..150].to_vec();
    let gone = home.panel.catalogue(|catalogue| {
        let items = catalogue.items(Kind::Movies).to_vec();
        catalogue.remove_all(Kind::Movies);
        catalogue.append(Kind::Movies, items[..150].to_vec());
        items[150..].to_vec()
    });
    let report = home.holds(Kind::Movies, "share_lost", gone.len(), &["--only", "movies"]);
    let updated = expected.movies.updated.iter().filter(|id| listed.contains(id)).count();
    assert_eq!(report.counts(Kind::Movies).updated, updated as u64, "what is there lands");
    let rows = home.cache().rows(HOME, Kind::Movies);
    let truth = home.panel.catalogue(|catalogue| catalogue.truth(Kind::Movies));
    let seen = rows.iter().filter(|(id, _)| listed.contains(id)).map(|(id, row)| (*id, row.clone())).collect();
    assert_eq!(sync_tests::disagreements(Kind::Movies, &truth, &seen), [""; 0]);
    home.panel.catalogue(|catalogue| catalogue.append(Kind::Movies, gone));
    home.recovers();
}

/// Removes this number of items from the end of the panel's list of a kind, and returns their ids. The numbers of
/// channels stay.
fn lose(home: &Home<'_>, kind: Kind, count: usize) -> Vec<i64> {
    home.panel.catalogue(|catalogue| {
        let items = catalogue.items(kind).to_vec();
        let kept = items.len() - count;
        catalogue.remove_all(kind);
        catalogue.append(kind, items[..kept].to_vec());
        items[kept..].iter().filter_map(Item::id).collect()
    })
}

fn several_kinds(trial: &Trial) {
    let home = trial.home();
    let lost = [(Kind::Channels, 100), (Kind::Movies, 270)].map(|(kind, count)| (kind, lose(&home, kind, count)));
    let library = Library::new(&home);
    for _ in 0..4 {
        let report = library.run(&SyncOptions::default());
        let held = |kind: ContentKind| (report.kind(kind).outcome, report.kind(kind).counts.held);
        assert_eq!(held(ContentKind::Channels), (KindOutcome::Held, 100));
        assert_eq!(held(ContentKind::Movies), (KindOutcome::Held, 270));
        for kind in [Kind::Channels, Kind::Movies] {
            assert_eq!(home.reasons(kind), ["several_kinds"], "{kind}: all of it waits for a person");
        }
        home.keeps_all();
        library.pass(5 * DAY);
    }
    for (kind, ids) in lost {
        home.may_go(kind, ids);
    }
    let report = home.sync(&["--accept-removals"]).exits(0).report();
    assert_eq!((report.counts(Kind::Channels).removed, report.counts(Kind::Movies).removed), (100, 270));
    home.assert_true();
}

fn category_lost(trial: &Trial) {
    let home =
        trial.home_of(&CatalogueConfig { seed: 5, channels: 30, movies: 400, series: 30, items_per_category: 40 });
    // Each movie gets a single category, so that the sizes of the categories are known.
    let category = home.panel.catalogue(|catalogue| {
        let categories: Vec<_> = catalogue.categories(Kind::Movies).iter().map(|one| one.id.clone()).collect();
        let mut at = 0..;
        catalogue.edit_all(Kind::Movies, "category_ids", |_| Some(JsonForm::Null));
        catalogue.edit_all(Kind::Movies, "category_id", |_| match at.next()? {
            340.. => Some(categories[0].clone()),
            at => Some(categories[1 + at % (categories.len() - 1)].clone()),
        });
        categories[0].clone()
    });
    home.sync(&[]).exits(0);
    home.assert_true();
    home.remember();
    let gone = lose(&home, Kind::Movies, 60);
    let other = home.ids(Kind::Movies)[40];
    home.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, other));
    home.may_go(Kind::Movies, [other]);
    let report = home.sync(&[]).exits(7).report();
    let counts = report.counts(Kind::Movies);
    assert_eq!(
        (counts.held, counts.removed),
        (60, 1),
        "{category:?}: 60 wait, the ordinary removal goes on beside them"
    );
    assert_eq!(home.reasons(Kind::Movies), ["category_lost"]);
    let rows = home.cache().rows(HOME, Kind::Movies);
    assert!(gone.iter().all(|id| rows.contains_key(id)));
    home.may_go(Kind::Movies, gone);
    home.sync(&["--accept-removals"]).exits(0);
    home.assert_true();
}

fn released_by_evidence(trial: &Trial) {
    let home = trial.home();
    let gone = lose(&home, Kind::Movies, 200);
    let library = Library::new(&home);
    for day in [0, 3] {
        let report = library.run(&movies(false));
        let held = (KindOutcome::Held, Some(HoldReason::Loss(Loss::ShareLost)), 200, 0);
        assert_eq!(outcome(&report), held, "day {day}");
        home.keeps_all();
        library.pass(3 * DAY);
    }
    // There are three listings, but they span only six days.
    assert_eq!(outcome(&library.run(&movies(false))).2, 200);
    home.keeps_all();
    library.pass(2 * DAY);
    home.may_go(Kind::Movies, gone);
    assert_eq!(outcome(&library.run(&movies(false))), (KindOutcome::Completed, None, 0, 200));
    home.assert_true_of(Kind::Movies);
    trial.outcome("movies held: share_lost; released after three in eight days");
}

fn known_defect(trial: &Trial) {
    let home = trial.home();
    let broken = |body: &[u8]| {
        let rest = body.strip_prefix(b"[").unwrap();
        [&br#"[{"num":1,"name":"?","stream_id":{"a":1}},"#[..], rest].concat()
    };
    home.panel.on(Action::VodStreams, Behaviour::edited(broken));
    let gone = lose(&home, Kind::Movies, 1);
    for _ in 0..2 {
        let report = home.holds(Kind::Movies, "unreadable_ids", 1, &[]);
        assert_eq!(report.counts(Kind::Movies).skipped, 1);
        home.keeps_all();
    }
    // The defect is known in its third listing. It is only counted.
    home.may_go(Kind::Movies, gone);
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held, counts.skipped), (1, 0, 1));
    home.assert_true_of(Kind::Movies);
    // A different defect is not known.
    home.remember();
    lose(&home, Kind::Movies, 1);
    let other = |body: &[u8]| {
        let rest = body.strip_prefix(b"[").unwrap();
        [&br#"[{"num":1,"name":"?","stream_id":{"a":2}},"#[..], rest].concat()
    };
    home.panel.on(Action::VodStreams, Behaviour::edited(other));
    home.holds(Kind::Movies, "unreadable_ids", 1, &[]);
    home.keeps_all();
}

fn gone_and_back(trial: &Trial) {
    let home = trial.home();
    let items = home.panel.catalogue(|catalogue| catalogue.items(Kind::Movies)[10..15].to_vec());
    let ids: Vec<i64> = items.iter().filter_map(Item::id).collect();
    home.panel.catalogue(|catalogue| ids.iter().for_each(|id| drop(catalogue.remove(Kind::Movies, *id))));
    home.may_go(Kind::Movies, ids.iter().copied());
    assert_eq!(home.sync(&[]).exits(0).report().counts(Kind::Movies).removed, 5);
    assert_eq!(home.cache().count("xtream_tombstones"), 5);
    home.panel.catalogue(|catalogue| catalogue.append(Kind::Movies, items));
    assert_eq!(home.sync(&[]).exits(0).report().counts(Kind::Movies).added, 5);
    let returned = "SELECT COUNT(*) FROM xtream_changes WHERE kind='movies' AND change='added' AND returned=1";
    assert_eq!((home.cache().number(returned), home.cache().count("xtream_tombstones")), (5, 0));
    home.assert_true();
}
