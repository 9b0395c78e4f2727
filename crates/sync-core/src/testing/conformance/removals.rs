//! Cases of removals: held ones, deletions by hand, `clear`, and tombstones.

use super::ReadableStore;
use super::session::{Session, added, index_of, load};
use crate::feed::change::LoggedChange;
use crate::model::{ContentId, ContentKind};
use crate::ports::store::{RunEnd, ScopeCommit, StoreError};
use crate::removal::guard::{Doubt, HoldReason, Loss};
use crate::removal::held::{Evidence, HeldRemoval};
use crate::run::record::RunId;
use crate::run::record::{KindRecord, RunStatus};
use crate::testing::builders::movie;

/// "All held removals, or `None` to leave them as they are."
pub async fn held_removals_are_kept_until_replaced(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2, 3]).await;
    let evidence = Some(Evidence { listing: 2, at: 5, panel_at: -4 });
    let (reason, successor) = (HoldReason::Loss(Loss::ShareLost), Some(ContentId(33)));
    let held = |id, since| HeldRemoval { id: ContentId(id), reason, since, run: session.run, evidence, successor };
    let commit = ScopeCommit { held: Some(vec![held(2, 5), held(3, 6)]), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(store.held(&session.profile, ContentKind::Movies).await.unwrap(), [held(2, 5), held(3, 6)]);
    assert_eq!(store.held(&session.profile, ContentKind::Channels).await.unwrap(), []);
    assert_eq!(store.sync_state(&session.profile).await.unwrap().held, [0, 2, 0]);
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 2, 3], "held rows stay");
    let Session { profile, lease, run, .. } = session;
    let end = RunEnd { status: RunStatus::Partial, ..RunEnd::new(run, lease.fence, 1) };
    store.finish_run(&profile, end).await.unwrap();
    let second = store.start_run(&profile, lease.fence, 9).await.unwrap();
    let session = Session { store, profile, lease, run: second };
    let (id, reason) = (ContentId(3), HoldReason::Loss(Loss::EmptyListing));
    let kept = HeldRemoval { id, reason, since: 6, run, evidence: None, successor: None };
    let commit = ScopeCommit { held: Some(vec![kept.clone()]), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(store.held(&session.profile, ContentKind::Movies).await.unwrap(), [kept]);
}

/// "Returns the ids of all stored items of a kind, ascending."
pub async fn ids_rise(store: &dyn ReadableStore) {
    let session = load(store, "home", &[30, -7, 2, 9_007_199_254_740_993]).await;
    assert_eq!(session.ids(ContentKind::Movies).await, [-7, 2, 30, 9_007_199_254_740_993]);
    assert_eq!(session.ids(ContentKind::Series).await, Vec::<i64>::new());
}

/// "Deletes items by id, any number of them. Returns the number of items that existed."
pub async fn any_number_of_ids_can_be_deleted(store: &dyn ReadableStore) {
    let ids: Vec<i64> = (1..=3000).collect();
    let session = load(store, "home", &ids).await;
    let gone: Vec<_> = (2..=40_000).map(ContentId).collect();
    let deleted = store.delete_content_by_ids(&session.profile, ContentKind::Movies, gone).await.unwrap();
    assert_eq!(deleted, 2999);
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
    assert_eq!(store.delete_content_by_ids(&session.profile, ContentKind::Movies, Vec::new()).await.unwrap(), 0);
    assert_eq!(store.sync_state(&session.profile).await.unwrap().rows, [0, 1, 0]);
}

/// "A deletion also takes the ids out of the index."
pub async fn deleting_takes_out_of_the_index(store: &dyn ReadableStore) {
    let session = load(store, "home", &[5, 1, 3]).await;
    let gone = vec![ContentId(1), ContentId(1), ContentId(99)];
    assert_eq!(store.delete_content_by_ids(&session.profile, ContentKind::Movies, gone).await.unwrap(), 1);
    let stored = store.index(&session.profile, ContentKind::Movies.into()).await.unwrap();
    assert!(stored.consistent);
    assert_eq!(Some(stored.index), index_of(&[5, 3]));
    let logged = store.changes(&session.profile, 0, 100).await.unwrap();
    assert_eq!(logged.last().map(|change| (change.run, change.change)), Some((None, LoggedChange::Removed)));
}

/// "Empties the cached content … The profile, its settings and its history stay."
pub async fn a_clear_leaves_profile_and_history(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2, 3]).await;
    let profile = session.profile.clone();
    let (reason, run) = (HoldReason::Loss(Loss::ShareLost), session.run);
    let held = HeldRemoval { id: ContentId(1), reason, since: 5, run, evidence: None, successor: None };
    let commit = ScopeCommit {
        held: Some(vec![held]),
        removals: vec![ContentId(3)],
        index: index_of(&[1, 2]),
        ..session.commit(ContentKind::Movies)
    };
    session.apply(Vec::new(), commit).await.unwrap();
    session.end().await;
    store.clear(&profile).await.unwrap();
    assert_eq!(store.get_content_ids(&profile, ContentKind::Movies).await.unwrap(), []);
    assert_eq!(store.categories(&profile, ContentKind::Movies).await.unwrap(), []);
    assert_eq!(store.sync_state(&profile).await.unwrap(), crate::ports::store::SyncState::default());
    assert_eq!(store.runs(&profile, 10).await.unwrap().len(), 2);
    let stored = store.index(&profile, ContentKind::Movies.into()).await.unwrap();
    assert!(!stored.applied_before && stored.consistent && stored.index.is_empty());
    assert_eq!(store.held(&profile, ContentKind::Movies).await.unwrap(), []);
    // Tombstones are deleted as well.
    for ids in [&[1][..], &[1, 3]] {
        let session = Session::start(store, "home").await;
        let new = *ids.last().unwrap();
        let first_load = ids.len() == 1;
        let commit = ScopeCommit { index: index_of(ids), first_load, ..session.commit(ContentKind::Movies) };
        session.apply(vec![added(movie(new))], commit).await.unwrap();
        session.end().await;
    }
    let told = store.changes(&profile, 0, 100).await.unwrap().pop().unwrap();
    assert_eq!((told.id, told.change), (Some(ContentId(3)), LoggedChange::Added));
}

/// "The old and the new id of each removed item that the panel seems to list under another id."
pub async fn only_what_is_removed_has_a_successor(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let commit = ScopeCommit {
        removals: vec![ContentId(1)],
        successors: vec![(ContentId(2), ContentId(9))],
        index: index_of(&[2]),
        ..session.commit(ContentKind::Movies)
    };
    let refused = session.apply(Vec::new(), commit).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 2]);
}

/// "If a removal is still held, its reason and evidence are replaced", and a record "replaces the one that the run has
/// of its kind".
pub async fn removals_of_several_kinds_are_replaced_at_the_end_of_a_run(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2, 3]).await;
    let earlier = RunId(session.run.0 - 1);
    let evidence = Some(Evidence { listing: 2, at: 5, panel_at: -4 });
    let held = |id, reason, run| HeldRemoval { id: ContentId(id), reason, since: 5, run, evidence, successor: None };
    let rows = vec![
        held(1, HoldReason::Loss(Loss::ShareLost), session.run),
        held(2, HoldReason::Doubt(Doubt::UnreadableIds), session.run),
        held(3, HoldReason::Loss(Loss::ShareLost), earlier),
    ];
    let mut commit = ScopeCommit { held: Some(rows.clone()), ..session.commit(ContentKind::Movies) };
    commit.record.hold_reason = Some(HoldReason::Loss(Loss::ShareLost));
    let several = HoldReason::Loss(Loss::SeveralKinds);
    let record = KindRecord { hold_reason: Some(several), ..commit.record.clone() };
    session.apply(Vec::new(), commit).await.unwrap();
    let told = |id| HeldRemoval { evidence: None, ..held(id, several, session.run) };
    // One id is not held, and one held removal is of another kind.
    let anew = [(ContentKind::Movies, 1), (ContentKind::Movies, 9), (ContentKind::Series, 2)];
    let held = anew.map(|(kind, id)| (kind, told(id))).to_vec();
    let end = RunEnd { records: vec![record.clone()], held, ..session.run_end() };
    store.finish_run(&session.profile, end).await.unwrap();
    let recorded = store.runs(&session.profile, 1).await.unwrap();
    assert_eq!(recorded[0].kinds, [record], "replaced, and not recorded twice");
    let expected = [told(1), rows[1].clone(), rows[2].clone()];
    assert_eq!(store.held(&session.profile, ContentKind::Movies).await.unwrap(), expected);
    for other in [ContentKind::Channels, ContentKind::Series] {
        assert_eq!(store.held(&session.profile, other).await.unwrap(), [], "{other}");
    }
}

/// "The item was removed, has a tombstone, and is listed again."
pub async fn a_returned_item_is_recognised_for_a_time(store: &dyn ReadableStore) {
    const DAY: i64 = 86_400;
    let session = load(store, "home", &[1, 2]).await;
    let removed = [ContentId(1), ContentId(2)].to_vec();
    let commit = ScopeCommit {
        removals: removed,
        successors: vec![(ContentId(1), ContentId(9))],
        index: index_of(&[]),
        ..session.commit(ContentKind::Movies)
    };
    session.apply(Vec::new(), commit).await.unwrap();
    session.end().await;
    let back = async |id, days: i64| {
        let session = Session::start(store, "home").await;
        let ids = session.ids(ContentKind::Movies).await.into_iter().chain([id]).collect::<Vec<_>>();
        let applied_at = 1500 + days * DAY;
        let commit = ScopeCommit { applied_at, index: index_of(&ids), ..session.commit(ContentKind::Movies) };
        session.apply(vec![added(movie(id))], commit).await.unwrap();
        let told = store.changes(&session.profile, 0, 100).await.unwrap().pop().unwrap();
        assert_eq!(told.id, Some(ContentId(id)));
        session.end().await;
        told.change
    };
    assert_eq!(back(1, 30).await, LoggedChange::Returned);
    assert_eq!(back(3, 31).await, LoggedChange::Added);
    assert_eq!(back(2, 31).await, LoggedChange::Added, "forgotten by now");
    let session = Session::start(store, "home").await;
    let commit = ScopeCommit {
        removals: vec![ContentId(3)],
        tombstone_days: 0,
        index: index_of(&[1, 2]),
        ..session.commit(ContentKind::Movies)
    };
    session.apply(Vec::new(), commit).await.unwrap();
    session.end().await;
    assert_eq!(back(3, 0).await, LoggedChange::Added, "nothing is remembered for no days");
}
