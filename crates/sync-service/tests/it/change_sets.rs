//! Export and apply of change sets, over caches in memory.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sync_core::maintenance::{Finding, Inspection};
use sync_core::testing::{FixedClock, MemoryStore, ScriptedSource, movie, profile, series};
use sync_core::{
    Catalogue, Clock, ContentId, ContentKind, ContentStore, Counts, Item, KindOutcome, Login, Maintenance,
    PanelIdentity, PositionGone, Profile, ProfileId, Profiles, Retention, RunId, RunStatus, Snapshots, StoreError,
    SyncOptions, Trigger, ValueRef,
};
use sync_service::{
    ApplyError, ApplyOutcome, ApplyReport, ApplyRequest, ExportError, ExportRequest, NoHash, Service, Since, options_of,
};
use tokio_util::sync::CancellationToken;

use crate::syncing::{OneSource, service};

const MOVIES: ContentKind = ContentKind::Movies;
const SERIES: ContentKind = ContentKind::Series;

fn home() -> ProfileId {
    profile("home")
}

/// Syncs movies and series of these names.
async fn sync(service: &Service, movies: &[(i64, &str)], shows: &[(i64, &str)]) {
    let movies = movies.iter().map(|(id, name)| movie(*id).name(name).listed());
    let shows = shows.iter().map(|(id, name)| series(*id).name(name).listed());
    sync_from(service, ScriptedSource::new().lists(MOVIES, movies).lists(SERIES, shows)).await;
}

async fn sync_from(service: &Service, source: ScriptedSource) {
    let home = service.cache().profile(&home()).await.unwrap().unwrap();
    let options = SyncOptions { kinds: vec![MOVIES, SERIES], accept_removals: true, ..options_of(&home) };
    let sources = OneSource::new(source);
    let report = service.sync(&home, &options, &sources, Arc::new(()), &CancellationToken::new()).await.unwrap();
    assert_eq!(report.status, RunStatus::Completed, "{report:?}");
}

/// Returns a synced cache.
async fn leader() -> (MemoryStore, Service) {
    let (cache, service) = service();
    cache.save_profile(&Profile::new(home())).await.unwrap();
    sync(&service, &[(1, "One"), (2, "Two"), (3, "Three")], &[(1, "A"), (2, "B")]).await;
    (cache, service)
}

async fn export(service: &Service, since: Since) -> Vec<u8> {
    let export = service.export_changes(&home(), &ExportRequest::new(since), Login::default()).await.unwrap();
    export.write(Vec::new()).await.unwrap()
}

async fn position(cache: &MemoryStore) -> Since {
    let feed = cache.feed(&home()).await.unwrap();
    Since::Position { epoch: Some(feed.epoch), sequence: feed.newest }
}

async fn apply(service: &Service, set: &[u8]) -> Result<ApplyReport, ApplyError> {
    let input = Cursor::new(set.to_vec());
    service.apply_changes(&home(), input, ApplyRequest::default(), &CancellationToken::new()).await
}

fn content(cache: &MemoryStore) -> [Vec<Item>; 2] {
    [MOVIES, SERIES].map(|kind| cache.items(&home(), kind))
}

/// Returns the outcome of an apply in a word.
fn word(report: &ApplyReport) -> &'static str {
    match &report.outcome {
        ApplyOutcome::Applied => "applied",
        ApplyOutcome::Already => "already",
        ApplyOutcome::Refused(refusal) => refusal.as_str(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_follower_has_what_the_leader_has() {
    let (leader_cache, leader) = leader().await;
    let (cache, follower) = service();
    let whole = export(&leader, Since::Beginning).await;
    let report = apply(&follower, &whole).await.unwrap();
    assert_eq!((word(&report), report.from), ("applied", None));
    assert_eq!(report.kinds[MOVIES], Some(Counts { added: 3, ..Counts::default() }));
    assert_eq!(content(&cache), content(&leader_cache));
    let since = position(&leader_cache).await;
    sync(&leader, &[(1, "One"), (4, "Four"), (2, "Second")], &[(1, "A"), (2, "B")]).await;
    let set = export(&leader, since).await;
    let report = apply(&follower, &set).await.unwrap();
    assert_eq!(word(&report), "applied");
    let counts = Counts { added: 1, updated: 1, removed: 1, unchanged: 1, ..Counts::default() };
    assert_eq!(report.kinds[MOVIES], Some(counts));
    assert_eq!(report.kinds[SERIES], Some(Counts { unchanged: 2, ..Counts::default() }));
    assert_eq!(content(&cache), content(&leader_cache));
    let run = cache.runs(&home(), 1).await.unwrap().remove(0);
    assert_eq!((run.trigger, run.status, run.kinds.len()), (Trigger::ChangeSet, RunStatus::Completed, 1));
    assert_eq!(run.kinds[0].outcome, KindOutcome::Completed);
    let fed: Vec<_> = cache.changes(&home(), 0, 100).await.unwrap().iter().map(|it| it.change.as_str()).collect();
    assert_eq!(fed.iter().filter(|it| **it == "loaded").count(), 2);
    let mut changes = fed[2..].to_vec();
    changes.sort_unstable();
    assert_eq!(changes, ["added", "removed", "updated"]);
    let before = cache.runs(&home(), 10).await.unwrap().len();
    assert_eq!(word(&apply(&follower, &set).await.unwrap()), "already");
    assert_eq!(cache.runs(&home(), 10).await.unwrap().len(), before, "nothing was written");
    // An older set doesn't lead back.
    assert_eq!(word(&apply(&follower, &whole).await.unwrap()), "from");
}

/// The panel's own category fields are not part of a set without display fields. A row then keeps no category in which
/// it isn't.
#[tokio::test]
async fn a_row_keeps_no_category_that_it_is_not_in() {
    let (_, leader) = leader().await;
    let (cache, follower) = service();
    let listed = |categories: [&str; 2]| {
        let movies = [(1, categories[0]), (2, categories[1])];
        let movies =
            movies.map(|(id, category)| movie(id).with("category_id", category).in_categories(&[category]).listed());
        ScriptedSource::new().lists(MOVIES, movies).lists(SERIES, [series(1).listed()])
    };
    sync_from(&leader, listed(["1", "1"])).await;
    apply(&follower, &export(&leader, Since::Beginning).await).await.unwrap();
    let run = leader.cache().runs(&home(), 1).await.unwrap()[0].run;
    sync_from(&leader, listed(["2", "1"])).await;
    let mut request = ExportRequest::new(Since::Run(run));
    request.display = false;
    let set = leader.export_changes(&home(), &request, Login::default()).await.unwrap();
    let set = set.write(Vec::new()).await.unwrap();
    assert_eq!(word(&apply(&follower, &set).await.unwrap()), "applied");
    let rows = cache.items(&home(), MOVIES);
    let categories: Vec<_> = rows.iter().map(|row| (row.category_id(), row.categories().contains("1"))).collect();
    assert_eq!(categories, [(None, false), (Some("1"), true)]);
}

/// The apply was interrupted after one kind. The same set finishes the other kind.
#[tokio::test]
async fn the_same_set_completes_an_interrupted_apply() {
    let (leader_cache, leader) = leader().await;
    let (cache, follower) = service();
    apply(&follower, &export(&leader, Since::Beginning).await).await.unwrap();
    let since = position(&leader_cache).await;
    sync(&leader, &[(1, "Uno"), (2, "Two"), (3, "Three")], &[(1, "A"), (3, "C")]).await;
    let set = export(&leader, since).await;
    cache.fail_next_apply(StoreError::Full);
    let failed = apply(&follower, &set).await;
    assert!(matches!(failed, Err(ApplyError::Store(StoreError::Full))), "{failed:?}");
    let run = cache.runs(&home(), 1).await.unwrap().remove(0);
    assert_eq!((run.status, run.trigger), (RunStatus::Failed, Trigger::ChangeSet));
    assert_ne!(content(&cache)[0], content(&leader_cache)[0]);
    // Only one of the two kinds is carried out elsewhere.
    let mut request = ExportRequest::new(since);
    request.kinds = vec![MOVIES];
    let half = leader.export_changes(&home(), &request, Login::default()).await.unwrap();
    let half = half.write(Vec::new()).await.unwrap();
    assert_eq!(word(&apply(&follower, &half).await.unwrap()), "applied");
    let report = apply(&follower, &set).await.unwrap();
    assert_eq!(word(&report), "applied");
    assert_eq!(report.kinds[MOVIES], Some(Counts { unchanged: 3, ..Counts::default() }), "it was there already");
    assert_eq!(content(&cache), content(&leader_cache));
}

/// Of 1,000 sets that are cut or have a changed bit, none is applied, and no attempt leaves anything behind.
#[tokio::test]
async fn no_damaged_set_is_applied() {
    let (_, leader) = leader().await;
    let whole = export(&leader, Since::Beginning).await;
    let (cache, follower) = service();
    let bits = whole.len() * 8;
    for nth in 0..1000 {
        let mut set = whole.clone();
        if nth % 2 == 0 {
            set.truncate(nth * whole.len() / 1000);
        } else {
            let bit = nth * bits / 1000;
            set[bit / 8] ^= 1 << (bit % 8);
        }
        let report = apply(&follower, &set).await.unwrap();
        assert!(["damaged", "version"].contains(&word(&report)), "{nth}: {report:?}");
    }
    assert!(cache.profiles().await.unwrap().is_empty(), "a profile is made only for a set that fits");
    assert_eq!(word(&apply(&follower, &whole).await.unwrap()), "applied");
}

#[tokio::test]
async fn a_set_that_does_not_fit_is_refused() {
    let (leader_cache, leader_service) = leader().await;
    let (cache, follower) = service();
    let whole = export(&leader_service, Since::Beginning).await;
    apply(&follower, &whole).await.unwrap();
    let since = position(&leader_cache).await;
    sync(&leader_service, &[(1, "Uno")], &[(1, "A"), (2, "B")]).await;
    let set = export(&leader_service, since).await;
    let before = content(&cache);
    // The follower has lost a row.
    cache.delete_content_by_ids(&home(), SERIES, vec![ContentId(2)]).await.unwrap();
    let report = apply(&follower, &set).await.unwrap();
    assert_eq!(word(&report), "from");
    assert_eq!(content(&cache)[0], before[0]);
    // Another panel with the same content.
    let (other_cache, other) = leader().await;
    other_cache.identify(&home(), Some(PanelIdentity(7))).await.unwrap();
    assert_eq!(word(&apply(&follower, &export(&other, Since::Beginning).await).await.unwrap()), "panel");
    let lease = cache.lease(&home()).await.unwrap();
    let busy = apply(&follower, &set).await;
    assert!(matches!(busy, Err(ApplyError::Store(StoreError::Leased(_)))), "{busy:?}");
    drop(lease);
    let cancel = CancellationToken::new();
    cancel.cancel();
    let input = Cursor::new(set);
    let cancelled = follower.apply_changes(&home(), input, ApplyRequest::default(), &cancel).await;
    assert!(matches!(cancelled, Err(ApplyError::Cancelled)), "{cancelled:?}");
    let gone = Since::Position { epoch: Some(1), sequence: 1 };
    let gone = leader_service.export_changes(&home(), &ExportRequest::new(gone), Login::default()).await;
    assert!(matches!(gone, Err(ExportError::Gone { .. })), "{gone:?}");
    // A position within a run is that of the run before it.
    let Since::Position { epoch, sequence } = position(&leader_cache).await else { unreachable!() };
    let within = Since::Position { epoch, sequence: sequence - 1 };
    let export = leader_service.export_changes(&home(), &ExportRequest::new(within), Login::default()).await.unwrap();
    assert!(
        export.is_earlier() && Since::Position { epoch, sequence: export.header().kinds[0].from.sequence } == since
    );
}

/// Begins an export after a place. Returns the sequence at which it begins, or the reason why there is no export.
async fn begins(service: &Service, since: Since) -> Result<i64, PositionGone> {
    match service.export_changes(&home(), &ExportRequest::new(since), Login::default()).await {
        Ok(export) => Ok(export.header().kinds[0].from.sequence),
        Err(ExportError::Gone { reason, .. }) => Err(reason),
        Err(other) => panic!("{other:?}"),
    }
}

/// If a run or a time is before the pruned entries, the export fails, and doesn't silently begin later. The end of the
/// last pruned run is still known.
#[tokio::test]
async fn a_run_or_a_time_before_pruned_entries_is_gone() {
    let (cache, clock) = (MemoryStore::new(), FixedClock::default());
    let service = Service::new(Arc::new(cache.clone()), Arc::new(clock.clone()));
    let kept = |feed_entries| Profile {
        retention: Retention { feed_entries, ..Retention::default() },
        ..Profile::new(home())
    };
    cache.save_profile(&kept(1000)).await.unwrap();
    let began = clock.now();
    let mut runs: Vec<RunId> = Vec::new();
    for name in ["One", "Uno", "Un", "Ein", "Ein"] {
        clock.pass(Duration::from_secs(1000));
        if name == "Ein" && runs.len() == 3 {
            // Nothing is pruned yet, so the feed has everything since its beginning.
            for since in [Since::Time(began), Since::Age(9000)] {
                assert!(begins(&service, since).await.is_ok());
            }
            cache.save_profile(&kept(1)).await.unwrap();
        }
        sync(&service, &[(1, name), (2, "Two")], &[(1, "A")]).await;
        runs.push(cache.runs(&home(), 1).await.unwrap()[0].run);
    }
    let feed = cache.feed(&home()).await.unwrap();
    assert_eq!(feed.newest - feed.oldest, 1, "the last change is kept");
    let gone = Err(PositionGone::Pruned);
    for (since, expected) in [
        (Since::Run(runs[0]), gone),
        (Since::Run(runs[1]), gone),
        (Since::Run(runs[2]), Ok(feed.oldest)),
        (Since::Run(runs[3]), Ok(feed.newest)),
        (Since::Run(runs[4]), Ok(feed.newest)),
        (Since::Time(began), gone),
        (Since::Time(began + 2999), gone),
        (Since::Time(began + 3000), Ok(feed.oldest)),
        (Since::Time(began + 3999), Ok(feed.oldest)),
        (Since::Time(began + 4000), Ok(feed.newest)),
        (Since::Age(2500), gone),
        (Since::Age(1500), Ok(feed.oldest)),
        (Since::Age(500), Ok(feed.newest)),
        (Since::Position { epoch: None, sequence: feed.oldest }, Ok(feed.oldest)),
        (Since::Position { epoch: None, sequence: feed.oldest - 1 }, gone),
    ] {
        assert_eq!(begins(&service, since).await, expected, "{since:?}");
    }
    let unknown = service.export_changes(&home(), &ExportRequest::new(Since::Run(RunId(99))), Login::default()).await;
    assert!(matches!(unknown, Err(ExportError::UnknownRun(RunId(99)))), "{unknown:?}");
}

/// A kind with an inconsistency is not part of a set, and neither is a kind that had one at the position.
#[tokio::test]
async fn a_kind_that_cant_be_exported_is_named_with_its_reason() {
    let (cache, leader) = leader().await;
    let found = Finding::not_as_listed(&home(), MOVIES, &[ContentId(1)]);
    cache.mark(&Inspection { findings: vec![found], ..Inspection::default() }).await.unwrap();
    let mut request = ExportRequest::new(Since::Beginning);
    let made = leader.export_changes(&home(), &request, Login::default()).await.unwrap();
    let left_out: Vec<_> = made.left_out().iter().map(|left_out| (left_out.kind, left_out.why)).collect();
    assert_eq!(left_out, [(MOVIES, NoHash::Doubt)]);
    assert!(made.header().kinds.iter().all(|change| change.kind != MOVIES));
    request.kinds = vec![MOVIES];
    let none = leader.export_changes(&home(), &request, Login::default()).await;
    let is_in_doubt = |error: &ExportError| matches!(error, ExportError::NoHash(left_out) if left_out[..].iter().all(|it| it.why == NoHash::Doubt));
    assert!(none.as_ref().is_err_and(is_in_doubt), "{none:?}");
}

/// What was written before an apply ended stays and is reported. Nothing else is reported as written.
#[tokio::test]
async fn an_apply_that_ends_between_kinds_reports_the_written_kinds() {
    let (_, leader) = leader().await;
    let whole = export(&leader, Since::Beginning).await;
    for error in [StoreError::Full, StoreError::Cancelled] {
        let (cache, follower) = service();
        cache.fail_next_apply_of(SERIES, error);
        let report = apply(&follower, &whole).await.unwrap();
        let ApplyOutcome::Interrupted(error) = &report.outcome else { panic!("{report:?}") };
        assert_eq!(report.written, [MOVIES]);
        assert_eq!(report.kinds[MOVIES], Some(Counts { added: 3, ..Counts::default() }));
        assert_eq!((report.kinds[SERIES], report.kinds[ContentKind::Channels]), (None, Some(Counts::default())));
        let is_cancelled = matches!(error, ApplyError::Cancelled);
        assert!(is_cancelled || matches!(error, ApplyError::Store(StoreError::Full)), "{error:?}");
        let run = cache.runs(&home(), 1).await.unwrap().remove(0);
        assert_eq!(run.status, if is_cancelled { RunStatus::Cancelled } else { RunStatus::Partial });
        let report = apply(&follower, &whole).await.unwrap();
        assert_eq!((word(&report), &report.written[..]), ("applied", &[SERIES][..]));
    }
    // A profile that was created for the set is removed if nothing was written.
    let (cache, follower) = service();
    cache.fail_next_apply_of(MOVIES, StoreError::Full);
    assert!(apply(&follower, &whole).await.is_err());
    assert!(cache.profiles().await.unwrap().is_empty());
}

/// A set that ends too early. When its end is read, somebody else sets up the profile.
struct SetUpMeanwhile {
    set: Cursor<Vec<u8>>,
    cache: MemoryStore,
}

impl Read for SetUpMeanwhile {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = self.set.read(out)?;
        if length == 0 {
            let profile = Profile { username: Some("ann".to_owned()), ..Profile::new(home()) };
            self.cache.save_profile(&profile).now_or_never().unwrap().unwrap();
        }
        Ok(length)
    }
}

#[tokio::test]
async fn a_profile_that_is_set_up_during_a_failing_apply_stays() {
    let (_, leader) = leader().await;
    let mut set = export(&leader, Since::Beginning).await;
    set.truncate(set.len() - 1);
    let (cache, follower) = service();
    let input = SetUpMeanwhile { set: Cursor::new(set), cache: cache.clone() };
    let report = follower.apply_changes(&home(), input, ApplyRequest::default(), &CancellationToken::new()).await;
    assert_eq!(word(&report.unwrap()), "damaged");
    let kept = cache.profile(&home()).await.unwrap().unwrap();
    assert_eq!(kept.username.as_deref(), Some("ann"));
}

/// A kind that is switched off in the receiver is left alone, whatever state it is in.
#[tokio::test]
async fn a_kind_that_is_switched_off_is_not_applied() {
    let (_, leader) = leader().await;
    let whole = export(&leader, Since::Beginning).await;
    let (cache, follower) = service();
    let off = |kinds: &[ContentKind]| Profile { kinds_off: kinds.iter().copied().collect(), ..Profile::new(home()) };
    cache.save_profile(&off(&[SERIES])).await.unwrap();
    let report = apply(&follower, &whole).await.unwrap();
    assert_eq!((word(&report), &report.off[..], &report.written[..]), ("applied", &[SERIES][..], &[MOVIES][..]));
    assert_eq!((report.kinds[SERIES], content(&cache)[1].len()), (None, 0));
    assert_eq!(word(&apply(&follower, &whole).await.unwrap()), "already");
    cache.save_profile(&off(&ContentKind::ALL)).await.unwrap();
    let report = apply(&follower, &whole).await.unwrap();
    assert_eq!((word(&report), report.off.len()), ("already", 3));
    cache.save_profile(&off(&[])).await.unwrap();
    let report = apply(&follower, &whole).await.unwrap();
    assert_eq!((word(&report), &report.written[..]), ("applied", &[SERIES][..]));
}

/// A panel may spell a login differently from the filled-in one. Neither the hash nor a comparison depends on the
/// spelling.
#[tokio::test]
async fn the_spelling_of_a_login_is_no_change() {
    let login = Login::new(Some("ann lee"), Some("s3cr3t"));
    let (leader_cache, leader) = leader().await;
    let row = |plot: &str, address: &str| {
        movie(1).name("One").with("plot", plot).with("youtube_trailer", address).with("direct_source", address)
    };
    let listed = |plot: &str| {
        ScriptedSource::new()
            .lists(MOVIES, [row(plot, "http://p.example/{username}/{password}/1").listed()])
            .lists(SERIES, [series(1).listed()])
    };
    sync_from(&leader, listed("A plot")).await;
    let whole = export(&leader, Since::Beginning).await;
    let since = position(&leader_cache).await;
    let (cache, follower) = service();
    let request = || ApplyRequest::new(login.clone());
    let apply = async |set: &[u8]| {
        let input = Cursor::new(set.to_vec());
        follower.apply_changes(&home(), input, request(), &CancellationToken::new()).await.unwrap()
    };
    assert_eq!(word(&apply(&whole).await), "applied");
    let addresses = || {
        let row = cache.items(&home(), MOVIES).remove(0);
        ["youtube_trailer", "direct_source"].map(|name| match row.value(MOVIES.field(name).unwrap()) {
            ValueRef::Text(text) => str::to_owned(text),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(addresses(), ["http://p.example/ann%20lee/s3cr3t/1"; 2]);
    // The follower's own panel spells it with a plus.
    let spelt = "http://p.example/ann+lee/s3cr3t/1";
    let source =
        ScriptedSource::new().lists(MOVIES, [row("A plot", spelt).listed()]).lists(SERIES, [series(1).listed()]);
    sync_from(&follower, source.with_login(login.clone())).await;
    assert_eq!(addresses(), [spelt; 2]);
    sync_from(&leader, listed("Another plot")).await;
    let report = apply(&export(&leader, since).await).await;
    assert_eq!((word(&report), report.kinds[MOVIES].map(|counts| counts.updated)), ("applied", Some(1)));
    assert_eq!(addresses(), [spelt; 2]);
}
