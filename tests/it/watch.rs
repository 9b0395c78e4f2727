//! `watch` without a person: signals, kills, panels that fail, a full disk, a restore.
//!
//! The schedules here are of seconds. Tests that take days of simulated time are in `sync-service`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sync_tests::{Action, Behaviour, Gate, Kind, Step};

use crate::cache::Cache;
use crate::program::{Running, command, wait_until};
use crate::scene::{HOME, Scene, assert_true, some_hundred, start_panel};

/// Starts a watch on the cache of a scene.
fn watch(scene: &Scene, more: &[&str]) -> Running {
    Running::start(command(&scene.database, &[&["watch", "--json", "--backoff", "0.01"], more].concat()))
}

const SECOND: [&str; 2] = ["--schedule", "every 1s"];

fn send(signal: &str, process: &Running) {
    let sent = Command::new("kill").args([format!("-{signal}"), process.pid().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Returns the reports of one profile that a watch has printed so far.
fn reports(watch: &Running, profile: &str) -> Vec<Value> {
    let text = watch.stdout_so_far();
    let whole = text.rsplit_once('\n').map(|(whole, _)| whole).unwrap_or_default();
    let all = whole.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|report| report["profile"] == profile).collect()
}

#[track_caller]
fn wait_for_reports(watch: &Running, profile: &str, count: usize) {
    wait_until("enough runs have ended", || reports(watch, profile).len() >= count);
}

/// Ends a watch by a signal. Returns the time that this took.
fn stop(watch: Running, signal: &str) -> Duration {
    send(signal, &watch);
    let sent = Instant::now();
    watch.end().exits(0);
    sent.elapsed()
}

/// Fails if two runs of a profile overlap.
fn assert_one_after_the_other(scene: &Scene) {
    let overlapping = "SELECT COUNT(*) FROM xtream_sync_runs a JOIN xtream_sync_runs b ON b.profile_id=a.profile_id \
                       AND b.id>a.id AND b.started_at<a.finished_at";
    assert_eq!(scene.cache().number(overlapping), 0);
}

#[test]
fn two_panels_are_followed_until_a_signal() {
    let scene = Scene::of(&some_hundred(4301));
    let other = start_panel(&some_hundred(4302));
    scene.add("away", &other.base_url(), &[]).exits(0);
    let watch = watch(&scene, &SECOND);
    for round in 1..4 {
        wait_for_reports(&watch, HOME, round);
        wait_for_reports(&watch, "away", round);
        scene.panel.advance(&Step::ordinary());
        other.advance(&Step::ordinary());
    }
    let (home, away) = (reports(&watch, HOME).len(), reports(&watch, "away").len());
    wait_for_reports(&watch, HOME, home + 2);
    wait_for_reports(&watch, "away", away + 2);
    assert!(reports(&watch, HOME).iter().all(|report| report["trigger"] == "schedule"));
    assert!(stop(watch, "TERM") < Duration::from_secs(2));
    assert_eq!((scene.panel.max_parallel(), other.max_parallel()), (1, 1));
    assert_one_after_the_other(&scene);
    for kind in Kind::ALL {
        assert_true(&mut scene.cache(), HOME, &scene.panel, kind);
        assert_true(&mut scene.cache(), "away", &other, kind);
    }
    let history = scene.run(&["history", "--json", "--limit", "1", "--profile", HOME]).exits(0);
    assert!(history.stdout.contains(r#""trigger":"schedule""#), "{}", history.stdout);
}

#[test]
fn a_signal_in_the_middle_of_a_list_ends_it_in_order() {
    for signal in ["INT", "TERM"] {
        let scene = Scene::synced(4303);
        let gate = Gate::new();
        scene.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
        let watch = watch(&scene, &SECOND);
        wait_until("the body is half way", || gate.reached_count() > 0);
        assert!(stop(watch, signal) < Duration::from_secs(2));
        let status = scene.run(&["history", "--json", "--limit", "1"]).exits(0);
        assert!(status.stdout.contains(r#""status":"cancelled""#), "{}", status.stdout);
        // A cancelled kind is due at once.
        scene.panel.behave();
        scene.run(&["watch", "--once-due", "--schedule", "every 1s"]).exits(0);
        scene.assert_true();
    }
}

#[test]
fn the_watch_ends_when_its_output_is_closed() {
    let scene = Scene::of(&some_hundred(4319));
    let arguments = [&["watch", "--json", "--backoff", "0.01"], &SECOND[..]].concat();
    let mut child = command(&scene.database, &arguments).stderr(Stdio::null()).spawn().unwrap();
    let mut first = String::new();
    // The pipe is closed after the first line, as by `head -1`.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains(r#""trigger":"schedule""#), "{first}");
    let mut ended = None;
    wait_until("it ends", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0));
    scene.cache().assert_sound();
}

#[test]
fn a_second_watch_is_refused_and_a_sync_is_not() {
    let scene = Scene::synced(4304);
    let first = watch(&scene, &["--schedule", "every 1h"]);
    wait_until("it holds its right", || scene.database.with_file_name("xtream.db-watch").exists());
    wait_until("a second watch is refused", || {
        let mut second = watch(&scene, &SECOND);
        std::thread::sleep(Duration::from_millis(100));
        second.has_ended() && second.end().code == Some(11)
    });
    scene.sync(&[]).exits(0);
    scene.run(&["watch", "--once-due"]).exits(0);
    stop(first, "TERM");
    // The right to watch ends with the process that has it, however the process ends.
    let third = watch(&scene, &SECOND);
    wait_for_reports(&third, HOME, 1);
    third.kill();
    let fourth = watch(&scene, &SECOND);
    wait_for_reports(&fourth, HOME, 1);
    stop(fourth, "INT");
}

#[test]
fn after_a_kill_the_next_watch_continues() {
    let scene = Scene::of(&some_hundred(4305));
    for round in 0..3 {
        scene.panel.advance(&Step::ordinary());
        let gate = Gate::new();
        scene.panel.on(Action::VodStreams, Behaviour::Gate(5000 * round, gate.clone()));
        let watch = watch(&scene, &SECOND);
        wait_until("the list is under way", || gate.reached_count() > 0);
        watch.kill();
        scene.panel.behave();
    }
    let watch = watch(&scene, &SECOND);
    // The kinds that were not interrupted come first, and the others after a pause.
    let came = |report: &Value, kind| report["kinds"][kind]["outcome"] == "completed";
    wait_until("the lists have come", || {
        let reports = reports(&watch, HOME);
        ["movies", "series"].iter().all(|kind| reports.iter().any(|report| came(report, kind)))
    });
    stop(watch, "TERM");
    scene.assert_true();
    let interrupted = "SELECT COUNT(*) FROM xtream_sync_runs WHERE status='interrupted'";
    assert_eq!(scene.cache().number(interrupted), 3);
    assert_one_after_the_other(&scene);
}

#[test]
fn a_hangup_applies_settings_at_once() {
    let scene = Scene::of(&some_hundred(4306));
    scene.run(&["profile", "set", HOME, "schedule=off"]).exits(0);
    let mut watch = watch(&scene, &[]);
    wait_until("it holds its right", || scene.database.with_file_name("xtream.db-watch").exists());
    scene.run(&["profile", "set", HOME, "schedule=every 1s", "kinds.off=movies"]).exits(0);
    wait_until("it runs after a hangup", || {
        send("HUP", &watch);
        std::thread::sleep(Duration::from_millis(50));
        !reports(&watch, HOME).is_empty()
    });
    assert!(!watch.has_ended());
    let report = reports(&watch, HOME).remove(0);
    assert_eq!(report["kinds"]["movies"]["switched_off"], true);
    assert_eq!(report["kinds"]["series"]["outcome"], "completed");
    stop(watch, "TERM");
}

#[test]
fn a_panel_that_is_down_is_asked_less_and_less_and_the_other_goes_on() {
    let scene = Scene::of(&some_hundred(4307));
    let other = start_panel(&some_hundred(4308));
    scene.add("away", &other.base_url(), &[]).exits(0);
    other.in_front(Behaviour::Status(503, Vec::new(), Vec::new()));
    let watch = watch(&scene, &["--schedule", "every 1s", "--attempts", "1"]);
    wait_for_reports(&watch, "away", 4);
    let failures = reports(&watch, "away");
    assert!(failures.iter().all(|report| report["errors"][0]["code"] == "panel_unreachable"));
    wait_for_reports(&watch, HOME, failures.len() + 1);
    let history = scene.run(&["history", "--json", "--profile", "away"]).exits(0);
    let mut began: Vec<_> = history
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["started_at"].as_i64().unwrap())
        .collect();
    began.sort_unstable();
    // There is a second between the first two attempts, and the time doubles after each further one.
    for (gap, pause) in began.windows(2).map(|pair| pair[1] - pair[0]).zip([1, 2, 4]) {
        assert!(gap >= pause, "{gap} s, not {pause}: {began:?}");
    }
    other.behave();
    wait_until("it has come back", || reports(&watch, "away").iter().any(|report| report["status"] == "completed"));
    stop(watch, "TERM");
    for kind in Kind::ALL {
        assert_true(&mut scene.cache(), "away", &other, kind);
    }
}

#[test]
fn a_refused_login_is_not_repeated() {
    let scene = Scene::of(&some_hundred(4309));
    scene.panel.on(Action::Account, Behaviour::Refused);
    let watch = watch(&scene, &SECOND);
    wait_for_reports(&watch, HOME, 1);
    let logins = scene.panel.request_count(Action::Account);
    scene.panel.behave();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(scene.panel.request_count(Action::Account), logins, "it waits for an hour");
    stop(watch, "TERM");
    // A person may sync at any time.
    scene.sync(&[]).exits(0);
}

/// Limits the size of the files that this process may write.
fn limit_files(process: &Running, size: &str) {
    let limit = format!("--fsize={size}:unlimited");
    let set = Command::new("prlimit").args(["--pid", &process.pid().to_string(), &limit]).status().unwrap();
    assert!(set.success());
}

#[test]
fn a_full_disk_is_waited_out() {
    let scene = Scene::of(&some_hundred(4310));
    let watch = watch(&scene, &SECOND);
    wait_for_reports(&watch, HOME, 2);
    limit_files(&watch, "1");
    let full = || reports(&watch, HOME).iter().filter(|report| report["errors"][0]["code"] == "disk_full").count();
    // If opening the cache fails, there is no run and no report.
    scene.panel.advance(&Step::ordinary());
    wait_until("nothing can be written", || {
        let known = reports(&watch, HOME).len();
        std::thread::sleep(Duration::from_secs(3));
        full() > 0 || reports(&watch, HOME).len() == known
    });
    let known = reports(&watch, HOME).len();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(reports(&watch, HOME).len(), known, "it waits for a minute");
    limit_files(&watch, "unlimited");
    wait_until("there is room", || {
        send("HUP", &watch);
        std::thread::sleep(Duration::from_millis(100));
        reports(&watch, HOME).len() > known
    });
    stop(watch, "TERM");
    scene.assert_true();
    scene.cache().assert_sound();
}

#[test]
fn a_restore_and_an_upgrade_find_the_cache_free() {
    let scene = Scene::synced(4311);
    let backup = scene.folder().join("backup.db");
    scene.run(&["backup", backup.to_str().unwrap()]).exits(0);
    let mut watch = watch(&scene, &[]);
    wait_until("it holds its right", || scene.database.with_file_name("xtream.db-watch").exists());
    scene.panel.advance(&Step::ordinary());
    scene.sync(&[]).exits(0);
    wait_until("the cache is restored", || scene.run(&["restore", backup.to_str().unwrap()]).code == Some(0));
    let restored = scene.cache().content(HOME);
    assert_eq!(restored, Cache::open(&backup).content(HOME));
    // The watch goes on with the restored cache.
    scene.run(&["profile", "set", HOME, "schedule=every 1s"]).exits(0);
    send("HUP", &watch);
    wait_for_reports(&watch, HOME, 1);
    scene.run(&["profile", "set", HOME, "schedule=off"]).exits(0);
    send("HUP", &watch);
    scene.cache().execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    wait_until("it ends", || {
        send("HUP", &watch);
        std::thread::sleep(Duration::from_millis(100));
        watch.has_ended()
    });
    watch.end().exits(9);
}

#[test]
fn a_single_round_runs_due_kinds() {
    let scene = Scene::of(&some_hundred(4312));
    let once = |scene: &Scene| scene.run(&["watch", "--once-due", "--json", "--backoff", "0.01"]);
    let first = once(&scene).exits(0);
    assert!(first.stdout.contains(r#""trigger":"once_due""#), "{first:?}");
    scene.assert_true();
    scene.panel.forget_requests();
    assert_eq!(once(&scene).exits(0).stdout, "", "nothing is due");
    assert_eq!(scene.panel.requests().len(), 0);
    // A kind whose content was deleted is due again.
    scene.run(&["clear", HOME]).exits(0);
    assert_eq!(once(&scene).exits(0).stdout.lines().count(), 1);
    scene.assert_true();
    // The exit code is that of the runs.
    let away = Scene::of(&some_hundred(4313));
    away.panel.in_front(Behaviour::Status(503, Vec::new(), Vec::new()));
    once(&away).exits(5);
    assert_eq!(once(&away).exits(0).stdout, "", "a pause");
    let refused = Scene::of(&some_hundred(4314));
    refused.panel.on(Action::Account, Behaviour::Refused);
    once(&refused).exits(4);
}

#[test]
fn the_columns_of_an_application_set_the_schedule() {
    let scene = Scene::synced(4315);
    let age = |hours: i64| {
        let shift =
            format!("UPDATE xtream_sync_runs SET started_at=started_at-{0},finished_at=finished_at-{0}", hours * 3600);
        scene.cache().execute(&shift);
    };
    let once = || scene.run(&["watch", "--once-due", "--json"]).exits(0).stdout.lines().count();
    scene.cache().execute("UPDATE xtream_sync_settings SET sync_interval_hours=2");
    age(1);
    assert_eq!(once(), 0);
    age(2);
    assert_eq!(once(), 1);
    age(3);
    scene.cache().execute("UPDATE xtream_sync_settings SET auto_sync_enabled=0");
    assert_eq!(once(), 0);
    scene.run(&["profile", "set", HOME, "schedule=every 2h"]).exits(0);
    assert_eq!(once(), 1, "a schedule that a person has set precedes the columns");
}

#[test]
fn a_sync_is_postponed_while_all_connections_are_in_use() {
    let scene = Scene::synced(4316);
    let accounts = vec![
        sync_tests::Account::new(crate::program::USERNAME, crate::program::PASSWORD)
            .telling("active_cons", sync_tests::JsonForm::Text("1".into()))
            .telling("max_connections", sync_tests::JsonForm::Text("1".into())),
    ];
    scene.panel.set_accounts(accounts);
    scene.panel.forget_requests();
    let once = || scene.run(&["watch", "--once-due", "--json", "--schedule", "every 1s"]).exits(0).stdout;
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(once(), "");
    assert_eq!(scene.panel.requests().len(), 1, "the login alone");
    scene.run(&["profile", "set", HOME, "busy.postpone=no"]).exits(0);
    assert_eq!(once().lines().count(), 1);
}

#[test]
fn wrong_words_and_missing_profiles_are_errors_of_usage() {
    let scene = Scene::synced(4317);
    for args in [&["watch", "nobody"][..], &["watch", "--schedule", "often"], &["watch", "--schedule", "every 0s"]] {
        let run = scene.run(args).exits(2);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{run:?}");
    }
    let empty = Scene::without_profile(start_panel(&some_hundred(4318)));
    empty.run(&["watch"]).exits(2);
    empty.run(&["watch", "--once-due"]).exits(2);
}
