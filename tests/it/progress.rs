//! A run doesn't wait for a reader of its progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sync_app::{ContentCache, Database, SyncHandle, SyncScheduler, SyncStatus, SystemClock};
use sync_core::{Engine, Observer, ProfileId, Progress, SyncOptions};
use sync_tests::{CatalogueConfig, Panel};
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};

use crate::program::{PASSWORD, PATIENCE, USERNAME};
use crate::scene::start_panel;

/// Returns a panel with hundreds of batches, each of which sends a message.
fn talkative() -> Panel {
    start_panel(&CatalogueConfig { seed: 1601, channels: 10, movies: 90_000, series: 10, items_per_category: 400 })
}

struct Counting(AtomicUsize);

impl Observer for Counting {
    fn progress(&self, _: Progress) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_unread_messages_block_nothing() {
    let panel = talkative();
    let folder = tempfile::tempdir().unwrap();
    let config = || XtreamConfig::new().system_proxy(false);

    let address = PanelAddress::parse(&panel.base_url()).unwrap().address;
    let source = XtreamSource::new(address, Credentials::new(USERNAME, PASSWORD), config()).unwrap();
    let counting = Arc::new(Counting(AtomicUsize::new(0)));
    let db = Database::open(folder.path().join("cache.db")).unwrap();
    let options = SyncOptions { dry_run: true, ..SyncOptions::default() };
    let profile = ProfileId::new("home").unwrap();
    db.store().ensure_profile_blocking(&profile).unwrap();
    let cancel = sync_app::CancellationToken::new();
    let engine = Engine::new(Arc::new(source), Arc::new(db.store().clone()), Arc::new(SystemClock::new()));
    engine.with_observer(Arc::clone(&counting) as _).run(&profile, &options, &cancel).await;
    let messages = counting.0.load(Ordering::Relaxed);
    assert!(messages >= 200, "{messages} are too few to prove anything");

    let content_cache = ContentCache::new(db.clone());
    let scheduler = SyncScheduler::new(db).with_panel_config(config());
    for reader_is_gone in [false, true] {
        let (handle, progress_tx, cancel_token) = SyncHandle::new("home".to_owned());
        let kept = (!reader_is_gone).then_some(handle);
        let base_url = panel.base_url();
        let run =
            scheduler.run_full_sync("home", &base_url, USERNAME, PASSWORD, &content_cache, &progress_tx, &cancel_token);
        let result = tokio::time::timeout(PATIENCE, run).await.expect("it waits for a reader").unwrap();
        assert_eq!(result.status, SyncStatus::Completed, "{result:?}");
        assert_eq!(result.movies.listed(), 90_000);
        if let Some(mut handle) = kept {
            drop(progress_tx);
            let mut told = Vec::new();
            while let Ok(Some(message)) = tokio::time::timeout(PATIENCE, handle.progress_rx.recv()).await {
                told.push(message);
            }
            assert!(told.len() < messages, "the channel was full");
            // The last message is never dropped, and it is the only one that says 100 %.
            assert_eq!(told.pop(), Some(result));
            assert!(told.iter().all(|message| message.percent < 100 && message.status == SyncStatus::Syncing));
        }
    }
}
