//! Runs the scenario on a cache of its own, and checks the file afterwards. `docs/embedding.md` and the README show
//! `sync_once`.

use std::path::Path;
use std::sync::Arc;

use outside_core_sqlite::{FixedClock, Script, play};
use sync_core::{ContentId, ContentKind, Engine, ProfileId, RunStatus, SyncOptions};
use sync_sqlite::SqliteStore;
use tokio_util::sync::CancellationToken;

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn sync_once(path: &Path, source: Script) -> Outcome {
    let store = SqliteStore::open(path)?;
    let profile = ProfileId::new("kitchen")?;
    let options = SyncOptions { kinds: vec![ContentKind::Channels], ..SyncOptions::default() };

    let engine = Engine::new(Arc::new(source), Arc::new(store), Arc::new(FixedClock));
    let report = engine.run(&profile, &options, &CancellationToken::new()).await;

    assert_eq!(report.status, RunStatus::Completed, "{:?}", report.errors);
    assert_eq!(report.kind(ContentKind::Channels).counts.added, 2);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("cache.db");
    sync_once(&path, Script::new(vec![vec![(7, "Seven"), (8, "Eight")]])).await?;
    play(&(Arc::new(SqliteStore::open(&path)?) as _)).await;

    // The content that another program finds in the file.
    let reader = SqliteStore::open_read_only(&path)?;
    for (profile, ids) in [("kitchen", vec![7, 8]), ("home", vec![1, 2, 4])] {
        let found = reader.get_content_ids_blocking(&ProfileId::new(profile)?, ContentKind::Channels)?;
        assert_eq!(found, ids.into_iter().map(ContentId).collect::<Vec<_>>(), "{profile}");
    }
    println!("the cache holds what the listings said");
    Ok(())
}
