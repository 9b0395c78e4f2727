//! Probes: the requests before a whole list, and the decisions that follow from the answers.

use std::time::Duration;

use sync_core::policy::probe::{ProbeWay, Standing};
use sync_core::source::{AnswerFault, Completeness, Entry, ProbeAnswer};
use sync_core::testing::{Answer, ScriptedSource, category};
use sync_core::{
    Account, Catalogue as _, ContentId, ContentStore as _, ErrorClass, KindHistory, KindOutcome, KindRecord, Listed,
    PerKind, PolicyChoice, RunStatus, SourceError, SyncMode, SyncOptions, SyncReport,
};

use crate::support::{Bench, Movies, NOW, Series, counts, listed, only};

const HOUR: u64 = 3600;

/// The size of the lists in these tests: large enough for a probe.
const END: Completeness = Completeness {
    unreadable: 0,
    unreadable_digest: None,
    unreadable_at: None,
    trailing_bytes: false,
    trailing_digest: None,
    started_at: None,
    wire_bytes: Some(100_000),
};

fn movies(ids: impl IntoIterator<Item = i64>) -> Vec<Listed> {
    listed(Movies, ids)
}

/// Returns a panel that lists these movies.
fn panel(ids: impl IntoIterator<Item = i64>) -> ScriptedSource {
    ScriptedSource::new().categories(Movies, Ok(vec![category("1")])).answer(Movies, Answer::Items(movies(ids), END))
}

fn entries(ids: impl IntoIterator<Item = i64>) -> Vec<Entry> {
    movies(ids).into_iter().map(|item| Entry::Item(Box::new(item), None)).collect()
}

/// Returns a complete answer to a probe.
#[expect(clippy::unnecessary_wraps, reason = "a script takes answers and errors")]
fn part(ids: impl IntoIterator<Item = i64>) -> Result<ProbeAnswer, SourceError> {
    Ok(ProbeAnswer { entries: entries(ids), end: Some(Completeness::default()) })
}

/// Returns an answer that the source stopped reading.
#[expect(clippy::unnecessary_wraps, reason = "a script takes answers and errors")]
fn cut(ids: impl IntoIterator<Item = i64>) -> Result<ProbeAnswer, SourceError> {
    Ok(ProbeAnswer { entries: entries(ids), end: None })
}

/// Returns the options of the service, with the next look in an hour.
fn service(now: i64) -> SyncOptions {
    let next_look = PerKind::from_fn(|_| Some(now + 3600));
    SyncOptions { probe: true, next_look, ..only(Movies) }
}

/// Returns a bench whose first list was received an hour ago.
async fn listed_once(ids: impl IntoIterator<Item = i64>) -> Bench {
    let bench = Bench::new().await;
    bench.sync(&panel(ids), &service(NOW)).await;
    bench.clock.pass(Duration::from_secs(HOUR));
    bench
}

/// Runs as the service does at a look, and lets an hour pass.
async fn look(bench: &Bench, source: &ScriptedSource) -> KindRecord {
    let report = look_with(bench, source, |options| options).await;
    report.kind(Movies).clone()
}

async fn look_with(
    bench: &Bench,
    source: &ScriptedSource,
    change: impl FnOnce(SyncOptions) -> SyncOptions,
) -> SyncReport {
    let now = sync_core::Clock::now(&bench.clock);
    let report = bench.sync(source, &change(service(now))).await;
    bench.clock.pass(Duration::from_secs(HOUR));
    report
}

async fn standing(bench: &Bench, way: ProbeWay) -> Standing {
    let now = sync_core::Clock::now(&bench.clock);
    bench.store.sync_state(&bench.profile).await.unwrap().facts.kinds[Movies].probe.way(way).standing(now)
}

#[tokio::test]
async fn growth_is_proved_and_then_one_question_takes_the_place_of_the_list() {
    let bench = listed_once(1..=100).await;
    let source = panel(1..=100).probe(Movies, part([100])).probe(Movies, part([]));
    let record = look(&bench, &source).await;
    assert_eq!(source.asked(), ["account", "probe movies behind 99", "probe movies behind 100"]);
    assert_eq!((record.outcome, record.mode), (KindOutcome::ProbedUnchanged, SyncMode::Incremental));
    assert_eq!((record.counts, record.requests, record.wire_bytes), (counts(0, 0, 0, 0, 0), 2, Some(4)));
    assert_eq!(standing(&bench, ProbeWay::Growth).await, Standing::Proved);
    for _ in 0..3 {
        let source = panel(1..=100).probe(Movies, part([100]));
        assert_eq!(look(&bench, &source).await.outcome, KindOutcome::ProbedUnchanged);
        assert_eq!(source.asked(), ["account", "probe movies behind 99"]);
    }
    let history = bench.store.kind_histories(&bench.profile).await.unwrap();
    let expected = KindHistory { listed_at: Some(NOW), probed_at: Some(NOW + 4 * 3600), failures: Vec::new() };
    assert_eq!(history[Movies], expected, "the list is no younger for a probe");
    let tables = bench.tables(Movies).await;
    assert_eq!((tables.last_sync, tables.changes.len()), (Some(NOW), 1), "no watermark moves, nothing is logged");
}

#[tokio::test]
async fn a_change_is_followed_by_the_whole_list_in_the_same_run() {
    let bench = listed_once(1..=100).await;
    look(&bench, &panel(1..=100).probe(Movies, part([100])).probe(Movies, part([]))).await;
    let source = panel(1..=102).probe(Movies, part(100..=102));
    let record = look(&bench, &source).await;
    let asked = ["account", "probe movies behind 99", "categories movies", "listing movies of 100000 bytes"];
    assert_eq!(source.asked(), asked);
    assert_eq!((record.outcome, record.counts), (KindOutcome::Completed, counts(2, 0, 0, 0, 100)));
    // The next probe is compared with the new list.
    let source = panel(1..=102).probe(Movies, part([102]));
    assert_eq!(look(&bench, &source).await.outcome, KindOutcome::ProbedUnchanged);
    assert_eq!(source.asked(), ["account", "probe movies behind 101"]);
}

#[tokio::test]
async fn a_removal_or_an_exchange_is_a_change_too_and_removes_nothing_by_itself() {
    for (answer, ids, expected) in [
        (part([]), 1..=99, counts(0, 0, 0, 1, 99)),
        // One item was removed, and another one was added.
        (part([101]), 2..=101, counts(1, 0, 0, 1, 99)),
    ] {
        let bench = listed_once(1..=100).await;
        look(&bench, &panel(1..=100).probe(Movies, part([100])).probe(Movies, part([]))).await;
        let record = look(&bench, &panel(ids).probe(Movies, answer)).await;
        assert_eq!(record.counts, expected);
    }
}

#[tokio::test]
async fn a_panel_that_ignores_the_offset_is_asked_once() {
    for (first, second) in [
        (cut(1..=51), None),
        (part(1..=50), None),
        // The panel returns the last item for any offset.
        (part([100]), Some(part([100]))),
    ] {
        let bench = listed_once(1..=100).await;
        let source = panel(1..=100).probe(Movies, first);
        let source = second.into_iter().fold(source, |source, answer| source.probe(Movies, answer));
        assert_eq!(look(&bench, &source).await.outcome, KindOutcome::Unchanged);
        assert!(matches!(standing(&bench, ProbeWay::Growth).await, Standing::Dropped(_)));
        let source = panel(1..=100);
        assert_eq!(look(&bench, &source).await.outcome, KindOutcome::Unchanged);
        assert_eq!(source.asked(), ["account", "categories movies", "listing movies of 100000 bytes"]);
    }
}

#[tokio::test]
async fn a_probe_that_fails_is_no_failure_of_the_kind() {
    let unusable = || SourceError::Unusable { fault: AnswerFault::Html, message: "?".to_owned() };
    let unreachable = || SourceError::Unreachable { message: "?".to_owned(), attempts: 1, overloaded: false };
    for error in [unusable(), unreachable()] {
        let bench = listed_once(1..=100).await;
        let report = look_with(&bench, &panel(1..=100).probe(Movies, Err(error)), |options| options).await;
        assert_eq!((report.status, report.kind(Movies).outcome), (RunStatus::Completed, KindOutcome::Unchanged));
        assert_eq!((report.errors.len(), report.warnings.len()), (0, 0));
        assert_eq!(standing(&bench, ProbeWay::Growth).await, Standing::Unknown);
    }
    let bench = listed_once(1..=100).await;
    let refused = SourceError::Refused { message: "auth is 0".to_owned() };
    let source = panel(1..=100).probe(Movies, Err(refused));
    let report = look_with(&bench, &source, |options| options).await;
    assert_eq!(report.errors[0].class(), ErrorClass::Login, "credentials that are refused are sent no more");
    assert_eq!(source.asked(), ["account", "probe movies behind 99"]);
}

#[tokio::test]
async fn no_probe_is_asked_if_the_list_is_needed() {
    type Change = fn(SyncOptions) -> SyncOptions;
    let cases: [(&str, Change); 6] = [
        ("a person's sync", |options| SyncOptions { probe: false, ..options }),
        ("full", |options| SyncOptions { mode: SyncMode::Full, ..options }),
        ("another policy", |options| SyncOptions { policy: PolicyChoice::Timestamp, ..options }),
        ("dry run", |options| SyncOptions { dry_run: true, ..options }),
        ("no next look", |options| SyncOptions { next_look: PerKind::default(), ..options }),
        ("the next look is too late", |options| SyncOptions {
            next_look: PerKind::from_fn(|_| Some(NOW + 86_401)),
            ..options
        }),
    ];
    for (case, change) in cases {
        let bench = listed_once(1..=100).await;
        let source = panel(1..=100).probe(Movies, part([100])).probe(Movies, part([]));
        let report = look_with(&bench, &source, change).await;
        assert_eq!(report.kind(Movies).outcome, KindOutcome::Unchanged, "{case}");
        assert!(!source.asked().iter().any(|asked| asked.starts_with("probe")), "{case}");
    }
}

#[tokio::test]
async fn no_probe_is_asked_of_a_kind_that_is_in_doubt() {
    let expired =
        || ScriptedSource::account(panel(1..=100), Ok(Account { expires_at: Some(NOW - 1), ..Account::active() }));
    let version = || Answer::Version("v1", movies(1..=100), END);
    let small = || Completeness { wire_bytes: Some(1000), ..END };
    for (case, first, second) in [
        ("an ended account", panel(1..=100), expired()),
        ("a defect", panel([]).answer(Movies, Answer::Items(movies(1..=100), END)), panel(1..=100)),
        ("a small list", ScriptedSource::new().answer(Movies, Answer::Items(movies(1..=100), small())), panel(1..=100)),
        ("an unknown size", ScriptedSource::new().lists(Movies, movies(1..=100)), panel(1..=100)),
        (
            "a validator",
            ScriptedSource::new().answer(Movies, version()),
            ScriptedSource::new().answer(Movies, version()),
        ),
        (
            "unreadable elements",
            ScriptedSource::new().answer(Movies, Answer::Items(movies(1..=100), Completeness { unreadable: 1, ..END })),
            panel(1..=100),
        ),
    ] {
        let bench = Bench::new().await;
        bench.sync(&first, &service(NOW)).await;
        bench.clock.pass(Duration::from_secs(HOUR));
        let source = second.probe(Movies, part([100])).probe(Movies, part([]));
        look(&bench, &source).await;
        assert!(!source.asked().iter().any(|asked| asked.starts_with("probe")), "{case}: {:?}", source.asked());
    }
    // A kind with held removals, and one from which an item was deleted by hand.
    let bench = listed_once(1..=100).await;
    look(&bench, &panel(1..=10)).await;
    assert!(bench.store.sync_state(&bench.profile).await.unwrap().held[Movies] > 0);
    let source = panel(1..=10).probe(Movies, part([10])).probe(Movies, part([]));
    look(&bench, &source).await;
    assert!(!source.asked().iter().any(|asked| asked.starts_with("probe")), "held");
    let bench = listed_once(1..=100).await;
    bench.store.delete_content_by_ids(&bench.profile, Movies, vec![ContentId(7)]).await.unwrap();
    let source = panel(1..=100).probe(Movies, part([100])).probe(Movies, part([]));
    assert_eq!(look(&bench, &source).await.counts, counts(1, 0, 0, 0, 99), "the item is back at once");
}

#[tokio::test]
async fn a_wrong_probe_is_found_out_by_the_daily_list() {
    let bench = listed_once(1..=100).await;
    look(&bench, &panel(1..=100).probe(Movies, part([100])).probe(Movies, part([]))).await;
    for _ in 2..23 {
        assert_eq!(
            look(&bench, &panel(1..=110).probe(Movies, part([100]))).await.outcome,
            KindOutcome::ProbedUnchanged
        );
    }
    // The next look would be more than a day after the list.
    let source = panel(1..=110).probe(Movies, part([100]));
    let record = look_with(&bench, &source, |options| SyncOptions {
        next_look: PerKind::from_fn(|_| Some(NOW + 86_401)),
        ..options
    })
    .await;
    assert_eq!(record.kind(Movies).counts, counts(10, 0, 0, 0, 100), "I1 holds");
    assert_eq!(source.asked()[1], "probe movies behind 99", "asked once more, to be compared with the list");
    assert!(matches!(standing(&bench, ProbeWay::Growth).await, Standing::Dropped(_)));
}

#[tokio::test]
async fn the_head_of_a_list_that_has_the_newest_first_is_enough() {
    let falling = |newest: i64| (1..=newest).rev();
    let bench = listed_once(falling(1000)).await;
    // The panel ignores the offset. Its list shows that new items come first.
    look(&bench, &panel(falling(1002)).probe(Movies, cut(falling(1002).take(51)))).await;
    assert_eq!(standing(&bench, ProbeWay::Head).await, Standing::Proved);
    let source = panel([]).probe(Movies, cut(falling(1002).take(201)));
    assert_eq!(look(&bench, &source).await.outcome, KindOutcome::ProbedUnchanged);
    assert_eq!(source.asked(), ["account", "probe movies"]);
    let source = panel(falling(1003)).probe(Movies, cut(falling(1003).take(201)));
    assert_eq!(look(&bench, &source).await.counts, counts(1, 0, 0, 0, 1002));
}

#[tokio::test]
async fn canaries_are_asked_for_if_the_panel_respects_categories() {
    // Category 2 is small, and gets all new items.
    let of = |ids: std::ops::RangeInclusive<i64>, id: &str| -> Vec<Listed> {
        let ids: Vec<i64> = ids.collect();
        ids.into_iter()
            .map(|at| {
                let item = sync_core::testing::movie(at).with("category_id", id).in_categories(&[id]);
                item.listed()
            })
            .collect()
    };
    let list = |newest: i64| [of(1..=900, "1"), of(901..=newest, "2")].concat();
    let source = |newest| {
        let answer = Answer::Items(list(newest), END);
        ScriptedSource::new().categories(Movies, Ok(vec![category("1"), category("2")])).answer(Movies, answer)
    };
    let all = |items: Vec<Listed>| -> Result<ProbeAnswer, SourceError> {
        let entries = items.into_iter().map(|item| Entry::Item(Box::new(item), None)).collect();
        Ok(ProbeAnswer { entries, end: Some(Completeness::default()) })
    };
    let bench = Bench::new().await;
    bench.sync(&source(910), &service(NOW)).await;
    bench.clock.pass(Duration::from_secs(HOUR));
    look(&bench, &source(911).probe(Movies, cut(1..=51))).await;
    for newest in 912..=922 {
        look(&bench, &source(newest)).await;
    }
    // The first probe proves that the panel respects the category. The next one is compared.
    for _ in 0..2 {
        let source = source(922).probe(Movies, all(of(901..=922, "2")));
        assert_eq!(look(&bench, &source).await.outcome, KindOutcome::ProbedUnchanged, "{:?}", source.asked());
        assert_eq!(source.asked(), ["account", "probe movies in 2"]);
    }
    assert_eq!(standing(&bench, ProbeWay::Canary).await, Standing::Proved);
    let changed = source(923).probe(Movies, all(of(901..=923, "2")));
    assert_eq!(look(&bench, &changed).await.counts, counts(1, 0, 0, 0, 922));
    let ignored = source(923).probe(Movies, Ok(ProbeAnswer { entries: entries(1..=300), end: None }));
    assert_eq!(look(&bench, &ignored).await.outcome, KindOutcome::Unchanged);
    assert!(matches!(standing(&bench, ProbeWay::Canary).await, Standing::Dropped(_)));
}

#[tokio::test]
async fn series_have_no_offset_and_a_source_without_probes_is_left_alone() {
    let bench = Bench::new().await;
    let panel = || {
        ScriptedSource::new()
            .answer(Series, Answer::Items(listed(Series, 1..=100), END))
            .answer(Movies, Answer::Items(movies(1..=100), END))
    };
    let options = |now| SyncOptions { kinds: vec![Movies, Series], ..service(now) };
    bench.sync(&panel(), &options(NOW)).await;
    bench.clock.pass(Duration::from_secs(HOUR));
    let source = panel();
    let report = bench.sync(&source, &options(NOW + 3600)).await;
    assert_eq!(report.status, RunStatus::Completed);
    let probes: Vec<_> = source.asked().into_iter().filter(|asked| asked.starts_with("probe")).collect();
    assert_eq!(probes, ["probe movies behind 99"]);
    assert_eq!(standing(&bench, ProbeWay::Growth).await, Standing::Unknown);
}

#[tokio::test]
async fn a_manual_sync_keeps_the_facts_for_probes() {
    let bench = listed_once(1..=100).await;
    look_with(&bench, &panel(1..=101), |options| SyncOptions { probe: false, ..options }).await;
    let source = panel(1..=101).probe(Movies, part([101])).probe(Movies, part([]));
    assert_eq!(look(&bench, &source).await.outcome, KindOutcome::ProbedUnchanged);
    // A run without the service stores no facts about probes.
    let bench = Bench::new().await;
    bench.sync(&panel(1..=100), &only(Movies)).await;
    bench.clock.pass(Duration::from_secs(HOUR));
    assert_eq!(bench.store.sync_state(&bench.profile).await.unwrap().facts.kinds[Movies].probe.base, None);
}
