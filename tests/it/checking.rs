//! `check`: it finds nothing after syncs, finds exactly what others break, and the next sync repairs it.

use serde_json::Value;
use sync_tests::{Action, Behaviour, Kind, Step};

use crate::program::Run;
use crate::scene::{HOME, Scene};

fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns kind and code of every finding of the only profile.
fn codes(run: &Run) -> Vec<(String, String)> {
    let [line] = lines(run).try_into().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    line["findings"].as_array().unwrap().iter().map(|it| (text(&it["kind"]), text(&it["code"]))).collect()
}

#[test]
fn the_next_sync_repairs_what_a_check_has_found() {
    let scene = Scene::synced(2301);
    assert!(scene.run(&["check"]).exits(0).stdout.starts_with("home: sound, 670 items"));
    let before = scene.bytes();
    assert_eq!(codes(&scene.run(&["check", HOME, "--json"]).exits(0)), []);
    assert!(scene.bytes() == before, "a check of a sound cache writes nothing");

    let ids = scene.ids(Kind::Movies);
    scene.cache().execute(&format!("DELETE FROM xtream_movies WHERE stream_id={}", ids[3]));
    scene
        .cache()
        .execute("UPDATE xtream_series SET name='' WHERE series_id=(SELECT MIN(series_id) FROM xtream_series)");
    let run = scene.run(&["check", "--json"]).exits(3);
    let found = [
        ("movies", "count_wrong"),
        ("movies", "index_without_rows"),
        ("movies", "rows_not_as_recorded"),
        ("series", "name_missing"),
    ];
    assert_eq!(codes(&run), found.map(|(kind, code)| (kind.to_owned(), code.to_owned())));
    assert!(lines(&run)[0]["findings"].as_array().unwrap().iter().all(|finding| finding["marked"] == true));
    let run = scene.run(&["check"]).exits(3);
    let named = format!("movies: 1 entry of the index without an item ({})", ids[3]);
    assert!(run.stdout.contains(&named), "{}", run.stdout);
    assert!(run.stdout.contains("marked: movies, series; `xtream-sync sync home`"), "{}", run.stdout);
    let run = scene.run(&["status"]).exits(0);
    assert!(run.stdout.contains("the next sync compares every item"), "{}", run.stdout);

    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(Kind::ALL.map(|kind| report.mode(kind)), ["incremental", "full", "full"]);
    assert_eq!((report.counts(Kind::Movies).added, report.counts(Kind::Series).updated), (1, 1));
    scene.assert_true();
    scene.run(&["check"]).exits(0);
    assert!(!scene.run(&["status"]).exits(0).stdout.contains("compares every item"));
}

/// An incremental sync trusts that a row is still as it was written. Only the panel's list shows that it isn't.
#[test]
fn a_comparison_with_the_panel_finds_foreign_edits() {
    let scene = Scene::synced(2302);
    scene.run(&["check", "--panel", "--json"]).exits(0);
    let before = scene.bytes();
    scene.panel.advance(&Step::ordinary());
    let run = scene.run(&["check", "--panel", "--json"]).exits(3);
    let line = &lines(&run)[0];
    assert_eq!((&line["status"], &line["panel"]["dry_run"]), (&Value::from("sound"), &Value::from(true)));
    assert!(line["panel"]["kinds"]["movies"]["added"].as_u64().unwrap() > 0);
    assert!(scene.bytes() == before, "what an ordinary sync brings is not marked");
    assert!(scene.run(&["check", "--panel"]).exits(3).stdout.contains("brings it in step"));
    scene.sync(&[]).exits(0);

    let id = scene.ids(Kind::Movies)[5];
    // A field that the feed reports would also differ from the content hash.
    scene.cache().execute(&format!("UPDATE xtream_movies SET rating_5based=0.125 WHERE stream_id={id}"));
    scene.run(&["check"]).exits(0);
    scene.sync(&[]).exits(0);
    assert_eq!(scene.cache().number("SELECT COUNT(*) FROM xtream_movies WHERE rating_5based=0.125"), 1);
    let run = scene.run(&["check", "--panel", "--json"]).exits(3);
    assert_eq!(codes(&run), [("movies".to_owned(), "rows_not_as_listed".to_owned())]);
    assert_eq!(lines(&run)[0]["findings"][0]["examples"][0], id.to_string());
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!((report.mode(Kind::Movies), report.counts(Kind::Movies).refreshed), ("full", 1));
    scene.assert_true();

    scene.panel.on(Action::Account, Behaviour::Refused);
    scene.run(&["check", "--panel"]).exits(4);
    scene.run(&["check"]).exits(0);
}

/// A change of a significant field by another program is found without the panel.
#[test]
fn the_content_hash_shows_writes_of_another_program() {
    let scene = Scene::synced(2309);
    let id = scene.ids(Kind::Movies)[5];
    // A changed name would also differ from the search text.
    scene.cache().execute(&format!("UPDATE xtream_movies SET container_extension='scribbled' WHERE stream_id={id}"));
    let run = scene.run(&["check", "--json"]).exits(3);
    assert_eq!(codes(&run), [("movies".to_owned(), "content_hash".to_owned())]);
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!((report.mode(Kind::Movies), report.counts(Kind::Movies).updated), ("full", 1));
    scene.assert_true();
    scene.run(&["check"]).exits(0);
}

#[test]
fn a_damaged_cache_is_kept_and_gets_advice() {
    let scene = Scene::synced(2303);
    let mut bytes = std::fs::read(&scene.database).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8].fill(0xff);
    for bytes in [&bytes[..], b"Dear diary,\n", &bytes[..5000]] {
        std::fs::write(&scene.database, bytes).unwrap();
        for args in [&["check"][..], &["check", "--json"], &["check", HOME]] {
            let run = scene.run(args).exits(8);
            assert!(run.stdout.contains("damaged") && run.stderr.contains("restore FILE"), "{run:?}");
            assert!(std::fs::read(&scene.database).unwrap() == bytes, "{args:?}");
        }
    }
}

/// A check needs no right to write. Only marking a kind needs it.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_can_be_checked() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::synced(2304);
    scene.cache().execute("UPDATE xtream_content_sync SET movies_count=1");
    let folder = scene.database.parent().unwrap();
    let _ = std::fs::remove_file(scene.database.with_extension("db-shm"));
    for (path, mode) in [(scene.database.as_path(), 0o400), (folder, 0o500)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let may_write_anyway = std::fs::OpenOptions::new().append(true).open(&scene.database).is_ok();
    let run = scene.run(&["check"]).exits(3);
    assert!(run.stdout.contains("1 recorded, 400 there"), "{run:?}");
    // A user with all rights may write in any case.
    assert_eq!(run.stderr.contains("can't be marked") && run.stderr.contains("--full"), !may_write_anyway, "{run:?}");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn wrong_requests_are_errors() {
    let scene = Scene::synced(2305);
    scene.run(&["check", "nobody"]).exits(2);
    scene.run(&["check", HOME, "other"]).exits(2);
    let nowhere = scene.folder().join("nothing.db");
    let nowhere = nowhere.to_str().unwrap();
    assert!(scene.run(&["--database", nowhere, "check"]).exits(2).stderr.contains("no profile yet"));
    scene.run(&["--database", nowhere, "check", HOME]).exits(2);
    assert!(!scene.folder().join("nothing.db").exists());
    scene.run(&["--database", scene.folder().to_str().unwrap(), "check"]).exits(8);
    // There is no advice to replace another program's database by a backup.
    let other = scene.folder().join("addresses.db");
    std::fs::write(&other, "").unwrap();
    crate::cache::Cache::open(&other).execute("CREATE TABLE addresses (name TEXT)");
    let run = scene.run(&["--database", other.to_str().unwrap(), "check"]).exits(8);
    assert!(run.stderr.contains("another program") && !run.stderr.contains("restore"), "{run:?}");
}
