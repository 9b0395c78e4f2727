//! A dry run prints what a run would do, and writes nothing.

use std::collections::BTreeSet;

use serde_json::Value;
use sync_core::Counts;
use sync_tests::{Kind, Step};

use crate::program::Report;
use crate::scene::{HOME, Scene, some_hundred};

fn counts(report: &Report) -> [Counts; 3] {
    Kind::ALL.map(|kind| report.counts(kind))
}

/// Runs a dry run and then a run. Fails unless both report the same.
#[track_caller]
fn dry_and_then_wet(scene: &Scene, code: i32) {
    let before = scene.bytes();
    assert!(before[0].is_some());
    let dry = scene.sync(&["--dry-run"]).exits(code).report();
    assert!(scene.bytes() == before, "a dry run changed the file");
    assert_eq!(dry.0["dry_run"], true);
    let wet = scene.sync(&[]).exits(code).report();
    assert_eq!(counts(&dry), counts(&wet));
    assert_eq!((dry.status(), dry.outcomes()), (wet.status(), wet.outcomes()));
    assert!(wet.0.get("dry_run").is_none());
}

#[test]
fn a_dry_run_changes_no_byte_and_counts_as_the_run_after_it() {
    let scene = Scene::of(&some_hundred(1801));
    dry_and_then_wet(&scene, 0);
    dry_and_then_wet(&scene, 0);
    scene.panel.advance(&Step { updated_percent: 10.0, ..Step::ordinary() });
    dry_and_then_wet(&scene, 0);
    scene.assert_true();
    scene.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Movies, 300));
    dry_and_then_wet(&scene, 7);
    let files: Vec<_> = std::fs::read_dir(scene.database.parent().unwrap()).unwrap().collect();
    assert!(files.len() <= 5, "{files:?}");
}

#[test]
fn the_plan_names_what_the_run_does() {
    let scene = Scene::synced(1803);
    let expected = scene.panel.advance(&Step { added_percent: 2.0, updated_percent: 5.0, ..Step::ordinary() });
    let cached = scene.cache().row_ids(HOME, Kind::Series);
    scene.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Series, 60));
    let report = scene.sync(&["--dry-run"]).exits(7).report();
    let plan = |kind, part: &str| -> Vec<Value> { report.kind(kind)["plan"][part].as_array().unwrap().clone() };
    let ids =
        |entries: &[Value]| -> BTreeSet<i64> { entries.iter().map(|entry| entry["id"].as_i64().unwrap()).collect() };
    let movies = expected.of(Kind::Movies);
    assert_eq!(ids(&plan(Kind::Movies, "added")), movies.added);
    assert_eq!(ids(&plan(Kind::Movies, "updated")), movies.updated);
    assert_eq!(ids(&plan(Kind::Movies, "removed")), movies.removed);
    assert!(plan(Kind::Movies, "updated").iter().all(|one| !one["fields"].as_array().unwrap().is_empty()));
    assert!(plan(Kind::Movies, "added").iter().all(|one| !one["name"].as_str().unwrap().is_empty()));
    let held = plan(Kind::Series, "held");
    let listed = scene.ids(Kind::Series);
    let missing: BTreeSet<i64> = cached.into_keys().filter(|id| !listed.contains(id)).collect();
    assert_eq!(ids(&held), missing);
    assert!(held.iter().all(|one| one["reason"] == "share_lost"), "{held:?}");
    // The output for people has the same items, by name.
    let run = scene.run(&["sync", "--dry-run"]).exits(7);
    let name = plan(Kind::Movies, "removed")[0]["name"].as_str().unwrap().to_owned();
    assert!(run.stdout.contains(&name), "{name}: {}", run.stdout);
}

#[test]
fn reading_changes_no_byte() {
    let scene = Scene::synced(1802);
    let before = scene.bytes();
    for args in [&["status"][..], &["status", "--json"], &["profile", "list"], &["profile", "list", "--json"]] {
        scene.run(args).exits(0);
        assert!(scene.bytes() == before, "{args:?}");
    }
    scene.panel.forget_requests();
    scene.run(&["status", "nobody"]).exits(2);
    scene.run(&["sync", "nobody"]).exits(2);
    assert!(scene.bytes() == before);
    assert_eq!(scene.panel.requests().len(), 0);
}
