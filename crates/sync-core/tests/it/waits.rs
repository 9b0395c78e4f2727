//! The waits of a source are reported to the observer of the run.

use std::time::Duration;

use sync_core::source::{Wait, WaitCause};
use sync_core::testing::{ScriptedSource, movie};
use sync_core::{ContentSource, Phase, Progress};

use crate::support::{Bench, Movies, only};

fn retry(attempt: u32) -> Wait {
    let cause = WaitCause::Retry { attempt, attempts: 4, error: "the connection is refused".to_owned(), asked: false };
    Wait::new(cause, Duration::from_secs(2))
}

#[tokio::test]
async fn a_wait_is_reported_with_the_request_that_waits() {
    let asked = Wait::new(WaitCause::Asked, Duration::from_secs(30));
    let source = ScriptedSource::new()
        .lists(Movies, [movie(1).listed()])
        .waits("account", retry(2))
        .waits("categories movies", asked.clone())
        .waits("listing movies", retry(3));
    let bench = Bench::new().await;
    bench.sync(&source, &only(Movies)).await;
    let told = bench.told.lock().clone();
    let waits: Vec<_> = told.iter().filter_map(|it| Some((it.kind, it.phase, it.wait.clone()?))).collect();
    let expected = [
        (None, Phase::Account, retry(2)),
        (Some(Movies), Phase::Categories, asked),
        (Some(Movies), Phase::Listing, retry(3)),
    ];
    assert_eq!(waits, expected);
    let percents: Vec<_> = told.iter().map(|it| it.percent).collect();
    assert!(percents.is_sorted(), "{percents:?}");
}

#[tokio::test]
async fn a_wait_repeats_the_last_report_about_the_source() {
    let source = ScriptedSource::new().lists(Movies, [movie(1).listed()]).waits("listing movies", retry(2));
    let bench = Bench::new().await;
    bench.sync(&source, &only(Movies)).await;
    bench.sync(&source, &only(Movies)).await;
    let told = bench.told.lock().clone();
    let at = told.iter().rposition(|it| it.wait.is_some()).unwrap();
    let mut as_before: Progress = told[at].clone();
    as_before.wait = None;
    assert_eq!(as_before, told[at - 1]);
    assert_eq!(told[at].expected, 1);
}

/// A source may be used for several runs, each with its own observer.
#[tokio::test]
async fn after_a_run_its_observer_gets_no_more_reports() {
    let source = ScriptedSource::new().waits("account", retry(2));
    let bench = Bench::new().await;
    bench.sync(&source, &only(Movies)).await;
    let told = bench.told.lock().len();
    ContentSource::account(&source).await.unwrap();
    assert_eq!(bench.told.lock().len(), told);
}
