//! A stranger's program that takes everything: the scheduler against a panel that is dead, then against one that answers.
//! The README shows `sync`.

mod panel;

use std::time::Duration;

use sync_app::{ContentCache, Database, SyncError, SyncHandle, SyncProgress, SyncScheduler, SyncStatus};
use sync_xtream::XtreamConfig;

async fn sync(content_cache: &ContentCache, base_url: &str, panel: XtreamConfig) -> Result<SyncProgress, SyncError> {
    let (profile_id, (username, password)) = ("home", panel::LOGIN);
    let scheduler = SyncScheduler::new(content_cache.database().clone()).with_panel_config(panel);
    let (_handle, progress_tx, cancel_token) = SyncHandle::new(profile_id.to_string());

    let result = scheduler
        .run_incremental_sync(profile_id, base_url, username, password, content_cache, &progress_tx, &cancel_token)
        .await?;

    match result.status {
        SyncStatus::Completed => println!("Sync completed successfully"),
        SyncStatus::Partial => println!("Sync completed with {} errors", result.errors.len()),
        SyncStatus::Failed => println!("Sync failed"),
        _ => {}
    }
    Ok(result)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let content_cache = ContentCache::new(Database::open(folder.path().join("cache.db"))?);
    let direct = XtreamConfig::new().system_proxy(false).backoff(Duration::from_millis(10));

    let failed = sync(&content_cache, &panel::dead()?, direct.clone()).await?;
    assert_eq!(failed.status, SyncStatus::Failed, "{failed:?}");
    assert!(!failed.errors.is_empty());
    assert!(content_cache.get_content_ids("home", "channels")?.is_empty());

    let address = panel::start()?;
    let first = sync(&content_cache, &address, direct.clone()).await?;
    assert_eq!(first.status, SyncStatus::Completed, "{first:?}");
    assert_eq!([first.channels.added, first.movies.added, first.series.added], [1, 1, 1]);
    for (kind, id) in [("channels", 11), ("movies", 21), ("series", 31)] {
        assert_eq!(content_cache.get_content_ids("home", kind)?, [id], "{kind}");
    }

    let second = sync(&content_cache, &address, direct).await?;
    assert_eq!(second.status, SyncStatus::Completed, "{second:?}");
    assert!([second.channels, second.movies, second.series].iter().all(|counts| counts.unchanged == 1));
    Ok(())
}
