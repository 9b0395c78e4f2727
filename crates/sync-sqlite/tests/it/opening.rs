//! Opening a cache: files that are created, refused, or left unchanged.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use sync_core::store::ContentStore;
use sync_core::testing::{movie, profile};
use sync_core::{Catalogue as _, ContentId, ContentKind, Profiles as _, Scope, StoreError};
use sync_sqlite::SqliteStore;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Cache, added};

#[cfg(unix)]
#[test]
fn file_and_folder_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/deeper/cache.db");
    let store = SqliteStore::open(&path).unwrap();
    store.ensure_profile_blocking(&profile("home")).unwrap();
    let _lease = store.lease_blocking(&profile("home")).unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(path.parent().unwrap().parent().unwrap()), 0o700);
    let files: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_path_is_never_an_uri() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["file:x?mode=memory", "sqlite:y", ":memory:", "ü %41#?.db"] {
        SqliteStore::open(folder.path().join(name)).unwrap().ensure_profile_blocking(&profile("home")).unwrap();
        assert!(folder.path().join(name).metadata().unwrap().len() > 0, "{name}");
        let read = SqliteStore::open_read_only(folder.path().join(name)).unwrap();
        assert_eq!(read.profiles_blocking().unwrap().len(), 1, "{name}");
    }
    assert!(matches!(SqliteStore::open(""), Err(StoreError::Refused(_))));
}

#[test]
fn a_newer_cache_is_refused_unchanged() {
    let changes =
        ["INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')", "PRAGMA user_version=7"];
    for change in changes {
        let cache = Cache::new();
        cache.execute(change);
        let path = cache.path();
        let Cache { store, folder: _folder, .. } = cache;
        drop(store);
        let before = std::fs::read(&path).unwrap();
        for _ in 0..2 {
            assert!(matches!(SqliteStore::open(&path), Err(StoreError::Newer(_))), "{change}");
            assert!(matches!(SqliteStore::open_read_only(&path), Err(StoreError::Newer(_))), "{change}");
        }
        assert!(std::fs::read(&path).unwrap() == before, "{change}");
    }
}

/// To open a file for writing and close it would move the content of a log that a crash has left.
#[test]
fn the_log_of_a_newer_cache_stays_where_it_is() {
    let (cache, folder) = (Cache::new(), tempfile::tempdir().unwrap());
    let writer = SqliteConnection::establish(cache.path().to_str().unwrap());
    writer.unwrap().batch_execute("PRAGMA user_version=7").unwrap();
    let parts = ["", "-wal"].map(|part| {
        let copy = folder.path().join(format!("cache.db{part}"));
        std::fs::copy(format!("{}{part}", cache.path().display()), &copy).unwrap();
        copy
    });
    let contents = || parts.clone().map(|part| std::fs::read(part).unwrap());
    let before = contents();
    assert!(!before[1].is_empty());
    assert!(matches!(SqliteStore::open(&parts[0]), Err(StoreError::Newer(_))));
    assert!(contents() == before);
}

#[test]
fn a_file_that_is_no_cache_is_refused_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "these are my notes, and no database\n".repeat(200);
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Corrupt(_))));
    assert!(matches!(SqliteStore::open_read_only(&path), Err(StoreError::Corrupt(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_folder_in_the_way_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(SqliteStore::open(folder.path()).is_err());
    std::fs::write(folder.path().join("file"), "x").unwrap();
    assert!(SqliteStore::open(folder.path().join("file/cache.db")).is_err());
}

/// A file can get its log only while no other connection reads the file.
#[test]
fn opening_waits_for_a_reader_of_the_log_up_to_a_limit() {
    let cache = Cache::new();
    let path = cache.path();
    let Cache { store, folder: _folder, .. } = cache;
    drop(store);
    let mut reader = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    reader.batch_execute("PRAGMA journal_mode=DELETE; BEGIN; SELECT COUNT(*) FROM xtream_profiles;").unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Locked)));
    let (goes, gone) = std::sync::mpsc::channel();
    let opening = std::thread::spawn({
        let path = path.clone();
        move || {
            goes.send(()).unwrap();
            SqliteStore::open(&path).map(drop)
        }
    });
    gone.recv().unwrap();
    // The time is usually long enough for the thread to meet the reader. If the thread is later, it has nothing to wait
    // for.
    std::thread::sleep(Duration::from_millis(100));
    reader.batch_execute("COMMIT").unwrap();
    opening.join().unwrap().unwrap();
}

#[cfg(unix)]
#[test]
fn a_cache_that_others_can_read_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let log = Log::default();
    let lines = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || lines.clone()).finish();
    let cache = Cache::new();
    tracing::subscriber::with_default(subscriber, || {
        SqliteStore::open(cache.path()).unwrap();
        assert_eq!(log.text(), "");
        std::fs::set_permissions(cache.path(), PermissionsExt::from_mode(0o640)).unwrap();
        SqliteStore::open(cache.path()).unwrap();
    });
    assert!(log.text().contains("chmod 600"), "{}", log.text());
}

/// Collects log lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_opened_cache_opens_again() {
    let cache = Cache::new();
    let again = SqliteStore::open(cache.path()).unwrap();
    assert_eq!(again.profiles_blocking().unwrap().len(), 1);
    drop(cache.store);
    assert_eq!(again.profiles_blocking().unwrap().len(), 1);
}

const CHILD: &str = "SYNC_SQLITE_TEST_PASSER_BY";

/// Not a test: the code of the other process of the next test.
#[test]
fn passer_by() {
    let Ok(path) = std::env::var(CHILD) else { return };
    SqliteStore::open(path).unwrap().ensure_profile_blocking(&profile("passer-by")).unwrap();
}

/// If a process closes a second handle of a file, it loses all its locks on the file, including those of other stores.
/// Another process would then believe that it is alone, and delete the log to which these stores write.
#[test]
fn a_second_store_takes_no_locks_from_the_first() {
    let cache = Cache::new();
    let second = SqliteStore::open(cache.path()).unwrap();
    drop(second);
    let passed = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "opening::passer_by"])
        .env(CHILD, cache.path())
        .status();
    assert!(passed.unwrap().success());
    cache.store.ensure_profile_blocking(&profile("written later")).unwrap();
    let seen = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "opening::passer_by"])
        .env(CHILD, cache.path())
        .status();
    assert!(seen.unwrap().success());
    let path = cache.path();
    let Cache { store, folder: _folder, .. } = cache;
    drop(store);
    let profiles = SqliteStore::open(&path).unwrap().profiles_blocking().unwrap();
    let ids: Vec<_> = profiles.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["home", "passer-by", "written later"]);
}

#[test]
fn many_can_open_a_new_cache_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..8).map(|_| scope.spawn(|| SqliteStore::open(&path))).collect();
        for thread in opened {
            thread.join().unwrap().unwrap();
        }
    });
}

#[tokio::test]
async fn a_store_for_reading_writes_nothing() {
    let cache = Cache::new();
    cache.load(1..=3).await;
    let before = std::fs::read(cache.path()).unwrap();
    let store = SqliteStore::open_read_only(cache.path()).unwrap();
    let home = &cache.home;
    assert_eq!(store.get_content_ids(home, ContentKind::Movies).await.unwrap().len(), 3);
    assert_eq!(store.runs(home, 5).await.unwrap().len(), 1);
    let read_only =
        |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::ReadOnly(_))), "{result:?}");
    read_only(store.ensure_profile(home).await);
    read_only(store.lease(home).await.map(|_| ()));
    read_only(store.start_run(home, 1, 1).await.map(|_| ()));
    read_only(store.clear(home).await);
    read_only(store.delete_content_by_ids(home, ContentKind::Movies, vec![ContentId(1)]).await.map(|_| ()));
    read_only(store.remove_profile(home).await.map(|_| ()));
    let mut staging = store.stage(home, Scope::whole(ContentKind::Movies)).await.unwrap();
    staging
        .put((1..9000).map(|id| added(movie(id).with("plot", "long ".repeat(100).as_str()))).collect())
        .await
        .unwrap();
    assert_eq!(staging.get(vec![ContentId(8000)]).await.unwrap().len(), 1);
    let run = cache.start();
    read_only(staging.apply(run.commit(ContentKind::Movies), CancellationToken::new()).await.map(drop));
    drop(run);
    assert!(std::fs::read(cache.path()).unwrap() == before);
}

#[test]
fn reading_needs_an_existing_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let error = SqliteStore::open_read_only(&path).unwrap_err();
    assert!(error.to_string().contains("there is no cache"), "{error}");
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    let error = SqliteStore::open_read_only(&path).unwrap_err();
    assert!(error.to_string().contains("there is no cache"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"");
}
