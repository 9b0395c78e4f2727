//! Probes: what the service asks between two whole lists, and the results.

use serde_json::Value;
use sync_tests::{Action, Catalogue, Kind, Panel, PanelConfig, Step};

use crate::scene::{Scene, panel_config, some_hundred};

/// Returns a panel that supports an offset, or doesn't.
fn scene(seed: u64, paging: bool) -> Scene {
    let config = PanelConfig { paging, ..panel_config() };
    Scene::at(Panel::start(config, Catalogue::new(&some_hundred(seed))).unwrap())
}

/// Runs a look of the service, later than an hour and its random part after the last run.
fn look(scene: &Scene) -> Value {
    let sooner = "UPDATE xtream_sync_runs SET started_at=started_at-4200,finished_at=finished_at-4200";
    scene.cache().execute(sooner);
    scene.panel.forget_requests();
    let run = scene.run(&["watch", "--once-due", "--json", "--schedule", "every 1h"]).exits(0);
    serde_json::from_str(&run.stdout).unwrap()
}

fn outcomes(report: &Value) -> [String; 3] {
    ["channels", "movies", "series"].map(|kind| report["kinds"][kind]["outcome"].as_str().unwrap().to_owned())
}

/// Returns the number of requests for a whole list, and the number of those for a part.
fn asked(scene: &Scene, action: Action) -> (usize, usize) {
    let requests: Vec<_> =
        scene.panel.requests().into_iter().filter(|request| request.action == Some(action)).collect();
    let parts = requests.iter().filter(|request| request.param("params[offset]").is_some()).count();
    (requests.len() - parts, parts)
}

#[test]
fn a_probe_replaces_the_list_until_the_list_grows() {
    let scene = scene(4501, true);
    assert_eq!(outcomes(&look(&scene)), ["completed"; 3]);
    let first = look(&scene);
    assert_eq!(outcomes(&first), ["probed_unchanged", "probed_unchanged", "unchanged"], "{first}");
    assert_eq!(asked(&scene, Action::VodStreams), (0, 2), "one to ask, one to prove it");
    let again = look(&scene);
    assert_eq!(outcomes(&again), ["probed_unchanged", "probed_unchanged", "unchanged"]);
    let movies = &again["kinds"]["movies"];
    assert!(movies["bytes"].as_u64().unwrap() < 5000, "{movies}");
    assert_eq!((&again["status"], &movies["requests"]), (&"completed".into(), &1.into()));
    assert_eq!((asked(&scene, Action::VodStreams), asked(&scene, Action::VodCategories)), ((0, 1), (0, 0)));
    let status = scene.run(&["status", "--json"]).exits(0);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert!(status["kinds"]["movies"]["probed_at"].is_i64() && status["kinds"]["series"]["probed_at"].is_null());
    let told = scene.run(&["status"]).exits(0).stdout;
    assert!(told.contains("a probe saw nothing new") && told.contains("what follows its last item"), "{told}");
    assert!(scene.run(&["history"]).exits(0).stdout.contains("probed_unchanged: a probe saw nothing new"));

    scene.panel.advance(&Step { added_percent: 2.0, ..Step::default() });
    let grown = look(&scene);
    assert_eq!(outcomes(&grown), ["completed"; 3], "{grown}");
    assert_eq!(asked(&scene, Action::VodStreams), (1, 1));
    scene.assert_true();
    // A sync that a person starts always asks for the list.
    scene.panel.forget_requests();
    scene.sync(&[]).exits(0);
    assert_eq!(asked(&scene, Action::VodStreams), (1, 0));
    scene.run(&["profile", "set", "home", "probes=off"]).exits(0);
    look(&scene);
    assert_eq!(asked(&scene, Action::VodStreams), (1, 0));
}

#[test]
fn probes_dont_make_a_list_younger() {
    let scene = scene(4502, true);
    look(&scene);
    let age = || -> i64 {
        let listed = "SELECT MAX(r.started_at) FROM xtream_sync_runs r JOIN xtream_sync_run_kinds k ON k.run_id=r.id \
                      WHERE k.kind='movies' AND k.outcome IN ('completed','unchanged')";
        scene.cache().number(listed)
    };
    look(&scene);
    let before = age();
    look(&scene);
    assert_eq!(age(), before - 4200, "only the time has passed");
    scene.run(&["status", "--check", "--max-age", "30m"]).exits(3);
    scene.run(&["status", "--check", "--max-age", "12h"]).exits(0);
    // Probes don't see edits and removals, and a probe removes nothing.
    scene.panel.advance(&Step { updated_percent: 5.0, ..Step::default() });
    assert_eq!(outcomes(&look(&scene))[1], "probed_unchanged");
    scene.sync(&[]).exits(0);
    scene.assert_true();
}

#[test]
fn a_panel_without_an_offset_is_asked_once() {
    let scene = scene(4503, false);
    look(&scene);
    assert_eq!(outcomes(&look(&scene)), ["unchanged"; 3]);
    assert_eq!(asked(&scene, Action::VodStreams), (1, 1));
    assert_eq!(outcomes(&look(&scene)), ["unchanged"; 3]);
    assert_eq!(asked(&scene, Action::VodStreams), (1, 0));
    scene.assert_true_of(Kind::Movies);
}
