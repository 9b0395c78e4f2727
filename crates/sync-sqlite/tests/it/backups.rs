//! Backups and restored caches are complete and undamaged, and no existing file is lost.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use sync_core::testing::{movie, staged};
use sync_core::{Change, ContentKind, FieldSet, StoreError};
use sync_sqlite::{BackupError, SqliteStore, back_up, restore};

use crate::fixture::{Cache, Run, execute, lines};

/// Returns the names of all files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn names(path: &Path) -> Vec<String> {
    lines(path, "SELECT DISTINCT name AS line FROM xtream_movies")
}

async fn rename_all(cache: &Cache, run: &Run, name: &str) {
    let changed = Change::Updated(FieldSet(1 << ContentKind::Movies.field("name").unwrap()));
    let items = (1..=2000).map(|id| staged(movie(id).name(name), changed)).collect();
    cache.apply(items, run.commit(ContentKind::Movies)).await.unwrap();
}

/// Closes the cache.
fn closed(cache: Cache) -> (tempfile::TempDir, PathBuf) {
    let path = cache.path();
    (cache.folder, path)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777
}

/// A folder that a killed program has left behind is deleted after a day, and no other folder is.
#[cfg(unix)]
#[tokio::test]
async fn files_of_a_killed_backup_are_removed_after_a_day() {
    let (cache, target) = (Cache::new(), tempfile::tempdir().unwrap());
    let hour = std::time::Duration::from_secs(3600);
    for (name, hours) in [(".xtream-sync-old", 25), (".xtream-sync-young", 23), ("somebody's", 25)] {
        let left = target.path().join(name);
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("copy.db"), "half").unwrap();
        let then = std::time::SystemTime::now() - hour * hours;
        std::fs::File::open(&left).unwrap().set_modified(then).unwrap();
    }
    back_up(&cache.path(), &target.path().join("backup.db"), false).await.unwrap();
    assert_eq!(files(target.path()), [".xtream-sync-young", "backup.db", "somebody's"]);
}

/// Makes twenty copies while another connection writes all the time. Each copy is one state, and sound.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_during_writes_is_one_state() {
    let cache = Cache::new();
    cache.load(1..=2000).await;
    let run = cache.start();
    rename_all(&cache, &run, "0").await;
    let (target, ended) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
    let writing = async {
        let mut generation = 0;
        while !ended.load(Ordering::SeqCst) {
            generation += 1;
            rename_all(&cache, &run, &generation.to_string()).await;
        }
        generation
    };
    let copying = async {
        let mut seen = std::collections::BTreeSet::new();
        for at in 0..20 {
            let path = target.path().join(format!("{at}.db"));
            let made = back_up(&cache.path(), &path, false).await.unwrap();
            assert_eq!((made.profiles, made.passwords, made.bytes), (1, 0, path.metadata().unwrap().len()));
            #[cfg(unix)]
            assert_eq!(mode(&path), 0o600);
            let found = names(&path);
            assert_eq!(found.len(), 1, "a mix: {found:?}");
            seen.extend(found);
            let store = SqliteStore::open_read_only(&path).unwrap();
            assert_eq!(store.inspect_blocking(None).unwrap().damage, [""; 0]);
        }
        ended.store(true, Ordering::SeqCst);
        seen.len()
    };
    let (generations, seen) = tokio::join!(writing, copying);
    println!("{generations} generations written, {seen} of them copied");
    assert!(generations > 3 && seen > 2, "{generations} written, {seen} seen: nothing was proved");
    let left = files(target.path()).into_iter().filter(|name| name.starts_with('.')).count();
    assert_eq!(left, 0, "what copies were made in is gone");
}

#[tokio::test]
async fn a_backup_replaces_no_other_file() {
    let cache = Cache::new();
    cache.load(1..=5).await;
    let folder = cache.folder.path();
    let target = folder.join("copy.db");
    std::fs::write(&target, "mine").unwrap();
    let refused = back_up(&cache.path(), &target, false).await;
    assert!(matches!(refused, Err(BackupError::Exists(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
    back_up(&cache.path(), &target, true).await.unwrap();
    assert_eq!(names(&target).len(), 5);

    assert!(matches!(back_up(&cache.path(), folder, true).await, Err(BackupError::Folder(_))));
    let nowhere = back_up(&cache.path(), &folder.join("no/copy.db"), false).await;
    assert!(matches!(nowhere, Err(BackupError::Missing(_))), "{nowhere:?}");
    let missing = back_up(&folder.join("none.db"), &folder.join("b.db"), false).await;
    assert!(matches!(missing, Err(BackupError::Store(StoreError::Missing(_)))), "{missing:?}");
    for part in ["cache.db", "cache.db-wal", "cache.db-shm", "cache.db-journal", "../x/cache.db"] {
        let target = folder.join(part.replace("../x", &format!("../{}", folder.file_name().unwrap().display())));
        let refused = back_up(&cache.path(), &target, true).await;
        assert!(matches!(refused, Err(BackupError::Itself(_))), "{part}: {refused:?}");
    }
    #[cfg(unix)]
    {
        let (soft, hard) = (folder.join("soft.db"), folder.join("hard.db"));
        std::os::unix::fs::symlink(cache.path(), &soft).unwrap();
        std::fs::hard_link(cache.path(), &hard).unwrap();
        for link in [soft, hard] {
            assert!(matches!(back_up(&cache.path(), &link, true).await, Err(BackupError::Itself(_))));
        }
        let socket = folder.join("socket");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(matches!(back_up(&cache.path(), &socket, true).await, Err(BackupError::Special(_))));
        assert!(matches!(restore(&cache.path(), &socket).await, Err(BackupError::Special(_))));
    }
    assert_eq!(cache.ids(ContentKind::Movies).len(), 5);
    assert!(files(folder).iter().all(|name| !name.starts_with('.')), "{:?}", files(folder));
}

/// An error in the cache is not reported as an error of the file that was to be written.
#[tokio::test]
async fn a_damaged_cache_is_reported_as_damaged() {
    let cache = Cache::new();
    cache.load(1..=2000).await;
    let (_folder, path) = closed(cache);
    let whole = std::fs::read(&path).unwrap();
    let mut found = 0;
    for (at, length) in (4096..whole.len()).step_by(4096).flat_map(|at| [(at, 8), (at, 4096)]) {
        let mut bytes = whole.clone();
        bytes[at..at + length].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        let target = tempfile::tempdir().unwrap();
        match back_up(&path, &target.path().join("backup.db"), false).await {
            // The damaged page isn't copied: it is free, or belongs to an index.
            Ok(_) => continue,
            Err(BackupError::Store(StoreError::Corrupt(_))) => found += 1,
            Err(error) => panic!("{error:?} with {length} bytes from {at} on"),
        }
        assert!(files(target.path()).is_empty());
    }
    assert!(found > 3, "{found}");
}

/// A caller that gives up gets no backup, and nothing is left of one.
#[tokio::test]
async fn an_abandoned_backup_leaves_nothing() {
    let cache = Cache::new();
    cache.load(1..=3000).await;
    let target = tempfile::tempdir().unwrap();
    let path = target.path().join("copy.db");
    {
        let source = cache.path();
        let copying = back_up(&source, &path, false);
        tokio::select! {
            biased;
            made = copying => panic!("{made:?}"),
            () = std::future::ready(()) => {}
        }
    }
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    // The thread that makes the copy ends by itself.
    loop {
        assert!(!path.exists());
        if files(target.path()).is_empty() {
            break;
        }
        assert!(std::time::Instant::now() < until, "{:?}", files(target.path()));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_restored_cache_is_the_backup_and_the_old_one_is_kept() {
    let cache = Cache::new();
    cache.load(1..=20).await;
    let backups = tempfile::tempdir().unwrap();
    let backup = backups.path().join("b.db");
    back_up(&cache.path(), &backup, false).await.unwrap();
    let then = cache.contents();
    cache.store.delete_content_by_ids_blocking(&cache.home, ContentKind::Movies, &[sync_core::ContentId(7)]).unwrap();
    let later = cache.contents();
    let home = cache.home.clone();
    let (folder, path) = closed(cache);
    let restored = restore(&path, &backup).await.unwrap();
    let kept = restored.kept.unwrap();
    assert_eq!(restored.profiles, 1);
    let mut expected: Vec<String> = files(folder.path());
    expected.retain(|name| name.contains("-lease-"));
    let kept_name = kept.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(kept_name.starts_with("cache.db.before-restore-2"), "{kept_name}");
    expected.extend(["cache.db".to_owned(), "cache.db-lease".to_owned(), kept_name]);
    expected.sort();
    assert_eq!(files(folder.path()), expected, "no log of the old one");
    #[cfg(unix)]
    assert_eq!((mode(&path), mode(&kept)), (0o600, 0o600));

    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.get_content_ids_blocking(&home, ContentKind::Movies).unwrap().len(), 20);
    assert_eq!(store.inspect_blocking(None).unwrap().findings, []);
    assert_eq!(lines(&path, "SELECT COUNT(*) AS line FROM xtream_changes"), ["1"]);
    assert_eq!(lines(&kept, "SELECT COUNT(*) AS line FROM xtream_changes"), ["2"]);
    assert_eq!(lines(&kept, "SELECT COUNT(*) AS line FROM xtream_movies"), ["19"]);
    assert_ne!(then, later);
    drop(store);
    // The former cache is restored in the same way.
    restore(&path, &kept).await.unwrap();
    assert_eq!(lines(&path, "SELECT COUNT(*) AS line FROM xtream_movies"), ["19"]);
}

/// A log that a crash has left belongs to the old file, and is set aside with it.
#[tokio::test]
async fn the_old_log_is_never_applied_to_the_new_file() {
    for damaged in [false, true] {
        let cache = Cache::new();
        cache.load(1..=300).await;
        let backups = tempfile::tempdir().unwrap();
        let backup = backups.path().join("b.db");
        back_up(&cache.path(), &backup, false).await.unwrap();
        let run = cache.start();
        rename_all(&cache, &run, "in the log").await;
        let crashed = tempfile::tempdir().unwrap();
        let path = crashed.path().join("cache.db");
        for part in ["", "-wal"] {
            std::fs::copy(format!("{}{part}", cache.path().display()), format!("{}{part}", path.display())).unwrap();
        }
        let log = std::fs::read(crashed.path().join("cache.db-wal")).unwrap();
        assert!(log.len() > 100_000, "{}", log.len());
        if damaged {
            std::fs::write(&path, "Dear diary,\n").unwrap();
        }
        let kept = restore(&path, &backup).await.unwrap().kept.unwrap();
        assert!(!crashed.path().join("cache.db-wal").exists());
        assert_eq!(names(&path).len(), 300, "the names of the backup");
        assert_eq!(SqliteStore::open(&path).unwrap().inspect_blocking(None).unwrap().findings, []);
        if damaged {
            assert_eq!(std::fs::read_to_string(&kept).unwrap(), "Dear diary,\n");
            assert!(std::fs::read(format!("{}-wal", kept.display())).unwrap() == log, "kept as well");
        } else {
            assert_eq!(names(&kept), ["in the log"], "it was brought into its own file");
        }
    }
}

/// The file of the cache is missing, but its log exists.
#[tokio::test]
async fn a_log_without_a_file_is_not_applied_to_a_restored_cache() {
    let cache = Cache::new();
    cache.load(1..=10).await;
    let folder = tempfile::tempdir().unwrap();
    let (backup, path) = (folder.path().join("b.db"), folder.path().join("new/cache.db"));
    back_up(&cache.path(), &backup, false).await.unwrap();
    assert_eq!(restore(&path, &backup).await.unwrap().kept, None);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(folder.path().join("new/cache.db-wal"), "old").unwrap();
    assert_eq!(restore(&path, &backup).await.unwrap().kept, None);
    assert_eq!(names(&path).len(), 10);
    assert!(!folder.path().join("new/cache.db-wal").exists());
}

#[tokio::test]
async fn a_file_that_is_no_cache_is_not_restored() {
    let cache = Cache::new();
    cache.load(1..=10).await;
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.db");
    back_up(&cache.path(), &good, false).await.unwrap();
    let of = |name: &str| folder.path().join(name);
    std::fs::write(of("text"), "Dear diary,\n").unwrap();
    std::fs::write(of("empty"), "").unwrap();
    execute(&of("foreign"), "CREATE TABLE addresses (name TEXT)");
    for (name, sql) in [
        ("newer", "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')"),
        ("format", "PRAGMA user_version=7"),
    ] {
        std::fs::copy(&good, of(name)).unwrap();
        execute(&of(name), sql);
    }
    let mut bytes = std::fs::read(&good).unwrap();
    bytes[4096 * 3..4096 * 3 + 8].fill(0xff);
    std::fs::write(of("damaged"), &bytes).unwrap();
    std::fs::write(of("cut"), &bytes[..4096 * 2 + 100]).unwrap();

    let (kept, path) = closed(cache);
    let before = (std::fs::read(&path).unwrap(), files(kept.path()));
    for name in ["text", "empty", "foreign", "newer", "format", "damaged", "cut"] {
        let refused = restore(&path, &of(name)).await.unwrap_err();
        assert!(matches!(refused, BackupError::Unfit { .. }), "{name}: {refused}");
        let newer = matches!(refused, BackupError::Unfit { error: StoreError::Newer(_), .. });
        assert_eq!(newer, ["newer", "format"].contains(&name), "{name}: {refused}");
        assert!(!refused.to_string().contains("the cache"), "it is the file that is unfit: {refused}");
        assert!((std::fs::read(&path).unwrap(), files(kept.path())) == before, "{name}");
    }
    assert!(matches!(restore(&path, &of("none")).await, Err(BackupError::Missing(_))));
    // The path isn't reported as missing, because it can't exist.
    assert!(matches!(restore(&path, &path.join("x")).await, Err(BackupError::Unfit { .. })));
    assert!(matches!(restore(&path, folder.path()).await, Err(BackupError::Folder(_))));
    assert!(matches!(restore(&path, &path).await, Err(BackupError::Itself(_))));
    assert!((std::fs::read(&path).unwrap(), files(kept.path())) == before);
    // A backup doesn't replace the file of another program.
    let foreign = std::fs::read(of("foreign")).unwrap();
    assert!(matches!(restore(&of("foreign"), &good).await, Err(BackupError::Store(StoreError::Foreign))));
    assert!(std::fs::read(of("foreign")).unwrap() == foreign);
}

/// A program that has the cache open can go on using it.
#[tokio::test]
async fn a_cache_in_use_is_not_replaced() {
    let cache = Cache::new();
    cache.load(1..=10).await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("b.db");
    back_up(&cache.path(), &backup, false).await.unwrap();
    let path = cache.path();
    assert!(matches!(restore(&path, &backup).await, Err(BackupError::Store(StoreError::Locked))));
    let lease = cache.store.lease_blocking(&cache.home).unwrap();
    assert!(matches!(restore(&path, &backup).await, Err(BackupError::Store(StoreError::Leased(_)))));
    drop(lease);
    cache.load(11..=12).await;
    let (_folder, path) = closed(cache);
    // Another program, which doesn't use our locks.
    let mut reader = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    reader.batch_execute("BEGIN; SELECT COUNT(*) FROM xtream_movies").unwrap();
    assert!(matches!(restore(&path, &backup).await, Err(BackupError::Store(StoreError::Locked))));
    drop(reader);
    assert_eq!(names(&path).len(), 12);
    restore(&path, &backup).await.unwrap();
    assert_eq!(names(&path).len(), 10);
}

#[tokio::test]
async fn an_older_backup_is_upgraded_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    // SQLite creates files beside a database that it reads.
    let old = folder.path().join("old.db");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/first-schema.cache"), &old).unwrap();
    assert_eq!(restore(&path, &old).await.unwrap().profiles, 2);
    assert!(matches!(SqliteStore::open_read_only(&path), Err(StoreError::Older)));
    let copied = folder.path().join("copy.db");
    let made = back_up(&path, &copied, false).await.unwrap();
    assert_eq!((made.profiles, made.passwords), (2, 1));
    let store = SqliteStore::open(&path).unwrap();
    let mut profiles = store.profiles_blocking().unwrap();
    assert_eq!(profiles.len(), 2);
    // A former password counts as well, because rows may contain it.
    let mut home = profiles.remove(0);
    assert!(home.password.take().is_some());
    store.save_profile_blocking(&home).unwrap();
    drop(store);
    let later = folder.path().join("later.db");
    assert_eq!(back_up(&path, &later, false).await.unwrap().passwords, 1);
    assert!(matches!(SqliteStore::open_read_only(&copied), Err(StoreError::Older)), "as it was");
}
