//! The differences that a listing brings: added, updated, refreshed and removed items, and differences that don't
//! count.

use std::time::Duration;

use std::sync::Arc;

use sync_core::source::Completeness;
use sync_core::testing::{Answer, ItemBuilder, ScriptedSource, category, channel, movie, profile};
use sync_core::{
    Catalogue as _, ContentId, ContentKind, ContentStore, Engine, FieldClass, Item, KindOutcome, RunStatus, Shape,
    SyncMode, SyncOptions, ValueRef,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Channels, Movies, NOW, Series, counts, listed, only, panel};
use crate::wrappers::WatchedStore;

/// "Full is used for the first sync of a scope"; "the first load of a scope one marker".
#[tokio::test]
async fn a_first_sync_loads_all_three_kinds() {
    let bench = Bench::new().await;
    let source = panel([5, -1, 9_007_199_254_740_993]).categories(Movies, Ok(vec![category("2"), category("1")]));
    let report = bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!((report.status, report.dry_run, report.errors.len()), (RunStatus::Completed, false, 0));
    for kind in ContentKind::ALL {
        let record = report.kind(kind);
        assert_eq!((record.mode, record.outcome), (SyncMode::Full, KindOutcome::Completed));
        assert_eq!((record.counts, record.requests), (counts(3, 0, 0, 0, 0), 2));
        assert_eq!(bench.ids(kind), [-1, 5, 9_007_199_254_740_993]);
        assert_eq!(bench.row(kind, 5), Some(ItemBuilder::of(kind, 5).item()));
    }
    assert_eq!(bench.tables(Movies).await.categories, [category("2"), category("1")], "in the panel's order");
    assert_eq!(bench.tables(Series).await.categories, []);
}

/// I6: "a second sync of the same listing writes no item, category, digest or change row".
#[tokio::test]
async fn a_second_identical_sync_writes_nothing() {
    let bench = Bench::new().await;
    let shelves = || panel(1..=20).categories(Movies, Ok(vec![category("1"), category("2")]));
    bench.sync(&shelves(), &SyncOptions::default()).await;
    for mode in [SyncMode::Auto, SyncMode::Incremental, SyncMode::Full] {
        bench.clock.pass(Duration::from_secs(60));
        let mut before = [bench.tables(Channels).await, bench.tables(Movies).await, bench.tables(Series).await];
        let watched = WatchedStore::over(&bench.store, None);
        let options = SyncOptions { mode, ..SyncOptions::default() };
        let report = bench.sync_over(&watched, &shelves(), &options, &CancellationToken::new()).await;
        assert_eq!(report.status, RunStatus::Completed);
        for kind in ContentKind::ALL {
            let record = report.kind(kind);
            assert_eq!((record.outcome, record.counts), (KindOutcome::Unchanged, counts(0, 0, 0, 0, 20)));
            // Only the time of the last sync has moved.
            let known = &mut before[kind.ordinal()];
            known.last_sync = known.last_sync.map(|at| at + 60);
            assert_eq!(*known, bench.tables(kind).await, "{kind}");
        }
        let written = watched.written.lock().unwrap();
        assert!(written.staged.is_empty(), "{mode}");
        for commit in &written.commits {
            assert!(commit.categories.is_none() && commit.index.is_none() && commit.held.is_none());
            assert!(commit.removals.is_empty() && !commit.first_load);
        }
    }
}

#[tokio::test]
async fn changed_items_are_found_exactly() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=10), &SyncOptions::default()).await;
    let next = |kind| {
        let mut items = listed(kind, 3..=12);
        items[0] = ItemBuilder::of(kind, 3).name("Renamed").listed();
        items[1] = ItemBuilder::of(kind, 4).with("added", "1700000009").listed();
        items.reverse();
        items
    };
    let source = ContentKind::ALL.into_iter().fold(ScriptedSource::new(), |it, kind| it.lists(kind, next(kind)));
    let report = bench.sync(&source, &SyncOptions::default()).await;
    for kind in ContentKind::ALL {
        assert_eq!(report.kind(kind).counts, counts(2, 1, 1, 2, 6), "{kind}");
        assert_eq!(report.kind(kind).mode, SyncMode::Incremental);
        assert_eq!(bench.ids(kind), (3..=12).collect::<Vec<_>>());
        assert_eq!(bench.row(kind, 3).unwrap().name(), "Renamed");
    }
}

/// Every field of every kind, each edited alone, does what its class says.
#[tokio::test]
async fn each_field_counts_as_its_class_says() {
    for kind in ContentKind::ALL {
        // `listed_category_ids` follows from another field, so it is not edited alone.
        for spec in kind.fields().iter().filter(|spec| spec.name != "listed_category_ids") {
            let bench = Bench::new().await;
            let edited = match spec.shape {
                Shape::Categories => ItemBuilder::of(kind, 1).in_categories(&["1", "7"]),
                Shape::Extra => continue,
                Shape::Text | Shape::Name => ItemBuilder::of(kind, 1).with(spec.name, "99"),
                _ => ItemBuilder::of(kind, 1).with(spec.name, "1"),
            };
            // `category_id` is also a part of the category set, and the set is significant.
            let class = if spec.name == "category_id" { FieldClass::Significant } else { spec.class };
            bench.sync(&ScriptedSource::new().lists(kind, listed(kind, [1])), &only(kind)).await;
            let report = bench.sync(&ScriptedSource::new().lists(kind, [edited.listed()]), &only(kind)).await;
            let expected = match class {
                FieldClass::Significant => counts(0, 1, 0, 0, 0),
                FieldClass::Display => counts(0, 0, 1, 0, 0),
                FieldClass::Ignored | FieldClass::Unproven => counts(0, 0, 0, 0, 1),
            };
            assert_eq!(report.kind(kind).counts, expected, "{kind}.{}", spec.name);
        }
    }
}

/// Most panels send `category_id` alone. It is then the whole category set.
#[tokio::test]
async fn a_move_to_another_category_is_an_update() {
    let bench = Bench::new().await;
    let in_category = |id| movie(1).without("category_ids").with("category_id", id).listed();
    bench.movies(&[in_category("4")]).await;
    assert_eq!(bench.movies(&[in_category("5")]).await.counts, counts(0, 1, 0, 0, 0));
    let Some(Item::Movies(row)) = bench.row(Movies, 1) else { panic!("the row is there") };
    assert_eq!((row.category_id.as_deref(), row.category_ids.as_slice().join(",").as_str()), (Some("5"), "5"));
}

/// "A key that is absent keeps the stored value; a key present as "" or null clears it, except `name`."
#[tokio::test]
async fn an_absent_key_keeps_and_an_empty_one_clears() {
    let bench = Bench::new().await;
    let full = movie(1).name("Alien").with("plot", "In space.").with("stream_icon", "http://x/1.png");
    bench.movies(&[full.clone().listed()]).await;
    let fewer = full.clone().without("plot").without("stream_icon").without("name").listed();
    assert_eq!(bench.movies(&[fewer]).await.counts, counts(0, 0, 0, 0, 1));
    assert_eq!(bench.row(Movies, 1), Some(full.clone().item()));
    let no_icon = full.clone().with("stream_icon", "").with("name", "");
    assert_eq!(bench.movies(&[no_icon.clone().listed()]).await.counts, counts(0, 0, 1, 0, 0));
    assert_eq!(bench.row(Movies, 1), Some(no_icon.name("Alien").item()));
    assert_eq!(bench.movies(&[full.with("plot", "").listed()]).await.counts, counts(0, 1, 0, 0, 0));
    let nameless = movie(2).with("name", "").listed();
    bench.movies(&[nameless, movie(1).listed()]).await;
    assert_eq!(bench.row(Movies, 2).unwrap().name(), "#2");
}

/// One insertion renumbers all items after it. The number of a movie is its place in the list and no field of it. The
/// number of a channel is dialled by viewers: it is refreshed, without an entry of the change log.
#[tokio::test]
async fn an_insertion_renumbers_and_updates_nothing() {
    for (kind, expected) in [(Movies, counts(1, 0, 0, 0, 120)), (Channels, counts(1, 0, 120, 0, 0))] {
        let bench = Bench::new().await;
        let numbered = |ids: Vec<i64>| {
            let items =
                ids.into_iter().zip(1..).map(|(id, num)| ItemBuilder::of(kind, id).with("num", &num.to_string()));
            ScriptedSource::new().lists(kind, items.map(ItemBuilder::listed))
        };
        bench.sync(&numbered((1..=120).collect()), &only(kind)).await;
        let inserted = numbered([500].into_iter().chain(1..=120).collect());
        assert_eq!(bench.sync(&inserted, &only(kind)).await.kind(kind).counts, expected);
        assert_eq!(bench.tables(kind).await.index.0[..2], [500, 1], "the order is kept apart from the rows");
    }
}

/// "`last_sync_*` are … of the panel's clock at the *start* of the listing", and of our clock if the panel doesn't tell
/// its time.
#[tokio::test]
async fn the_watermark_is_the_start_of_the_listing() {
    let bench = Bench::new().await;
    bench.movies(&listed(Movies, [1])).await;
    assert_eq!(bench.tables(Movies).await.last_sync, Some(NOW));
    let end = Completeness { started_at: Some(1_650_000_000), ..Completeness::default() };
    let source = ScriptedSource::new().answer(Movies, Answer::Items(listed(Movies, [1]), end));
    bench.sync(&source, &only(Movies)).await;
    assert_eq!(bench.tables(Movies).await.last_sync, Some(1_650_000_000));
}

/// I4: another profile with the same ids is not touched.
#[tokio::test]
async fn profiles_do_not_touch_each_other() {
    let bench = Bench::new().await;
    let away = profile("away");
    let engine_source = ScriptedSource::new().lists(Channels, [channel(1).name("Elsewhere").listed()]);
    let (store, clock) = (Arc::new(bench.store.clone()), Arc::new(bench.clock.clone()));
    let engine = Engine::new(Arc::new(engine_source), store, clock);
    engine.run(&away, &only(Channels), &CancellationToken::new()).await;
    bench.sync(&panel([1, 2]), &SyncOptions::default()).await;
    bench.sync(&panel([2]), &SyncOptions::default()).await;
    let items = bench.store.items(&away, Channels);
    assert_eq!(items, [channel(1).name("Elsewhere").item()]);
    assert_eq!(bench.store.get_content_ids(&away, Channels).await.unwrap(), [ContentId(1)]);
    assert_eq!(bench.store.runs(&away, 9).await.unwrap().len(), 1);
}

/// An icon that is sent as `""` is cleared.
#[tokio::test]
async fn an_emptied_icon_is_cleared() {
    let bench = Bench::new().await;
    let lists = |icon: &str| ScriptedSource::new().lists(Channels, [channel(1).with("stream_icon", icon).listed()]);
    bench.sync(&lists("http://x/logo.png"), &only(Channels)).await;
    let report = bench.sync(&lists(""), &only(Channels)).await;
    assert_eq!(report.kind(Channels).counts, counts(0, 0, 1, 0, 0));
    let icon = Channels.field("stream_icon").unwrap();
    assert_eq!(bench.row(Channels, 1).unwrap().value(icon), ValueRef::Null);
}
