//! Counts the allocations of a first sync and of a sync without changes, in a process of its own.
//!
//! `allocations ITEMS` prints two numbers.

use std::error::Error;

use sync_app::{ContentCache, Database, SyncHandle, SyncScheduler, SyncStatus};
use sync_tests::{Catalogue, CatalogueConfig, Panel, PanelConfig};

/// Counts the allocations of all threads.
#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() -> Result<(), Box<dyn Error>> {
    let items: usize = std::env::args().nth(1).ok_or("how many items?")?.parse()?;
    let sizes = CatalogueConfig {
        channels: items * 40 / 230,
        movies: items - 2 * (items * 40 / 230),
        series: items * 40 / 230,
        ..CatalogueConfig::default()
    };
    let panel = Panel::start(PanelConfig::default(), Catalogue::new(&sizes))?;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // The panel makes its bodies now and keeps them, so that this work is not counted.
    let warm = runtime.block_on(sync(&panel, &folder.path().join("warm.db")));
    warm?;
    let database = folder.path().join("counted.db");
    let profiler = dhat::Profiler::builder().testing().trim_backtraces(Some(1)).build();
    let count = || dhat::HeapStats::get().total_blocks;
    runtime.block_on(sync(&panel, &database))?;
    let first = count();
    runtime.block_on(sync(&panel, &database))?;
    println!("{first} {}", count() - first);
    drop(profiler);
    Ok(())
}

async fn sync(panel: &Panel, database: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let database = Database::open(database)?;
    let cache = ContentCache::new(database.clone());
    let (_handle, progress, cancel) = SyncHandle::new("bench".to_owned());
    let url = panel.base_url();
    let done = SyncScheduler::new(database)
        .run_incremental_sync("bench", &url, "demo", "demo-secret", &cache, &progress, &cancel)
        .await?;
    match done.status {
        SyncStatus::Completed => Ok(()),
        _ => Err(format!("the sync did not complete: {:?}", done.errors).into()),
    }
}
