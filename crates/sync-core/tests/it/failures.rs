//! Errors, and what they leave unchanged: the other kinds, and the kind itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use async_trait::async_trait;
use sync_core::source::{
    AnswerFault, Completeness, Denial, Entry, Learnt, Listing, ListingEvent, ListingRequest, Usage,
};
use sync_core::testing::{Answer, ScriptedSource, movie};
use sync_core::{
    Account, AccountStatus, Category, ContentKind, ContentSource, ContentStore, DigestScheme, ErrorClass, KindOutcome,
    RunStatus, SourceError, StoreError, SyncMode, SyncOptions,
};

use crate::support::{Bench, Channels, Movies, Series, counts, listed, only, panel};

fn refused() -> SourceError {
    SourceError::Refused { message: "wrong password".to_owned() }
}

fn unreachable() -> SourceError {
    SourceError::Unreachable { message: "503".to_owned(), attempts: 4, overloaded: false }
}

/// "Bad password: one request."
#[tokio::test]
async fn a_refused_login_is_asked_once() {
    let bench = Bench::new().await;
    let source = panel(1..=3).account(Err(refused()));
    let report = bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!(source.asked(), ["account"]);
    assert_eq!((report.status, report.errors.len()), (RunStatus::Failed, 1));
    for record in report.kinds.values() {
        assert_eq!(record.outcome, KindOutcome::Failed);
        assert_eq!(record.error.as_ref().map(sync_core::ReportError::class), Some(ErrorClass::Login));
    }
    assert!(report.errors[0].hint.is_some());
}

/// After a good login, a refusal of one kind's answers fails only that kind. Its list is not asked for, and the other
/// kinds are synced.
#[tokio::test]
async fn a_refusal_after_the_login_fails_its_kind_only() {
    let bench = Bench::new().await;
    let source = panel(1..=3).categories(Movies, Err(refused()));
    let report = bench.sync(&source, &SyncOptions::default()).await;
    let asked = [
        "account",
        "categories channels",
        "listing channels",
        "categories movies",
        "categories series",
        "listing series",
    ];
    assert_eq!(source.asked(), asked);
    let outcomes: Vec<_> = report.kinds.values().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [KindOutcome::Completed, KindOutcome::Failed, KindOutcome::Completed]);
    assert_eq!(report.status, RunStatus::Partial);
    assert_eq!((report.errors.len(), report.errors[0].class()), (1, ErrorClass::Login));
}

#[tokio::test]
async fn an_inactive_account_is_asked_for_nothing() {
    for status in ["Expired", "Banned", "Disabled"] {
        let bench = Bench::new().await;
        bench.sync(&panel(1..=3), &SyncOptions::default()).await;
        let account = Account {
            status: AccountStatus::Inactive(status.to_owned()),
            message: Some("call us".to_owned()),
            ..Account::active()
        };
        let source = panel([]).account(Ok(account.clone()));
        let report = bench.sync(&source, &SyncOptions::default()).await;
        assert_eq!(source.asked(), ["account"]);
        assert_eq!((report.status, report.errors[0].class()), (RunStatus::Failed, ErrorClass::Login));
        let message = &report.errors[0].message;
        assert!(message.contains(status) && message.contains("call us"), "{message}");
        assert_eq!(report.account, Some(account));
    }
}

/// An unknown state of an account is no refusal. It is reported, unless it is that of a trial.
#[tokio::test]
async fn field_01_an_account_with_an_unknown_state_is_synced() {
    for (word, told) in [("Trial", false), ("TRIAL", false), ("Premium", true), ("Suspended", true)] {
        let bench = Bench::new().await;
        let account = Account { status: AccountStatus::from_word(word), ..Account::active() };
        let report = bench.sync(&panel(1..=3).account(Ok(account)), &SyncOptions::default()).await;
        assert_eq!((report.status, report.kind(Movies).counts), (RunStatus::Completed, counts(3, 0, 0, 0, 0)));
        let warned = report.warnings.iter().any(|warning| warning.to_string().contains(&format!("`{word}`")));
        assert_eq!((warned, report.warnings.len()), (told, usize::from(told)), "{:?}", report.warnings);
    }
}

/// A denied login is sent once, and the error has the class of login errors.
#[tokio::test]
async fn field_16_a_denied_login_is_asked_once() {
    let denials = [
        (Denial::Status, "login_refused"),
        (Denial::HttpLogin, "http_login_required"),
        (Denial::Account, "account_inactive"),
    ];
    for (denial, code) in denials {
        let bench = Bench::new().await;
        let error = SourceError::Denied { denial, message: "no".to_owned() };
        let source = panel(1..=3).account(Err(error));
        let report = bench.sync(&source, &SyncOptions::default()).await;
        assert_eq!(source.asked(), ["account"]);
        assert_eq!((report.errors[0].code.as_str(), report.errors[0].class()), (code, ErrorClass::Login));
        let facts = bench.store.sync_state(&bench.profile).await.unwrap().facts;
        assert_eq!(facts.refusals, 1, "an unattended run waits");
    }
}

/// A source whose lists are refused until it asks as another client. `second` says whether the other client is let in.
#[derive(Clone)]
struct Filtered {
    inner: ScriptedSource,
    second: bool,
    left: Arc<AtomicBool>,
    other: Arc<AtomicBool>,
}

#[async_trait]
impl ContentSource for Filtered {
    fn digest_scheme(&self) -> DigestScheme {
        self.inner.digest_scheme()
    }

    fn usage(&self) -> Usage {
        self.inner.usage()
    }

    fn learnt(&self) -> Learnt {
        Learnt { other_client_left: self.left.load(Relaxed), ..Learnt::default() }
    }

    async fn account(&self) -> Result<Account, SourceError> {
        ContentSource::account(&self.inner).await
    }

    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        ContentSource::categories(&self.inner, kind).await
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        let kind = request.scope.kind;
        let listing = self.inner.listing(request).await?;
        if self.other.load(Relaxed) && self.second {
            return Ok(listing);
        }
        let when = if self.other.load(Relaxed) { "second" } else { "first" };
        Err(SourceError::Unusable { fault: AnswerFault::Status, message: format!("403, the {when} time, of {kind}") })
    }

    fn ask_as_other_client(&self) {
        assert!(self.left.swap(false, Relaxed), "it is asked once");
        self.other.store(true, Relaxed);
    }
}

/// "Made once for the lists where the login passes and every list is refused alike."
#[tokio::test]
async fn field_04_lists_that_are_all_refused_are_asked_for_once_more_as_another_client() {
    let filtered = |second, left| Filtered {
        inner: panel(1..=3),
        second,
        left: Arc::new(AtomicBool::new(left)),
        other: Arc::default(),
    };
    let lists = |source: &Filtered| source.inner.asked().iter().filter(|asked| asked.starts_with("listing")).count();
    let bench = Bench::new().await;
    let source = filtered(true, true);
    let report = bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!((report.status, report.errors.len(), lists(&source)), (RunStatus::Completed, 0, 6));
    for record in report.kinds.values() {
        assert_eq!((record.counts, record.requests), (counts(3, 0, 0, 0, 0), 4), "both tries are counted");
    }
    // If the first list is refused again, no other list is asked for again, and the first error counts.
    let bench = Bench::new().await;
    let source = filtered(false, true);
    let report = bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!((report.status, report.errors.len(), lists(&source)), (RunStatus::Failed, 3, 4));
    assert!(report.errors.iter().all(|error| error.message.contains("the first time")), "{:?}", report.errors);
    assert!(report.kind(Channels).error.as_ref().is_some_and(|error| error.message.contains("first")));
    // In a run of one kind, its list is every list.
    let bench = Bench::new().await;
    let source = filtered(true, true);
    assert_eq!(bench.sync(&source, &only(Movies)).await.status, RunStatus::Completed);
    assert_eq!(lists(&source), 2);
    // If the source has no other client, nothing is asked for again.
    let bench = Bench::new().await;
    let source = filtered(true, false);
    assert_eq!(bench.sync(&source, &SyncOptions::default()).await.status, RunStatus::Failed);
    assert_eq!(lists(&source), 3);
}

#[tokio::test]
async fn an_unreachable_panel_fails_the_run() {
    let bench = Bench::new().await;
    let source = panel([1]).account(Err(unreachable()));
    let report = bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!((report.status, report.errors[0].class()), (RunStatus::Failed, ErrorClass::Unreachable));
    assert_eq!(source.asked(), ["account"]);
}

/// One kind fails at once, in the middle, or without an end. The other kinds are written.
#[tokio::test]
async fn a_failing_kind_is_unchanged_and_the_others_are_written() {
    let truncated = || SourceError::Unusable { fault: AnswerFault::Truncated, message: "cut".to_owned() };
    let batch = || {
        let items = [movie(1).name("Torn").listed(), movie(70).listed()];
        ListingEvent::Batch(items.map(|it| Entry::Item(Box::new(it), None)).to_vec())
    };
    let answers: [fn(ListingEvent, SourceError) -> Answer; 4] = [
        |_, error| Answer::Error(error),
        |batch, error| Answer::Events(vec![batch], Some(error)),
        |batch, _| Answer::Events(vec![batch], None),
        |batch, _| Answer::Events(vec![batch, ListingEvent::Restarted], None),
    ];
    for answer in answers {
        let bench = Bench::new().await;
        bench.sync(&panel(1..=3), &SyncOptions::default()).await;
        let source = ScriptedSource::new()
            .lists(Channels, listed(Channels, 1..=4))
            .answer(Movies, answer(batch(), truncated()))
            .lists(Series, listed(Series, 1..=4));
        let report = bench.sync(&source, &SyncOptions::default()).await;
        assert_eq!(report.status, RunStatus::Partial);
        assert_eq!(report.kind(Movies).outcome, KindOutcome::Failed);
        let error = report.kind(Movies).error.as_ref().unwrap();
        assert_eq!((error.code.as_str(), error.kind, error.class()), ("truncated", Some(Movies), ErrorClass::Answer));
        for kind in [Channels, Series] {
            assert_eq!(report.kind(kind).counts, counts(1, 0, 0, 0, 3), "{kind}");
        }
        // I11: after the error has ended, one run completes.
        let report = bench.sync(&panel(1..=4), &SyncOptions::default()).await;
        assert_eq!((report.status, report.kind(Movies).counts), (RunStatus::Completed, counts(1, 0, 0, 0, 3)));
    }
}

#[tokio::test]
async fn when_every_kind_fails_the_run_has_failed() {
    let bench = Bench::new().await;
    let every = ContentKind::ALL.into_iter();
    let source = every.fold(ScriptedSource::new(), |it, kind| it.answer(kind, Answer::Error(unreachable())));
    let report = bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!((report.status, report.errors.len()), (RunStatus::Failed, 3));
}

#[tokio::test]
async fn kinds_that_were_not_asked_for_are_skipped() {
    let bench = Bench::new().await;
    let source = panel(1..=3);
    let options = SyncOptions { kinds: vec![Series, Channels], ..SyncOptions::default() };
    let report = bench.sync(&source, &options).await;
    assert_eq!(report.kind(Movies).outcome, KindOutcome::Skipped);
    assert_eq!((report.status, bench.ids(Movies).len()), (RunStatus::Completed, 0));
    assert!(source.asked().iter().all(|asked| !asked.contains("movies")));
    let report = bench.sync(&panel([1]).account(Err(refused())), &only(Movies)).await;
    assert_eq!((report.status, report.kind(Series).outcome), (RunStatus::Failed, KindOutcome::Skipped));
}

/// I9: "one run a profile at a time".
#[tokio::test]
async fn a_profile_under_lease_is_left_alone() {
    let bench = Bench::new().await;
    let lease = bench.store.lease(&bench.profile).await.unwrap();
    let source = panel(1..=3);
    let report = bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!((report.status, report.run), (RunStatus::Failed, None));
    assert_eq!(report.errors[0].class(), ErrorClass::Busy);
    assert_eq!(source.asked(), Vec::<String>::new());
    // A dry run needs no lease.
    let dry = bench.sync(&source, &SyncOptions { dry_run: true, ..SyncOptions::default() }).await;
    assert_eq!((dry.status, dry.counts().added), (RunStatus::Completed, 9));
    drop(lease);
    assert_eq!(bench.sync(&source, &SyncOptions::default()).await.status, RunStatus::Completed);
}

#[tokio::test]
async fn a_store_that_fails_one_apply_fails_one_kind() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=3), &SyncOptions::default()).await;
    bench.store.fail_next_apply(StoreError::Full);
    let report = bench.sync(&panel(2..=6), &SyncOptions::default()).await;
    assert_eq!((report.status, report.kind(Channels).outcome), (RunStatus::Partial, KindOutcome::Failed));
    let error = report.kind(Channels).error.as_ref().unwrap();
    assert_eq!((error.class(), error.code.as_str()), (ErrorClass::Store, "disk_full"));
    assert_eq!(report.kind(Series).counts, counts(3, 0, 0, 1, 2));
    let report = bench.sync(&panel(2..=6), &SyncOptions::default()).await;
    assert_eq!((report.status, report.kind(Channels).counts), (RunStatus::Completed, counts(3, 0, 0, 1, 2)));
}

/// A source that breaks its contract fails the kind with an internal error, and nothing wrong is written.
#[tokio::test]
async fn a_source_that_breaks_its_contract_fails_the_kind() {
    let inconsistencies =
        [Entry::Same(sync_core::ContentId(99)), Entry::Item(Box::new(listed(Series, [1]).remove(0)), None)];
    for inconsistency in inconsistencies {
        let bench = Bench::new().await;
        bench.movies(&listed(Movies, [1])).await;
        let events = vec![ListingEvent::Batch(vec![inconsistency]), ListingEvent::Complete(Completeness::default())];
        let source = ScriptedSource::new().answer(Movies, Answer::Events(events, None));
        let report = bench.sync(&source, &only(Movies)).await;
        assert_eq!((report.status, report.errors[0].class()), (RunStatus::Failed, ErrorClass::Internal));
        assert!(report.errors[0].message.contains("element"), "{}", report.errors[0].message);
    }
}

/// If a run ends before its kinds, the report names the mode that each kind would have had.
#[tokio::test]
async fn a_kind_that_was_not_reached_has_a_mode() {
    let bench = Bench::new().await;
    let modes = async |mode| {
        let source = panel([]).account(Err(unreachable()));
        let report = bench.sync(&source, &SyncOptions { mode, ..SyncOptions::default() }).await;
        report.kinds.values().map(|kind| kind.mode).collect::<Vec<_>>()
    };
    let (full, incremental) = (SyncMode::Full, SyncMode::Incremental);
    assert_eq!(modes(SyncMode::Auto).await, [full; 3]);
    bench.sync(&panel(1..=3), &only(Movies)).await;
    assert_eq!(modes(SyncMode::Auto).await, [full, incremental, full]);
    assert_eq!(modes(SyncMode::Full).await, [full; 3]);
}
