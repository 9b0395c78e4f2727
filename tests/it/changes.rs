//! A panel that moves on: the added, updated, refreshed and removed items are found exactly.

use sync_tests::{Kind, Place, Step};

use crate::scene::{HOME, Scene};

fn eventful() -> Step {
    Step { added_percent: 4.0, updated_percent: 8.0, refreshed_percent: 5.0, removed_percent: 3.0, ..Step::default() }
}

#[test]
fn several_steps_are_followed_exactly() {
    let scene = Scene::synced(201);
    let places = [Place::Top, Place::Random, Place::Bottom, Place::At(17)];
    for (number, place) in places.into_iter().enumerate() {
        let expected = scene.panel.advance(&Step { place, ..eventful() });
        for kind in Kind::ALL {
            let of = expected.of(kind);
            let none_is_empty = [&of.added, &of.updated, &of.refreshed, &of.removed].iter().all(|ids| !ids.is_empty());
            assert!(none_is_empty, "step {number} is to hold everything");
        }
        let report = scene.follow(&expected);
        assert_eq!(report.mode(Kind::Movies), "incremental");
    }
}

#[test]
fn several_steps_at_once_are_one_difference() {
    let scene = Scene::synced(202);
    let before = Kind::ALL.map(|kind| scene.panel.catalogue(|catalogue| catalogue.truth(kind)));
    for _ in 0..3 {
        scene.panel.advance(&eventful());
    }
    let after = Kind::ALL.map(|kind| scene.panel.catalogue(|catalogue| catalogue.truth(kind)));
    let changes = |at: usize| sync_tests::Changes::between(Kind::ALL[at], &before[at], &after[at]);
    scene.follow(&sync_tests::Expected { channels: changes(0), movies: changes(1), series: changes(2) });
}

#[test]
fn a_full_sync_finds_the_same() {
    let scene = Scene::synced(203);
    let expected = scene.panel.advance(&eventful());
    let report = scene.sync(&["--full"]).exits(0).report();
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind), scene.counts(&expected, kind), "{kind}");
        assert_eq!(report.mode(kind), "full");
    }
    scene.assert_true();
}

#[test]
fn a_returned_item_is_added_and_loses_its_tombstone() {
    let scene = Scene::synced(204);
    let id = scene.ids(Kind::Series)[7];
    let item = scene.panel.catalogue(|catalogue| catalogue.item(Kind::Series, id).cloned()).unwrap();
    let expected = scene.panel.catalogue(|catalogue| catalogue.remove(Kind::Series, id));
    scene.follow(&expected);
    assert_eq!(scene.cache().lines("SELECT kind||' '||content_id FROM xtream_tombstones"), [format!("series {id}")]);
    let expected = scene.panel.catalogue(|catalogue| catalogue.insert(Kind::Series, item, Place::At(7)));
    scene.follow(&expected);
    assert_eq!(scene.cache().count("xtream_tombstones"), 0);
}

#[test]
fn categories_are_renamed_added_and_removed() {
    let scene = Scene::synced(205);
    let [first, second] = scene.panel.catalogue(|catalogue| {
        let truth = catalogue.categories_truth(Kind::Movies);
        [truth[0].0.clone(), truth[1].0.clone()]
    });
    let before = scene.cache().raw_rows(HOME, Kind::Movies);
    scene.panel.catalogue(|catalogue| {
        catalogue.rename_category(Kind::Movies, &first, "Ünïcode & <b>bold</b>");
        catalogue.remove_category(Kind::Movies, &second);
    });
    scene.sync(&[]).exits(0);
    scene.assert_true();
    assert_eq!(scene.cache().raw_rows(HOME, Kind::Movies), before, "the items are as they were");
}
