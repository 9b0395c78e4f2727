//! Ctrl-C: the first one ends a run in order, and the second one ends it at once.

use std::process::Command;
use std::time::{Duration, Instant};

use sync_tests::{Action, Behaviour, Gate, Kind, Step};

use crate::program::{Running, wait_until};
use crate::scene::{HOME, Scene};

fn send(signal: &str, process: &Running) {
    let sent = Command::new("kill").args([format!("-{signal}"), process.pid().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_signal_in_the_middle_of_a_body_ends_the_run_in_order() {
    for (seed, signal) in [(1101, "INT"), (1102, "TERM")] {
        let scene = Scene::synced(seed);
        scene.panel.advance(&Step::ordinary());
        let gate = Gate::new();
        scene.panel.on(Action::VodStreams, Behaviour::Gate(100_000, gate.clone()));
        let before = scene.cache().content_of(HOME, Kind::Movies);
        let running = scene.start_sync(&["--json"]);
        wait_until("the body is half way", || gate.reached_count() > 0);
        wait_until("the channels are written", || scene.written() == 1);
        let sent = Instant::now();
        send(signal, &running);
        let run = running.end().exits(130);
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        let report = run.report();
        assert_eq!((report.status(), report.outcomes()), ("cancelled", ["completed", "cancelled", "cancelled"]));
        assert_eq!(scene.cache().content_of(HOME, Kind::Movies), before);
        scene.assert_true_of(Kind::Channels);
        scene.panel.behave();
        scene.sync(&[]).exits(0);
        scene.assert_true();
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let scene = Scene::synced(1103);
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(1000, gate.clone()));
    let mut running = scene.start_sync(&[]);
    wait_until("the body is under way", || gate.reached_count() > 0);
    // Another program writes, so the end of the run can't be recorded for some seconds.
    let mut other = scene.cache();
    other.execute("BEGIN IMMEDIATE");
    send("INT", &running);
    running.wait_for("stopping");
    assert!(!running.has_ended(), "it waits to record its end");
    let sent = Instant::now();
    send("INT", &running);
    running.end().exits(130);
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
    other.execute("ROLLBACK");
    drop(other);
    let status = scene.run(&["status", "--json"]).exits(0);
    assert!(status.stdout.contains(r#""status":"interrupted""#), "{}", status.stdout);
    scene.panel.behave();
    scene.sync(&[]).exits(0);
    scene.assert_true();
}
