//! The mocks, as another crate would use them: expectations about the requests and writes of the engine.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use mockall::Sequence;
use mockall::predicate::{always, eq};
use sync_core::RunId;
use sync_core::source::{Baseline, Completeness, Entry, Learnt, Listing, ListingEvent, ListingRequest, Usage};
use sync_core::store::{Applied, Lease, StoredIndex, SyncState};
use sync_core::testing::{Call, FixedClock, MemoryStore, RecordingStore, category, channel, mocks, profile};
use sync_core::{
    Account, ContentId, Digest, DigestScheme, Engine, KindOutcome, ListingIndex, MockContentSource, MockContentStore,
    MockStaging, RunStatus, StoreError, SyncMode, SyncReport,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Channels, NOW, only};

/// A scheme of raw digests, like that of an HTTP source.
const RAW: DigestScheme = DigestScheme(77);

fn index() -> Arc<ListingIndex> {
    Arc::new(ListingIndex::new(RAW, [(ContentId(1), Digest(11)), (ContentId(2), Digest(12))]).unwrap())
}

/// Returns a source that lists these entries as channels.
fn source(entries: Vec<Entry>) -> MockContentSource {
    let mut source = MockContentSource::new();
    source.expect_digest_scheme().return_const(RAW);
    source.expect_usage().returning(Usage::default);
    source.expect_learnt().returning(Learnt::default);
    source.expect_account().times(1).returning(|| Ok(Account::active()));
    source.expect_categories().with(eq(Channels)).times(1).returning(|_| Ok(vec![category("1")]));
    source.expect_listing().times(1).returning(move |_| {
        let events = [ListingEvent::Batch(entries.clone()), ListingEvent::Complete(Completeness::default())];
        Ok(Listing { events: stream::iter(events.map(Ok)).boxed() })
    });
    source
}

fn store(staging: MockStaging) -> MockContentStore {
    store_of(staging, StoredIndex::new(index(), true, true))
}

fn store_of(staging: MockStaging, stored: StoredIndex) -> MockContentStore {
    let mut store = MockContentStore::new();
    let mut order = Sequence::new();
    store.expect_ensure_profile().times(1).in_sequence(&mut order).returning(|_| Ok(()));
    store.expect_lease().times(1).in_sequence(&mut order).returning(|_| Ok(Lease::new(4, ())));
    store.expect_start_run().with(always(), eq(4), eq(NOW)).times(1).returning(|_, _, _| Ok(RunId(9)));
    store.expect_sync_state().returning(|_| Ok(SyncState::default()));
    store.expect_validator().returning(|_, _| Ok(None));
    store.expect_index().returning(move |_, _| Ok(stored.clone()));
    store.expect_held().returning(|_, _| Ok(Vec::new()));
    store.expect_categories().returning(|_, _| Ok(vec![category("1")]));
    let mut staging = Some(staging);
    store.expect_stage().times(1).returning(move |_, _| Ok(Box::new(staging.take().expect("one a kind"))));
    store
}

async fn run(source: MockContentSource, store: MockContentStore, mode: SyncMode) -> SyncReport {
    let options = sync_core::SyncOptions { mode, ..only(Channels) };
    let engine = Engine::new(Arc::new(source), Arc::new(store), Arc::new(FixedClock::at(NOW)));
    engine.run(&profile("home"), &options, &CancellationToken::new()).await
}

/// Unchanged elements are neither read from the store nor staged.
#[tokio::test]
async fn unchanged_elements_are_neither_read_nor_staged() {
    let mut staging = MockStaging::new();
    staging.expect_put().never();
    staging.expect_apply().times(1).returning(|commit, _| {
        assert_eq!((commit.run, commit.fence, commit.watermark), (RunId(9), 4, NOW));
        assert!(commit.index.is_none() && commit.removals.is_empty() && commit.categories.is_none());
        Ok(Applied::default())
    });
    let mut store = store(staging);
    store.expect_rows().never();
    store.expect_finish_run().times(1).returning(|_, end| {
        assert_eq!((end.run, end.fence, end.status), (RunId(9), 4, RunStatus::Completed));
        assert!(end.records.iter().all(|record| record.outcome == KindOutcome::Skipped));
        Ok(())
    });
    let source = source(vec![Entry::Same(ContentId(1)), Entry::Same(ContentId(2))]);
    let report = run(source, store, SyncMode::Auto).await;
    assert_eq!((report.status, report.kind(Channels).counts.unchanged), (RunStatus::Completed, 2));
}

/// An index that the store doesn't trust is replaced, even if the index and the listing are empty. Otherwise every run
/// would compare in full.
#[tokio::test]
async fn an_untrusted_index_is_replaced_even_by_an_empty_one() {
    for (applied_before, consistent, replaced) in [(true, false, true), (false, true, true), (true, true, false)] {
        let mut staging = MockStaging::new();
        staging.expect_apply().times(1).returning(move |commit, _| {
            assert_eq!(commit.index.map(|index| index.len()), replaced.then_some(0));
            Ok(Applied::default())
        });
        let stored = StoredIndex::new(Arc::new(ListingIndex::empty(RAW)), applied_before, consistent);
        let mut store = store_of(staging, stored);
        store.expect_finish_run().times(1).returning(|_, _| Ok(()));
        let report = run(source(Vec::new()), store, SyncMode::Auto).await;
        let full = if replaced { SyncMode::Full } else { SyncMode::Incremental };
        assert_eq!((report.status, report.kind(Channels).mode), (RunStatus::Completed, full));
    }
}

/// Only rows of changed items are read. New items need no row.
#[tokio::test]
async fn only_rows_of_changed_items_are_read() {
    let mut staging = MockStaging::new();
    staging.expect_put().times(1).returning(|items| {
        let ids: Vec<_> = items.iter().map(|staged| staged.item.id().0).collect();
        assert_eq!(ids, [2, 3]);
        Ok(())
    });
    staging.expect_apply().times(1).returning(|commit, _| {
        let index = commit.index.expect("it has changed");
        assert_eq!((index.scheme(), index.ids(), index.digests()), (RAW, &[1, 2, 3][..], &[11, 99, 13][..]));
        Ok(Applied::default())
    });
    let mut store = store(staging);
    let rows = |_: &_, _, _| Ok(vec![channel(2).item()]);
    store.expect_rows().with(always(), eq(Channels), eq(vec![ContentId(2)])).times(1).returning(rows);
    store.expect_finish_run().times(1).returning(|_, _| Ok(()));
    let item = |builder: sync_core::testing::ItemBuilder, digest| {
        Entry::Item(Box::new(builder.listed()), Some(Digest(digest)))
    };
    let listing = vec![Entry::Same(ContentId(1)), item(channel(2).name("Edited"), 99), item(channel(3), 13)];
    let report = run(source(listing), store, SyncMode::Auto).await;
    assert_eq!((report.kind(Channels).counts.added, report.kind(Channels).counts.updated), (1, 1));
}

/// The source gets the index in incremental mode, and not in full mode.
#[tokio::test]
async fn the_index_is_lent_in_incremental_mode_only() {
    for (mode, lent) in [(SyncMode::Incremental, true), (SyncMode::Auto, true), (SyncMode::Full, false)] {
        let mut source = MockContentSource::new();
        source.expect_digest_scheme().return_const(RAW);
        source.expect_usage().returning(Usage::default);
        source.expect_learnt().returning(Learnt::default);
        source.expect_account().returning(|| Ok(Account::active()));
        source.expect_categories().returning(|_| Ok(Vec::new()));
        let as_said = move |request: &ListingRequest| {
            matches!(request.baseline, Baseline::Index(_)) == lent && request.scope == Channels.into()
        };
        source.expect_listing().withf(as_said).times(1).returning(|_| {
            Err(sync_core::SourceError::Unreachable { message: "gone".to_owned(), attempts: 1, overloaded: false })
        });
        let mut staging = MockStaging::new();
        staging.expect_apply().never();
        let mut store = store(staging);
        store.expect_finish_run().times(1).returning(|_, _| Ok(()));
        assert_eq!(run(source, store, mode).await.status, RunStatus::Failed);
    }
}

/// A run whose end can't be recorded doesn't count as completed.
#[tokio::test]
async fn a_run_that_cannot_be_recorded_is_not_completed() {
    let mut staging = MockStaging::new();
    staging.expect_apply().returning(|_, _| Ok(Applied::default()));
    let mut store = store(staging);
    store.expect_finish_run().times(1).returning(|_, _| Err(StoreError::Full));
    let source = source(vec![Entry::Same(ContentId(1)), Entry::Same(ContentId(2))]);
    let report = run(source, store, SyncMode::Auto).await;
    assert_eq!((report.status, report.errors[0].code.as_str()), (RunStatus::Partial, "disk_full"));
}

/// A store may find the token cancelled in the middle of an apply.
#[tokio::test]
async fn an_apply_that_was_cancelled_cancels_the_kind() {
    let mut staging = MockStaging::new();
    staging.expect_apply().times(1).returning(|_, _| Err(StoreError::Cancelled));
    let mut store = store(staging);
    store.expect_finish_run().times(1).returning(|_, end| {
        assert_eq!(end.status, RunStatus::Cancelled);
        Ok(())
    });
    let source = source(vec![Entry::Same(ContentId(1)), Entry::Same(ContentId(2))]);
    let report = run(source, store, SyncMode::Auto).await;
    assert_eq!(report.kind(Channels).outcome, KindOutcome::Cancelled);
}

/// A test of another crate sets only the expectations that matter to it, and the helpers answer all other calls.
#[tokio::test]
async fn helpers_answer_all_other_calls() {
    let mut store = MockContentStore::new();
    store.expect_finish_run().times(1).returning(|_, end| {
        assert_eq!(end.status, RunStatus::Completed);
        Ok(())
    });
    mocks::answer_the_rest(&mut store);
    let mut source = MockContentSource::new();
    mocks::list_nothing_else(&mut source);
    let report = run(source, store, SyncMode::Auto).await;
    assert_eq!((report.status, report.kind(Channels).outcome), (RunStatus::Completed, KindOutcome::Unchanged));
}

/// The recording store passes every call on, and records the calls in order.
#[tokio::test]
async fn a_recording_store_has_the_calls_of_a_run() {
    let memory = MemoryStore::new();
    let store = RecordingStore::new(Arc::new(memory.clone()));
    let source = source(vec![Entry::Item(Box::new(channel(7).listed()), Some(Digest(7)))]);
    let engine = Engine::new(Arc::new(source), Arc::new(store.clone()), Arc::new(FixedClock::at(NOW)));
    let report = engine.run(&profile("home"), &only(Channels), &CancellationToken::new()).await;
    assert_eq!(report.status, RunStatus::Completed);
    assert_eq!(memory.items(&profile("home"), Channels).len(), 1);
    let calls = store.calls();
    let at = |wanted: fn(&Call) -> bool| calls.iter().position(wanted).expect("it is called");
    let order = [
        at(|call| matches!(call, Call::EnsureProfile)),
        at(|call| matches!(call, Call::Lease)),
        at(|call| matches!(call, Call::StartRun)),
        at(|call| matches!(call, Call::Stage(_))),
        at(|call| matches!(call, Call::Put(items) if items[0].item.id() == ContentId(7))),
        at(|call| matches!(call, Call::Apply(commit) if commit.first_load)),
        at(|call| matches!(call, Call::FinishRun(end) if end.status == RunStatus::Completed)),
    ];
    assert!(order.is_sorted(), "{calls:?}");
}
