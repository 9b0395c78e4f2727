//! The check finds nothing in a cache that only the engine has written, and names exactly what other programs have
//! broken. The next sync mends what the check has found.

use std::sync::Arc;
use sync_core::LoggedChange;
use sync_core::source::Validator;
use sync_core::store::{ContentStore, KeptValidator, ScopeCommit, ValidatorChange};
use sync_core::testing::{FixedClock, ItemBuilder, ScriptedSource, category, channel, movie, profile, series};
use sync_core::{
    Catalogue as _, ContentId, ContentKind, Counts, DigestScheme, Doubt, Engine, HoldReason, KindOutcome, KindRecord,
    Login, Maintenance as _, PolicyChoice, RunStatus, Snapshots as _, SyncMode, SyncOptions, SyncReport,
};
use sync_core::{Profile, maintenance::Finding, maintenance::Inconsistency, maintenance::Inspection};
use sync_sqlite::SqliteStore;
use tokio_util::sync::CancellationToken;

use crate::fixture::Cache;

async fn sync(cache: &Cache, source: &ScriptedSource, at: i64) -> SyncReport {
    Engine::new(Arc::new(source.clone()), Arc::new(cache.store.clone()), Arc::new(FixedClock::at(at)))
        .run(&cache.home, &SyncOptions::default(), &CancellationToken::new())
        .await
}

fn movies(ids: impl IntoIterator<Item = i64>) -> Vec<sync_core::Listed> {
    let odd = |id| match id {
        60 => movie(id).with("category_id", "2").in_categories(&["1", "2", "a\"b"]),
        61 => movie(id).with("category_id", "").in_categories(&[]),
        _ => movie(id),
    };
    ids.into_iter().map(|id| odd(id).listed()).collect()
}

fn some(of: fn(i64) -> ItemBuilder) -> Vec<sync_core::Listed> {
    (1..=5).map(|id| of(id).listed()).collect()
}

/// Returns a cache that has seen additions, updates, removals, a return, held removals, and a deletion by hand; and a
/// source that still lists the items of its last listing.
async fn lived() -> (Cache, ScriptedSource) {
    let cache = Cache::new();
    let mut renamed = movies(3..=101);
    renamed[7] = movie(10).name("Renamed").listed();
    let source = ScriptedSource::new()
        .categories(ContentKind::Movies, Ok(["1", "2", "a\"b"].map(category).to_vec()))
        .lists(ContentKind::Channels, some(channel))
        .lists(ContentKind::Series, some(series))
        .lists(ContentKind::Movies, movies(1..=100))
        .lists(ContentKind::Movies, renamed)
        .lists(ContentKind::Movies, movies((60..=101).chain([1])));
    for (at, status) in [(10_000, RunStatus::Completed), (20_000, RunStatus::Completed), (30_000, RunStatus::Partial)] {
        assert_eq!(sync(&cache, &source, at).await.status, status);
        assert_eq!(inspected(&cache), Inspection { profiles: vec![cache.home.clone()], ..Inspection::default() });
    }
    assert_eq!(cache.store.held(&cache.home, ContentKind::Movies).await.unwrap().len(), 57);
    cache
        .store
        .delete_content_by_ids(&cache.home, ContentKind::Movies, vec![ContentId(70), ContentId(71)])
        .await
        .unwrap();
    assert!(inspected(&cache).is_sound(), "{:?}", inspected(&cache));
    let log = cache.store.changes(&cache.home, 0, 1000).await.unwrap();
    assert!(log.iter().any(|change| change.change == LoggedChange::Returned));
    (cache, source)
}

fn inspected(cache: &Cache) -> Inspection {
    cache.store.inspect_blocking(None).unwrap()
}

fn told(inspection: &Inspection) -> Vec<String> {
    let one = |finding: &Finding| {
        let place = finding.kind.map_or_else(|| "-".to_owned(), |kind| kind.to_string());
        format!("{place}: {}: {finding}", finding.inconsistency.code())
    };
    inspection.findings.iter().map(one).collect()
}

/// Breaks a cache by SQL, and expects exactly these findings. The next sync mends all that a sync can mend.
#[track_caller]
fn broken(sql: &str, expected: &[&str]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (cache, source) = lived().await;
        let rows = cache.table("xtream_movies").len();
        for sql in sql.split(';') {
            cache.execute(sql);
        }
        let inspection = inspected(&cache);
        assert_eq!(told(&inspection), expected, "{sql}");
        let lost = cache.table("xtream_movies").len() != rows;

        let marked = cache.store.mark(&inspection).await.unwrap();
        let kinds: Vec<_> = marked.iter().map(|(_, kind)| *kind).collect();
        for (profile, kind) in &marked {
            assert!(!cache.store.index(profile, (*kind).into()).await.unwrap().consistent, "{sql}");
        }
        let report = sync(&cache, &source, 40_000).await;
        for kind in ContentKind::ALL {
            let record = report.kind(kind);
            assert_ne!(record.outcome, KindOutcome::Failed, "{sql}: {:?}", record.error);
            let full = if kinds.contains(&kind) { SyncMode::Full } else { SyncMode::Incremental };
            assert_eq!(record.mode, full, "{sql}: {kind}");
        }
        let left: Vec<_> =
            inspection.findings.into_iter().filter(|it| !it.inconsistency.is_mended_by_a_sync()).collect();
        assert_eq!(inspected(&cache).findings, left, "{sql}");
        assert!(cache.table("xtream_movies").len() >= rows || lost, "nothing is thrown away: {sql}");
        // A mended kind isn't compared in full again.
        let report = sync(&cache, &source, 50_000).await;
        assert!(report.kinds.values().all(|record| record.mode == SyncMode::Incremental), "{sql}");
        assert_eq!(
            report.counts(),
            Counts { held: report.counts().held, unchanged: report.counts().unchanged, ..Counts::default() }
        );
        assert_eq!(inspected(&cache).findings, left, "{sql}");
    });
}

#[test]
fn the_index_is_compared_with_the_rows() {
    broken(
        "DELETE FROM xtream_movies WHERE stream_id IN (80,81,82,83)",
        &[
            "movies: count_wrong: the recorded number of items differs from the number of rows (98 recorded, 94 there)",
            "movies: index_without_rows: 4 entries of the index without an item (80, 81, 82, …)",
            "movies: rows_not_as_recorded: the number of items differs from that of the last run (100 expected, 94 there)",
        ],
    );
    broken(
        "INSERT INTO xtream_series (profile_id,series_id,name,created_at,updated_at) VALUES ('home',99,'x',1,1)",
        &[
            "series: count_wrong: the recorded number of items differs from the number of rows (5 recorded, 6 there)",
            "series: rows_not_in_index: 1 item that is not in the index (99)",
            "series: rows_not_as_recorded: the number of items differs from that of the last run (5 expected, 6 there)",
        ],
    );
    broken(
        "DELETE FROM xtream_listing_index WHERE kind='channels'",
        &["channels: index_missing: the index of the last list is missing (5 items)"],
    );
    broken(
        "UPDATE xtream_listing_index SET digests=x'00' WHERE kind='movies'",
        &["movies: index_unreadable: the index of the last list can't be read (the whole kind)"],
    );
    broken(
        "UPDATE xtream_content_sync SET last_sync_series=NULL",
        &["series: watermark_missing: there is an index, but no time of the last sync (5 items)"],
    );
    broken(
        "UPDATE xtream_content_sync SET movies_count=-3",
        &["movies: count_wrong: the recorded number of items differs from the number of rows (-3 recorded, 98 there)"],
    );
}

#[test]
fn held_removals_and_tombstones_are_compared_with_the_rows() {
    broken(
        "INSERT INTO xtream_held_removals (profile_id,kind,content_id,reason,held_since,run_id) \
         VALUES ('home','series',77,'share_lost',1,1)",
        &["series: held_without_row: 1 held removal without an item (77)"],
    );
    broken(
        "UPDATE xtream_held_removals SET reason='dislike' WHERE content_id<6; \
         UPDATE xtream_held_removals SET run_id=99 WHERE content_id=6",
        &["movies: held_unreadable: 4 held removals without a known reason or run (3, 4, 5, …)"],
    );
    broken(
        "INSERT INTO xtream_tombstones (profile_id,kind,content_id,name,removed_at,run_id) \
         VALUES ('home','channels',2,'x',29000,1)",
        &["channels: remembered_and_there: 1 item that is in the cache and has a tombstone (2)"],
    );
}

#[test]
fn a_validator_has_to_belong_to_the_cached_listing() {
    let insert = "INSERT INTO xtream_listing_validators (profile_id,kind,validator,scheme,change_policy,listed_at,rows) \
                  SELECT profile_id,kind,'v',scheme,'fingerprint',1,";
    let stale = "the stored validator belongs to another list than the cached one";
    broken(
        &format!("{insert}4 FROM xtream_listing_index WHERE kind='series'"),
        &[&format!("series: validator_stale: {stale} (of 4 items, 5 there)")],
    );
    broken(
        &format!("{insert}98 FROM xtream_listing_index WHERE kind='movies'"),
        &[&format!("movies: validator_stale: {stale} (of 98 items, 98 there)")],
    );
    let lost = "DELETE FROM xtream_listing_index WHERE kind='channels'";
    broken(
        &format!("{insert}5 FROM xtream_listing_index WHERE kind='channels'; {lost}"),
        &[
            "channels: index_missing: the index of the last list is missing (5 items)",
            &format!("channels: validator_stale: {stale} (of 5 items, 5 there)"),
        ],
    );
}

/// A reason that only an earlier version wrote can be read, and is no inconsistency.
#[tokio::test]
async fn a_reason_of_an_earlier_version_is_read() {
    let (cache, _) = lived().await;
    cache.execute("UPDATE xtream_held_removals SET reason='incomplete_listing' WHERE kind='movies'");
    cache.execute("UPDATE xtream_sync_run_kinds SET hold_reason='incomplete_listing' WHERE hold_reason NOT NULL");
    assert!(inspected(&cache).is_sound(), "{:?}", inspected(&cache));
    let read = HoldReason::Doubt(Doubt::CategoriesMissing);
    let held = cache.store.held(&cache.home, ContentKind::Movies).await.unwrap();
    assert!(!held.is_empty() && held.iter().all(|held| held.reason == read), "{held:?}");
    let run = cache.store.runs(&cache.home, 1).await.unwrap().remove(0);
    assert!(run.kinds.iter().any(|record| record.hold_reason == Some(read)), "{run:?}");
}

/// A sync sees by itself that rows are missing, and writes them again. The log of earlier runs says nothing about that.
#[tokio::test]
async fn an_inconsistency_that_a_sync_has_repaired_is_not_found() {
    let (cache, source) = lived().await;
    cache.execute("DELETE FROM xtream_movies WHERE stream_id IN (80,81)");
    let report = sync(&cache, &source, 40_000).await;
    assert_eq!((report.kind(ContentKind::Movies).mode, report.counts().added), (SyncMode::Full, 4));
    assert_eq!(inspected(&cache).findings, []);
}

/// The validator of a marked kind isn't sent, because everything is to be compared.
#[tokio::test]
async fn a_marked_kind_has_no_validator() {
    let (cache, _) = lived().await;
    let run = cache.start();
    let kept = KeptValidator {
        validator: Validator("v1".to_owned()),
        scheme: DigestScheme::FIELDS,
        policy: PolicyChoice::Fingerprint,
        listed_at: 5,
        rows: 5,
    };
    let commit = ScopeCommit { validator: ValidatorChange::Set(kept.clone()), ..run.commit(ContentKind::Series) };
    let record = KindRecord { counts: Counts { unchanged: 5, ..Counts::default() }, ..commit.record };
    cache.apply(Vec::new(), ScopeCommit { record, ..commit }).await.unwrap();
    cache.finish(run);
    assert!(inspected(&cache).is_sound(), "{:?}", inspected(&cache));
    let lent = || cache.store.validator_blocking(&cache.home, ContentKind::Series).unwrap();
    assert_eq!(lent(), Some(kept));
    cache.execute("UPDATE xtream_series SET name='' WHERE series_id=3");
    cache.store.mark(&inspected(&cache)).await.unwrap();
    assert_eq!(lent(), None);
}

#[test]
fn malformed_columns_are_found() {
    broken(
        "UPDATE xtream_movies SET name='' WHERE stream_id IN (60,5)",
        &["movies: name_missing: 2 items without a name (5, 60)"],
    );
    broken(
        "UPDATE xtream_movies SET category_ids='1,2' WHERE stream_id=60; \
         UPDATE xtream_movies SET category_ids='[\"2\",\"1\"]' WHERE stream_id=4; \
         UPDATE xtream_movies SET category_ids='[7]' WHERE stream_id=61; \
         UPDATE xtream_movies SET listed_category_ids=x'ff' WHERE stream_id=62",
        &["movies: categories_malformed: 4 items whose categories are not lists of texts (4, 60, 61, …)"],
    );
    broken(
        "UPDATE xtream_series SET category_id='9' WHERE series_id=3; \
         UPDATE xtream_series SET listed_category_ids='[\"8\"]' WHERE series_id=4",
        &["series: category_not_in_set: 2 items whose category is not in their set (3, 4)"],
    );
    broken(
        "UPDATE xtream_channels SET extra='[1]' WHERE stream_id=1; UPDATE xtream_channels SET extra=x'c3' WHERE stream_id=2",
        &["channels: extra_malformed: 2 items whose column `extra` is not a JSON object (1, 2)"],
    );
    broken(
        "UPDATE xtream_movie_categories SET position=7 WHERE category_id='2'",
        &["movies: category_order: the positions of the categories don't count up from 0 (2 for 1)"],
    );
}

/// A row whose id is not a number is no item. The check names it, and it is neither counted nor changed.
#[test]
fn an_id_that_is_no_number_is_found() {
    broken(
        "INSERT INTO xtream_series (profile_id,series_id,name,created_at,updated_at) \
         VALUES ('home','x','x',1,1),('home',2.5,'y',1,1)",
        &["series: id_no_number: 2 rows whose ids are not numbers (6, 7)"],
    );
}

/// "Nothing is thrown away", not even from rows that no listing names any more.
#[tokio::test]
async fn a_value_in_place_of_an_object_is_kept() {
    let (cache, source) = lived().await;
    let stood = ["'[1,2]'", "x'c328'", "7", "7.5"];
    for (id, stood) in (3..).zip(stood) {
        cache.execute(&format!("UPDATE xtream_movies SET extra={stood} WHERE stream_id={id}"));
    }
    cache.store.mark(&inspected(&cache)).await.unwrap();
    sync(&cache, &source, 40_000).await;
    let kept = cache.sql(
        "SELECT json_extract(extra,'$.unreadable') AS line FROM xtream_movies WHERE stream_id BETWEEN 3 AND 7 ORDER BY id",
    );
    assert_eq!(kept, ["[1,2]", "\u{fffd}(", "7", "7.5", ""]);
}

#[test]
fn runs_are_compared_with_the_change_log() {
    broken(
        "DELETE FROM xtream_changes WHERE change='updated' AND run_id=2",
        &["movies: run_not_as_logged: 1 run whose record differs from the change log (2)"],
    );
    broken(
        "DELETE FROM xtream_sync_run_kinds WHERE kind='movies' AND run_id=2",
        &["movies: run_not_as_logged: 1 run whose record differs from the change log (2)"],
    );
    broken(
        "UPDATE xtream_sync_run_kinds SET unchanged=unchanged+9 WHERE kind='series' AND run_id=3",
        &["series: rows_not_as_recorded: the number of items differs from that of the last run (14 expected, 5 there)"],
    );
    broken(
        "UPDATE xtream_changes SET content_id=NULL WHERE change='updated' AND run_id=2; \
         INSERT INTO xtream_changes (run_id,profile_id,kind,content_id,change) VALUES (2,'home','channels',3,'added')",
        &[
            "channels: run_not_as_logged: 1 run whose record differs from the change log (2)",
            "channels: rows_not_as_logged: the number of items differs from that of the change log (6 expected, 5 there)",
            "movies: log_malformed: 1 invalid entry of the change log (5)",
        ],
    );
}

/// "The old end of the log may be pruned, and nothing is concluded from missing entries."
#[tokio::test]
async fn a_log_that_has_lost_its_beginning_is_sound() {
    let (cache, source) = lived().await;
    let runs = "SELECT run_id AS line FROM xtream_changes WHERE run_id>0 GROUP BY 1 ORDER BY 1";
    assert_eq!(cache.sql(runs), ["1", "2", "3"]);
    while !cache.table("xtream_changes").is_empty() {
        cache.execute("DELETE FROM xtream_changes WHERE sequence=(SELECT MIN(sequence) FROM xtream_changes)");
        assert!(inspected(&cache).is_sound(), "{:?} of {:?}", told(&inspected(&cache)), cache.sql(runs));
    }
    assert_eq!(sync(&cache, &source, 40_000).await.status, RunStatus::Partial);
    assert!(inspected(&cache).is_sound());
}

#[test]
fn incomplete_profiles_are_found() {
    broken(
        "DELETE FROM xtream_sync_settings",
        &["-: profile_incomplete: a row of the profile is missing (xtream_sync_settings)"],
    );
    let lost = ["channels", "movies", "series"].map(|kind| {
        let rows = if kind == "movies" { 98 } else { 5 };
        format!("{kind}: watermark_missing: there is an index, but no time of the last sync ({rows} items)")
    });
    let lost: Vec<_> = lost.iter().map(String::as_str).collect();
    let row = "-: profile_incomplete: a row of the profile is missing (xtream_content_sync)";
    broken("DELETE FROM xtream_content_sync", &[&[row], &*lost].concat());
    broken(
        "UPDATE xtream_profiles SET fence=1",
        &["-: fence_behind: the fence is lower than that of an earlier lease (1 after 3)"],
    );
    broken(
        "UPDATE xtream_sync_runs SET status='syncing',finished_at=NULL WHERE id<3",
        &["-: run_open: 2 runs that have no end and are not the last one (1, 2)"],
    );
    broken(
        "UPDATE xtream_sync_runs SET status='odd' WHERE id=1; \
         UPDATE xtream_sync_run_kinds SET outcome='odd' WHERE run_id=2 AND kind='series'; \
         UPDATE xtream_sync_runs SET finished_at=NULL WHERE id=3",
        &["-: run_unreadable: 3 runs whose records can't be read (1, 2, 3)"],
    );
}

#[test]
fn rows_without_a_profile_are_found() {
    broken(
        "UPDATE xtream_held_removals SET profile_id='gone' WHERE content_id<6",
        &["-: rows_of_nobody: 3 rows that belong to no profile, or to no run (xtream_held_removals)"],
    );
    broken(
        "UPDATE xtream_tombstones SET profile_id='gone' WHERE kind='movies'",
        &["-: rows_of_nobody: 1 row that belongs to no profile, or to no run (xtream_tombstones)"],
    );
    broken(
        "UPDATE xtream_tombstones SET kind='films'; \
         UPDATE xtream_sync_run_kinds SET kind='films' WHERE run_id=1 AND kind='series'",
        &[
            "-: kind_unknown: 2 rows of an unknown kind (xtream_sync_run_kinds, xtream_tombstones)",
            "series: run_not_as_logged: 1 run whose record differs from the change log (1)",
        ],
    );
}

/// The check finds an address or a message that contains the password.
#[tokio::test]
async fn a_password_in_the_wrong_place_is_found() {
    let cache = Cache::new();
    let password = "p&ä/Kanarie9x7";
    let row = Profile { password: Some(password.into()), ..Profile::new(profile("home")) };
    cache.store.save_profile_blocking(&row).unwrap();
    assert!(inspected(&cache).is_sound());
    cache.execute("UPDATE xtream_content_sync SET sync_message='GET /?password=p%26%C3%A4%2FKanarie9x7'");
    cache.execute(
        "INSERT INTO xtream_panel_facts (profile_id,fact,value) VALUES ('home','user_agent','p&ä/Kanarie9x7')",
    );
    let inspection = inspected(&cache);
    let places = "xtream_content_sync.sync_message, xtream_panel_facts.value";
    assert_eq!(
        told(&inspection),
        [format!("-: password_shown: 2 places that contain the password and must not ({places})")]
    );
    assert!(!format!("{inspection:?}").contains("Kanarie"));
    cache.execute("UPDATE xtream_profiles SET password_source='environment',password_argument='HOME_PASSWORD'");
    assert!(told(&inspected(&cache))[0].contains("3 places"));
    cache.execute("INSERT INTO xtream_profile_addresses VALUES ('home',1,'http://h/p%26%C3%A4%2FKanarie9x7')");
    cache.execute("INSERT INTO xtream_profile_settings VALUES ('home','from.the.future','p&ä/Kanarie9x7')");
    assert!(told(&inspected(&cache))[0].contains("5 places"));
}

#[test]
fn every_inconsistency_has_a_code_of_its_own() {
    let codes: std::collections::BTreeSet<_> =
        Inconsistency::ALL.iter().map(|inconsistency| inconsistency.code()).collect();
    assert_eq!(codes.len(), Inconsistency::ALL.len());
}

#[test]
fn one_profile_can_be_checked() {
    let cache = Cache::new();
    let away = profile("away");
    cache.store.ensure_profile_blocking(&away).unwrap();
    cache.execute("UPDATE xtream_content_sync SET movies_count=5 WHERE profile_id='away'");
    assert!(cache.store.inspect_blocking(Some(&cache.home)).unwrap().is_sound());
    let seen = cache.store.inspect_blocking(Some(&away)).unwrap();
    assert_eq!((seen.profiles, seen.findings.len()), (vec![away], 1));
    assert!(cache.store.inspect_blocking(Some(&profile("nobody"))).is_err());
}

/// A check writes nothing, even if it finds something.
#[tokio::test]
async fn a_check_changes_no_byte() {
    let (cache, _) = lived().await;
    cache.execute("UPDATE xtream_content_sync SET movies_count=5");
    let before = std::fs::read(cache.path()).unwrap();
    let store = SqliteStore::open_read_only(cache.path()).unwrap();
    let seen = store.inspect(None).await.unwrap();
    assert_eq!(seen.findings.len(), 1);
    assert!(matches!(store.mark(&seen).await, Err(sync_core::StoreError::ReadOnly(_))));
    assert!(std::fs::read(cache.path()).unwrap() == before);
}

#[tokio::test]
async fn a_damaged_file_is_reported_and_not_changed() {
    let (cache, _) = lived().await;
    let path = cache.path();
    let Cache { store, folder: _folder, .. } = cache;
    drop(store);
    crate::fixture::execute(&path, "PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = std::fs::read(&path).unwrap();
    // The head of each page except the first is overwritten.
    let mut found = 0;
    for at in (4096..whole.len()).step_by(4096) {
        let mut bytes = whole.clone();
        bytes[at..at + 8].fill(0xff);
        std::fs::write(&path, &bytes).unwrap();
        let Ok(store) = SqliteStore::open_read_only(&path) else { continue };
        let seen = store.inspect_blocking(None).unwrap();
        found += usize::from(!seen.damage.is_empty());
        assert!(std::fs::read(&path).unwrap() == bytes);
    }
    assert!(found > 3, "{found}");
}

#[test]
fn a_missing_column_is_damage() {
    let cache = Cache::new();
    let view = cache.sql("SELECT sql AS line FROM sqlite_master WHERE name='xtream_movies_shown'").remove(0);
    cache.execute("DROP VIEW xtream_movies_shown");
    let damage = inspected(&cache).damage;
    assert!(damage.contains(&"the column xtream_movies_shown.panel_name is missing".to_owned()), "{damage:?}");
    cache.execute("ALTER TABLE xtream_movies DROP COLUMN plot");
    cache.execute(&view.replace("i.plot", "NULL AS plot"));
    assert_eq!(inspected(&cache).damage, ["the column xtream_movies.plot is missing"]);
}

/// The check finds values that can't be read, entries of undos that don't say what was taken back, and a feed without
/// an epoch. The epoch is created at once.
#[tokio::test]
async fn missing_parts_of_the_feed_are_found() {
    for sql in [
        "UPDATE xtream_changes SET before='{' WHERE change='updated'",
        "UPDATE xtream_changes SET before=NULL WHERE change='removed' AND name IS NOT NULL",
        "UPDATE xtream_changes SET change='undone',fields=NULL WHERE change='updated'",
    ] {
        let (cache, _) = lived().await;
        cache.execute(sql);
        let codes: Vec<_> = inspected(&cache).findings.iter().map(|finding| finding.inconsistency.code()).collect();
        assert!(codes.contains(&"log_malformed"), "{sql}: {codes:?}");
    }
    let (cache, _) = lived().await;
    cache.execute("UPDATE xtream_profiles SET feed_epoch=0");
    let inspection = inspected(&cache);
    assert_eq!(
        told(&inspection),
        ["-: profile_incomplete: a row of the profile is missing (xtream_profiles.feed_epoch)"]
    );
    cache.store.mark(&inspection).await.unwrap();
    assert!(inspected(&cache).is_sound() && cache.store.feed(&cache.home).await.unwrap().epoch > 0);
}

/// The check finds a content hash that is not that of the rows, and a full comparison computes it again.
#[tokio::test]
async fn the_content_hash_is_compared_with_the_rows() {
    for sql in [
        "UPDATE xtream_content_hashes SET hash='00000000000000000000000000000000' WHERE kind='movies'",
        "UPDATE xtream_content_hashes SET hash='no hash' WHERE kind='movies'",
        "UPDATE xtream_movies SET plot='By hand' WHERE stream_id=50",
        "INSERT INTO xtream_login_hashes SELECT 'home','movies',50,'00000000000000000000000000000000'",
    ] {
        let (cache, source) = lived().await;
        cache.execute(sql);
        let inspection = inspected(&cache);
        let codes: Vec<_> = inspection.findings.iter().map(|finding| finding.inconsistency.code()).collect();
        assert!(codes.contains(&"content_hash"), "{sql}: {codes:?}");
        let marked = cache.store.mark(&inspection).await.unwrap();
        assert_eq!(marked.len(), 1, "{sql}");
        let state = cache.store.snapshot(&cache.home).await.unwrap().state().await.unwrap();
        assert_eq!(state.kinds[ContentKind::Movies].hash, None, "a kind in doubt has none: {sql}");
        sync(&cache, &source, 40_000).await;
        assert!(inspected(&cache).is_sound(), "{sql}: {:?}", inspected(&cache));
        let state = cache.store.snapshot(&cache.home).await.unwrap().state().await.unwrap();
        // Only a caller that has the login can compute the hashes of rows that contain it.
        assert_eq!(state.kinds[ContentKind::Movies].hash.is_some(), !sql.contains("login"), "{sql}");
        cache.store.complete_hashes(&cache.home, &Login::default()).await.unwrap();
        let state = cache.store.snapshot(&cache.home).await.unwrap().state().await.unwrap();
        assert!(state.kinds[ContentKind::Movies].hash.is_some(), "{sql}");
        assert!(inspected(&cache).is_sound(), "{sql}");
    }
}
