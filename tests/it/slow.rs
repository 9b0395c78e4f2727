//! Slow links: a list that can't come in time, and rate limits.

use serde_json::Value;
use sync_tests::{Action, Behaviour, Kind, Step};

use crate::scene::{HOME, Scene};

/// Returns how often the movies were asked for after the first `before` requests.
fn asked(scene: &Scene, before: usize) -> usize {
    let requests = &scene.panel.requests()[before..];
    requests.iter().filter(|request| request.action == Some(Action::VodStreams)).count()
}

#[test]
fn a_list_that_is_too_slow_is_stopped_once_and_its_rows_stay() {
    let scene = Scene::synced(2701);
    scene.panel.advance(&Step::ordinary());
    scene.panel.on(Action::VodStreams, Behaviour::Throttle(2_000));
    let before = scene.panel.requests().len();
    let run = scene.sync(&["--deadline", "1"]).exits(3);
    let report = run.report();
    assert_eq!(report.outcomes(), ["completed", "failed", "completed"]);
    assert_eq!((report.error_code(Kind::Movies), asked(&scene, before)), (Some("too_slow"), 1));
    let error = &report.kind(Kind::Movies)["error"];
    let (message, hint) = (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
    assert!(message.contains("kB/s over the last minute") && message.contains("within 1 s"), "{message}");
    assert!(hint.contains("rate.deadline"), "{hint}");
    scene.assert_true_of(Kind::Channels);
    scene.assert_true_of(Kind::Series);
    let alone = scene.sync(&["--deadline", "1", "--only", "movies"]).exits(5);
    assert_eq!(alone.report().error_code(Kind::Movies), Some("too_slow"));
    // The setting has the same effect. Without it the list may come, although it takes longer than any other answer
    // may.
    scene.run(&["profile", "set", HOME, "rate.deadline=1"]).exits(0);
    scene.sync(&["--only", "movies"]).exits(5);
    scene.run(&["profile", "set", HOME, "rate.deadline="]).exits(0);
    scene.panel.on(Action::VodStreams, Behaviour::Throttle(100_000));
    scene.sync(&["--total-timeout", "0.1", "--only", "movies"]).exits(0);
    scene.assert_true();
}

/// The first list of a kind has no known size, so it has the time limits of every answer.
#[test]
fn a_list_of_unknown_size_has_the_limits_of_every_answer() {
    let scene = Scene::synced(2702);
    scene.run(&["clear", HOME]).exits(0);
    scene.panel.on(Action::VodStreams, Behaviour::Throttle(2_000));
    let args = ["--total-timeout", "0.5", "--deadline", "0.1", "--attempts", "1", "--only", "movies"];
    let report = scene.sync(&args).exits(5).report();
    assert_eq!(report.error_code(Kind::Movies), Some("panel_unreachable"));
}

#[test]
fn a_limit_of_our_own_slows_a_sync_and_fails_none() {
    let scene = Scene::synced(2703);
    scene.panel.advance(&Step::ordinary());
    let limits = ["--idle-timeout", "0.2", "--total-timeout", "0.2", "--deadline", "0.5"];
    let report = scene.sync(&[&["--limit-rate", "00:00,200k 12:00,201k"][..], &limits].concat()).exits(0).report();
    scene.assert_true();
    let lines = scene.run(&["history", "--json", "--limit", "1"]).exits(0).stdout;
    let run: Value = serde_json::from_str(&lines).unwrap();
    assert_eq!(run["wire_bytes"], report.0["wire_bytes"]);
    assert!(run["wire_bytes"].as_u64() > Some(10_000) && run["wire_bytes"].as_u64() <= run["bytes"].as_u64(), "{run}");
    let refused = scene.sync(&["--limit-rate", "fast"]).exits(2);
    assert!(refused.stderr.contains("512k") && !refused.stderr.contains("fast"), "{}", refused.stderr);
    let refused = scene.run(&["profile", "set", HOME, "rate.limit=8:0"]).exits(2);
    assert!(!refused.stderr.contains("8:0"), "{}", refused.stderr);
    scene.run(&["profile", "set", HOME, "rate.limit=Mon-08:00,512k Fri-17:00,off"]).exits(0);
    let shown = scene.run(&["profile", "show", HOME]).exits(0).stdout;
    assert!(shown.contains("Mon-08:00,512k Fri-17:00,off"), "{shown}");
}
