//! A program of another person that spawns a run and reads its progress very late. The end of the run is still there.

use std::time::Duration;

use sync_app::{ContentCache, Database, SyncHandle, SyncScheduler, SyncStatus};
use sync_xtream::XtreamConfig;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let database = Database::open(folder.path().join("cache.db"))?;
    // A port at which nothing listens.
    let address = format!("http://{}", std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?);
    let panel = XtreamConfig::new().system_proxy(false).attempts(2).backoff(Duration::from_millis(10));
    let (mut handle, progress_tx, cancel_token) = SyncHandle::new("home".to_owned());

    let run = tokio::spawn(async move {
        let cache = ContentCache::new(database.clone());
        let scheduler = SyncScheduler::new(database).with_panel_config(panel);
        scheduler.run_incremental_sync("home", &address, "ann", "secret", &cache, &progress_tx, &cancel_token).await
    });
    let end = run.await??;
    assert_eq!(end.status, SyncStatus::Failed);
    assert!(end.percent < 100 && !end.errors.is_empty(), "{end:?}");

    let mut last = None;
    while let Some(progress) = handle.progress_rx.recv().await {
        last = Some(progress);
    }
    assert_eq!(last, Some(end));
    println!("a spawned run ended as it should, against a panel that isn't there");
    Ok(())
}
