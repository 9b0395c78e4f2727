//! Tests that runs learn from lists when new titles come, for the schedule `auto`.

use std::time::Duration;

use sync_core::policy::auto::arrivals::Arrivals;
use sync_core::source::AnswerFault;
use sync_core::testing::{Answer, ScriptedSource, movie};
use sync_core::{Account, Clock, ContentStore, Listed, SourceError, SyncOptions};

use crate::support::{Bench, Movies, NOW, only};

const DAY: i64 = 86_400;

/// The panel's clock is far ahead of ours, and so are its dates.
const AHEAD: i64 = 400 * DAY;

/// Returns a panel with a movie for each of these ages, in seconds before [`NOW`].
fn panel(bench: &Bench, ages: &[i64]) -> ScriptedSource {
    let dated = |(id, age): (i64, &i64)| movie(id).with("added", &(NOW + AHEAD + 7 - age).to_string()).listed();
    let movies: Vec<Listed> = (1..).zip(ages).map(dated).collect();
    let account = Account { panel_time: Some(bench.clock.now() + AHEAD), ..Account::active() };
    ScriptedSource::new().account(Ok(account)).lists(Movies, movies)
}

async fn known(bench: &Bench) -> Option<Arrivals> {
    bench.store.sync_state(&bench.profile).await.unwrap().facts.kinds[Movies].arrivals.clone()
}

#[tokio::test]
async fn the_first_list_shows_arrivals_and_later_lists_only_with_news() {
    let bench = Bench::new().await;
    let mut ages: Vec<_> = (1..30).map(|day| day * DAY).collect();
    bench.sync(&panel(&bench, &ages), &only(Movies)).await;
    let first = known(&bench).await.unwrap();
    assert!(first.believes_dates());
    bench.clock.pass(Duration::from_secs(86_400));
    bench.sync(&panel(&bench, &ages), &only(Movies)).await;
    assert_eq!(known(&bench).await.as_ref(), Some(&first), "nothing is new, so nothing is written");
    ages.push(-DAY - 3600);
    bench.clock.pass(Duration::from_secs(7200));
    bench.sync(&panel(&bench, &ages), &only(Movies)).await;
    let later = known(&bench).await.unwrap();
    assert!(later != first && later.believes_dates());
}

#[tokio::test]
async fn a_dry_run_and_a_failed_list_teach_nothing() {
    let bench = Bench::new().await;
    let ages: Vec<_> = (1..30).map(|day| day * DAY).collect();
    bench.sync(&panel(&bench, &ages), &SyncOptions { dry_run: true, ..only(Movies) }).await;
    let cut = SourceError::Unusable { fault: AnswerFault::Truncated, message: String::new() };
    bench.sync(&ScriptedSource::new().answer(Movies, Answer::Error(cut)), &only(Movies)).await;
    assert_eq!(known(&bench).await, None);
}
