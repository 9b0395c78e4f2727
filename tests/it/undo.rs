//! `undo`: a run is taken back exactly, or the undo is refused.

use serde_json::Value;
use sync_tests::{Kind, Step};

use crate::scene::{HOME, Scene};

/// Returns what an undo restores: row ids, days of creation, significant fields, categories, tombstones, and
/// watermarks.
fn state(scene: &Scene) -> Vec<String> {
    let mut cache = scene.cache();
    let mut all = Vec::new();
    for (table, columns) in [
        ("xtream_channels", "id,stream_id,created_at,name,stream_type,epg_channel_id,category_ids,tv_archive,is_adult"),
        (
            "xtream_movies",
            "id,stream_id,created_at,name,title,year,genre,category_ids,container_extension,plot,tmdb_id",
        ),
        ("xtream_series", "id,series_id,created_at,name,title,plot,\"cast\",director,genre,category_ids,tmdb_id"),
        ("xtream_movie_categories", "id,category_id,category_name,parent_id,position"),
        ("xtream_tombstones", "kind,content_id,name,removed_at,item_created_at"),
        (
            "xtream_content_sync",
            "last_sync_channels,last_sync_movies,last_sync_series,channels_count,movies_count,series_count",
        ),
    ] {
        let texts = columns.split(',').map(|column| format!("quote({column})")).collect::<Vec<_>>().join("||'|'||");
        all.extend(cache.lines(&format!("SELECT '{table} '||{texts} FROM {table} ORDER BY 1")));
    }
    all
}

fn undo(scene: &Scene, more: &[&str], code: i32) -> Value {
    let run = scene.run(&[&["undo", "--json"], more].concat()).exits(code);
    serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap()
}

fn eventful() -> Step {
    Step { added_percent: 4.0, updated_percent: 8.0, refreshed_percent: 5.0, removed_percent: 3.0, ..Step::default() }
}

#[test]
fn a_run_is_taken_back_and_the_undo_too() {
    let scene = Scene::synced(2701);
    let before = state(&scene);
    let expected = scene.panel.advance(&eventful());
    scene.sync(&[]).exits(0);
    let after = state(&scene);
    let dry = undo(&scene, &["--dry-run"], 0);
    assert_eq!((&dry["run"], state(&scene) == after), (&Value::Null, true));
    let done = undo(&scene, &[], 0);
    assert_eq!((&done["profile"], &done["of"], &done["run"]), (&HOME.into(), &2.into(), &3.into()));
    for kind in Kind::ALL {
        let (counts, of) = (&done["kinds"][kind.name()], expected.of(kind));
        let numbers = ["added", "updated", "removed", "held"].map(|name| counts[name].as_u64().unwrap());
        let [added, updated, removed] = [&of.added, &of.updated, &of.removed].map(|ids| ids.len() as u64);
        assert_eq!(numbers, [removed, updated, added, removed], "{kind}");
        assert_eq!(dry["kinds"][kind.name()], *counts);
    }
    assert_eq!(state(&scene), before);
    scene.assert_consistent();
    let again = undo(&scene, &["--run", "3"], 0);
    assert_eq!(again["of"], 3);
    assert_eq!(state(&scene), after);
    scene.assert_consistent();
    scene.sync(&[]).exits(0);
    scene.assert_true();
}

#[test]
fn the_next_sync_compares_undone_items_again() {
    let scene = Scene::synced(2702);
    let expected = scene.panel.advance(&eventful());
    scene.sync(&[]).exits(0);
    undo(&scene, &[], 0);
    let report = scene.sync(&[]).exits(7).report();
    for kind in Kind::ALL {
        let (counts, of) = (report.counts(kind), expected.of(kind));
        assert_eq!((counts.added, counts.updated), (of.added.len() as u64, of.updated.len() as u64), "{kind}");
        assert_eq!((counts.held, counts.removed), (of.removed.len() as u64, 0), "{kind}");
        assert_eq!(report.kind(kind)["hold_reason"], "undone");
    }
    // Only consent or their return releases them.
    scene.sync(&[]).exits(7);
    scene.sync(&["--accept-removals"]).exits(0);
    scene.assert_true();
}

#[test]
fn an_inexact_undo_is_refused() {
    let scene = Scene::of(&crate::scene::some_hundred(2703));
    assert_eq!(undo(&scene, &[], 12)["refused"], "nothing");
    scene.sync(&[]).exits(0);
    let refused = undo(&scene, &[], 12);
    assert_eq!((&refused["refused"], &refused["of"]), (&"first_load".into(), &1.into()));
    scene.panel.advance(&eventful());
    scene.sync(&[]).exits(0);
    undo(&scene, &[], 0);
    scene.sync(&[]).exits(7);
    let before = state(&scene);
    let refused = undo(&scene, &["--run", "2"], 12);
    assert_eq!((&refused["refused"], &refused["items"][0]["run"]), (&"later_run".into(), &3.into()));
    assert_eq!(state(&scene), before);
    scene.run(&["undo", "--run", "99"]).exits(2);
    // One kind is taken back alone.
    let kinds = undo(&scene, &["--kind", "series"], 0)["kinds"].clone();
    assert_eq!(kinds.as_object().unwrap().keys().collect::<Vec<_>>(), ["series"]);
    scene.assert_consistent();
}

#[test]
fn an_undo_waits_for_no_run() {
    let scene = Scene::synced(2704);
    scene.panel.advance(&eventful());
    scene.sync(&[]).exits(0);
    let gate = sync_tests::Gate::new();
    scene.panel.on(sync_tests::Action::VodStreams, sync_tests::Behaviour::Gate(100, gate.clone()));
    let running = scene.start_sync(&[]);
    crate::program::wait_until("the sync is under way", || gate.reached_count() > 0);
    scene.run(&["undo"]).exits(11);
    gate.open();
    running.end().exits(0);
}
