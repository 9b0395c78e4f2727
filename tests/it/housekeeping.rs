//! Clearing, removing, and the rights of the files.

use sync_tests::{Action, Behaviour, Catalogue, Kind, Panel, PanelConfig, Step};

use crate::scene::{HOME, Scene, assert_true, panel_config, some_hundred};

const SETTINGS: &str = "SELECT username||change_policy||removal_share_percent||removal_floor_rows||base_url FROM \
                        xtream_profiles p JOIN xtream_sync_settings s ON s.profile_id=p.profile_id";

#[test]
fn clear_keeps_the_profile_and_the_next_sync_is_full() {
    let scene = Scene::synced(1901);
    scene.add(HOME, &scene.panel.base_url(), &["--removal-share", "40"]).exits(0);
    scene.sync(&[]).exits(0);
    let settings = scene.cache().lines(SETTINGS);
    assert_eq!(settings.len(), 1);
    scene.run(&["clear", HOME]).exits(0);
    let mut cache = scene.cache();
    for (table, rows) in cache.content(HOME) {
        let kept = ["xtream_sync_settings", "xtream_changes"].contains(&table);
        assert_eq!(rows.is_empty(), !kept, "{table}");
    }
    assert_eq!(cache.lines(SETTINGS), settings);
    drop(cache);
    let report = scene.sync(&[]).exits(0).report();
    for kind in Kind::ALL {
        assert_eq!((report.mode(kind), report.outcome(kind)), ("full", "completed"));
        assert_eq!(report.counts(kind).added, scene.ids(kind).len() as u64);
    }
    scene.assert_true();
    scene.follow(&scene.panel.advance(&Step::ordinary()));
}

#[test]
fn a_removed_profile_leaves_nothing_and_the_others_stay() {
    let scene = Scene::synced(1902);
    let honouring = PanelConfig { validators: true, ..panel_config() };
    let other = Panel::start(honouring, Catalogue::new(&some_hundred(1902))).unwrap();
    scene.add("away", &other.base_url(), &[]).exits(0);
    scene.sync(&["away"]).exits(0);
    // After these steps, every table has rows that can be deleted.
    other.advance(&Step { removed_percent: 5.0, ..Step::ordinary() });
    scene.sync(&["away"]).exits(0);
    other.catalogue(|catalogue| catalogue.remove_all(Kind::Series));
    other.on(Action::LiveStreams, Behaviour::AccountInstead);
    scene.sync(&["away"]).exits(7);
    scene.cache().execute("UPDATE xtream_content_sync SET movies_count=1 WHERE profile_id='away'");
    scene.run(&["check", "away"]).exits(3);
    scene.run(&["profile", "set", "away", "attempts=3"]).exits(0);
    let movie = other.catalogue(|catalogue| catalogue.ids(Kind::Movies)[0]).to_string();
    scene.run(&["edit", "--profile", "away", "movies", &movie, "name=Mine"]).exits(0);
    scene.run(&["filter", "add", "--profile", "away", "movies", "exclude", "--name-glob", "zz*"]).exits(0);
    scene.run(&["rewrite", "add", "--profile", "away", "movies", "zz", "yy"]).exits(0);
    scene.run(&["profile", "edit", "away", "--url", &other.base_url(), "--url", "http://b.example"]).exits(0);
    let mut cache = scene.cache();
    // The simulated panel puts no login into its lists, so this row is made here.
    cache.execute(
        "INSERT INTO xtream_login_hashes (profile_id, kind, content_id, hash) \
         VALUES ('away', 'movies', 1, '00000000000000000000000000000001')",
    );
    // A change of the user name would delete the validators, so this row is made here.
    cache.execute("INSERT INTO xtream_former_logins (profile_id, username, password) VALUES ('away', 'ann', '')");
    let tables = cache.tables_with_profiles();
    let rows_in = |cache: &mut crate::cache::Cache, table: &str, profile: &str| {
        cache.number(&format!("SELECT COUNT(*) FROM {table} WHERE profile_id='{profile}'"))
    };
    for table in &tables {
        assert!(rows_in(&mut cache, table, "away") > 0, "{table}");
    }
    let home = cache.content(HOME);
    let runs = cache.count("xtream_sync_run_kinds");
    drop(cache);
    scene.run(&["profile", "remove", "away"]).exits(0);
    let mut cache = scene.cache();
    for table in &tables {
        assert_eq!(rows_in(&mut cache, table, "away"), 0, "{table}");
    }
    assert!(cache.count("xtream_sync_run_kinds") < runs);
    assert_eq!(cache.count("xtream_sync_run_kinds"), 3);
    assert_eq!(cache.content(HOME), home);
    cache.assert_sound();
    for kind in Kind::ALL {
        assert_true(&mut cache, HOME, &scene.panel, kind);
    }
    drop(cache);
    scene.run(&["profile", "remove", "away"]).exits(2);
    scene.run(&["sync", "away"]).exits(2);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_cache() {
    use std::os::unix::fs::PermissionsExt;

    let scene = Scene::synced(1903);
    let rights = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = scene.database.parent().unwrap();
    assert_eq!(rights(folder), 0o700);
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(rights(&path), 0o600, "{}", path.display());
    }
}

/// A profile that a library created without an address doesn't keep the other profiles from being synced.
#[test]
fn a_profile_without_an_address_has_no_effect_on_the_others() {
    let scene = Scene::synced(1904);
    let nowhere = sync_core::ProfileId::new("aaa").unwrap();
    sync_sqlite::SqliteStore::open(&scene.database).unwrap().ensure_profile_blocking(&nowhere).unwrap();
    let expected = scene.panel.advance(&Step::ordinary());
    let run = scene.sync(&[]).exits(0);
    assert_eq!(run.report().counts(Kind::Movies), scene.counts(&expected, Kind::Movies));
    scene.assert_true();
    let run = scene.sync(&["aaa"]).exits(2);
    assert!(run.stderr.contains("profile `aaa` has no address"), "{run:?}");
}
