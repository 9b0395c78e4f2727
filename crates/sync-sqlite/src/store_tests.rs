//! Tests of errors that only code inside the store can cause: a full disk, and a panic in a transaction.

use sync_core::store::{ContentStore, ScopeCommit};
use sync_core::testing::{movie, profile, staged};
use sync_core::{Change, ContentKind, KindOutcome, KindRecord, Scope, StoreError, SyncMode};
use tokio_util::sync::CancellationToken;

use crate::db::connection::batch;
use crate::db::open::has_log;
use crate::db::statement::{execute, integer};
use crate::store::SqliteStore;

fn commit(store: &SqliteStore) -> ScopeCommit {
    let home = profile("home");
    store.ensure_profile_blocking(&home).unwrap();
    let lease = store.lease_blocking(&home).unwrap();
    let run = store.start_run_blocking(&home, lease.fence, 1).unwrap();
    let record =
        KindRecord { outcome: KindOutcome::Completed, ..KindRecord::skipped(ContentKind::Movies, SyncMode::Full) };
    ScopeCommit { watermark: 4, first_load: true, ..ScopeCommit::new(run, lease.fence, 5, record) }
}

async fn apply(store: &SqliteStore, commit: ScopeCommit) -> Result<(), StoreError> {
    let mut staging = store.stage(&profile("home"), Scope::whole(ContentKind::Movies)).await?;
    staging.put((0..1500).map(|id| staged(movie(id), Change::Added)).collect()).await?;
    staging.apply(commit, CancellationToken::new()).await.map(drop)
}

#[tokio::test]
async fn a_full_disk_is_named_wherever_it_is_full_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("cache.db")).unwrap();
    let commit = commit(&store);
    let mut pages = store.write(|conn| integer(conn, "PRAGMA page_count", &[])).unwrap().unwrap();
    let mut full = 0;
    loop {
        store.with_writer(|conn| batch(conn, &format!("PRAGMA max_page_count={pages}"))).unwrap();
        match apply(&store, commit.clone()).await {
            Ok(()) => break,
            Err(StoreError::Full) => full += 1,
            Err(other) => panic!("{other:?}"),
        }
        let home = profile("home");
        assert_eq!(store.get_content_ids_blocking(&home, ContentKind::Movies).unwrap(), []);
        assert!(!store.index_blocking(&home, &ContentKind::Movies.into()).unwrap().applied_before);
        assert_eq!(store.feed_page_blocking(&home, 0, 9).unwrap().changes, []);
        assert_eq!(store.sync_state_blocking(&home).unwrap().last_sync, [None; 3]);
        pages += 3;
    }
    assert!(full > 10, "{full}");
    assert_eq!(store.get_content_ids_blocking(&profile("home"), ContentKind::Movies).unwrap().len(), 1500);
    let sound = store.with_writer(|conn| crate::db::statement::record(conn, "PRAGMA integrity_check", &[])).unwrap();
    assert_eq!(sound.unwrap().text(0).unwrap(), "ok");
}

#[test]
fn a_panic_in_a_transaction_is_rolled_back_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("cache.db")).unwrap();
    let inside = store.clone();
    let panicked = std::thread::spawn(move || {
        inside.write::<()>(|conn| {
            execute(conn, "INSERT INTO xtream_profiles (profile_id,created_at,updated_at) VALUES ('x',1,1)", &[])?;
            panic!("inside");
        })
    });
    assert!(panicked.join().is_err());
    assert!(store.profiles_blocking().unwrap().is_empty());
    store.ensure_profile_blocking(&profile("home")).unwrap();
    assert_eq!(store.profiles_blocking().unwrap().len(), 1);
}

#[test]
fn a_locked_cache_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (store, other) = (SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap());
    other
        .write(|_| {
            let impatient = store.write_unless(|| Err(StoreError::Locked), |_| Ok(()));
            assert!(matches!(impatient, Err(StoreError::Locked)));
            Ok(())
        })
        .unwrap();
    store.ensure_profile_blocking(&profile("home")).unwrap();
}

#[test]
fn an_empty_log_counts_as_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let (database, log) = (folder.path().join("cache.db"), folder.path().join("cache.db-wal"));
    assert!(!has_log(&database));
    std::fs::write(&log, "").unwrap();
    assert!(!has_log(&database));
    std::fs::write(&log, "frames").unwrap();
    assert!(has_log(&database));
}
