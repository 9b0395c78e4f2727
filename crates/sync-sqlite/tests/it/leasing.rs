//! Leases across stores and processes, and the writes that their fences refuse.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use sync_core::store::ContentStore;
use sync_core::testing::{movie, profile};
use sync_core::{ContentKind, RunStatus, StoreError};
use sync_sqlite::SqliteStore;

use crate::fixture::{Cache, added};

#[cfg(unix)]
#[test]
fn a_lease_is_exclusive_over_stores_and_links() {
    let cache = Cache::new();
    let link = cache.folder.path().join("link.db");
    std::os::unix::fs::symlink(cache.path(), &link).unwrap();
    let others = [SqliteStore::open(cache.path()).unwrap(), SqliteStore::open(&link).unwrap()];
    let lease = cache.store.lease_blocking(&cache.home).unwrap();
    for other in &others {
        assert!(matches!(other.lease_blocking(&cache.home), Err(StoreError::Leased(_))));
    }
    let fence = lease.fence;
    drop(lease);
    for (other, later) in others.iter().zip(1..) {
        assert_eq!(other.lease_blocking(&cache.home).unwrap().fence, fence + later);
    }
}

#[test]
fn odd_profile_ids_lease_beside_the_cache() {
    let cache = Cache::new();
    // No other file beside the folder has this name.
    let folder = cache.folder.path();
    let outside = folder.with_file_name(format!("{}-outside", folder.file_name().unwrap().display()));
    let upwards = format!("../{}", outside.file_name().unwrap().display());
    for id in [&upwards, "a/b", "'); DROP TABLE xtream_profiles", "CON", &"ü".repeat(100)] {
        let id = profile(id);
        cache.store.ensure_profile_blocking(&id).unwrap();
        cache.store.lease_blocking(&id).unwrap();
    }
    assert_eq!(cache.store.profiles_blocking().unwrap().len(), 6);
    assert!(!outside.exists());
}

const CHILD: &str = "SYNC_SQLITE_TEST_LEASE_HOLDER";

/// Not a test: the code of the other process of the next test.
#[test]
fn holder() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let store = SqliteStore::open(path).unwrap();
    let lease = store.lease_blocking(&profile("home")).unwrap();
    store.start_run_blocking(&profile("home"), lease.fence, 77).unwrap();
    println!("\nheld");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn a_lease_is_exclusive_over_processes_and_ends_with_its_holder() {
    let cache = Cache::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "leasing::holder", "--nocapture"])
        .env(CHILD, cache.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));
    assert!(matches!(cache.store.lease_blocking(&cache.home), Err(StoreError::Leased(_))));
    assert!(matches!(cache.store.remove_profile_blocking(&cache.home), Err(StoreError::Leased(_))));
    let status = || cache.store.runs_blocking(&cache.home, 1).unwrap()[0].status;
    assert_eq!(status(), RunStatus::Syncing);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(status(), RunStatus::Interrupted);
    assert_eq!(cache.sql("SELECT status AS line FROM xtream_sync_runs"), ["syncing"], "a reader records nothing");
    let seen = cache.store.content_status_blocking(&cache.home).unwrap();
    assert_eq!(seen.sync_status, Some(RunStatus::Interrupted));
    let run = cache.start();
    assert_eq!(run.lease.fence, 2);
    assert_eq!(cache.table("xtream_sync_runs").len(), 2);
}

#[tokio::test]
async fn a_run_that_lost_its_lease_writes_nothing() {
    let cache = Cache::new();
    cache.load([1]).await;
    let late = cache.start();
    let commit = late.commit(ContentKind::Movies);
    drop(late);
    let run = cache.start();
    let before = cache.contents();
    assert!(matches!(cache.apply(vec![added(movie(2))], commit).await, Err(StoreError::Fenced)));
    assert!(matches!(cache.store.start_run(&cache.home, 1, 5).await, Err(StoreError::Fenced)));
    assert_eq!(cache.contents(), before);
    cache.apply(vec![added(movie(2))], run.commit(ContentKind::Movies)).await.unwrap();
}

#[test]
fn reading_the_status_creates_no_file() {
    let cache = Cache::new();
    let files = || std::fs::read_dir(cache.folder.path()).unwrap().count();
    let _ = cache.store.runs_blocking(&cache.home, 5).unwrap();
    let before = files();
    let _ = cache.store.runs_blocking(&cache.home, 5).unwrap();
    let _ = cache.store.content_status_blocking(&cache.home).unwrap();
    assert_eq!(files(), before);
}

/// A process that is older than the cache would write entries without values, so it gets no lease.
#[test]
fn a_cache_that_another_program_upgraded_is_not_leased() {
    let cache = Cache::new();
    cache.execute("INSERT INTO __diesel_schema_migrations (version,run_on) VALUES ('20991231000000','2099-12-31')");
    assert!(matches!(cache.store.lease_blocking(&cache.home), Err(StoreError::Newer(_))));
    cache.execute("DELETE FROM __diesel_schema_migrations WHERE version='20991231000000'");
    assert!(cache.store.lease_blocking(&cache.home).is_ok());
}
