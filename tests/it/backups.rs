//! `backup` and `restore`, as a user runs them.

use std::path::PathBuf;

use sync_tests::{Action, Behaviour, CatalogueConfig, Gate, Kind, Step};

use crate::cache::Cache;
use crate::program::wait_until;
use crate::scene::{HOME, Scene, assert_true};

/// Returns the files beside the cache with this text in their names, without the files that SQLite makes for a reader.
fn beside(scene: &Scene, part: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(scene.database.parent().unwrap()).unwrap().map(|entry| entry.unwrap());
    let named = entries.filter(|entry| {
        let name = entry.file_name().into_string().unwrap();
        let is_empty_log = name.ends_with("-wal") && entry.metadata().unwrap().len() == 0;
        name.contains(part) && !name.ends_with("-shm") && !is_empty_log
    });
    named.map(|entry| entry.path()).collect()
}

#[test]
fn a_backup_is_restored() {
    let scene = Scene::synced(2401);
    let backup = scene.folder().join("catalogue.db");
    let file = backup.to_str().unwrap();
    let run = scene.run(&["backup", file]).exits(0);
    assert!(run.stdout.contains("backup written") && run.stderr.contains("passwords"), "{run:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(backup.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_true(&mut Cache::open(&backup), HOME, &scene.panel, Kind::Movies);
    let then = scene.cache().content(HOME);
    scene.run(&["backup", file]).exits(2);
    scene.run(&["backup", "--force", file]).exits(0);

    scene.panel.advance(&Step::ordinary());
    scene.sync(&[]).exits(0);
    let later = scene.cache().content(HOME);
    assert_ne!(then, later);
    let run = scene.run(&["restore", file]).exits(0);
    assert_eq!(scene.cache().content(HOME), then);
    let [kept] = &beside(&scene, "before-restore")[..] else { panic!("{run:?}") };
    assert!(run.stdout.contains(kept.to_str().unwrap()), "{run:?}");
    assert_eq!(Cache::open(kept).content(HOME), later);
    // The sync goes on from the restored state, with the password that the backup has.
    scene.sync(&[]).exits(0);
    scene.assert_true();
    assert_eq!(beside(&scene, "db-wal"), [""; 0].map(PathBuf::from));
}

#[test]
fn a_backup_is_taken_during_a_sync_and_a_restore_is_not() {
    let scene = Scene::synced(2402);
    let backup = scene.folder().join("catalogue.db");
    let file = backup.to_str().unwrap();
    scene.panel.advance(&Step::ordinary());
    let before = scene.cache().content(HOME);
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
    let running = scene.start_sync(&["--only", "movies"]);
    wait_until("it is in the middle", || gate.reached_count() == 1);
    scene.run(&["backup", file]).exits(0);
    let run = scene.run(&["restore", file]).exits(11);
    assert!(run.stderr.contains("syncing profile `home`"), "{run:?}");
    gate.open();
    running.end().exits(0);
    assert_eq!(Cache::open(&backup).content(HOME), before);
    scene.assert_true_of(Kind::Movies);
    scene.run(&["restore", file]).exits(0);
    assert_eq!(scene.cache().content(HOME), before);
}

#[test]
fn wrong_requests_are_errors_and_change_nothing() {
    let scene = Scene::synced(2403);
    let of = |name: &str| scene.folder().join(name).to_str().unwrap().to_owned();
    std::fs::write(of("diary"), "Dear diary,\n").unwrap();
    std::fs::create_dir(of("folder")).unwrap();
    scene.run(&["backup", &of("good")]).exits(0);
    std::fs::copy(of("good"), of("newer")).unwrap();
    Cache::open(of("newer").as_ref())
        .execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    let (before, database) = (scene.bytes(), scene.database.to_str().unwrap());
    for (args, code) in [
        (&["backup"][..], 2),
        (&["restore"], 2),
        (&["backup", &of("folder")], 2),
        (&["backup", &of("nowhere/copy")], 2),
        (&["backup", "--force", database], 2),
        (&["backup", &of("good")], 2),
        (&["restore", &of("nothing")], 2),
        (&["restore", &of("folder")], 2),
        (&["restore", database], 2),
        (&["restore", &of("diary")], 8),
        (&["restore", &of("newer")], 9),
        (&["--database", &of("nothing"), "backup", &of("copy")], 8),
        (&["--database", &of("diary"), "backup", &of("copy")], 8),
    ] {
        let run = scene.run(args).exits(code);
        assert!(run.stderr.contains("error: ") && run.stdout.is_empty(), "{args:?}: {run:?}");
        assert!(scene.bytes() == before, "{args:?}");
    }
    assert!(!scene.folder().join("copy").exists() && !scene.folder().join("nothing").exists());
    assert_eq!(std::fs::read_to_string(of("diary")).unwrap(), "Dear diary,\n");
    assert_eq!(beside(&scene, "before-"), [""; 0].map(PathBuf::from));
    scene.run(&["check"]).exits(0);
}

/// The advice of `check` works.
#[test]
fn a_backup_replaces_a_damaged_cache() {
    let scene = Scene::synced(2404);
    let backup = scene.folder().join("catalogue.db");
    scene.run(&["backup", backup.to_str().unwrap()]).exits(0);
    std::fs::write(&scene.database, [0xff; 9000]).unwrap();
    scene.run(&["sync"]).exits(8);
    scene.run(&["restore", backup.to_str().unwrap()]).exits(0);
    let [kept] = &beside(&scene, "before-restore")[..] else { panic!("it is kept") };
    assert_eq!(std::fs::read(kept).unwrap(), [0xff; 9000]);
    scene.sync(&[]).exits(0);
    scene.assert_true();
}

/// An interruption leaves a whole backup or none, and no other file beside it.
#[cfg(unix)]
#[test]
fn an_interrupted_backup_leaves_a_whole_file_or_none() {
    let config = CatalogueConfig { seed: 2405, channels: 50, movies: 20_000, series: 50, items_per_category: 400 };
    let scene = Scene::of(&config);
    scene.sync(&[]).exits(0);
    let target = scene.folder().join("backups");
    std::fs::create_dir(&target).unwrap();
    let file = target.join("catalogue.db");
    let (mut whole, mut none) = (0, 0);
    for delay in [0, 10, 30, 60, 100, 200, 400, 800, 1600, 3200] {
        let running = crate::program::Running::start(crate::program::command(
            &scene.database,
            &["backup", "--force", file.to_str().unwrap()],
        ));
        std::thread::sleep(std::time::Duration::from_millis(delay));
        let _ = std::process::Command::new("kill").args(["-INT", &running.pid().to_string()]).status();
        let run = running.end();
        let names: Vec<_> = std::fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        if run.code == Some(0) {
            whole += 1;
            assert_eq!(names, ["catalogue.db"]);
            Cache::open(&file).assert_sound();
            std::fs::remove_file(&file).unwrap();
        } else {
            none += 1;
            assert_eq!(names, [""; 0], "{run:?}");
        }
    }
    println!("{whole} whole, {none} given up");
    assert!(none > 0, "no signal came in time");
    scene.assert_true_of(Kind::Movies);
}
