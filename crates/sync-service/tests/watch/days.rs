//! 200 days over three profiles, with outages, refusals, both changes of daylight saving time, a machine that sleeps,
//! a clock that jumps, and kills.

use std::ops::Range;
use std::time::Duration;

use sync_core::policy::pause::{ENDED_PAUSE, LONGEST_PAUSE};
use sync_core::{ContentKind, Profiles, Schedule};
use sync_service::watch::WatchOptions;
use tokio_util::sync::CancellationToken;

use crate::panel::{Fault, Faults, Panels};
use crate::plot;
use crate::world::{Log, Run, SimCaches, SimClock, profile, watcher};

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 3600;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const DAYS: i64 = 200;

/// An event of the machine.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// It sleeps for so many seconds.
    Sleep(i64),
    /// The time of day jumps by so many seconds.
    Jump(i64),
    /// The program is killed, and started again.
    Kill,
}

fn happenings() -> Vec<(i64, Happening)> {
    use Happening::{Jump, Kill, Sleep};
    let mut all = vec![
        (3 * DAY, Sleep(9 * HOUR)),
        (10 * DAY, Sleep(3 * DAY)),
        (20 * DAY + 5 * HOUR, Kill),
        // A battery is empty: the time of day is years ago until it is set.
        (30 * DAY, Jump(-400 * DAY)),
        (30 * DAY + 20 * MINUTE, Jump(400 * DAY)),
        (44 * DAY, Jump(90 * DAY)),
        (44 * DAY + 2 * HOUR, Jump(-90 * DAY)),
        (50 * DAY, Jump(-40 * MINUTE)),
        (53 * DAY, Jump(40 * MINUTE)),
        (71 * DAY, Jump(-2 * DAY)),
        (80 * DAY, Jump(2 * DAY)),
    ];
    // A laptop that is closed each night for ten days.
    all.extend((0..10).map(|day| ((110 + day) * DAY + 14 * HOUR, Sleep(9 * HOUR))));
    // A program that crashes every few minutes.
    all.extend((0..12).map(|time| (150 * DAY + time * 7 * MINUTE, Kill)));
    all.extend((0..40).map(|time| (160 * DAY + time * 97 * MINUTE, Kill)));
    all
}

/// The schedules of the profiles, by kind.
const PROFILES: [(&str, [&str; 3]); 3] = [
    ("attic", ["cron 30 2 * * * Europe/Berlin"; 3]),
    ("cabin", ["every 3h", "every 1d", "cron 15 */8 * * *"]),
    ("home", ["every 6h"; 3]),
];

fn faults() -> Vec<(&'static str, Faults)> {
    let mut short: Vec<_> = (0..30).map(|time| (time * 6 * DAY..time * 6 * DAY + 25 * MINUTE, Fault::Down)).collect();
    short.push((90 * DAY..100 * DAY, Fault::Down));
    short.push((140 * DAY..140 * DAY + 7 * HOUR, Fault::Busy));
    vec![
        ("attic", vec![(15 * DAY..19 * DAY, Fault::Refuses), (130 * DAY..137 * DAY, Fault::Ended)]),
        ("cabin", vec![(60 * DAY..62 * DAY, Fault::Down), (170 * DAY..170 * DAY + 5 * HOUR, Fault::Refuses)]),
        ("home", short),
    ]
}

#[tokio::test(start_paused = true)]
async fn two_hundred_days_with_faults() {
    let clock = SimClock::new();
    let faults = faults();
    let panels = Panels::new(&clock, &faults);
    let (caches, log) = (SimCaches::new(), Log::new(&clock));
    for (id, rules) in PROFILES {
        let mut profile = profile(id);
        for (kind, rule) in ContentKind::ALL.into_iter().zip(rules) {
            profile.schedules.kinds[kind] = Some(rule.parse::<Schedule>().unwrap());
        }
        caches.store.save_profile(&profile).await.unwrap();
    }
    let mut happenings = happenings();
    happenings.sort_by_key(|(at, _)| *at);
    happenings.push((DAYS * DAY, Happening::Kill));
    let mut happenings = happenings.into_iter();
    while clock.passed() < DAYS * DAY {
        let watcher = watcher(&clock, &caches, &panels, &log, WatchOptions::default());
        let stop = CancellationToken::new();
        let life = async {
            for (at, happening) in happenings.by_ref() {
                let wait = Duration::from_secs(u64::try_from(at - clock.passed()).unwrap_or_default());
                tokio::time::sleep(wait).await;
                match happening {
                    Happening::Sleep(seconds) => clock.sleep(seconds),
                    Happening::Jump(seconds) => clock.jump(seconds),
                    Happening::Kill => return,
                }
            }
        };
        // A kill drops the watcher wherever it is.
        tokio::select! {
            // In this order, so that the same happens each time.
            biased;
            end = watcher.run(&stop) => panic!("the watcher has ended: {end:?}"),
            () = life => {}
        }
    }
    let runs = log.runs.lock().unwrap().clone();
    assert_eq!(panels.most_at_once(), 1, "one list at a time from an account");
    for (id, rules) in PROFILES {
        let own: Vec<_> = runs.iter().filter(|run| run.profile == id).collect();
        assert_never_at_once(&own);
        assert_no_burst(id, &own);
        for (kind, rule) in ContentKind::ALL.into_iter().zip(rules) {
            assert_never_too_old(id, kind, rule, &own, &panels);
        }
    }
    plot::check(&runs, &faults);
}

/// Checks that a run begins only after the end of the run before, or after a kill.
fn assert_never_at_once(runs: &[&Run]) {
    let kills: Vec<_> =
        happenings().into_iter().filter(|(_, it)| matches!(it, Happening::Kill)).map(|(at, _)| at).collect();
    for pair in runs.windows(2) {
        let killed = || kills.iter().any(|kill| (pair[0].began..=pair[1].began).contains(kill));
        assert!(pair[0].ended.map_or_else(killed, |ended| ended <= pair[1].began), "{pair:?}");
    }
}

/// A panel is asked no more often than its schedule and its pauses say: at most 30 times in any day, and at most four
/// times in any ten minutes.
fn assert_no_burst(id: &str, runs: &[&Run]) {
    for (time, most) in [(DAY, 34), (HOUR, 6), (10 * MINUTE, 3)] {
        for (at, run) in runs.iter().enumerate() {
            let count = runs[at..].iter().take_while(|later| later.began < run.began + time).count();
            assert!(count <= most, "{id}: {count} runs within {time} s from {}", run.began);
        }
    }
}

/// A kind is never older than its interval, the random part, the time for which the panel was out of order and the
/// machine slept, and the pause that was in force when it ended.
fn assert_never_too_old(id: &str, kind: ContentKind, rule: &str, runs: &[&Run], panels: &Panels) {
    let schedule: Schedule = rule.parse().unwrap();
    let (interval, jitter) = match &schedule {
        Schedule::Every(interval) => (interval.seconds(), (interval.seconds() / 10).min(900)),
        // A day with 25 hours.
        _ => (if rule.contains("*/8") { 9 * HOUR } else { 25 * HOUR }, 0),
    };
    let mut before = 0;
    let taken = runs.iter().filter(|run| run.taken.contains(&kind)).map(|run| run.began).chain([DAYS * DAY]);
    let mut count = 0;
    for at in taken {
        let age = before..at;
        let mut allowed = interval + jitter + 3 * MINUTE;
        for (time, fault) in panels.faults(id) {
            let overlap = overlap(time, &age);
            if overlap > 0 {
                let long = time.end - time.start;
                let pause = match fault {
                    Fault::Down => (long * 5 / 2 + 10 * MINUTE).min(LONGEST_PAUSE + LONGEST_PAUSE / 4),
                    Fault::Refuses => (long * 5 / 2 + HOUR).min(DAY),
                    Fault::Ended => ENDED_PAUSE,
                    Fault::Busy => 10 * MINUTE,
                    Fault::Slow => 6 * HOUR,
                };
                allowed += overlap + pause;
            }
        }
        for (time, happening) in happenings() {
            allowed += match happening {
                Happening::Sleep(seconds) => overlap(&(time..time + seconds), &age),
                // A small step back is waited out. A large one is recognised.
                Happening::Jump(seconds) if (-HOUR..0).contains(&seconds) => overlap(&(time..time - seconds), &age),
                // What was interrupted is tried again after a pause, which grows.
                Happening::Kill if age.contains(&time) => 10 * MINUTE,
                Happening::Jump(_) | Happening::Kill => 0,
            };
        }
        assert!(
            at - before <= allowed,
            "{id} {kind}: {} s old at {at}, and at most {allowed} s are allowed",
            at - before
        );
        (before, count) = (at, count + 1);
    }
    assert!(i64::from(count) > DAYS / 2, "{id} {kind}: {count} lists");
}

fn overlap(one: &Range<i64>, other: &Range<i64>) -> i64 {
    (one.end.min(other.end) - one.start.max(other.start)).max(0)
}

/// The 200 days have the nights in which an hour is left out, and in which one comes twice.
#[test]
fn the_world_begins_in_autumn_and_ends_in_spring() {
    let zone: sync_core::TimeZone = "Europe/Berlin".parse().unwrap();
    let midnight: Schedule = "cron 0 0 * * *".parse().unwrap();
    let (mut at, mut lengths) = (crate::world::START, Vec::new());
    while at < crate::world::START + DAYS * DAY {
        let next = midnight.due_after(at, zone).unwrap();
        lengths.push(next - at);
        at = next;
    }
    assert!(lengths.contains(&(25 * HOUR)) && lengths.contains(&(23 * HOUR)));
}
