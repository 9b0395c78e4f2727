//! A program of another person that uses all crates: the scheduler against a dead panel and against one that answers, a
//! program with a window, and one that spawns the command. `docs/embedding.md` shows `sync`, `window` and `spawn`.

mod panel;
mod spawn;
mod window;

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use sync_app::sync_core::RunStatus;
use sync_app::{
    ContentCache, ContentKind, Database, Profile, ProfileId, SyncError, SyncHandle, SyncProgress, SyncScheduler,
    SyncStatus, Syncer,
};
use sync_xtream::XtreamConfig;

type Outcome = Result<(), Box<dyn std::error::Error>>;

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

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome {
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
    assert_eq!([first.channels.added, first.movies.added, first.series.added], [1, 3, 1]);
    for (kind, ids) in [("channels", &[11][..]), ("movies", &[21, 22, 23]), ("series", &[31])] {
        assert_eq!(content_cache.get_content_ids("home", kind)?, ids, "{kind}");
    }

    let second = sync(&content_cache, &address, direct.clone()).await?;
    assert_eq!(second.status, SyncStatus::Completed, "{second:?}");
    assert_eq!([second.channels.unchanged, second.movies.unchanged, second.series.unchanged], [1, 3, 1]);

    with_a_window(&Syncer::new(content_cache.database()).with_panel_config(direct), &address).await?;
    with_the_command(folder.path())
}

/// Spawns a run that completes, reads what a window then shows, and spawns a run that is cancelled.
async fn with_a_window(syncer: &Syncer, address: &str) -> Outcome {
    let cache = syncer.service().cache();
    let stored = |base_url: String| Profile {
        base_url: Some(base_url),
        username: Some(panel::LOGIN.0.to_owned()),
        password: Some(panel::LOGIN.1.to_owned()),
        ..Profile::new(ProfileId::new("home").expect("an id"))
    };

    let home = stored(address.to_owned());
    cache.save_profile(&home).await?;
    let mut running = window::start(syncer.clone(), &home);
    let mut lines = Vec::new();
    while let Some(line) = running.progress.recv().await {
        lines.push(serde_json::from_str::<serde_json::Value>(&line)?);
    }
    assert_eq!(running.end.await??.status, RunStatus::Completed);
    assert_eq!(lines[0]["phase"], "account", "{lines:?}");
    assert_eq!(lines.last().expect("progress")["percent"], 100, "{lines:?}");

    let categories = cache.sized_categories(&home.id, ContentKind::Movies).await?;
    assert_eq!((categories.len(), categories[0].items), (1, 3));
    let names = window::names(cache.as_ref(), &home.id, &categories[0].id).await?;
    assert_eq!(names, ["A film", "Another film", "A third film"]);
    let names = window::sorted(syncer.service(), &home.id, &categories[0].id.0).await?;
    assert_eq!(names, ["A film", "A third film", "Another film"]);
    assert_eq!(window::found(syncer.service(), &home.id, "FILM th").await?, ["A third film"]);

    let home = stored(panel::silent()?);
    cache.save_profile(&home).await?;
    let mut running = window::start(syncer.clone(), &home);
    running.progress.recv().await.expect("the run logs in");
    running.cancel.cancel();
    assert_eq!(running.end.await??.status, RunStatus::Cancelled);
    assert_eq!(cache.get_content_ids(&home.id, ContentKind::Movies).await?.len(), 3);
    Ok(())
}

/// Reads the output of the command as types, and tries a path without a command.
fn with_the_command(folder: &Path) -> Outcome {
    let kind = r#"{"mode":"full","outcome":"completed","added":3,"updated":0,"refreshed":0,"removed":0,"unchanged":0,"held":0,"skipped":0,"bytes":9,"requests":1,"duration_ms":5,"error":null}"#;
    let kinds = format!(r#"{{"channels":{kind},"movies":{kind},"series":{kind}}}"#);
    let line = format!(
        r#"{{"profile":"home","status":"completed","kinds":{kinds},"errors":[],"trigger":"manual","wire_bytes":7,"new":1}}"#
    );
    let reports = spawn::reports(format!("{line}\n{line}\n").as_bytes())?;
    assert_eq!((reports.len(), &*reports[1].status, reports[1].kinds.movies.added), (2, "completed", 3));
    let none = spawn::sync(&folder.join("xtream-sync"), &folder.join("cache.db"));
    assert!(none.is_err_and(|error| error.kind() == ErrorKind::NotFound));
    Ok(())
}
