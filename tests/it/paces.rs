//! One pace per account, across processes and profiles.

use std::process::Command;

use serde_json::Value;
use sync_tests::{Action, Behaviour, Gate, Kind};

use crate::program::wait_until;
use crate::scene::{HOME, Scene, assert_true, some_hundred};

fn pace(scene: &Scene) -> Value {
    let status: Value = serde_json::from_str(&scene.run(&["status", HOME, "--json"]).exits(0).stdout).unwrap();
    status["pace"].clone()
}

fn row(scene: &Scene) -> Vec<String> {
    scene.cache().lines("SELECT host || username || rate || requests || used_at FROM xtream_account_paces")
}

/// Returns the times between the requests so far, in milliseconds.
fn gaps(scene: &Scene) -> Vec<u128> {
    let began: Vec<_> = scene.panel.requests().iter().map(|request| request.began).collect();
    began.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).as_millis()).collect()
}

#[test]
fn after_a_refusal_the_next_process_asks_slowly() {
    let scene = Scene::of(&some_hundred(3301));
    assert_eq!(pace(&scene), Value::Null);
    scene.sync(&[]).exits(0);
    let healthy = pace(&scene);
    assert_eq!(
        (&healthy["refused_at"], &healthy["requests_today"], &healthy["budget"]),
        (&Value::Null, &7.into(), &5000.into())
    );
    scene.panel.on_next(Action::SeriesCategories, 1, &Behaviour::status(429));
    scene.sync(&["--only", "series"]).exits(0);
    let reduced = pace(&scene);
    assert!(reduced["refused_at"].is_i64() && reduced["requests_per_second"].as_f64().unwrap() < 1.0, "{reduced}");
    assert_eq!(reduced["requests_today"], 11);
    let told = scene.run(&["status", HOME]).exits(0).stdout;
    assert!(told.contains("because the panel refused requests on"), "{told}");
    // A dry run obeys the pace, and stores nothing about it.
    for (dry, only) in [(&["--dry-run"][..], "series"), (&[], "movies")] {
        scene.panel.forget_requests();
        let before = row(&scene);
        scene.sync(&[dry, &["--only", only]].concat()).exits(0);
        assert_eq!(row(&scene) == before, !dry.is_empty());
        let gaps = gaps(&scene);
        assert!(gaps.len() >= 2 && gaps.iter().all(|gap| *gap >= 500), "{gaps:?}");
    }
    scene.assert_consistent();
}

#[test]
fn two_processes_with_profiles_of_one_account_ask_one_after_the_other() {
    let scene = Scene::of(&some_hundred(3302));
    scene.add("again", &format!("{}/", scene.panel.base_url()), &[]).exits(0);
    scene.sync(&["--only", "series"]).exits(0);
    let gate = Gate::new();
    scene.panel.on_next(Action::VodStreams, 1, &Behaviour::Gate(10_000, gate.clone()));
    let first = scene.start_sync(&[HOME]);
    wait_until("the first is in the middle", || gate.reached_count() == 1);
    let asked = scene.panel.requests().len();
    let waiting = "again: waiting for another sync of the same account";
    let (mut second, mut third) = (scene.start_sync(&["again"]), scene.start_sync(&["again", "--dry-run"]));
    second.wait_for(waiting);
    third.wait_for(waiting);
    assert!(!second.has_ended() && !third.has_ended());
    // A second sync of a profile that is being synced doesn't wait.
    scene.sync(&[HOME]).exits(11);
    let sent = Command::new("kill").args(["-INT", &third.pid().to_string()]).status().unwrap();
    assert!(sent.success());
    third.end().exits(130);
    assert_eq!(scene.panel.requests().len(), asked);
    gate.open();
    first.end().exits(0);
    second.end().exits(0);
    assert_eq!(scene.panel.max_parallel(), 1);
    for profile in [HOME, "again"] {
        assert_true(&mut scene.cache(), profile, &scene.panel, Kind::Movies);
    }
}

/// If a process dies, its lock is free at once.
#[test]
fn a_killed_process_keeps_no_other_waiting() {
    let scene = Scene::of(&some_hundred(3303));
    scene.add("again", &scene.panel.base_url(), &[]).exits(0);
    let gate = Gate::new();
    scene.panel.on_next(Action::VodStreams, 1, &Behaviour::Gate(10_000, gate.clone()));
    let first = scene.start_sync(&[HOME]);
    wait_until("the first is in the middle", || gate.reached_count() == 1);
    first.kill();
    gate.open();
    scene.sync(&["again"]).exits(0);
}
