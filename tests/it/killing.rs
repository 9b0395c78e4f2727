//! kill -9 during an apply: the content is wholly old or wholly new, and the next run completes at once.

use std::path::Path;
use std::time::{Duration, Instant};

use sync_tests::{CatalogueConfig, Kind, Step, disagreements};

use crate::program::{Running, wait_until};
use crate::scene::{HOME, Scene};

const SYNC: &[&str] = &["--only", "movies"];
const ROUNDS: u32 = 8;

fn log_length(database: &Path) -> u64 {
    std::fs::metadata(database.with_extension("db-wal")).map_or(0, |log| log.len())
}

#[test]
fn kill_9_during_an_apply_leaves_the_old_state_or_the_new_one() {
    let config = CatalogueConfig { seed: 1201, channels: 3, movies: 30_000, series: 3, items_per_category: 400 };
    let scene = Scene::of(&config);
    scene.sync(SYNC).exits(0);
    let saved = scene.folder().join("before.db");
    let restore = || {
        for leftover in ["db-wal", "db-shm"] {
            // The file doesn't exist after an orderly end.
            let _ = std::fs::remove_file(scene.database.with_extension(leftover));
        }
        std::fs::copy(&saved, &scene.database).unwrap();
    };
    assert_eq!(scene.bytes()[1], None, "an orderly end leaves no log");
    std::fs::copy(&scene.database, &saved).unwrap();
    let old = scene.panel.catalogue(|catalogue| catalogue.truth(Kind::Movies));
    let step = Step { added_percent: 20.0, updated_percent: 60.0, removed_percent: 20.0, ..Step::default() };
    let expected = scene.panel.advance(&step);
    let new = scene.panel.catalogue(|catalogue| catalogue.truth(Kind::Movies));

    // The duration of the transaction is measured, so that the kills are spread over it.
    let mut running = scene.start_sync(SYNC);
    within_the_transaction(&scene, &mut running);
    let begun = Instant::now();
    running.wait_for("movies: done");
    let whole = begun.elapsed();
    running.end().exits(0);
    let (mut inside, mut spilled, mut after) = (0, 0, 0);
    // On a busy machine a kill may come late. Some more rounds hit the transaction all the same.
    let mut rounds = 0;
    while rounds < ROUNDS || (inside < 2 && rounds < 4 * ROUNDS) {
        let round = rounds % ROUNDS;
        rounds += 1;
        restore();
        let mut running = scene.start_sync(SYNC);
        within_the_transaction(&scene, &mut running);
        let (begun, before) = (Instant::now(), log_length(&scene.database));
        while begun.elapsed() < whole * round / ROUNDS {
            std::thread::sleep(Duration::from_millis(1));
        }
        let locked = scene.cache().is_locked();
        // The last kills may come after the end of the run.
        running.kill();
        let grown = log_length(&scene.database) > before;

        let bytes = scene.bytes();
        let status = scene.run(&["status", "--json"]).exits(0);
        assert!(scene.bytes() == bytes, "looking writes nothing");

        let mut cache = scene.cache();
        cache.assert_sound();
        let rows = cache.rows(HOME, Kind::Movies);
        let [from_old, from_new] = [&old, &new].map(|truth| disagreements(Kind::Movies, truth, &rows).len());
        assert!((from_old == 0) != (from_new == 0), "round {round}: {from_old} from old, {from_new} from new");
        let (is_old, is_new) = (from_old == 0, from_new == 0);
        drop(cache);
        // If the rows are new, the kill may have come before or after the record of the run's end.
        let last = status.stdout.split(r#""runs":["#).nth(1).unwrap();
        let told = |state: &str| last.split(r#""run":2,"#).nth(1).unwrap().contains(&format!(r#""status":"{state}""#));
        assert!(told("interrupted") || (is_new && told("completed")), "{}", status.stdout);
        inside += usize::from(locked && is_old);
        spilled += usize::from(grown && is_old);
        after += usize::from(is_new);

        let started = Instant::now();
        let report = scene.sync(SYNC).exits(0).report();
        assert!(started.elapsed() < Duration::from_secs(20), "it waits for nobody: {:?}", started.elapsed());
        let counts = report.counts(Kind::Movies);
        let changed = if is_old { expected.movies.updated.len() as u64 } else { 0 };
        assert_eq!((report.status(), counts.updated), ("completed", changed));
        scene.assert_true_of(Kind::Movies);
        let leftovers = std::fs::read_dir(scene.database.parent().unwrap()).unwrap().count();
        assert!(leftovers <= 6, "cache, log and its index, two leases, the lock of the account; no spool");
    }
    println!(
        "{rounds} kills: {inside} inside the transaction, {spilled} of them with pages of it in the log already; \
         {after} after its commit; the transaction takes {whole:?}"
    );
    assert!(inside >= 2, "only {inside} kills hit the transaction");
}

/// Waits until the movies are being applied, and the lock of the transaction is taken.
fn within_the_transaction(scene: &Scene, running: &mut Running) {
    running.wait_for("movies: applying");
    wait_until("the transaction begins", || scene.cache().is_locked() || running.has_ended());
}
