//! A panel that supports `ETag`: unchanged lists are neither sent nor written.

use sync_tests::{Action, Catalogue, Expected, Kind, Panel, PanelConfig};

use crate::scene::{HOME, Scene, panel_config, some_hundred};

/// Returns a panel that supports validators, synced once.
fn synced(seed: u64) -> Scene {
    let config = PanelConfig { validators: true, ..panel_config() };
    let scene = Scene::at(Panel::start(config, Catalogue::new(&some_hundred(seed))).unwrap());
    scene.sync(&[]).exits(0);
    scene.panel.forget_requests();
    scene
}

/// Returns the bytes of the lists that the panel has sent since the last call.
fn sent(scene: &Scene) -> [u64; 3] {
    let requests = scene.panel.requests();
    scene.panel.forget_requests();
    Kind::ALL.map(|kind| {
        let of_kind = requests.iter().filter(|request| request.action == Some(Action::listing(kind)));
        of_kind.map(|request| request.body_bytes).sum()
    })
}

#[test]
fn an_unchanged_list_is_neither_sent_nor_written() {
    let scene = synced(1701);
    let before = scene.cache().content(HOME);
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!((report.status(), report.outcomes()), ("completed", ["unchanged"; 3]));
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind), scene.counts(&Expected::default(), kind), "{kind}");
        assert_eq!((report.mode(kind), &report.kind(kind)["not_modified"]), ("incremental", &true.into()));
    }
    assert_eq!(sent(&scene), [0; 3]);
    assert_eq!(scene.cache().content(HOME), before);
    let recorded = scene.cache().lines("SELECT not_modified||' '||unchanged FROM xtream_sync_run_kinds WHERE run_id=2");
    assert_eq!(recorded, ["1 150", "1 400", "1 120"]);

    // A full run asks for the whole lists.
    let report = scene.sync(&["--full"]).exits(0).report();
    assert!(report.kind(Kind::Movies)["not_modified"].is_null());
    assert!(sent(&scene).iter().all(|bytes| *bytes > 0));
    let dry = scene.sync(&["--dry-run"]).exits(0).report();
    assert_eq!((dry.outcomes(), sent(&scene)), (["unchanged"; 3], [0; 3]));
}

#[test]
fn changed_lists_are_followed_kind_by_kind() {
    let scene = synced(1702);
    let expected = scene.panel.catalogue(|catalogue| {
        let id = catalogue.ids(Kind::Series)[7];
        catalogue.edit(Kind::Series, id, "plot", "Another plot")
    });
    let report = scene.follow(&expected);
    let same = |kind| report.kind(kind)["not_modified"] == true;
    assert_eq!(Kind::ALL.map(same), [true, true, false]);
    let [channels, movies, series] = sent(&scene);
    assert!(channels == 0 && movies == 0 && series > 0);
}

#[test]
fn a_deleted_row_comes_back_at_once() {
    let scene = synced(1703);
    let id = scene.ids(Kind::Movies)[5];
    // Another program, such as a player, deletes a row.
    scene.cache().execute(&format!("DELETE FROM xtream_movies WHERE stream_id={id}"));
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.counts(Kind::Movies).added, 1);
    scene.assert_true();
}
