//! I5 over several runs: what releases a held removal, which categories may vanish, and which defects of a panel become
//! known.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use sync_core::LoggedChange;
use sync_core::source::Completeness;
use sync_core::testing::{Answer, ItemBuilder, ScriptedSource, category, movie};
use sync_core::{
    Catalogue as _, ContentId, ContentStore, Counts, Doubt, GuardThresholds, HoldReason, KindOutcome, KindRecord,
    Listed, Loss, Retention, RunStatus, SourceError, SyncOptions, SyncReport,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Channels, Movies, Series, counts, listed, only, panel};
use crate::wrappers::{Hook, Moment, Step, Trace, WatchedStore};

const DAY: Duration = Duration::from_secs(86_400);

async fn lists(bench: &Bench, ids: impl IntoIterator<Item = i64>) -> KindRecord {
    bench.movies(&listed(Movies, ids)).await
}

async fn answered(bench: &Bench, items: Vec<Listed>, end: Completeness) -> SyncReport {
    let source = ScriptedSource::new().answer(Movies, Answer::Items(items, end));
    bench.sync(&source, &only(Movies)).await
}

async fn loaded(ids: impl IntoIterator<Item = i64>) -> Bench {
    let bench = Bench::new().await;
    lists(&bench, ids).await;
    bench
}

/// "Released when three complete listings over at least seven days all miss it."
#[tokio::test]
async fn three_listings_over_seven_days_release() {
    let bench = loaded(1..=200).await;
    for days in [0, 3, 3] {
        bench.clock.pass(DAY * days);
        let record = lists(&bench, 101..=200).await;
        assert_eq!((record.outcome, record.counts.held), (KindOutcome::Held, 100), "after {days} days");
    }
    bench.clock.pass(DAY);
    let record = lists(&bench, 101..=200).await;
    assert_eq!((record.outcome, record.counts), (KindOutcome::Completed, counts(0, 0, 0, 100, 100)));
    assert_eq!(bench.tables(Movies).await.held, []);
}

#[tokio::test]
async fn many_listings_in_a_day_release_nothing_and_days_without_listings_neither() {
    let bench = loaded(1..=200).await;
    for _ in 0..9 {
        assert_eq!(lists(&bench, 101..=200).await.counts.held, 100);
    }
    let bench = loaded(1..=200).await;
    lists(&bench, 101..=200).await;
    bench.clock.pass(DAY * 700);
    assert_eq!(lists(&bench, 101..=200).await.counts.held, 100, "the second listing");
    assert_eq!(lists(&bench, 101..=200).await.counts.removed, 100, "the third");
}

/// "Or when it comes back": the evidence begins again with the next absence.
#[tokio::test]
async fn evidence_begins_again_after_a_return() {
    let bench = loaded(1..=200).await;
    for days in [0, 4, 4] {
        bench.clock.pass(DAY * days);
        lists(&bench, 101..=200).await;
        if days == 4 {
            let record = lists(&bench, 1..=200).await;
            assert_eq!((record.outcome, record.counts.unchanged), (KindOutcome::Unchanged, 200));
        }
    }
    assert_eq!(lists(&bench, 101..=200).await.counts.held, 100);
}

#[tokio::test]
async fn both_settings_of_the_release_count() {
    let bench = loaded(1..=200).await;
    let retention = Retention { release_listings: 2, release_days: 1, ..Retention::default() };
    let options = SyncOptions { retention, ..only(Movies) };
    let source = || ScriptedSource::new().lists(Movies, listed(Movies, 101..=200));
    assert_eq!(bench.sync(&source(), &options).await.kind(Movies).counts.held, 100);
    bench.clock.pass(DAY);
    assert_eq!(bench.sync(&source(), &options).await.kind(Movies).counts.removed, 100);
}

/// "An empty listing over a non-empty cache … is released by consent only."
#[tokio::test]
async fn an_empty_listing_is_never_evidence() {
    let bench = loaded(1..=200).await;
    for _ in 0..5 {
        bench.clock.pass(DAY * 5);
        let record = lists(&bench, []).await;
        assert_eq!((record.counts.held, record.hold_reason), (200, Some(HoldReason::Loss(Loss::EmptyListing))));
    }
    let record = lists(&bench, 1..=190).await;
    assert_eq!((record.counts.held, record.counts.removed), (10, 0), "missed by one listing that lists something");
    for _ in 0..2 {
        bench.clock.pass(DAY * 4);
        lists(&bench, 1..=190).await;
    }
    assert_eq!(bench.ids(Movies).len(), 190);
}

/// "A shrink of several kinds in one run is released by consent only."
#[tokio::test]
async fn several_kinds_that_shrink_at_once_wait_for_consent() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=200), &SyncOptions::default()).await;
    for _ in 0..4 {
        bench.clock.pass(DAY * 5);
        let report = bench.sync(&panel(101..=200), &SyncOptions::default()).await;
        assert_eq!(report.status, RunStatus::Partial);
        for kind in [Channels, Movies, Series] {
            let record = report.kind(kind);
            assert_eq!(
                (record.counts.held, record.hold_reason),
                (100, Some(HoldReason::Loss(Loss::SeveralKinds))),
                "{kind}"
            );
        }
        let recorded = bench.store.runs(&bench.profile, 1).await.unwrap().remove(0);
        assert!(recorded.kinds.iter().all(|record| record.hold_reason == report.kind(record.kind).hold_reason));
    }
    for kind in [Channels, Movies, Series] {
        assert!(bench.tables(kind).await.held.iter().all(|held| held.reason == HoldReason::Loss(Loss::SeveralKinds)));
    }
    let consent = SyncOptions { accept_removals: true, kinds: vec![Series], ..SyncOptions::default() };
    let report = bench.sync(&panel(101..=200), &consent).await;
    assert_eq!(report.kind(Series).counts, counts(0, 0, 0, 100, 100));
    assert_eq!(bench.ids(Movies).len(), 200, "consent is narrowed by the kinds");
}

/// Kinds that shrink in different runs don't count as a shrink of several kinds.
#[tokio::test]
async fn kinds_that_shrink_in_different_runs_are_judged_alone() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=200), &SyncOptions::default()).await;
    let narrowed = |kind| SyncOptions { kinds: vec![kind], ..SyncOptions::default() };
    for kind in [Movies, Series] {
        let source = ScriptedSource::new().lists(kind, listed(kind, 101..=200));
        let report = bench.sync(&source, &narrowed(kind)).await;
        assert_eq!(report.kind(kind).hold_reason, Some(HoldReason::Loss(Loss::ShareLost)));
    }
}

/// A kind in doubt beside one kind that shrank doesn't count as a shrink of several kinds either.
#[tokio::test]
async fn a_doubt_in_another_kind_is_no_shrink() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=200), &SyncOptions::default()).await;
    let doubtful = Completeness { trailing_bytes: true, ..Completeness::default() };
    let source = ScriptedSource::new()
        .lists(Movies, listed(Movies, 101..=200))
        .answer(Series, Answer::Items(listed(Series, 2..=200), doubtful));
    let options = SyncOptions { kinds: vec![Movies, Series], ..SyncOptions::default() };
    let report = bench.sync(&source, &options).await;
    assert_eq!(report.kind(Movies).hold_reason, Some(HoldReason::Loss(Loss::ShareLost)));
    assert_eq!(report.kind(Series).hold_reason, Some(HoldReason::Doubt(Doubt::TrailingBytes)));
    for removed in [0, 100] {
        bench.clock.pass(DAY * 4);
        assert_eq!(lists(&bench, 101..=200).await.counts.removed, removed);
    }
}

/// The reason is written with the rows and not only at the end of the run, because the process may end before that.
#[tokio::test]
async fn the_loss_of_several_kinds_is_recorded_with_the_second_kind() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=200), &SyncOptions::default()).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let look = |kind| -> (Moment, Hook) {
        let (store, profile, seen) = (bench.store.clone(), bench.profile.clone(), Arc::clone(&seen));
        let hook = move || {
            let held = store.held(&profile, kind).now_or_never().expect("nothing to wait for").unwrap();
            seen.lock().unwrap().push((kind, held[0].reason));
        };
        ((Step::Committed, Some(kind)), Box::new(hook))
    };
    let trace = Arc::new(Trace { hooks: vec![look(Channels), look(Movies)], ..Trace::default() });
    let store = WatchedStore::traced(&bench.store, &trace);
    bench.sync_over(&store, &panel(101..=200), &SyncOptions::default(), &CancellationToken::new()).await;
    let expected = [(Channels, HoldReason::Loss(Loss::ShareLost)), (Movies, HoldReason::Loss(Loss::SeveralKinds))];
    assert_eq!(*seen.lock().unwrap(), expected);
}

fn in_category(id: i64, category: &str) -> Listed {
    movie(id).with("category_id", category).in_categories(&[category]).listed()
}

/// "One that had 20 or more items and now has none is suspicious even when the total barely moves."
#[tokio::test]
async fn a_category_that_is_empty_all_at_once_is_held() {
    let all = |small: i64| (1..=1000).map(move |id| in_category(id, if id <= small { "small" } else { "large" }));
    for (small, held) in [(19, 0), (20, 20)] {
        let bench = Bench::new().await;
        bench.movies(&all(small).collect::<Vec<_>>()).await;
        // Two items of the large category are missing as well, which is plausible.
        let rest: Vec<_> = all(small).skip(usize::try_from(small).unwrap() + 2).collect();
        let record = bench.movies(&rest).await;
        assert_eq!(record.counts.held, held, "{small} items");
        assert_eq!(record.counts.removed, small.unsigned_abs() + 2 - held);
        assert_eq!(record.hold_reason, (held > 0).then_some(HoldReason::Loss(Loss::CategoryLost)));
    }
}

#[tokio::test]
async fn a_category_is_empty_only_if_no_item_is_left() {
    let all = || (1..=1000).map(|id| in_category(id, if id <= 30 { "small" } else { "large" }));
    let rest = || all().skip(30).collect::<Vec<_>>();
    // One item is left in the category, with the same bytes as before.
    let bench = Bench::new().await;
    bench.movies(&all().collect::<Vec<_>>()).await;
    assert_eq!(bench.movies(&all().skip(29).collect::<Vec<_>>()).await.counts.removed, 29);
    // A new item is in the category.
    let bench = Bench::new().await;
    bench.movies(&all().collect::<Vec<_>>()).await;
    let listing: Vec<_> = rest().into_iter().chain([in_category(2000, "small")]).collect();
    assert_eq!(bench.movies(&listing).await.counts, Counts { added: 1, ..counts(0, 0, 0, 30, 970) });
    // Some items have moved to another category, and the others are missing.
    let bench = Bench::new().await;
    bench.movies(&all().collect::<Vec<_>>()).await;
    let moved = (1..=25).map(|id| in_category(id, "large"));
    let record = bench.movies(&rest().into_iter().chain(moved).collect::<Vec<_>>()).await;
    assert_eq!((record.counts.updated, record.counts.held, record.counts.removed), (25, 5, 0));
    // A setting turns the rule off.
    let bench = Bench::new().await;
    bench.movies(&all().collect::<Vec<_>>()).await;
    let guard = GuardThresholds { category_rows: 0, ..GuardThresholds::default() };
    let source = ScriptedSource::new().lists(Movies, rest());
    let report = bench.sync(&source, &SyncOptions { guard, ..only(Movies) }).await;
    assert_eq!(report.kind(Movies).counts.removed, 30);
}

/// The category becomes empty some runs later, while the removals of an earlier part are still held.
#[tokio::test]
async fn held_items_count_as_missing_from_their_category() {
    let all = || (1..=100).map(|id| in_category(id, if id <= 70 { "small" } else { "large" }));
    let bench = Bench::new().await;
    bench.movies(&all().collect::<Vec<_>>()).await;
    assert_eq!(bench.movies(&all().skip(60).collect::<Vec<_>>()).await.counts.held, 60);
    let guard = GuardThresholds { share_percent: 100, ..GuardThresholds::default() };
    let source = ScriptedSource::new().lists(Movies, all().skip(70));
    let report = bench.sync(&source, &SyncOptions { guard, ..only(Movies) }).await;
    assert_eq!((report.kind(Movies).counts.held, report.kind(Movies).counts.removed), (70, 0));
}

fn film(id: i64, name: i64) -> Listed {
    movie(id).name(&format!("Film {name}")).with("tmdb_id", &name.to_string()).listed()
}

/// "Recognises a renumbering: then it is reported as such."
#[tokio::test]
async fn a_renumbering_is_recognised() {
    let bench = Bench::new().await;
    bench.movies(&(1..=200).map(|id| film(id, id)).collect::<Vec<_>>()).await;
    let renumbered: Vec<_> = (1..=200).map(|id| film(id + 1000, id)).collect();
    let record = bench.movies(&renumbered).await;
    assert_eq!(
        (record.counts.added, record.counts.held, record.hold_reason),
        (200, 200, Some(HoldReason::Loss(Loss::Renumbered)))
    );
    let held = bench.tables(Movies).await.held;
    assert!(held.iter().all(|held| held.successor == Some(ContentId(held.id.0 + 1000))));
    let source = ScriptedSource::new().lists(Movies, renumbered);
    let report = bench.sync(&source, &SyncOptions { accept_removals: true, ..only(Movies) }).await;
    assert_eq!(report.kind(Movies).counts, counts(0, 0, 0, 200, 200));
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
}

#[tokio::test]
async fn a_small_renumbering_is_removed_and_reported() {
    let bench = Bench::new().await;
    bench.movies(&(1..=40).map(|id| film(id, id)).collect::<Vec<_>>()).await;
    let source = ScriptedSource::new().lists(Movies, (1..=40).map(|id| film(id + 1000, id)));
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!(report.kind(Movies).counts, counts(40, 0, 0, 40, 0));
    assert!(
        report.warnings[0].to_string().contains("40 of the removed items came back under other ids"),
        "{:?}",
        report.warnings
    );
}

/// "A defect that stands alike in three complete listings … no longer keeps removals off."
#[tokio::test]
async fn a_lasting_defect_becomes_known() {
    let sound = Completeness::default();
    let defects = [
        Completeness { unreadable: 2, unreadable_digest: Some(7), ..sound },
        Completeness { trailing_bytes: true, trailing_digest: Some(8), ..sound },
    ];
    for end in defects {
        let bench = loaded(1..=50).await;
        let outcomes = [(1, 1), (2, 2), (3, 0), (4, 0)];
        for (gone, held) in outcomes {
            let record = answered(&bench, listed(Movies, gone + 1..=50), end).await.kind(Movies).clone();
            assert_eq!(record.counts.held, held, "{end:?}, listing {gone}");
            assert_eq!(record.counts.skipped, end.unreadable);
        }
        // Another defect is not known.
        let other = Completeness { unreadable_digest: Some(9), trailing_digest: Some(9), ..end };
        assert_eq!(answered(&bench, listed(Movies, 6..=50), other).await.kind(Movies).counts.held, 1);
    }
    // A source that can't tell defects apart has no known defects.
    let bench = loaded(1..=50).await;
    for _ in 0..5 {
        let end = Completeness { unreadable: 1, ..sound };
        assert_eq!(answered(&bench, listed(Movies, 2..=50), end).await.kind(Movies).counts.held, 1);
    }
}

/// "An item that returns within that time is recognised as the same."
#[tokio::test]
async fn returned_items_are_told_from_new_ones() {
    let bench = loaded(1..=100).await;
    lists(&bench, 3..=100).await;
    bench.clock.pass(DAY * 29);
    lists(&bench, (1..=1).chain(3..=101)).await;
    let changes = bench.store.changes(&bench.profile, 0, 100).await.unwrap();
    let of = |id: i64| changes.iter().rev().find(|it| it.id == Some(ContentId(id))).map(|it| it.change);
    assert_eq!((of(1), of(101)), (Some(LoggedChange::Returned), Some(LoggedChange::Added)));
}

/// Held removals of one kind have no effect on the categories of another kind, whatever the order of the kinds.
#[tokio::test]
async fn held_removals_of_one_kind_have_no_effect_on_another() {
    let bench = Bench::new().await;
    let of = |kind, ids: std::ops::RangeInclusive<i64>| ids.map(move |id| ItemBuilder::of(kind, id).listed());
    let both = || ScriptedSource::new().categories(Movies, Ok(vec![category("1")])).lists(Series, of(Series, 1..=90));
    bench.sync(&both().lists(Movies, of(Movies, 1..=90)), &SyncOptions::default()).await;
    let report = bench.sync(&both().lists(Movies, of(Movies, 80..=90)), &SyncOptions::default()).await;
    assert_eq!(report.kind(Movies).hold_reason, Some(HoldReason::Loss(Loss::ShareLost)));
    assert_eq!(report.kind(Series).outcome, KindOutcome::Unchanged);
}

/// An outage also breaks the categories, or the end of the list, and the panel recovers in steps. A list that is merely
/// better proves nothing.
#[tokio::test]
async fn an_outage_that_breaks_several_things_loses_nothing() {
    let timed_out = || SourceError::Unreachable { message: "504".to_owned(), attempts: 4, overloaded: true };
    let doubtful = Completeness { trailing_bytes: true, ..Completeness::default() };
    let bad: [fn() -> ScriptedSource; 2] = [
        || ScriptedSource::new().lists(Movies, []),
        || ScriptedSource::new().lists(Movies, listed(Movies, 501..=1000)),
    ];
    for source in bad {
        let bench = loaded(1..=1000).await;
        bench.sync(&source().categories(Movies, Err(timed_out())), &only(Movies)).await;
        assert_eq!(lists(&bench, 251..=1000).await.counts.held, 250);
        assert_eq!(bench.ids(Movies).len(), 1000);
    }
    let bench = loaded(1..=1000).await;
    answered(&bench, listed(Movies, 501..=1000), doubtful).await;
    assert_eq!(lists(&bench, 251..=1000).await.counts.held, 250);
}

/// A removal was in doubt in one run. In the next run another kind shrinks as well, so the removal is held as a loss of
/// several kinds.
#[tokio::test]
async fn a_doubt_that_becomes_a_loss_in_several_kinds_waits_for_consent() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=200), &SyncOptions::default()).await;
    // Under these thresholds the loss is plausible, so only the doubt holds it.
    let lax = GuardThresholds { share_percent: 90, ..GuardThresholds::default() };
    let doubtful = Completeness { trailing_bytes: true, ..Completeness::default() };
    let source = ScriptedSource::new().answer(Channels, Answer::Items(listed(Channels, 101..=200), doubtful));
    let options = SyncOptions { guard: lax, ..only(Channels) };
    assert_eq!(
        bench.sync(&source, &options).await.kind(Channels).hold_reason,
        Some(HoldReason::Doubt(Doubt::TrailingBytes))
    );
    for _ in 0..4 {
        bench.clock.pass(DAY * 5);
        bench.sync(&panel(101..=200), &SyncOptions::default()).await;
    }
    for kind in [Channels, Movies, Series] {
        assert_eq!(bench.ids(kind).len(), 200, "{kind}");
    }
}

/// The end of the run, which marks the removals as a loss of several kinds, was not recorded.
#[tokio::test]
async fn a_run_that_was_killed_before_its_end_releases_nothing_either() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=200), &SyncOptions::default()).await;
    let report = bench.sync(&panel(101..=200), &SyncOptions::default()).await;
    bench.store.unmark(&bench.profile, Channels, report.run.unwrap());
    for _ in 0..4 {
        bench.clock.pass(DAY * 5);
        let source = ScriptedSource::new().lists(Channels, listed(Channels, 101..=200));
        bench.sync(&source, &only(Channels)).await;
    }
    assert_eq!(bench.ids(Channels).len(), 200);
    assert!(bench.tables(Channels).await.held.iter().all(|held| held.reason == HoldReason::Loss(Loss::SeveralKinds)));
}

/// An item that is listed once per category is in all of these categories.
#[tokio::test]
async fn a_category_of_repeated_ids_is_not_empty() {
    let both = |ids: std::ops::RangeInclusive<i64>| {
        let films = |category: &'static str| ids.clone().map(move |id| in_category(id, category));
        films("a").chain(films("b")).collect::<Vec<_>>()
    };
    let bench = Bench::new().await;
    bench.movies(&both(1..=30)).await;
    assert_eq!(bench.movies(&both(2..=30)).await.counts, counts(0, 0, 0, 1, 29));
}
