//! Cases of content hashes and snapshots.

use super::session::{Session, added, index_of, load};
use crate::change_set::{ContentHash, Moves, PanelIdentity, RowHash};
use crate::detect::merge::Change;
use crate::feed::undo::{UndoOutcome, UndoRequest};
use crate::login::Login;
use crate::model::{ContentId, ContentKind, FieldSet, Item};
use crate::ports::Cache;
use crate::ports::snapshots::{Snapshot, Until};
use crate::ports::store::{Proof, ScopeCommit, StagedItem, StoreError, WhichState};
use crate::run::options::SyncMode;
use crate::run::record::{KindRecord, RunId};
use crate::testing::{category, movie, profile, staged};

const MOVIES: ContentKind = ContentKind::Movies;

/// Returns the hash of these items.
fn hash_of(items: &[Item]) -> ContentHash {
    let mut content = ContentHash::EMPTY;
    items.iter().for_each(|item| content.add(RowHash::of(item)));
    content
}

fn renamed(id: i64, name: &str) -> StagedItem {
    let mut fields = FieldSet::EMPTY;
    fields.add(MOVIES.field("name").unwrap());
    staged(movie(id).name(name), Change::Updated(fields))
}

async fn snapshot<C: Cache>(cache: &C) -> Box<dyn Snapshot> {
    cache.snapshot(&profile("home")).await.unwrap()
}

/// Returns the newest position of the feed, and the hash of the movies there.
async fn present<C: Cache>(cache: &C) -> (i64, Option<ContentHash>) {
    let state = snapshot(cache).await.state().await.unwrap();
    (state.feed.newest, state.kinds[MOVIES].hash)
}

async fn rows<C: Cache>(cache: &C) -> Vec<Item> {
    snapshot(cache).await.page(MOVIES, None, 1000).await.unwrap()
}

/// Every change of a row changes the content hash of its kind, and of no other kind.
pub async fn the_content_hash_is_that_of_the_rows<C: Cache>(cache: &C) {
    let home = profile("home");
    cache.ensure_profile(&home).await.unwrap();
    assert_eq!(present(cache).await.1, Some(ContentHash::EMPTY));
    let session = load(cache, "home", &[1, 2, 3]).await;
    let [one, two, three] = [1, 2, 3].map(|id| movie(id).item());
    assert_eq!(present(cache).await.1, Some(hash_of(&[one.clone(), two.clone(), three])));
    let mut display = FieldSet::EMPTY;
    display.add(MOVIES.field("rating").unwrap());
    let refreshed = staged(movie(1).with("rating", "7.5"), Change::Refreshed(display));
    let commit = ScopeCommit { removals: vec![ContentId(3)], index: index_of(&[1, 2, 9]), ..session.commit(MOVIES) };
    session.apply(vec![refreshed, renamed(2, "New"), added(movie(9))], commit).await.unwrap();
    let run = session.run;
    session.end().await;
    let after = [one, movie(2).name("New").item(), movie(9).item()];
    assert_eq!(present(cache).await.1, Some(hash_of(&after)));
    let others = snapshot(cache).await.state().await.unwrap().kinds;
    assert_eq!(others[ContentKind::Series].hash, Some(ContentHash::EMPTY));
    cache.delete_content_by_ids(&home, MOVIES, vec![ContentId(1), ContentId(77)]).await.unwrap();
    assert_eq!(present(cache).await.1, Some(hash_of(&after[1..])));
    let lease = cache.lease(&home).await.unwrap();
    let request = UndoRequest { fence: Some(lease.fence), run: Some(run), kinds: vec![MOVIES], at: 5000 };
    let undone = cache.undo(&home, request).await.unwrap();
    assert!(matches!(undone, UndoOutcome::Done(_)), "{undone:?}");
    drop(lease);
    let rows = rows(cache).await;
    assert_eq!(rows.iter().map(|row| row.id().0).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(present(cache).await.1, Some(hash_of(&rows)));
    cache.clear(&home).await.unwrap();
    assert_eq!(present(cache).await.1, Some(ContentHash::EMPTY));
}

/// The hash of each position of the feed stays known.
pub async fn earlier_hashes_are_known<C: Cache>(cache: &C) {
    cache.ensure_profile(&profile("home")).await.unwrap();
    let empty = present(cache).await;
    let session = load(cache, "home", &[1, 2]).await;
    let first = present(cache).await;
    let commit = ScopeCommit { index: index_of(&[1, 2]), ..session.commit(MOVIES) };
    session.apply(vec![renamed(2, "New")], commit).await.unwrap();
    session.end().await;
    let second = present(cache).await;
    assert!(first.0 < second.0 && first.1 != second.1);
    let mut snapshot = snapshot(cache).await;
    for (at, hash) in [empty, first, second] {
        assert_eq!(snapshot.hashes_at(at).await.unwrap()[MOVIES], hash, "{at}");
    }
    for (until, end) in [
        (Until::Sequence(second.0), Some(second.0)),
        (Until::Sequence(first.0), Some(first.0)),
        (Until::Run(RunId(i64::MAX)), Some(second.0)),
        (Until::Run(RunId(0)), Some(empty.0)),
        (Until::Time(i64::MAX), Some(second.0)),
        (Until::Time(0), Some(empty.0)),
        (Until::Sequence(empty.0 - 1), None),
    ] {
        assert_eq!(snapshot.run_end(until).await.unwrap(), end, "{until:?}");
    }
    let hashes = snapshot.row_hashes(MOVIES, vec![ContentId(1), ContentId(9)]).await.unwrap();
    assert_eq!(hashes, [(ContentId(1), RowHash::of(&movie(1).item()))]);
    let changes = snapshot.changes(first.0, 10).await.unwrap();
    assert_eq!(changes.iter().map(|change| change.id).collect::<Vec<_>>(), [Some(ContentId(2))]);
}

/// A position in the middle of a run, or of a deletion by hand, stands for the end before it.
pub async fn a_position_within_a_run_stands_for_the_end_before_it<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2, 3, 4]).await;
    let (loaded, _) = present(cache).await;
    let commit = ScopeCommit { index: index_of(&[1, 2, 3, 4]), ..session.commit(MOVIES) };
    session.apply(vec![renamed(2, "New"), renamed(3, "Other")], commit).await.unwrap();
    let home = session.profile.clone();
    session.end().await;
    let (end, _) = present(cache).await;
    cache.delete_content_by_ids(&home, MOVIES, vec![ContentId(1), ContentId(4)]).await.unwrap();
    let (deleted, _) = present(cache).await;
    let mut snapshot = snapshot(cache).await;
    for (sequence, expected) in
        [(loaded, loaded), (end - 1, loaded), (end, end), (deleted - 1, end), (deleted, deleted)]
    {
        assert_eq!(snapshot.run_end(Until::Sequence(sequence)).await.unwrap(), Some(expected), "{sequence}");
    }
}

/// A snapshot stays as it was.
pub async fn a_snapshot_sees_one_state<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2]).await;
    let mut snapshot = snapshot(cache).await;
    let before = snapshot.state().await.unwrap();
    let commit = ScopeCommit {
        removals: vec![ContentId(1)],
        categories: Some(vec![category("7")]),
        index: index_of(&[9, 2]),
        ..session.commit(MOVIES)
    };
    session.apply(vec![renamed(2, "New"), added(movie(9))], commit).await.unwrap();
    session.end().await;
    assert_eq!(snapshot.state().await.unwrap(), before);
    let ids = |items: Vec<Item>| items.iter().map(|item| item.id().0).collect::<Vec<_>>();
    assert_eq!(ids(snapshot.page(MOVIES, None, 10).await.unwrap()), [1, 2]);
    assert_eq!(ids(snapshot.page(MOVIES, Some(ContentId(1)), 10).await.unwrap()), [2]);
    assert_eq!(ids(snapshot.page(MOVIES, None, 1).await.unwrap()), [1]);
    assert_eq!(snapshot.rows(MOVIES, vec![ContentId(2), ContentId(9)]).await.unwrap(), [movie(2).item()]);
    for (skipped, limit, part) in
        [(0, 9, &[1, 2][..]), (0, 1, &[1]), (1, 9, &[2]), (2, 9, &[]), (7, 1, &[]), (0, 0, &[])]
    {
        let ids: Vec<_> = part.iter().copied().map(ContentId).collect();
        assert_eq!(snapshot.order(MOVIES, skipped, limit).await.unwrap(), ids, "{skipped}, {limit}");
    }
    assert_eq!(snapshot.categories(MOVIES).await.unwrap(), []);
    assert_eq!(snapshot.changes(0, 10).await.unwrap().len(), 1, "that it was loaded");
}

/// The items that have moved in the order are known from each position on.
pub async fn moved_items_are_known<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2, 3, 4, 5]).await;
    let (at, hash) = present(cache).await;
    let moved = |ids: &[i64]| Moves::Some(ids.iter().copied().map(ContentId).collect());
    let commit = ScopeCommit { moves: moved(&[5]), index: index_of(&[5, 1, 2, 3, 4]), ..session.commit(MOVIES) };
    session.apply(Vec::new(), commit).await.unwrap();
    let home = session.profile.clone();
    session.end().await;
    assert_eq!(present(cache).await, (at, hash), "an order is no content");
    assert_eq!(snapshot(cache).await.moves(MOVIES, at).await.unwrap(), moved(&[5]));
    let session = Session::resume(cache, &home, 4000).await;
    let commit = ScopeCommit { moves: moved(&[2]), index: index_of(&[5, 1, 3, 4, 2, 9]), ..session.commit(MOVIES) };
    session.apply(vec![added(movie(9))], commit).await.unwrap();
    session.end().await;
    let (later, _) = present(cache).await;
    let mut snapshot = snapshot(cache).await;
    assert_eq!(snapshot.moves(MOVIES, at).await.unwrap(), moved(&[2, 5]));
    assert_eq!(snapshot.moves(MOVIES, later + 1).await.unwrap(), Moves::None);
}

/// A commit with a proof is written only between exactly these two states.
pub async fn a_commit_has_to_fit_its_proof<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2]).await;
    let from = present(cache).await.1.unwrap();
    let to = hash_of(&[movie(1).item(), movie(2).name("New").item()]);
    let commit = |proof| ScopeCommit { proof: Some(proof), index: index_of(&[1, 2]), ..session.commit(MOVIES) };
    let update = || vec![renamed(2, "New")];
    let refused = session.apply(update(), commit(Proof { from: to, to })).await;
    assert!(matches!(refused, Err(StoreError::OtherState(WhichState::From))), "{refused:?}");
    let refused = session.apply(update(), commit(Proof { from, to: from })).await;
    assert!(matches!(refused, Err(StoreError::OtherState(WhichState::To))), "{refused:?}");
    assert_eq!(present(cache).await.1, Some(from));
    assert_eq!(rows(cache).await, [1, 2].map(|id| movie(id).item()));
    session.apply(update(), commit(Proof { from, to })).await.unwrap();
    session.end().await;
    assert_eq!(present(cache).await.1, Some(to));
}

/// A row that contains the login has the hash that was staged with it, until the row no longer contains the login.
pub async fn a_row_with_the_login_has_its_own_hash<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2]).await;
    let own = RowHash(77);
    let commit = || ScopeCommit { index: index_of(&[1, 2]), ..session.commit(MOVIES) };
    session.apply(vec![StagedItem { hash: Some(own), ..renamed(2, "ann") }], commit()).await.unwrap();
    let home = session.profile.clone();
    session.end().await;
    let mut with = hash_of(&[movie(1).item()]);
    with.add(own);
    assert_eq!(present(cache).await.1, Some(with));
    let session = Session::resume(cache, &home, 4000).await;
    let commit = ScopeCommit { index: index_of(&[1, 2]), ..session.commit(MOVIES) };
    session.apply(vec![renamed(2, "New")], commit).await.unwrap();
    session.end().await;
    assert_eq!(present(cache).await.1, Some(hash_of(&[movie(1).item(), movie(2).name("New").item()])));
}

/// An undo puts back values that may contain the login. The hash is then unknown until a caller with the login computes
/// it. The items that move in the meantime are known nevertheless.
pub async fn an_undo_that_puts_the_login_back_leaves_no_wrong_hash<C: Cache>(cache: &C) {
    let login = Login::new(Some("ann"), Some("secret"));
    let row = |plot: &str| {
        let mut fields = FieldSet::EMPTY;
        fields.add(MOVIES.field("plot").unwrap());
        let staged = staged(movie(2).with("plot", plot), Change::Updated(fields));
        StagedItem { hash: login.row_hash(&staged.item), ..staged }
    };
    let session = load(cache, "home", &[1, 2]).await;
    let home = session.profile.clone();
    let commit = |session: &Session<'_>| ScopeCommit { index: index_of(&[1, 2]), ..session.commit(MOVIES) };
    session.apply(vec![row("http://p.example/ann/secret/2")], commit(&session)).await.unwrap();
    session.end().await;
    let (at, with) = present(cache).await;
    let session = Session::resume(cache, &home, 4000).await;
    session.apply(vec![row("A plot")], commit(&session)).await.unwrap();
    let run = session.run;
    session.end().await;
    let lease = cache.lease(&home).await.unwrap();
    let request = UndoRequest { fence: Some(lease.fence), run: Some(run), kinds: vec![MOVIES], at: 5000 };
    let undone = cache.undo(&home, request).await.unwrap();
    assert!(matches!(undone, UndoOutcome::Done(_)), "{undone:?}");
    drop(lease);
    assert_eq!(present(cache).await.1, None);
    let session = Session::resume(cache, &home, 6000).await;
    let moves = Moves::Some(vec![ContentId(2)]);
    let record = KindRecord { mode: SyncMode::Full, ..session.commit(MOVIES).record };
    let reordered = ScopeCommit { moves: moves.clone(), index: index_of(&[2, 1]), record, ..session.commit(MOVIES) };
    session.apply(Vec::new(), reordered).await.unwrap();
    session.end().await;
    assert_eq!(present(cache).await.1, None);
    cache.complete_hashes(&home, &login).await.unwrap();
    assert_eq!(present(cache).await.1, with);
    assert_eq!(snapshot(cache).await.hashes_at(at).await.unwrap()[MOVIES], with);
    assert_eq!(snapshot(cache).await.moves(MOVIES, at).await.unwrap(), moves);
}

/// The identity is made once. A wanted identity is taken if the panel has none, or if the profile has no rows.
pub async fn a_panel_is_named_once<C: Cache>(cache: &C) {
    load(cache, "home", &[1]).await.end().await;
    let [home, other] = ["home", "other"].map(profile);
    cache.ensure_profile(&other).await.unwrap();
    assert_eq!(snapshot(cache).await.state().await.unwrap().panel, None);
    let made = cache.identify(&home, None).await.unwrap();
    assert_eq!(cache.identify(&home, Some(PanelIdentity(5))).await.unwrap(), made);
    assert_eq!(snapshot(cache).await.state().await.unwrap().panel, Some(made));
    for wanted in [PanelIdentity(5), PanelIdentity(6)] {
        assert_eq!(cache.identify(&other, Some(wanted)).await.unwrap(), wanted);
    }
    assert_eq!(cache.identify(&other, None).await.unwrap(), PanelIdentity(6));
    let unknown = cache.identify(&profile("none"), None).await;
    assert!(matches!(unknown, Err(StoreError::UnknownProfile(_))), "{unknown:?}");
}
