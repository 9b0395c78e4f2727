//! The metrics of a watcher, read back by a parser of Prometheus' text.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use prometheus_parse::{Sample, Scrape, Value};
use sync_core::testing::{FixedClock, MemoryStore, profile};
use sync_core::{
    Clock, ContentKind, ErrorCode, KindOutcome, Profile, Profiles, ReportError, RunStatus, StoreError, SyncReport,
    TimeZone, Trigger, WallTime,
};
use sync_service::watch::{METRICS, MetricType, Metrics, NotNow, Upcoming, WatchEvent, WatchObserver};
use sync_service::{Service, options_of};
use tokio_util::sync::CancellationToken;

use crate::syncing::{OneSource, movies};

/// A canary: the user name and the password of each profile.
const CANARY: &str = "canary-s3cr3t";

struct Scene {
    cache: MemoryStore,
    clock: FixedClock,
    service: Service,
    metrics: Metrics,
}

impl Scene {
    async fn new(profiles: &[&str]) -> Self {
        let (cache, clock) = (MemoryStore::new(), FixedClock::default());
        for id in profiles {
            let login = Some(CANARY.to_owned());
            let base_url = Some(format!("http://{id}.example"));
            let mut saved = Profile { base_url, username: login.clone(), password: login, ..Profile::new(profile(id)) };
            saved.schedules.all = Some("every 1d".parse().unwrap());
            cache.save_profile(&saved).await.unwrap();
        }
        let service = Service::new(Arc::new(cache.clone()), Arc::new(clock.clone()));
        let metrics = Metrics::new(Arc::new(clock.clone()));
        Self { cache, clock, service, metrics }
    }

    async fn profile(&self, id: &str) -> Profile {
        self.cache.profile(&profile(id)).await.unwrap().unwrap()
    }

    async fn upcoming(&self) -> Vec<Upcoming> {
        let time = WallTime { now: self.clock.now(), zone: TimeZone::UTC };
        let mut upcoming = Vec::new();
        for profile in self.cache.profiles().await.unwrap() {
            upcoming.push(self.service.upcoming(profile, time).await.unwrap());
        }
        upcoming
    }

    async fn look(&self) {
        let upcoming = self.upcoming().await;
        self.metrics.event(&WatchEvent::Upcoming(&upcoming));
    }

    async fn sync(&self, id: &str, names: &[(i64, &str)]) -> SyncReport {
        let home = self.profile(id).await;
        let (sources, cancel) = (OneSource::new(movies(names)), CancellationToken::new());
        let report = self.service.sync(&home, &options_of(&home), &sources, Arc::new(()), &cancel).await.unwrap();
        self.ended(&home, &report);
        report
    }

    fn ended(&self, profile: &Profile, report: &SyncReport) {
        self.metrics.event(&WatchEvent::Ended { profile, report, trigger: Trigger::Schedule });
    }

    fn scrape(&self) -> Scraped {
        let text = self.metrics.text();
        assert!(!text.contains(CANARY), "{text}");
        Scraped::read(&text)
    }
}

struct Scraped(Vec<Sample>);

impl Scraped {
    fn read(text: &str) -> Self {
        Self(Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap().samples)
    }

    /// Returns the value of the series with these labels; `None` if there is none.
    fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted = |sample: &&Sample| {
            sample.metric == name
                && sample.labels.len() == labels.len()
                && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(value))
        };
        let mut found = self.0.iter().filter(wanted);
        let value = found.next().map(|sample| match &sample.value {
            Value::Counter(value) | Value::Gauge(value) => *value,
            other => panic!("{name}: {other:?}"),
        });
        assert!(found.next().is_none(), "{name} {labels:?} is there once");
        value
    }

    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels).unwrap_or_else(|| panic!("{name} {labels:?}"))
    }
}

#[tokio::test]
async fn figures_follow_the_runs() {
    let scene = Scene::new(&["home"]).await;
    scene.look().await;
    let runs = |outcome| [("profile", "home"), ("outcome", outcome)];
    assert!(scene.scrape().value("xtream_sync_runs_total", &runs("partial")) < 0.5, "runs are counted from zero");
    let began = scene.clock.now();
    let report = scene.sync("home", &[(1, "One"), (2, "Two")]).await;
    assert_eq!(report.status, RunStatus::Completed);
    scene.look().await;
    scene.clock.pass(Duration::from_secs(100));
    let scraped = scene.scrape();
    let movies = [("profile", "home"), ("kind", "movies")];
    let changes = |outcome| [("profile", "home"), ("kind", "movies"), ("outcome", outcome)];
    #[expect(clippy::cast_precision_loss, reason = "the time of a test is small")]
    let began = began as f64;
    for (name, labels, value) in [
        ("xtream_sync_runs_total", &runs("completed")[..], 1.0),
        ("xtream_sync_running", &movies[..1], 0.0),
        ("xtream_sync_changes_total", &changes("added"), 2.0),
        ("xtream_sync_changes_total", &changes("removed"), 0.0),
        ("xtream_sync_items", &movies, 2.0),
        ("xtream_sync_held_items", &movies, 0.0),
        ("xtream_sync_last_listing_timestamp_seconds", &movies, began),
        ("xtream_sync_age_seconds", &movies, 100.0),
        ("xtream_sync_stale_after_seconds", &movies, 36.0 * 3600.0),
        ("xtream_sync_refusals", &movies[..1], 0.0),
        ("xtream_sync_cache_trouble", &[], 0.0),
        ("xtream_sync_start_time_seconds", &[], began),
    ] {
        let found = scraped.value(name, labels);
        assert!((found - value).abs() < 0.1, "{name} {labels:?}: {found}, not {value}");
    }
    let next = scraped.value("xtream_sync_next_run_timestamp_seconds", &movies);
    assert!((began + 86_400.0..=began + 86_400.0 + 900.0).contains(&next), "{next}");
    let histogram = scraped.0.iter().find(|sample| sample.metric == "xtream_sync_run_seconds").unwrap();
    let Value::Histogram(buckets) = &histogram.value else { panic!("{histogram:?}") };
    assert!(buckets.iter().all(|bucket| (bucket.count - 1.0).abs() < 0.1), "a run of no time is in each: {buckets:?}");
}

#[tokio::test]
async fn failures_and_pauses_have_reasons() {
    let scene = Scene::new(&["home"]).await;
    let home = scene.profile("home").await;
    scene.metrics.event(&WatchEvent::Began { profile: &home, kinds: &ContentKind::ALL, trigger: Trigger::Schedule });
    assert!(scene.scrape().value("xtream_sync_running", &[("profile", "home")]) > 0.5);
    let mut failed = SyncReport::new(home.id.clone());
    failed.kinds[ContentKind::Movies].outcome = KindOutcome::Failed;
    (failed.kinds[ContentKind::Movies].bytes, failed.kinds[ContentKind::Movies].requests) = (7, 4);
    failed.errors = vec![ReportError::new(Some(ContentKind::Movies), ErrorCode::PanelUnreachable, CANARY.to_owned())];
    scene.ended(&home, &failed);
    let why = NotNow::Gate(format!("{CANARY} says no"));
    scene.metrics.event(&WatchEvent::Postponed { profile: &home, why: &why, until: 7 });
    scene.metrics.event(&WatchEvent::CacheTrouble { error: &StoreError::Full, until: 7 });
    let mut upcoming = scene.upcoming().await;
    upcoming[0].next[ContentKind::Movies].why = sync_core::Why::PanelDown(3);
    upcoming[0].next[ContentKind::Series].at = None;
    scene.metrics.event(&WatchEvent::Upcoming(&upcoming));
    let scraped = scene.scrape();
    let paused = |kind, reason| [("profile", "home"), ("kind", kind), ("reason", reason)];
    for (name, labels, value) in [
        ("xtream_sync_runs_total", &[("profile", "home"), ("outcome", "failed")][..], 1.0),
        ("xtream_sync_errors_total", &[("profile", "home"), ("reason", "panel_unreachable")], 1.0),
        ("xtream_sync_postponed_total", &[("profile", "home"), ("reason", "before_command")], 1.0),
        ("xtream_sync_received_bytes_total", &[("profile", "home"), ("kind", "movies")], 7.0),
        ("xtream_sync_requests_total", &[("profile", "home"), ("kind", "movies")], 4.0),
        ("xtream_sync_paused", &paused("movies", "panel_down"), 1.0),
        ("xtream_sync_cache_trouble", &[], 1.0),
    ] {
        let found = scraped.value(name, labels);
        assert!((found - value).abs() < 0.1, "{name} {labels:?}: {found}, not {value}");
    }
    let series = [("profile", "home"), ("kind", "series")];
    for absent in ["xtream_sync_next_run_timestamp_seconds", "xtream_sync_age_seconds"] {
        assert_eq!(scraped.find(absent, &series), None, "what is not known has no value");
    }
    scene.metrics.event(&WatchEvent::CacheWorks);
    scene.look().await;
    let scraped = scene.scrape();
    assert_eq!(scraped.find("xtream_sync_paused", &paused("movies", "panel_down")), None, "a pause ends");
    assert!(scraped.value("xtream_sync_cache_trouble", &[]) < 0.5);
}

#[tokio::test]
async fn the_series_of_a_removed_profile_go_away_and_come_back() {
    let scene = Scene::new(&["away", "home \"quoted\""]).await;
    scene.look().await;
    scene.sync("away", &[(1, "One")]).await;
    let away = [("profile", "away"), ("outcome", "completed")];
    assert!(scene.scrape().value("xtream_sync_runs_total", &away) > 0.5);
    scene.cache.remove_profile(&profile("away")).await.unwrap();
    scene.look().await;
    let scraped = scene.scrape();
    assert!(scraped.0.iter().all(|sample| sample.labels.get("profile") != Some("away")), "{:?}", scraped.0);
    assert!(scraped.0.iter().any(|sample| sample.labels.get("profile").is_some()), "the other one stays");
    scene.cache.save_profile(&Profile::new(profile("away"))).await.unwrap();
    scene.look().await;
    assert!(scene.scrape().value("xtream_sync_runs_total", &away) < 0.5, "it begins anew");
}

/// Every listed metric appears with its type, and no other metric appears.
#[tokio::test]
async fn the_scraped_metrics_are_those_of_the_list() {
    let scene = Scene::new(&["home"]).await;
    let home = scene.profile("home").await;
    let mut report = scene.sync("home", &[(1, "One")]).await;
    report.errors = vec![ReportError::new(None, ErrorCode::PanelUnreachable, String::new())];
    scene.ended(&home, &report);
    scene.metrics.event(&WatchEvent::Postponed { profile: &home, why: &NotNow::ProfileBusy, until: 7 });
    let (hook, why) = ("webhook", "it is down");
    scene.metrics.event(&WatchEvent::HookFailed { profile: &home, hook, why, until: None });
    let mut upcoming = scene.upcoming().await;
    upcoming[0].next[ContentKind::Movies].why = sync_core::Why::LoginRefused;
    scene.metrics.event(&WatchEvent::Upcoming(&upcoming));
    let text = scene.metrics.text();
    let types: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let listed = METRICS.iter().map(|metric| format!("{} {}", metric.name, metric.metric_type.as_str()));
    assert_eq!(types, listed.collect::<BTreeSet<_>>().iter().map(String::as_str).collect());
    for sample in Scraped::read(&text).0 {
        let metric = METRICS.iter().find(|metric| metric.name == sample.metric);
        let metric = metric.or_else(|| {
            let histogram = |it: &&sync_service::watch::Metric| it.metric_type == MetricType::Histogram;
            METRICS.iter().filter(histogram).find(|metric| sample.metric.starts_with(metric.name))
        });
        let labels: BTreeSet<_> = sample.labels.keys().map(String::as_str).collect();
        assert_eq!(labels, metric.unwrap().labels.iter().copied().collect(), "{sample:?}");
    }
}

#[tokio::test]
async fn a_watcher_is_alive_while_it_plans() {
    let scene = Scene::new(&["home"]).await;
    assert!(!scene.metrics.is_alive(), "it hasn't looked yet");
    scene.look().await;
    scene.clock.pass(Duration::from_secs(180));
    assert!(scene.metrics.is_alive());
    scene.clock.pass(Duration::from_secs(1));
    assert!(!scene.metrics.is_alive());
    scene.look().await;
    assert!(scene.metrics.is_alive());
}
