//! 2,000 runs of one watcher: memory stays flat, and no file and no thread is left behind.
//!
//! The test is a process of its own, because it measures itself. Time passes 100,000 times faster, so an hour of a
//! schedule takes 36 milliseconds. Cache, panel and HTTP are real.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that fails is to panic")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sync_core::{Cache, Clock, ContentSource, PanelFacts, Profile, ProfileId, Profiles, StoreError, TimeZone, Timer};
use sync_service::SourceFactory;
use sync_service::watch::{Caches, WatchEvent, WatchObserver, WatchOptions, Watcher};
use sync_sqlite::SqliteStore;
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The runs before the first measurement. After them, all threads and buffers that are created once exist.
const WARM: usize = 500;

/// The number of all runs. 2,000 of them are between the measurements.
const RUNS: usize = WARM + 2000;

/// The time limit of the test. All runs take about two minutes, so a slower watcher no longer syncs.
const LIMIT: Duration = Duration::from_secs(600);

/// The factor by which time passes faster.
const FASTER: u32 = 100_000;

/// The simulated panel as a process, so that its memory doesn't count.
struct Panel {
    child: Child,
    url: String,
}

impl Panel {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_simulated-panel"))
            .args(["--channels", "20", "--movies", "200", "--series", "20", "--until-stdin-closes"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.map(Result::unwrap).find_map(|line| Some(line.strip_prefix("listening on ")?.to_owned()));
        Self { child, url: url.unwrap() }
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct FastClock(Instant);

impl Clock for FastClock {
    fn now(&self) -> i64 {
        1_800_000_000 + i64::try_from(self.monotonic().as_secs()).unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed() * FASTER
    }
}

struct FastTimer;

#[async_trait]
impl Timer for FastTimer {
    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time / FASTER).await;
    }
}

struct Files(PathBuf);

#[async_trait]
impl Caches for Files {
    async fn for_reading(&self) -> Result<Arc<dyn Cache>, StoreError> {
        Ok(Arc::new(SqliteStore::open_read_only(&self.0)?))
    }

    async fn for_writing(&self) -> Result<Arc<dyn Cache>, StoreError> {
        Ok(Arc::new(SqliteStore::open(&self.0)?))
    }
}

struct Sources;

#[async_trait]
impl SourceFactory for Sources {
    type Error = String;

    async fn source(&self, profile: &Profile, _: &PanelFacts) -> Result<Arc<dyn ContentSource>, String> {
        let address = PanelAddress::parse(profile.base_url.as_deref().unwrap()).unwrap().address;
        let config = XtreamConfig::new().requests_per_second(f64::INFINITY);
        Ok(Arc::new(XtreamSource::new(address, Credentials::new("demo", "demo-secret"), config).unwrap()))
    }
}

/// The resources of the process.
#[derive(Debug, Clone, Copy)]
struct Held {
    kibibytes: u64,
    files: usize,
    threads: usize,
}

impl Held {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let count = |folder| std::fs::read_dir(folder).unwrap().count();
        Self {
            kibibytes: line.split_whitespace().next().unwrap().parse().unwrap(),
            files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }
}

/// Counts the runs, and stops the watcher after the last one.
struct Counter {
    runs: AtomicUsize,
    held: Mutex<Vec<Held>>,
    stop: CancellationToken,
}

impl WatchObserver for Counter {
    fn event(&self, event: &WatchEvent<'_>) {
        if let WatchEvent::Ended { report, .. } = event {
            assert!(report.errors.is_empty(), "{:?}", report.errors);
            let runs = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
            if runs >= WARM && runs.is_multiple_of(500) {
                self.held.lock().unwrap().push(Held::now());
            }
            if runs == RUNS {
                self.stop.cancel();
            }
        }
    }
}

/// The runtime has two blocking threads. More threads would come and go with the load of the machine, and each has
/// buffers of its own.
#[test]
fn two_thousand_runs_leave_nothing_behind() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let (panel, folder) = (Panel::start(), tempfile::tempdir().unwrap());
    let database = folder.path().join("cache.db");
    let mut home = Profile {
        base_url: Some(panel.url.clone()),
        username: Some("demo".to_owned()),
        ..Profile::new(ProfileId::new("home").unwrap())
    };
    home.schedules.all = Some("every 1h".parse().unwrap());
    SqliteStore::open(&database).unwrap().save_profile(&home).await.unwrap();
    let counter =
        Arc::new(Counter { runs: AtomicUsize::new(0), held: Mutex::default(), stop: CancellationToken::new() });
    let watcher = Watcher {
        caches: Arc::new(Files(database)),
        sources: Sources,
        clock: Arc::new(FastClock(Instant::now())),
        timer: Arc::new(FastTimer),
        zone: || TimeZone::UTC,
        gate: Arc::new(()),
        observer: Arc::clone(&counter) as _,
        progress: Arc::new(()),
        reload: Arc::new(Notify::new()),
        options: WatchOptions::default(),
    };
    let done = tokio::time::timeout(LIMIT, watcher.run(&counter.stop)).await;
    assert!(done.is_ok(), "{} of {RUNS} runs within {LIMIT:?}", counter.runs.load(Ordering::Relaxed));
    let held = counter.held.lock().unwrap().clone();
    println!("{held:#?}");
    let (early, late) = (held[0], held[held.len() - 1]);
    assert_eq!(counter.runs.load(Ordering::Relaxed), RUNS);
    assert!(late.kibibytes * 100 <= early.kibibytes * 105, "memory grows: {held:?}");
    assert!(late.files <= early.files, "files are left behind: {held:?}");
    // Blocking threads come and go.
    assert!(late.threads <= early.threads + 2, "threads are left behind: {held:?}");
}
