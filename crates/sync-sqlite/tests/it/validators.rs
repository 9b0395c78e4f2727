//! Validators are deleted together with the rows for which they stand, even if another program has written the rows.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use sync_core::Profile;
use sync_core::source::Validator;
use sync_core::store::{ContentStore, KeptValidator, ScopeCommit, ValidatorChange};
use sync_core::testing::{movie, profile, staged};
use sync_core::{
    Catalogue as _, CategoryId, Change, ContentKind, DigestScheme, KindOutcome, PolicyChoice, ProfileId, Scope,
};
use sync_sqlite::SqliteStore;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Cache, lines};

fn validator(rows: u64) -> KeptValidator {
    let (validator, scheme) = (Validator("v1".to_owned()), DigestScheme(7));
    KeptValidator { validator, scheme, policy: PolicyChoice::Fingerprint, listed_at: 5, rows }
}

/// Returns a cache with movies and their validator.
async fn cache(ids: std::ops::RangeInclusive<i64>) -> Cache {
    let cache = Cache::new();
    let rows = ids.clone().count() as u64;
    cache.load(ids).await;
    let run = cache.start();
    let commit = ScopeCommit { validator: ValidatorChange::Set(validator(rows)), ..run.commit(ContentKind::Movies) };
    cache.apply(Vec::new(), commit).await.unwrap();
    cache.finish(run);
    assert_eq!(kept(&cache.store, &cache.home), [None, Some(validator(rows)), None]);
    cache
}

fn kept(store: &SqliteStore, profile: &ProfileId) -> [Option<KeptValidator>; 3] {
    ContentKind::ALL.map(|kind| store.validator_blocking(profile, kind).unwrap())
}

fn alter(cache: &Cache, sql: &str) {
    SqliteConnection::establish(cache.path().to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
}

#[tokio::test]
async fn a_validator_is_not_used_if_another_program_changed_the_rows() {
    let taken = cache(1..=9).await;
    alter(&taken, "DELETE FROM xtream_movies WHERE stream_id=4");
    assert_eq!(kept(&taken.store, &taken.home)[1], None);
    let added = cache(1..=9).await;
    let sql = "INSERT INTO xtream_movies (profile_id,stream_id,name,created_at,updated_at) VALUES ('home',77,'x',0,0)";
    alter(&added, sql);
    assert_eq!(kept(&added.store, &added.home)[1], None);
    alter(&added, "DELETE FROM xtream_movies WHERE stream_id=77");
    assert!(kept(&added.store, &added.home)[1].is_some());
}

/// The rows of all profiles are counted first, and then those of the profile.
#[tokio::test]
async fn rows_of_another_profile_have_no_effect_on_a_validator() {
    let cache = cache(1..=9).await;
    let other = profile("other");
    cache.store.ensure_profile_blocking(&other).unwrap();
    let sql = "INSERT INTO xtream_movies (profile_id,stream_id,name,created_at,updated_at) VALUES ('other',7,'x',0,0)";
    alter(&cache, sql);
    assert_eq!(kept(&cache.store, &cache.home)[1], Some(validator(9)));
    assert_eq!(kept(&cache.store, &other), [None, None, None]);
}

#[tokio::test]
async fn an_unreadable_validator_is_not_used() {
    for change in ["change_policy='of the future'", "scheme=-1", "rows=-1"] {
        let cache = cache(1..=9).await;
        alter(&cache, &format!("UPDATE xtream_listing_validators SET {change}"));
        assert_eq!(kept(&cache.store, &cache.home)[1], None, "{change}");
    }
}

/// A listing of a category changes the kind, so it deletes the validator.
#[tokio::test]
async fn a_listing_of_a_category_deletes_the_validator() {
    let cache = cache(1..=9).await;
    let run = cache.start();
    let scope = Scope { kind: ContentKind::Movies, within: Some(CategoryId("1".to_owned())) };
    let mut staging = cache.store.stage(&cache.home, scope).await.unwrap();
    staging.put(vec![staged(movie(10), Change::Added)]).await.unwrap();
    let commit = ScopeCommit { validator: ValidatorChange::Set(validator(10)), ..run.commit(ContentKind::Movies) };
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    assert_eq!(lines(&cache.path(), "SELECT kind AS line FROM xtream_listing_validators"), [""; 0]);
}

/// Another account has other lists, so it deletes the validator. Other settings keep it.
#[tokio::test]
async fn another_account_deletes_the_validator() {
    let account = |username: &str, base_url: &str| Profile {
        username: Some(username.to_owned()),
        base_url: Some(base_url.to_owned()),
        ..Profile::new(profile("home"))
    };
    let changes = [("ann", "http://a.example", 1), ("bob", "http://a.example", 0), ("ann", "http://b.example", 0)];
    for (username, base_url, left) in changes {
        let cache = Cache::new();
        cache.store.save_profile_blocking(&account("ann", "http://a.example")).unwrap();
        cache.load(1..=9).await;
        let run = cache.start();
        let commit = ScopeCommit { validator: ValidatorChange::Set(validator(9)), ..run.commit(ContentKind::Movies) };
        cache.apply(Vec::new(), commit).await.unwrap();
        cache.finish(run);
        let row = Profile { user_agent: Some("x".to_owned()), ..account(username, base_url) };
        cache.store.save_profile_blocking(&row).unwrap();
        assert_eq!(kept(&cache.store, &cache.home).iter().flatten().count(), left, "{username} at {base_url}");
    }
}

/// The history shows that the panel sent no listing because nothing had changed.
#[tokio::test]
async fn the_record_of_a_run_has_the_flag_not_modified() {
    let cache = cache(1..=9).await;
    let run = cache.start();
    let mut commit = ScopeCommit { validator: ValidatorChange::Keep, ..run.commit(ContentKind::Movies) };
    (commit.record.outcome, commit.record.not_modified) = (KindOutcome::Unchanged, true);
    cache.apply(Vec::new(), commit.clone()).await.unwrap();
    cache.finish(run);
    let runs = cache.store.runs(&cache.home, 2).await.unwrap();
    assert_eq!(runs[0].kinds.iter().find(|it| it.kind == ContentKind::Movies), Some(&commit.record));
    assert!(runs[1].kinds.iter().all(|record| !record.not_modified));
}
