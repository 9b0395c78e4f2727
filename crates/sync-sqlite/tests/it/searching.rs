//! The search text stays in step with the rows whatever happens, and no content of its tables does harm.

use proptest::prelude::*;
use sync_core::catalogue::{AnsweredBy, Filter, Selected, Selection, Sort};
use sync_core::search::{RowsOfKind, select_from_rows};
use sync_core::store::{ContentStore, ScopeCommit};
use sync_core::testing::{ItemBuilder, movie, staged};
use sync_core::{
    Catalogue as _, CategoryId, Change, ContentId, ContentKind, Counts, FieldSet, Item, KindRecord, Maintenance as _,
    PerKind, Profile, Profiles as _, SearchFields, SyncMode, UndoRequest, Words,
};
use sync_sqlite::SqliteStore;

use crate::fixture::{Cache, added, index_of};

const MOVIES: ContentKind = ContentKind::Movies;

/// Returns queries of every sort.
fn selections() -> Vec<Selection> {
    let mut all = vec![Selection::of_kind(MOVIES, 1000)];
    for sort in [Sort::Name, Sort::Added, Sort::Year, Sort::Rating, Sort::Rank] {
        all.push(Selection::of_kind(MOVIES, 7).sorted(sort));
    }
    for words in ["movie", "m", "spiderman", "blade run", "actor 3", "\"blade runner\" -sequel", "京"] {
        all.push(Selection::of_words(Words::with_exclusions(words), 1000));
    }
    all.push(Selection::of_kind(MOVIES, 1000).filtered(Filter::none().in_category(MOVIES, CategoryId("2".to_owned()))));
    all.push(Selection::of_kind(MOVIES, 1000).filtered(Filter::none().only_held()));
    all.extend([1, 3].map(|few| Selection::of_kind(MOVIES, few)));
    all
}

/// Compares what the store finds with what its rows say. Returns what has answered.
#[track_caller]
fn agrees(store: &SqliteStore, cache: &Cache) -> Vec<AnsweredBy> {
    let ids = store.get_content_ids_blocking(&cache.home, MOVIES).unwrap();
    let rows = store.rows_blocking(&cache.home, MOVIES, &ids).unwrap();
    let listed = cache.sql("SELECT e.value AS line FROM xtream_listing_index, json_each(ids) e WHERE scope=''");
    let held = store.held_blocking(&cache.home, MOVIES).unwrap();
    let fields = store.profile_blocking(&cache.home).unwrap().unwrap().search;
    let of_kind = RowsOfKind {
        rows: rows.iter().collect(),
        listed: listed.iter().map(|id| ContentId(id.parse().unwrap())).collect(),
        held: held.iter().map(|held| held.id).collect(),
        ..RowsOfKind::default()
    };
    let kinds = PerKind::from_fn(|kind| if kind == MOVIES { of_kind.clone() } else { RowsOfKind::default() });
    let mut answered = Vec::new();
    for selection in selections() {
        let found = store.select_blocking(&cache.home, &selection).unwrap();
        let expected = select_from_rows(&kinds, &selection, fields);
        let Selected { rows, next, answered_by, .. } = found;
        assert_eq!((rows, next), (expected.rows, expected.next), "{selection:?}");
        answered.push(answered_by);
    }
    answered.dedup();
    answered
}

/// Returns a movie whose fields depend on a number.
fn film(id: i64, version: u8) -> ItemBuilder {
    let names = ["Movie", "Spider-Man", "Blade Runner", "Blade Runner: the Sequel", "東京物語", "Amélie", "★"];
    let film = movie(id)
        .name(&format!("{} {}", names[usize::from(version) % names.len()], version % 3))
        .with("year", &format!("{}", 1990 + i64::from(version % 9)))
        .with("added", &format!("{}", 1_700_000_000 + i64::from(version)))
        .with("cast", &format!("Actor {} ", version % 5).repeat(if version < 250 { 1 } else { 300 }));
    let film = if version.is_multiple_of(4) { film } else { film.with("rating", &format!("{}.5", version % 10)) };
    let sets: [&[&str]; 4] = [&["1"], &["2"], &["1", "2"], &[]];
    let set = sets[usize::from(version) % sets.len()];
    film.with("category_id", set.first().unwrap_or(&"")).in_categories(set)
}

fn differing(before: &Item, after: &Item) -> FieldSet {
    let mut fields = FieldSet::EMPTY;
    let all = 0..MOVIES.fields().len();
    all.filter(|at| before.value(*at) != after.value(*at)).for_each(|at| fields.add(at));
    fields
}

/// A step that changes a cache.
#[derive(Debug, Clone)]
enum Step {
    /// Writes and removes items, each given by its id.
    Apply(Vec<(i64, u8)>, Vec<i64>),
    Undo,
    Delete(Vec<i64>),
    Clear,
    Fields(SearchFields),
    Reopen,
    /// Deletes rows without notice, so that the next apply compares everything.
    Doubt,
}

fn step() -> impl Strategy<Value = Step> {
    let ids = || prop::collection::vec(0_i64..60, 0..8);
    let items = || prop::collection::vec((0_i64..60, any::<u8>()), 0..25);
    prop_oneof![
        12 => (items(), ids()).prop_map(|(items, removals)| Step::Apply(items, removals)),
        3 => Just(Step::Undo),
        2 => ids().prop_map(Step::Delete),
        1 => Just(Step::Clear),
        1 => prop::sample::select(SearchFields::ALL.to_vec()).prop_map(Step::Fields),
        1 => Just(Step::Reopen),
        1 => Just(Step::Doubt),
    ]
}

async fn apply(cache: &Cache, store: &SqliteStore, items: &[(i64, u8)], removals: &[i64]) {
    let lease = store.lease_blocking(&cache.home).unwrap();
    let run = store.start_run_blocking(&cache.home, lease.fence, 1000).unwrap();
    let run = crate::fixture::Run { lease, run };
    let ids = store.get_content_ids_blocking(&cache.home, MOVIES).unwrap();
    let rows = store.rows_blocking(&cache.home, MOVIES, &ids).unwrap();
    let (mut to_stage, mut counts) = (std::collections::BTreeMap::new(), Counts::default());
    for (id, version) in items.iter().filter(|(id, _)| !removals.contains(id)) {
        let known = rows.iter().find(|row| row.id().0 == *id);
        let item = film(*id, *version);
        let change = match known.map(|known| differing(known, &item.clone().item())) {
            None => Change::Added,
            Some(fields) if fields.is_empty() => continue,
            Some(fields) if version.is_multiple_of(3) => Change::Refreshed(fields),
            Some(fields) => Change::Updated(fields),
        };
        to_stage.insert(*id, staged(item, change));
    }
    for staged in to_stage.values() {
        match staged.change {
            Change::Added => counts.added += 1,
            Change::Updated(_) => counts.updated += 1,
            _ => counts.refreshed += 1,
        }
    }
    let gone: Vec<_> = removals.iter().filter(|id| ids.contains(&ContentId(**id))).map(|id| ContentId(*id)).collect();
    let mut left: Vec<_> = ids.iter().filter(|id| !gone.contains(id)).map(|id| id.0).collect();
    left.extend(to_stage.keys().filter(|id| !ids.contains(&ContentId(**id))));
    // The panel's order differs from that of the ids.
    left.sort_unstable_by_key(|id| (id * 37 % 61, *id));
    let first_load = ids.is_empty();
    counts.removed = gone.len() as u64;
    counts.unchanged = left.len() as u64 - counts.added - counts.updated - counts.refreshed;
    let commit = run.commit(MOVIES);
    let record = KindRecord { counts, ..commit.record };
    let commit = ScopeCommit { record, removals: gone, index: index_of(&left), first_load, ..commit };
    let mut staging = store.stage(&cache.home, MOVIES.into()).await.unwrap();
    staging.put(to_stage.into_values().collect()).await.unwrap();
    staging.apply(commit, tokio_util::sync::CancellationToken::new()).await.unwrap();
    store.finish_run_blocking(&cache.home, &run.end()).unwrap();
}

async fn take(cache: &Cache, store: SqliteStore, step: &Step) -> SqliteStore {
    let home = &cache.home;
    match step {
        Step::Apply(items, removals) => apply(cache, &store, items, removals).await,
        Step::Undo => {
            let lease = store.lease_blocking(home).unwrap();
            let request = UndoRequest { fence: Some(lease.fence), run: None, kinds: vec![MOVIES], at: 5000 };
            store.undo_blocking(home, &request).unwrap();
        }
        Step::Delete(ids) => {
            let ids: Vec<_> = ids.iter().copied().map(ContentId).collect();
            store.delete_content_by_ids_blocking(home, MOVIES, &ids).unwrap();
        }
        Step::Clear => store.clear_blocking(home).unwrap(),
        Step::Fields(search) => {
            store.save_profile_blocking(&Profile { search: *search, ..Profile::new(home.clone()) }).unwrap();
        }
        Step::Reopen => {
            drop(store);
            return SqliteStore::open(cache.path()).unwrap();
        }
        Step::Doubt => {
            cache.execute("UPDATE xtream_movies SET name='' WHERE stream_id%7=0");
            let seen = store.inspect_blocking(None).unwrap();
            store.mark_blocking(&seen).unwrap();
            apply(cache, &store, &[], &[]).await;
        }
    }
    store
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// "What is found follows the rows", whatever is done to them, and the check finds nothing.
    #[test]
    fn the_text_is_in_step_with_the_rows(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let cache = Cache::new();
            let mut store = SqliteStore::open(cache.path()).unwrap();
            for step in &steps {
                store = take(&cache, store, step).await;
                agrees(&store, &cache);
                let seen = store.inspect_blocking(None).unwrap();
                let found = seen.findings.iter().any(|it| it.inconsistency.code() == "search_index");
                assert!(!found, "{step:?}: {:?}", seen.findings);
            }
        });
    }
}

async fn loaded() -> Cache {
    let cache = Cache::new();
    let films: Vec<_> = (1..=40).map(|id| (id, u8::try_from(id).unwrap())).collect();
    apply(&cache, &cache.store, &films, &[]).await;
    cache
}

fn batches(cache: &Cache) -> usize {
    cache.sql("SELECT DISTINCT batch AS line FROM xtream_search_segments").len()
}

#[tokio::test]
async fn a_sync_writes_only_changed_entries() {
    let cache = loaded().await;
    let text = || [cache.table("xtream_search_segments"), cache.table("xtream_search_state")].concat();
    let before = text();
    assert_eq!(before.len(), 2);
    apply(&cache, &cache.store, &[], &[]).await;
    assert_eq!(text(), before, "an unchanged listing writes nothing");
    apply(&cache, &cache.store, &[(1, 77)], &[2]).await;
    assert!(text().contains(&before[0]), "the first batch is as before");
    assert_eq!(batches(&cache), 2);
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText]);
}

/// A large text is written in segments, each of which has an order of its own.
#[tokio::test]
async fn a_text_that_is_written_in_parts_is_read() {
    let cache = Cache::new();
    let films: Vec<_> = (1..=5_000).map(|id| (id, 250 + u8::try_from(id % 6).unwrap())).collect();
    apply(&cache, &cache.store, &films, &[]).await;
    let parts = cache.sql("SELECT place AS line FROM xtream_search_segments WHERE entries<4000");
    assert!(parts.len() > 2, "{parts:?}");
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText]);
    // So many changes make the store write the whole text again.
    let changed: Vec<_> = (1..=2_000).map(|id| (id, 255)).collect();
    apply(&cache, &cache.store, &changed, &[4_000]).await;
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText]);
    assert!(cache.store.inspect_blocking(None).unwrap().is_sound());
}

#[tokio::test]
async fn batches_are_merged_before_there_are_many() {
    let cache = Cache::new();
    let films: Vec<_> = (1..=400).map(|id| (id, u8::try_from(id % 250).unwrap())).collect();
    apply(&cache, &cache.store, &films, &[]).await;
    let mut most = 0;
    for round in 0..60_u8 {
        apply(&cache, &cache.store, &[(i64::from(round) * 5, round), (7, round)], &[i64::from(round) + 300]).await;
        most = most.max(batches(&cache));
        assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText], "round {round}");
    }
    assert!((5..=14).contains(&most), "{most}");
    let twice: Vec<_> = (1..=200).map(|id| (id, 3)).collect();
    apply(&cache, &cache.store, &twice, &[]).await;
    assert_eq!(batches(&cache), 1, "all is written into one where much has changed");
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText]);
    assert!(cache.store.inspect_blocking(None).unwrap().is_sound());
}

#[tokio::test]
async fn the_next_sync_rewrites_an_unusable_search_text() {
    for sql in [
        "DELETE FROM xtream_search_state",
        "DELETE FROM xtream_search_state; DELETE FROM xtream_search_segments",
        "UPDATE xtream_search_state SET folding=0",
        "UPDATE xtream_search_state SET folding='x'",
        "UPDATE xtream_search_state SET fields='names'",
        "UPDATE xtream_search_state SET fields=x'ff00'",
        "UPDATE xtream_search_state SET complete=0",
        "UPDATE xtream_search_state SET stamp='x'",
        "UPDATE xtream_sync_settings SET search_fields='names'",
    ] {
        let cache = loaded().await;
        for sql in sql.split(';') {
            cache.execute(sql);
        }
        assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::RowsUntilSync], "{sql}");
        assert!(cache.store.inspect_blocking(None).unwrap().is_sound(), "nobody relies on it: {sql}");
        apply(&cache, &cache.store, &[], &[]).await;
        assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText], "{sql}");
    }
}

#[tokio::test]
async fn garbage_in_the_text_is_a_finding_and_never_an_error() {
    for sql in [
        "UPDATE xtream_search_segments SET facts=x'00'",
        "UPDATE xtream_search_segments SET facts='text'",
        "UPDATE xtream_search_segments SET facts=zeroblob(3000)",
        "UPDATE xtream_search_segments SET facts=substr(facts,1,100)",
        "UPDATE xtream_search_segments SET names=CAST(x'fffefd' AS TEXT)",
        "UPDATE xtream_search_segments SET names=''",
        "UPDATE xtream_search_segments SET names=7",
        "UPDATE xtream_search_segments SET rest=CAST(x'ff' AS TEXT) || rest",
        "UPDATE xtream_search_segments SET entries=4000000000",
        "UPDATE xtream_search_segments SET entries=-1",
        "UPDATE xtream_search_segments SET entries='many'",
        "UPDATE xtream_search_segments SET batch='x'",
        "UPDATE xtream_search_segments SET batch=9223372036854775807",
        "DELETE FROM xtream_search_segments",
    ] {
        let cache = loaded().await;
        cache.execute(sql);
        let store = SqliteStore::open(cache.path()).unwrap();
        for selection in selections() {
            store.select_blocking(&cache.home, &selection).unwrap();
        }
        let seen = store.inspect_blocking(None).unwrap();
        let is_readable = sql.contains("batch=92");
        let codes: Vec<_> = seen.findings.iter().map(|finding| finding.inconsistency.code()).collect();
        assert_eq!((seen.damage.len(), codes), (0, if is_readable { vec![] } else { vec!["search_index"] }), "{sql}");
        assert_eq!(store.mark(&seen).await.unwrap(), [], "no item has to be compared: {sql}");
        assert!(store.index_blocking(&cache.home, &MOVIES.into()).unwrap().consistent);
        // Writing a batch notices the damage that the check has not found.
        apply(&cache, &store, &[(1, 200)], &[]).await;
        assert_eq!(agrees(&store, &cache), [AnsweredBy::SearchText], "{sql}");
        assert!(store.inspect_blocking(None).unwrap().is_sound(), "{sql}");
    }
}

#[tokio::test]
async fn missing_extra_and_wrong_entries_are_found() {
    let cache = loaded().await;
    for sql in [
        "DELETE FROM xtream_movies WHERE stream_id=3",
        "UPDATE xtream_movies SET name='Other' WHERE stream_id=4",
        "UPDATE xtream_movies SET stream_id=99 WHERE stream_id=5",
    ] {
        cache.execute(sql);
    }
    // Missing and new rows are findings of their own, and their entries are written again anyway.
    let codes = |store: &SqliteStore| -> Vec<_> {
        store.inspect_blocking(None).unwrap().findings.iter().map(|finding| finding.inconsistency.code()).collect()
    };
    assert!(!codes(&cache.store).contains(&"search_index"));
    let cache = loaded().await;
    cache.execute("UPDATE xtream_movies SET name='Other' WHERE stream_id=4");
    cache.execute("UPDATE xtream_movies SET year='1901' WHERE stream_id=5");
    let seen = cache.store.inspect_blocking(None).unwrap();
    let told: Vec<_> = seen.findings.iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "the search text differs from the items (wrong: 4, wrong: 5)");
    assert!(told.len() == 2 && told[1].starts_with("the content hash differs from the items"), "{told:?}");
}

#[tokio::test]
async fn a_cache_without_text_is_searched_by_its_rows() {
    let cache = loaded().await;
    cache.store.save_profile(&Profile { search: SearchFields::Off, ..Profile::new(cache.home.clone()) }).await.unwrap();
    assert_eq!(cache.table("xtream_search_segments").len() + cache.table("xtream_search_state").len(), 0);
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::RowsWithoutText]);
    apply(&cache, &cache.store, &[(1, 99)], &[]).await;
    assert_eq!(cache.table("xtream_search_segments").len(), 0);
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::RowsWithoutText]);
    assert!(cache.store.inspect_blocking(None).unwrap().is_sound());
    cache.store.save_profile(&Profile::new(cache.home.clone())).await.unwrap();
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::RowsUntilSync]);
    apply(&cache, &cache.store, &[], &[]).await;
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText]);
    let empty = Cache::new();
    let found = empty.store.select(&empty.home, Selection::of_kind(MOVIES, 1)).await.unwrap();
    assert_eq!(found.answered_by, AnsweredBy::SearchText, "there is nothing that a text could have");
}

/// A text that the present settings don't use doesn't follow the rows. It must not be used when the settings are as
/// before.
#[tokio::test]
async fn a_text_of_former_settings_is_not_used_after_the_rows_have_changed() {
    for change in [Step::Undo, Step::Delete(vec![1, 4]), Step::Apply(vec![(3, 88)], vec![])] {
        let cache = Cache::new();
        let mut store = SqliteStore::open(cache.path()).unwrap();
        let steps = [Step::Apply((1..=9).map(|id| (id, 7)).collect(), vec![]), Step::Apply(vec![(1, 44)], vec![2])];
        let settings = [SearchFields::Names, SearchFields::All].map(Step::Fields);
        for step in steps.iter().chain([&settings[0], &change, &settings[1]]) {
            store = take(&cache, store, step).await;
            agrees(&store, &cache);
        }
        assert_eq!(agrees(&store, &cache), [AnsweredBy::RowsUntilSync], "{change:?}");
        apply(&cache, &store, &[], &[]).await;
        assert_eq!(agrees(&store, &cache), [AnsweredBy::SearchText], "{change:?}");
    }
}

#[tokio::test]
async fn another_program_sees_later_writes() {
    let cache = loaded().await;
    let reader = SqliteStore::open_read_only(cache.path()).unwrap();
    assert_eq!(agrees(&reader, &cache), [AnsweredBy::SearchText]);
    apply(&cache, &cache.store, &[(1, 60), (77, 61)], &[3]).await;
    assert_eq!(agrees(&reader, &cache), [AnsweredBy::SearchText]);
    cache.store.clear_blocking(&cache.home).unwrap();
    apply(&cache, &cache.store, &[(1, 60)], &[]).await;
    assert_eq!(agrees(&reader, &cache), [AnsweredBy::SearchText]);
}

#[tokio::test]
async fn a_row_of_another_program_is_found() {
    let cache = loaded().await;
    let run = cache.start();
    let rating = || MOVIES.field("rating").map(|at| FieldSet(1 << at)).unwrap();
    let plot = || MOVIES.field("plot").map(|at| FieldSet(1 << at)).unwrap();
    // Rows are deleted that are about to be updated and refreshed.
    cache.store.delete_content_by_ids(&cache.home, MOVIES, [5, 6].map(ContentId).to_vec()).await.unwrap();
    let items = vec![staged(film(5, 5), Change::Updated(plot())), staged(film(6, 6), Change::Refreshed(rating()))];
    cache.apply(items, run.commit(MOVIES)).await.unwrap();
    cache.finish(run);
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText]);
    let seen = cache.store.inspect_blocking(None).unwrap();
    assert!(seen.findings.iter().all(|finding| finding.inconsistency.code() != "search_index"), "{:?}", seen.findings);
    let run = cache.start();
    let record = KindRecord::skipped(MOVIES, SyncMode::Full);
    let commit = ScopeCommit { record, ..run.commit(MOVIES) };
    cache.apply(vec![added(film(90, 2))], commit).await.unwrap();
    assert_eq!(agrees(&cache.store, &cache), [AnsweredBy::SearchText]);
}
