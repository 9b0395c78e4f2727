//! What every [`Overlay`](crate::Overlay) has to do, and what the other ports have to do with it.

use tokio_util::sync::CancellationToken;

use super::session::{Session, added, index_of, load};
use crate::detect::merge::Change;
use crate::feed::change::{ChangeRecord, LoggedChange};
use crate::feed::undo::{UndoOutcome, UndoRequest};
use crate::model::{Category, CategoryId, ContentId, ContentKind, FieldSet, Value};
use crate::overlay::{
    ConflictRule, ConflictRules, Edit, EditField, EditOp, EditOutcome, EditValue, EditedItem, FilterAction, FilterBy,
    FilterRule, ImportReport, InvalidRule, ItemIdentity, MatchBy, NewCategories, PanelConflict, RewriteRule,
    RuleChange,
};
use crate::ports::Cache;
use crate::ports::catalogue::{Filter, ItemState, PageRequest, Selection, Sort, View};
use crate::ports::overlay::{EditCounts, EditQuery, EditRequest, OverlayError, ResolveRequest};
use crate::ports::profiles::Profile;
use crate::ports::store::{Applied, ScopeCommit, StagedItem, StoreError};
use crate::search::Words;
use crate::testing::{ItemBuilder, category, movie, profile, staged};

const MOVIES: ContentKind = ContentKind::Movies;

fn text(text: &str) -> EditValue {
    EditValue::Text(text.to_owned())
}

fn named(name: &str) -> Vec<EditOp> {
    vec![EditOp::Set(EditField::Name, text(name))]
}

fn flag(field: EditField) -> EditOp {
    EditOp::Set(field, EditValue::Flag(true))
}

fn fields(names: &[&str]) -> FieldSet {
    let mut fields = FieldSet::EMPTY;
    for name in names {
        fields.add(MOVIES.field(name).unwrap());
    }
    fields
}

async fn edit<C: Cache>(cache: &C, ids: &[i64], ops: Vec<EditOp>) -> Vec<(i64, Vec<EditField>)> {
    let ids = ids.iter().copied().map(ContentId).collect();
    let changed = cache.edit(&profile("home"), EditRequest { kind: MOVIES, ids, ops, at: 2500 }).await.unwrap();
    changed.into_iter().map(|item| (item.id.0, item.changed)).collect()
}

async fn edited<C: Cache>(cache: &C, id: i64) -> Option<EditedItem> {
    let query = EditQuery::of_items(MOVIES, vec![ContentId(id)]);
    cache.edited(&profile("home"), query).await.unwrap().pop()
}

/// The names of the items of a list, as it shows them.
async fn names<C: Cache>(cache: &C, edit: impl FnOnce(Selection) -> Selection) -> Vec<String> {
    let selection = edit(Selection::of_kind(MOVIES, 50).sorted(Sort::Name));
    let selected = cache.select(&profile("home"), selection).await.unwrap();
    selected.rows.into_iter().map(|row| row.name).collect()
}

/// Loads these movies as the first listing.
async fn listed<C: Cache>(cache: &C, items: Vec<ItemBuilder>) {
    let items: Vec<_> = items.into_iter().map(added).collect();
    let ids: Vec<_> = items.iter().map(|staged| staged.item.id().0).collect();
    let session = Session::start(cache, "home").await;
    let categories = Some(vec![category("1"), category("2")]);
    let commit = ScopeCommit { index: index_of(&ids), first_load: true, categories, ..session.commit(MOVIES) };
    session.apply(items, commit).await.unwrap();
    session.end().await;
}

/// Applies items in a run of their own; `ids` are the rows after it.
async fn applied<C: Cache>(
    cache: &C,
    items: Vec<StagedItem>,
    ids: &[i64],
    edit: impl FnOnce(ScopeCommit) -> ScopeCommit,
) -> Applied {
    let session = Session::resume(cache, &profile("home"), 3000).await;
    let commit = ScopeCommit { index: index_of(ids), asked_at: 3000, applied_at: 3500, ..session.commit(MOVIES) };
    let mut staging = session.staging(MOVIES).await;
    staging.put(items).await.unwrap();
    let applied = staging.apply(edit(commit), CancellationToken::new()).await.unwrap();
    session.end().await;
    applied
}

/// The panel renames a movie.
async fn renamed<C: Cache>(cache: &C, id: i64, name: &str, ids: &[i64]) -> Applied {
    let update = staged(movie(id).name(name), Change::Updated(fields(&["name"])));
    applied(cache, vec![update], ids, |commit| commit).await
}

async fn changes<C: Cache>(cache: &C) -> Vec<ChangeRecord> {
    cache.changes(&profile("home"), 0, 1000).await.unwrap()
}

/// An edit has the panel's value as its base, and ends when it is cleared.
pub async fn an_edit_is_read_back_and_ends<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Ronin")]).await;
    let ops = vec![
        flag(EditField::Favourite),
        EditOp::Set(EditField::Name, text("Mine")),
        EditOp::Set(EditField::Category, EditValue::list(["9", "quo\"te"]).unwrap()),
        EditOp::Set(EditField::Number, EditValue::Number(7)),
        EditOp::Set(EditField::Icon, text("http://me/a.png")),
        EditOp::Set(EditField::Note, text("two\nlines")),
        EditOp::AddTag("b".to_owned()),
        EditOp::AddTag("a".to_owned()),
        EditOp::Set(EditField::Position, EditValue::Number(0)),
        flag(EditField::Watched),
        EditOp::Set(EditField::LastWatched, EditValue::Number(99)),
    ];
    let fields: Vec<_> = EditField::ALL.into_iter().filter(|field| *field != EditField::Hidden).collect();
    assert_eq!(edit(cache, &[1], ops.clone()).await, [(1, fields.clone())]);
    assert_eq!(edit(cache, &[1], ops).await, [(1, vec![])], "nothing has changed");
    let item = edited(cache, 1).await.unwrap();
    assert_eq!(item.edits.iter().map(|edit| edit.field).collect::<Vec<_>>(), fields);
    let name = item.edit(EditField::Name).unwrap();
    let expected =
        Edit { field: EditField::Name, local: text("Mine"), base: Some(text("Heat")), edited_at: 2500, conflict: None };
    assert_eq!(*name, expected);
    assert_eq!(item.local(EditField::Category), EditValue::list(["9", "quo\"te"]).as_ref());
    assert_eq!(item.edit(EditField::Category).unwrap().base, EditValue::list(["1"]));
    assert_eq!(item.local(EditField::Tags), EditValue::list(["a", "b"]).as_ref());
    assert_eq!(item.local(EditField::Note), Some(&text("two\nlines")));
    assert_eq!((item.identity.name.as_str(), item.maybe), ("Heat", None));
    assert_eq!(cache.edit_counts(&profile("home")).await.unwrap(), EditCounts::new(10, 0, 0));
    assert_eq!(edit(cache, &[1], vec![EditOp::Clear(EditField::Note)]).await, [(1, vec![EditField::Note])]);
    edit(cache, &[1], vec![EditOp::ClearAll]).await;
    assert_eq!(edited(cache, 1).await, None);
    assert_eq!(cache.edit_counts(&profile("home")).await.unwrap(), EditCounts::default());
}

/// An unknown item and an invalid value leave everything as it was.
pub async fn several_items_are_edited_or_none<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1), movie(2)]).await;
    let home = profile("home");
    let request =
        |ids: &[i64], ops| EditRequest { kind: MOVIES, ids: ids.iter().copied().map(ContentId).collect(), ops, at: 1 };
    let failed = cache.edit(&home, request(&[1, 9, 2, 8], named("x"))).await;
    assert!(matches!(failed, Err(OverlayError::UnknownItems(ids)) if ids == [ContentId(9), ContentId(8)]));
    let long = EditOp::AddTag("x".repeat(1000));
    assert!(matches!(
        cache.edit(&home, request(&[1], vec![flag(EditField::Hidden), long])).await,
        Err(OverlayError::Invalid(_))
    ));
    assert_eq!(cache.edited(&home, EditQuery::all()).await.unwrap(), []);
    assert_eq!(edit(cache, &[2, 1], named("x")).await, [(2, vec![EditField::Name]), (1, vec![EditField::Name])]);
    let ids: Vec<_> = cache.edited(&home, EditQuery::all()).await.unwrap().iter().map(|item| item.id.0).collect();
    assert_eq!(ids, [1, 2]);
}

/// An edit survives updates, removal, return, clear, deletion and another address, and goes with its profile.
pub async fn an_edit_survives_whatever_happens_to_its_item<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Ronin")]).await;
    edit(cache, &[1], vec![flag(EditField::Favourite), EditOp::Set(EditField::Name, text("Mine"))]).await;
    let before = edited(cache, 1).await;
    let home = profile("home");
    // The panel changes something else.
    let update = staged(movie(1).name("Heat").with("plot", "new"), Change::Updated(fields(&["plot"])));
    assert!(applied(cache, vec![update], &[1, 2], |commit| commit).await.is_empty());
    assert_eq!(edited(cache, 1).await, before);
    // The item goes, and comes back.
    applied(cache, vec![], &[2], |commit| ScopeCommit { removals: vec![ContentId(1)], ..commit }).await;
    assert_eq!(edited(cache, 1).await, before);
    assert!(!names(cache, |all| all).await.contains(&"Mine".to_owned()));
    assert_eq!(edit(cache, &[1], vec![EditOp::Set(EditField::Note, text("gone"))]).await.len(), 1, "it has edits");
    edit(cache, &[1], vec![EditOp::Clear(EditField::Note)]).await;
    assert!(applied(cache, vec![added(movie(1).name("Heat"))], &[1, 2], |commit| commit).await.is_empty());
    assert_eq!(
        (edited(cache, 1).await, names(cache, |all| all).await),
        (before.clone(), vec!["Mine".to_owned(), "Ronin".to_owned()])
    );
    // The content is cleared, and loaded again.
    cache.clear(&home).await.unwrap();
    assert_eq!(edited(cache, 1).await, before);
    let known = cache.item(&home, MOVIES, ContentId(1), 0).await.unwrap().unwrap();
    assert_eq!((known.state, known.edited), (ItemState::Unlisted, before.clone()));
    let items = vec![added(movie(1).name("Heat")), added(movie(2).name("Ronin"))];
    applied(cache, items, &[1, 2], |commit| ScopeCommit { first_load: true, ..commit }).await;
    assert_eq!((edited(cache, 1).await, names(cache, |all| all).await[0].as_str()), (before.clone(), "Mine"));
    // It is deleted by hand, and the panel has another address.
    cache.delete_content_by_ids(&home, MOVIES, vec![ContentId(1)]).await.unwrap();
    let saved = Profile { base_url: Some("http://other.example".to_owned()), ..Profile::new(home.clone()) };
    cache.save_profile(&saved).await.unwrap();
    assert_eq!(edited(cache, 1).await, before);
    assert!(cache.remove_profile(&home).await.unwrap());
    cache.ensure_profile(&home).await.unwrap();
    assert_eq!(cache.edited(&home, EditQuery::all()).await.unwrap(), []);
}

/// A conflict is told once, and ends when the panel has the base again. Only compared fields conflict.
pub async fn another_value_of_the_panel_is_a_conflict<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2)]).await;
    edit(
        cache,
        &[1],
        vec![EditOp::Set(EditField::Name, text("Mine")), EditOp::Set(EditField::Number, EditValue::Number(5))],
    )
    .await;
    let told = renamed(cache, 1, "Heat 4K", &[1, 2]).await;
    assert_eq!(told.edits.len(), 1);
    let event = &told.edits[0];
    assert_eq!((event.id, event.field, event.outcome), (ContentId(1), EditField::Name, EditOutcome::Conflicts));
    assert_eq!((event.name.as_str(), &event.local, &event.panel), ("Heat 4K", &text("Mine"), &Some(text("Heat 4K"))));
    let item = edited(cache, 1).await.unwrap();
    let conflict = PanelConflict { panel: Some(text("Heat 4K")), since: 3000 };
    let name = item.edit(EditField::Name).unwrap();
    assert_eq!((&name.base, &name.conflict), (&Some(text("Heat")), &Some(conflict)));
    assert_eq!(names(cache, |all| all).await[0], "Mine", "the user's value is shown");
    let home = profile("home");
    assert_eq!(cache.edit_counts(&home).await.unwrap(), EditCounts::new(2, 1, 0));
    assert_eq!(cache.edited(&home, EditQuery::conflicts()).await.unwrap(), [item]);
    // A further value is no news, and the old one ends the conflict.
    assert!(renamed(cache, 1, "Heat 8K", &[1, 2]).await.is_empty());
    let name = edited(cache, 1).await.unwrap();
    let conflict = PanelConflict { panel: Some(text("Heat 8K")), since: 3000 };
    assert_eq!(name.edit(EditField::Name).unwrap().conflict, Some(conflict));
    assert!(renamed(cache, 1, "Heat", &[1, 2]).await.is_empty());
    assert_eq!(cache.edit_counts(&home).await.unwrap(), EditCounts::new(2, 0, 0));
    // A field that is not compared, or did not change, is no conflict.
    let update = staged(movie(1).name("Other"), Change::Updated(fields(&["plot"])));
    assert!(applied(cache, vec![update], &[1, 2], |commit| commit).await.is_empty());
    let compared = FieldSet::EMPTY;
    applied(cache, vec![], &[2], |commit| ScopeCommit { removals: vec![ContentId(1)], ..commit }).await;
    let back = vec![added(movie(1).name("Other"))];
    assert!(applied(cache, back, &[1, 2], |commit| ScopeCommit { compared, ..commit }).await.is_empty());
    assert_eq!(cache.edit_counts(&home).await.unwrap(), EditCounts::new(2, 0, 0));
}

/// An edit that the panel has taken over ends, and the feed tells so.
pub async fn the_users_value_at_the_panel_ends_the_edit<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2)]).await;
    edit(cache, &[1], named("Mine")).await;
    let told = renamed(cache, 1, "Mine", &[1, 2]).await;
    assert_eq!(told.edits.iter().map(|event| event.outcome).collect::<Vec<_>>(), [EditOutcome::Converged]);
    assert_eq!(edited(cache, 1).await, None);
    let last = changes(cache).await.pop().unwrap();
    assert_eq!(
        (last.change, last.id, last.name.as_deref()),
        (LoggedChange::Converged, Some(ContentId(1)), Some("Mine"))
    );
    assert!(last.run.is_some() && last.at == 3500);
    let columns = last.columns.unwrap();
    let mine = Value::Text("Mine".into());
    assert_eq!((columns.len(), columns[0].column, &columns[0].before, &columns[0].after), (1, "name", &mine, &mine));
}

/// The rules of a profile end edits or keep them.
pub async fn the_rule_of_the_profile_decides<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("One"), movie(2).name("Two"), movie(3).name("Three")]).await;
    let home = profile("home");
    let ruled = |conflicts| Profile { conflicts, ..Profile::new(home.clone()) };
    cache.save_profile(&ruled(ConflictRules::all(ConflictRule::TakePanel))).await.unwrap();
    assert_eq!(cache.profile(&home).await.unwrap().unwrap().conflicts.name, ConflictRule::TakePanel);
    edit(cache, &[1, 2], vec![EditOp::Set(EditField::Name, text("Mine")), flag(EditField::Favourite)]).await;
    let told = renamed(cache, 1, "Uno", &[1, 2, 3]).await;
    assert_eq!(told.edits[0].outcome, EditOutcome::Overruled);
    assert_eq!(
        edited(cache, 1).await.unwrap().edits.iter().map(|edit| edit.field).collect::<Vec<_>>(),
        [EditField::Favourite]
    );
    let last = changes(cache).await.pop().unwrap();
    assert_eq!(last.change, LoggedChange::Overruled);
    let column = &last.columns.unwrap()[0];
    assert_eq!((&column.before, &column.after), (&Value::Text("Mine".into()), &Value::Text("Uno".into())));
    cache.save_profile(&ruled(ConflictRules::all(ConflictRule::Newest))).await.unwrap();
    // The edit is of 2500, and the listing was asked for at 3000, or before the edit.
    let update = || vec![staged(movie(2).name("Due"), Change::Updated(fields(&["name"])))];
    let told = applied(cache, update(), &[1, 2, 3], |commit| ScopeCommit { asked_at: 2400, ..commit }).await;
    assert_eq!(told.edits[0].outcome, EditOutcome::Conflicts);
    assert!(
        renamed(cache, 2, "Zwei", &[1, 2, 3]).await.edits.iter().all(|event| event.outcome == EditOutcome::Overruled)
    );
    assert_eq!(edited(cache, 2).await.unwrap().edit(EditField::Name), None);
}

/// To keep the user's value makes the panel's the base; to take the panel's ends the edit.
pub async fn an_answer_ends_a_conflict<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("One"), movie(2).name("Two")]).await;
    edit(cache, &[1, 2], named("Mine")).await;
    renamed(cache, 1, "Uno", &[1, 2]).await;
    renamed(cache, 2, "Due", &[1, 2]).await;
    let home = profile("home");
    let answer = |ids: Option<&[i64]>, take_panel| {
        let ids = ids.map(|ids| ids.iter().copied().map(ContentId).collect());
        ResolveRequest { kind: None, ids, take_panel, at: 4000 }
    };
    let failed = cache.resolve(&home, answer(Some(&[1, 7]), false)).await;
    assert!(matches!(failed, Err(OverlayError::UnknownItems(ids)) if ids == [ContentId(7)]));
    let resolved = cache.resolve(&home, answer(Some(&[1]), false)).await.unwrap();
    assert_eq!((resolved.len(), &resolved[0].changed[..]), (1, &[EditField::Name][..]));
    let name = edited(cache, 1).await.unwrap();
    let name = name.edit(EditField::Name).unwrap();
    assert_eq!((&name.local, &name.base, &name.conflict), (&text("Mine"), &Some(text("Uno")), &None));
    let resolved = cache.resolve(&home, answer(None, true)).await.unwrap();
    assert_eq!(resolved.iter().map(|item| item.id.0).collect::<Vec<_>>(), [2]);
    assert_eq!(
        (edited(cache, 2).await, names(cache, |all| all).await),
        (None, vec!["Due".to_owned(), "Mine".to_owned()])
    );
    assert_eq!(cache.resolve(&home, answer(None, true)).await.unwrap(), []);
}

/// Edits follow an item that is certainly the same, and are offered one that may be.
pub async fn edits_follow_an_item_to_another_id<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Ronin"), movie(3).name("Ronin")]).await;
    edit(cache, &[1, 2], vec![flag(EditField::Favourite), EditOp::Set(EditField::Note, text("n"))]).await;
    edit(cache, &[3], vec![flag(EditField::Hidden)]).await;
    let items = vec![added(movie(11).name("Heat")), added(movie(12).name("Ronin"))];
    let gone = vec![ContentId(1), ContentId(2), ContentId(3)];
    let told = applied(cache, items, &[11, 12], |commit| ScopeCommit { removals: gone, ..commit }).await;
    let moves: Vec<_> = told.moves.iter().map(|it| (it.from.0, it.to.0, it.is_certain)).collect();
    assert_eq!(moves, [(1, 11, true), (2, 12, false), (3, 12, false)], "one of two may be the new one");
    assert_eq!(edited(cache, 1).await, None);
    assert_eq!(edited(cache, 11).await.unwrap().edits.len(), 2);
    assert_eq!(edited(cache, 2).await.unwrap().maybe, Some((ContentId(12), "Ronin".to_owned())));
    let home = profile("home");
    assert_eq!(cache.edit_counts(&home).await.unwrap(), EditCounts::new(5, 0, 2));
    let answer =
        |id, take_panel| ResolveRequest { kind: Some(MOVIES), ids: Some(vec![ContentId(id)]), take_panel, at: 9 };
    cache.resolve(&home, answer(3, false)).await.unwrap();
    cache.resolve(&home, answer(2, true)).await.unwrap();
    assert_eq!((edited(cache, 2).await, edited(cache, 12).await.unwrap().edits.len()), (None, 2));
    let declined = edited(cache, 3).await.unwrap();
    assert_eq!((declined.maybe, declined.declined, declined.edits.len()), (None, Some(ContentId(12)), 1));
    // A held row is not listed either. When it is listed again, the edits go back.
    let items = vec![added(movie(21).name("Heat"))];
    let held =
        |commit: ScopeCommit| ScopeCommit { held: Some(vec![super::session::held_one(11, commit.run)]), ..commit };
    applied(cache, items, &[21, 12, 11], held).await;
    assert_eq!((edited(cache, 11).await, edited(cache, 21).await.unwrap().edits.len()), (None, 2));
    let back = |commit: ScopeCommit| ScopeCommit { held: Some(Vec::new()), removals: vec![ContentId(21)], ..commit };
    applied(cache, vec![], &[11, 12], back).await;
    assert_eq!((edited(cache, 21).await, edited(cache, 11).await.unwrap().edits.len()), (None, 2));
}

/// Edits don't move to a copy that was listed all along, and not to an item that was declined.
pub async fn edits_stay_away_from_a_copy<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Heat"), movie(3).name("Ronin")]).await;
    edit(cache, &[1, 3], vec![flag(EditField::Hidden)]).await;
    let told = applied(cache, vec![], &[2, 3], |commit| ScopeCommit { removals: vec![ContentId(1)], ..commit }).await;
    assert_eq!(told.moves, [], "the copy was listed all along");
    assert_eq!((edited(cache, 1).await.unwrap().edits.len(), edited(cache, 2).await), (1, None));
    let gone = |commit| ScopeCommit { removals: vec![ContentId(3)], ..commit };
    applied(cache, vec![added(movie(4).name("Ronin").in_categories(&["7"]).with("category_id", "7"))], &[2, 4], gone)
        .await;
    assert_eq!(edited(cache, 3).await.unwrap().maybe, Some((ContentId(4), "Ronin".to_owned())));
    let declined = ResolveRequest { kind: None, ids: Some(vec![ContentId(3)]), take_panel: false, at: 9 };
    cache.resolve(&profile("home"), declined).await.unwrap();
    let same = movie(4).name("Ronin").in_categories(&["1"]).with("category_id", "1");
    let update = staged(same, Change::Updated(fields(&["category_ids", "category_id"])));
    assert!(applied(cache, vec![update], &[2, 4], |commit| commit).await.moves.is_empty());
    assert_eq!((edited(cache, 3).await.unwrap().edits.len(), edited(cache, 4).await), (1, None));
}

/// Lists, pages and items are shown as the edits say, unless the view asks for the panel's values.
pub async fn lists_show_what_the_user_wants<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("One"), movie(2).name("Two"), movie(3).name("Three"), movie(4).name("Four")])
        .await;
    edit(cache, &[1], vec![EditOp::Set(EditField::Name, text("Alpha")), flag(EditField::Favourite)]).await;
    edit(cache, &[2], vec![flag(EditField::Hidden), EditOp::AddTag("kids".to_owned())]).await;
    edit(
        cache,
        &[3],
        vec![EditOp::Set(EditField::Category, EditValue::list(["2"]).unwrap()), EditOp::AddTag("kids".to_owned())],
    )
    .await;
    assert_eq!(names(cache, |all| all).await, ["Alpha", "Four", "Three"]);
    assert_eq!(
        names(cache, |all| all.seen(View { hidden: true, ..View::SHOWN })).await,
        ["Alpha", "Four", "Three", "Two"]
    );
    assert_eq!(names(cache, |all| all.seen(View { panel: true, ..View::SHOWN })).await, ["Four", "One", "Three"]);
    assert_eq!(names(cache, |all| all.seen(View::ROWS)).await, ["Four", "One", "Three", "Two"]);
    let with = |filter| names(cache, |all| all.filtered(filter));
    assert_eq!(with(Filter::none().only_favourites()).await, ["Alpha"]);
    assert_eq!(with(Filter::none().tagged("kids")).await, ["Three"]);
    assert_eq!(with(Filter::none().in_category(MOVIES, CategoryId("2".to_owned()))).await, ["Three"]);
    assert_eq!(with(Filter::none().in_category(MOVIES, CategoryId("1".to_owned()))).await, ["Alpha", "Four"]);
    let home = profile("home");
    // In the panel's order, and on its first page.
    for limit in [2, 50] {
        let page = cache.select(&home, Selection::of_kind(MOVIES, limit)).await.unwrap();
        let shown: Vec<_> = page.rows.iter().map(|row| (row.id.0, row.favourite, row.hidden)).collect();
        assert_eq!(shown, [(1, true, false), (3, false, false), (4, false, false)][..shown.len()]);
        assert_eq!(shown.len(), usize::min(limit as usize, 3));
    }
    let page = cache.page(&home, MOVIES, PageRequest::first(9)).await.unwrap();
    let shown: Vec<_> = page.items.iter().map(|item| (item.id().0, item.name(), item.category_id())).collect();
    assert_eq!(shown, [(1, "Alpha", Some("1")), (3, "Three", Some("2")), (4, "Four", Some("1"))]);
    let page = cache.page(&home, MOVIES, PageRequest::first(9).within(CategoryId("2".to_owned()))).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let page = cache.page(&home, MOVIES, PageRequest::first(9).seen(View::ROWS)).await.unwrap();
    assert_eq!(page.items.iter().map(crate::model::Item::name).collect::<Vec<_>>(), ["One", "Two", "Three", "Four"]);
    let known = cache.item(&home, MOVIES, ContentId(2), 0).await.unwrap().unwrap();
    assert!(known.shown.hidden && known.shown.tags == ["kids"] && known.edited.is_some());
    let ItemState::Present { item, .. } = known.state else { panic!("it is there") };
    assert_eq!(item.name(), "Two", "the row is the panel's");
}

/// A search finds edited and rewritten names.
pub async fn a_search_finds_the_users_names<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("FR| Heat"), movie(2).name("FR| Ronin"), movie(3).name("Thief")]).await;
    let find = async |words: &str| {
        let selected = cache.select(&profile("home"), Selection::of_words(Words::new(words), 9)).await.unwrap();
        selected.rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    edit(cache, &[3], named("Violent Streets")).await;
    assert_eq!(find("violent").await, ["Violent Streets"]);
    assert!(find("thief").await.is_empty());
    let rule = RewriteRule { pattern: r"^FR\| ".to_owned(), replacement: String::new() };
    let change = vec![RuleChange::AddRewrite(rule, None)];
    cache.change_rules(&profile("home"), MOVIES, change).await.unwrap();
    assert_eq!((find("heat").await, find("fr").await.len()), (vec!["Heat".to_owned()], 0));
    assert_eq!(names(cache, |all| all).await, ["Heat", "Ronin", "Violent Streets"]);
    let update = staged(movie(2).name("FR| Ronin 2"), Change::Updated(fields(&["name"])));
    applied(cache, vec![update, added(movie(4).name("FR| Collateral"))], &[1, 2, 3, 4], |commit| commit).await;
    assert_eq!(
        (find("ronin 2").await, find("collateral").await),
        (vec!["Ronin 2".to_owned()], vec!["Collateral".to_owned()])
    );
    cache.change_rules(&profile("home"), MOVIES, vec![RuleChange::RemoveRewrite(1)]).await.unwrap();
    edit(cache, &[3], vec![EditOp::Clear(EditField::Name)]).await;
    assert_eq!(find("fr").await.len(), 3);
    assert_eq!(find("thief").await, ["Thief"]);
}

fn exclude(by: FilterBy, matches: MatchBy, pattern: &str) -> RuleChange {
    let rule = FilterRule { action: FilterAction::Exclude, by, matches, pattern: pattern.to_owned() };
    RuleChange::AddFilter(rule, None)
}

/// A filter shapes lists and pages, and neither rows nor counts.
pub async fn a_filter_leaves_items_out_and_keeps_rows<C: Cache>(cache: &C) {
    let films = vec![
        movie(1).name("Heat").in_categories(&["1"]),
        movie(2).name("XXX Heat").in_categories(&["1", "2"]),
        movie(3).name("Ronin").in_categories(&["2"]),
    ];
    listed(cache, films).await;
    let home = profile("home");
    let rules = cache.change_rules(&home, MOVIES, vec![exclude(FilterBy::Name, MatchBy::Glob, "xxx*")]).await.unwrap();
    assert_eq!(cache.rules(&home).await.unwrap(), rules);
    assert_eq!(rules.filters[MOVIES].known_categories.as_ref().unwrap().len(), 2);
    assert_eq!(names(cache, |all| all).await, ["Heat", "Ronin"]);
    assert_eq!(
        names(cache, |all| all.seen(View { excluded: true, ..View::SHOWN })).await,
        ["Heat", "Ronin", "XXX Heat"]
    );
    assert_eq!(cache.page(&home, MOVIES, PageRequest::first(9)).await.unwrap().items.len(), 2);
    assert_eq!(cache.get_content_ids(&home, MOVIES).await.unwrap().len(), 3);
    assert_eq!(cache.sized_categories(&home, MOVIES).await.unwrap()[0].items, 2, "counts are of rows");
    assert!(cache.item(&home, MOVIES, ContentId(2), 0).await.unwrap().unwrap().shown.excluded);
    // What comes and what changes is judged with the rows, and a renamed category by its new name.
    applied(cache, vec![added(movie(4).name("XXX Four"))], &[1, 2, 3, 4], |commit| commit).await;
    assert_eq!(names(cache, |all| all).await, ["Heat", "Ronin"]);
    renamed(cache, 4, "Four", &[1, 2, 3, 4]).await;
    assert_eq!(names(cache, |all| all).await, ["Four", "Heat", "Ronin"]);
    cache
        .change_rules(
            &home,
            MOVIES,
            vec![RuleChange::RemoveFilter(1), exclude(FilterBy::Category, MatchBy::Name, "Adults")],
        )
        .await
        .unwrap();
    assert_eq!(names(cache, |all| all).await.len(), 4);
    let adults = Category { name: "ADULTS".to_owned(), ..category("2") };
    applied(cache, vec![], &[1, 2, 3, 4], |commit| ScopeCommit {
        categories: Some(vec![category("1"), adults]),
        ..commit
    })
    .await;
    assert_eq!(names(cache, |all| all).await, ["Four", "Heat"]);
    // An unusable change changes nothing.
    let wrong = vec![RuleChange::RemoveFilter(1), RuleChange::RemoveFilter(1)];
    let failed = cache.change_rules(&home, MOVIES, wrong).await;
    assert!(matches!(failed, Err(OverlayError::Rule(InvalidRule::NoRule(1)))));
    assert_eq!(names(cache, |all| all).await, ["Four", "Heat"]);
    cache.clear(&home).await.unwrap();
    assert_eq!(cache.rules(&home).await.unwrap().filters[MOVIES].rules.len(), 1, "rules survive a clear");
}

/// A category that is new to a filter is told once, if the filter says so.
pub async fn new_categories_are_told_once<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).in_categories(&["1"])]).await;
    let home = profile("home");
    let changes =
        vec![exclude(FilterBy::Name, MatchBy::Name, "x"), RuleChange::NewCategories(NewCategories::IncludeAndTell)];
    cache.change_rules(&home, MOVIES, changes).await.unwrap();
    let sync = async |ids: &[&str], items: Vec<StagedItem>, rows: &[i64]| {
        let categories = Some(ids.iter().map(|id| category(id)).collect());
        let told = applied(cache, items, rows, |commit| ScopeCommit { categories, ..commit }).await;
        told.new_categories.into_iter().map(|it| it.id.0).collect::<Vec<_>>()
    };
    assert_eq!(sync(&["1", "2", "9"], vec![], &[1]).await, ["9"]);
    assert!(sync(&["1", "2", "9"], vec![], &[1]).await.is_empty());
    assert!(sync(&["1", "2"], vec![], &[1]).await.is_empty());
    assert!(sync(&["1", "2", "9"], vec![], &[1]).await.is_empty(), "it came back");
    cache.change_rules(&home, MOVIES, vec![RuleChange::NewCategories(NewCategories::Exclude)]).await.unwrap();
    let items = vec![
        added(movie(2).name("New").in_categories(&["9"])),
        added(movie(3).name("Both").in_categories(&["1", "9"])),
    ];
    assert!(sync(&["1", "2", "9"], items, &[1, 2, 3]).await.is_empty());
    assert!(!names(cache, |all| all).await.contains(&"New".to_owned()));
    assert!(names(cache, |all| all).await.contains(&"Both".to_owned()));
}

/// A filter that is made before the first list takes the categories of that list for known.
pub async fn a_filter_before_the_first_list_knows_its_categories<C: Cache>(cache: &C) {
    let home = profile("home");
    cache.ensure_profile(&home).await.unwrap();
    let changes = vec![exclude(FilterBy::Name, MatchBy::Name, "x"), RuleChange::NewCategories(NewCategories::Exclude)];
    let rules = cache.change_rules(&home, MOVIES, changes).await.unwrap();
    assert_eq!(rules.filters[MOVIES].known_categories, None);
    listed(cache, vec![movie(1).name("Heat").in_categories(&["1"])]).await;
    let known = cache.rules(&home).await.unwrap().filters[MOVIES].known_categories.clone();
    assert_eq!(known.unwrap().len(), 2);
    assert_eq!(names(cache, |all| all).await, ["Heat"]);
}

/// An undo takes back the end of an edit as well.
pub async fn an_undo_brings_ended_edits_back<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Ronin"), movie(3).name("Thief")]).await;
    edit(cache, &[1], named("Mine")).await;
    edit(cache, &[2], named("Other")).await;
    edit(cache, &[3], vec![flag(EditField::Favourite)]).await;
    let items = vec![
        staged(movie(1).name("Mine"), Change::Updated(fields(&["name"]))),
        staged(movie(2).name("Ronin 4K"), Change::Updated(fields(&["name"]))),
        added(movie(13).name("Thief")),
    ];
    let told =
        applied(cache, items, &[1, 2, 13], |commit| ScopeCommit { removals: vec![ContentId(3)], ..commit }).await;
    assert_eq!((told.edits.len(), told.moves.len()), (2, 1));
    let home = profile("home");
    let lease = cache.lease(&home).await.unwrap();
    let request = UndoRequest { fence: Some(lease.fence), run: None, kinds: ContentKind::ALL.to_vec(), at: 5000 };
    let UndoOutcome::Done(report) = cache.undo(&home, request).await.unwrap() else { panic!("it can be undone") };
    let counts = report.kinds[MOVIES].unwrap();
    assert_eq!((counts.updated, counts.added, counts.removed), (2, 1, 1), "edits are no changes of rows");
    let name = edited(cache, 1).await.unwrap();
    let name = name.edit(EditField::Name).unwrap();
    assert_eq!((&name.local, &name.base), (&text("Mine"), &Some(text("Heat"))));
    assert_eq!(edited(cache, 2).await.unwrap().edit(EditField::Name).unwrap().conflict, None);
    assert_eq!(names(cache, |all| all).await, ["Mine", "Other", "Thief"]);
    assert!(edited(cache, 3).await.is_some() && edited(cache, 13).await.is_none(), "a move is taken back as well");
}

/// An import finds its items by id or name, and keeps later edits.
pub async fn an_import_finds_its_items<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Ronin"), movie(3).name("Thief")]).await;
    edit(cache, &[1], vec![EditOp::Set(EditField::Note, text("newer")), flag(EditField::Hidden)]).await;
    let item = |id, name: &str, field, local, edited_at| {
        let identity = ItemIdentity { name: name.to_owned(), tmdb_id: None, category_id: Some("1".to_owned()) };
        let edits = vec![Edit { field, local, base: None, edited_at, conflict: None }];
        EditedItem { edits, ..EditedItem::new(MOVIES, ContentId(id), identity) }
    };
    let items = vec![
        item(1, "Heat", EditField::Note, text("older"), 5),
        item(72, "Ronin", EditField::Favourite, EditValue::Flag(true), 5),
        item(90, "Nowhere", EditField::Favourite, EditValue::Flag(true), 5),
        item(3, "Thief", EditField::Name, text("Mine"), 5),
    ];
    let home = profile("home");
    let report = cache.import(&home, items.clone(), 4000).await.unwrap();
    assert_eq!(report, ImportReport { matched_by_id: 2, matched_by_name: 1, unmatched: 1, superseded: 1 });
    let local = async |id, field| edited(cache, id).await.and_then(|item| item.local(field).cloned());
    assert_eq!(local(1, EditField::Note).await, Some(text("newer")));
    assert_eq!(local(2, EditField::Favourite).await, Some(EditValue::Flag(true)));
    assert_eq!(local(90, EditField::Favourite).await, Some(EditValue::Flag(true)), "it waits for its item");
    assert_eq!(names(cache, |all| all).await, ["Mine", "Ronin"]);
    let before = cache.edited(&home, EditQuery::all()).await.unwrap();
    let report = cache.import(&home, before.clone(), 4001).await.unwrap();
    assert_eq!((report.superseded, cache.edited(&home, EditQuery::all()).await.unwrap()), (0, before));
    // An import ends no edit, whatever the rule, and takes no other item's place.
    let conflicts = ConflictRules::all(ConflictRule::TakePanel);
    cache.save_profile(&Profile { conflicts, ..Profile::new(home.clone()) }).await.unwrap();
    let mut other = item(2, "Ronin", EditField::Name, text("Theirs"), 5);
    other.edits[0].base = Some(text("Ronin HD"));
    let stranger = EditedItem {
        identity: ItemIdentity { name: "Casablanca".to_owned(), tmdb_id: None, category_id: Some("9".to_owned()) },
        ..item(1, "", EditField::Number, EditValue::Number(5), 5)
    };
    let report = cache.import(&home, vec![other, stranger], 4003).await.unwrap();
    assert_eq!((report.matched_by_id, report.unmatched), (1, 1));
    assert_eq!(local(2, EditField::Name).await, Some(text("Theirs")));
    assert_eq!(local(1, EditField::Number).await, None);
    let wrong = vec![item(1, "Heat", EditField::Note, EditValue::Number(5), 9)];
    assert!(matches!(cache.import(&home, wrong, 4002).await, Err(OverlayError::Invalid(_))));
}

/// Edits and rules of a profile change nothing of another one.
pub async fn edits_are_of_one_profile<C: Cache>(cache: &C) {
    load(cache, "home", &[1]).await.end().await;
    load(cache, "away", &[1]).await.end().await;
    edit(cache, &[1], named("Mine")).await;
    cache.change_rules(&profile("home"), MOVIES, vec![exclude(FilterBy::Name, MatchBy::Glob, "*")]).await.unwrap();
    let away = profile("away");
    assert_eq!(cache.edited(&away, EditQuery::all()).await.unwrap(), []);
    assert!(cache.rules(&away).await.unwrap().is_empty(MOVIES));
    assert_eq!(cache.page(&away, MOVIES, PageRequest::first(9)).await.unwrap().items.len(), 1);
    assert_eq!(cache.page(&profile("home"), MOVIES, PageRequest::first(9)).await.unwrap().items, []);
    let named = cache.named_items(&profile("home"), MOVIES).await.unwrap();
    assert_eq!((named.len(), named[0].id), (1, ContentId(1)));
    assert!(named[0].name != "Mine" && !named[0].categories.is_empty(), "rules look at the panel's values");
}

/// A profile that does not exist is an error.
pub async fn an_overlay_of_nobody_is_told<C: Cache>(cache: &C) {
    load(cache, "home", &[1]).await.end().await;
    let nobody = profile("nobody");
    let is_unknown = |error: &StoreError| matches!(error, StoreError::UnknownProfile(_));
    let of_store = |error: &OverlayError| matches!(error, OverlayError::Store(StoreError::UnknownProfile(_)));
    assert!(cache.edited(&nobody, EditQuery::all()).await.is_err_and(|error| is_unknown(&error)));
    assert!(cache.edit_counts(&nobody).await.is_err_and(|error| is_unknown(&error)));
    assert!(cache.rules(&nobody).await.is_err_and(|error| is_unknown(&error)));
    assert!(cache.named_items(&nobody, MOVIES).await.is_err_and(|error| is_unknown(&error)));
    let request = EditRequest { kind: MOVIES, ids: vec![ContentId(1)], ops: named("x"), at: 1 };
    assert!(cache.edit(&nobody, request).await.is_err_and(|error| of_store(&error)));
    let answer = ResolveRequest { kind: None, ids: None, take_panel: true, at: 1 };
    assert!(cache.resolve(&nobody, answer).await.is_err_and(|error| of_store(&error)));
    assert!(cache.change_rules(&nobody, MOVIES, Vec::new()).await.is_err_and(|error| of_store(&error)));
    assert!(cache.import(&nobody, Vec::new(), 1).await.is_err_and(|error| of_store(&error)));
}
