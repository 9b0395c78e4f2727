//! The overlay in the tables: behaviour that only SQLite has, such as views, rows of other programs, and restored
//! edits.

use sync_core::catalogue::{AnsweredBy, Selection, View};
use sync_core::overlay::{
    ConflictRule, ConflictRules, EditField, EditOp, EditValue, FilterAction, FilterBy, FilterRule, MatchBy,
    RewriteRule, RuleChange,
};
use sync_core::store::{ContentStore, ScopeCommit};
use sync_core::testing::{movie, staged};
use sync_core::{
    Change, ContentId, ContentKind, EditQuery, EditRequest, FieldSet, LoggedChange, Maintenance as _, OverlayError,
    Profile, UndoOutcome, UndoRequest, Words,
};
use sync_sqlite::{SqliteStore, back_up, restore};

use crate::fixture::Cache;

const MOVIES: ContentKind = ContentKind::Movies;

fn text(text: &str) -> EditValue {
    EditValue::Text(text.to_owned())
}

fn edit(cache: &Cache, ids: &[i64], ops: Vec<EditOp>, at: i64) -> Result<(), OverlayError> {
    let ids = ids.iter().copied().map(ContentId).collect();
    cache.store.edit_blocking(&cache.home, &EditRequest { kind: MOVIES, ids, ops, at }).map(|_| ())
}

fn exclude(pattern: &str) -> RuleChange {
    let (action, by, matches) = (FilterAction::Exclude, FilterBy::Name, MatchBy::Glob);
    RuleChange::AddFilter(FilterRule { action, by, matches, pattern: pattern.to_owned() }, None)
}

/// Returns a cache of five movies: one is renamed and a favourite, one is hidden, one is excluded.
async fn edited() -> Cache {
    let cache = Cache::new();
    cache.load(1..=5).await;
    let named = vec![
        EditOp::Set(EditField::Name, text("Mine")),
        EditOp::Set(EditField::Category, EditValue::list(["9", "8"]).unwrap()),
        EditOp::Set(EditField::Favourite, EditValue::Flag(true)),
    ];
    edit(&cache, &[1], named, 1_000).unwrap();
    edit(&cache, &[2], vec![EditOp::Set(EditField::Hidden, EditValue::Flag(true))], 1_000).unwrap();
    cache.store.change_rules_blocking(&cache.home, MOVIES, vec![exclude("movie 3")]).unwrap();
    cache
}

/// "The items as they are shown": the view has the user's values in place of the panel's.
#[tokio::test]
async fn the_view_shows_items_as_the_catalogue_does() {
    let cache = edited().await;
    let sql = "SELECT stream_id || ' ' || name || ' ' || category_id || ' ' || favourite || ' ' || panel_name AS line \
               FROM xtream_movies_shown WHERE profile_id='home' AND NOT hidden AND NOT excluded ORDER BY stream_id";
    assert_eq!(cache.sql(sql), ["1 Mine 8 1 Movie 1", "4 Movie 4 1 0 Movie 4", "5 Movie 5 1 0 Movie 5"]);
    let found = cache.store.select_blocking(&cache.home, &Selection::of_kind(MOVIES, 10)).unwrap();
    let rows: Vec<_> = found.rows.iter().map(|row| (row.id.0, row.name.as_str())).collect();
    assert_eq!(rows, [(1, "Mine"), (4, "Movie 4"), (5, "Movie 5")]);
}

/// "With nothing in it, an item is shown as its row": the table has no row without a value.
#[tokio::test]
async fn only_items_that_are_shown_otherwise_have_a_row() {
    let cache = edited().await;
    let ids = || cache.sql("SELECT content_id AS line FROM xtream_shown ORDER BY content_id");
    assert_eq!(ids(), ["1", "2", "3"]);
    edit(&cache, &[1, 2], vec![EditOp::ClearAll], 1_001).unwrap();
    cache.store.change_rules_blocking(&cache.home, MOVIES, vec![RuleChange::RemoveFilter(1)]).unwrap();
    assert_eq!(ids(), [""; 0]);
    let left = ["xtream_edits", "xtream_edited_items", "xtream_filters", "xtream_filter_rules"];
    assert_eq!(left.map(|table| cache.table(table).len()), [0; 4]);
}

/// "All of them, or none": an edit that is refused changes nothing.
#[tokio::test]
async fn an_edit_that_is_refused_changes_nothing() {
    let cache = edited().await;
    let before = cache.contents();
    let favourite = || vec![EditOp::Set(EditField::Favourite, EditValue::Flag(true))];
    let unknown = edit(&cache, &[4, 99], favourite(), 1_001).unwrap_err();
    assert!(matches!(unknown, OverlayError::UnknownItems(ids) if ids == [ContentId(99)]));
    let long = vec![EditOp::Set(EditField::Name, text(&"x".repeat(600)))];
    assert!(matches!(edit(&cache, &[4], long, 1_001).unwrap_err(), OverlayError::Invalid(_)));
    let wrong = vec![exclude("a"), RuleChange::RemoveFilter(7)];
    let wrong = cache.store.change_rules_blocking(&cache.home, MOVIES, wrong).unwrap_err();
    assert!(matches!(wrong, OverlayError::Rule(_)));
    assert_eq!(cache.contents(), before);
}

/// "Names are searched as they are shown", and by the panel's names where a view asks for these.
#[tokio::test]
async fn a_rewrite_rule_changes_search_results() {
    let cache = Cache::new();
    cache.load(1..=5).await;
    let rule = RewriteRule { pattern: "^Movie".to_owned(), replacement: "Film".to_owned() };
    cache.store.change_rules_blocking(&cache.home, MOVIES, vec![RuleChange::AddRewrite(rule, None)]).unwrap();
    let find = |words: &str, view: View| {
        let found = cache.store.select_blocking(&cache.home, &Selection::of_words(Words::new(words), 10).seen(view));
        let found = found.unwrap();
        (found.rows.len(), found.answered_by)
    };
    assert_eq!(find("film", View::SHOWN), (5, AnsweredBy::SearchText));
    assert_eq!(find("movie", View::SHOWN), (0, AnsweredBy::SearchText));
    assert_eq!(find("movie", View::ROWS).0, 5);
    cache.store.change_rules_blocking(&cache.home, MOVIES, vec![RuleChange::RemoveRewrite(1)]).unwrap();
    assert_eq!(find("movie", View::SHOWN), (5, AnsweredBy::SearchText));
}

/// "An undo brings the edits back that the run has ended."
#[tokio::test]
async fn an_undo_restores_an_overruled_edit() {
    let cache = edited().await;
    let take_panel = ConflictRules::all(ConflictRule::TakePanel);
    let profile = Profile { conflicts: take_panel, ..Profile::new(cache.home.clone()) };
    cache.store.save_profile_blocking(&profile).unwrap();
    let run = cache.start();
    let mut fields = FieldSet::EMPTY;
    fields.add(MOVIES.field("name").unwrap());
    let renamed = staged(movie(1).name("Renamed"), Change::Updated(fields));
    cache.apply(vec![renamed], ScopeCommit { asked_at: 900, ..run.commit(MOVIES) }).await.unwrap();
    cache.finish(run);
    let name = || {
        let edited =
            cache.store.edited_blocking(&cache.home, &EditQuery::of_items(MOVIES, vec![ContentId(1)])).unwrap();
        edited[0].local(EditField::Name).cloned()
    };
    assert_eq!(name(), None);
    let log = cache.store.feed_page_blocking(&cache.home, 0, 100).unwrap().changes;
    assert_eq!(log.last().unwrap().change, LoggedChange::Overruled);
    let lease = cache.store.lease_blocking(&cache.home).unwrap();
    let request = UndoRequest { fence: Some(lease.fence), run: None, kinds: vec![MOVIES], at: 2_000 };
    assert!(matches!(cache.store.undo_blocking(&cache.home, &request).unwrap(), UndoOutcome::Done(_)));
    assert_eq!(name(), Some(text("Mine")));
    let shown = "SELECT name AS line FROM xtream_movies_shown WHERE stream_id=1";
    assert_eq!(cache.sql(shown), ["Mine"]);
    assert!(
        cache
            .store
            .inspect_blocking(None)
            .unwrap()
            .findings
            .iter()
            .all(|it| it.inconsistency.code() != "log_malformed")
    );
}

/// The check finds what other programs have written into the tables, and readers are not affected. How items are shown
/// is corrected.
#[tokio::test]
async fn foreign_values_are_found_by_a_check_and_do_no_harm() {
    let [of_edits, of_rules, of_shown] = ["edit_unreadable", "rule_unreadable", "shown_wrong"];
    for (sql, code) in [
        ("UPDATE xtream_edits SET field='colour' WHERE field='name'", of_edits),
        ("UPDATE xtream_edits SET local='' WHERE field='name'", of_edits),
        ("UPDATE xtream_edits SET local=x'ff' WHERE field='name'", of_edits),
        ("UPDATE xtream_edits SET local='[1]' WHERE field='category'", of_edits),
        ("UPDATE xtream_edits SET base='{' WHERE field='category'", of_edits),
        ("UPDATE xtream_edits SET edited_at='x'", of_edits),
        ("UPDATE xtream_edits SET content_id='x' WHERE field='name'", of_edits),
        ("DELETE FROM xtream_edited_items WHERE content_id=1", of_edits),
        ("DELETE FROM xtream_edits WHERE content_id=1", of_edits),
        ("UPDATE xtream_filters SET known_categories='{'", of_rules),
        ("UPDATE xtream_filter_rules SET action='hide'", of_rules),
        ("UPDATE xtream_filter_rules SET matches_by='regex', pattern='('", of_rules),
        ("INSERT INTO xtream_rewrite_rules VALUES ('home','movies',1,'(','')", of_rules),
        ("DELETE FROM xtream_shown", of_shown),
        ("UPDATE xtream_shown SET name='Other' WHERE content_id=1", of_shown),
        ("UPDATE xtream_shown SET hidden='x'", of_shown),
        ("UPDATE xtream_shown SET tags='x'", of_shown),
        ("UPDATE xtream_shown SET category_ids='['", of_shown),
        ("INSERT INTO xtream_shown (profile_id,kind,content_id) VALUES ('home','movies',77)", of_shown),
    ] {
        let cache = edited().await;
        cache.execute(sql);
        let seen = cache.store.inspect_blocking(None).unwrap();
        let codes: Vec<_> = seen.findings.iter().map(|finding| finding.inconsistency.code()).collect();
        assert!(codes.contains(&code), "{sql}: {codes:?}");
        for view in [View::SHOWN, View::ROWS] {
            cache.store.select_blocking(&cache.home, &Selection::of_kind(MOVIES, 10).seen(view)).unwrap();
            let page = sync_core::catalogue::PageRequest::first(10).seen(view);
            cache.store.page_blocking(&cache.home, MOVIES, &page).unwrap();
        }
        for id in 1..=5 {
            cache.store.item_blocking(&cache.home, MOVIES, ContentId(id), 5).unwrap().unwrap();
        }
        cache.store.edited_blocking(&cache.home, &EditQuery::all()).unwrap();
        edit(&cache, &[5], vec![EditOp::AddTag("a".to_owned())], 1_001).unwrap();
        let run = cache.start();
        cache.apply(vec![staged(movie(6), Change::Added)], run.commit(MOVIES)).await.unwrap();
        cache.finish(run);
        cache.store.mark(&cache.store.inspect_blocking(None).unwrap()).await.unwrap();
        let codes = cache.store.inspect_blocking(None).unwrap().findings;
        assert!(codes.iter().all(|finding| finding.inconsistency.code() != of_shown), "{sql}: {codes:?}");
    }
}

/// A change of rules keeps the rows that are no rules of this version, at positions that no rule uses.
#[tokio::test]
async fn a_change_of_rules_keeps_those_that_cant_be_read() {
    let cache = Cache::new();
    cache.load(1..=3).await;
    let add = |pattern| cache.store.change_rules_blocking(&cache.home, MOVIES, vec![exclude(pattern)]).unwrap();
    add("a");
    add("b");
    cache.execute("UPDATE xtream_filter_rules SET action='dim' WHERE pattern='a'");
    cache.execute("UPDATE xtream_filters SET otherwise='ask'");
    cache.execute("INSERT INTO xtream_rewrite_rules VALUES ('home','movies',1,'(','')");
    let rows = || cache.sql("SELECT position||' '||action||' '||pattern AS line FROM xtream_filter_rules ORDER BY 1");
    for (pattern, expected) in [
        ("c", &["-1 dim a", "1 exclude b", "2 exclude c"][..]),
        ("d", &["-1 dim a", "1 exclude b", "2 exclude c", "3 exclude d"]),
    ] {
        assert_eq!(add(pattern).filters[MOVIES].rules.len(), expected.len() - 1);
        assert_eq!(rows(), expected);
    }
    cache.execute("UPDATE xtream_filter_rules SET action='blink' WHERE position=2");
    cache.store.change_rules_blocking(&cache.home, MOVIES, vec![RuleChange::RemoveFilter(2)]).unwrap();
    assert_eq!(rows(), ["-1 dim a", "-2 blink c", "1 exclude b"]);
    cache.store.change_rules_blocking(&cache.home, MOVIES, vec![RuleChange::RemoveFilter(1)]).unwrap();
    assert_eq!(cache.sql("SELECT otherwise AS line FROM xtream_filters"), ["ask"]);
    assert_eq!(cache.sql("SELECT position||pattern AS line FROM xtream_rewrite_rules"), ["-1("]);
    cache.store.change_rules_blocking(&cache.home, MOVIES, vec![RuleChange::Otherwise(FilterAction::Exclude)]).unwrap();
    assert_eq!(cache.sql("SELECT otherwise AS line FROM xtream_filters"), ["exclude"]);
    let found = cache.store.inspect_blocking(None).unwrap().findings;
    assert!(found.iter().any(|finding| finding.inconsistency.code() == "rule_unreadable"));
}

/// "Edits survive the removal and the return of their items, and a clear."
#[tokio::test]
async fn edits_outlive_their_items() {
    let cache = edited().await;
    cache.store.clear_blocking(&cache.home).unwrap();
    assert_eq!(cache.table("xtream_shown").len(), 0);
    assert_eq!(cache.store.edit_counts_blocking(&cache.home).unwrap().edits, 4);
    cache.load(1..=3).await;
    let shown = "SELECT name AS line FROM xtream_movies_shown WHERE NOT hidden AND NOT excluded";
    assert_eq!(cache.sql(shown), ["Mine"]);
    cache.store.delete_content_by_ids(&cache.home, MOVIES, vec![ContentId(1)]).await.unwrap();
    assert_eq!((cache.sql(shown).len(), cache.store.edit_counts_blocking(&cache.home).unwrap().edits), (0, 4));
}

/// Counts the edits of the former cache that are not in the backup, or are newer than those of the backup.
#[tokio::test]
async fn a_restore_counts_the_edits_that_it_takes_back() {
    let cache = edited().await;
    let target = tempfile::tempdir().unwrap();
    let backup = target.path().join("backup.db");
    back_up(&cache.path(), &backup, false).await.unwrap();
    edit(&cache, &[1], vec![EditOp::Set(EditField::Name, text("Later"))], 2_000).unwrap();
    edit(&cache, &[4], vec![EditOp::AddTag("a".to_owned())], 2_000).unwrap();
    let Cache { store, home, folder } = cache;
    drop(store);
    let path = folder.path().join("cache.db");
    let restored = restore(&path, &backup).await.unwrap();
    assert_eq!(restored.newer_edits, 2);
    let store = SqliteStore::open(&path).unwrap();
    let edited = store.edited_blocking(&home, &EditQuery::all()).unwrap();
    assert_eq!(edited[0].local(EditField::Name), Some(&text("Mine")));
    let fresh = target.path().join("fresh.db");
    assert_eq!(restore(&fresh, &backup).await.unwrap().newer_edits, 0);
}

/// A sync of a profile without edits and rules writes nothing into the tables of the overlay.
#[tokio::test]
async fn a_profile_without_edits_has_empty_tables() {
    let cache = Cache::new();
    cache.load(1..=5).await;
    let tables = ["xtream_shown", "xtream_edits", "xtream_edited_items", "xtream_filters", "xtream_rewrite_rules"];
    assert_eq!(tables.map(|table| cache.table(table).len()), [0; 5]);
    assert_eq!(cache.store.edit_counts_blocking(&cache.home).unwrap().edits, 0);
    assert!(cache.store.edited_blocking(&cache.home, &EditQuery::all()).unwrap().is_empty());
}
