//! Cancellation at every step of a run: committed kinds stay, and the kind under way is unchanged.

use std::time::Duration;

use sync_core::source::{Entry, ListingEvent};
use sync_core::testing::{Answer, ScriptedSource, channel};
use sync_core::{
    Catalogue as _, ContentSource, ContentStore, ErrorClass, KindOutcome, Phase, Progress, RunStatus, SyncOptions,
    SyncReport,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Channels, Movies, Series, counts, listed, only, panel};
use crate::wrappers::{SilentSource, Step, WatchedStore};

/// Far more time than a run needs. If a run doesn't notice the cancellation, the test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(5);

fn outcomes(report: &SyncReport) -> [KindOutcome; 3] {
    [Channels, Movies, Series].map(|kind| report.kind(kind).outcome)
}

/// Runs every kind, and asserts that the run ends soon although a source is silent.
async fn soon(
    bench: &Bench,
    store: &(impl ContentStore + Clone + 'static),
    source: &(impl ContentSource + Clone + 'static),
    token: &CancellationToken,
) -> SyncReport {
    let options = SyncOptions::default();
    let run = bench.sync_over(store, source, &options, token);
    tokio::time::timeout(PATIENCE, run).await.expect("the cancellation is noticed")
}

async fn synced() -> Bench {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=9), &SyncOptions::default()).await;
    bench
}

#[tokio::test]
async fn before_the_start() {
    let bench = synced().await;
    let (token, source) = (CancellationToken::new(), panel(2..=5));
    token.cancel();
    let report = bench.sync_over(&bench.store, &source, &SyncOptions::default(), &token).await;
    assert_eq!((report.status, report.run), (RunStatus::Cancelled, None));
    assert_eq!(outcomes(&report), [KindOutcome::Cancelled; 3]);
    assert_eq!(source.asked(), Vec::<String>::new());
    assert_eq!(report.errors[0].class(), ErrorClass::Cancelled);
}

#[tokio::test]
async fn while_the_source_is_silent() {
    for silent_at in [Step::Account, Step::Categories, Step::Listing] {
        let bench = synced().await;
        let token = CancellationToken::new();
        let source = SilentSource { inner: panel(2..=5), silent_at, token: token.clone() };
        let report = soon(&bench, &bench.store, &source, &token).await;
        assert_eq!(report.status, RunStatus::Cancelled, "{silent_at:?}");
        assert_eq!(outcomes(&report), [KindOutcome::Cancelled; 3]);
        let recorded = bench.store.runs(&bench.profile, 1).await.unwrap().remove(0);
        assert_eq!((Some(recorded.run), recorded.status), (report.run, RunStatus::Cancelled));
        bench.store.lease(&bench.profile).await.expect("the lease has ended with the run");
    }
}

/// The first kind is committed and stays. The listing of the second one stops half way.
#[tokio::test]
async fn in_the_middle_of_a_listing() {
    let bench = synced().await;
    let token = CancellationToken::new();
    let batch = listed(Movies, 20..=29).into_iter().map(|it| Entry::Item(Box::new(it), None));
    let events = vec![ListingEvent::Batch(batch.collect())];
    let source = ScriptedSource::new()
        .lists(Channels, listed(Channels, 1..=10))
        .answer(Movies, Answer::Silence(events, CancellationToken::new()))
        .lists(Series, listed(Series, 1..=10));
    bench.told.lock().clear();
    let ended = |it: &Progress| (it.kind, it.phase) == (Some(Channels), Phase::KindDone);
    let (report, ()) = tokio::join!(soon(&bench, &bench.store, &source, &token), async {
        while !bench.told.lock().iter().any(ended) {
            tokio::task::yield_now().await;
        }
        token.cancel();
    });
    assert_eq!(outcomes(&report), [KindOutcome::Completed, KindOutcome::Cancelled, KindOutcome::Cancelled]);
    assert_eq!((report.status, report.kind(Channels).counts.added), (RunStatus::Cancelled, 1));
    assert!(!source.asked().iter().any(|asked| asked.contains("series")));
}

/// The first kind is about to be written while the listing of the second one has stopped.
#[tokio::test]
async fn in_the_middle_of_a_listing_and_of_an_apply() {
    let bench = synced().await;
    let token = CancellationToken::new();
    let source = ScriptedSource::new()
        .lists(Channels, listed(Channels, 1..=10))
        .answer(Movies, Answer::Silence(Vec::new(), token.clone()));
    let report = soon(&bench, &bench.store, &source, &token).await;
    assert_eq!(outcomes(&report), [KindOutcome::Cancelled; 3]);
}

#[tokio::test]
async fn in_the_store() {
    for step in [Step::State, Step::Index, Step::Rows, Step::Put, Step::Apply] {
        let bench = synced().await;
        let token = CancellationToken::new();
        let watched = WatchedStore::over(&bench.store, Some((step, token.clone())));
        let source = ScriptedSource::new().lists(Channels, {
            let mut items = listed(Channels, 2..=12);
            items[0] = channel(2).name("Edited").listed();
            items
        });
        let report = soon(&bench, &watched, &source, &token).await;
        assert_eq!(report.status, RunStatus::Cancelled, "{step:?}");
        assert_eq!(outcomes(&report), [KindOutcome::Cancelled; 3], "{step:?}");
        let last = bench.store.runs(&bench.profile, 1).await.unwrap().remove(0);
        assert_ne!(last.status, RunStatus::Interrupted, "{step:?}: a run that was cancelled has an end");
    }
}

/// "Only the COMMIT itself is not interrupted": the report counts what the commit has written.
#[tokio::test]
async fn after_a_commit() {
    let bench = synced().await;
    let token = CancellationToken::new();
    let watched = WatchedStore::over(&bench.store, Some((Step::Committed, token.clone())));
    let report = bench.sync_over(&watched, &panel(1..=10), &SyncOptions::default(), &token).await;
    assert_eq!(outcomes(&report), [KindOutcome::Completed, KindOutcome::Cancelled, KindOutcome::Cancelled]);
    assert_eq!(report.kind(Channels).counts, counts(1, 0, 0, 0, 9));
    // A cancellation after the last kind has no effect.
    let bench = synced().await;
    let watched = WatchedStore::over(&bench.store, Some((Step::Committed, token.clone())));
    let fresh = CancellationToken::new();
    let watched = WatchedStore { cancel: Some((Step::Committed, fresh.clone())), ..watched };
    let report = bench.sync_over(&watched, &panel(1..=10), &only(Series), &fresh).await;
    assert_eq!(report.status, RunStatus::Completed);
}

/// "Once faults stop, one run reaches I1."
#[tokio::test]
async fn the_next_run_completes() {
    let bench = Bench::new().await;
    let token = CancellationToken::new();
    let watched = WatchedStore::over(&bench.store, Some((Step::Apply, token.clone())));
    bench.sync_over(&watched, &panel(1..=5), &SyncOptions::default(), &token).await;
    let report = bench.sync(&panel(1..=5), &SyncOptions::default()).await;
    assert_eq!((report.status, report.counts()), (RunStatus::Completed, counts(15, 0, 0, 0, 0)));
}
