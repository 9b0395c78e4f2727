//! kill -9 during the migration of a cache of an earlier version. Afterwards it is of either version, with every row.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sync_sqlite::stop;
use sync_tests::Kind;

use super::fault::Fault;
use super::judge::{self, demand};
use super::program::Running;
use super::scene::{SYNC, Scene};
use super::snapshot::{Snapshot, assert_sound, copied};
use crate::Outcome;

/// The points of a migration, and how often a migration passes each.
const POINTS: [(&str, u64); 6] = [
    ("open.created", 1),
    ("migrate.begun", 1),
    ("migrate.step", 1),
    ("migrate.before-commit", 1),
    ("migrate.committed", 1),
    ("open.ready", 1),
];

/// A profile that no fixture has.
const NEW: &str = "new";

/// Returns the caches of earlier versions.
fn fixtures() -> Outcome<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/sync-sqlite/tests/fixtures");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cache") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Every row of every table of ours, by the columns that the fixture had.
#[derive(Debug, PartialEq, Eq)]
struct Rows(Vec<String>);

/// Returns the content of a cache in the columns of another one.
fn rows(conn: &Connection, columns: &[(String, String)]) -> Outcome<Rows> {
    let mut found = Vec::new();
    for (table, columns) in columns {
        let mut statement = conn.prepare(&format!("SELECT '{table} ' || {columns} FROM {table} ORDER BY 1"))?;
        let texts = statement.query_map([], |row| row.get::<_, String>(0))?;
        for text in texts {
            found.push(text?);
        }
    }
    Ok(Rows(found))
}

/// Returns the tables of a cache, each with an expression for all of its columns.
fn columns(conn: &Connection) -> Outcome<Vec<(String, String)>> {
    let sql = "SELECT m.name, group_concat('quote(\"' || c.name || '\")', '||''|''||') FROM sqlite_master m \
               JOIN pragma_table_info(m.name) c WHERE m.type='table' AND m.name LIKE 'xtream%' GROUP BY 1 ORDER BY 1";
    let mut statement = conn.prepare(sql)?;
    let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(tables.collect::<Result<_, _>>()?)
}

fn versions(conn: &Connection) -> Outcome<i64> {
    Ok(conn.query_row("SELECT COUNT(*) FROM __diesel_schema_migrations", [], |row| row.get(0))?)
}

pub(crate) fn interrupted(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let fixtures = fixtures()?;
    let fixture = rng.choice(&fixtures).ok_or("there is no fixture")?;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("cache.db");
    std::fs::copy(fixture, &database)?;
    let conn = Connection::open(&database)?;
    let columns = columns(&conn)?;
    let (before, old) = (rows(&conn, &columns)?, versions(&conn)?);
    drop(conn);
    let name = fixture.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for _ in 0..rng.u32(1..=3) {
        let mut command = scene.add(&database, NEW);
        let (point, times) = *rng.choice(&POINTS).unwrap_or(&POINTS[0]);
        let (at_a_point, part) = (rng.u32(..3) > 0, rng.f64());
        let time = rng.u64(1..=times);
        scene.note(format!("kill the migration of {name} at {}", if at_a_point { point } else { "random" }));
        if at_a_point {
            command.env(stop::STOP_AT, format!("{point}:{time}"));
        }
        let running = Running::start(command)?;
        if !at_a_point {
            std::thread::sleep(scene.typical.mul_f64(part * 0.5));
        } else if running.is_stopped() {
            scene.tally.stopped(point);
        }
        scene.watched(running.kill())?;
        let copy = tempfile::tempdir()?;
        let conn = Connection::open(copied(&database, copy.path())?)?;
        assert_sound(&conn)?;
        let found = versions(&conn)?;
        demand!(rows_are_kept(&before, &rows(&conn, &columns)?), "{name}: rows are lost");
        scene.tally.count(Fault::Migrate, if found == old { "still the old version" } else { "the new version" });
    }
    if rng.bool() {
        without_room(scene, &database, rng)?;
        demand!(rows_are_kept(&before, &rows(&Connection::open(&database)?, &columns)?), "{name}: rows are lost");
    }
    scene.expect(scene.add(&database, NEW), 0)?;
    scene.expect(scene.program.command(&database, &[&SYNC[..], &[NEW]].concat()), 0)?;
    let (after, catalogue) = (Snapshot::of_files(&database, NEW)?, scene.catalogue());
    Kind::ALL.into_iter().try_for_each(|kind| judge::agrees(kind, &after, &catalogue))?;
    let conn = Connection::open(&database)?;
    demand!(rows_are_kept(&before, &rows(&conn, &columns)?), "{name}: rows are lost after a sync of another profile");
    scene.expect(scene.program.command(&database, &["status"]), 0).map(|_| ())
}

/// Fills the disk during the migration of a cache.
fn without_room(scene: &mut Scene<'_>, database: &Path, rng: &mut fastrand::Rng) -> Outcome {
    let pages: u32 = Connection::open(database)?.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let limit = pages + rng.u32(..4);
    scene.note(format!("room for {limit} pages"));
    let mut command = scene.add(database, NEW);
    command.env(stop::MAX_PAGES, limit.to_string());
    let ran = scene.run(command)?;
    if ran.code != Some(0) {
        demand!(ran.code == Some(8) && ran.stderr.contains("the disk is full"), "a full disk is not told: {ran:?}");
    }
    scene.tally.count(Fault::Migrate, if ran.code == Some(0) { "room enough" } else { "no room" });
    Ok(())
}

/// Returns whether every row exists as before. There may be new rows.
fn rows_are_kept(before: &Rows, after: &Rows) -> bool {
    before.0.iter().all(|row| after.0.binary_search(row).is_ok() || after.0.contains(row))
}
