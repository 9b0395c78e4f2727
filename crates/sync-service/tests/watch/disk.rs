//! A cache that can't be written, can't be read, or was made by a newer version.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sync_core::{Profiles, StoreError};
use sync_service::watch::{WatchEnd, WatchOptions};
use tokio_util::sync::CancellationToken;

use crate::days::{DAY, HOUR};
use crate::panel::Panels;
use crate::world::{Log, SimCaches, SimClock, profile, watcher};

/// Runs that are due while the disk is full run once when there is room.
#[tokio::test(start_paused = true)]
async fn a_full_disk_is_waited_out() {
    let clock = SimClock::new();
    let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
    for id in ["attic", "home"] {
        let mut profile = profile(id);
        profile.schedules.all = Some("every 1h".parse().unwrap());
        caches.store.save_profile(&profile).await.unwrap();
    }
    caches.full.store(true, Ordering::Relaxed);
    let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
    let stop = CancellationToken::new();
    let disk = async {
        tokio::time::sleep(Duration::from_secs(10 * 3600)).await;
        assert!(log.runs.lock().unwrap().is_empty());
        caches.full.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(3600 + 120)).await;
        stop.cancel();
    };
    tokio::join!(watcher.run(&stop), disk);
    let runs = log.runs.lock().unwrap().clone();
    for id in ["attic", "home"] {
        let own: Vec<_> = runs.iter().filter(|run| run.profile == id).map(|run| run.began).collect();
        assert!((1..=2).contains(&own.len()), "{own:?}");
        assert!((10 * HOUR..11 * HOUR + 60).contains(&own[0]), "{own:?}");
    }
    // One, two, four … minutes, and an hour at most: some fifteen attempts of each, and none of them without a pause.
    assert!((10..40).contains(&log.count("trouble: ")), "{:?}", log.told.lock().unwrap());
    assert_eq!(log.count("works"), 1);
    // Each attempt has logged in once. A login costs the panel little, and its lists are not asked for.
    assert!(panels.logins() < 40, "{}", panels.logins());
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_fails_for_a_day_is_given_up() {
    for reading in [false, true] {
        let clock = SimClock::new();
        let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
        caches.store.save_profile(&profile("home")).await.unwrap();
        caches.full.store(!reading, Ordering::Relaxed);
        caches.away.store(reading, Ordering::Relaxed);
        let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
        let end = watcher.run(&CancellationToken::new()).await;
        assert!(matches!(end, WatchEnd::CacheUnusable(StoreError::Full | StoreError::Missing(_))), "{end:?}");
        assert!((DAY..DAY + 2 * HOUR).contains(&clock.passed()), "{}", clock.passed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_round_gives_up_at_once() {
    let clock = SimClock::new();
    let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
    caches.store.save_profile(&profile("home")).await.unwrap();
    caches.full.store(true, Ordering::Relaxed);
    let once = WatchOptions { once: true, ..WatchOptions::default() };
    let end = watcher(&clock, &caches, &panels, &log, once).run(&CancellationToken::new()).await;
    assert!(matches!(end, WatchEnd::CacheUnusable(StoreError::Full)), "{end:?}");
    assert!(clock.passed() < 60);
}

/// A restore takes the file away for a moment. A newer version may upgrade it for good.
#[tokio::test(start_paused = true)]
async fn a_cache_that_comes_back_is_used_and_a_newer_one_is_left_alone() {
    let clock = SimClock::new();
    let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
    let mut home = profile("home");
    home.schedules.all = Some("every 10m".parse().unwrap());
    caches.store.save_profile(&home).await.unwrap();
    let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
    let stop = CancellationToken::new();
    let administrator = async {
        tokio::time::sleep(Duration::from_secs(1800)).await;
        caches.away.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(90)).await;
        caches.away.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(1800)).await;
        caches.newer.store(true, Ordering::Relaxed);
    };
    let (end, ()) = tokio::join!(watcher.run(&stop), administrator);
    assert!(matches!(end, WatchEnd::NewerCache(_)), "{end:?}");
    assert!(clock.passed() <= 3700 + 61, "{}", clock.passed());
    let runs = log.runs.lock().unwrap();
    assert!(runs.iter().any(|run| run.began > 1900) && runs.iter().all(|run| !run.failed), "{runs:?}");
    assert_eq!(log.count("works"), 1);
}

/// Trouble that no run meets again is forgotten, and the watcher sleeps.
#[tokio::test(start_paused = true)]
async fn a_failure_that_no_run_meets_again_is_forgotten() {
    let clock = SimClock::new();
    let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
    let mut home = profile("home");
    caches.store.save_profile(&home).await.unwrap();
    caches.full.store(true, Ordering::Relaxed);
    let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
    let stop = CancellationToken::new();
    let person = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        home.schedules.all = Some("off".parse().unwrap());
        caches.store.save_profile(&home).await.unwrap();
        tokio::time::sleep(Duration::from_secs(600)).await;
        let before = log.looks();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(log.looks() - before <= 61, "{} looks in an hour", log.looks() - before);
        stop.cancel();
    };
    tokio::join!(watcher.run(&stop), person);
    assert_eq!((log.count("trouble"), log.count("works")), (1, 1), "{:?}", log.told.lock().unwrap());
}

/// A watcher that can't read its cache still gives signs of life.
#[tokio::test(start_paused = true)]
async fn the_watcher_is_alive_while_the_cache_is_away() {
    let clock = SimClock::new();
    let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
    caches.store.save_profile(&profile("home")).await.unwrap();
    caches.away.store(true, Ordering::Relaxed);
    let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
    let stop = CancellationToken::new();
    let end = async {
        tokio::time::sleep(Duration::from_secs(10 * 3600)).await;
        stop.cancel();
    };
    tokio::join!(watcher.run(&stop), end);
    assert!(log.count("alive") >= 10 * 59, "{}", log.count("alive"));
}

/// One profile that can't be written doesn't keep the others from their run.
#[tokio::test(start_paused = true)]
async fn a_single_round_syncs_the_other_profiles() {
    let clock = SimClock::new();
    let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
    for id in ["attic", "cabin", "home"] {
        caches.store.save_profile(&profile(id)).await.unwrap();
    }
    caches.store.fail_next_apply(StoreError::Full);
    let once = WatchOptions { once: true, ..WatchOptions::default() };
    let end = watcher(&clock, &caches, &panels, &log, once).run(&CancellationToken::new()).await;
    assert!(matches!(end, WatchEnd::CacheUnusable(_)), "{end:?}");
    let runs = log.runs.lock().unwrap();
    let failed = runs.iter().filter(|run| run.failed).count();
    assert_eq!((runs.len(), failed), (3, 1), "{runs:?}");
    assert!(runs.iter().all(|run| run.ended.is_some()));
}
