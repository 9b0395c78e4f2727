//! The next kind is received while one kind is written. The result of each is independent of the other.

use std::sync::Arc;
use std::time::Duration;

use sync_core::source::AnswerFault;
use sync_core::testing::{Answer, ItemBuilder, ScriptedSource, category};
use sync_core::{ContentKind, KindOutcome, Listed, Phase, RunStatus, SourceError, StoreError, SyncOptions, SyncReport};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Channels, Movies, Series, counts, listed, panel};
use crate::wrappers::{Hook, Moment, Step, Trace, TracedSource, WatchedStore};

fn of(kind: ContentKind, step: Step) -> Moment {
    (step, Some(kind))
}

/// Returns a trace in which each apply waits for the complete listing of the next kind, so that kinds overlap as far as
/// possible.
fn crossed() -> Trace {
    let until_there = |kind, next| (of(kind, Step::Apply), of(next, Step::Complete));
    Trace { held_up: vec![until_there(Channels, Movies), until_there(Movies, Series)], ..Trace::default() }
}

async fn run(bench: &Bench, source: ScriptedSource, trace: &Arc<Trace>, token: &CancellationToken) -> SyncReport {
    let source = TracedSource { inner: source, trace: Arc::clone(trace) };
    let store = WatchedStore::traced(&bench.store, trace);
    let options = SyncOptions::default();
    let run = bench.sync_over(&store, &source, &options, token);
    tokio::time::timeout(Duration::from_secs(10), run).await.expect("it goes on")
}

/// Returns a panel with every kind of change: of nine items, one is new, one is missing and one is edited, and there
/// are other categories.
fn changed() -> ScriptedSource {
    let items = |kind| -> Vec<Listed> {
        let mut items = listed(kind, 2..=10);
        items[3] = ItemBuilder::of(kind, 5).name("Edited").listed();
        items
    };
    ContentKind::ALL.into_iter().fold(ScriptedSource::new(), |source, kind| {
        source.lists(kind, items(kind)).categories(kind, Ok(vec![category("1"), category("2")]))
    })
}

async fn synced() -> Bench {
    let bench = Bench::new().await;
    let source = panel(1..=9);
    bench.sync(&source, &SyncOptions::default()).await;
    bench
}

#[tokio::test]
async fn the_next_kind_is_received_while_one_is_written() {
    let bench = synced().await;
    let trace = Arc::new(crossed());
    let report = run(&bench, changed(), &trace, &CancellationToken::new()).await;
    assert_eq!(report.status, RunStatus::Completed);
    let order = [
        of(Channels, Step::Complete),
        of(Channels, Step::Apply),
        of(Movies, Step::Complete),
        of(Channels, Step::Committed),
        // The third kind begins only now, because at most one kind is received while one is written.
        of(Series, Step::Categories),
        of(Series, Step::Complete),
        of(Movies, Step::Committed),
        of(Series, Step::Apply),
        of(Series, Step::Committed),
    ];
    let at: Vec<_> = order.map(|moment| trace.position(moment).unwrap()).to_vec();
    assert!(at.is_sorted(), "{at:?}");
    // Requests and bytes of one kind don't count for the kind beside it.
    for record in report.kinds.values() {
        assert_eq!((record.requests, record.bytes), (2, 10), "{}", record.kind);
    }
}

/// I16: a run is one task, so the same answers give the same steps.
#[tokio::test]
async fn the_same_run_takes_the_same_steps() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let bench = synced().await;
        let trace = Arc::default();
        run(&bench, changed(), &trace, &CancellationToken::new()).await;
        seen.push(std::mem::take(&mut *trace.seen.lock().unwrap()));
    }
    assert_eq!(seen[0], seen[1]);
    let positions = |moment| seen[0].iter().position(|it| *it == moment).unwrap();
    assert!(positions(of(Movies, Step::Categories)) < positions(of(Channels, Step::Committed)));
}

/// The report of a cancelled run is true at every step: `sync_over` compares it with the store.
#[tokio::test]
async fn the_report_of_a_run_that_is_cancelled_at_any_step_is_true() {
    let (mut at, mut mixed) = (0, 0);
    for held_up in [Vec::new(), crossed().held_up] {
        loop {
            at += 1;
            let bench = synced().await;
            let token = CancellationToken::new();
            let trace = Trace { cancel: Some((at, token.clone())), held_up: held_up.clone(), ..Trace::default() };
            let trace = Arc::new(trace);
            let report = run(&bench, changed(), &trace, &token).await;
            let committed = ContentKind::ALL.map(|kind| trace.position(of(kind, Step::Committed)).is_some());
            let completed = ContentKind::ALL.map(|kind| report.kind(kind).outcome == KindOutcome::Completed);
            assert_eq!(committed, completed, "step {at}: {report:?}");
            let whole = committed == [true; 3];
            assert_eq!(report.status, if whole { RunStatus::Completed } else { RunStatus::Cancelled }, "step {at}");
            mixed += usize::from(committed == [true, false, false]);
            // I11: one further run completes.
            assert_eq!(bench.sync(&changed(), &SyncOptions::default()).await.status, RunStatus::Completed);
            assert!(ContentKind::ALL.into_iter().all(|kind| bench.ids(kind) == (2..=10).collect::<Vec<_>>()));
            if !token.is_cancelled() {
                break;
            }
        }
        at = 0;
    }
    assert!(mixed > 10, "{mixed}");
}

/// The apply fails after the next kind was received.
#[tokio::test]
async fn an_apply_that_fails_costs_its_own_kind_only() {
    for (failing, received) in [(Channels, Movies), (Movies, Series)] {
        let bench = synced().await;
        let store = bench.store.clone();
        let full: Hook = Box::new(move || store.fail_next_apply(StoreError::Full));
        let trace = Trace { hooks: vec![(of(failing, Step::Apply), full)], ..crossed() };
        let report = run(&bench, changed(), &Arc::new(trace), &CancellationToken::new()).await;
        assert_eq!(report.kind(failing).error.as_ref().map(|error| error.code.as_str()), Some("disk_full"));
        assert_eq!(report.kind(received).counts, counts(1, 1, 0, 1, 7));
        assert_eq!((report.status, report.errors.len()), (RunStatus::Partial, 1));
    }
}

/// An error of the next kind comes earlier, but is reported later.
#[tokio::test]
async fn errors_and_warnings_are_in_the_order_of_the_kinds() {
    let answer = |fault| Answer::Error(SourceError::Unusable { fault, message: "no list".to_owned() });
    let bench = Bench::new().await;
    let shelves = (1..=60).map(|id| category(&id.to_string())).collect();
    let source = ScriptedSource::new()
        .lists(Channels, listed(Channels, 1..=9))
        .categories(Channels, Ok(shelves))
        .answer(Movies, answer(AnswerFault::AccountObject));
    bench.sync(&source, &SyncOptions::default()).await;
    let fewer = || {
        let source = ScriptedSource::new().lists(Channels, listed(Channels, 1..=9));
        source.categories(Channels, Ok(Vec::new()))
    };
    // The movies are not asked for. This is known before the channels are written.
    let report = run(&bench, fewer(), &Arc::default(), &CancellationToken::new()).await;
    let told: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
    let told: Vec<_> = told.iter().map(|warning| warning.split_once(':').unwrap().0).collect();
    assert_eq!(told, ["channels", "movies"], "{:?}", report.warnings);
    // A day later the movies are asked for, and fail before the channels do.
    bench.clock.pass(Duration::from_secs(86_400));
    let store = bench.store.clone();
    let locked: Hook = Box::new(move || store.fail_next_apply(StoreError::Locked));
    let held_up = vec![(of(Channels, Step::Held), of(Movies, Step::Listing))];
    let trace = Trace { held_up, hooks: vec![(of(Channels, Step::Apply), locked)], ..Trace::default() };
    let source = fewer().answer(Movies, answer(AnswerFault::Truncated));
    let report = run(&bench, source, &Arc::new(trace), &CancellationToken::new()).await;
    let told: Vec<_> = report.errors.iter().map(|error| (error.kind, error.code.as_str())).collect();
    assert_eq!(told, [(Some(Channels), "locked"), (Some(Movies), "truncated")]);
    assert_eq!(report.kind(Series).outcome, KindOutcome::Unchanged);
}

/// "One percentage that never falls". The reports of two kinds are mixed, and those of each kind are in order.
#[tokio::test]
async fn the_progress_of_two_kinds_is_mixed() {
    let bench = synced().await;
    bench.told.lock().clear();
    run(&bench, changed(), &Arc::new(crossed()), &CancellationToken::new()).await;
    let told = std::mem::take(&mut *bench.told.lock());
    assert!(told.is_sorted_by_key(|progress| progress.percent), "{told:#?}");
    assert_eq!(told.last().map(|last| last.percent), Some(100));
    let position = |kind, phase| told.iter().position(|it| (it.kind, it.phase) == (Some(kind), phase)).unwrap();
    for kind in ContentKind::ALL {
        let phases = [Phase::Categories, Phase::Listing, Phase::Applying, Phase::KindDone];
        assert!(phases.map(|phase| position(kind, phase)).is_sorted(), "{told:#?}");
    }
    assert!(position(Movies, Phase::Listing) < position(Channels, Phase::KindDone));
    assert!(ContentKind::ALL.map(|kind| position(kind, Phase::KindDone)).is_sorted());
}

/// Time counts for each kind that is received or written in it, but not for a kind that waits.
#[tokio::test]
async fn a_kind_lasts_while_it_is_received_and_written() {
    let bench = Arc::new(synced().await);
    let lasts = |moment, seconds| -> (Moment, Hook) {
        let bench = Arc::clone(&bench);
        (moment, Box::new(move || bench.clock.pass(Duration::from_secs(seconds))))
    };
    let hooks = vec![
        lasts(of(Channels, Step::Listing), 1),
        lasts(of(Channels, Step::Held), 70_000),
        lasts(of(Channels, Step::Committed), 20),
        lasts(of(Series, Step::Listing), 300),
        lasts(of(Series, Step::Apply), 4000),
    ];
    let trace = Arc::new(Trace { hooks, ..crossed() });
    let report = run(&bench, changed(), &trace, &CancellationToken::new()).await;
    let seconds: Vec<_> = report.kinds.values().map(|record| record.duration.as_secs()).collect();
    assert_eq!(seconds, [70_021, 70_300, 4300]);
    assert_eq!(report.duration.as_secs(), 74_321);
}
