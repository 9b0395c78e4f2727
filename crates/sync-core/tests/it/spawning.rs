//! A run can be spawned: its future is `Send`, so that it may move between the threads of a runtime.

use std::sync::Arc;

use sync_core::testing::{FixedClock, MemoryStore, ScriptedSource, profile};
use sync_core::{ContentStore, Engine, SyncOptions, SyncReport};
use tokio_util::sync::CancellationToken;

use crate::support::NOW;

/// Compiles for a future that a runtime of several threads takes.
fn spawnable<F: Future<Output = SyncReport> + Send>(run: F) -> F {
    run
}

#[tokio::test]
async fn the_future_of_a_run_is_send() {
    let (source, store, clock, home) =
        (ScriptedSource::new(), MemoryStore::new(), FixedClock::at(NOW), profile("home"));
    store.ensure_profile(&home).await.unwrap();
    let (options, cancel) = (SyncOptions::default(), CancellationToken::new());
    let engine = Engine::new(Arc::new(source), Arc::new(store), Arc::new(clock));
    let report = spawnable(engine.run(&home, &options, &cancel)).await;
    assert!(report.run.is_some());
}
