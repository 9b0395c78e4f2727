//! Several processes at once.

use sync_tests::{Action, Behaviour, Gate, Kind};

use crate::program::wait_until;
use crate::scene::{HOME, Scene, some_hundred, start_panel};

#[test]
fn of_four_processes_one_syncs_and_the_others_report_it() {
    let scene = Scene::of(&some_hundred(1301));
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
    let mut running: Vec<_> = (0..4).map(|_| scene.start_sync(&["--json"])).collect();
    wait_until("one is in the middle, the others gave up", || {
        let ended = running.iter_mut().filter_map(|one| one.has_ended().then_some(())).count();
        gate.reached_count() == 1 && ended == 3
    });
    gate.open();
    let runs: Vec<_> = running.into_iter().map(crate::program::Running::end).collect();
    let mut codes: Vec<_> = runs.iter().map(|run| run.code.unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 11, 11, 11]);
    for run in runs.iter().filter(|run| run.code == Some(11)) {
        assert!(run.stdout.contains(r#""code":"profile_busy""#), "{run:?}");
    }
    assert_eq!(scene.panel.requests().len(), 7, "those that gave up asked the panel nothing");
    scene.assert_true();
    assert_eq!(scene.cache().count("xtream_sync_runs"), 1);
}

#[test]
fn four_processes_at_once_end_with_the_right_cache() {
    let scene = Scene::of(&some_hundred(1302));
    for _ in 0..3 {
        let running: Vec<_> = (0..4).map(|_| scene.start_sync(&["--json"])).collect();
        let codes: Vec<_> = running.into_iter().map(|one| one.end().code.unwrap()).collect();
        assert!(codes.contains(&0) && codes.iter().all(|code| [0, 11].contains(code)), "{codes:?}");
        scene.assert_true();
        scene.cache().assert_sound();
        scene.panel.advance(&sync_tests::Step::ordinary());
    }
    scene.sync(&[]).exits(0);
    scene.assert_true();
    let unfinished = "SELECT COUNT(*) FROM xtream_sync_runs WHERE status<>'completed'";
    assert_eq!(scene.cache().number(unfinished), 0);
}

#[test]
fn two_profiles_sync_at_the_same_time() {
    let scene = Scene::of(&some_hundred(1303));
    let other = start_panel(&some_hundred(1304));
    scene.add("away", &other.base_url(), &[]).exits(0);
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
    let home = scene.start_sync(&[HOME]);
    wait_until("one is in the middle", || gate.reached_count() == 1);
    // While one profile receives a list, the other one can write.
    scene.sync(&["away"]).exits(0);
    gate.open();
    home.end().exits(0);
    for kind in Kind::ALL {
        crate::scene::assert_true(&mut scene.cache(), "away", &other, kind);
    }
    scene.assert_true();
}

#[test]
fn a_profile_under_way_cannot_be_cleared_or_removed() {
    let scene = Scene::synced(1305);
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
    let running = scene.start_sync(&[]);
    wait_until("it is in the middle", || gate.reached_count() == 1);
    scene.run(&["clear", HOME]).exits(11);
    scene.run(&["profile", "remove", HOME]).exits(11);
    let status = scene.run(&["status", "--json"]).exits(0);
    assert!(status.stdout.contains(r#""status":"syncing""#), "{}", status.stdout);
    gate.open();
    running.end().exits(0);
    scene.assert_true();
}
