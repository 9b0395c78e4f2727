//! The library, used as in the document that specified this project.

use sync_app::{ContentCache, Database, SyncHandle, SyncScheduler, SyncStatus};
use sync_tests::{Action, Behaviour, Kind, Step};
use sync_xtream::XtreamConfig;

use crate::cache::Cache;
use crate::program::{PASSWORD, USERNAME};
use crate::scene::{assert_true, some_hundred, start_panel};

/// Returns a configuration like the defaults, with short pauses between attempts.
fn config() -> XtreamConfig {
    XtreamConfig::new().system_proxy(false).backoff(std::time::Duration::from_millis(5))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usage_example_syncs() {
    let panel = start_panel(&some_hundred(2201));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (profile_id, base_url, username, password) = ("seed", panel.base_url(), USERNAME, PASSWORD);
    let db = Database::open(&path).unwrap();
    let content_cache = ContentCache::new(db.clone());
    assert_eq!(content_cache.get_content_ids(profile_id, "movies").unwrap(), [0; 0]);

    // Start incremental sync
    let scheduler = SyncScheduler::new(db).with_panel_config(config());
    let (handle, progress_tx, cancel_token) = SyncHandle::new(profile_id.to_string());

    let result = scheduler
        .run_incremental_sync(profile_id, &base_url, username, password, &content_cache, &progress_tx, &cancel_token)
        .await
        .unwrap();

    assert_eq!((result.status, result.percent), (SyncStatus::Completed, 100));
    assert_eq!(result.errors, [""; 0]);
    assert_eq!(result.movies.added, 400);
    assert!(!handle.is_cancelled());
    for kind in Kind::ALL {
        assert_true(&mut Cache::open(&path), profile_id, &panel, kind);
        let mut ids = panel.catalogue(|catalogue| catalogue.ids(kind));
        ids.sort_unstable();
        assert_eq!(content_cache.get_content_ids(profile_id, kind.name()).unwrap(), ids);
    }
    assert_eq!(scheduler.get_sync_status(profile_id).await.unwrap(), SyncStatus::Completed);

    // One kind is synced alone, after the panel has moved on and a player has deleted an item.
    let expected = panel.advance(&Step::ordinary());
    let deleted = [panel.catalogue(|catalogue| catalogue.ids(Kind::Movies))[30]];
    assert_eq!(content_cache.delete_content_by_ids(profile_id, "movies", &deleted).unwrap(), 1);
    let result = scheduler
        .sync_content_incremental(
            profile_id,
            &base_url,
            username,
            password,
            "movies",
            &content_cache,
            &progress_tx,
            &cancel_token,
        )
        .await
        .unwrap();
    assert_eq!(result.status, SyncStatus::Completed);
    assert_eq!(result.movies.added, expected.movies.added.len() as u64 + 1);
    assert_eq!(result.channels, sync_app::Counts::default());
    assert_true(&mut Cache::open(&path), profile_id, &panel, Kind::Movies);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usage_example_fails_on_a_dead_panel_and_is_partial_on_a_failing_one() {
    let panel = start_panel(&some_hundred(2202));
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path().join("cache.db")).unwrap();
    let content_cache = ContentCache::new(db.clone());
    let scheduler = SyncScheduler::new(db).with_panel_config(config());
    let (handle, progress_tx, cancel_token) = SyncHandle::new("seed".to_owned());
    let run = async |base_url: &str| {
        let run = scheduler.run_incremental_sync(
            "seed",
            base_url,
            USERNAME,
            PASSWORD,
            &content_cache,
            &progress_tx,
            &cancel_token,
        );
        run.await.unwrap()
    };
    let result = run("http://127.0.0.1:1").await;
    assert_eq!(result.status, SyncStatus::Failed);
    assert!(!result.errors.is_empty() && !result.errors.iter().any(|error| error.contains("Kanarie9x7")));
    panel.on(Action::Series, Behaviour::status(404));
    let result = run(&panel.base_url()).await;
    assert_eq!((result.status, result.errors.len()), (SyncStatus::Partial, 1));
    assert_eq!((result.channels.added, result.series.added), (150, 0));
    panel.behave();
    assert_eq!(run(&panel.base_url()).await.status, SyncStatus::Completed);
    handle.cancel();
    assert_eq!(run(&panel.base_url()).await.status, SyncStatus::Cancelled);
}
