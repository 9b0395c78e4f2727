//! The conformance suites: what every [`ContentStore`] and every [`Cache`](crate::Cache) has to do, one case a sentence.
//!
//! An adapter calls [`content_store_conformance!`](crate::content_store_conformance), and
//! [`cache_conformance!`](crate::cache_conformance) where it is a whole cache, with the path of an async function that
//! makes a [`Fixture`]; it gets one test a case. The tests need tokio with the features `macros` and `rt`.

pub mod catalogue;
pub mod maintenance;
pub mod profiles;
pub mod reopened;

use std::fmt;
use std::sync::Arc;

use futures_util::future::join;
use tokio_util::sync::CancellationToken;

use super::builders::{ItemBuilder, category, channel, movie, profile, series, staged};
use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::detect::merge::Change;
use crate::detect::volatile::{FieldFacts, Standing};
use crate::facts::{PanelFacts, Sighting};
use crate::model::Content as _;
use crate::model::{
    Category, CategoryId, Channel, ContentId, ContentKind, FieldSet, Item, Movie, PerKind, ProfileId, Scope,
};
use crate::ports::catalogue::Catalogue;
use crate::ports::source::Validator;
use crate::ports::store::{
    ContentStore, KeptValidator, Lease, RunEnd, ScopeCommit, StagedItem, Staging, StoreError, ValidatorChange,
};
use crate::removal::guard::{Doubt, HoldReason, Loss};
use crate::removal::held::{Evidence, HeldRemoval};
use crate::run::change_log::LoggedChange;
use crate::run::counts::Counts;
use crate::run::options::{PolicyChoice, SyncMode};
use crate::run::record::RunId;
use crate::run::record::{KindOutcome, KindRecord, RunStatus};

/// A store that can be looked at: what the cases of a store need.
pub trait ReadableStore: ContentStore + Catalogue {}

impl<T: ContentStore + Catalogue> ReadableStore for T {}

/// A fresh, empty store, and what it is kept in: a folder, or a server.
pub struct Fixture<S> {
    /// The store.
    pub store: S,
    open: Box<dyn Fn() -> S>,
}

impl<S> Fixture<S> {
    /// A fixture of the store that `open` returns. A later call of it returns the same store, opened anew.
    pub fn new(open: impl Fn() -> S + 'static) -> Self {
        Self { store: open(), open: Box::new(open) }
    }

    /// The same store, closed and opened again.
    #[must_use]
    pub fn reopened(self) -> Self {
        let Self { store, open } = self;
        drop(store);
        Self { store: open(), open }
    }
}

impl<S> fmt::Debug for Fixture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").finish_non_exhaustive()
    }
}

/// Makes one test of each case of a store; takes the path of an async function that returns a [`Fixture`] of
/// something that is a [`ContentStore`] and a [`Catalogue`].
#[macro_export]
macro_rules! content_store_conformance {
    ($make:path) => {
        $crate::content_store_conformance! { $make;
            an_unknown_profile_is_refused
            a_profile_is_ensured_once
            a_first_apply_is_read_back
            values_are_read_back_as_they_were
            an_update_replaces_the_row
            what_is_not_to_be_written_is_not
            a_later_put_replaces_an_earlier_one
            a_reset_forgets_everything
            nothing_is_seen_before_the_apply
            removals_go_and_are_logged
            a_cancelled_apply_changes_nothing
            a_fenced_apply_changes_nothing
            profiles_are_isolated
            kinds_are_isolated
            a_kind_is_read_and_staged_while_another_is_applied
            the_watermark_comes_with_the_rows
            the_change_log_tells_what_happened
            held_removals_are_kept_until_replaced
            ids_rise
            any_number_of_ids_can_be_deleted
            deleting_takes_out_of_the_index
            a_clear_leaves_profile_and_history
            only_what_is_removed_has_a_successor
            a_lease_is_exclusive_until_dropped
            fences_rise
            an_index_is_read_back_in_listing_order
            a_doubtful_index_is_not_trusted
            categories_keep_the_panels_order
            a_run_without_end_was_interrupted
            the_end_of_a_run_moves_no_watermark
            unknown_rows_are_left_out
            categories_are_counted_by_their_sets
            what_a_run_has_learnt_is_kept
            what_is_learnt_of_fields_is_written_with_the_rows
            what_several_kinds_lost_waits_for_consent
            what_returns_is_recognised_for_a_time
            a_validator_is_kept_with_its_listing
            a_validator_goes_with_whatever_changes_the_kind
        }

        #[tokio::test]
        async fn what_was_written_is_there_when_the_store_is_opened_again() {
            $crate::testing::conformance::reopened::what_was_written_is_there($make().await).await;
        }

        #[tokio::test]
        async fn what_was_staged_is_gone_when_the_store_is_opened_again() {
            $crate::testing::conformance::reopened::what_was_staged_is_gone($make().await).await;
        }
    };
    ($make:path; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let fixture = $make().await;
                $crate::testing::conformance::$case(&fixture.store).await;
            }
        )*
    };
}

/// Makes one test of each case of a whole cache: of what readers ask, of the profiles, and of the upkeep. Takes the path
/// of an async function that returns a [`Fixture`] of a [`Cache`](crate::Cache).
#[macro_export]
macro_rules! cache_conformance {
    ($make:path) => {
        $crate::cache_conformance! { $make;
            catalogue: the_status_is_that_of_the_last_run
            catalogue: the_status_shows_what_is_held
            catalogue: pages_have_each_row_once
            catalogue: a_page_of_a_category_has_its_items
            catalogue: categories_come_with_their_sizes
            catalogue: what_is_held_is_listed
            catalogue: a_reader_of_nobody_is_told
            profiles: a_profile_is_read_back_as_it_was_saved
            profiles: a_profile_that_was_ensured_has_the_usual_settings
            profiles: a_password_is_kept_where_it_is_to_be_kept
            profiles: another_address_is_another_panel
            profiles: content_stays_when_a_profile_is_saved
            profiles: a_removed_profile_is_gone_with_its_content
            profiles: a_profile_under_a_lease_is_not_removed
            maintenance: a_cache_that_was_only_synced_is_sound
            maintenance: what_is_marked_is_compared_in_full
        }

        #[tokio::test]
        async fn profiles_are_there_when_the_cache_is_opened_again() {
            $crate::testing::conformance::reopened::profiles_are_there($make().await).await;
        }
    };
    ($make:path; $($suite:ident: $case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let fixture = $make().await;
                $crate::testing::conformance::$suite::$case(&fixture.store).await;
            }
        )*
    };
}

const SCHEME: DigestScheme = DigestScheme(42);

/// A run under way, with what its commits have in common.
struct Session<'a> {
    store: &'a dyn ReadableStore,
    profile: ProfileId,
    lease: Lease,
    run: RunId,
}

impl<'a> Session<'a> {
    async fn start(store: &'a dyn ReadableStore, name: &str) -> Self {
        let profile = profile(name);
        store.ensure_profile(&profile).await.unwrap();
        let lease = store.lease(&profile).await.unwrap();
        let run = store.start_run(&profile, lease.fence, 1000).await.unwrap();
        Self { store, profile, lease, run }
    }

    async fn end(self) {
        self.finish(None).await;
    }

    async fn finish(self, facts: Option<PanelFacts>) {
        let end = RunEnd { facts, ..self.run_end() };
        self.store.finish_run(&self.profile, end).await.unwrap();
    }

    /// The end of this run, with nothing learnt.
    fn run_end(&self) -> RunEnd {
        RunEnd {
            run: self.run,
            fence: self.lease.fence,
            status: RunStatus::Completed,
            finished_at: 2000,
            message: "done".to_owned(),
            records: Vec::new(),
            account: None,
            facts: None,
            held: Vec::new(),
        }
    }

    fn commit(&self, kind: ContentKind) -> ScopeCommit {
        ScopeCommit {
            run: self.run,
            fence: self.lease.fence,
            applied_at: 1500,
            categories: None,
            removals: Vec::new(),
            successors: Vec::new(),
            tombstone_days: 30,
            held: None,
            index: None,
            validator: ValidatorChange::Forget,
            watermark: 1400,
            first_load: false,
            record: KindRecord {
                outcome: KindOutcome::Completed,
                counts: Counts { added: 1, ..Counts::default() },
                ..KindRecord::skipped(kind, SyncMode::Full)
            },
            fields: None,
        }
    }

    async fn staging(&self, kind: ContentKind) -> Box<dyn Staging> {
        self.store.stage(&self.profile, Scope::whole(kind)).await.unwrap()
    }

    async fn apply(&self, items: Vec<StagedItem>, commit: ScopeCommit) -> Result<(), StoreError> {
        let mut staging = self.staging(commit.record.kind).await;
        staging.put(items).await?;
        staging.apply(commit, CancellationToken::new()).await
    }

    async fn ids(&self, kind: ContentKind) -> Vec<i64> {
        self.store.get_content_ids(&self.profile, kind).await.unwrap().iter().map(|id| id.0).collect()
    }

    async fn row(&self, kind: ContentKind, id: i64) -> Option<Item> {
        self.store.rows(&self.profile, kind, vec![ContentId(id)]).await.unwrap().pop()
    }
}

/// An index of these ids; `Some`, as a commit takes it.
#[expect(clippy::unnecessary_wraps, reason = "every caller needs it wrapped")]
fn index_of(ids: &[i64]) -> Option<Arc<ListingIndex>> {
    let entries = ids.iter().map(|id| (ContentId(*id), Digest(id.unsigned_abs() + 7)));
    Some(Arc::new(ListingIndex::new(SCHEME, entries).unwrap()))
}

/// A held removal with evidence.
fn held_one(id: i64, run: RunId) -> HeldRemoval {
    let evidence = Some(Evidence { listing: 1, at: 9, panel_at: 8 });
    HeldRemoval {
        id: ContentId(id),
        reason: HoldReason::Loss(Loss::ShareLost),
        since: 7,
        run,
        evidence,
        successor: None,
    }
}

fn added(item: ItemBuilder) -> StagedItem {
    staged(item, Change::Added)
}

/// Loads these movies as the first listing, in a run of its own.
async fn load<'a>(store: &'a dyn ReadableStore, name: &str, ids: &[i64]) -> Session<'a> {
    let session = Session::start(store, name).await;
    let commit = ScopeCommit { index: index_of(ids), first_load: true, ..session.commit(ContentKind::Movies) };
    session.apply(ids.iter().map(|id| added(movie(*id))).collect(), commit).await.unwrap();
    let profile = session.profile.clone();
    session.end().await;
    let lease = store.lease(&profile).await.unwrap();
    let run = store.start_run(&profile, lease.fence, 3000).await.unwrap();
    Session { store, profile, lease, run }
}

/// "A profile has to exist before anything else is asked of it."
pub async fn an_unknown_profile_is_refused(store: &dyn ReadableStore) {
    let nobody = profile("nobody");
    assert!(matches!(store.lease(&nobody).await, Err(StoreError::UnknownProfile(_))));
    assert!(matches!(store.sync_state(&nobody).await, Err(StoreError::UnknownProfile(_))));
    let deleted = store.delete_content_by_ids(&nobody, ContentKind::Movies, vec![ContentId(1)]).await;
    assert!(matches!(deleted, Err(StoreError::UnknownProfile(_))));
    assert!(matches!(store.clear(&nobody).await, Err(StoreError::UnknownProfile(_))));
}

/// "Creates the profile when there is none."
pub async fn a_profile_is_ensured_once(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    store.ensure_profile(&session.profile).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
}

/// "Writes everything at once."
pub async fn a_first_apply_is_read_back(store: &dyn ReadableStore) {
    for kind in ContentKind::ALL {
        let session = Session::start(store, kind.as_str()).await;
        let items: Vec<_> = (1..=120).map(|id| ItemBuilder::of(kind, id)).collect();
        let index = index_of(&(1..=120).collect::<Vec<_>>());
        let commit = ScopeCommit { index, first_load: true, ..session.commit(kind) };
        session.apply(items.iter().cloned().map(added).collect(), commit).await.unwrap();
        for item in items {
            let item = item.item();
            assert_eq!(session.row(kind, item.id().0).await, Some(item));
        }
        assert_eq!(store.sync_state(&session.profile).await.unwrap().rows[kind], 120);
    }
}

/// Every field of every kind, set and empty, with text that tempts.
pub async fn values_are_read_back_as_they_were(store: &dyn ReadableStore) {
    let texts = ["5", "0", "'); DROP TABLE xtream_movies; --", "日本 \"quoted\" \\ ᴴᴰ 😀", "line\nbreak", "7.25"];
    for kind in ContentKind::ALL {
        let session = Session::start(store, kind.as_str()).await;
        let mut items = Vec::new();
        for (text, id) in texts.iter().zip((0..=i64::MAX).rev()) {
            let mut item = ItemBuilder::of(kind, id).in_categories(&["2", text, "a,b"]);
            for spec in kind.fields() {
                let set = matches!(spec.name, "extra" | "category_ids");
                item = if set { item } else { item.with(spec.name, text) };
            }
            items.push(item);
        }
        let bare: Vec<_> = kind.fields().iter().map(|spec| spec.name).filter(|name| *name == "name").collect();
        items.push(ItemBuilder::of(kind, -5).only(&bare));
        let ids: Vec<_> = items.iter().map(|item| item.clone().item().id().0).collect();
        let commit = ScopeCommit { index: index_of(&ids), first_load: true, ..session.commit(kind) };
        session.apply(items.iter().cloned().map(added).collect(), commit).await.unwrap();
        for item in items {
            let item = item.item();
            assert_eq!(session.row(kind, item.id().0).await, Some(item));
        }
    }
}

/// "Item rows keep their identity over updates", and an update leaves no second row.
pub async fn an_update_replaces_the_row(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let edited = movie(2).name("Edited").without("added").with("rating", "7.5");
    let staged = staged(edited.clone(), Change::Updated(FieldSet(2)));
    session.apply(vec![staged], session.commit(ContentKind::Movies)).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 2]);
    assert_eq!(session.row(ContentKind::Movies, 2).await, Some(edited.item()));
    assert_eq!(session.row(ContentKind::Movies, 1).await, Some(movie(1).item()));
}

/// "Items whose change is not written are kept for `get`, and not written."
pub async fn what_is_not_to_be_written_is_not(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let items = vec![staged(movie(1).name("x"), Change::Unchanged), staged(movie(2).name("y"), Change::Passed)];
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put(items.clone()).await.unwrap();
    assert_eq!(staging.get(vec![ContentId(2)]).await.unwrap(), items[1..]);
    staging.apply(session.commit(ContentKind::Movies), CancellationToken::new()).await.unwrap();
    assert_eq!(session.row(ContentKind::Movies, 1).await, Some(movie(1).item()));
    assert_eq!(session.row(ContentKind::Movies, 2).await, Some(movie(2).item()));
}

/// "A later `put` of an id replaces an earlier one."
pub async fn a_later_put_replaces_an_earlier_one(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put(vec![added(movie(8).name("first")), added(movie(9))]).await.unwrap();
    staging.put(vec![added(movie(8).name("second"))]).await.unwrap();
    let got = staging.get(vec![ContentId(8), ContentId(77)]).await.unwrap();
    assert_eq!(got, [added(movie(8).name("second"))]);
    let commit = ScopeCommit { index: index_of(&[1, 8, 9]), ..session.commit(ContentKind::Movies) };
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    assert_eq!(session.row(ContentKind::Movies, 8).await, Some(movie(8).name("second").item()));
    let logged = store.changes(&session.profile, 0, 100).await.unwrap();
    assert_eq!(logged.iter().filter(|change| change.id == Some(ContentId(8))).count(), 1, "one event an item");
}

/// "After `reset` the area is as new."
pub async fn a_reset_forgets_everything(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put(vec![added(movie(8)), added(movie(9))]).await.unwrap();
    staging.reset().await.unwrap();
    assert_eq!(staging.get(vec![ContentId(8)]).await.unwrap(), []);
    staging.put(vec![added(movie(9))]).await.unwrap();
    let commit = ScopeCommit { index: index_of(&[1, 9]), ..session.commit(ContentKind::Movies) };
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 9]);
}

/// "It is outside the cache: nothing of it is seen there, or left behind, unless it is applied."
pub async fn nothing_is_seen_before_the_apply(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put((100..2000).map(|id| added(movie(id))).collect()).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
    drop(staging);
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
    assert_eq!(session.staging(ContentKind::Movies).await.get(vec![ContentId(100)]).await.unwrap(), []);
}

/// Removals leave no row, and an event each.
pub async fn removals_go_and_are_logged(store: &dyn ReadableStore) {
    let ids: Vec<i64> = (1..=1200).collect();
    let session = load(store, "home", &ids).await;
    let gone: Vec<_> = (2..=1200).map(ContentId).collect();
    let commit = ScopeCommit { removals: gone, index: index_of(&[1]), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
    let logged = store.changes(&session.profile, 0, 10_000).await.unwrap();
    assert_eq!(logged.iter().filter(|change| change.change == LoggedChange::Removed).count(), 1199);
}

/// "When it finds its token cancelled before the commit, the cache is as it was."
pub async fn a_cancelled_apply_changes_nothing(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let mut staging = session.staging(ContentKind::Movies).await;
    staging.put((10..500).map(|id| added(movie(id))).collect()).await.unwrap();
    let index = index_of(&(10..500).chain([1]).collect::<Vec<_>>());
    let commit =
        ScopeCommit { index, removals: vec![ContentId(2)], watermark: 9999, ..session.commit(ContentKind::Movies) };
    let token = CancellationToken::new();
    token.cancel();
    let applied = staging.apply(commit, token).await;
    assert!(matches!(applied, Err(StoreError::Cancelled)), "{applied:?}");
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 2]);
    let state = store.sync_state(&session.profile).await.unwrap();
    assert_eq!(state.last_sync[ContentKind::Movies], Some(1400));
    let index = store.index(&session.profile, ContentKind::Movies.into()).await.unwrap();
    assert_eq!(Some(index.index), index_of(&[1, 2]));
}

/// "What is written under an older fence is refused."
pub async fn a_fenced_apply_changes_nothing(store: &dyn ReadableStore) {
    let Session { profile, lease, run, .. } = load(store, "home", &[1]).await;
    let old = lease.fence;
    drop(lease);
    let lease = store.lease(&profile).await.unwrap();
    let late = Session { store, profile, lease: Lease::new(old, ()), run };
    let commit = ScopeCommit { index: index_of(&[1, 2]), ..late.commit(ContentKind::Movies) };
    let applied = late.apply(vec![added(movie(2))], commit).await;
    assert!(matches!(applied, Err(StoreError::Fenced)), "{applied:?}");
    assert_eq!(late.ids(ContentKind::Movies).await, [1]);
    assert!(matches!(store.start_run(&late.profile, old, 1).await, Err(StoreError::Fenced)));
    drop(lease);
}

/// "Everything is isolated by profile."
pub async fn profiles_are_isolated(store: &dyn ReadableStore) {
    let one = load(store, "one", &[1, 2, 3]).await;
    let other = load(store, "other", &[1, 2, 3]).await;
    let edited = staged(movie(1).name("mine"), Change::Updated(FieldSet(2)));
    let commit =
        ScopeCommit { removals: vec![ContentId(3)], index: index_of(&[1, 2]), ..one.commit(ContentKind::Movies) };
    one.apply(vec![edited], commit).await.unwrap();
    store.delete_content_by_ids(&one.profile, ContentKind::Movies, vec![ContentId(2)]).await.unwrap();
    assert_eq!(one.ids(ContentKind::Movies).await, [1]);
    assert_eq!(other.ids(ContentKind::Movies).await, [1, 2, 3]);
    assert_eq!(other.row(ContentKind::Movies, 1).await, Some(movie(1).item()));
    store.clear(&one.profile).await.unwrap();
    assert_eq!(other.ids(ContentKind::Movies).await, [1, 2, 3]);
    assert_eq!(store.changes(&other.profile, 0, 100).await.unwrap().len(), 1);
    assert_eq!(store.sync_state(&other.profile).await.unwrap().last_sync[ContentKind::Movies], Some(1400));
}

/// "Everything is isolated by kind."
pub async fn kinds_are_isolated(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let items = [added(channel(1)), added(movie(1)), added(series(1))];
    for (kind, item) in ContentKind::ALL.into_iter().zip(items) {
        let commit = ScopeCommit { index: index_of(&[1]), first_load: true, ..session.commit(kind) };
        session.apply(vec![item], commit).await.unwrap();
    }
    store.delete_content_by_ids(&session.profile, ContentKind::Movies, vec![ContentId(1)]).await.unwrap();
    assert_eq!(session.row(ContentKind::Channels, 1).await, Some(channel(1).item()));
    assert_eq!(session.ids(ContentKind::Movies).await, Vec::<i64>::new());
    assert_eq!(session.row(ContentKind::Series, 1).await, Some(series(1).item()));
}

/// "While an apply of one kind is under way, another kind of the profile may be read, and staged."
pub async fn a_kind_is_read_and_staged_while_another_is_applied(store: &dyn ReadableStore) {
    let (movies, channels) = (ContentKind::Movies, ContentKind::Channels);
    let session = load(store, "home", &[1, 2, 3]).await;
    let ids: Vec<_> = (1..=3000).collect();
    let mut applying = session.staging(channels).await;
    applying.put(ids.iter().map(|id| added(channel(*id))).collect()).await.unwrap();
    let commit = ScopeCommit { index: index_of(&ids), first_load: true, ..session.commit(channels) };
    let apply = applying.apply(commit, CancellationToken::new());
    let beside = async {
        let stored = store.index(&session.profile, movies.into()).await.unwrap();
        assert_eq!((stored.index.ids(), stored.consistent), (&[1, 2, 3][..], true));
        let mut staging = session.staging(movies).await;
        for id in 1..=3 {
            assert_eq!(session.row(movies, id).await, Some(movie(id).item()));
            staging.put(vec![added(movie(id + 10))]).await.unwrap();
            assert_eq!(staging.get(vec![ContentId(id + 10)]).await.unwrap().len(), 1);
        }
        staging
    };
    let (applied, mut staging) = join(apply, beside).await;
    applied.unwrap();
    assert_eq!(session.ids(movies).await, [1, 2, 3], "staged is not applied");
    let commit = ScopeCommit { index: index_of(&[1, 2, 3, 11, 12, 13]), ..session.commit(movies) };
    staging.apply(commit, CancellationToken::new()).await.unwrap();
    assert_eq!(session.ids(movies).await, [1, 2, 3, 11, 12, 13]);
    assert_eq!(session.ids(channels).await, ids);
}

/// "The watermark is written with the rows it stands for."
pub async fn the_watermark_comes_with_the_rows(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    assert_eq!(store.sync_state(&session.profile).await.unwrap().last_sync, PerKind::all(None));
    let commit =
        ScopeCommit { watermark: 77, index: index_of(&[]), first_load: true, ..session.commit(ContentKind::Series) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(store.sync_state(&session.profile).await.unwrap().last_sync, [None, None, Some(77)]);
}

/// The first load is one marker; after it, each change is an event with its fields.
pub async fn the_change_log_tells_what_happened(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let loaded = store.changes(&session.profile, 0, 100).await.unwrap();
    assert_eq!(loaded.len(), 1);
    assert_eq!((loaded[0].id, loaded[0].change), (None, LoggedChange::Loaded));
    let mut fields = FieldSet::EMPTY;
    fields.add(Movie::KIND.field("name").unwrap());
    fields.add(Movie::KIND.field("plot").unwrap());
    let items = vec![
        added(movie(3)),
        staged(movie(1).name("x"), Change::Updated(fields)),
        staged(movie(2).with("rating", "5"), Change::Refreshed(FieldSet(1))),
    ];
    let commit = ScopeCommit { index: index_of(&[1, 2, 3]), ..session.commit(ContentKind::Movies) };
    session.apply(items, commit).await.unwrap();
    let later = store.changes(&session.profile, loaded[0].sequence, 100).await.unwrap();
    let mut told: Vec<_> = later.iter().map(|change| (change.id.map(|id| id.0), change.change)).collect();
    told.sort_by_key(|(id, _)| *id);
    assert_eq!(told, [(Some(1), LoggedChange::Updated(fields)), (Some(3), LoggedChange::Added)]);
    assert!(later.iter().all(|change| change.run == Some(session.run) && change.kind == ContentKind::Movies));
    assert!(later.is_sorted_by_key(|change| change.sequence));
    assert_eq!(store.changes(&session.profile, loaded[0].sequence, 1).await.unwrap().len(), 1, "at most the limit");
}

/// "All removals that are now held, or `None` to leave the record as it is."
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
    let end = RunEnd {
        run,
        fence: lease.fence,
        status: RunStatus::Partial,
        finished_at: 1,
        message: String::new(),
        records: Vec::new(),
        account: None,
        facts: None,
        held: Vec::new(),
    };
    store.finish_run(&profile, end).await.unwrap();
    let second = store.start_run(&profile, lease.fence, 9).await.unwrap();
    let session = Session { store, profile, lease, run: second };
    let (id, reason) = (ContentId(3), HoldReason::Loss(Loss::EmptyListing));
    let kept = HeldRemoval { id, reason, since: 6, run, evidence: None, successor: None };
    let commit = ScopeCommit { held: Some(vec![kept.clone()]), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(store.held(&session.profile, ContentKind::Movies).await.unwrap(), [kept]);
}

/// "Returns the ids of all stored items of a kind, rising."
pub async fn ids_rise(store: &dyn ReadableStore) {
    let session = load(store, "home", &[30, -7, 2, 9_007_199_254_740_993]).await;
    assert_eq!(session.ids(ContentKind::Movies).await, [-7, 2, 30, 9_007_199_254_740_993]);
    assert_eq!(session.ids(ContentKind::Series).await, Vec::<i64>::new());
}

/// "Deletes items by id, any number of them; returns how many there were."
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

/// "Deleting takes the ids out of the index as well."
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
    // Nothing is remembered of what was removed before.
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

/// "Of those, the ones that the panel seems to list under another id": of the removed ones only.
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

/// "A lease is exclusive."
pub async fn a_lease_is_exclusive_until_dropped(store: &dyn ReadableStore) {
    let (one, other) = (profile("one"), profile("other"));
    store.ensure_profile(&one).await.unwrap();
    store.ensure_profile(&other).await.unwrap();
    let lease = store.lease(&one).await.unwrap();
    assert!(matches!(store.lease(&one).await, Err(StoreError::Leased(id)) if id == one));
    store.lease(&other).await.expect("another profile is free");
    drop(lease);
    store.lease(&one).await.expect("the lease has ended");
}

/// "Each has a higher fence than all before it."
pub async fn fences_rise(store: &dyn ReadableStore) {
    let home = profile("home");
    store.ensure_profile(&home).await.unwrap();
    let mut last = 0;
    for _ in 0..5 {
        let fence = store.lease(&home).await.unwrap().fence;
        assert!(fence > last);
        last = fence;
    }
}

/// Ids, digests and scheme come back in listing order.
pub async fn an_index_is_read_back_in_listing_order(store: &dyn ReadableStore) {
    let ids: Vec<i64> = (0..5000).map(|n| (n * 7919) % 5003 - 100).collect();
    let session = load(store, "home", &ids).await;
    let stored = store.index(&session.profile, ContentKind::Movies.into()).await.unwrap();
    assert!(stored.applied_before && stored.consistent);
    assert_eq!(stored.index.scheme(), SCHEME);
    assert_eq!(Some(stored.index), index_of(&ids));
    let other = store.index(&session.profile, ContentKind::Series.into()).await.unwrap();
    assert!(!other.applied_before && other.index.is_empty());
}

/// "Where the store doubts its own index it returns every stored id with `Digest::NEVER`." Rows
/// without any index are such a doubt: a category's scope that was never applied knows the rows.
pub async fn a_doubtful_index_is_not_trusted(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let commit = ScopeCommit { first_load: true, ..session.commit(ContentKind::Channels) };
    session.apply(vec![added(channel(3)), added(channel(1))], commit).await.unwrap();
    let stored = store.index(&session.profile, ContentKind::Channels.into()).await.unwrap();
    assert!(!stored.consistent);
    let mut ids = stored.index.ids().to_vec();
    ids.sort_unstable();
    assert_eq!(ids, [1, 3]);
    assert!(stored.index.digests().iter().all(|digest| Digest(*digest).is_never()));
    assert_eq!(session.row(ContentKind::Channels, 3).await.map(|item| item.kind()), Some(Channel::KIND));
}

/// "In the panel's order", replaced as a whole.
pub async fn categories_keep_the_panels_order(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let lists = PerKind::new(vec!["9", "1", "10"], vec!["1", "9", "new"], vec![]);
    for kind in [ContentKind::Channels, ContentKind::Movies, ContentKind::Series] {
        let mut list: Vec<_> = lists[kind].iter().map(|id| category(id)).collect();
        let commit = ScopeCommit { categories: Some(list.clone()), index: index_of(&[]), ..session.commit(kind) };
        session.apply(Vec::new(), commit).await.unwrap();
        assert_eq!(store.categories(&session.profile, kind).await.unwrap(), list);
        list.clear();
    }
    let profile = session.profile.clone();
    session.end().await;
    let lease = store.lease(&profile).await.unwrap();
    let run = store.start_run(&profile, lease.fence, 5).await.unwrap();
    let session = Session { store, profile, lease, run };
    let mut list: Vec<_> = ["10", "9", "new"].map(category).to_vec();
    list[1] = Category { name: "Renamed ┃".to_owned(), ..category("9") };
    list[2].parent_id = Some(4);
    let commit = ScopeCommit { categories: Some(list.clone()), ..session.commit(ContentKind::Channels) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(store.categories(&session.profile, ContentKind::Channels).await.unwrap(), list);
    assert_eq!(store.categories(&session.profile, ContentKind::Movies).await.unwrap().len(), 3, "`None` leaves them");
    // A name alone, a parent alone, places alone.
    let renamed = Category { name: "Alone".to_owned(), ..list[0].clone() };
    let moved = Category { parent_id: Some(5), ..list[2].clone() };
    let mut profile = session.profile.clone();
    session.end().await;
    for list in [vec![renamed.clone(), list[1].clone(), moved.clone()], vec![list[1].clone(), renamed, moved]] {
        let lease = store.lease(&profile).await.unwrap();
        let run = store.start_run(&profile, lease.fence, 5).await.unwrap();
        let session = Session { store, profile, lease, run };
        let commit = ScopeCommit { categories: Some(list.clone()), ..session.commit(ContentKind::Channels) };
        session.apply(Vec::new(), commit).await.unwrap();
        assert_eq!(store.categories(&session.profile, ContentKind::Channels).await.unwrap(), list);
        profile = session.profile.clone();
        session.end().await;
    }
}

/// "Records that an earlier one without an end was interrupted", and a reader derives it.
pub async fn a_run_without_end_was_interrupted(store: &dyn ReadableStore) {
    let Session { profile, lease, run, .. } = Session::start(store, "home").await;
    let status = |runs: &[crate::run::record::RunRecord]| runs.iter().map(|run| run.status).collect::<Vec<_>>();
    assert_eq!(status(&store.runs(&profile, 9).await.unwrap()), [RunStatus::Syncing]);
    drop(lease);
    assert_eq!(status(&store.runs(&profile, 9).await.unwrap()), [RunStatus::Interrupted]);
    let lease = store.lease(&profile).await.unwrap();
    let second = store.start_run(&profile, lease.fence, 2).await.unwrap();
    let runs = store.runs(&profile, 9).await.unwrap();
    assert_eq!(status(&runs), [RunStatus::Syncing, RunStatus::Interrupted], "newest first");
    assert_eq!((runs[0].run, runs[1].run), (second, run));
    assert_eq!(store.runs(&profile, 1).await.unwrap().len(), 1);
}

/// "Records the end of a run and of those of its kinds that applied nothing. The watermarks stay."
pub async fn the_end_of_a_run_moves_no_watermark(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let mut record = KindRecord::skipped(ContentKind::Series, SyncMode::Full);
    record.outcome = KindOutcome::Failed;
    let end = RunEnd {
        run: session.run,
        fence: session.lease.fence,
        status: RunStatus::Failed,
        finished_at: 4321,
        message: "the panel can't be reached".to_owned(),
        records: vec![record],
        account: None,
        facts: None,
        held: Vec::new(),
    };
    store.finish_run(&session.profile, end).await.unwrap();
    assert_eq!(store.sync_state(&session.profile).await.unwrap().last_sync, PerKind::all(None));
    let run = store.runs(&session.profile, 1).await.unwrap().pop().unwrap();
    assert_eq!((run.status, run.started_at, run.finished_at), (RunStatus::Failed, 1000, Some(4321)));
    assert_eq!(run.kinds.len(), 1);
    assert_eq!((run.kinds[0].kind, run.kinds[0].outcome), (ContentKind::Series, KindOutcome::Failed));
}

/// "Ids without a row are left out."
pub async fn unknown_rows_are_left_out(store: &dyn ReadableStore) {
    let ids: Vec<i64> = (1..=700).collect();
    let session = load(store, "home", &ids).await;
    let asked: Vec<_> = (500..=2000).map(ContentId).collect();
    let mut found: Vec<_> = store.rows(&session.profile, ContentKind::Movies, asked).await.unwrap();
    found.sort_by_key(Item::id);
    assert_eq!(found.len(), 201);
    assert_eq!(found[0], movie(500).item());
    assert_eq!(store.rows(&session.profile, ContentKind::Movies, Vec::new()).await.unwrap(), []);
}

/// "An item counts in every category of its set."
pub async fn categories_are_counted_by_their_sets(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let items = [
        movie(1).in_categories(&["7"]),
        movie(2).in_categories(&["7", "8"]),
        movie(3).in_categories(&["8", "77", "a\"b"]),
        movie(4).in_categories(&[]),
    ];
    let commit =
        ScopeCommit { index: index_of(&[1, 2, 3, 4]), first_load: true, ..session.commit(ContentKind::Movies) };
    session.apply(items.into_iter().map(added).collect(), commit).await.unwrap();
    let sizes = async |kind, names: &[&str]| {
        let categories = names.iter().map(|name| CategoryId((*name).to_owned())).collect();
        store.category_sizes(&session.profile, kind, categories).await.unwrap()
    };
    assert_eq!(sizes(ContentKind::Movies, &["8", "7", "77", "a\"b", "a", "9", "7"]).await, [2, 2, 1, 1, 0, 0, 2]);
    assert_eq!(sizes(ContentKind::Channels, &["8"]).await, [0]);
    assert_eq!(sizes(ContentKind::Movies, &[]).await, Vec::<u64>::new());
}

/// "Records … what the run has learnt of the panel", and "`None` to leave it as it is".
pub async fn what_a_run_has_learnt_is_kept(store: &dyn ReadableStore) {
    let mut facts = PanelFacts { user_agent: Some("Player '1'".to_owned()), refusals: 2, ..PanelFacts::default() };
    facts.kinds[ContentKind::Series].overloads = 1;
    facts.kinds[ContentKind::Movies].trailing = Some(Sighting { digest: u64::MAX, listings: 3 });
    let mut later = facts.clone();
    later.kinds[ContentKind::Series].overloads = 0;
    later.kinds[ContentKind::Channels].filter_ignored_at = Some(77);
    let profile = profile("home");
    facts.kinds[ContentKind::Movies].fields = FieldFacts::default()
        .with(ContentKind::Movies, "added", Standing::Volatile { looked_at: 7 })
        .with(ContentKind::Movies, "a \u{27} key", Standing::Trial { rested: 1, met: 0, behind: 3 });
    for (learnt, kept) in [(Some(&facts), &facts), (None, &facts), (Some(&later), &later)] {
        let session = Session::start(store, "home").await;
        session.finish(learnt.cloned()).await;
        assert_eq!(store.sync_state(&profile).await.unwrap().facts, *kept);
    }
    store.ensure_profile(&super::builders::profile("other")).await.unwrap();
    assert_eq!(store.sync_state(&super::builders::profile("other")).await.unwrap().facts, PanelFacts::default());
    store.clear(&profile).await.unwrap();
    let kept = PanelFacts { kinds: PerKind::default(), ..later };
    assert_eq!(store.sync_state(&profile).await.unwrap().facts, kept, "what was learnt of the panel as a whole");
}

/// "What is known of the kind's fields … is written with the rows."
pub async fn what_is_learnt_of_fields_is_written_with_the_rows(store: &dyn ReadableStore) {
    let movies = ContentKind::Movies;
    let learnt = |standing| Some(FieldFacts::default().with(movies, "added", standing).with(movies, "a key", standing));
    let first = learnt(Standing::Volatile { looked_at: 7 });
    let known = async || {
        let mut kinds = store.sync_state(&profile("home")).await.unwrap().facts.kinds;
        let fields = std::mem::take(&mut kinds[movies].fields);
        assert!(kinds.values().all(|facts| facts.fields == FieldFacts::default()), "other kinds");
        fields
    };
    let session = load(store, "home", &[1]).await;
    session.finish(None).await;
    let session = Session::start(store, "home").await;
    let mut staging = session.staging(movies).await;
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let commit = ScopeCommit { fields: first.clone(), ..session.commit(movies) };
    staging.apply(commit.clone(), cancelled).await.unwrap_err();
    assert_eq!(known().await, FieldFacts::default(), "nothing was written");
    // The run has no end, and it is known all the same.
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(Some(known().await), first);
    drop(session);
    let session = Session::start(store, "home").await;
    session.apply(Vec::new(), session.commit(movies)).await.unwrap();
    assert_eq!(Some(known().await), first, "left as it is");
    session.finish(None).await;
    let session = Session::start(store, "home").await;
    let second = FieldFacts::default().with(movies, "rating", Standing::Compared { met: 1 });
    let commit = ScopeCommit { fields: Some(second.clone()), ..session.commit(movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(known().await, second);
}

/// "Of those that are still held, reason and evidence are replaced", and a record "replaces the one that the run has
/// of its kind".
pub async fn what_several_kinds_lost_waits_for_consent(store: &dyn ReadableStore) {
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
    // One of them is not held, and one is of another kind.
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

/// "The item was removed, is still remembered, and came back."
pub async fn what_returns_is_recognised_for_a_time(store: &dyn ReadableStore) {
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

/// A validator of a listing of so many items.
fn validator(text: &str, rows: u64) -> KeptValidator {
    KeptValidator {
        validator: Validator(text.to_owned()),
        scheme: SCHEME,
        policy: PolicyChoice::Timestamp,
        listed_at: 77,
        rows,
    }
}

async fn validators(store: &dyn ReadableStore, profile: &ProfileId) -> PerKind<Option<KeptValidator>> {
    let mut kept = PerKind::default();
    for kind in ContentKind::ALL {
        kept[kind] = store.validator(profile, kind).await.unwrap();
    }
    kept
}

/// "The validator of a kind's listing is written with it."
pub async fn a_validator_is_kept_with_its_listing(store: &dyn ReadableStore) {
    let home = profile("home");
    let kept = async |profile: &ProfileId| validators(store, profile).await;
    let first = validator("W/\"a'b\" ┃", 2);
    let second = KeptValidator { policy: PolicyChoice::Fingerprint, listed_at: 78, ..validator("v2", 2) };
    let changes = [
        (ValidatorChange::Set(first.clone()), Some(&first)),
        (ValidatorChange::Keep, Some(&first)),
        (ValidatorChange::Set(second.clone()), Some(&second)),
        (ValidatorChange::Forget, None),
        (ValidatorChange::Keep, None),
    ];
    let session = load(store, "home", &[1, 2]).await;
    session.end().await;
    for (change, expected) in changes {
        let session = Session::start(store, "home").await;
        let commit = ScopeCommit { validator: change, ..session.commit(ContentKind::Movies) };
        session.apply(Vec::new(), commit.clone()).await.unwrap();
        assert_eq!(kept(&home).await, [None, expected.cloned(), None]);
        session.end().await;
    }
    let session = Session::start(store, "home").await;
    let token = CancellationToken::new();
    token.cancel();
    let commit = ScopeCommit { validator: ValidatorChange::Set(first), ..session.commit(ContentKind::Movies) };
    assert!(session.staging(ContentKind::Movies).await.apply(commit, token).await.is_err());
    assert_eq!(kept(&home).await, [None, None, None], "nothing was applied");
    store.ensure_profile(&profile("other")).await.unwrap();
    assert_eq!(kept(&profile("other")).await, [None, None, None]);
}

/// "And forgotten with whatever else changes the kind", and only there; `None` "where the store has no
/// longer as many rows as that listing left".
pub async fn a_validator_goes_with_whatever_changes_the_kind(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let home = session.profile.clone();
    let kept = async || validators(store, &home).await.map(|kept| kept.is_some());
    let validator = |text, rows| ValidatorChange::Set(validator(text, rows));
    let commit = ScopeCommit { index: index_of(&[1]), first_load: true, ..session.commit(ContentKind::Series) };
    session.apply(vec![added(series(1))], ScopeCommit { validator: validator("s", 1), ..commit }).await.unwrap();
    let movies = ScopeCommit { validator: validator("m", 2), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), movies).await.unwrap();
    assert_eq!(kept().await, [false, true, true]);
    session.end().await;
    store.delete_content_by_ids(&home, ContentKind::Movies, vec![ContentId(2)]).await.unwrap();
    assert_eq!(kept().await, [false, false, true]);

    let session = Session::start(store, "home").await;
    let commit = ScopeCommit { validator: validator("m", 2), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(kept().await, [false, false, true], "there is one row");
    session.end().await;
    let session = Session::start(store, "home").await;
    let commit = ScopeCommit { validator: validator("m", 1), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(kept().await, [false, true, true]);
    session.end().await;
    store.clear(&home).await.unwrap();
    assert_eq!(kept().await, [false, false, false]);
}

#[cfg(test)]
mod tests {
    use super::Fixture;
    use crate::testing::MemoryStore;

    async fn memory() -> Fixture<MemoryStore> {
        let kept = MemoryStore::new();
        Fixture::new(move || kept.clone())
    }

    crate::content_store_conformance!(memory);
    crate::cache_conformance!(memory);

    fn written(source: &str) -> Vec<&str> {
        source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split(['(', '<']).next()).collect()
    }

    /// The lists in the macros and the functions are the same.
    #[test]
    fn every_case_is_in_the_list() {
        let source = include_str!("conformance.rs");
        let lists: Vec<_> = source.split("{ $make;").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        assert_eq!(lists[0].split_whitespace().collect::<Vec<_>>(), written(source));
        let suites = [
            ("catalogue: ", include_str!("conformance/catalogue.rs")),
            ("profiles: ", include_str!("conformance/profiles.rs")),
            ("maintenance: ", include_str!("conformance/maintenance.rs")),
        ];
        for (name, source) in suites {
            let listed: Vec<_> = lists[1].lines().filter_map(|line| line.trim().strip_prefix(name)).collect();
            assert_eq!(listed, written(source), "{name}");
        }
        for case in written(include_str!("conformance/reopened.rs")) {
            assert!(source.contains(&format!("reopened::{case}($make")), "{case}");
        }
    }
}
