//! The plan of a dry run says what the next run does.

use sync_core::LoggedChange;
use sync_core::store::ScopeCommit;
use sync_core::testing::{ScriptedSource, movie, staged};
use sync_core::{
    Catalogue as _, Change, ContentId, ContentStore, FieldSet, HoldReason, KindOutcome, KindPlan, KindRecord, Listed,
    Loss, PlannedItem, SyncMode, SyncOptions,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Channels, Movies, Series, listed, only, panel};

async fn plan(bench: &Bench, items: &[Listed]) -> KindPlan {
    let source = ScriptedSource::new().lists(Movies, items.to_vec());
    let report = bench.sync(&source, &SyncOptions { dry_run: true, ..only(Movies) }).await;
    assert_eq!(report.plan.len(), 1);
    report.plan.into_iter().next().unwrap()
}

fn ids(items: &[PlannedItem]) -> Vec<(i64, &str)> {
    items.iter().map(|item| (item.id.0, item.name.as_str())).collect()
}

#[tokio::test]
async fn a_plan_names_every_item_and_the_run_follows_it() {
    let bench = Bench::new().await;
    bench.movies(&listed(Movies, 1..=9)).await;
    let listing = [
        movie(12).listed(),
        movie(3).name("Edited").with("year", "1999").listed(),
        movie(4).with("rating", "7").listed(),
        movie(11).listed(),
        movie(5).listed(),
        movie(6).listed(),
        movie(7).listed(),
        movie(8).listed(),
        movie(9).listed(),
        // An id that is listed twice is one item.
        movie(12).listed(),
    ];
    let plan = plan(&bench, &listing).await;
    assert_eq!(ids(&plan.added), [(12, "Movie 12"), (11, "Movie 11")]);
    assert_eq!(ids(&plan.removed), [(1, "Movie 1"), (2, "Movie 2")]);
    assert_eq!(plan.held, []);
    let [updated] = plan.updated.as_slice() else { panic!("{:?}", plan.updated) };
    assert_eq!((updated.item.id.0, updated.item.name.as_str()), (3, "Edited"));
    assert_eq!(updated.fields.names(Movies.fields()).collect::<Vec<_>>(), ["name", "year"]);

    bench.movies(&listing).await;
    let done = bench.store.changes(&bench.profile, 0, 100).await.unwrap();
    let done: Vec<_> = done.iter().skip(1).map(|it| (it.id.unwrap().0, it.change)).collect();
    let mut planned: Vec<_> = plan.added.iter().map(|item| (item.id.0, LoggedChange::Added)).collect();
    planned.extend(plan.updated.iter().map(|it| (it.item.id.0, LoggedChange::Updated(it.fields))));
    planned.extend(plan.removed.iter().map(|item| (item.id.0, LoggedChange::Removed)));
    assert!(planned.iter().all(|change| done.contains(change)) && planned.len() == done.len(), "{done:?}");
}

#[tokio::test]
async fn a_plan_has_the_held_removals_with_their_reason() {
    let bench = Bench::new().await;
    bench.movies(&listed(Movies, 1..=200)).await;
    let plan = plan(&bench, &listed(Movies, 101..=200)).await;
    assert_eq!((plan.held.len(), plan.removed.len()), (100, 0));
    assert_eq!((plan.held[6].item.id.0, plan.held[6].item.name.as_str()), (7, "Movie 7"));
    assert!(plan.held.iter().all(|held| held.reason == HoldReason::Loss(Loss::ShareLost)));
}

/// Another program has changed a row without the index. Only a plan that compares every row shows this.
#[tokio::test]
async fn a_full_plan_names_rows_that_another_program_has_changed() {
    let bench = Bench::new().await;
    let mut items = listed(Movies, 1..=9);
    bench.movies(&items).await;
    let (store, profile) = (&bench.store, &bench.profile);
    let lease = store.lease(profile).await.unwrap();
    let run = store.start_run(profile, lease.fence, 1).await.unwrap();
    let record = KindRecord { outcome: KindOutcome::Completed, ..KindRecord::skipped(Movies, SyncMode::Full) };
    let commit = ScopeCommit::new(run, lease.fence, 1, record);
    let mut staging = store.stage(profile, Movies.into()).await.unwrap();
    let changed = staged(movie(4).name("Scribbled"), Change::Updated(FieldSet(1)));
    staging.put(vec![changed]).await.unwrap();
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    drop(lease);
    items[6] = movie(7).name("Edited by the panel").listed();

    let source = || ScriptedSource::new().lists(Movies, items.clone());
    let dry = SyncOptions { dry_run: true, ..only(Movies) };
    let report = bench.sync(&source(), &dry).await;
    assert_eq!((report.plan[0].updated.len(), report.plan[0].foreign_edits.as_slice()), (1, &[][..]));
    let report = bench.sync(&source(), &SyncOptions { mode: SyncMode::Full, ..dry }).await;
    assert_eq!((report.plan[0].updated.len(), report.plan[0].foreign_edits.as_slice()), (2, &[ContentId(4)][..]));
    bench.sync(&source(), &SyncOptions { mode: SyncMode::Full, ..only(Movies) }).await;
    let report = bench.sync(&source(), &SyncOptions { mode: SyncMode::Full, dry_run: true, ..only(Movies) }).await;
    assert_eq!(report.plan, [KindPlan::new(Movies)]);
}

#[tokio::test]
async fn every_kind_has_its_plan_and_a_real_run_has_none() {
    let bench = Bench::new().await;
    let report = bench.sync(&panel(1..=3), &SyncOptions { dry_run: true, ..SyncOptions::default() }).await;
    let kinds: Vec<_> = report.plan.iter().map(|plan| (plan.kind, plan.added.len())).collect();
    assert_eq!(kinds, [(Channels, 3), (Movies, 3), (Series, 3)]);
    assert_eq!(bench.sync(&panel(1..=3), &SyncOptions::default()).await.plan, []);
    // Removals of several kinds have this reason in the plan of each kind.
    bench.sync(&panel(1..=200), &SyncOptions::default()).await;
    let report = bench.sync(&panel(150..=200), &SyncOptions { dry_run: true, ..SyncOptions::default() }).await;
    assert!(
        report.plan.iter().flat_map(|plan| &plan.held).all(|held| held.reason == HoldReason::Loss(Loss::SeveralKinds))
    );
    // Each kind misses other items, and all of them have this reason.
    let source =
        ScriptedSource::new().lists(Channels, listed(Channels, 150..=200)).lists(Movies, listed(Movies, 1..=51));
    let options = SyncOptions { kinds: vec![Channels, Movies], dry_run: true, ..SyncOptions::default() };
    let report = bench.sync(&source, &options).await;
    let held: Vec<_> = report.plan.iter().flat_map(|plan| &plan.held).collect();
    assert_eq!(held.len(), 298);
    assert!(held.iter().all(|held| held.reason == HoldReason::Loss(Loss::SeveralKinds)), "{held:?}");
}
