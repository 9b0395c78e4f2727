//! Full and incremental runs, the policy `timestamp`, dry runs, clearing, deleting, and progress.

use std::time::Duration;

use sync_core::source::{Completeness, Entry, ListingEvent};
use sync_core::store::ScopeCommit;
use sync_core::testing::{Answer, ItemBuilder, ScriptedSource, category, movie, series, staged};
use sync_core::{
    Account, Catalogue as _, Change, ContentId, ContentKind, ContentStore, Counts, FieldSet, KindOutcome, KindRecord,
    Phase, PolicyChoice, RunStatus, SyncMode, SyncOptions,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Channels, Movies, NOW, Series, counts, listed, only, panel};

/// Writes a row without changing the index, as another program might.
async fn alter(bench: &Bench, item: ItemBuilder) {
    let (store, profile) = (&bench.store, &bench.profile);
    let lease = store.lease(profile).await.unwrap();
    let run = store.start_run(profile, lease.fence, NOW).await.unwrap();
    let mut staging = store.stage(profile, Movies.into()).await.unwrap();
    staging.put(vec![staged(item, Change::Refreshed(FieldSet::EMPTY))]).await.unwrap();
    let commit = ScopeCommit::new(run, lease.fence, NOW, KindRecord::skipped(Movies, SyncMode::Full));
    staging.apply(commit, CancellationToken::new()).await.unwrap();
}

/// "Incremental trusts the index; full decodes everything and compares with the stored rows."
#[tokio::test]
async fn full_repairs_what_incremental_trusts() {
    let bench = Bench::new().await;
    let source = || ScriptedSource::new().lists(Movies, listed(Movies, 1..=5));
    bench.sync(&source(), &only(Movies)).await;
    alter(&bench, movie(3).name("Altered")).await;
    let incremental = bench.sync(&source(), &only(Movies)).await;
    assert_eq!(incremental.kind(Movies).counts, counts(0, 0, 0, 0, 5));
    let full = bench.sync(&source(), &SyncOptions { mode: SyncMode::Full, ..only(Movies) }).await;
    assert_eq!((full.kind(Movies).mode, full.kind(Movies).counts), (SyncMode::Full, counts(0, 1, 0, 0, 4)));
    assert_eq!(bench.row(Movies, 3), Some(movie(3).item()));
}

/// The removal guard applies to a full run as well.
#[tokio::test]
async fn full_removes_no_more_than_incremental() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=90), &SyncOptions::default()).await;
    let options = SyncOptions { mode: SyncMode::Full, ..SyncOptions::default() };
    let report = bench.sync(&panel([]), &options).await;
    assert_eq!((report.status, report.counts()), (RunStatus::Partial, Counts { held: 270, ..Counts::default() }));
}

/// The policy `timestamp`: items with a date after the last sync are updated, and all other differences are ignored.
#[tokio::test]
async fn the_timestamp_policy_and_a_return_to_the_other_one() {
    let bench = Bench::new().await;
    let timestamp = |kind| SyncOptions { policy: PolicyChoice::Timestamp, ..only(kind) };
    bench.sync(&ScriptedSource::new().lists(Movies, listed(Movies, 1..=7)), &timestamp(Movies)).await;
    let edited = |id, added: &str| movie(id).name("Edited").with("added", added).listed();
    let next = || {
        ScriptedSource::new().lists(
            Movies,
            [
                edited(1, "1600000000"),
                edited(2, &NOW.to_string()),
                edited(3, &(NOW + 1).to_string()),
                edited(4, "2023-11-14T22:13:21Z"),
                edited(5, "soon"),
                movie(6).listed(),
                movie(7).with("rating", "5").listed(),
                movie(8).listed(),
            ],
        )
    };
    let report = bench.sync(&next(), &timestamp(Movies)).await;
    assert_eq!(report.kind(Movies).counts, counts(1, 2, 0, 0, 5));
    for (id, name) in [(1, "Movie 1"), (2, "Movie 2"), (3, "Edited"), (4, "Edited"), (5, "Movie 5")] {
        assert_eq!(bench.row(Movies, id).unwrap().name(), name, "{id}");
    }
    assert_eq!(bench.sync(&next(), &timestamp(Movies)).await.kind(Movies).outcome, KindOutcome::Unchanged);
    let report = bench.sync(&next(), &only(Movies)).await;
    assert_eq!(report.kind(Movies).counts, counts(0, 3, 1, 0, 4), "what was passed over is found");
    assert_eq!(bench.sync(&next(), &only(Movies)).await.kind(Movies).outcome, KindOutcome::Unchanged);
}

#[tokio::test]
async fn series_are_judged_by_when_they_were_modified() {
    let bench = Bench::new().await;
    let timestamp = SyncOptions { policy: PolicyChoice::Timestamp, ..only(Series) };
    bench.sync(&ScriptedSource::new().lists(Series, listed(Series, [1])), &timestamp).await;
    let modified = series(1).with("plot", "New").with("last_modified", &(NOW + 9).to_string()).listed();
    let report = bench.sync(&ScriptedSource::new().lists(Series, [modified]), &timestamp).await;
    assert_eq!(report.kind(Series).counts, counts(0, 1, 0, 0, 0));
}

/// I17: "dry run and reads change no byte", and the counts are those of a real run.
#[tokio::test]
async fn a_dry_run_has_the_same_counts_and_writes_nothing() {
    let ids: [Vec<i64>; 4] = [(1..=9).collect(), (2..=12).collect(), vec![], (1..=9).collect()];
    let bench = Bench::new().await;
    for ids in ids {
        let source = || panel(ids.clone()).categories(Movies, Ok(vec![category("1")]));
        let dry = bench.sync(&source(), &SyncOptions { dry_run: true, ..SyncOptions::default() }).await;
        assert_eq!((dry.run, dry.dry_run), (None, true));
        let wet = bench.sync(&source(), &SyncOptions::default()).await;
        for (dry, wet) in dry.kinds.values().zip(wet.kinds.values()) {
            assert_eq!((dry.counts, dry.outcome, dry.mode), (wet.counts, wet.outcome, wet.mode));
            assert_eq!(dry.hold_reason, wet.hold_reason);
        }
        assert_eq!((dry.status, dry.counts()), (wet.status, wet.counts()));
    }
}

/// "Full is used … after clearing."
#[tokio::test]
async fn after_a_clear_everything_is_loaded_again() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=80), &SyncOptions::default()).await;
    bench.sync(&panel([]), &SyncOptions::default()).await;
    bench.store.clear(&bench.profile).await.unwrap();
    let report =
        bench.sync(&panel(1..=3), &SyncOptions { mode: SyncMode::Incremental, ..SyncOptions::default() }).await;
    for kind in ContentKind::ALL {
        assert_eq!((report.kind(kind).mode, report.kind(kind).counts), (SyncMode::Full, counts(3, 0, 0, 0, 0)));
    }
}

/// "The next listing brings them back as added."
#[tokio::test]
async fn items_deleted_by_hand_come_back_as_added() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=9), &SyncOptions::default()).await;
    let gone = vec![ContentId(2), ContentId(7), ContentId(99)];
    assert_eq!(bench.store.delete_content_by_ids(&bench.profile, Movies, gone).await.unwrap(), 2);
    let report = bench.sync(&panel(1..=9), &SyncOptions::default()).await;
    assert_eq!(report.kind(Movies).counts, counts(2, 0, 0, 0, 7));
    assert_eq!(report.kind(Movies).mode, SyncMode::Incremental);
    assert_eq!(report.kind(Series).outcome, KindOutcome::Unchanged);
}

/// "The share of the whole run that is done, from 0 to 100. It never falls within a run."
#[tokio::test]
async fn the_progress_never_falls_and_ends_at_a_hundred() {
    let bench = Bench::new().await;
    for options in [SyncOptions::default(), SyncOptions::default(), only(Movies)] {
        let batch = || {
            let items = listed(Movies, 1..=40).into_iter().map(|it| Entry::Item(Box::new(it), None));
            ListingEvent::Batch(items.collect())
        };
        // A restart begins the listing again, but the percentage doesn't fall.
        let events = vec![
            batch(),
            ListingEvent::Restarted,
            ListingEvent::Batch(Vec::new()),
            batch(),
            ListingEvent::Complete(Completeness::default()),
        ];
        let source = ScriptedSource::new()
            .lists(Channels, listed(Channels, 1..=40))
            .answer(Movies, Answer::Events(events, None))
            .lists(Series, listed(Series, 1..=40));
        bench.sync(&source, &options).await;
        let told = std::mem::take(&mut *bench.told.lock());
        assert!(told.is_sorted_by_key(|progress| progress.percent), "{told:#?}");
        assert!(told.iter().all(|progress| progress.percent <= 100 && progress.profile == bench.profile));
        let last = told.last().unwrap();
        assert_eq!((last.percent, last.phase), (100, Phase::KindDone));
        assert_eq!((told[0].phase, told[0].kind, told[0].percent), (Phase::Account, None, 0));
        assert_eq!(told.iter().filter(|it| it.phase == Phase::KindDone).count(), options.kinds.len());
        assert!(told.iter().any(|it| it.phase == Phase::Listing && it.seen == 40));
    }
}

/// "No wall clock": every date comes from the port.
#[tokio::test]
async fn runs_are_dated_by_the_clock() {
    let bench = Bench::new().await;
    bench.clock.pass(Duration::from_secs(100));
    bench.sync(&panel([1]), &SyncOptions::default()).await;
    let run = bench.store.runs(&bench.profile, 1).await.unwrap().remove(0);
    assert_eq!((run.started_at, run.finished_at), (NOW + 100, Some(NOW + 100)));
    assert_eq!(run.counts(), counts(3, 0, 0, 0, 0));
}

/// "In the panel's time", if the panel tells it, because the panel's dates are compared with it.
#[tokio::test]
async fn a_watermark_is_of_the_panels_clock() {
    for (panel_time, watermark) in [(None, NOW), (Some(NOW + 100), NOW + 100), (Some(NOW - 3), NOW - 3)] {
        let bench = Bench::new().await;
        let account = Account { panel_time, ..Account::active() };
        let source = ScriptedSource::new().account(Ok(account)).lists(Movies, listed(Movies, 1..=3));
        bench.sync(&source, &only(Movies)).await;
        assert_eq!(bench.tables(Movies).await.last_sync, Some(watermark));
    }
}
