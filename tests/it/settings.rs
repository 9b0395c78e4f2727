//! Settings of a profile: they are kept, they take effect, and the options of a run take precedence over them.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sync_app::{ContentCache, Database, SyncHandle, SyncScheduler, SyncStatus};
use sync_tests::{Action, Behaviour, Kind, Step};
use sync_xtream::XtreamConfig;

use crate::program::{PASSWORD, USERNAME};
use crate::scene::{HOME, Scene, some_hundred};

/// Returns the settings that `profile show --json` prints.
fn settings(scene: &Scene) -> Value {
    let run = scene.run(&["profile", "show", HOME, "--json"]).exits(0);
    let mut line: Value = serde_json::from_str(run.stdout.trim()).unwrap();
    assert_eq!(line["profile"], HOME);
    line["settings"].take()
}

/// Returns the keys whose values differ from the defaults.
fn changed(settings: &Value) -> Vec<String> {
    let differs = |(_, it): &(&String, &Value)| it["value"] != it["default"];
    settings.as_object().unwrap().iter().filter(differs).map(|(key, _)| key.clone()).collect()
}

#[test]
fn settings_of_an_old_cache_survive() {
    let scene = Scene::of(&some_hundred(3101));
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/sync-sqlite/tests/fixtures/sixth-schema.cache");
    std::fs::copy(old, &scene.database).unwrap();
    // A command that only reads doesn't change an older cache, and says which command migrates it.
    scene.run(&["profile", "show", HOME]).exits(8);
    scene.run(&["profile", "set", HOME, "attempts=2"]).exits(0);
    let now = settings(&scene);
    for (key, value) in [
        ("guard.share", json!(20)),
        ("guard.floor", json!(5)),
        ("guard.category", json!(6)),
        ("retention.listings", json!(4)),
        ("retention.days", json!(8)),
        ("retention.tombstones", json!(31)),
        ("feed.days", json!(91)),
        ("feed.entries", json!(400_000)),
        ("policy", json!("timestamp")),
        ("search.fields", json!("names")),
        ("user-agent", json!("Player/1")),
        ("tls.verify", json!(false)),
        ("hosts.other", json!("refuse")),
        ("rate.parallel", json!(2)),
        ("attempts", json!(2)),
    ] {
        assert_eq!(now[key]["value"], value, "{key}");
    }
    assert_eq!(changed(&now).len(), 15, "{now}");
    scene.run(&["status", HOME]).exits(0);
}

#[test]
fn settings_of_a_newer_version_are_kept() {
    let scene = Scene::synced(3102);
    scene.cache().execute(
        "INSERT INTO xtream_profile_settings VALUES ('home','from.the.future','7'), ('home','kinds.off','episodes')",
    );
    let rows = |scene: &Scene| {
        let sql = "SELECT key||'='||value AS line FROM xtream_profile_settings WHERE profile_id='home' ORDER BY 1";
        scene.cache().lines(sql)
    };
    assert_eq!(changed(&settings(&scene)), [""; 0]);
    scene.add(HOME, &scene.panel.base_url(), &["--removal-share", "41"]).exits(0);
    scene.run(&["profile", "set", HOME, "attempts=2", "backoff=0.5"]).exits(0);
    scene.sync(&[]).exits(0);
    scene.run(&["clear", HOME]).exits(0);
    assert_eq!(rows(&scene), ["attempts=2", "backoff=0.5", "from.the.future=7", "kinds.off=episodes"]);
    let copy = scene.folder().join("copy.db");
    scene.run(&["backup", copy.to_str().unwrap()]).exits(0);
    scene.run(&["profile", "set", HOME, "attempts=", "backoff="]).exits(0);
    assert_eq!(rows(&scene), ["from.the.future=7", "kinds.off=episodes"]);
    scene.run(&["restore", copy.to_str().unwrap()]).exits(0);
    assert_eq!(rows(&scene).len(), 4, "a backup has them");
    scene.run(&["check"]).exits(0);
    scene.run(&["profile", "remove", HOME]).exits(0);
    assert_eq!(rows(&scene), [""; 0]);
}

#[test]
fn a_setting_takes_effect_and_an_option_precedes_it() {
    let scene = Scene::synced(3103);
    scene.panel.on(Action::Account, Behaviour::Status(503, Vec::new(), Vec::new()));
    let asked = |more: &[&str]| {
        scene.panel.forget_requests();
        assert_ne!(scene.sync(more).code, Some(0));
        scene.panel.requests().len()
    };
    // If the profile has a user agent, the login is not tried as another client.
    scene.run(&["profile", "set", HOME, "attempts=3", "user-agent=Player/1"]).exits(0);
    assert_eq!([asked(&[]), asked(&["--attempts", "1"]), asked(&["--attempts", "2"])], [3, 1, 2]);
    scene.run(&["profile", "set", HOME, "attempts=1"]).exits(0);
    assert_eq!(asked(&[]), 1);
    scene.panel.behave();
    // The option of the run is larger than the limit of the profile, and takes precedence.
    scene.run(&["profile", "set", HOME, "limits.elements=10"]).exits(0);
    let full = ["--full"];
    scene.sync(&full).exits(6);
    scene.sync(&["--full", "--max-elements", "100000"]).exits(0);
    scene.run(&["check", HOME, "--panel"]).exits(6);
    scene.run(&["profile", "set", HOME, "limits.elements="]).exits(0);
    scene.sync(&full).exits(0);
    scene.assert_true();
}

#[test]
fn the_setting_of_attempts_applies_and_an_option_precedes_it() {
    let scene = Scene::of(&some_hundred(3104));
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    scene.add(HOME, &format!("http://{dead}"), &[]).exits(0);
    scene.run(&["profile", "set", HOME, "attempts=1", "timeout.connect=5"]).exits(0);
    let is_repeated = |args: &[&str]| scene.run(args).exits(5).stderr.contains("is repeated");
    assert!(!is_repeated(&["sync"]));
    assert!(is_repeated(&["sync", "--attempts", "2", "--backoff", "0.01"]), "an option of the run precedes it");
}

#[test]
fn a_kind_that_is_off_is_not_synced() {
    let scene = Scene::of(&some_hundred(3105));
    scene.run(&["profile", "set", HOME, "kinds.off=series"]).exits(0);
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!((report.status(), report.outcomes()), ("completed", ["completed", "completed", "skipped"]));
    assert_eq!(report.kind(Kind::Series)["switched_off"], true);
    assert!(report.kind(Kind::Movies).get("switched_off").is_none());
    assert_eq!(scene.panel.request_count(Action::Series) + scene.panel.request_count(Action::SeriesCategories), 0);
    let told = scene.run(&["sync"]).exits(0).stdout;
    assert!(told.contains("series    switched off"), "{told}");
    // A kind that the command line names is synced although it is switched off.
    let report = scene.sync(&["--only", "series"]).exits(0).report();
    assert_eq!(report.outcomes(), ["skipped", "skipped", "completed"]);
    assert!(report.kind(Kind::Series).get("switched_off").is_none());
    assert!(report.kind(Kind::Movies).get("switched_off").is_none(), "it was not asked for, and is not off");
    // The rows of the kind stay, whatever the panel changes.
    let before = scene.cache().raw_rows(HOME, Kind::Series);
    assert_eq!(before.len(), 120);
    scene.panel.advance(&Step::ordinary());
    scene.sync(&[]).exits(0);
    assert_eq!(scene.cache().raw_rows(HOME, Kind::Series), before);
    scene.assert_true_of(Kind::Movies);
    let status: Value = serde_json::from_str(scene.run(&["status", "--json"]).exits(0).stdout.trim()).unwrap();
    assert_eq!(status["kinds"]["series"]["switched_off"], true);
    assert_eq!(
        (&status["kinds"]["series"]["items"], status["kinds"]["movies"].get("switched_off")),
        (&json!(120), None)
    );
    // When it is switched on again, the kind follows the panel.
    scene.run(&["profile", "set", HOME, "kinds.off="]).exits(0);
    scene.sync(&[]).exits(0);
    scene.assert_true();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_honours_the_settings() {
    let scene = tokio::task::spawn_blocking(|| {
        let scene = Scene::of(&some_hundred(3106));
        scene.run(&["profile", "set", HOME, "kinds.off=channels,series", "attempts=2"]).exits(0);
        scene
    });
    let scene = scene.await.unwrap();
    let db = Database::open(&scene.database).unwrap();
    let content_cache = ContentCache::new(db.clone());
    let config = XtreamConfig::new().system_proxy(false).user_agent("Player/1").backoff(Duration::from_millis(5));
    let scheduler = SyncScheduler::new(db).with_panel_config(config);
    let (_handle, tx, cancel) = SyncHandle::new(HOME.to_owned());
    let url = scene.panel.base_url();
    let run = scheduler.run_incremental_sync(HOME, &url, USERNAME, PASSWORD, &content_cache, &tx, &cancel).await;
    let result = run.unwrap();
    assert_eq!((result.status, result.movies.added, result.channels.added), (SyncStatus::Completed, 400, 0));
    let run = scheduler
        .sync_content_incremental(HOME, &url, USERNAME, PASSWORD, "series", &content_cache, &tx, &cancel)
        .await;
    assert_eq!(run.unwrap().series.added, 120, "a kind that is named");
    scene.panel.on(Action::Account, Behaviour::Status(503, Vec::new(), Vec::new()));
    scene.panel.forget_requests();
    let run = scheduler.run_full_sync(HOME, &url, USERNAME, PASSWORD, &content_cache, &tx, &cancel).await;
    assert_eq!((run.unwrap().status, scene.panel.requests().len()), (SyncStatus::Failed, 2));
}

#[test]
fn a_wrong_setting_changes_none_of_them_and_repeats_no_secret() {
    let scene = Scene::of(&some_hundred(3107));
    let address = format!("http://h/get.php?username=ann&password={PASSWORD}");
    let equals = format!("password={PASSWORD}");
    let agent = format!("user-agent={PASSWORD}\u{e9}");
    let number = format!("attempts={PASSWORD}@panel");
    for (assignment, told) in [
        ("guard.shares=1", "did you mean `guard.share`?"),
        ("attempts=99", "`99` is no value of `attempts`: use 1 to 20"),
        ("attempts", "write attempts=VALUE"),
        (&address, "there is no such setting"),
        (&equals, "a password is never an argument"),
        (PASSWORD, "there is no such setting"),
        (&agent, "this is no value of `user-agent`"),
        (&number, "this is no value of `attempts`"),
    ] {
        let run = scene.run(&["profile", "set", HOME, "guard.floor=7", assignment]).exits(2);
        assert!(
            run.stderr.contains(told) && run.stderr.contains("nothing was changed"),
            "{assignment}: {}",
            run.stderr
        );
        assert!(!run.stderr.contains(PASSWORD), "{}", run.stderr);
    }
    assert_eq!(changed(&settings(&scene)), [""; 0]);
    for args in [
        &["profile", "set", "nobody", "attempts=1"][..],
        &["profile", "show", "nobody"],
        &["profile", "edit", "nobody", "--url", "http://h"],
        &["profile", "set", HOME],
    ] {
        scene.run(args).exits(2);
    }
}

#[test]
fn a_profile_is_shown_with_its_changed_settings() {
    let scene = Scene::of(&some_hundred(3108));
    scene.run(&["profile", "set", HOME, "guard.share=40", "user-agent=Player/1"]).exits(0);
    let told = scene.run(&["profile", "show", HOME]).exits(0).stdout;
    let line = |key: &str| told.lines().find(|line| line.contains(key)).unwrap_or_else(|| panic!("{told}"));
    assert!(line("guard.share").starts_with("* ") && line("guard.share").contains("40"), "{told}");
    assert!(line("guard.floor").starts_with("  ") && line("user-agent").contains("Player/1"), "{told}");
    assert!(told.contains("password: kept in the cache") && told.contains(&scene.panel.base_url()), "{told}");
    // Setting the current value changes nothing.
    let told = scene.run(&["profile", "set", HOME, "guard.share=40"]).exits(0).stdout;
    assert!(told.contains("every setting is as before"), "{told}");
    let told = scene.run(&["profile", "set", HOME, "guard.share=", "attempts=1"]).exits(0).stdout;
    assert!(told.contains("  guard.share: 40 → 30\n  attempts: 4 → 1\n"), "{told}");
}

/// Returns a text in the form in which an address contains it.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).collect()
}

#[test]
fn several_addresses_keep_their_order_and_no_login() {
    let scene = Scene::synced(3109);
    let (first, ids) = (scene.panel.base_url(), scene.ids(Kind::Movies).len());
    let [user, password] = [USERNAME, PASSWORD].map(encoded);
    let pasted = format!("http://b.example/get.php?username={user}&password={password}");
    let stream = format!("http://c.example:8080/live/{user}/{password}/1.ts");
    let edit = |more: &[&str]| scene.run(&[&["profile", "edit", HOME], more].concat());
    edit(&["--url", &first, "--url", &stream, "--url", &pasted, "--url", &first]).exits(0);
    let listed =
        || -> Value { serde_json::from_str(scene.run(&["profile", "list", "--json"]).exits(0).stdout.trim()).unwrap() };
    assert_eq!(
        (&listed()["url"], &listed()["further_urls"]),
        (&json!(first), &json!(["http://c.example:8080", "http://b.example"]))
    );
    let kept = scene.cache().lines("SELECT position||' '||address AS line FROM xtream_profile_addresses ORDER BY 1");
    assert_eq!(kept, ["1 http://c.example:8080", "2 http://b.example"]);
    // A setting that is not named stays. Named addresses replace all addresses.
    edit(&["--user-agent", "Player/1"]).exits(0);
    assert_eq!(listed()["further_urls"].as_array().unwrap().len(), 2);
    edit(&["--url", &first, "--url", "http://d.example"]).exits(0);
    assert_eq!(listed()["further_urls"], json!(["http://d.example"]));
    let shown = scene.run(&["profile", "show", HOME]).exits(0).stdout;
    assert!(shown.contains("further address: http://d.example"), "{shown}");
    // Two logins are two accounts.
    let other = format!("http://b.example/get.php?username=bob&password={password}");
    let refused = edit(&["--url", &pasted, "--url", &other]).exits(2);
    assert!(refused.stderr.contains("different user names"), "{}", refused.stderr);
    let folder = format!("http://b.example/{user}/{password}/tv");
    let refused = edit(&["--url", &first, "--url", &folder]).exits(2);
    assert!(refused.stderr.contains("address 2 of 2") && !refused.stderr.contains(PASSWORD), "{}", refused.stderr);
    assert_eq!(listed()["further_urls"], json!(["http://d.example"]), "nothing was changed");
    // The content belongs to the profile, whatever its addresses are.
    assert_eq!(scene.cache().count("xtream_movies"), i64::try_from(ids).unwrap());
    scene.run(&["check"]).exits(0);
}
