//! The overlay: SQLite and the in-memory store behave alike, whatever happens to items, edits and rules.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sync_core::catalogue::{Filter, PageRequest, Selection, Sort, View};
use sync_core::overlay::{
    ConflictRule, ConflictRules, EditField, EditOp, EditValue, EditedItem, FilterAction, FilterBy, FilterRule, MatchBy,
    NewCategories, RewriteRule, RuleChange,
};
use sync_core::store::{Applied, ScopeCommit};
use sync_core::testing::{ItemBuilder, MemoryStore, movie, staged};
use sync_core::{
    Cache, Category, CategoryId, Change, ContentId, ContentKind, EditQuery, EditRequest, FieldClass, FieldSet,
    HeldRemoval, HoldReason, Item, KindOutcome, KindRecord, Loss, Profile, ProfileId, ResolveRequest, SyncMode,
    UndoOutcome, UndoRequest, Words,
};
use sync_sqlite::SqliteStore;

use crate::fixture::index_of;

const MOVIES: ContentKind = ContentKind::Movies;

/// Returns a movie with one of few names, categories and images, so that several items are alike.
fn film(id: i64, version: u8) -> ItemBuilder {
    let names = ["Heat", "FR: Ran", "Alien", "Blade Runner"];
    let at = |divisor: u8, count: usize| usize::from(version / divisor) % count;
    let film = movie(id).name(names[at(1, 4)]).with("stream_icon", ["http://a/1", "http://a/2"][at(4, 2)]);
    let sets: [&[&str]; 4] = [&["1"], &["2"], &["1", "2"], &[]];
    let set = sets[at(8, 4)];
    let film = film.with("category_id", set.first().unwrap_or(&"")).in_categories(set);
    let film = film.with("year", ["1990", "2001"][at(32, 2)]);
    if version < 128 { film } else { film.with("tmdb_id", ["949", "950"][at(64, 2)]) }
}

fn named_categories(version: u8) -> Vec<Category> {
    let names = [["Action", "Drama"], ["Kids", "Drama"], ["Drama", "Action"]];
    let of = |(id, name): (usize, &&str)| Category {
        id: CategoryId((id + 1).to_string()),
        name: (*name).to_owned(),
        parent_id: None,
    };
    let mut all: Vec<_> = names[usize::from(version) % 3].iter().enumerate().map(of).collect();
    if version.is_multiple_of(4) {
        all.push(Category { id: CategoryId("9".to_owned()), name: "New".to_owned(), parent_id: None });
    }
    all
}

/// A step that changes a cache.
#[derive(Debug, Clone)]
enum Step {
    /// Writes, removes and holds items, each given by its id, and perhaps changes the categories.
    Apply(Vec<(i64, u8)>, Vec<i64>, Vec<i64>, Option<u8>),
    Undo,
    Delete(Vec<i64>),
    Clear,
    Edit(Vec<i64>, Vec<EditOp>),
    Resolve(Option<Vec<i64>>, bool),
    Rules(Vec<RuleChange>),
    Conflicts(ConflictRule),
    /// Imports edits of items, each given by an id and a version.
    Import(Vec<(i64, u8)>),
}

fn ids(most: usize) -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(0_i64..12, 0..most)
}

fn op() -> impl Strategy<Value = EditOp> {
    let text = |text: &str| EditValue::Text(text.to_owned());
    let list = |texts: &[&str]| EditValue::list(texts).unwrap();
    let set = prop::sample::select(vec![
        (EditField::Favourite, EditValue::Flag(true)),
        (EditField::Hidden, EditValue::Flag(true)),
        (EditField::Watched, EditValue::Flag(true)),
        (EditField::Name, text("Heat")),
        (EditField::Name, text("Mine")),
        (EditField::Category, list(&["2"])),
        (EditField::Category, list(&["7", "1"])),
        (EditField::Icon, text("http://a/2")),
        (EditField::Icon, text("http://me/1")),
        (EditField::Number, EditValue::Number(7)),
        (EditField::Note, text("a note")),
        (EditField::Position, EditValue::Number(90)),
        (EditField::LastWatched, EditValue::Number(1_700_000_000)),
    ]);
    prop_oneof![
        12 => set.prop_map(|(field, value)| EditOp::Set(field, value)),
        3 => prop::sample::select(EditField::ALL.to_vec()).prop_map(EditOp::Clear),
        1 => Just(EditOp::ClearAll),
        2 => prop::sample::select(vec!["a", "b"]).prop_map(|tag| EditOp::AddTag(tag.to_owned())),
        1 => prop::sample::select(vec!["a", "b"]).prop_map(|tag| EditOp::RemoveTag(tag.to_owned())),
        1 => Just(EditOp::Set(EditField::Name, EditValue::Text("x".repeat(600)))),
    ]
}

fn change() -> impl Strategy<Value = RuleChange> {
    let filter = |action, by, matches, pattern: &str| FilterRule { action, by, matches, pattern: pattern.to_owned() };
    let rule = prop::sample::select(vec![
        filter(FilterAction::Exclude, FilterBy::Category, MatchBy::Id, "2"),
        filter(FilterAction::Exclude, FilterBy::Category, MatchBy::Name, "action"),
        filter(FilterAction::Include, FilterBy::Name, MatchBy::Glob, "h*"),
        filter(FilterAction::Exclude, FilterBy::Name, MatchBy::Regex, "^FR"),
    ]);
    let rewrite = prop::sample::select(vec![("^FR: ", ""), ("Alien", "Aliens"), ("e", "E")]);
    prop_oneof![
        4 => rule.prop_map(|rule| RuleChange::AddFilter(rule, None)),
        2 => (1_usize..4).prop_map(RuleChange::RemoveFilter),
        1 => prop::sample::select(vec![FilterAction::Include, FilterAction::Exclude]).prop_map(RuleChange::Otherwise),
        1 => prop::sample::select(NewCategories::ALL.to_vec()).prop_map(RuleChange::NewCategories),
        3 => rewrite.prop_map(|(pattern, replacement)| RuleChange::AddRewrite(
            RewriteRule { pattern: pattern.to_owned(), replacement: replacement.to_owned() }, Some(1)
        )),
        2 => (1_usize..3).prop_map(RuleChange::RemoveRewrite),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let items = || prop::collection::vec((0_i64..12, any::<u8>()), 0..8);
    prop_oneof![
        12 => (items(), ids(4), ids(4), prop::option::of(any::<u8>()))
            .prop_map(|(items, removals, held, categories)| Step::Apply(items, removals, held, categories)),
        2 => Just(Step::Undo),
        2 => ids(3).prop_map(Step::Delete),
        1 => Just(Step::Clear),
        10 => (ids(4), prop::collection::vec(op(), 1..3)).prop_map(|(ids, ops)| Step::Edit(ids, ops)),
        3 => (prop::option::of(ids(2)), any::<bool>()).prop_map(|(ids, take)| Step::Resolve(ids, take)),
        4 => prop::collection::vec(change(), 1..3).prop_map(Step::Rules),
        2 => prop::sample::select(ConflictRule::ALL.to_vec()).prop_map(Step::Conflicts),
        1 => prop::collection::vec((0_i64..16, any::<u8>()), 1..4).prop_map(Step::Import),
    ]
}

/// Carries a step out. The returned text has to be the same for every store.
async fn take(store: &dyn Cache, home: &ProfileId, step: &Step, at: i64) -> String {
    let to_ids = |ids: &[i64]| ids.iter().copied().map(ContentId).collect::<Vec<_>>();
    match step {
        Step::Apply(items, removals, held, categories) => {
            let applied = apply(store, home, items, removals, held, categories.map(named_categories), at).await;
            format!("{applied:?}")
        }
        Step::Undo => {
            let lease = store.lease(home).await.unwrap();
            let request = UndoRequest { fence: Some(lease.fence), run: None, kinds: vec![MOVIES], at };
            // The numbers of runs differ between stores.
            match store.undo(home, request).await.unwrap() {
                UndoOutcome::Done(report) => format!("{:?}", report.kinds),
                UndoOutcome::Refused(refusal) => format!("{:?}", refusal.refused),
            }
        }
        Step::Delete(ids) => format!("{:?}", store.delete_content_by_ids(home, MOVIES, to_ids(ids)).await),
        Step::Clear => format!("{:?}", store.clear(home).await),
        Step::Edit(ids, ops) => {
            let request = EditRequest { kind: MOVIES, ids: to_ids(ids), ops: ops.clone(), at };
            format!("{:?}", store.edit(home, request).await)
        }
        Step::Resolve(ids, take_panel) => {
            let ids = ids.as_deref().map(to_ids);
            let request = ResolveRequest { kind: ids.as_ref().map(|_| MOVIES), ids, take_panel: *take_panel, at };
            format!("{:?}", store.resolve(home, request).await)
        }
        Step::Rules(changes) => format!("{:?}", store.change_rules(home, MOVIES, changes.clone()).await),
        Step::Conflicts(rule) => {
            let profile = Profile { conflicts: ConflictRules::all(*rule), ..Profile::new(home.clone()) };
            format!("{:?}", store.save_profile(&profile).await)
        }
        Step::Import(items) => format!("{:?}", store.import(home, items.iter().map(edited).collect(), at).await),
    }
}

/// Returns an edited item as another cache has it.
fn edited((id, version): &(i64, u8)) -> EditedItem {
    let item = film(*id, *version).item();
    let mut edited = EditedItem::new(MOVIES, ContentId(*id), sync_core::overlay::ItemIdentity::of(&item));
    let name = EditValue::Text(if version.is_multiple_of(2) { "Mine" } else { "Heat" }.to_owned());
    let ops = [EditOp::Set(EditField::Name, name), EditOp::Set(EditField::Favourite, EditValue::Flag(true))];
    sync_core::overlay::carry_out(&mut edited, Some(&item), &ops, 1000 + i64::from(*version)).unwrap();
    edited
}

fn differing(before: &Item, after: &Item) -> FieldSet {
    let mut fields = FieldSet::EMPTY;
    let all = 0..MOVIES.fields().len();
    all.filter(|at| before.value(*at) != after.value(*at)).for_each(|at| fields.add(at));
    fields
}

async fn apply(
    store: &dyn Cache,
    home: &ProfileId,
    items: &[(i64, u8)],
    removals: &[i64],
    held: &[i64],
    categories: Option<Vec<Category>>,
    at: i64,
) -> Applied {
    let lease = store.lease(home).await.unwrap();
    let run = store.start_run(home, lease.fence, at).await.unwrap();
    let ids = store.get_content_ids(home, MOVIES).await.unwrap();
    let rows = store.rows(home, MOVIES, ids.clone()).await.unwrap();
    let mut to_stage = BTreeMap::new();
    for (id, version) in items.iter().filter(|(id, _)| !removals.contains(id)) {
        let known = rows.iter().find(|row| row.id().0 == *id);
        let item = film(*id, *version);
        let significant = MOVIES.of_class(FieldClass::Significant);
        let change = match known.map(|known| differing(known, &item.clone().item())) {
            None => Change::Added,
            Some(fields) if fields.is_empty() => continue,
            Some(fields) if fields.and(significant).is_empty() => Change::Refreshed(fields),
            Some(fields) => Change::Updated(fields),
        };
        to_stage.insert(*id, staged(item, change));
    }
    let gone: BTreeSet<_> = removals.iter().filter(|id| ids.contains(&ContentId(**id))).copied().collect();
    let mut left: BTreeSet<_> = ids.iter().map(|id| id.0).filter(|id| !gone.contains(id)).collect();
    let is_held = |id: &&i64| left.contains(id) && !items.iter().any(|(written, _)| written == *id);
    let held: BTreeSet<_> = held.iter().filter(is_held).copied().collect();
    let reason = HoldReason::Loss(Loss::ShareLost);
    let held = held.into_iter().map(|id| HeldRemoval {
        id: ContentId(id),
        reason,
        since: at,
        run,
        evidence: None,
        successor: None,
    });
    let held = held.collect();
    left.extend(to_stage.keys());
    let record = KindRecord { outcome: KindOutcome::Completed, ..KindRecord::skipped(MOVIES, SyncMode::Incremental) };
    let commit = ScopeCommit {
        asked_at: at - 1,
        categories,
        removals: gone.into_iter().map(ContentId).collect(),
        held: Some(held),
        index: index_of(&left.into_iter().collect::<Vec<_>>()),
        watermark: at,
        ..ScopeCommit::new(run, lease.fence, at, record)
    };
    let mut staging = store.stage(home, MOVIES.into()).await.unwrap();
    staging.put(to_stage.into_values().collect()).await.unwrap();
    let applied = staging.apply(commit, tokio_util::sync::CancellationToken::new()).await.unwrap();
    store.finish_run(home, sync_core::store::RunEnd::new(run, lease.fence, at)).await.unwrap();
    applied
}

const VIEWS: [View; 5] = [
    View::SHOWN,
    View::ROWS,
    View { hidden: true, ..View::SHOWN },
    View { excluded: true, ..View::SHOWN },
    View { panel: true, ..View::SHOWN },
];

/// Returns everything that a reader can ask, line by line.
async fn seen(store: &dyn Cache, home: &ProfileId) -> Vec<String> {
    let mut lines = Vec::new();
    for query in
        [EditQuery::all(), EditQuery::conflicts(), EditQuery::of_items(MOVIES, vec![ContentId(1), ContentId(3)])]
    {
        let edited = store.edited(home, query).await.unwrap();
        lines.extend(edited.iter().map(|item| format!("edited {item:?}")));
    }
    lines.push(format!("{:?}", store.edit_counts(home).await.unwrap()));
    lines.push(format!("{:?}", store.rules(home).await.unwrap()));
    lines.push(format!("{:?}", store.named_items(home, MOVIES).await.unwrap()));
    lines.push(format!("{:?}", store.sized_categories(home, MOVIES).await.unwrap()));
    let category = CategoryId("2".to_owned());
    for view in VIEWS {
        for page in [PageRequest::first(50), PageRequest::first(2), PageRequest::first(50).within(category.clone())] {
            let page = page.seen(view);
            lines.push(format!("{page:?}: {:?}", store.page(home, MOVIES, page.clone()).await.unwrap()));
        }
        let of_kind = |limit| Selection::of_kind(MOVIES, limit).seen(view);
        let filtered = |filter| of_kind(50).filtered(filter);
        let mut selections = vec![
            of_kind(50),
            of_kind(2),
            of_kind(50).sorted(Sort::Name),
            filtered(Filter::none().only_favourites()),
            filtered(Filter::none().tagged("a")),
            filtered(Filter::none().tagged("a").only_favourites()),
            filtered(Filter::none().in_category(MOVIES, category.clone())),
            filtered(Filter::none().only_held()),
        ];
        selections.extend(
            ["heat", "mine", "alien", "fr", "ran"].map(|words| Selection::of_words(Words::new(words), 50).seen(view)),
        );
        for selection in selections {
            let found = store.select(home, selection.clone()).await.unwrap();
            lines.push(format!("{selection:?}: {:?} {:?}", found.rows, found.next));
        }
    }
    for id in 0..16 {
        let known = store.item(home, MOVIES, ContentId(id), 0).await.unwrap();
        let known =
            known.map(|known| (format!("{:?}", std::mem::discriminant(&known.state)), known.edited, known.shown));
        lines.push(format!("{id}: {known:?}"));
    }
    for change in store.changes(home, 0, 10_000).await.unwrap() {
        if change.change.is_of_edit() {
            lines.push(format!("{:?} {:?} {:?} {:?}", change.id, change.change, change.name, change.columns));
        }
    }
    lines
}

/// Takes the steps in both stores. Both return the same from every call, and show the same afterwards. The check of
/// SQLite finds nothing.
fn take_in_both(steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (sqlite, memory) = (SqliteStore::open(folder.path().join("cache.db")).unwrap(), MemoryStore::new());
        let home = sync_core::testing::profile("home");
        let stores: [&dyn Cache; 2] = [&sqlite, &memory];
        for store in stores {
            store.save_profile(&Profile::new(home.clone())).await.unwrap();
        }
        for (at, step) in (2000..).zip(steps) {
            let mut results = Vec::new();
            for store in stores {
                results.push((take(store, &home, step, at).await, seen(store, &home).await));
            }
            let (expected, found) = (results.pop().unwrap(), results.pop().unwrap());
            assert_eq!(found.0, expected.0, "{step:?}");
            for (found, expected) in found.1.iter().zip(&expected.1) {
                assert_eq!(found, expected, "{step:?}");
            }
            assert_eq!(found.1.len(), expected.1.len(), "{step:?}");
            let inspection = sqlite.inspect_blocking(None).unwrap();
            let codes: Vec<_> = inspection.findings.iter().map(|finding| finding.inconsistency.code()).collect();
            for code in ["shown_wrong", "search_index", "edit_unreadable", "rule_unreadable", "log_malformed"] {
                assert!(!codes.contains(&code), "{step:?}: {:?}", inspection.findings);
            }
        }
    });
}

#[test]
fn steps_that_once_differed_have_the_same_result() {
    let apply = |items: &[(i64, u8)], removals: &[i64], held: &[i64]| {
        Step::Apply(items.to_vec(), removals.to_vec(), held.to_vec(), None)
    };
    // An undo that brings categories back is no list. A filter without known categories learns none of them.
    let exclude = FilterRule {
        action: FilterAction::Exclude,
        by: FilterBy::Category,
        matches: MatchBy::Id,
        pattern: "2".to_owned(),
    };
    take_in_both(&[
        Step::Apply(vec![], vec![], vec![], Some(0)),
        Step::Undo,
        Step::Rules(vec![RuleChange::AddFilter(exclude, None)]),
        Step::Undo,
    ]);
    // An undo moves the edits of item 2 with certainty, and offers item 1 for item 0. The next listing has no part in
    // it.
    take_in_both(&[
        Step::Import(vec![(0, 92), (2, 130)]),
        apply(&[(5, 82)], &[], &[]),
        apply(&[(4, 162), (1, 44)], &[0, 10, 5], &[4, 4, 1]),
        apply(&[(11, 211), (1, 112), (4, 172)], &[7], &[8, 10, 9]),
        Step::Undo,
        apply(&[(3, 189)], &[11], &[0]),
    ]);
}

/// Returns the seed of the cases: the one of the environment, or a fixed one.
fn seed() -> RngSeed {
    let of_environment = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|text| text.parse().ok());
    of_environment.map_or(RngSeed::Fixed(21), RngSeed::Fixed)
}

proptest! {
    // The cases are always the same. `PROPTEST_RNG_SEED` chooses other ones.
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: seed(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_has_the_same_results_as_the_store_in_memory(steps in prop::collection::vec(step(), 1..30)) {
        take_in_both(&steps);
    }
}
