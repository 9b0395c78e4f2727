//! How a watcher ends, wakes up, and runs once.

use std::time::Duration;

use sync_core::{ContentKind, Profiles};
use sync_service::watch::{WatchEnd, WatchOptions};
use tokio_util::sync::CancellationToken;

use crate::days::{DAY, HOUR};
use crate::panel::{Fault, Panels};
use crate::world::{Log, SimCaches, SimClock, profile, watcher};

/// A watcher that was told to stop while it waits, and while it syncs, ends at once.
#[tokio::test(start_paused = true)]
async fn the_watcher_ends_when_it_is_cancelled() {
    for after in [5, 30, 3600] {
        let clock = SimClock::new();
        let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
        caches.store.save_profile(&profile("home")).await.unwrap();
        let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
        let stop = CancellationToken::new();
        let told = async {
            tokio::time::sleep(Duration::from_secs(after)).await;
            stop.cancel();
            tokio::time::Instant::now()
        };
        let (end, told) = tokio::join!(watcher.run(&stop), told);
        assert!(matches!(end, WatchEnd::Stopped));
        assert!(told.elapsed() <= Duration::from_secs(2), "{after}");
        let run = log.runs.lock().unwrap()[0].clone();
        assert!(run.ended.is_some(), "{after}: the run has its end");
        assert_eq!(run.taken.len(), if after == 3600 { 3 } else { usize::from(after == 30) }, "{after}");
    }
}

/// Each profile that is due is synced once. What has failed is not tried again.
#[tokio::test(start_paused = true)]
async fn a_single_round_runs_once() {
    let clock = SimClock::new();
    let panels = Panels::new(&clock, &[("attic", vec![(0..DAY, Fault::Down)]), ("cabin", vec![(0..DAY, Fault::Busy)])]);
    let (caches, log) = (SimCaches::new(), Log::new(&clock));
    for id in ["attic", "cabin", "home"] {
        caches.store.save_profile(&profile(id)).await.unwrap();
    }
    let once = || WatchOptions { once: true, ..WatchOptions::default() };
    let run = async || watcher(&clock, &caches, &panels, &log, once()).run(&CancellationToken::new()).await;
    assert!(matches!(run().await, WatchEnd::Stopped));
    let first = log.runs.lock().unwrap().clone();
    // The login that fails takes longer.
    let seen: Vec<_> = first.iter().map(|run| (run.profile.as_str(), run.failed)).collect();
    assert_eq!(seen, [("home", false), ("attic", true)]);
    assert_eq!(log.count("postponed: account_busy"), 1);
    // Nothing is due now, except what was postponed.
    assert!(matches!(run().await, WatchEnd::Stopped));
    assert_eq!(log.runs.lock().unwrap().len(), 2);
    assert_eq!(log.count("postponed: account_busy"), 2);
}

/// A requested reload ends the pauses that are not in the history.
#[tokio::test(start_paused = true)]
async fn a_reload_ends_the_pauses() {
    let clock = SimClock::new();
    let panels = Panels::new(&clock, &[("home", vec![(0..HOUR / 10, Fault::Busy)])]);
    let (caches, log) = (SimCaches::new(), Log::new(&clock));
    caches.store.save_profile(&profile("home")).await.unwrap();
    let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
    let (stop, reload) = (CancellationToken::new(), watcher.reload.clone());
    let person = async {
        tokio::time::sleep(Duration::from_secs(420)).await;
        assert_eq!(log.count("postponed"), 1);
        assert!(log.runs.lock().unwrap().is_empty());
        reload.notify_one();
        tokio::time::sleep(Duration::from_secs(30)).await;
        stop.cancel();
    };
    tokio::join!(watcher.run(&stop), person);
    let runs = log.runs.lock().unwrap();
    assert_eq!((runs.len(), runs[0].began, log.count("reloaded")), (1, 421, 1));
}

/// Changed settings take effect within a minute, and so do new and removed profiles.
#[tokio::test(start_paused = true)]
async fn changed_settings_are_taken_up() {
    let clock = SimClock::new();
    let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
    let mut home = profile("home");
    home.schedules.all = Some("off".parse().unwrap());
    caches.store.save_profile(&home).await.unwrap();
    let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
    let stop = CancellationToken::new();
    let person = async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(log.runs.lock().unwrap().is_empty());
        home.schedules.all = Some("every 1h".parse().unwrap());
        home.kinds_off = [ContentKind::Movies].into();
        caches.store.save_profile(&home).await.unwrap();
        caches.store.save_profile(&profile("attic")).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(caches.store.remove_profile(&home.id).await.unwrap());
        tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
        stop.cancel();
    };
    tokio::join!(watcher.run(&stop), person);
    let runs = log.runs.lock().unwrap().clone();
    let seen: Vec<_> = runs.iter().map(|run| (run.profile.as_str(), run.taken.len())).collect();
    assert_eq!(seen, [("attic", 3), ("home", 2)]);
    assert!(runs.iter().all(|run| (3600..3663).contains(&run.began)), "{runs:?}");
    assert_eq!(caches.store.profiles().await.unwrap().len(), 1, "what was removed stays removed");
}

/// A list that was too slow is not asked for again while a small answer shows that the link is still slow. The other
/// profiles go on.
#[tokio::test(start_paused = true)]
async fn a_slow_link_is_probed_before_a_list_is_tried_again() {
    let clock = SimClock::new();
    let panels = Panels::new(&clock, &[("home", vec![(2 * HOUR..12 * HOUR, Fault::Slow)])]);
    let (caches, log) = (SimCaches::new(), Log::new(&clock));
    for id in ["attic", "home"] {
        let mut profile = profile(id);
        profile.schedules.all = Some("every 1h".parse().unwrap());
        caches.store.save_profile(&profile).await.unwrap();
    }
    let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
    let stop = CancellationToken::new();
    let end = async {
        tokio::time::sleep(Duration::from_secs(16 * 3600)).await;
        stop.cancel();
    };
    tokio::join!(watcher.run(&stop), end);
    let runs = log.runs.lock().unwrap();
    let of = |id: &'static str| runs.iter().filter(move |run| run.profile == id);
    let tries: Vec<_> = of("home").filter(|run| (2 * HOUR..12 * HOUR).contains(&run.began)).collect();
    assert_eq!(tries.len(), 1, "{tries:?}");
    assert!((8..=12).contains(&log.count("postponed: still_slow")), "{:?}", log.told.lock().unwrap());
    let after = of("home").find(|run| run.began > 12 * HOUR).unwrap();
    assert!(after.began < 13 * HOUR + 300 && after.taken.len() == 3, "{after:?}");
    assert!(of("attic").count() > 13);
}

/// Another program asks the account: the run is postponed for a minute, and nothing is asked until then.
#[tokio::test(start_paused = true)]
async fn a_run_is_postponed_while_another_program_asks_the_account() {
    use sync_core::Paces as _;
    let clock = SimClock::new();
    let (panels, caches, log) = (Panels::new(&clock, &[]), SimCaches::new(), Log::new(&clock));
    let home = profile("home");
    caches.store.save_profile(&home).await.unwrap();
    let entry = caches.store.enter(sync_service::PanelAccount::of(&home).key()).await.unwrap();
    let stop = CancellationToken::new();
    let ends = async {
        tokio::time::sleep(Duration::from_secs(150)).await;
        assert!(log.runs.lock().unwrap().is_empty());
        drop(entry);
        tokio::time::sleep(Duration::from_secs(120)).await;
        stop.cancel();
    };
    let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
    let (end, ()) = tokio::join!(watcher.run(&stop), ends);
    assert!(matches!(end, WatchEnd::Stopped));
    assert_eq!(log.count("postponed: account_in_use"), 3);
    assert_eq!(log.runs.lock().unwrap().len(), 1);
}
