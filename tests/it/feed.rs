//! `changes`, `new` and `history`: the changes with their values, from a position on.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use sync_tests::{Kind, Step};

use crate::program::{PASSWORD, Run, Running, USERNAME, command, wait_until};
use crate::scene::{HOME, Scene};

fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn changes(scene: &Scene, more: &[&str]) -> Vec<Value> {
    lines(&scene.run(&[&["changes", "--json"], more].concat()).exits(0))
}

/// Returns a scene whose second sync has added, updated, refreshed and removed items.
fn changed(seed: u64) -> (Scene, sync_tests::Expected) {
    let scene = Scene::synced(seed);
    let expected = scene.panel.advance(&Step::ordinary());
    scene.sync(&[]).exits(0);
    (scene, expected)
}

#[test]
fn every_change_has_its_values() {
    let (scene, expected) = changed(2601);
    let told = changes(&scene, &["--since", "run:1"]);
    for kind in Kind::ALL {
        let of = |word: &str| -> Vec<i64> {
            let those = told.iter().filter(|it| it["kind"] == kind.name() && it["change"] == word);
            let mut ids: Vec<_> = those.map(|it| it["id"].as_i64().unwrap()).collect();
            ids.sort_unstable();
            ids
        };
        let sorted = |ids: &std::collections::BTreeSet<i64>| ids.iter().copied().collect::<Vec<_>>();
        let expected = expected.of(kind);
        assert_eq!(of("added"), sorted(&expected.added), "{kind}");
        assert_eq!(of("updated"), sorted(&expected.updated), "{kind}");
        assert_eq!(of("removed"), sorted(&expected.removed), "{kind}");
    }
    let mut cache = scene.cache();
    let columns = cache.lines("SELECT name FROM pragma_table_info('xtream_movies')");
    for change in &told {
        assert_eq!((&change["profile"], &change["run"], &change["parent"]), (&HOME.into(), &2.into(), &0.into()));
        let fields = change["fields"].as_object().unwrap();
        match change["change"].as_str().unwrap() {
            "added" => assert!(fields.is_empty()),
            "updated" => assert!(!fields.is_empty() && fields.values().all(|it| it.get("before") != it.get("after"))),
            "removed" if change["kind"] == "movies" => {
                let mut names: Vec<_> = fields.keys().cloned().collect();
                let mut all = columns.clone();
                names.sort();
                all.sort();
                assert_eq!(names, all, "the whole row");
                assert!(fields.values().all(|it| it["after"].is_null()));
            }
            "removed" => {}
            other => panic!("{other}"),
        }
        // The current value is the one that the last change has set.
        if change["change"] == "updated" && change["kind"] == "movies" && fields.contains_key("name") {
            let id = &change["id"];
            let name = cache.lines(&format!("SELECT name FROM xtream_movies WHERE stream_id={id}"));
            assert_eq!(fields["name"]["after"], name[0].as_str());
        }
    }
    let sequences: Vec<_> = told.iter().map(|it| it["sequence"].as_i64().unwrap()).collect();
    assert!(sequences.is_sorted_by(|a, b| a < b));
}

#[test]
fn a_feed_is_read_from_a_position() {
    let (scene, _) = changed(2602);
    let all = changes(&scene, &[]);
    let (epoch, last) = (all[0]["epoch"].as_i64().unwrap(), all.last().unwrap()["sequence"].as_i64().unwrap());
    let position = format!("{epoch}:{last}");
    assert_eq!(changes(&scene, &["--since", &position]), [] as [Value; 0]);
    scene.panel.advance(&Step::ordinary());
    scene.sync(&[]).exits(0);
    let later = changes(&scene, &["--since", &position]);
    assert!(!later.is_empty() && later.iter().all(|it| it["sequence"].as_i64() > Some(last)));
    assert_eq!(changes(&scene, &["--since", &last.to_string()]), later);
    assert_eq!(changes(&scene, &["--since", &last.to_string(), "--limit", "2"]), later[..2]);
    assert_eq!(changes(&scene, &["--since", "7d"]).len(), all.len() + later.len());
    assert!(changes(&scene, &["--kind", "movies"]).iter().all(|it| it["kind"] == "movies"));
    let status = lines(&scene.run(&["status", "--json"]).exits(0));
    let feed = &status[0]["feed"];
    assert_eq!((feed["epoch"].as_i64(), feed["oldest"].as_i64()), (Some(epoch), Some(0)));
    assert_eq!(feed["newest"], later.last().unwrap()["sequence"]);
    for (since, code) in [
        (format!("{}:{last}", epoch ^ 1), 12),
        ("99999999".to_owned(), 12),
        ("run:77".to_owned(), 2),
        ("yesterday".to_owned(), 2),
    ] {
        let run = scene.run(&["changes", "--json", "--since", &since]).exits(code);
        assert_eq!(run.stdout, "");
        assert!(code == 2 || run.stderr.contains(&format!("{epoch}:{}", feed["newest"])), "{}", run.stderr);
    }
    scene.run(&["changes", "--category", "no such one"]).exits(2);
    // A new epoch makes all positions invalid.
    scene.run(&["clear", HOME]).exits(0);
    scene.run(&["changes", "--since", &position]).exits(12);
    assert_eq!(changes(&scene, &[]), [] as [Value; 0]);
}

#[test]
fn a_restored_cache_begins_a_new_epoch_and_keeps_its_log() {
    let (scene, _) = changed(2603);
    let before = changes(&scene, &[]);
    let backup = scene.folder().join("b.db");
    scene.run(&["backup", backup.to_str().unwrap()]).exits(0);
    scene.run(&["restore", backup.to_str().unwrap()]).exits(0);
    let after = changes(&scene, &[]);
    assert_eq!(before.len(), after.len());
    assert_ne!(before[0]["epoch"], after[0]["epoch"]);
    let position = format!("{}:1", before[0]["epoch"]);
    scene.run(&["changes", "--since", &position]).exits(12);
    scene.assert_consistent();
}

#[test]
fn several_changes_of_an_item_are_collapsed() {
    let scene = Scene::synced(2604);
    let id = scene.ids(Kind::Movies)[5];
    let names = ["First", "Second", "Third"];
    for name in names {
        scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "name", name));
        scene.sync(&[]).exits(0);
    }
    assert_eq!(changes(&scene, &["--since", "run:1"]).len(), 3);
    let one = changes(&scene, &["--since", "run:1", "--collapse"]);
    assert_eq!((one.len(), &one[0]["change"], &one[0]["id"]), (1, &"updated".into(), &id.into()));
    assert_eq!(one[0]["fields"]["name"]["after"], "Third");
    assert_ne!(one[0]["fields"]["name"]["before"], "First");
    scene.run(&["changes", "--collapse", "--follow"]).exits(2);
}

#[test]
fn a_feed_is_followed_until_a_signal_or_a_new_epoch() {
    let scene = Scene::synced(2605);
    let follow = || Running::start(command(&scene.database, &["changes", "--json", "--follow", "--since", "run:1"]));
    let running = follow();
    scene.panel.advance(&Step::ordinary());
    scene.sync(&[]).exits(0);
    let told = changes(&scene, &["--since", "run:1"]).len();
    wait_until("all changes are told", || running.stdout_so_far().lines().count() == told);
    let sent = Command::new("kill").args(["-INT", &running.pid().to_string()]).status().unwrap();
    assert!(sent.success());
    running.end().exits(130);

    let running = follow();
    wait_until("all changes are told", || running.stdout_so_far().lines().count() == told);
    scene.run(&["clear", HOME]).exits(0);
    running.end().exits(12);
}

#[test]
fn new_items_are_listed_newest_first_without_the_first_load() {
    let scene = Scene::synced(2606);
    assert_eq!(scene.run(&["new", "--json"]).exits(0).stdout, "");
    let expected = scene.panel.advance(&Step { added_percent: 3.0, ..Step::default() });
    scene.sync(&[]).exits(0);
    let new = lines(&scene.run(&["new", "--json"]).exits(0));
    let mut by_kind: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for line in &new {
        by_kind.entry(line["kind"].as_str().unwrap().to_owned()).or_default().push(line["id"].as_i64().unwrap());
        assert_eq!(line["returned"], false);
    }
    for kind in Kind::ALL {
        let mut ids = by_kind.remove(kind.name()).unwrap_or_default();
        ids.sort_unstable();
        assert_eq!(ids, expected.of(kind).added.iter().copied().collect::<Vec<_>>());
    }
    assert_eq!(scene.run(&["new", "--json", "--days", "0"]).exits(0).stdout, "");
    scene.run(&["new", "--kind", "films"]).exits(2);
}

#[test]
fn the_history_lists_every_run_newest_first() {
    let (scene, _) = changed(2607);
    let runs = lines(&scene.run(&["history", "--json"]).exits(0));
    let numbers: Vec<_> = runs.iter().map(|run| run["run"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(
        (&runs[0]["status"], &runs[0]["trigger"], &runs[0]["error"]),
        (&"completed".into(), &"manual".into(), &Value::Null)
    );
    assert!(runs[0]["duration_ms"].is_u64() && runs[0]["requests"].as_u64() > Some(3));
    assert_eq!(runs[0]["kinds"]["movies"]["outcome"], "completed");
    assert_eq!(lines(&scene.run(&["history", "--json", "--limit", "1"]).exits(0)).len(), 1);
    assert!(scene.run(&["history"]).exits(0).stdout.starts_with("run 2"));
}

/// Logins inside the values of the panel are in no output. Ordinary words stay.
#[test]
fn no_output_shows_the_login() {
    let scene = Scene::synced(2608);
    let id = scene.ids(Kind::Movies)[3];
    let encoded = PASSWORD.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
    let address = format!("http://panel.example/movie/{USERNAME}/{encoded}/7.mp4");
    // Within a text, a login is found by the addresses of streams that contain it, or by its length.
    let plot = format!("of {USERNAME}: {PASSWORD}").replace('\'', "''");
    let sql = format!("UPDATE xtream_movies SET direct_source='{address}', plot='{plot}' WHERE stream_id={id}");
    scene.cache().execute(&sql);
    scene.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, id));
    scene.sync(&[]).exits(0);
    // Every output is searched for the password.
    let removed = changes(&scene, &["--kind", "movies"]);
    let fields = &removed.last().unwrap()["fields"];
    assert_eq!(fields["direct_source"]["before"], "http://panel.example/movie/{username}/{password}/7.mp4");
    assert_eq!(fields["plot"]["before"], format!("of {USERNAME}: {{password}}"));
    scene.run(&["changes"]).exits(0);
    scene.run(&["undo", "--json"]).exits(0);
    scene.run(&["changes", "--collapse", "--json"]).exits(0);
    scene.run(&["new"]).exits(0);
}

#[test]
fn commands_for_one_profile_need_its_name() {
    let scene = Scene::synced(2609);
    scene.add("second", &scene.panel.base_url(), &[]).exits(0);
    for words in [&["changes"][..], &["new"], &["history"], &["undo"]] {
        scene.run(words).exits(2);
        scene.run(&[words, &["--profile", "nobody"]].concat()).exits(2);
    }
    scene.run(&["changes", "--profile", HOME]).exits(0);
    scene.run(&["history", "--profile", "second"]).exits(0);
}
