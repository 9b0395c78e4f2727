//! Cases of every [`Overlay`](crate::Overlay), and of how the other ports show its edits.

use tokio_util::sync::CancellationToken;

use super::overlay_rules::exclude;
use super::session::{Session, added, index_of, load};
use crate::detect::merge::Change;
use crate::feed::change::ChangeRecord;
use crate::feed::undo::{UndoOutcome, UndoRequest};
use crate::model::{ContentId, ContentKind, FieldSet};
use crate::overlay::{
    ConflictRule, ConflictRules, Edit, EditField, EditOp, EditValue, EditedItem, FilterBy, ImportReport, ItemIdentity,
    MatchBy,
};
use crate::ports::Cache;
use crate::ports::catalogue::{ItemState, PageRequest, Selection, Sort};
use crate::ports::overlay::{EditCounts, EditQuery, EditRequest, OverlayError, ResolveRequest};
use crate::ports::profiles::Profile;
use crate::ports::store::{Applied, ScopeCommit, StagedItem, StoreError};
use crate::testing::{ItemBuilder, category, movie, profile, staged};

pub(super) const MOVIES: ContentKind = ContentKind::Movies;

pub(super) fn text(text: &str) -> EditValue {
    EditValue::Text(text.to_owned())
}

pub(super) fn named(name: &str) -> Vec<EditOp> {
    vec![EditOp::Set(EditField::Name, text(name))]
}

pub(super) fn flag(field: EditField) -> EditOp {
    EditOp::Set(field, EditValue::Flag(true))
}

pub(super) fn fields(names: &[&str]) -> FieldSet {
    let mut fields = FieldSet::EMPTY;
    for name in names {
        fields.add(MOVIES.field(name).unwrap());
    }
    fields
}

pub(super) async fn edit<C: Cache>(cache: &C, ids: &[i64], ops: Vec<EditOp>) -> Vec<(i64, Vec<EditField>)> {
    let ids = ids.iter().copied().map(ContentId).collect();
    let changed = cache.edit(&profile("home"), EditRequest { kind: MOVIES, ids, ops, at: 2500 }).await.unwrap();
    changed.into_iter().map(|item| (item.id.0, item.changed)).collect()
}

pub(super) async fn edited<C: Cache>(cache: &C, id: i64) -> Option<EditedItem> {
    let query = EditQuery::of_items(MOVIES, vec![ContentId(id)]);
    cache.edited(&profile("home"), query).await.unwrap().pop()
}

/// Returns the names of the items of a list, as the list shows them.
pub(super) async fn names<C: Cache>(cache: &C, edit: impl FnOnce(Selection) -> Selection) -> Vec<String> {
    let selection = edit(Selection::of_kind(MOVIES, 50).sorted(Sort::Name));
    let selected = cache.select(&profile("home"), selection).await.unwrap();
    selected.rows.into_iter().map(|row| row.name).collect()
}

/// Loads these movies as the first listing.
pub(super) async fn listed<C: Cache>(cache: &C, items: Vec<ItemBuilder>) {
    let items: Vec<_> = items.into_iter().map(added).collect();
    let ids: Vec<_> = items.iter().map(|staged| staged.item.id().0).collect();
    let session = Session::start(cache, "home").await;
    let categories = Some(vec![category("1"), category("2")]);
    let commit = ScopeCommit { index: index_of(&ids), first_load: true, categories, ..session.commit(MOVIES) };
    session.apply(items, commit).await.unwrap();
    session.end().await;
}

/// Applies items in a run of their own. `ids` are the ids of all rows after the run.
pub(super) async fn applied<C: Cache>(
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

/// Applies a new panel name of a movie, and returns the findings of the apply.
pub(super) async fn renamed<C: Cache>(cache: &C, id: i64, name: &str, ids: &[i64]) -> Applied {
    let update = staged(movie(id).name(name), Change::Updated(fields(&["name"])));
    applied(cache, vec![update], ids, |commit| commit).await
}

pub(super) async fn changes<C: Cache>(cache: &C) -> Vec<ChangeRecord> {
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

/// An edit survives updates, removal, return, clear, deletion and another address. It is deleted with its profile.
pub async fn an_edit_survives_whatever_happens_to_its_item<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Ronin")]).await;
    edit(cache, &[1], vec![flag(EditField::Favourite), EditOp::Set(EditField::Name, text("Mine"))]).await;
    let before = edited(cache, 1).await;
    let home = profile("home");
    // The panel changes something else.
    let update = staged(movie(1).name("Heat").with("plot", "new"), Change::Updated(fields(&["plot"])));
    assert!(applied(cache, vec![update], &[1, 2], |commit| commit).await.is_empty());
    assert_eq!(edited(cache, 1).await, before);
    // The item is removed, and listed again.
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
    // The item is deleted by hand, and the panel gets another address.
    cache.delete_content_by_ids(&home, MOVIES, vec![ContentId(1)]).await.unwrap();
    let saved = Profile { base_url: Some("http://other.example".to_owned()), ..Profile::new(home.clone()) };
    cache.save_profile(&saved).await.unwrap();
    assert_eq!(edited(cache, 1).await, before);
    assert!(cache.remove_profile(&home).await.unwrap());
    cache.ensure_profile(&home).await.unwrap();
    assert_eq!(cache.edited(&home, EditQuery::all()).await.unwrap(), []);
}

/// Edits follow an item that is certainly the same. If an item may be the same, the move is offered.
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

/// Edits don't move to a copy that was already listed before, and not to an item that the user has declined.
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

/// An offer stays as long as the missing item and the rows with its name stay the same, even if edits of another item
/// have moved away.
pub async fn an_offer_stays_while_nothing_changes<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Ronin")]).await;
    edit(cache, &[1, 2], vec![flag(EditField::Hidden)]).await;
    let other = movie(12).name("Ronin").in_categories(&["2"]).with("category_id", "2");
    let gone = |commit| ScopeCommit { removals: vec![ContentId(1), ContentId(2)], ..commit };
    let told = applied(cache, vec![added(movie(11).name("Heat")), added(other)], &[11, 12], gone).await;
    let moves: Vec<_> = told.moves.iter().map(|it| (it.from.0, it.to.0, it.is_certain)).collect();
    assert_eq!(moves, [(1, 11, true), (2, 12, false)], "one is certain, and one is offered");
    let offered = Some((ContentId(12), "Ronin".to_owned()));
    for (id, ids) in [(21, &[11, 12, 21][..]), (22, &[11, 12, 21, 22])] {
        let told = applied(cache, vec![added(movie(id).name("Thief"))], ids, |commit| commit).await;
        assert_eq!((told.moves, edited(cache, 2).await.unwrap().maybe), (vec![], offered.clone()), "with {id}");
    }
    renamed(cache, 12, "Ronin 4K", &[11, 12, 21, 22]).await;
    assert_eq!(edited(cache, 2).await.unwrap().maybe, None, "no row has the name any more");
}

/// An edit that an undo brings back to an item without a row is recognised by the name in the log.
pub async fn an_edit_that_comes_back_without_its_item_has_a_name<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2).name("Ronin")]).await;
    edit(cache, &[2], named("Mine")).await;
    applied(cache, vec![], &[1], |commit| ScopeCommit { removals: vec![ContentId(2)], ..commit }).await;
    let told = applied(cache, vec![added(movie(2).name("Mine"))], &[1, 2], |commit| commit).await;
    assert_eq!((told.edits.len(), edited(cache, 2).await), (1, None), "it has converged");
    let home = profile("home");
    let lease = cache.lease(&home).await.unwrap();
    let request = UndoRequest { fence: Some(lease.fence), run: None, kinds: ContentKind::ALL.to_vec(), at: 5000 };
    let UndoOutcome::Done(_) = cache.undo(&home, request).await.unwrap() else { panic!("it can be undone") };
    assert_eq!(edited(cache, 2).await.unwrap().identity.name, "Mine");
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
    // An import ends no edit, whatever the rule is, and doesn't replace the edits of another item.
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

/// Edits and rules of one profile have no effect on another profile.
pub async fn edits_belong_to_one_profile<C: Cache>(cache: &C) {
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
pub async fn an_overlay_of_an_unknown_profile_is_an_error<C: Cache>(cache: &C) {
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
