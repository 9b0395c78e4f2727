//! Cases of the feed and of undo.

use std::sync::Arc;

use super::session::{Session, added, held_one, index_of, load};
use crate::detect::merge::Change;
use crate::feed::change::{ChangeRecord, LoggedChange, TakenBack};
use crate::feed::undo::{Refused, UndoCounts, UndoOutcome, UndoRefusal, UndoReport, UndoRequest};
use crate::model::{ContentId, ContentKind, FieldSet, Item, Value};
use crate::ports::Cache;
use crate::ports::store::{RunEnd, ScopeCommit, StoreError};
use crate::removal::guard::{Doubt, HoldReason, Loss};
use crate::removal::held::HeldRemoval;
use crate::run::options::Retention;
use crate::run::record::{RunId, RunStatus, Trigger};
use crate::testing::{category, movie, profile, staged};

const MOVIES: ContentKind = ContentKind::Movies;
const DAY: i64 = 86_400;

fn fields(names: &[&str]) -> FieldSet {
    let mut set = FieldSet::EMPTY;
    for name in names {
        set.add(MOVIES.field(name).unwrap());
    }
    set
}

/// Returns the values of a column of an entry, before and after the change.
fn values<'a>(change: &'a ChangeRecord, column: &str) -> Option<(&'a Value, &'a Value)> {
    let found = change.columns.as_ref()?.iter().find(|it| it.column == column)?;
    Some((&found.before, &found.after))
}

async fn entries<C: Cache>(cache: &C, after: i64) -> Vec<ChangeRecord> {
    cache.feed_page(&profile("home"), after, 1000).await.unwrap().changes
}

/// Loads 1 to 4. Then, in a second run, updates 2, removes 3 and 4, and adds 9. Returns the second run.
async fn changed<C: Cache>(cache: &C) -> RunId {
    let session = load(cache, "home", &[1, 2, 3, 4]).await;
    let commit = ScopeCommit {
        applied_at: 3500,
        watermark: 3400,
        removals: vec![ContentId(3), ContentId(4)],
        categories: Some(vec![category("7")]),
        index: index_of(&[1, 2, 9]),
        ..session.commit(MOVIES)
    };
    let update =
        staged(movie(2).name("Renamed").with("plot", "Better"), Change::Updated(fields(&["name", "plot", "rating"])));
    session.apply(vec![update, added(movie(9))], commit).await.unwrap();
    let run = session.run;
    session.end().await;
    run
}

async fn undo<C: Cache>(cache: &C, run: Option<RunId>) -> UndoOutcome {
    let home = profile("home");
    let lease = cache.lease(&home).await.unwrap();
    let request = UndoRequest { fence: Some(lease.fence), run, kinds: ContentKind::ALL.to_vec(), at: 5000 };
    cache.undo(&home, request).await.unwrap()
}

fn done(outcome: UndoOutcome) -> UndoReport {
    match outcome {
        UndoOutcome::Done(report) => report,
        UndoOutcome::Refused(refusal) => panic!("it was refused: {refusal:?}"),
    }
}

fn refused(outcome: UndoOutcome) -> UndoRefusal {
    match outcome {
        UndoOutcome::Refused(refusal) => refusal,
        UndoOutcome::Done(report) => panic!("it was done: {report:?}"),
    }
}

/// Returns all rows of the kind, by ascending id.
async fn rows<C: Cache>(cache: &C) -> Vec<Item> {
    let home = profile("home");
    let ids = cache.get_content_ids(&home, MOVIES).await.unwrap();
    let mut rows = cache.rows(&home, MOVIES, ids).await.unwrap();
    rows.sort_by_key(Item::id);
    rows
}

/// An update has the values of the significant fields, and a removal has the whole row. An addition has no values.
pub async fn changes_have_their_values<C: Cache>(cache: &C) {
    let run = changed(cache).await;
    let told = entries(cache, 0).await;
    assert!(told.iter().all(|change| change.columns.is_some() && change.parent == 0));
    let of = |id: i64| told.iter().find(|change| change.id == Some(ContentId(id))).unwrap();
    let updated = of(2);
    assert_eq!((updated.run, updated.at, updated.name.as_deref()), (Some(run), 3500, Some("Renamed")));
    let name = movie(2).item().name().to_owned();
    assert_eq!(values(updated, "name"), Some((&Value::Text(name.as_str().into()), &Value::Text("Renamed".into()))));
    assert_eq!(values(updated, "plot").map(|(_, after)| after), Some(&Value::Text("Better".into())));
    assert_eq!(values(updated, "rating"), None, "of the display class");
    let removed = of(3);
    assert_eq!(removed.change, LoggedChange::Removed);
    for (at, field) in MOVIES.fields().iter().enumerate() {
        let expected = movie(3).item().value(at).to_owned();
        assert_eq!(values(removed, field.name), Some((&expected, &Value::Null)), "{}", field.name);
    }
    assert!(matches!(values(removed, "id"), Some((Value::Integer(_), Value::Null))), "the number of the row");
    assert_eq!((of(9).change, of(9).columns.as_deref()), (LoggedChange::Added, Some(&[][..])));
    let feed = cache.feed(&profile("home")).await.unwrap();
    assert_eq!((feed.oldest, feed.newest), (0, told.last().unwrap().sequence));
    assert!(feed.epoch > 0);
}

/// A deletion by hand belongs to no run, and can't be undone.
pub async fn a_deletion_by_hand_belongs_to_no_run<C: Cache>(cache: &C) {
    let run = changed(cache).await;
    let home = profile("home");
    let before = cache.feed(&home).await.unwrap().newest;
    cache.delete_content_by_ids(&home, MOVIES, vec![ContentId(1)]).await.unwrap();
    let told = entries(cache, before).await;
    assert_eq!((told.len(), told[0].run, told[0].change), (1, None, LoggedChange::Removed));
    assert!(matches!(values(&told[0], "name"), Some((Value::Text(_), Value::Null))));
    // The deletion changed nothing that the run had changed.
    assert_eq!(done(undo(cache, None).await).of, run);
}

/// A new epoch begins if the content is cleared, and if the profile is removed and added again.
pub async fn an_epoch_is_never_reused<C: Cache>(cache: &C) {
    changed(cache).await;
    let home = profile("home");
    let first = cache.feed(&home).await.unwrap();
    cache.clear(&home).await.unwrap();
    let second = cache.feed(&home).await.unwrap();
    assert_ne!(first.epoch, second.epoch);
    assert_eq!((second.oldest, second.newest), (first.newest, first.newest), "sequences go on");
    assert_eq!(entries(cache, 0).await, [], "what was cleared away is no history of what comes");
    assert_eq!(refused(undo(cache, None).await).refused, Refused::Nothing);
    cache.remove_profile(&home).await.unwrap();
    cache.ensure_profile(&home).await.unwrap();
    let third = cache.feed(&home).await.unwrap();
    assert!(third.epoch != second.epoch && third.epoch != first.epoch);
}

/// The end of a run prunes old entries, whole runs at a time. The newest run stays.
pub async fn old_entries_are_pruned_at_the_end_of_a_run<C: Cache>(cache: &C) {
    let run = changed(cache).await;
    let home = profile("home");
    let told = entries(cache, 0).await;
    let session = Session::resume(cache, &home, 100 * DAY).await;
    let commit = ScopeCommit { applied_at: 100 * DAY, index: index_of(&[1, 2, 9, 5]), ..session.commit(MOVIES) };
    session.apply(vec![added(movie(5))], commit).await.unwrap();
    let retention = Retention { feed_days: 90, ..Retention::default() };
    let end = RunEnd { retention, finished_at: 100 * DAY, ..session.run_end() };
    cache.finish_run(&home, end).await.unwrap();
    let left = entries(cache, 0).await;
    assert_eq!(left.iter().map(|change| change.id).collect::<Vec<_>>(), [Some(ContentId(5))]);
    let feed = cache.feed(&home).await.unwrap();
    assert_eq!((feed.oldest, feed.newest), (told.last().unwrap().sequence, left[0].sequence));
    drop(session);
    let pruned = refused(undo(cache, Some(run)).await);
    assert_eq!((pruned.refused, pruned.of), (Refused::Pruned, Some(run)));
}

/// A run is kept completely even if a deletion by hand lies between its kinds.
pub async fn no_run_is_kept_by_half<C: Cache>(cache: &C) {
    load(cache, "home", &[1, 2, 3]).await.end().await;
    let home = profile("home");
    let session = Session::resume(cache, &home, 3000).await;
    let commit = ScopeCommit { removals: vec![ContentId(3)], index: index_of(&[1, 2]), ..session.commit(MOVIES) };
    session.apply(Vec::new(), commit).await.unwrap();
    let run = session.run;
    cache.delete_content_by_ids(&home, MOVIES, vec![ContentId(1)]).await.unwrap();
    let series = ScopeCommit { first_load: true, index: index_of(&[]), ..session.commit(ContentKind::Series) };
    session.apply(Vec::new(), series).await.unwrap();
    session.end().await;
    let session = Session::resume(cache, &home, 4000).await;
    let commit = ScopeCommit { index: index_of(&[2, 9]), ..session.commit(MOVIES) };
    session.apply(vec![added(movie(9))], commit).await.unwrap();
    let retention = Retention { feed_entries: 3, ..Retention::default() };
    let end = RunEnd { retention, ..session.run_end() };
    cache.finish_run(&home, end).await.unwrap();
    let last = session.run;
    let runs: Vec<_> = entries(cache, 0).await.iter().map(|change| change.run).collect();
    assert_eq!(runs, [Some(run), None, Some(run), Some(last)]);
}

/// The rows are as before the run, and so is everything that the next run compares.
pub async fn an_undo_puts_everything_back<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2, 3, 4]).await;
    session.end().await;
    let home = profile("home");
    let before = (rows(cache).await, cache.categories(&home, MOVIES).await.unwrap());
    let watermark = cache.sync_state(&home).await.unwrap().last_sync;
    let session = Session::resume(cache, &home, 3000).await;
    let commit = ScopeCommit {
        watermark: 3400,
        removals: vec![ContentId(3), ContentId(4)],
        categories: Some(vec![category("7")]),
        index: index_of(&[9, 2, 1]),
        ..session.commit(MOVIES)
    };
    let update = staged(movie(2).name("Renamed"), Change::Updated(fields(&["name"])));
    session.apply(vec![update, added(movie(9))], commit).await.unwrap();
    let of = session.run;
    session.end().await;
    let newest = cache.feed(&home).await.unwrap().newest;
    let report = done(undo(cache, None).await);
    let counts = UndoCounts { added: 2, updated: 1, removed: 1, held: 2 };
    assert_eq!((report.of, report.kinds[MOVIES], report.kinds[ContentKind::Series]), (of, Some(counts), None));
    assert_eq!((rows(cache).await, cache.categories(&home, MOVIES).await.unwrap()), before);
    let state = cache.sync_state(&home).await.unwrap();
    assert_eq!((state.last_sync, state.rows[MOVIES], state.held[MOVIES]), (watermark, 4, 2));
    let held = cache.held(&home, MOVIES).await.unwrap();
    assert!(held.iter().all(|held| held.reason == HoldReason::Loss(Loss::Undone) && Some(held.run) == report.run));
    let stored = cache.index(&home, crate::model::Scope::whole(MOVIES)).await.unwrap();
    assert!(stored.consistent);
    assert_eq!(stored.index.ids(), [2, 1, 3, 4], "what was updated keeps its place, what is back comes last");
    let known: Vec<_> = (0..4).map(|at| !stored.index.digest_at(at).is_never()).collect();
    assert_eq!(known, [false, true, false, false]);
    assert_eq!(cache.validator(&home, MOVIES).await.unwrap(), None);
    let runs = cache.runs(&home, 1).await.unwrap();
    assert_eq!((Some(runs[0].run), runs[0].status, runs[0].trigger), (report.run, RunStatus::Completed, Trigger::Undo));
    let told = entries(cache, newest).await;
    let taken = |id: i64| told.iter().find(|change| change.id == Some(ContentId(id))).unwrap();
    assert_eq!(told.len(), 4);
    assert_eq!(taken(9).change, LoggedChange::Undone(TakenBack::Added));
    assert!(matches!(values(taken(9), "name"), Some((Value::Text(_), Value::Null))));
    assert_eq!(taken(2).change, LoggedChange::Undone(TakenBack::Updated));
    assert_eq!(values(taken(2), "name").map(|(before, _)| before), Some(&Value::Text("Renamed".into())));
    assert_eq!(taken(3).change, LoggedChange::Undone(TakenBack::Removed));
    assert!(matches!(values(taken(3), "name"), Some((Value::Null, Value::Text(_)))));
}

/// A correction at the end of a run belongs to the run, and is undone together with it.
pub async fn a_correction_at_the_end_of_a_run_is_undone<C: Cache>(cache: &C) {
    load(cache, "home", &[1, 2, 3]).await.end().await;
    let home = profile("home");
    let session = Session::resume(cache, &home, 3000).await;
    let doubt =
        HeldRemoval { reason: HoldReason::Doubt(Doubt::TrailingBytes), evidence: None, ..held_one(3, session.run) };
    let commit = ScopeCommit { held: Some(vec![doubt.clone()]), ..session.commit(MOVIES) };
    session.apply(Vec::new(), commit).await.unwrap();
    session.end().await;
    let session = Session::resume(cache, &home, 4000).await;
    let lost = held_one(3, session.run);
    let commit = ScopeCommit { held: Some(vec![lost.clone()]), index: index_of(&[1, 2, 3]), ..session.commit(MOVIES) };
    let update = staged(movie(2).name("Renamed"), Change::Updated(fields(&["name"])));
    session.apply(vec![update], commit).await.unwrap();
    let told = HeldRemoval { reason: HoldReason::Loss(Loss::SeveralKinds), evidence: None, ..lost };
    let end = RunEnd { held: vec![(MOVIES, told.clone())], ..session.run_end() };
    cache.finish_run(&home, end).await.unwrap();
    assert_eq!(cache.held(&home, MOVIES).await.unwrap(), [told]);
    drop(session);
    done(undo(cache, None).await);
    assert_eq!(cache.held(&home, MOVIES).await.unwrap(), [doubt]);
}

/// A hold that the run released is restored without its evidence, because the panel has listed the item since then.
pub async fn evidence_against_a_listed_item_begins_again<C: Cache>(cache: &C) {
    load(cache, "home", &[1, 2, 3]).await.end().await;
    let home = profile("home");
    let session = Session::resume(cache, &home, 3000).await;
    let lost = held_one(3, session.run);
    let commit = ScopeCommit { held: Some(vec![lost.clone()]), ..session.commit(MOVIES) };
    session.apply(Vec::new(), commit).await.unwrap();
    session.end().await;
    let session = Session::resume(cache, &home, 4000).await;
    let commit = ScopeCommit { held: Some(Vec::new()), index: index_of(&[1, 2, 3]), ..session.commit(MOVIES) };
    let update = staged(movie(2).name("Renamed"), Change::Updated(fields(&["name"])));
    session.apply(vec![update], commit).await.unwrap();
    session.end().await;
    done(undo(cache, None).await);
    assert_eq!(cache.held(&home, MOVIES).await.unwrap(), [HeldRemoval { evidence: None, ..lost }]);
}

/// An undo is a run like others. It can be undone, and the undo of it as well.
pub async fn an_undo_can_be_undone<C: Cache>(cache: &C) {
    let run = changed(cache).await;
    let home = profile("home");
    let look = || async {
        let state = cache.sync_state(&home).await.unwrap();
        let categories = cache.categories(&home, MOVIES).await.unwrap();
        (rows(cache).await, categories, state.last_sync, cache.held(&home, MOVIES).await.unwrap())
    };
    let after = look().await;
    let first = done(undo(cache, Some(run)).await);
    let before = look().await;
    let second = done(undo(cache, first.run).await);
    let (rows_again, categories_again, watermarks_again, held) = look().await;
    assert_eq!((&rows_again, &categories_again, &watermarks_again), (&after.0, &after.1, &after.2));
    assert_eq!(held.iter().map(|held| held.id.0).collect::<Vec<_>>(), [9], "it came back, so it is held");
    assert_eq!(second.kinds[MOVIES], Some(UndoCounts { added: 1, updated: 1, removed: 2, held: 1 }));
    let third = done(undo(cache, None).await);
    assert_eq!(Some(third.of), second.run, "the newest run that changed something");
    let (rows, categories, watermarks, _) = look().await;
    assert_eq!((&rows, &categories, &watermarks), (&before.0, &before.1, &before.2));
}

/// An undo that can't be exact is refused, and nothing is changed.
pub async fn an_undo_is_refused_or_exact<C: Cache>(cache: &C) {
    let home = profile("home");
    cache.ensure_profile(&home).await.unwrap();
    assert_eq!(
        refused(undo(cache, None).await),
        UndoRefusal { of: None, refused: Refused::Nothing, items: Vec::new() }
    );
    let run = changed(cache).await;
    let first = cache.runs(&home, 9).await.unwrap().last().unwrap().run;
    assert_eq!(refused(undo(cache, Some(first)).await).refused, Refused::FirstLoad);
    let session = Session::resume(cache, &home, 4000).await;
    let commit = ScopeCommit { index: index_of(&[1, 2, 9]), ..session.commit(MOVIES) };
    let update = staged(movie(2).name("Again"), Change::Updated(fields(&["name"])));
    session.apply(vec![update], commit).await.unwrap();
    let later = session.run;
    session.end().await;
    let before = (rows(cache).await, cache.feed(&home).await.unwrap());
    let refusal = refused(undo(cache, Some(run)).await);
    let items: Vec<_> = refusal.items.iter().map(|item| (item.kind, item.id, item.run)).collect();
    assert_eq!((refusal.refused, items), (Refused::LaterRun, vec![(MOVIES, ContentId(2), Some(later))]));
    assert_eq!((rows(cache).await, cache.feed(&home).await.unwrap()), before);
    // The later run can be undone. After that, only this undo prevents the other one.
    done(undo(cache, Some(later)).await);
    assert_eq!(refused(undo(cache, Some(run)).await).refused, Refused::LaterRun);
    let nobody = UndoRequest { fence: None, run: Some(RunId(77_777)), kinds: vec![MOVIES], at: 1 };
    assert!(matches!(cache.undo(&home, nobody).await, Err(StoreError::Refused(_))), "there is no such run");
    let stale = UndoRequest { fence: Some(1), run: Some(later), kinds: vec![MOVIES], at: 1 };
    assert!(matches!(cache.undo(&home, stale).await, Err(StoreError::Fenced)));
}

/// "Without a fence nothing is written."
pub async fn a_dry_undo_writes_nothing<C: Cache>(cache: &C) {
    let run = changed(cache).await;
    let home = profile("home");
    let before = (rows(cache).await, cache.feed(&home).await.unwrap(), cache.runs(&home, 9).await.unwrap());
    let request = UndoRequest { fence: None, run: None, kinds: ContentKind::ALL.to_vec(), at: 5000 };
    let report = done(cache.undo(&home, request).await.unwrap());
    assert_eq!((report.run, report.of), (None, run));
    assert_eq!(report.kinds[MOVIES], Some(UndoCounts { added: 2, updated: 1, removed: 1, held: 2 }));
    assert_eq!((rows(cache).await, cache.feed(&home).await.unwrap(), cache.runs(&home, 9).await.unwrap()), before);
}

/// An item that had returned is removed again, with its old tombstone. Its next appearance is a return again.
pub async fn an_undone_return_leaves_the_old_tombstone<C: Cache>(cache: &C) {
    changed(cache).await;
    let home = profile("home");
    for (at, times) in [(4000, 1), (6000, 2)] {
        let session = Session::resume(cache, &home, at).await;
        let commit = ScopeCommit { applied_at: at, index: index_of(&[1, 2, 9, 3]), ..session.commit(MOVIES) };
        session.apply(vec![added(movie(3))], commit).await.unwrap();
        session.end().await;
        let told = entries(cache, 0).await;
        let returns = told.iter().filter(|change| change.change == LoggedChange::Returned).count();
        assert_eq!(returns, times);
        if times == 1 {
            let report = done(undo(cache, None).await);
            assert_eq!(report.kinds[MOVIES], Some(UndoCounts { removed: 1, ..UndoCounts::default() }));
        }
    }
}

/// Row numbers that an undo may bring back are not given to other rows.
pub async fn numbers_of_rows_are_not_reused<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2]).await;
    let commit = ScopeCommit { removals: vec![ContentId(2)], index: index_of(&[1]), ..session.commit(MOVIES) };
    session.apply(Vec::new(), commit).await.unwrap();
    let (home, run) = (profile("home"), session.run);
    session.end().await;
    let session = Session::resume(cache, &home, 4000).await;
    let commit = ScopeCommit { index: index_of(&[1, 8]), ..session.commit(MOVIES) };
    session.apply(vec![added(movie(8))], commit).await.unwrap();
    session.end().await;
    let report = done(undo(cache, Some(run)).await);
    assert_eq!(report.kinds[MOVIES].map(|counts| counts.added), Some(1));
    let ids: Vec<_> = rows(cache).await.iter().map(|row| row.id().0).collect();
    assert_eq!(ids, [1, 2, 8]);
    let index = cache.index(&home, crate::model::Scope::whole(MOVIES)).await.unwrap();
    assert_eq!((Arc::clone(&index.index).ids(), index.consistent), (&[1, 8, 2][..], true));
}
