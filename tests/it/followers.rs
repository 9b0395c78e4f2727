//! Change sets in special cases: pruned changes, marked kinds, another login, no login at all; and the files that they
//! are written into.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sync_tests::{CatalogueConfig, Kind, Step};

use crate::cache::Cache;
use crate::program::{PASSWORD, Run, Running, USERNAME, command, wait_until};
use crate::scene::{HOME, Scene};

fn on(database: &Path, args: &[&str]) -> Run {
    Running::start(command(database, args)).end()
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A start before the pruned changes is refused, whether it is a run, a time or an age. The set doesn't begin later
/// silently.
#[test]
fn a_pruned_position_is_no_beginning_of_a_set() {
    let scene = Scene::synced(2211);
    scene.run(&["profile", "set", HOME, "feed.entries=1"]).exits(0);
    let run = || scene.cache().number("SELECT max(id) FROM xtream_sync_runs");
    let mut runs = vec![run()];
    for _ in 0..3 {
        scene.panel.advance(&Step::ordinary());
        scene.sync(&[]).exits(0);
        runs.push(run());
    }
    let set = scene.folder().join("set");
    let export = |since: &str| scene.run(&["changes", "export", "--since", since, "-o", set.to_str().unwrap()]);
    for since in [format!("run:{}", runs[0]), format!("run:{}", runs[1]), "2001-01-01".to_owned(), "9000d".to_owned()] {
        let gone = export(&since).exits(12);
        let feed = scene.run(&["status", "--json"]).exits(0);
        let feed = serde_json::from_str::<Value>(&feed.stdout).unwrap()["feed"].clone();
        let positions = [&feed["oldest"], &feed["newest"]].map(|at| format!("{}:{at}", feed["epoch"]));
        let told = &gone.stderr;
        assert!(positions.iter().all(|position| told.contains(position)), "{since}: {told}");
        assert!(told.contains("pruned") && told.contains("`xtream-sync changes export`, without --since"), "{told}");
        assert!(!set.exists(), "{since}");
    }
    for run in &runs[2..] {
        export(&format!("run:{run}")).exits(0);
        fs::remove_file(&set).unwrap();
    }
}

/// A marked kind is named. If no other kind was asked for, there is no set.
#[test]
fn a_marked_kind_is_left_out_with_a_message() {
    let scene = Scene::synced(2212);
    scene.cache().execute(&format!("DELETE FROM xtream_movies WHERE stream_id={}", scene.ids(Kind::Movies)[3]));
    scene.run(&["check"]).exits(3);
    let set = scene.folder().join("set");
    let export = |more: &[&str]| {
        let args = [&["changes", "export", "--force", "-o", set.to_str().unwrap()], more].concat();
        scene.run(&args)
    };
    let told = export(&["--kind", "movies"]).exits(12).stderr;
    assert!(told.contains("movies: their content is in doubt") && told.contains("sync home --only movies"), "{told}");
    assert_eq!(names(scene.folder()), ["cache"], "there is no file");
    let told = export(&[]).exits(3).stderr;
    assert!(told.contains("warning: movies are left out: their content is in doubt"), "{told}");
    let follower = scene.folder().join("follower.db");
    on(&follower, &["changes", "apply", set.to_str().unwrap(), "--profile", HOME]).exits(0);
    // No sync repairs what a check finds in a follower.
    let id = scene.ids(Kind::Series)[3];
    Cache::open(&follower).execute(&format!("DELETE FROM xtream_series WHERE series_id={id}"));
    for args in [&["check"][..], &["status"], &["changes", "export", "--kind", "series", "-o", "x"]] {
        let run = on(&follower, args);
        let told = run.stdout + &run.stderr;
        assert!(
            told.contains("`xtream-sync clear home`") && told.contains("changes apply FILE --profile home"),
            "{told}"
        );
        assert!(!told.contains("sync sync") && !told.contains("next sync"), "{told}");
    }
    scene.sync(&[]).exits(0);
    export(&[]).exits(0);
    export(&["--kind", "movies"]).exits(0);
}

/// Rows contain the login that they were listed with, even if the profile has another login now.
#[test]
fn a_former_login_is_blanked_as_well() {
    let scene = Scene::synced(2213);
    let id = scene.ids(Kind::Movies)[7];
    let address = format!("http://panel.example/movie/{USERNAME}/{PASSWORD}/{id}.mp4");
    scene.panel.catalogue(|catalogue| {
        catalogue.edit(Kind::Movies, id, "youtube_trailer", address.as_str());
        catalogue.edit(Kind::Movies, id, "name", format!("Needle {PASSWORD}").as_str());
    });
    scene.sync(&[]).exits(0);
    let set = scene.folder().join("set");
    scene.run(&["changes", "export", "-o", set.to_str().unwrap()]).exits(0);
    let follower = scene.folder().join("follower.db");
    on(&follower, &["changes", "apply", set.to_str().unwrap(), "--profile", HOME]).exits(0);
    let mut edit = command(&scene.database, &["profile", "edit", HOME, "--username", "somebody else"]);
    edit.env("XTREAM_SYNC_PASSWORD", "another secret");
    Running::start(edit).end().exits(0);
    let movie = id.to_string();
    for args in [
        &["show", "movies", &movie, "--json"][..],
        &["changes", "--json"],
        &["search", "needle", "--json"],
        &["export", "json", "--kind", "movies"],
    ] {
        let printed = scene.run(args).exits(0).stdout;
        assert!(printed.contains(&movie), "{args:?}");
        for secret in [USERNAME, PASSWORD, "Kanarie9x7", "viewer"] {
            assert!(!printed.contains(secret), "{args:?}: {secret}");
        }
    }
    let shown = scene.run(&["show", "movies", &movie, "--json"]).exits(0).stdout;
    assert!(shown.contains("/movie/{username}/{password}/"), "{shown}");
    // The set hasn't changed, so the follower has it already.
    scene.run(&["changes", "export", "--force", "-o", set.to_str().unwrap()]).exits(0);
    let again = on(&follower, &["changes", "apply", set.to_str().unwrap(), "--json"]).exits(0);
    assert!(again.stdout.contains(r#""status":"already""#), "{}", again.stdout);
    let fresh = scene.folder().join("fresh.db");
    on(&fresh, &["changes", "apply", set.to_str().unwrap(), "--profile", HOME]).exits(0);
    on(&fresh, &["check"]).exits(0);
    let values = Cache::open(&fresh).lines("SELECT coalesce(youtube_trailer,'')||name FROM xtream_movies");
    assert!(values.iter().all(|value| !value.contains(PASSWORD)), "no login of before is in a set");
}

/// If no profile has a login, nothing can be synced, which is no error.
#[test]
fn profiles_without_a_login_are_not_synced() {
    let scene = Scene::synced(2214);
    let set = scene.folder().join("set");
    let set = set.to_str().unwrap();
    scene.run(&["changes", "export", "-o", set]).exits(0);
    let follower = scene.folder().join("follower.db");
    let none = on(&follower, &["changes", "apply", set]).exits(2).stderr;
    assert!(none.contains("--profile ID") && !none.contains("profile add"), "{none}");
    on(&follower, &["changes", "apply", set, "--profile", "copy"]).exits(0);
    let run = on(&follower, &["sync", "--json"]).exits(0);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("nothing to sync") && run.stderr.contains("changes apply"), "{}", run.stderr);
    let named = on(&follower, &["sync", "copy"]).exits(2).stderr;
    assert!(named.contains("changes apply FILE --profile copy"), "{named}");
    let again = on(&follower, &["changes", "apply", set]).exits(0).stdout;
    assert!(again.contains("every value that counts as a change is the same already"), "{again}");
    let cleared = on(&follower, &["clear", "copy"]).exits(0).stdout;
    assert!(cleared.contains("changes apply FILE --profile copy"), "{cleared}");
    let status = on(&follower, &["status"]).exits(0).stdout;
    assert!(status.contains("never applied") && !status.contains("never synced"), "{status}");
    on(&follower, &["profile", "set", "copy", "kinds.off=series"]).exits(0);
    let applied = on(&follower, &["changes", "apply", set, "--json"]).exits(0);
    let line: Value = serde_json::from_str(&applied.stdout).unwrap();
    assert_eq!((&line["off"], &line["kinds"]["series"]), (&json!(["series"]), &json!(null)));
    assert!(applied.stderr.contains("switched off"), "{}", applied.stderr);
    let empty = Running::start(command(&follower, &["changes", "apply", "-"])).end().exits(12).stderr;
    assert!(empty.contains("the input is empty") && empty.contains("nothing was changed"), "{empty}");
}

/// Both exports report a path that can't be written in the same way, and write to a path that is not a regular file.
#[test]
fn an_export_handles_unusual_paths() {
    let scene = Scene::synced(2215);
    let none = scene.folder().join("none").join("file");
    for words in [&["changes", "export"][..], &["export", "json"]] {
        let run = |more: &[&str]| scene.run(&[words, more].concat());
        let told = run(&["-o", none.to_str().unwrap()]).exits(2).stderr;
        assert!(told.contains("make the folder"), "{told}");
        let printed = |more: &[&str]| {
            let mut command = command(&scene.database, &[words, more].concat());
            let output = command.stderr(Stdio::null()).output().unwrap();
            assert!(output.status.success(), "{more:?}");
            output.stdout.len()
        };
        assert!(printed(&[]) > 1000);
        #[cfg(unix)]
        {
            assert!(printed(&["-o", "/dev/stdout", "--force"]) > 1000, "{words:?}");
            assert_eq!(printed(&["-o", "/dev/null", "--force"]), 0);
        }
    }
}

/// Ctrl-C in the middle of an export leaves no file behind.
#[cfg(unix)]
#[test]
fn an_export_that_is_cancelled_leaves_nothing_behind() {
    let config = CatalogueConfig { seed: 2216, channels: 100, movies: 8_000, series: 100, items_per_category: 400 };
    let scene = Scene::of(&config);
    scene.sync(&[]).exits(0);
    let folder = scene.folder().join("sets");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("set");
    for words in [&["changes", "export"][..], &["export", "json"]] {
        let mut cancelled = 0;
        for nth in 0..6 {
            let signal = ["-INT", "-TERM"][nth % 2];
            let args = [words, &["-o", file.to_str().unwrap()]].concat();
            let mut running = Running::start(command(&scene.database, &args));
            wait_until("the file is begun", || !names(&folder).is_empty() || running.has_ended());
            let _ = Command::new("kill").args([signal, &running.pid().to_string()]).stderr(Stdio::null()).status();
            let is_whole = || names(&folder) == ["set"];
            let run = running.end();
            if is_whole() {
                run.exits(0);
                fs::remove_file(&file).unwrap();
            } else {
                run.exits(130);
                cancelled += 1;
            }
            assert_eq!(names(&folder), [""; 0], "{words:?}");
        }
        assert!(cancelled > 0, "{words:?}: no signal came in time");
    }
}
