//! Profiles, and the values of `status` about them.

use std::time::Duration;

use sync_core::store::{ContentStore, RunEnd, ScopeCommit};
use sync_core::testing::{category, profile};
use sync_core::{
    Account, Catalogue as _, ContentId, ContentKind, Doubt, GuardThresholds, HoldReason, Loss, NetworkSettings,
    PanelFacts, PolicyChoice, Profiles as _, Retention, RunStatus, SyncMode,
};
use sync_core::{Evidence, HeldRemoval};
use sync_core::{PasswordSource, Profile};

use crate::fixture::{Cache, index_of};

#[tokio::test]
async fn a_profile_is_saved_read_and_listed() {
    let cache = Cache::new();
    let row = Profile {
        base_url: Some("http://panel.example:8080/sub".into()),
        username: Some("user '); --".into()),
        password: Some("S3CR3T".into()),
        user_agent: Some("player/1".into()),
        policy: PolicyChoice::Timestamp,
        guard: GuardThresholds { share_percent: 5, floor_rows: 7, category_rows: 0 },
        retention: Retention {
            release_listings: 4,
            release_days: 0,
            tombstone_days: 90,
            feed_days: 12,
            feed_entries: 9,
        },
        verify_tls: false,
        follow_other_hosts: false,
        parallel_requests: 3,
        ..Profile::new(profile("away"))
    };
    cache.store.save_profile(&row).await.unwrap();
    assert_eq!(cache.store.profile(&row.id).await.unwrap(), Some(row.clone()));
    let changed = Profile { password: None, policy: PolicyChoice::Fingerprint, ..row.clone() };
    cache.store.save_profile(&changed).await.unwrap();
    assert_eq!(cache.store.profiles().await.unwrap(), [changed, Profile::new(cache.home.clone())]);
    assert_eq!(cache.store.profile(&profile("nobody")).await.unwrap(), None);
    let shown = format!("{row:?}");
    assert!(!shown.contains("S3CR3T") && !shown.contains("DROP") && shown.contains("away"), "{shown}");
}

#[tokio::test]
async fn a_password_from_elsewhere_is_not_kept() {
    let cache = Cache::new();
    let row = Profile { password: Some("C4N4RY".into()), ..Profile::new(cache.home.clone()) };
    let sources = [
        PasswordSource::Environment("PANEL_PASSWORD".into()),
        PasswordSource::File("/run/secrets/panel ü".into()),
        PasswordSource::Command("pass show 'C4N4RY'".into()),
    ];
    for source in sources {
        cache.store.save_profile(&row).await.unwrap();
        assert_eq!(cache.store.profile(&cache.home).await.unwrap(), Some(row.clone()));
        let elsewhere = Profile { password_source: source, ..row.clone() };
        cache.store.save_profile(&elsewhere).await.unwrap();
        let saved = cache.store.profile(&cache.home).await.unwrap().unwrap();
        assert_eq!(saved, Profile { password: None, ..elsewhere });
        assert!(!format!("{saved:?} {:?}", saved.password_source).contains("C4N4RY"));
    }
}

/// SQLite leaves freed content in place, unless it is told otherwise.
#[tokio::test]
async fn a_removed_password_is_in_no_file() {
    let cache = Cache::new();
    let found = || {
        let files = std::fs::read_dir(cache.folder.path()).unwrap();
        let holds = |bytes: Vec<u8>| bytes.windows(6).any(|part| part == b"C4N4RY");
        files.filter(|file| holds(std::fs::read(file.as_ref().unwrap().path()).unwrap())).count()
    };
    let row = Profile { password: Some("C4N4RY".into()), ..Profile::new(cache.home.clone()) };
    let elsewhere = Profile { password_source: PasswordSource::Environment("PANEL_PASSWORD".into()), ..row.clone() };
    cache.store.save_profile(&row).await.unwrap();
    assert!(found() > 0);
    cache.store.save_profile(&elsewhere).await.unwrap();
    assert_eq!(found(), 0);
    cache.store.save_profile(&row).await.unwrap();
    assert!(found() > 0);
    cache.store.remove_profile(&cache.home).await.unwrap();
    assert_eq!(found(), 0);
}

#[tokio::test]
async fn invalid_settings_are_the_defaults() {
    let cache = Cache::new();
    cache.execute(
        "UPDATE xtream_sync_settings SET removal_share_percent=999, removal_floor_rows=-1, removal_category_rows=-1, \
         release_listings=-1, release_days=1e12, tombstone_days=-1, parallel_requests=0",
    );
    assert_eq!(cache.store.profile(&cache.home).await.unwrap(), Some(Profile::new(cache.home.clone())));
    cache.execute("DELETE FROM xtream_sync_settings");
    assert_eq!(cache.store.profile(&cache.home).await.unwrap(), Some(Profile::new(cache.home.clone())));
}

/// Settings that another version has written, under keys and with values that this version doesn't know.
const FOREIGN: &str = "INSERT INTO xtream_profile_settings VALUES ('home','from.the.future','7'), \
    ('home','timeout.idle','soon'), ('home','limits.body','99999999999999999999'), ('home','kinds.off','episodes'), \
    ('home','backoff',x'ff00'), ('home','attempts',3)";

/// "A setting that this version doesn't know stays as a newer version has written it. A value that can't be read is the
/// default, and no error."
#[tokio::test]
async fn settings_of_another_version_stay() {
    let cache = Cache::new();
    cache.execute(FOREIGN);
    let before = cache.table("xtream_profile_settings");
    let mut row = cache.store.profile(&cache.home).await.unwrap().unwrap();
    let network = NetworkSettings { attempts: Some(3), ..NetworkSettings::default() };
    assert_eq!(row, Profile { network: network.clone(), ..Profile::new(cache.home.clone()) });
    cache.store.save_profile(&row).await.unwrap();
    assert_eq!(cache.table("xtream_profile_settings"), before, "a profile that is saved as it was read");
    // Only the changed setting is written.
    row.network = NetworkSettings { idle_timeout: Some(Duration::from_millis(2500)), attempts: None, ..network };
    cache.store.save_profile(&row).await.unwrap();
    assert_eq!(cache.store.profile(&cache.home).await.unwrap(), Some(row));
    let sql = "SELECT key || '=' || quote(value) AS line FROM xtream_profile_settings ORDER BY key";
    let rows = ["backoff=X'FF00'", "from.the.future='7'", "kinds.off='episodes'", "limits.body='99999999999999999999'"];
    assert_eq!(cache.sql(sql), [&rows[..], &["timeout.idle='2.5'"]].concat());
    let inspection = cache.store.inspect_blocking(None).unwrap();
    assert_eq!(inspection.findings, [], "it is no inconsistency");
}

/// If a profile is saved unchanged, neither addresses nor settings are written again.
#[tokio::test]
async fn further_addresses_have_positions_from_one() {
    let cache = Cache::new();
    let row = Profile {
        base_url: Some("http://a.example".into()),
        further_addresses: vec!["http://c.example".into(), "http://b.example".into()],
        ..Profile::new(cache.home.clone())
    };
    cache.store.save_profile(&row).await.unwrap();
    let sql = "SELECT position || ' ' || address AS line FROM xtream_profile_addresses ORDER BY position";
    assert_eq!(cache.sql(sql), ["1 http://c.example", "2 http://b.example"]);
    cache.store.save_profile(&Profile { further_addresses: vec!["http://b.example".into()], ..row }).await.unwrap();
    assert_eq!(cache.sql(sql), ["1 http://b.example"]);
}

#[tokio::test]
async fn a_removed_profile_leaves_nothing_behind() {
    let cache = Cache::new();
    let row = Profile {
        further_addresses: vec!["http://b.example".into()],
        network: NetworkSettings { attempts: Some(1), ..NetworkSettings::default() },
        ..Profile::new(cache.home.clone())
    };
    cache.store.save_profile(&row).await.unwrap();
    cache.load(1..=5).await;
    let run = cache.start();
    let held = run.held(3, HoldReason::Loss(Loss::ShareLost), 5);
    let commit = ScopeCommit {
        categories: Some(vec![category("1")]),
        removals: vec![ContentId(1)],
        held: Some(vec![held]),
        index: index_of(&[2, 3, 4, 5]),
        ..run.commit(ContentKind::Movies)
    };
    cache.apply(Vec::new(), commit).await.unwrap();
    let facts = PanelFacts { refusals: 1, ..PanelFacts::default() };
    cache.store.finish_run(&cache.home, RunEnd { facts: Some(facts), ..run.end() }).await.unwrap();
    drop(run);
    let tables = cache.sql("SELECT name AS line FROM sqlite_master WHERE type='table' AND name LIKE 'xtream%'");
    let filled = tables.iter().filter(|table| !cache.table(table).is_empty()).count();
    assert_eq!(filled, 17, "the test fills what a profile can fill");
    assert!(cache.store.remove_profile(&cache.home).await.unwrap());
    for table in tables {
        assert_eq!(cache.table(&table), [""; 0]);
    }
    assert!(!cache.store.remove_profile(&cache.home).await.unwrap());
}

#[tokio::test]
async fn the_status_has_the_held_removals_and_their_time() {
    let cache = Cache::new();
    let status = cache.store.content_status(&cache.home).await.unwrap();
    assert_eq!((status.sync_status, status.account, status.message), (None, None, None));
    cache.load(1..=9).await;
    let run = cache.start();
    // The first listings without these items are the fourth and the fifth sound listing.
    let proven = |id: i64| {
        let listing = if id == 4 { 5 } else { 4 };
        let evidence = Evidence { listing, at: 200 + listing.cast_signed(), panel_at: 9 };
        HeldRemoval { evidence: Some(evidence), ..run.held(id, HoldReason::Loss(Loss::ShareLost), 100 - id) }
    };
    let held = (2..=6).map(proven).chain([run.held(7, HoldReason::Loss(Loss::EmptyListing), 50)]);
    let commit = ScopeCommit { held: Some(held.collect()), ..run.commit(ContentKind::Movies) };
    cache.apply(Vec::new(), commit).await.unwrap();
    let syncing = cache.store.content_status(&cache.home).await.unwrap();
    assert_eq!(syncing.sync_status, Some(RunStatus::Syncing));
    let account = Account { expires_at: Some(99), ..Account::active() };
    let mut facts = PanelFacts::default();
    facts.kinds[ContentKind::Movies].sound_listings = 6;
    let end = RunEnd {
        status: RunStatus::Partial,
        finished_at: 4000,
        message: "some are held".to_owned(),
        account: Some(account),
        facts: Some(facts.clone()),
        ..run.end()
    };
    cache.store.finish_run(&cache.home, end).await.unwrap();
    let status = cache.store.content_status(&cache.home).await.unwrap();
    assert_eq!((status.sync_status, status.message.as_deref()), (Some(RunStatus::Partial), Some("some are held")));
    let account = status.account.unwrap();
    assert_eq!((account.status.as_str(), account.expires_at, account.checked_at), ("Active", Some(99), Some(4000)));
    let movies = &status.kinds[ContentKind::Movies];
    assert_eq!((movies.rows, movies.last_sync, movies.held.len()), (9, Some(1400), 2));
    let lost = movies.held.iter().find(|group| group.reason == HoldReason::Loss(Loss::ShareLost)).unwrap();
    assert_eq!((lost.count, lost.oldest_since), (5, 94));
    assert_eq!(lost.examples, ["Movie 6", "Movie 5", "Movie 4"]);
    assert_eq!((lost.listings, lost.evidence_since), (2, Some(205)), "as the least proven of them");
    let empty = movies.held.iter().find(|group| group.reason == HoldReason::Loss(Loss::EmptyListing)).unwrap();
    assert_eq!((empty.count, empty.listings, empty.evidence_since), (1, 0, None));
    assert_eq!(status.facts, facts);
    assert!(status.kinds[ContentKind::Channels].held.is_empty() && status.kinds[ContentKind::Channels].rows == 0);
}

#[tokio::test]
async fn a_run_record_is_read_back_completely() {
    let cache = Cache::new();
    for mode in [SyncMode::Full, SyncMode::Incremental, SyncMode::Auto] {
        let run = cache.start();
        let mut commit = run.commit(ContentKind::Movies);
        commit.record.mode = mode;
        commit.record.hold_reason = Some(HoldReason::Doubt(Doubt::UnreadableIds));
        commit.record.bytes = 1 << 40;
        commit.record.requests = 4;
        commit.record.duration = Duration::from_millis(1234);
        commit.record.counts.skipped = 3;
        commit.index = index_of(&[]);
        let record = commit.record.clone();
        cache.apply(Vec::new(), commit).await.unwrap();
        cache.finish(run);
        assert_eq!(cache.store.runs(&cache.home, 1).await.unwrap()[0].kinds, [record]);
    }
}
