//! The `timestamp` policy: the rule in the document that specified this project.

use sync_core::Counts;
use sync_tests::{EPOCH, Item, JsonForm, Kind, Truth};

use crate::scene::{HOME, Scene, some_hundred, start_panel};

fn scene(seed: u64) -> Scene {
    let scene = Scene::without_profile(start_panel(&some_hundred(seed)));
    scene.add(HOME, &scene.panel.base_url(), &["--policy", "timestamp"]).exits(0);
    scene.sync(&[]).exits(0);
    scene.assert_true();
    scene
}

fn name(scene: &Scene, kind: Kind, id: i64) -> Truth {
    scene.cache().rows(HOME, kind)[&id]["name"].clone()
}

/// Renames an item and gives it a date. Returns whether the next sync has found the change.
#[track_caller]
fn seen(scene: &Scene, kind: Kind, id: i64, date: Option<JsonForm>) -> bool {
    let new = format!("renamed {date:?}");
    scene.panel.catalogue(|catalogue| {
        catalogue.edit(kind, id, "name", new.as_str());
        if let Some(date) = date {
            let key = if kind == Kind::Series { "last_modified" } else { "added" };
            catalogue.edit(kind, id, key, date);
        }
    });
    let report = scene.sync(&[]).exits(0).report();
    let counts = report.counts(kind);
    let seen = name(scene, kind, id) == Truth::Text(new);
    let listed = scene.ids(kind).len() as u64;
    let updated = u64::from(seen);
    assert_eq!(counts, Counts { updated, unchanged: listed - updated, ..Counts::default() });
    seen
}

#[test]
fn a_newer_date_is_an_update_in_either_form() {
    let scene = scene(401);
    for kind in Kind::ALL {
        let ids = scene.ids(kind);
        assert!(seen(&scene, kind, ids[4], Some(JsonForm::text((EPOCH + 50_000).to_string()))), "unix, as text");
        assert!(seen(&scene, kind, ids[5], Some(JsonForm::Integer(EPOCH + 50_000))), "unix, as number");
        assert!(seen(&scene, kind, ids[6], Some(JsonForm::text("2026-03-01T12:00:00+02:00"))), "RFC 3339");
        assert!(!seen(&scene, kind, ids[7], Some(JsonForm::Integer(EPOCH - 50_000))), "older");
    }
}

#[test]
fn an_edit_without_a_newer_date_is_not_seen() {
    let scene = scene(402);
    for kind in Kind::ALL {
        let id = scene.ids(kind)[9];
        let before = scene.cache().raw_rows(HOME, kind);
        assert!(!seen(&scene, kind, id, None));
        assert_eq!(scene.cache().raw_rows(HOME, kind), before, "not one row is written");
    }
}

#[test]
fn an_unparsable_date_is_no_update() {
    let scene = scene(403);
    let id = scene.ids(Kind::Movies)[2];
    for date in ["soon", "2026-99-99T00:00:00Z", ""] {
        assert!(!seen(&scene, Kind::Movies, id, Some(JsonForm::text(date))), "{date:?}");
    }
}

#[test]
fn a_newer_date_alone_with_equal_fields_writes_nothing_twice() {
    let scene = scene(404);
    let id = scene.ids(Kind::Movies)[2];
    assert!(seen(&scene, Kind::Movies, id, Some(JsonForm::Integer(EPOCH + 900_000_000))));
    let before = scene.cache().content(HOME);
    let report = scene.sync(&["--full"]).exits(0).report();
    assert_eq!(report.outcomes(), ["unchanged"; 3], "newer than the last sync for ever, but equal");
    assert_eq!(scene.cache().content(HOME), before);
}

#[test]
fn new_items_are_added_and_missing_ones_removed_all_the_same() {
    let scene = scene(405);
    let gone = scene.ids(Kind::Movies)[30];
    let new = scene.ids(Kind::Movies).into_iter().max().unwrap() + 7;
    scene.panel.catalogue(|catalogue| {
        catalogue.remove(Kind::Movies, gone);
        catalogue.insert_at_top(Kind::Movies, Item::new(Kind::Movies, new, "Undated"));
    });
    let counts = scene.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.added, counts.updated, counts.refreshed, counts.removed), (1, 0, 0, 1));
    scene.assert_true_of(Kind::Movies);
}
