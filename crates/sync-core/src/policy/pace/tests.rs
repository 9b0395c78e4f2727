use super::*;

const WALL: i64 = 1_900_000_000;

fn at(seconds: f64) -> Now {
    Now { wall: WALL + seconds as i64, monotonic: Duration::from_secs_f64(seconds) }
}

fn pace(remembered: Option<AccountPace>, cap: f64) -> Pace {
    let mut pace = Pace::at_start(remembered.as_ref(), at(0.0));
    pace.set_cap(cap);
    pace
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-6
}

/// Sends so many requests as early as allowed. Each is answered at once. Returns the times, in seconds.
fn times(pace: &mut Pace, from: f64, count: usize) -> Vec<f64> {
    let (mut now, mut found) = (from, Vec::new());
    while found.len() < count {
        match pace.take(at(now)) {
            Ok(()) => {
                found.push(now);
                pace.answered(None, at(now));
            }
            Err(not_yet) => now = not_yet.at.as_secs_f64(),
        }
    }
    found
}

fn refused(rate: f64, refused_rate: Option<f64>, ago: i64) -> AccountPace {
    AccountPace { rate, refused_at: Some(WALL - ago), refused_rate, ..AccountPace::new(WALL - ago) }
}

#[test]
fn a_usual_sync_of_a_panel_that_never_refused_waits_for_nothing() {
    let mut pace = pace(None, 8.0);
    assert_eq!(times(&mut pace, 0.0, 8), [0.0; 8]);
    assert!(close(pace.rate(), 1.0), "a burst proves no rate: {}", pace.rate());
    let ninth = pace.take(at(0.0)).unwrap_err();
    assert_eq!((ninth.why, ninth.at), (Hold::Rate, Duration::from_secs(1)));
    // A rest earns one burst, not more.
    assert_eq!(times(&mut pace, 60.0, 8), [60.0; 8]);
    assert!(pace.take(at(60.0)).is_err());
}

#[test]
fn the_rate_grows_by_answers_to_requests_that_waited_up_to_the_cap() {
    let mut pace = pace(None, 8.0);
    let times = times(&mut pace, 0.0, 100);
    assert!(times[99] < 15.5, "100 categories take 11.5 s at 8 a second, and not much longer here: {}", times[99]);
    assert!(close(pace.rate(), 8.0));
    let mut slow = self::pace(None, 0.5);
    assert_eq!(self::times(&mut slow, 0.0, 3), [0.0, 2.0, 4.0], "a slow cap has no burst");
    let mut unlimited = self::pace(None, f64::INFINITY);
    assert_eq!(self::times(&mut unlimited, 0.0, 1000).last(), Some(&0.0));
}

#[test]
fn after_a_refusal_the_rate_grows_slowly_and_below_the_refused_rate() {
    let mut pace = pace(Some(refused(1.0, Some(2.0), 3600)), 8.0);
    assert!(close(pace.rate(), 0.8));
    let before = pace.rate();
    times(&mut pace, 0.0, 3);
    assert!(pace.rate() > before && pace.rate() < before + 0.4, "{}", pace.rate());
    times(&mut pace, 100.0, 200);
    assert!(close(pace.rate(), 1.8), "{}", pace.rate());
    // A day after the refusal.
    times(&mut pace, 86_400.0, 200);
    assert!(pace.rate() > 1.9, "{}", pace.rate());
}

#[test]
fn a_run_begins_with_the_stored_pace() {
    for (rate, refused_rate, ago, expected) in [
        (8.0, Some(8.0), 10, 6.4),
        (8.0, Some(4.0), 10, 3.6),
        (0.5, Some(1.0), 10, 0.4),
        (0.5, None, 10, 0.4),
        (0.5, Some(1.0), 86_400, 1.0),
        (0.5, Some(1.0), -50, 0.4),
        (f64::NAN, None, 10, 0.8),
        (-3.0, None, 10, LEAST),
        (f64::INFINITY, None, 10, 0.8),
    ] {
        let found = pace(Some(refused(rate, refused_rate, ago)), 8.0).rate();
        assert!(close(found, expected), "{rate} {refused_rate:?} {ago}: {found}");
    }
    let borne = AccountPace { rate: 8.0, ..AccountPace::new(WALL - 10) };
    assert!(close(pace(Some(borne), 8.0).rate(), 6.4));
    assert!(close(pace(Some(borne), 2.0).rate(), 2.0));
    assert!(close(pace(None, 8.0).rate(), 1.0));
}

/// Several short runs after one another wait for nothing.
#[test]
fn without_a_refusal_each_run_begins_with_a_burst() {
    let mut first = pace(None, 8.0);
    times(&mut first, 0.0, 8);
    let kept = first.remembered(at(0.0));
    assert_eq!(kept.requests, 8);
    let mut second = pace(Some(kept), 8.0);
    assert_eq!(times(&mut second, 0.0, 8), [0.0; 8]);
    assert!(second.take(at(0.0)).is_err());
    assert_eq!(second.remembered(at(0.0)).requests, 16);
}

/// The run before may have been killed just after its last request, or may be one that stores no pace.
#[test]
fn after_a_refusal_a_run_begins_with_a_wait() {
    let mut pace = pace(Some(refused(1.0, Some(2.0), 10)), 8.0);
    assert_eq!(pace.take(at(0.0)).unwrap_err().at, Duration::from_millis(1250));
    let times = times(&mut pace, 100.0, 2);
    assert!(times[0] <= 100.0 && times[1] > 100.9, "{times:?}");
}

#[test]
fn a_refusal_halves_the_rate_and_holds_the_account() {
    let mut pace = pace(Some(refused(5.0, Some(100.0), 10)), 8.0);
    times(&mut pace, 0.0, 20);
    let (rate, now) = (pace.rate(), 50.0);
    let expected = rate.min(4.6);
    assert!(rate > 4.0 && rate <= expected + 1.0);
    // The last request has waited for the rate.
    let last = times(&mut pace, now, 2)[1];
    assert!(pace.refused(Refusal::TooMany, None, at(last)));
    assert!(pace.rate() < rate * 0.55, "{} after {rate}", pace.rate());
    let held = pace.take(at(last)).unwrap_err();
    assert_eq!(held.why, Hold::Refusal);
    assert!(close(held.at.as_secs_f64(), last + 5.0));
    let kept = pace.remembered(at(last));
    assert!(kept.refused_rate.unwrap() < rate * 1.2 && kept.is_reduced(at(last).wall));
    assert!(kept.held(at(last).wall).is_some() && kept.held(at(last + 7.0).wall).is_none());
    assert!(close(times(&mut pace, last + 5.0, 2)[0], last + 5.0));
}

#[test]
fn refusals_in_a_row_double_the_hold_and_halve_the_rate_once() {
    let mut pace = pace(None, 8.0);
    times(&mut pace, 0.0, 1);
    let (mut now, mut holds) = (0.0, Vec::new());
    for _ in 0..8 {
        pace.refused(Refusal::TooMany, None, at(now));
        let until = pace.take(at(now)).unwrap_err().at.as_secs_f64();
        holds.push((until - now) as u64);
        now = until;
    }
    assert_eq!(holds, [5, 10, 20, 40, 80, 160, 300, 300]);
    assert!(close(pace.rate(), 0.5));
    pace.answered(None, at(now));
    pace.refused(Refusal::TooMany, None, at(now));
    assert!(close(pace.take(at(now)).unwrap_err().at.as_secs_f64(), now + 5.0));
    assert!(close(pace.rate(), 0.25));
}

#[test]
fn a_longer_hold_that_the_panel_asks_for_is_respected() {
    for (asked, expected, why) in [(1, 5, Hold::Refusal), (30, 30, Hold::Asked), (10_000, 3600, Hold::Asked)] {
        let mut pace = pace(None, 8.0);
        pace.refused(Refusal::TooMany, Some(Duration::from_secs(asked)), at(0.0));
        let held = pace.take(at(0.0)).unwrap_err();
        assert_eq!((held.at.as_secs(), held.why), (expected, why), "{asked}");
    }
    let mut quick = pace(None, 8.0);
    quick.set_backoff(Duration::from_millis(10));
    quick.refused(Refusal::TooMany, None, at(0.0));
    assert_eq!(quick.take(at(0.0)).unwrap_err().at, Duration::from_millis(50));
    let mut patient = pace(None, 8.0);
    patient.set_backoff(Duration::from_secs(3600));
    patient.refused(Refusal::TooMany, None, at(0.0));
    assert_eq!(patient.take(at(0.0)).unwrap_err().at, Duration::from_secs(5));
}

/// An outage says nothing about the pace, and neither does a forbidden request.
#[test]
fn only_some_refusals_lower_the_pace() {
    use Refusal::{Forbidden, Overloaded, TooMany};
    /// The requests before a refusal: none was answered; they came one by one; they came in a burst; they waited for
    /// the rate.
    type Before = fn(&mut Pace) -> f64;
    let cases: [(&str, Before, [bool; 3]); 4] = [
        ("no answer", |pace| pace.take(at(0.0)).map_or(0.0, |()| 0.0), [true, false, false]),
        (
            "apart",
            |pace| {
                times(pace, 0.0, 1);
                times(pace, 100.0, 1)[0]
            },
            [true, false, false],
        ),
        ("a burst", |pace| times(pace, 0.0, 4)[3], [true, true, false]),
        ("paced", |pace| times(pace, 0.0, 12)[11], [true, true, true]),
    ];
    for (name, before, expected) in cases {
        let found = [TooMany, Overloaded, Forbidden].map(|refusal| {
            let mut pace = pace(None, 8.0);
            let now = before(&mut pace);
            let rate = pace.rate();
            let counts = pace.refused(refusal, None, at(now));
            assert_eq!(pace.rate() < rate, counts, "{name} {refusal:?}");
            assert_eq!(pace.remembered(at(now)).refused_at.is_some(), counts);
            counts
        });
        assert_eq!(found, expected, "{name}");
    }
    // A time that the panel asks for counts in any case.
    let mut pace = pace(None, 8.0);
    assert!(pace.refused(Overloaded, Some(Duration::from_secs(30)), at(0.0)));
    assert_eq!(pace.take(at(0.0)).unwrap_err().why, Hold::Asked);
    assert!(close(pace.rate(), 1.0));
}

/// A list takes minutes, and its refusal doesn't say that one request in some minutes is too many.
#[test]
fn a_refusal_of_rare_requests_names_no_rate() {
    let mut pace = pace(None, 8.0);
    for minute in 0..5 {
        times(&mut pace, f64::from(minute) * 60.0, 1);
    }
    pace.refused(Refusal::TooMany, None, at(240.0));
    let kept = pace.remembered(at(240.0));
    assert_eq!((kept.refused_rate, kept.refused_at), (None, Some(WALL + 240)));
    assert!(close(pace.rate(), 0.5));
    // There are no bursts for a day.
    let found = times(&mut pace, 300.0, 7);
    assert!(found[6] > 302.0 && found[6] < 315.0, "{found:?}");
}

#[test]
fn late_answers_lower_the_rate_a_little() {
    let mut pace = pace(None, 8.0);
    let answer = |pace: &mut Pace, now: f64, milliseconds: u64| {
        times(pace, now, 1);
        pace.answered(Some(Duration::from_millis(milliseconds)), at(now));
        pace.rate()
    };
    for step in 0..20 {
        answer(&mut pace, f64::from(step), 100);
    }
    let before = pace.rate();
    let after = answer(&mut pace, 30.0, 301);
    assert!(after < before, "{after} {before}");
    for step in 0..200 {
        answer(&mut pace, 100.0 + f64::from(step) * 10.0, 5000);
    }
    assert!(pace.rate() >= LEAST_FOR_LATENESS, "{}", pace.rate());
    assert_eq!(pace.remembered(at(3000.0)).refused_at, None);
}

/// Runs that never wait for their pace don't lower the stored pace.
#[test]
fn a_rate_that_was_not_needed_stays() {
    let mut kept = AccountPace { rate: 4.0, ..AccountPace::new(WALL) };
    for _ in 0..20 {
        let mut pace = pace(Some(kept), 8.0);
        times(&mut pace, 0.0, 7);
        kept = pace.remembered(at(1.0));
    }
    assert!(close(kept.rate, 4.0), "{}", kept.rate);
}

#[test]
fn a_refusal_outlives_the_end_of_a_run() {
    let mut first = pace(None, 8.0);
    times(&mut first, 0.0, 12);
    first.refused(Refusal::TooMany, Some(Duration::from_secs(60)), at(20.0));
    let kept = first.remembered(at(20.0));
    let mut next = Pace::at_start(Some(&kept), at(30.0));
    next.set_cap(8.0);
    let held = next.take(at(30.0)).unwrap_err();
    assert_eq!((held.why, held.at.as_secs()), (Hold::Refusal, 81));
    assert!(close(next.rate(), kept.rate * 0.8));
    let times = times(&mut next, 81.0, 2);
    assert!(times[1] > times[0] + 0.5, "there is no burst: {times:?}");
}

#[test]
fn requests_are_counted_by_utc_day() {
    let midnight = WALL - WALL.rem_euclid(DAY) + DAY;
    let now = |wall| Now { wall, monotonic: Duration::from_secs(10) };
    let mut pace = Pace::at_start(None, now(midnight - 1));
    pace.set_cap(8.0);
    pace.take(now(midnight - 1)).unwrap();
    pace.take(now(midnight - 1)).unwrap();
    assert_eq!(pace.remembered(now(midnight - 1)).requests_on(midnight - 1), 2);
    pace.take(now(midnight)).unwrap();
    let kept = pace.remembered(now(midnight));
    assert_eq!((kept.requests_on(midnight), kept.requests_on(midnight + DAY)), (1, 0));
}

#[test]
fn of_two_hosts_the_more_careful_pace_counts() {
    let one = AccountPace { requests: 5, held_until: Some(WALL + 9), ..AccountPace::new(WALL) };
    let two = AccountPace { rate: 0.5, requests: 7, refused_at: Some(WALL - 9), refused_rate: Some(1.0), ..one };
    let both = AccountPace { requests: 7, ..two };
    assert_eq!((one.more_careful(two), two.more_careful(one)), (both, both));
    let yesterday = AccountPace { requests: 900, used_at: WALL - DAY, ..one };
    assert_eq!(one.more_careful(yesterday).requests, 5);
}

/// A list that is always forbidden makes an account slower once, not with each run.
#[test]
fn a_list_that_is_always_forbidden_lowers_the_rate_only_once() {
    for (refusal, cap) in [(Refusal::Forbidden, 1.0), (Refusal::Forbidden, 8.0), (Refusal::Overloaded, 8.0)] {
        let mut kept = refused(0.9, Some(1.0), 10);
        let mut longest: f64 = 0.0;
        for run in 0..200 {
            let began = f64::from(run) * 21_600.0;
            let mut pace = Pace::at_start(Some(&kept), at(began));
            pace.set_cap(cap);
            let now = times(&mut pace, began, 7)[6];
            pace.refused(refusal, None, at(now));
            longest = longest.max(now - began);
            kept = pace.remembered(at(now));
        }
        assert!(longest < 60.0, "{refusal:?} {cap}: {longest}");
    }
}

#[test]
fn values_from_a_wrong_clock_are_dropped() {
    let mut kept = refused(1.0, Some(2.0), -40 * DAY);
    kept.held_until = Some(WALL + 365 * DAY);
    assert_eq!(kept.held(WALL), None);
    let mut pace = pace(Some(kept), 8.0);
    times(&mut pace, 0.0, 1);
    let kept = pace.remembered(at(1.0));
    assert_eq!((kept.held_until, kept.refused_at), (None, Some(WALL)), "it counts from now, once");
}
