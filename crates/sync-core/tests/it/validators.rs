//! Listings that the panel calls not modified, and panels that call a changed listing so.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use sync_core::RunId;
use sync_core::source::{Baseline, Completeness, Entry, Learnt, Listing, ListingEvent, Usage, Validator};
use sync_core::store::{Applied, KeptValidator, Lease, StoredIndex, SyncState, ValidatorChange};
use sync_core::testing::{Answer, FixedClock, ScriptedSource, category, channel, movie, profile};
use sync_core::{
    Account, AccountStatus, ContentId, ContentStore, Counts, Digest, DigestScheme, Engine, KindOutcome, KindRecord,
    LazyIndex, Listed, ListingIndex, MockContentSource, MockContentStore, MockStaging, PerKind, PolicyChoice,
    SourceError, SyncMode, SyncOptions, SyncReport,
};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, Channels, Movies, NOW, counts, listed, only};
use crate::wrappers::{Hook, Moment, Step, Trace, TracedSource, WatchedStore};

const DAY: u64 = 86_400;

/// Returns a panel that lists these movies, with this validator.
fn panel(version: &'static str, items: Vec<Listed>) -> ScriptedSource {
    let end = Completeness { started_at: Some(NOW + 5), ..Completeness::default() };
    ScriptedSource::new()
        .categories(Movies, Ok(vec![category("1")]))
        .answer(Movies, Answer::Version(version, items, end))
}

fn movies(ids: std::ops::RangeInclusive<i64>) -> Vec<Listed> {
    listed(Movies, ids)
}

async fn sync(bench: &Bench, source: &ScriptedSource) -> KindRecord {
    bench.sync(source, &only(Movies)).await.kind(Movies).clone()
}

async fn kept(bench: &Bench) -> Option<KeptValidator> {
    bench.store.validator(&bench.profile, Movies).await.unwrap()
}

/// Returns the validator with which the last listing was asked for.
fn asked_with(source: &ScriptedSource) -> Option<String> {
    let last = source.asked().pop().unwrap();
    last.strip_prefix("listing movies unless ").map(str::to_owned)
}

#[tokio::test]
async fn an_unmodified_listing_is_counted_and_recorded_and_moves_the_watermark() {
    let bench = Bench::new().await;
    let first = sync(&bench, &panel("v1", movies(1..=9))).await;
    assert_eq!((first.outcome, first.not_modified), (KindOutcome::Completed, false));
    let validator = kept(&bench).await.unwrap();
    assert_eq!((validator.listed_at, validator.rows), (NOW, 9));

    bench.clock.pass(Duration::from_secs(600));
    let source = panel("v1", movies(1..=9));
    let again = sync(&bench, &source).await;
    assert_eq!(asked_with(&source).as_deref(), Some("v1"));
    assert_eq!((again.outcome, again.mode, again.not_modified), (KindOutcome::Unchanged, SyncMode::Incremental, true));
    assert_eq!(again.counts, counts(0, 0, 0, 0, 9));
    assert_eq!(bench.tables(Movies).await.last_sync, Some(NOW + 5));
    assert_eq!(kept(&bench).await, Some(validator), "it was not received as a whole");
}

/// The watermark is the panel's clock at the login, if the answer doesn't tell the time.
#[tokio::test]
async fn the_watermark_of_an_unmodified_listing_is_of_the_panels_clock() {
    let bench = Bench::new().await;
    let panel = || {
        let ahead = Account { panel_time: Some(NOW + 100), ..Account::active() };
        let answer = Answer::Version("v1", movies(1..=9), Completeness::default());
        ScriptedSource::new().account(Ok(ahead)).answer(Movies, answer)
    };
    sync(&bench, &panel()).await;
    assert!(sync(&bench, &panel()).await.not_modified);
    assert_eq!(bench.tables(Movies).await.last_sync, Some(NOW + 100));
}

/// A listing that is not modified takes time as well.
#[tokio::test]
async fn the_duration_of_an_unmodified_listing_is_measured() {
    let bench = Arc::new(Bench::new().await);
    sync(&bench, &panel("v1", movies(1..=9))).await;
    let lasts = |step, seconds| -> (Moment, Hook) {
        let bench = Arc::clone(&bench);
        ((step, Some(Movies)), Box::new(move || bench.clock.pass(Duration::from_secs(seconds))))
    };
    let hooks = vec![lasts(Step::Listing, 1), lasts(Step::StoredCategories, 20), lasts(Step::Committed, 300)];
    let trace = Arc::new(Trace { hooks, ..Trace::default() });
    let source = TracedSource { inner: panel("v1", movies(1..=9)), trace: Arc::clone(&trace) };
    let store = WatchedStore::traced(&bench.store, &trace);
    let report = bench.sync_over(&store, &source, &only(Movies), &CancellationToken::new()).await;
    let record = report.kind(Movies);
    assert_eq!((record.not_modified, record.duration.as_secs()), (true, 321));
}

#[tokio::test]
async fn a_modified_listing_is_compared_as_usual() {
    let bench = Bench::new().await;
    sync(&bench, &panel("v1", movies(1..=9))).await;
    let mut items = movies(2..=10);
    items[0] = movie(2).name("Edited").listed();
    let source = panel("v2", items);
    let record = sync(&bench, &source).await;
    assert_eq!(asked_with(&source).as_deref(), Some("v1"));
    assert_eq!((record.counts, record.not_modified), (counts(1, 1, 0, 1, 7), false));
    assert_eq!(kept(&bench).await.unwrap().validator, Validator("v2".to_owned()));
}

#[tokio::test]
async fn categories_change_beside_an_unmodified_listing() {
    let bench = Bench::new().await;
    sync(&bench, &panel("v1", movies(1..=9))).await;
    let renamed = vec![category("1"), category("2")];
    let source = ScriptedSource::new().categories(Movies, Ok(renamed.clone()));
    let source = source.answer(Movies, Answer::Version("v1", movies(1..=9), Completeness::default()));
    assert!(sync(&bench, &source).await.not_modified);
    assert_eq!(bench.tables(Movies).await.categories, renamed);
}

/// Of many categories that vanish beside an unmodified listing, those with items stay.
#[tokio::test]
async fn categories_vanish_beside_an_unmodified_listing() {
    let bench = Bench::new().await;
    let films: Vec<_> = (1..=160)
        .map(|id| movie(id).with("category_id", &id.to_string()).in_categories(&[&id.to_string()]).listed())
        .collect();
    let shelves = |to: i64| (1..=to).map(|id| category(&id.to_string())).collect::<Vec<_>>();
    let panel = |to| {
        let answer = Answer::Version("v1", films.clone(), Completeness::default());
        ScriptedSource::new().categories(Movies, Ok(shelves(to))).answer(Movies, answer)
    };
    sync(&bench, &panel(200)).await;
    assert!(sync(&bench, &panel(20)).await.not_modified);
    assert_eq!(bench.tables(Movies).await.categories, shelves(160));
}

/// A listing with a doubt, a loss or a defect gets no validator, so it is received again.
#[tokio::test]
async fn a_listing_with_a_doubt_or_a_loss_has_no_validator() {
    let sound = Completeness::default();
    let version = |items, end| ScriptedSource::new().answer(Movies, Answer::Version("v1", items, end));
    let timed_out = || SourceError::Unreachable { message: "504".to_owned(), attempts: 4, overloaded: true };
    let twice = [movies(1..=90), vec![movie(5).name("Again").listed()]].concat();
    let expired = Account { expires_at: Some(NOW - 1), ..Account::active() };
    let cases = [
        ("held", version(movies(1..=9), sound), 0),
        ("an empty list", version(Vec::new(), sound), 0),
        ("unreadable", version(movies(1..=90), Completeness { unreadable: 1, ..sound }), 0),
        ("trailing", version(movies(1..=90), Completeness { trailing_bytes: true, ..sound }), 0),
        ("an id twice", version(twice, sound), 0),
        ("no categories", version(movies(1..=90), sound).categories(Movies, Err(timed_out())), 0),
        ("past its end", version(movies(1..=90), sound).account(Ok(expired)), 0),
        ("nothing of that", version(movies(1..=90), sound), 1),
    ];
    for (what, source, expected) in cases {
        let bench = Bench::new().await;
        bench.movies(&movies(1..=90)).await;
        sync(&bench, &source).await;
        assert_eq!(kept(&bench).await.iter().count(), expected, "{what}");
    }
}

/// A listing with differences that the policy ignores gets no validator either.
#[tokio::test]
async fn a_listing_with_ignored_differences_has_no_validator() {
    let bench = Bench::new().await;
    let options = SyncOptions { policy: PolicyChoice::Timestamp, ..only(Movies) };
    bench.sync(&panel("v1", movies(1..=9)), &options).await;
    assert_eq!(kept(&bench).await.unwrap().policy, PolicyChoice::Timestamp);
    let mut items = movies(1..=9);
    items[3] = movie(4).name("Undated").listed();
    bench.sync(&panel("v2", items), &options).await;
    assert_eq!(kept(&bench).await, None);
}

/// "Not when the categories fail, or the account is past its end": then no validator is sent either.
#[tokio::test]
async fn in_doubt_no_validator_is_sent() {
    let doubts: [fn(ScriptedSource) -> ScriptedSource; 2] = [
        |source| {
            let failed = SourceError::Unreachable { message: "504".to_owned(), attempts: 4, overloaded: true };
            source.categories(Movies, Err(failed))
        },
        |source| source.account(Ok(Account { expires_at: Some(NOW - 1), ..Account::active() })),
    ];
    for doubt in doubts {
        let bench = Bench::new().await;
        sync(&bench, &panel("v1", movies(1..=9))).await;
        let version = Answer::Version("v1", movies(1..=9), Completeness::default());
        let source = doubt(ScriptedSource::new().answer(Movies, version));
        sync(&bench, &source).await;
        assert_eq!(asked_with(&source), None);
        assert_eq!(kept(&bench).await, None);
    }
}

/// The validator of this panel never changes. It is believed for a day, and then not for thirty days.
#[tokio::test]
async fn a_panel_whose_validator_never_changes_is_noticed() {
    let bench = Bench::new().await;
    sync(&bench, &panel("always", movies(1..=9))).await;
    bench.clock.pass(Duration::from_secs(DAY - 1));
    assert!(sync(&bench, &panel("always", movies(1..=12))).await.not_modified, "the lie");
    bench.clock.pass(Duration::from_secs(1));
    let source = panel("always", movies(1..=12));
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!((asked_with(&source), report.kind(Movies).counts), (None, counts(3, 0, 0, 0, 9)));
    assert!(
        report.warnings[0].to_string().starts_with("movies: the panel calls a changed list unchanged"),
        "{report:?}"
    );
    let facts = bench.store.sync_state(&bench.profile).await.unwrap().facts;
    assert_eq!(facts.validators_lied_at, Some(NOW + DAY.cast_signed()));

    for days in [0, 1, 27] {
        bench.clock.pass(Duration::from_secs(days * DAY + 60));
        let source = panel("always", movies(1..=12));
        let report = bench.sync(&source, &only(Movies)).await;
        assert_eq!((asked_with(&source), kept(&bench).await), (None, None));
        assert_eq!(report.warnings, [], "told once");
    }
    bench.clock.pass(Duration::from_secs(3 * DAY));
    sync(&bench, &panel("always", movies(1..=12))).await;
    assert_eq!(kept(&bench).await.unwrap().rows, 12, "another chance");
}

/// A full sync sends no validator, so it notices this at once and repairs the rows.
#[tokio::test]
async fn a_full_sync_sends_no_validator_and_notices_a_wrong_one() {
    let bench = Bench::new().await;
    sync(&bench, &panel("always", movies(1..=9))).await;
    let source = panel("always", movies(2..=9));
    let report = bench.sync(&source, &SyncOptions { mode: SyncMode::Full, ..only(Movies) }).await;
    assert_eq!((asked_with(&source), report.kind(Movies).counts), (None, counts(0, 0, 0, 1, 8)));
    assert!(report.warnings[0].to_string().contains("calls a changed list unchanged"));
}

/// After a run has noticed it, no other kind of the run is asked for with a validator.
#[tokio::test]
async fn a_wrong_validator_of_one_kind_counts_for_all_kinds() {
    let bench = Bench::new().await;
    let version = |count| {
        ScriptedSource::new()
            .answer(Channels, Answer::Version("c", listed(Channels, 1..=count), Completeness::default()))
            .answer(Movies, Answer::Version("m", movies(1..=9), Completeness::default()))
    };
    let options = SyncOptions { kinds: vec![Channels, Movies], ..SyncOptions::default() };
    bench.sync(&version(9), &options).await;
    // The movies were received later than the channels.
    bench.clock.pass(Duration::from_secs(DAY / 2));
    bench.sync(&panel("m2", movies(1..=9)), &only(Movies)).await;
    bench.clock.pass(Duration::from_secs(DAY / 2));
    let source = version(8);
    bench.sync(&source, &options).await;
    assert_eq!(
        source.asked(),
        ["account", "categories channels", "listing channels", "categories movies", "listing movies"]
    );
}

/// I17: a dry run may send a validator as well. Its plan is empty.
#[tokio::test]
async fn a_dry_run_sends_the_validator_as_well() {
    let bench = Bench::new().await;
    sync(&bench, &panel("v1", movies(1..=9))).await;
    let source = panel("v1", movies(1..=9));
    let report = bench.sync(&source, &SyncOptions { dry_run: true, ..only(Movies) }).await;
    assert_eq!(asked_with(&source).as_deref(), Some("v1"));
    assert_eq!(report.kind(Movies).counts, counts(0, 0, 0, 0, 9));
    assert_eq!(report.plan, [sync_core::KindPlan::new(Movies)]);
}

/// An error in the place of the answer to a validator is treated like any other error: an overload leads to a listing
/// by category.
#[tokio::test]
async fn an_error_in_place_of_the_answer_is_an_error_of_the_listing() {
    let too_much = || SourceError::Unreachable { message: "504".to_owned(), attempts: 4, overloaded: true };
    let on_it = || Answer::Items(vec![movie(3).in_categories(&["1"]).listed()], Completeness::default());
    for answer in [Answer::Error(too_much()), Answer::Events(Vec::new(), Some(too_much()))] {
        let bench = Bench::new().await;
        sync(&bench, &panel("v1", vec![movie(3).in_categories(&["1"]).listed()])).await;
        let lists = || ScriptedSource::new().categories(Movies, Ok(vec![category("1")]));
        // The first time that the listing was too much.
        sync(&bench, &lists().answer(Movies, Answer::Error(too_much())).answer(Movies, answer)).await;
        assert!(kept(&bench).await.is_some(), "nothing was applied");
        let source = lists().answer(Movies, Answer::Error(too_much())).answer_within(Movies, "1", on_it());
        let record = sync(&bench, &source).await;
        assert_eq!(record.counts, counts(0, 0, 0, 0, 1));
        let asked = source.asked();
        assert_eq!(asked[2..], ["listing movies unless v1", "listing movies in 1"]);
        assert_eq!(kept(&bench).await, None, "by category there is none");
    }
}

/// A source that returns "not modified" without a validator breaks its contract.
#[tokio::test]
async fn unmodified_without_a_validator_is_an_error() {
    let bench = Bench::new().await;
    let events = vec![ListingEvent::Unmodified { started_at: None }];
    let record = sync(&bench, &ScriptedSource::new().answer(Movies, Answer::Events(events, None))).await;
    assert_eq!((record.outcome, record.error.unwrap().code.as_str()), (KindOutcome::Failed, "internal"));
}

/// An item that was deleted by hand comes back with the next run.
#[tokio::test]
async fn a_deletion_by_hand_is_repaired_by_the_next_run() {
    let bench = Bench::new().await;
    sync(&bench, &panel("v1", movies(1..=9))).await;
    bench.store.delete_content_by_ids(&bench.profile, Movies, vec![ContentId(4)]).await.unwrap();
    let source = panel("v1", movies(1..=9));
    let record = sync(&bench, &source).await;
    assert_eq!((asked_with(&source), record.counts), (None, counts(1, 0, 0, 0, 8)));
}

/// A scheme of raw digests, like that of an HTTP source.
const RAW: DigestScheme = DigestScheme(77);

/// Returns a source that is asked once for channels, with a validator, and gives this answer.
fn raw_source(answer: impl Fn(LazyIndex) -> Listing + Send + 'static) -> MockContentSource {
    let mut source = MockContentSource::new();
    source.expect_digest_scheme().return_const(RAW);
    source.expect_usage().returning(Usage::default);
    source.expect_learnt().returning(Learnt::default);
    source.expect_account().times(1).returning(|| Ok(Account { status: AccountStatus::Active, ..Account::active() }));
    source.expect_categories().times(1).returning(|_| Ok(vec![category("1")]));
    source.expect_listing().times(1).returning(move |request| {
        let Baseline::Unless { index, .. } = request.baseline else { panic!("the validator is lent") };
        Ok(answer(index))
    });
    source
}

/// Returns a store with a validator of two channels.
fn raw_store(staging: MockStaging) -> MockContentStore {
    let mut store = MockContentStore::new();
    store.expect_ensure_profile().times(1).returning(|_| Ok(()));
    store.expect_lease().times(1).returning(|_| Ok(Lease::new(4, ())));
    store.expect_start_run().times(1).returning(|_, _, _| Ok(RunId(9)));
    store.expect_finish_run().times(1).returning(|_, _| Ok(()));
    store.expect_categories().returning(|_, _| Ok(vec![category("1")]));
    store.expect_held().returning(|_, _| Ok(Vec::new()));
    store.expect_sync_state().times(1).returning(|_| {
        let mut state = SyncState::default();
        (state.last_sync, state.rows) = (PerKind::all(Some(NOW)), PerKind::all(2));
        Ok(state)
    });
    store.expect_validator().times(1).returning(|_, _| {
        let (validator, policy) = (Validator("v1".to_owned()), PolicyChoice::Fingerprint);
        Ok(Some(KeptValidator { validator, scheme: RAW, policy, listed_at: NOW, rows: 2 }))
    });
    let mut staging = Some(staging);
    store.expect_stage().times(1).returning(move |_, _| Ok(Box::new(staging.take().expect("one a kind"))));
    store
}

async fn run(source: MockContentSource, store: MockContentStore) -> SyncReport {
    let engine = Engine::new(Arc::new(source), Arc::new(store), Arc::new(FixedClock::at(NOW)));
    engine.run(&profile("home"), &only(Channels), &CancellationToken::new()).await
}

/// An unmodified listing needs neither the index nor a row.
#[tokio::test]
async fn an_unmodified_listing_loads_no_index() {
    let mut staging = MockStaging::new();
    staging.expect_put().never();
    staging.expect_apply().times(1).returning(|commit, _| {
        assert_eq!((&commit.validator, commit.watermark), (&ValidatorChange::Keep, NOW));
        assert!(commit.index.is_none() && commit.removals.is_empty() && commit.held.is_none());
        Ok(Applied::default())
    });
    let mut store = raw_store(staging);
    store.expect_index().never();
    store.expect_rows().never();
    let source =
        raw_source(|_| Listing { events: stream::iter([Ok(ListingEvent::Unmodified { started_at: None })]).boxed() });
    let report = run(source, store).await;
    assert_eq!(report.kind(Channels).counts, Counts { unchanged: 2, ..Counts::default() });
}

/// A listing that ends without an event was cut. The stream must not be polled after its end, because some streams
/// panic then.
#[tokio::test]
async fn a_listing_that_ends_at_once_is_not_asked_again() {
    let mut staging = MockStaging::new();
    staging.expect_apply().never();
    let mut store = raw_store(staging);
    let empty = |_: &_, _| Ok(StoredIndex::new(Arc::new(ListingIndex::empty(RAW)), true, true));
    store.expect_index().times(1).returning(empty);
    let source = raw_source(|_| Listing { events: stream::unfold((), |()| async { None }).boxed() });
    let report = run(source, store).await;
    let record = report.kind(Channels);
    assert_eq!(record.outcome, KindOutcome::Failed, "{record:?}");
    assert!(record.error.as_ref().is_some_and(|error| error.message.contains("no end")), "{record:?}");
}

/// The source gets the index only after it has seen a listing.
#[tokio::test]
async fn the_index_is_lent_once_a_listing_is_seen() {
    let index = || Arc::new(ListingIndex::new(RAW, [(ContentId(1), Digest(11)), (ContentId(2), Digest(12))]).unwrap());
    let mut staging = MockStaging::new();
    staging.expect_put().times(1).returning(|_| Ok(()));
    staging.expect_apply().times(1).returning(|commit, _| {
        let ValidatorChange::Set(kept) = commit.validator else { panic!("{:?}", commit.validator) };
        assert_eq!((kept.validator.0.as_str(), kept.scheme, kept.rows), ("v2", RAW, 3));
        Ok(Applied::default())
    });
    let mut store = raw_store(staging);
    store.expect_rows().never();
    let stored = move |_: &_, _| Ok(StoredIndex::new(index(), true, true));
    store.expect_index().times(1).returning(stored);
    let source = raw_source(|index| {
        let entries = async move {
            let known = index.get().await.expect("it is lent");
            assert_eq!(known.ids(), [1, 2]);
            let new = Entry::Item(Box::new(channel(3).listed()), Some(Digest(13)));
            let same = known.ids().iter().map(|id| Entry::Same(ContentId(*id)));
            Ok(ListingEvent::Batch(same.chain([new]).collect()))
        };
        let ending =
            [ListingEvent::Version(Validator("v2".to_owned())), ListingEvent::Complete(Completeness::default())];
        Listing { events: stream::once(entries).chain(stream::iter(ending.map(Ok))).boxed() }
    });
    let report = run(source, store).await;
    assert_eq!(report.kind(Channels).counts, counts(1, 0, 0, 0, 2));
    assert_eq!(report.kind(Movies).outcome, KindOutcome::Skipped);
}
