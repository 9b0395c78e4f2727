//! Ids: as strings, repeated, and the same at two panels.

use sync_tests::{Expected, Kind, Place, Step};

use crate::scene::{HOME, Scene, assert_true, some_hundred, start_panel};

#[test]
fn ids_that_become_strings_change_nothing() {
    let scene = Scene::synced(801);
    let mut before = scene.cache().content(HOME);
    for kind in Kind::ALL {
        assert!(scene.panel.catalogue(|catalogue| catalogue.ids_as_strings(kind)).is_empty());
    }
    let report = scene.follow(&Expected::default());
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind).unchanged, scene.ids(kind).len() as u64);
    }
    // Only the digests of the raw elements are new.
    let mut after = scene.cache().content(HOME);
    assert_ne!(after.remove("xtream_listing_index"), before.remove("xtream_listing_index"));
    assert_eq!(after, before);
    let index = scene.cache().content(HOME).remove("xtream_listing_index");
    scene.sync(&[]).exits(0);
    assert_eq!(scene.cache().content(HOME).remove("xtream_listing_index"), index);
}

#[test]
fn a_first_sync_understands_ids_that_are_strings() {
    let scene = Scene::of(&some_hundred(802));
    for kind in Kind::ALL {
        scene.panel.catalogue(|catalogue| catalogue.ids_as_strings(kind));
        scene.panel.catalogue(|catalogue| catalogue.flip_types(kind));
    }
    scene.sync(&[]).exits(0);
    scene.assert_true();
    scene.follow(&scene.panel.advance(&Step::ordinary()));
}

#[test]
fn the_same_id_in_several_categories_is_one_item_in_any_order() {
    let scene = Scene::of(&some_hundred(803));
    let doubled: Vec<i64> = scene.ids(Kind::Movies).into_iter().step_by(9).collect();
    scene.panel.catalogue(|catalogue| {
        for (number, id) in doubled.iter().enumerate() {
            for copy in 0..=number % 3 {
                catalogue.duplicate(Kind::Movies, *id, &format!("7{copy}"), Place::Random);
            }
        }
    });
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.counts(Kind::Movies).added, scene.ids(Kind::Movies).len() as u64);
    scene.assert_true();
    let before = scene.cache().raw_rows(HOME, Kind::Movies);
    for shuffle in 0..5 {
        scene.panel.catalogue(|catalogue| catalogue.shuffle(Kind::Movies, shuffle));
        for more in [&[][..], &["--full"]] {
            let counts = scene.sync(more).exits(0).report().counts(Kind::Movies);
            assert_eq!((counts.added, counts.updated, counts.refreshed, counts.removed), (0, 0, 0, 0));
            assert_eq!(scene.cache().raw_rows(HOME, Kind::Movies), before, "shuffle {shuffle}");
        }
    }
    // The loss of one category is an update of this item only.
    let id = doubled[2];
    let single = scene.panel.catalogue(|catalogue| catalogue.item(Kind::Movies, id).cloned()).unwrap();
    scene.panel.catalogue(|catalogue| {
        catalogue.remove(Kind::Movies, id);
        catalogue.insert(Kind::Movies, single, Place::At(20));
    });
    let counts = scene.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.added, counts.updated, counts.refreshed, counts.removed), (0, 1, 0, 0));
    scene.assert_true();
}

#[test]
fn two_profiles_with_the_same_ids_do_not_touch_each_other() {
    let scene = Scene::synced(804);
    let other = start_panel(&some_hundred(804));
    scene.add("away", &other.base_url(), &[]).exits(0);
    scene.sync(&["away"]).exits(0);
    let both = |scene: &Scene| {
        for kind in Kind::ALL {
            assert_true(&mut scene.cache(), HOME, &scene.panel, kind);
            assert_true(&mut scene.cache(), "away", &other, kind);
        }
    };
    both(&scene);
    let home = scene.cache().content(HOME);
    let eventful = Step { added_percent: 5.0, updated_percent: 30.0, removed_percent: 10.0, ..Step::ordinary() };
    let expected = other.advance(&eventful);
    let report = scene.sync(&["away"]).exits(0).report();
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind).updated, expected.of(kind).updated.len() as u64);
        assert_eq!(report.counts(kind).removed, expected.of(kind).removed.len() as u64);
    }
    assert_eq!(scene.cache().content(HOME), home, "the other profile's rows, log and digests");
    both(&scene);
    let away = scene.cache().content("away");
    follow_home(&scene, &eventful);
    assert_eq!(scene.cache().content("away"), away);
    both(&scene);
    // Without a name, both profiles are synced in turn, with a line each.
    let run = scene.sync(&[]).exits(0);
    let profiles: Vec<_> = run.stdout.lines().map(|line| &line[..line.find(',').unwrap()]).collect();
    assert_eq!(profiles, [r#"{"profile":"away""#, r#"{"profile":"home""#]);
}

/// Moves the panel on by a step, and syncs one of the two profiles.
fn follow_home(scene: &Scene, step: &Step) {
    let expected = scene.panel.advance(step);
    let report = scene.sync(&[HOME]).exits(0).report();
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind), scene.counts(&expected, kind));
    }
}
