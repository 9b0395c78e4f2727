//! Caches of earlier versions are opened and migrated, and keep every row.
//!
//! The caches themselves are in `tests/fixtures`.

use std::path::{Path, PathBuf};

use sync_core::store::{ContentStore, RunEnd, ScopeCommit};
use sync_core::testing::{movie, profile};
use sync_core::{
    Catalogue as _, ContentId, ContentKind, GuardThresholds, HoldReason, Loss, PanelFacts, PerKind, PolicyChoice,
    Profiles as _, Retention, RunStatus, StoreError,
};
use sync_core::{LoggedChange, Refused, UndoOutcome, UndoRequest};
use sync_core::{PasswordSource, Profile, SearchFields};
use sync_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::fixture::{Cache, added, execute, index_of, lines};

/// Returns a copy of a cache that the version with this schema has left.
fn left_by(schema: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    std::fs::copy(format!("{}/tests/fixtures/{schema}.cache", env!("CARGO_MANIFEST_DIR")), &path).unwrap();
    (folder, path)
}

fn first_schema() -> (TempDir, PathBuf) {
    left_by("first-schema")
}

fn schema(path: &Path) -> Vec<String> {
    lines(path, "SELECT type || name || coalesce(sql,'') AS line FROM sqlite_master ORDER BY 1")
}

fn counts(path: &Path) -> Vec<String> {
    let tables = lines(path, "SELECT name AS line FROM sqlite_master WHERE type='table' AND name LIKE 'xtream%'");
    tables.iter().flat_map(|table| lines(path, &format!("SELECT '{table}' || COUNT(*) AS line FROM {table}"))).collect()
}

/// Returns, per table, the query that selects its rows as literals, in the columns that the table has now.
fn selections(path: &Path) -> Vec<String> {
    let tables = lines(path, "SELECT name AS line FROM sqlite_master WHERE type='table' AND name LIKE 'xtream%'");
    let of = |table: &String| {
        let sql = format!("SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_info('{table}')");
        let columns = lines(path, &sql).join("||','||");
        format!("SELECT '{table} ' || {columns} AS line FROM {table} ORDER BY 1")
    };
    tables.iter().map(of).collect()
}

#[test]
fn every_earlier_cache_keeps_every_row_and_is_checked() {
    for (name, tables, found) in [
        // The run records of this cache were invented, and their counts don't fit its items.
        ("first-schema", 15, &["rows_not_as_recorded", "run_not_as_logged"][..]),
        ("third-schema", 17, &[]),
        ("fourth-schema", 18, &["name_missing"]),
        ("sixth-schema", 21, &["name_missing"]),
        ("seventh-schema", 23, &["name_missing"]),
        ("eighth-schema", 23, &["name_missing"]),
    ] {
        let (_folder, path) = left_by(name);
        let selections = selections(&path);
        assert_eq!(selections.len(), tables, "{name}");
        let rows = || selections.iter().flat_map(|sql| lines(&path, sql)).collect::<Vec<_>>();
        let before = rows();
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(rows(), before, "{name}");
        let seen = store.inspect_blocking(None).unwrap();
        assert_eq!((seen.damage, seen.profiles.len()), (Vec::new(), 2), "{name}");
        let mut codes: Vec<_> = seen.findings.iter().map(|finding| finding.inconsistency.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes, found, "{name}");
    }
}

#[tokio::test]
async fn a_cache_of_the_first_schema_opens_with_all_it_had() {
    let (folder, path) = first_schema();
    let store = SqliteStore::open(&path).unwrap();
    let home = profile("home");
    let row = Profile {
        base_url: Some("http://panel.example:8080/sub".into()),
        username: Some("someone".into()),
        password: Some("not-a-secret".into()),
        password_source: PasswordSource::Stored,
        user_agent: Some("player/1".into()),
        policy: PolicyChoice::Timestamp,
        guard: GuardThresholds { share_percent: 25, floor_rows: 10, category_rows: 20 },
        retention: Retention::default(),
        verify_tls: true,
        follow_other_hosts: true,
        parallel_requests: 1,
        search: SearchFields::All,
        ..Profile::new(home.clone())
    };
    assert_eq!(store.profiles().await.unwrap(), [row, Profile::new(profile("ürsula's"))]);
    let state = store.sync_state(&home).await.unwrap();
    assert_eq!((state.rows, state.held, state.facts), (PerKind::all(5), PerKind::all(1), PanelFacts::default()));
    assert!(state.last_sync.values().all(Option::is_some));
    for kind in ContentKind::ALL {
        let ids: Vec<_> = store.get_content_ids(&home, kind).await.unwrap();
        assert_eq!(ids, [-4, 7, 12, 30, 9_007_199_254_740_993].map(ContentId));
        assert_eq!(store.rows(&home, kind, ids).await.unwrap().len(), 5);
        let stored = store.index(&home, kind.into()).await.unwrap();
        assert!(stored.consistent && stored.applied_before);
        assert_eq!(stored.index.ids()[..2], [30, 7]);
        assert_eq!(store.categories(&home, kind).await.unwrap().len(), 3);
        let held = store.held(&home, kind).await.unwrap();
        assert_eq!((held[0].id, held[0].reason), (ContentId(-4), HoldReason::Loss(Loss::ShareLost)));
        assert_eq!((held[0].evidence, held[0].successor), (None, None));
    }
    let changes: Vec<_> = store.changes(&home, 0, 100).await.unwrap().iter().map(|change| change.change).collect();
    assert_eq!(changes.len(), 12);
    assert!(changes.contains(&LoggedChange::Added) && !changes.contains(&LoggedChange::Returned));
    let runs: Vec<_> = store.runs(&home, 9).await.unwrap().iter().map(|run| run.status).collect();
    assert_eq!(runs, [RunStatus::Interrupted, RunStatus::Failed, RunStatus::Partial, RunStatus::Completed]);
    let group = &store.content_status(&home).await.unwrap().kinds[ContentKind::Movies].held[0];
    assert_eq!((group.count, group.listings, group.evidence_since), (1, 0, None));

    // The next sync continues from there: items that were removed then have tombstones, but without their first day.
    let cache = Cache { store, home, folder };
    let run = cache.start();
    let removed_at: i64 = cache.sql("SELECT removed_at AS line FROM xtream_tombstones LIMIT 1")[0].parse().unwrap();
    let commit = ScopeCommit {
        applied_at: removed_at + 86_400,
        removals: vec![ContentId(-4)],
        held: Some(Vec::new()),
        index: index_of(&[5, 7, 12, 30, 9_007_199_254_740_993]),
        ..run.commit(ContentKind::Movies)
    };
    cache.apply(vec![added(movie(5))], commit).await.unwrap();
    cache.finish(run);
    let told: Vec<_> = cache.store.changes(&cache.home, 0, 100).await.unwrap();
    assert_eq!(
        told[12..].iter().map(|change| change.change).collect::<Vec<_>>(),
        [LoggedChange::Returned, LoggedChange::Removed]
    );
    let day = format!("SELECT COUNT(*) AS line FROM xtream_movies WHERE stream_id=5 AND created_at={removed_at}+86400");
    assert_eq!(cache.sql(&day), ["1"]);
}

/// Old settings stay in their columns, and new settings have their defaults.
#[tokio::test]
async fn every_earlier_setting_is_kept() {
    let (_folder, path) = left_by("sixth-schema");
    let store = SqliteStore::open(&path).unwrap();
    let stored = store.profile(&profile("home")).await.unwrap().unwrap();
    let address = stored.base_url.clone().unwrap();
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    let expected = Profile {
        base_url: Some(address),
        username: Some("demo".into()),
        password: Some("demo-secret".into()),
        user_agent: Some("Player/1".into()),
        policy: PolicyChoice::Timestamp,
        guard: GuardThresholds { share_percent: 20, floor_rows: 5, category_rows: 6 },
        retention: Retention {
            release_listings: 4,
            release_days: 8,
            tombstone_days: 31,
            feed_days: 91,
            feed_entries: 400_000,
        },
        verify_tls: false,
        follow_other_hosts: false,
        parallel_requests: 2,
        search: SearchFields::Names,
        ..Profile::new(profile("home"))
    };
    assert_eq!(stored, expected);
    store.save_profile(&stored).await.unwrap();
    for table in ["xtream_profile_settings", "xtream_profile_addresses"] {
        assert_eq!(lines(&path, &format!("SELECT COUNT(*) AS line FROM {table}")), ["0"]);
    }
    // The settings of the other profile are unchanged, too.
    let other = store.profile(&profile("ürsula's")).await.unwrap().unwrap();
    assert_eq!((other.username.as_deref(), other.retention), (Some("ursula"), Retention::default()));
}

/// Entries of versions that logged no values show that: they keep their sequences, have a time, and can't be undone.
/// Their age counts from the upgrade.
#[tokio::test]
async fn earlier_entries_have_no_values() {
    let (folder, path) = first_schema();
    let sequences = "SELECT group_concat(sequence) AS line FROM xtream_changes";
    let before = lines(&path, sequences);
    let cache = Cache { store: SqliteStore::open(&path).unwrap(), home: profile("home"), folder };
    assert_eq!(cache.sql(sequences), before);
    let other = profile("ürsula's");
    let feeds = [cache.store.feed(&cache.home).await.unwrap(), cache.store.feed(&other).await.unwrap()];
    assert!(feeds.iter().all(|feed| feed.epoch > 0 && feed.oldest == 0) && feeds[0].epoch != feeds[1].epoch);
    let told = cache.store.changes(&cache.home, 0, 100).await.unwrap();
    assert!(told.iter().all(|change| change.at > 0 && change.columns.is_some() == change.id.is_none()));
    let lease = cache.store.lease(&cache.home).await.unwrap();
    let run = told.iter().rev().find(|change| change.id.is_some()).unwrap().run;
    let kinds = ContentKind::ALL.to_vec();
    let request = UndoRequest { fence: Some(lease.fence), run, kinds, at: 1 };
    let UndoOutcome::Refused(refusal) = cache.store.undo(&cache.home, request).await.unwrap() else {
        panic!("there is nothing to restore from")
    };
    assert!(matches!(refusal.refused, Refused::NoValues | Refused::FirstLoad), "{refusal:?}");
    drop(lease);
    // They stay as long as new entries would, however old they are.
    let run = cache.start();
    let day = 86_400;
    let now: i64 = cache.sql("SELECT unixepoch() AS line")[0].parse().unwrap();
    let end = RunEnd { finished_at: now + 89 * day, ..run.end() };
    cache.store.finish_run(&cache.home, end).await.unwrap();
    assert_eq!(cache.store.changes(&cache.home, 0, 100).await.unwrap().len(), told.len());
    drop(run);
    let run = cache.start();
    let end = RunEnd { finished_at: now + 91 * day, ..run.end() };
    cache.store.finish_run(&cache.home, end).await.unwrap();
    let left = cache.store.changes(&cache.home, 0, 100).await.unwrap();
    let newest = told.iter().rev().find_map(|change| change.run);
    assert!(left.iter().all(|change| change.run == newest) && left.len() < told.len(), "the newest run stays");
}

#[test]
fn an_older_cache_that_is_only_read_is_unchanged() {
    let (_folder, path) = first_schema();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(SqliteStore::open_read_only(&path), Err(StoreError::Older)));
    assert!(std::fs::read(&path).unwrap() == before);
}

/// Returns every file beside the cache, except those of SQLite and of the locks.
fn beside(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let mut others: Vec<_> = entries.filter(|it| it.to_str().unwrap().contains(".before-")).collect();
    others.sort();
    others
}

#[test]
fn a_copy_of_the_older_cache_stays_beside_the_upgraded_one() {
    let (_folder, path) = first_schema();
    // The first file is of an earlier upgrade. The other two are not.
    for name in ["cache.db.before-20200101000000", "cache.db.before-restore-x", "cache.db.before-lunch"] {
        std::fs::write(path.with_file_name(name), "x").unwrap();
    }
    let before = (schema(&path), counts(&path));
    SqliteStore::open(&path).unwrap();
    let kept = beside(&path);
    let names: Vec<_> = kept.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    let [copy, "cache.db.before-lunch", "cache.db.before-restore-x"] = names[..] else { panic!("{names:?}") };
    assert!(copy.strip_prefix("cache.db.before-").unwrap().bytes().all(|b| b.is_ascii_digit()), "{copy}");
    assert_eq!((schema(&kept[0]), counts(&kept[0])), before);
    assert_ne!(schema(&path), before.0);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&kept[0].metadata().unwrap().permissions()) & 0o777, 0o600);
    let copied = std::fs::read(&kept[0]).unwrap();
    SqliteStore::open(&path).unwrap();
    assert!(std::fs::read(&kept[0]).unwrap() == copied, "once, and not every time");
}

const CHILD: &str = "SYNC_SQLITE_TEST_SMALL_DISK";

/// Not a test: the code of the other process of the next test.
#[test]
fn on_a_small_disk() {
    let Ok(path) = std::env::var(CHILD) else { return };
    println!("\n{}", SqliteStore::open(path).unwrap_err());
}

/// If there is no room for the copy, the migration doesn't begin.
#[cfg(unix)]
#[test]
fn without_room_for_the_copy_no_migration_begins() {
    let (_folder, path) = first_schema();
    // The limit is too small for the copy, and large enough for the files that SQLite needs to open the cache.
    let limited = "trap '' XFSZ; ulimit -f 90; exec \"$0\" --exact migrating::on_a_small_disk --nocapture";
    let run = std::process::Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, &path)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(told.contains("could not be migrated: a copy has to be made first"), "{told}");
    assert_eq!(beside(&path), [""; 0].map(PathBuf::from));
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.profiles_blocking().unwrap().len(), 2);
}

/// The last statement of the migration fails, and the earlier statements are taken back.
#[test]
fn a_migration_that_fails_changes_nothing() {
    let (_folder, path) = first_schema();
    execute(&path, "CREATE TABLE xtream_panel_facts (mine TEXT)");
    let before = (schema(&path), counts(&path));
    for _ in 0..2 {
        let told = SqliteStore::open(&path).unwrap_err().to_string();
        let copy = beside(&path).pop().unwrap();
        assert!(told.contains("xtream_panel_facts already exists") && told.contains(copy.to_str().unwrap()), "{told}");
        assert_eq!(counts(&copy), before.1);
        assert_eq!((schema(&path), counts(&path)), before);
        assert!(matches!(SqliteStore::open_read_only(&path), Err(StoreError::Older)));
    }
    execute(&path, "DROP TABLE xtream_panel_facts");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.profiles_blocking().unwrap().len(), 2);
    SqliteStore::open_read_only(&path).unwrap();
}

#[test]
fn many_can_open_an_older_cache_at_once() {
    let (_folder, path) = first_schema();
    let before = counts(&path);
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..8).map(|_| scope.spawn(|| SqliteStore::open(&path))).collect();
        for thread in opened {
            assert_eq!(thread.join().unwrap().unwrap().profiles_blocking().unwrap().len(), 2);
        }
    });
    let after = counts(&path);
    assert!(before.iter().all(|count| after.contains(count)), "{before:?} {after:?}");
}
