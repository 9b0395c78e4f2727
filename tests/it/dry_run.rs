//! A dry run says what a run would do, and writes nothing.

use sync_core::Counts;
use sync_tests::{Kind, Step};

use crate::program::Report;
use crate::scene::{Scene, some_hundred};

fn counts(report: &Report) -> [Counts; 3] {
    Kind::ALL.map(|kind| report.counts(kind))
}

/// A dry run and then a run, which are to say the same.
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
    assert!(files.len() <= 4, "{files:?}");
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
