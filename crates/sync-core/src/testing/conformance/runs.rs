//! Cases of the records of runs, and of the facts that runs learn.

use tokio_util::sync::CancellationToken;

use super::ReadableStore;
use super::session::{Session, added, load};
use crate::detect::volatile::{FieldFacts, Standing};
use crate::error::ErrorCode;
use crate::facts::{PanelFacts, Sighting};
use crate::model::{ContentKind, PerKind};
use crate::policy::history::{FAILURES_KEPT, FailedAttempt};
use crate::ports::store::{RunEnd, ScopeCommit};
use crate::run::options::SyncMode;
use crate::run::record::{KindOutcome, KindRecord, ReportError, RunStatus};
use crate::testing::builders;
use crate::testing::builders::{movie, profile};

/// "An earlier run without an end is recorded as interrupted", and a reader sees it so before.
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

/// "Records the end of a run and of those of its kinds that applied nothing. The watermarks stay as they are."
pub async fn the_end_of_a_run_moves_no_watermark(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let mut record = KindRecord::skipped(ContentKind::Series, SyncMode::Full);
    record.outcome = KindOutcome::Failed;
    let end = RunEnd {
        status: RunStatus::Failed,
        message: "the panel can't be reached".to_owned(),
        records: vec![record],
        ..RunEnd::new(session.run, session.lease.fence, 4321)
    };
    store.finish_run(&session.profile, end).await.unwrap();
    assert_eq!(store.sync_state(&session.profile).await.unwrap().last_sync, PerKind::all(None));
    let run = store.runs(&session.profile, 1).await.unwrap().pop().unwrap();
    assert_eq!((run.status, run.started_at, run.finished_at), (RunStatus::Failed, 1000, Some(4321)));
    assert_eq!(run.kinds.len(), 1);
    assert_eq!((run.kinds[0].kind, run.kinds[0].outcome), (ContentKind::Series, KindOutcome::Failed));
}

/// The bytes of the wire are kept, and so is the fact that they are unknown.
pub async fn bytes_of_the_wire_are_kept(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let movies = ContentKind::Movies;
    let mut commit = session.commit(movies);
    (commit.record.bytes, commit.record.wire_bytes) = (900, Some(77));
    session.apply(vec![added(movie(1))], commit).await.unwrap();
    let unknown = KindRecord { wire_bytes: None, ..KindRecord::skipped(ContentKind::Series, SyncMode::Full) };
    let end = RunEnd { records: vec![unknown], ..session.run_end() };
    store.finish_run(&session.profile, end).await.unwrap();
    let run = store.runs(&session.profile, 1).await.unwrap().pop().unwrap();
    let kept = |kind| run.kinds.iter().find(|record| record.kind == kind).unwrap().wire_bytes;
    assert_eq!((kept(movies), kept(ContentKind::Series), run.wire_bytes()), (Some(77), None, None));
}

/// "Records … the facts that the run has learnt about the panel", and "`None` to leave them as they are".
pub async fn facts_of_a_run_are_kept(store: &dyn ReadableStore) {
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
    store.ensure_profile(&builders::profile("other")).await.unwrap();
    assert_eq!(store.sync_state(&builders::profile("other")).await.unwrap().facts, PanelFacts::default());
    store.clear(&profile).await.unwrap();
    let kept = PanelFacts { kinds: PerKind::default(), ..later };
    assert_eq!(store.sync_state(&profile).await.unwrap().facts, kept, "what was learnt of the panel as a whole");
}

/// The facts about a kind's fields are written with the rows.
pub async fn facts_about_fields_are_written_with_the_rows(store: &dyn ReadableStore) {
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
    // The run has no end, but the facts are stored.
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

/// "Returns the time of the last list of each kind, … however many runs came later", and the failures since then.
pub async fn the_last_list_of_a_kind_is_known_after_many_runs(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1]).await;
    let profile = session.profile.clone();
    session.end().await;
    for at in 0..200 {
        let session = Session::resume(store, &profile, 4000 + at).await;
        let mut record = KindRecord::skipped(ContentKind::Movies, SyncMode::Auto);
        record.outcome = KindOutcome::Failed;
        record.error = Some(ReportError::new(Some(ContentKind::Movies), ErrorCode::Truncated, "?".to_owned()));
        let end =
            RunEnd { status: RunStatus::Failed, records: vec![record], finished_at: 5000 + at, ..session.run_end() };
        store.finish_run(&profile, end).await.unwrap();
    }
    // This run gets no end.
    drop(Session::resume(store, &profile, 6000).await);
    let histories = store.kind_histories(&profile).await.unwrap();
    let movies = &histories[ContentKind::Movies];
    assert_eq!((movies.listed_at, movies.failures.len()), (Some(1000), FAILURES_KEPT));
    assert_eq!(movies.failures[0], FailedAttempt { at: 6000, code: None });
    assert_eq!(movies.failures[1], FailedAttempt { at: 5199, code: Some(ErrorCode::Truncated) });
    let series = &histories[ContentKind::Series];
    assert_eq!((series.listed_at, series.failures.len()), (None, 1), "what was interrupted may have asked for it");
    // A probe ends the failures but doesn't count as a list. It is known for as long as the list.
    let run = async |at, outcome| {
        let session = Session::resume(store, &profile, at).await;
        let mut record = KindRecord::skipped(ContentKind::Movies, SyncMode::Auto);
        record.outcome = outcome;
        let end = RunEnd { records: vec![record], finished_at: at + 1, ..session.run_end() };
        store.finish_run(&profile, end).await.unwrap();
    };
    run(7000, KindOutcome::ProbedUnchanged).await;
    for later in 0..200 {
        let movies = &store.kind_histories(&profile).await.unwrap()[ContentKind::Movies];
        assert_eq!((movies.listed_at, movies.probed_at, movies.failures.len()), (Some(1000), Some(7000), 0));
        run(8000 + later, KindOutcome::Skipped).await;
    }
}
