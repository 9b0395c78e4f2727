//! A program of another person that uses the core and a store, and has a source of its own.

mod script;

use std::sync::Arc;
use std::time::Duration;

pub use script::Script;
use sync_core::{Clock, ContentId, ContentKind, ContentStore, Engine, ProfileId, RunStatus, SyncOptions, SyncReport};
use tokio_util::sync::CancellationToken;

/// A clock that stands still.
#[derive(Debug)]
pub struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> i64 {
        1_700_000_000
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

async fn sync(script: &Arc<Script>, store: &Arc<dyn ContentStore>, profile: &ProfileId) -> SyncReport {
    let options = SyncOptions { kinds: vec![ContentKind::Channels], ..SyncOptions::default() };
    let engine = Engine::new(Arc::clone(script) as _, Arc::clone(store), Arc::new(FixedClock));
    let report = engine.run(profile, &options, &CancellationToken::new()).await;
    println!("{}: {:?}", report.status, report.counts());
    assert_eq!(report.status, RunStatus::Completed, "{:?}", report.errors);
    report
}

/// Syncs three listings into a store, and checks its content.
pub async fn play(store: &Arc<dyn ContentStore>) {
    let profile = ProfileId::new("home").expect("a profile id");
    let first = vec![(1, "One"), (2, "Two"), (3, "Three")];
    let script = Arc::new(Script::new(vec![first.clone(), first, vec![(1, "One"), (2, "Two HD"), (4, "Four")]]));

    assert_eq!(sync(&script, store, &profile).await.counts().added, 3);
    assert!(sync(&script, store, &profile).await.counts().is_quiet());
    let counts = sync(&script, store, &profile).await.counts();
    assert_eq!((counts.added, counts.updated, counts.removed), (1, 1, 1));

    let ids = store.get_content_ids(&profile, ContentKind::Channels).await.expect("the ids");
    assert_eq!(ids, [ContentId(1), ContentId(2), ContentId(4)]);
    let rows = store.rows(&profile, ContentKind::Channels, vec![ContentId(2)]).await.expect("the rows");
    assert_eq!(rows[0].name(), "Two HD");
}
