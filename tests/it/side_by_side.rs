//! `sync --jobs`: several profiles at once, and one connection per account.

use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;
use sync_tests::{Account, Action, Behaviour, Catalogue, Condition, Gate, Kind, Panel, PanelConfig, Step};

use crate::program::{PASSWORD, Running, USERNAME, command, command_without_log, wait_until};
use crate::pseudo_terminal::PseudoTerminal;
use crate::scene::{HOME, Scene, assert_true, some_hundred};

const USERS: [&str; 4] = [USERNAME, "bob", "eve", "kim"];
const PROFILES: [&str; 4] = [HOME, "bob", "eve", "kim"];

/// Returns a panel with four users, and a profile of each.
fn four_users(seed: u64) -> Scene {
    let accounts = USERS.map(|user| Account::new(user, PASSWORD)).to_vec();
    let config = PanelConfig { accounts, ..PanelConfig::default() };
    let scene = Scene::without_profile(Panel::start(config, Catalogue::new(&some_hundred(seed))).unwrap());
    for (profile, user) in PROFILES.into_iter().zip(USERS) {
        add(&scene, profile, &scene.panel.base_url(), user);
    }
    scene
}

fn add(scene: &Scene, profile: &str, url: &str, user: &str) {
    let mut add = command(&scene.database, &["profile", "add", profile, "--url", url, "--username", user]);
    add.env("XTREAM_SYNC_PASSWORD", PASSWORD);
    Running::start(add).end().exits(0);
}

fn reports(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn statuses(stdout: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reports(stdout).iter().map(|report| (text(&report["profile"]), text(&report["status"]))).collect()
}

#[track_caller]
fn all_true(scene: &Scene) {
    for profile in PROFILES {
        for kind in Kind::ALL {
            assert_true(&mut scene.cache(), profile, &scene.panel, kind);
        }
    }
    scene.assert_consistent();
}

#[test]
fn several_profiles_are_synced_at_once_and_each_line_is_whole() {
    let scene = four_users(3101);
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
    let running = scene.start_sync(&["--json", "--jobs", "3"]);
    wait_until("three are in the middle", || gate.reached_count() == 3);
    let logins = scene.panel.requests().iter().filter(|request| request.action == Some(Action::Account)).count();
    assert_eq!(logins, 3, "the fourth waits for its turn");
    gate.open();
    let run = running.end().exits(0);
    let mut told = statuses(&run.stdout);
    told.sort();
    let expected = ["bob", "eve", HOME, "kim"].map(|profile| (profile.to_owned(), "completed".to_owned()));
    assert_eq!(told, expected);
    all_true(&scene);
    scene.panel.advance(&Step::ordinary());
    scene.sync(&["--jobs", "4"]).exits(0);
    all_true(&scene);
}

/// Two writes at the same time wait for each other, and for another program.
#[test]
fn runs_that_want_to_write_at_once_wait() {
    let scene = four_users(3102);
    let mut other = scene.cache();
    let gate = Gate::new();
    scene.panel.on(Action::LiveStreams, Behaviour::Gate(1_000, gate.clone()));
    let mut running = scene.start_sync(&["--jobs", "4"]);
    wait_until("all are in the middle", || gate.reached_count() == 4);
    other.execute("BEGIN IMMEDIATE");
    gate.open();
    for profile in PROFILES {
        running.wait_for(&format!("{profile}: channels: applying"));
    }
    assert!(!running.has_ended());
    other.execute("ROLLBACK");
    drop(other);
    let run = running.end().exits(0);
    assert_eq!(run.stdout.matches(": completed in ").count(), 4, "{}", run.stdout);
    all_true(&scene);
}

/// Panels ban accounts that open a second connection.
#[test]
fn profiles_of_one_account_are_synced_one_after_the_other() {
    let scene = Scene::of(&some_hundred(3103));
    for (profile, url) in
        [("again", scene.panel.base_url()), ("third", format!("{}/", scene.panel.base_url().replace("http", "HTTP")))]
    {
        scene.add(profile, &url, &[]).exits(0);
    }
    scene.panel.in_front(Behaviour::status(403).when(Condition::Parallel));
    let run = scene.sync(&["--jobs", "16"]).exits(0);
    let expected = ["again", HOME, "third"].map(|profile| (profile.to_owned(), "completed".to_owned()));
    assert_eq!(statuses(&run.stdout), expected);
    for profile in ["again", HOME, "third"] {
        assert_true(&mut scene.cache(), profile, &scene.panel, Kind::Movies);
    }
}

#[test]
fn a_dead_panel_and_a_wrong_login_delay_no_other_profile() {
    let scene = four_users(3104);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    add(&scene, "dead", &nowhere, "dan");
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
    let running = scene.start_sync(&["--json", "--jobs", "2", "--attempts", "2", HOME, "dead", "bob"]);
    wait_until("the dead one is told before the others end", || running.stdout_so_far().contains('\n'));
    wait_until("its place is taken by the next", || gate.reached_count() == 2);
    gate.open();
    let run = running.end().exits(5);
    let told = statuses(&run.stdout);
    assert_eq!(told[0], ("dead".to_owned(), "failed".to_owned()), "lines come in the order of completion");
    assert!(told[1..].iter().all(|(_, status)| status == "completed"), "{told:?}");
    add(&scene, "wrong", &scene.panel.base_url(), "nobody");
    // The exit code is the strongest one of all profiles.
    scene.sync(&["--jobs", "4", "--attempts", "1"]).exits(4);
    all_true(&scene);
}

#[test]
fn a_signal_cancels_all_and_each_ends_in_order() {
    let scene = four_users(3105);
    scene.sync(&["--jobs", "4"]).exits(0);
    scene.panel.advance(&Step::ordinary());
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(1_000, gate.clone()));
    let running = scene.start_sync(&["--json", "--jobs", "2"]);
    wait_until("two are in the middle", || gate.reached_count() == 2);
    let sent = Command::new("kill").args(["-INT", &running.pid().to_string()]).status().unwrap();
    assert!(sent.success());
    let run = running.end().exits(130);
    let told = statuses(&run.stdout);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told.iter().all(|(_, status)| status == "cancelled"), "{told:?}");
    let open = "SELECT COUNT(*) FROM xtream_sync_runs WHERE status='syncing'";
    assert_eq!(scene.cache().number(open), 0, "every run has an end");
    scene.panel.behave();
    scene.sync(&["--jobs", "4"]).exits(0);
    all_true(&scene);
}

#[test]
fn after_a_kill_all_are_old_or_new_and_the_next_sync_is_right() {
    for (seed, jobs) in [(3106, "2"), (3107, "4")] {
        let scene = four_users(seed);
        scene.sync(&["--jobs", "4"]).exits(0);
        let before = PROFILES.map(|profile| scene.cache().content_of(profile, Kind::Movies));
        scene.panel.advance(&Step::ordinary());
        let gate = Gate::new();
        scene.panel.on(Action::VodStreams, Behaviour::Gate(1_000, gate.clone()));
        let running = scene.start_sync(&["--json", "--jobs", jobs]);
        wait_until("all places are taken", || gate.reached_count() == jobs.parse::<usize>().unwrap());
        running.kill();
        scene.cache().assert_sound();
        let after = PROFILES.map(|profile| scene.cache().content_of(profile, Kind::Movies));
        assert_eq!(after, before, "nothing of the movies was written");
        scene.panel.behave();
        scene.sync(&["--jobs", jobs]).exits(0);
        all_true(&scene);
    }
}

#[test]
fn a_report_for_people_is_printed_in_one_piece_and_lines_name_their_profile() {
    let scene = four_users(3108);
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(1_000, gate.clone()));
    let command = command_without_log(&scene.database, &["sync", "--jobs", "4"]);
    let terminal = PseudoTerminal::start(command, 80, 40);
    terminal.wait_until("each has its line", |screen| {
        PROFILES.iter().all(|profile| screen.contains(&format!("{profile}: movies    waiting for the panel")))
    });
    gate.open();
    let ended = terminal.end().exits(0).fits().leaves_a_sane_terminal();
    let lines: Vec<_> = ended.text.lines().collect();
    let heads: Vec<_> = lines.iter().enumerate().filter(|(_, line)| line.contains(": completed in ")).collect();
    assert_eq!(heads.len(), 4, "{}", ended.text);
    for (at, _) in heads {
        for (line, word) in lines[at + 1..].iter().zip(["kind", "channels", "movies", "series"]) {
            assert!(line.trim_start().starts_with(word), "{}", ended.text);
        }
    }
}

#[test]
fn the_number_of_jobs_is_from_one_to_sixteen() {
    let scene = Scene::synced(3109);
    for wrong in ["0", "17", "-1", "many"] {
        scene.run(&["sync", &format!("--jobs={wrong}")]).exits(2);
    }
}
