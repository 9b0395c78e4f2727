//! Broken elements: they add and change nothing, and the rows with their ids stay.

use sync_core::source::{Completeness, Entry, ListingEvent, UnreadableAt};
use sync_core::testing::{Answer, ScriptedSource, movie};
use sync_core::{ContentId, Counts, Doubt, HoldReason, KindOutcome, KindRecord, Listed, Loss, RunStatus};

use crate::support::{Bench, Movies, listed, only};

const AT: UnreadableAt = UnreadableAt { offset: 17, before: Some(ContentId(1)), after: None };

/// Syncs a listing of items and of broken elements. `broken` has the ids of the broken elements that have one.
async fn sync(bench: &Bench, items: Vec<Listed>, broken: &[i64], unreadable: u64) -> (RunStatus, KindRecord) {
    let items = items.into_iter().map(|item| Entry::Item(Box::new(item), None));
    let entries = broken.iter().map(|id| Entry::Broken(ContentId(*id))).chain(items).collect();
    let end = Completeness {
        unreadable,
        unreadable_digest: Some(7),
        unreadable_at: (unreadable > 0).then_some(AT),
        ..Completeness::default()
    };
    let events = vec![ListingEvent::Batch(entries), ListingEvent::Complete(end)];
    let source = ScriptedSource::new().answer(Movies, Answer::Events(events, None));
    let report = bench.sync(&source, &only(Movies)).await;
    (report.status, report.kind(Movies).clone())
}

#[tokio::test]
async fn field_24_a_broken_element_keeps_its_row_and_adds_none() {
    let bench = Bench::new().await;
    bench.movies(&listed(Movies, 1..=4)).await;
    let before = bench.tables(Movies).await;
    let (status, record) = sync(&bench, listed(Movies, [1, 3, 4]), &[2, 9], 2).await;
    assert_eq!((status, record.outcome), (RunStatus::Completed, KindOutcome::Unchanged));
    assert_eq!(record.counts, Counts { unchanged: 4, skipped: 2, ..Counts::default() });
    assert_eq!((record.skipped_at, record.hold_reason), (Some(AT), None));
    let after = bench.tables(Movies).await;
    assert_eq!((after.items, after.held.len()), (before.items, 0));
    // The broken element keeps its position in the list.
    assert_eq!(after.index.0, [2, 1, 3, 4]);
    // An element that can be read again is compared like any other.
    let mended = [movie(2).name("Edited").listed(), movie(9).listed()];
    let (_, record) = sync(&bench, [listed(Movies, [1, 3, 4]), mended.to_vec()].concat(), &[], 0).await;
    assert_eq!(record.counts, Counts { added: 1, updated: 1, unchanged: 3, ..Counts::default() });
    assert_eq!(record.skipped_at, None);
}

#[tokio::test]
async fn field_23_removals_beside_broken_elements_are_held() {
    let bench = Bench::new().await;
    bench.movies(&listed(Movies, 1..=5)).await;
    for listing in 1..=3 {
        let (_, record) = sync(&bench, listed(Movies, [1, 3, 4]), &[2], 1).await;
        if listing < 3 {
            assert_eq!(record.hold_reason, Some(HoldReason::Doubt(Doubt::UnreadableIds)));
            assert_eq!(record.counts, Counts { unchanged: 4, held: 1, skipped: 1, ..Counts::default() });
        } else {
            // The defect was in three listings, so it is known.
            assert_eq!(record.counts, Counts { unchanged: 4, removed: 1, skipped: 1, ..Counts::default() });
        }
    }
    assert_eq!(bench.ids(Movies), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_list_of_nothing_but_broken_elements_empties_no_cache() {
    let bench = Bench::new().await;
    bench.movies(&listed(Movies, 1..=5)).await;
    let (_, record) = sync(&bench, Vec::new(), &[8], 3).await;
    assert_eq!((record.hold_reason, record.counts.held), (Some(HoldReason::Loss(Loss::EmptyListing)), 5));
    let (_, record) = sync(&bench, Vec::new(), &[1], 3).await;
    assert_eq!((record.counts.removed, record.counts.held, record.counts.unchanged), (0, 4, 1));
    assert_eq!(bench.ids(Movies), [1, 2, 3, 4, 5]);
}
