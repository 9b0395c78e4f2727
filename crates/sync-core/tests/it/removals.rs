//! I5: a removal needs proof. Held removals, consent, and plausible removals.

use std::sync::Arc;

use sync_core::source::Completeness;
use sync_core::testing::{Answer, ScriptedSource, category, movie};
use sync_core::{
    Account, Counts, Doubt, GuardThresholds, HoldReason, KindOutcome, KindRecord, Listed, Loss, RunStatus, SourceError,
    SyncMode, SyncOptions, SyncReport,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Movies, NOW, counts, listed, only};
use crate::wrappers::{Step, WatchedStore};

const ACCEPT: bool = true;

async fn answered(bench: &Bench, items: Vec<Listed>, end: Completeness, accept: bool) -> SyncReport {
    let source = ScriptedSource::new().answer(Movies, Answer::Items(items, end));
    bench.sync(&source, &SyncOptions { accept_removals: accept, ..only(Movies) }).await
}

async fn lists(bench: &Bench, ids: impl IntoIterator<Item = i64>, accept: bool) -> KindRecord {
    answered(bench, listed(Movies, ids), Completeness::default(), accept).await.kind(Movies).clone()
}

async fn loaded(ids: impl IntoIterator<Item = i64>) -> Bench {
    let bench = Bench::new().await;
    bench.movies(&listed(Movies, ids)).await;
    bench
}

async fn held(bench: &Bench) -> Vec<i64> {
    bench.tables(Movies).await.held.iter().map(|held| held.id.0).collect()
}

#[tokio::test]
async fn an_empty_list_holds_everything() {
    for rows in [1, 3, 60] {
        // Bytes after the empty list make no difference: the reason is that the list is empty.
        for trailing_bytes in [false, true] {
            let bench = loaded(1..=rows).await;
            let end = Completeness { trailing_bytes, ..Completeness::default() };
            let report = answered(&bench, Vec::new(), end, false).await;
            let record = report.kind(Movies);
            assert_eq!((report.status, record.outcome), (RunStatus::Partial, KindOutcome::Held));
            assert_eq!(record.hold_reason, Some(HoldReason::Loss(Loss::EmptyListing)));
            assert_eq!(record.counts, Counts { held: rows.unsigned_abs(), ..Counts::default() });
            assert_eq!(bench.ids(Movies), (1..=rows).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn half_a_list_holds_and_a_small_loss_removes() {
    let bench = loaded(1..=200).await;
    assert_eq!(lists(&bench, 101..=200, false).await.hold_reason, Some(HoldReason::Loss(Loss::ShareLost)));
    assert_eq!(held(&bench).await, (1..=100).collect::<Vec<_>>());
    let bench = loaded(1..=200).await;
    assert_eq!(lists(&bench, 61..=200, false).await.counts, counts(0, 0, 0, 60, 140), "30 % is plausible");
    let bench = loaded(1..=60).await;
    assert_eq!(lists(&bench, 51..=60, false).await.counts, counts(0, 0, 0, 50, 10), "50 rows are plausible");
    let bench = loaded(1..=60).await;
    let strict = GuardThresholds { share_percent: 10, floor_rows: 0, ..GuardThresholds::default() };
    let source = ScriptedSource::new().lists(Movies, listed(Movies, 11..=60));
    let report = bench.sync(&source, &SyncOptions { guard: strict, ..only(Movies) }).await;
    assert_eq!(report.kind(Movies).counts.held, 10, "both thresholds can be set");
}

/// I18: "added and updated items of it land, and its watermark moves with them."
#[tokio::test]
async fn held_removals_stop_nothing_else() {
    let bench = loaded(1..=200).await;
    let mut items = listed(Movies, 150..=210);
    items[0] = movie(150).name("Edited").listed();
    let end = Completeness { started_at: Some(NOW + 77), ..Completeness::default() };
    let report = answered(&bench, items.clone(), end, false).await;
    assert_eq!(report.kind(Movies).counts, Counts { held: 149, ..counts(10, 1, 0, 0, 50) });
    let tables = bench.tables(Movies).await;
    assert_eq!((tables.last_sync, tables.items.len()), (Some(NOW + 77), 210));
    assert!(tables.held.iter().all(|held| held.since == NOW && Some(held.run) == report.run));
    // The same listing again: the removals are still held since the first time, and nothing is written.
    bench.clock.pass(std::time::Duration::from_secs(500));
    let again = answered(&bench, items, end, false).await;
    assert_eq!(again.kind(Movies).counts, Counts { held: 149, ..counts(0, 0, 0, 0, 61) });
    assert_eq!(again.kind(Movies).mode, SyncMode::Incremental);
    assert_eq!(bench.tables(Movies).await, tables);
}

/// "Consent to exactly the removals recorded as held."
#[tokio::test]
async fn consent_removes_recorded_removals_and_nothing_else() {
    let bench = loaded(1..=300).await;
    assert_eq!(lists(&bench, 1..=300, ACCEPT).await.counts, counts(0, 0, 0, 0, 300), "nothing is held yet");
    assert_eq!(lists(&bench, 201..=300, ACCEPT).await.counts.held, 200, "consent to nothing is no consent");
    // 40 of the held items are listed again. 60 more are missing, which is implausible by itself.
    let record = lists(&bench, (161..=200).chain(261..=300), ACCEPT).await;
    assert_eq!(record.counts, Counts { held: 60, removed: 160, unchanged: 80, ..Counts::default() });
    assert_eq!(held(&bench).await, (201..=260).collect::<Vec<_>>());
    assert_eq!(bench.ids(Movies), (161..=300).collect::<Vec<_>>());
    let record = lists(&bench, (161..=200).chain(261..=300), ACCEPT).await;
    assert_eq!((record.counts, record.outcome), (counts(0, 0, 0, 60, 80), KindOutcome::Completed));
}

#[tokio::test]
async fn consent_to_an_empty_list_empties_the_kind() {
    let bench = loaded(1..=90).await;
    lists(&bench, [], false).await;
    assert_eq!(lists(&bench, [], ACCEPT).await.counts, counts(0, 0, 0, 90, 0));
    assert_eq!(bench.ids(Movies), Vec::<i64>::new());
}

#[tokio::test]
async fn a_returned_item_is_no_longer_held() {
    let bench = loaded(1..=100).await;
    lists(&bench, 1..=10, false).await;
    let record = lists(&bench, 1..=40, false).await;
    assert_eq!((record.counts.held, record.counts.unchanged), (60, 40));
    assert_eq!(held(&bench).await, (41..=100).collect::<Vec<_>>());
    let record = lists(&bench, 1..=100, false).await;
    assert_eq!((record.outcome, record.counts), (KindOutcome::Unchanged, counts(0, 0, 0, 0, 100)));
    assert_eq!(held(&bench).await, Vec::<i64>::new());
    // Consent to the absence of an item doesn't apply after the item was listed again.
    assert_eq!(lists(&bench, 31..=100, ACCEPT).await.counts, counts(0, 0, 0, 30, 70), "a small loss needs none");
}

/// "Complete listing, no unreadable id": a missing item may be one of those.
#[tokio::test]
async fn doubtful_listings_hold_the_smallest_loss() {
    let sound = Completeness::default();
    let cases = [
        (Completeness { unreadable: 2, ..sound }, HoldReason::Doubt(Doubt::UnreadableIds)),
        (Completeness { trailing_bytes: true, ..sound }, HoldReason::Doubt(Doubt::TrailingBytes)),
    ];
    for (end, reason) in cases {
        let bench = loaded(1..=9).await;
        let report = answered(&bench, listed(Movies, 2..=10), end, false).await;
        let record = report.kind(Movies);
        assert_eq!((report.status, record.hold_reason), (RunStatus::Partial, Some(reason)));
        assert_eq!(record.counts, Counts { held: 1, skipped: end.unreadable, ..counts(1, 0, 0, 0, 8) });
        // If no item is missing, nothing is held.
        let report = answered(&bench, listed(Movies, 1..=10), end, false).await;
        assert_eq!((report.status, report.kind(Movies).counts.held), (RunStatus::Completed, 0));
    }
}

/// If a doubtful listing removes nothing for another reason, the decision doesn't need the rows.
#[tokio::test]
async fn rows_of_a_doubtful_listing_are_not_read() {
    let bench = loaded(1..=9).await;
    for (trailing_bytes, read) in [(true, false), (false, true)] {
        let end = Completeness { trailing_bytes, ..Completeness::default() };
        let source = ScriptedSource::new().answer(Movies, Answer::Items(listed(Movies, 2..=9), end));
        let trace = Arc::default();
        let store = WatchedStore::traced(&bench.store, &trace);
        bench.sync_over(&store, &source, &only(Movies), &CancellationToken::new()).await;
        assert_eq!(trace.position((Step::Rows, Some(Movies))).is_some(), read, "trailing bytes: {trailing_bytes}");
    }
}

/// "Categories first; if they fail the kind's items still come, and nothing of that kind is removed."
#[tokio::test]
async fn without_categories_items_are_written_and_nothing_is_removed() {
    let bench = Bench::new().await;
    let shelf = vec![category("1")];
    let source = ScriptedSource::new().categories(Movies, Ok(shelf.clone())).lists(Movies, listed(Movies, 1..=9));
    bench.sync(&source, &only(Movies)).await;
    lists(&bench, [], false).await;
    for accept in [false, ACCEPT] {
        let failed = Err(SourceError::Unreachable { message: "timed out".to_owned(), attempts: 4, overloaded: false });
        let source = ScriptedSource::new().categories(Movies, failed).lists(Movies, listed(Movies, 2..=10));
        let report = bench.sync(&source, &SyncOptions { accept_removals: accept, ..only(Movies) }).await;
        let record = report.kind(Movies);
        assert_eq!((report.status, record.outcome), (RunStatus::Partial, KindOutcome::Held));
        assert_eq!((record.counts.held, record.hold_reason), (1, Some(HoldReason::Doubt(Doubt::CategoriesMissing))));
        assert_eq!(record.error.as_ref().map(|error| error.code.as_str()), Some("panel_unreachable"));
        assert_eq!(report.errors, [record.error.clone().unwrap()]);
        assert_eq!(bench.ids(Movies), (1..=10).collect::<Vec<_>>());
        assert_eq!(bench.tables(Movies).await.categories, shelf);
    }
    // No item is missing, but a part of the requests failed.
    let failed = Err(SourceError::Unreachable { message: "timed out".to_owned(), attempts: 4, overloaded: false });
    let source = ScriptedSource::new().categories(Movies, failed).lists(Movies, listed(Movies, 1..=10));
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!((report.status, report.kind(Movies).outcome), (RunStatus::Partial, KindOutcome::Unchanged));
}

/// Returns a movie in a category.
fn film(id: i64, category: i64) -> Listed {
    let category = category.to_string();
    movie(id).with("category_id", &category).in_categories(&[&category]).listed()
}

/// Returns a panel with these categories and movies.
fn shelves(categories: impl IntoIterator<Item = i64>, films: impl IntoIterator<Item = Listed>) -> ScriptedSource {
    let list = categories.into_iter().map(|id| category(&id.to_string())).collect();
    ScriptedSource::new().categories(Movies, Ok(list)).lists(Movies, films)
}

async fn names(bench: &Bench) -> Vec<String> {
    bench.tables(Movies).await.categories.into_iter().map(|category| category.id.0).collect()
}

/// Of many categories that vanish at once, those with items stay. The number of those with items counts, too.
#[tokio::test]
async fn empty_categories_vanish_with_others() {
    for (filled, kept) in [(60, 160), (7, 100)] {
        let bench = Bench::new().await;
        let panel = |categories| shelves(categories, (1..=filled).map(|id| film(id, id)));
        bench.sync(&panel(1..=200), &only(Movies)).await;
        for _ in 0..2 {
            let report = bench.sync(&panel(101..=200), &only(Movies)).await;
            assert_eq!(report.warnings.len(), usize::from(filled == 60), "{:?}", report.warnings);
            assert_eq!(names(&bench).await.len(), kept, "of {filled} with films; and the same once more");
        }
    }
}

/// I6: the categories that stay are those that would stay the next time, after movies were added, moved and removed.
#[tokio::test]
async fn categories_that_vanish_are_judged_by_what_the_listing_leaves() {
    let strict = SyncOptions { guard: GuardThresholds { floor_rows: 0, ..GuardThresholds::default() }, ..only(Movies) };
    // Of the categories 2 to 5, the first loses its item, the second keeps it, the third is emptied, and the fourth
    // gets one.
    let others = || (10..=40).map(|id| film(id, 1));
    let before = || others().chain([film(2, 2), film(3, 3), film(4, 4)]);
    let after = || others().chain([film(2, 1), film(3, 3), film(5, 5)]);
    let bench = Bench::new().await;
    bench.sync(&shelves(1..=6, before()), &strict).await;
    for _ in 0..2 {
        let report = bench.sync(&shelves([1], after()), &strict).await;
        assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
        assert_eq!(names(&bench).await, ["1", "3", "5"]);
    }
    // New categories make no difference.
    let bench = Bench::new().await;
    bench.sync(&shelves(1..=3, before()), &strict).await;
    for _ in 0..2 {
        bench.sync(&shelves([1, 11, 12, 13, 14, 15, 16, 17], before()), &strict).await;
        assert_eq!(names(&bench).await.len(), 8, "two of ten are few");
    }
}

#[tokio::test]
async fn categories_that_vanish_all_at_once_stay() {
    let bench = Bench::new().await;
    let shelves = |ids: &[&str]| {
        let list = ids.iter().map(|id| category(id)).collect();
        ScriptedSource::new().categories(Movies, Ok(list)).lists(Movies, listed(Movies, [1]))
    };
    bench.sync(&shelves(&["1", "2", "3"]), &only(Movies)).await;
    let report = bench.sync(&shelves(&[]), &only(Movies)).await;
    assert_eq!((report.status, report.kind(Movies).counts), (RunStatus::Completed, counts(0, 0, 0, 0, 1)));
    assert_eq!(bench.tables(Movies).await.categories.len(), 3);
    bench.sync(&shelves(&["3", "1", "3"]), &only(Movies)).await;
    assert_eq!(bench.tables(Movies).await.categories, [category("3"), category("1")], "a small loss is one");
    // Consent to removals is no consent to the loss of the categories of other items.
    let consent = SyncOptions { accept_removals: true, ..only(Movies) };
    bench.sync(&shelves(&[]), &consent).await;
    assert_eq!(bench.tables(Movies).await.categories.len(), 2);
    let emptied = || ScriptedSource::new().categories(Movies, Ok(Vec::new()));
    bench.sync(&emptied(), &only(Movies)).await;
    assert_eq!(bench.tables(Movies).await.categories.len(), 2, "the items are held");
    bench.sync(&emptied(), &consent).await;
    assert_eq!(bench.tables(Movies).await.categories, [], "with the last item they go");
}

/// After the end of an account, a panel may list less and less.
#[tokio::test]
async fn past_the_accounts_end_nothing_is_removed() {
    let bench = loaded(1..=9).await;
    let ended = Account { expires_at: Some(NOW - 1), ..Account::active() };
    let source = ScriptedSource::new().account(Ok(ended)).lists(Movies, listed(Movies, 2..=10));
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!(report.kind(Movies).hold_reason, Some(HoldReason::Doubt(Doubt::AccountExpired)));
    assert_eq!(report.kind(Movies).counts, Counts { held: 1, ..counts(1, 0, 0, 0, 8) });
    assert_eq!(report.warnings.len(), 1);
    // The panel's own clock decides, if the panel tells its time.
    let slow = Account { expires_at: Some(NOW - 1), panel_time: Some(NOW - 9), ..Account::active() };
    let source = ScriptedSource::new().account(Ok(slow)).lists(Movies, listed(Movies, 2..=10));
    assert_eq!(bench.sync(&source, &only(Movies)).await.kind(Movies).counts.removed, 1);
}

/// Returns thirty movies for each of these categories.
fn thirty_each(categories: impl IntoIterator<Item = i64>) -> Vec<Listed> {
    categories.into_iter().flat_map(|category| (0..30).map(move |at| film(category * 100 + at, category))).collect()
}

#[tokio::test]
async fn field_32_items_of_a_dropped_category_are_removed() {
    let bench = Bench::new().await;
    bench.sync(&shelves(1..=10, thirty_each(1..=10)), &only(Movies)).await;
    let report = bench.sync(&shelves(1..=9, thirty_each(1..=9)), &only(Movies)).await;
    assert_eq!((report.status, report.kind(Movies).counts), (RunStatus::Completed, counts(0, 0, 0, 30, 270)));
    assert_eq!(names(&bench).await.len(), 9);
    // A category that is still listed but has no items counts as lost.
    let report = bench.sync(&shelves(1..=9, thirty_each(1..=8)), &only(Movies)).await;
    assert_eq!(report.kind(Movies).hold_reason, Some(HoldReason::Loss(Loss::CategoryLost)));
    // When the panel drops the category later, the removals are no longer held.
    let report = bench.sync(&shelves(1..=8, thirty_each(1..=8)), &only(Movies)).await;
    assert_eq!((report.status, report.kind(Movies).counts), (RunStatus::Completed, counts(0, 0, 0, 30, 240)));
}

#[tokio::test]
async fn field_32_share_and_floor_hold_items_of_dropped_categories() {
    let bench = Bench::new().await;
    bench.sync(&shelves(1..=10, thirty_each(1..=10)), &only(Movies)).await;
    // One category has so many items that their share is implausible.
    let big = || thirty_each(1..=10).into_iter().chain((5000..5200).map(|id| film(id, 11)));
    bench.sync(&shelves(1..=11, big()), &only(Movies)).await;
    let report = bench.sync(&shelves(1..=10, thirty_each(1..=10)), &only(Movies)).await;
    assert_eq!(
        (report.kind(Movies).hold_reason, report.kind(Movies).counts.held),
        (Some(HoldReason::Loss(Loss::ShareLost)), 200)
    );
}

#[tokio::test]
async fn field_32_a_list_of_categories_that_proves_nothing_changes_nothing() {
    let lists: [(&str, Result<Vec<i64>, ()>); 5] = [
        ("empty", Ok(Vec::new())),
        ("short", Ok((1..=5).collect())),
        ("of another kind", Ok((901..=910).collect())),
        ("as before", Ok((1..=10).collect())),
        ("not answered", Err(())),
    ];
    for (what, list) in lists {
        let bench = Bench::new().await;
        bench.sync(&shelves(1..=10, thirty_each(1..=10)), &only(Movies)).await;
        let reason = if list.is_ok() {
            HoldReason::Loss(Loss::CategoryLost)
        } else {
            HoldReason::Doubt(Doubt::CategoriesMissing)
        };
        let source = if let Ok(list) = list {
            shelves(list, thirty_each(1..=9))
        } else {
            let failed = SourceError::Unreachable { message: "timed out".to_owned(), attempts: 4, overloaded: false };
            ScriptedSource::new().categories(Movies, Err(failed)).lists(Movies, thirty_each(1..=9))
        };
        let report = bench.sync(&source, &only(Movies)).await;
        let record = report.kind(Movies);
        assert_eq!((record.counts.removed, record.counts.held), (0, 30), "{what}: {:?}", record.hold_reason);
        assert_eq!(record.hold_reason, Some(reason), "{what}");
    }
    // A category that the panel never listed doesn't count as dropped.
    let bench = Bench::new().await;
    bench.sync(&shelves(1..=9, thirty_each(1..=10)), &only(Movies)).await;
    let report = bench.sync(&shelves(1..=9, thirty_each(1..=9)), &only(Movies)).await;
    assert_eq!(report.kind(Movies).hold_reason, Some(HoldReason::Loss(Loss::CategoryLost)));
}
