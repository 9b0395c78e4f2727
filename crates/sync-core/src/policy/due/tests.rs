//! Tables of decisions.

use super::*;
use crate::model::ProfileId;
use crate::policy::auto::Pattern;
use crate::policy::pause::LONGEST_PAUSE;

const NOW: i64 = 1_800_000_000;
const HOUR: i64 = 3600;

fn profile() -> Profile {
    Profile::new(ProfileId::new("home").unwrap())
}

fn time() -> WallTime {
    WallTime { now: NOW, zone: TimeZone::UTC }
}

fn schedule(text: &str) -> Schedule {
    text.parse().unwrap()
}

fn failed(at: i64, code: ErrorCode) -> FailedAttempt {
    FailedAttempt { at, code: Some(code) }
}

/// Decides for one kind.
fn decide(rule: &str, listed_at: Option<i64>, failures: &[FailedAttempt]) -> Next {
    let history = PerKind::from_fn(|_| KindHistory { listed_at, probed_at: None, failures: failures.to_vec() });
    next(&profile(), Some(&schedule(rule)), &PanelFacts::default(), &history, time())[ContentKind::Movies].clone()
}

#[test]
fn a_schedule_counts_from_the_last_list() {
    let next = decide("every 6h", Some(NOW - HOUR), &[]);
    let at = next.at.unwrap() - NOW;
    assert!((5 * HOUR..=5 * HOUR + 900).contains(&at), "{at}");
    assert_eq!(next.why, Why::Schedule(schedule("every 6h")));
    assert!(!next.is_due(NOW) && next.is_due(next.at.unwrap()));
    assert!(decide("every 6h", Some(NOW - 7 * HOUR), &[]).is_due(NOW));
    let cron = decide("cron 0 4 * * *", Some(NOW), &[]).at.unwrap();
    assert_eq!((cron > NOW, cron % DAY), (true, 4 * HOUR), "a cron expression has no random part");
    // After many missed times there is only one sync.
    assert!(decide("cron 0 4 * * *", Some(NOW - 30 * DAY), &[]).is_due(NOW));
}

#[test]
fn a_probe_counts_as_a_look_and_not_as_a_list() {
    let decide = |listed_at, probed_at| {
        let history = PerKind::from_fn(|_| KindHistory { listed_at, probed_at, failures: Vec::new() });
        next(&profile(), Some(&schedule("cron 0 * * * *")), &PanelFacts::default(), &history, time())
            [ContentKind::Movies]
            .clone()
    };
    assert!(decide(Some(NOW - 5 * HOUR), None).is_due(NOW));
    assert_eq!(decide(Some(NOW - 5 * HOUR), Some(NOW)), decide(Some(NOW), None));
    assert_eq!(decide(Some(NOW), Some(NOW - 5 * HOUR)), decide(Some(NOW), None));
    let every = |rule: &str| {
        looks_after_now(&profile(), Some(&schedule(rule)), &PanelFacts::default(), time())[ContentKind::Movies]
    };
    assert_eq!(
        [every("every 1h"), every("every 1d"), every("off")],
        [Some(NOW + HOUR + 360), Some(NOW + DAY + 900), None]
    );
}

#[test]
fn a_kind_without_a_sync_is_due_unless_it_is_off() {
    assert_eq!(decide("every 6h", None, &[]), Next { at: Some(NOW), why: Why::NeverSynced });
    assert_eq!(decide("off", None, &[]), Next { at: None, why: Why::ScheduleOff });
    let off = Profile { kinds_off: [ContentKind::Movies].into(), ..profile() };
    let found = next(&off, None, &PanelFacts::default(), &PerKind::default(), time());
    assert_eq!(found[ContentKind::Movies], Next { at: None, why: Why::KindOff });
    assert!(found[ContentKind::Series].is_due(NOW));
}

#[test]
fn pauses_grow_while_a_panel_is_down() {
    let mut before = 0;
    for count in 1..20 {
        let next = decide("every 6h", Some(NOW - DAY), &vec![failed(NOW, ErrorCode::PanelUnreachable); count]);
        let pause = next.at.unwrap() - NOW;
        assert!((300..=LONGEST_PAUSE + LONGEST_PAUSE / 4).contains(&pause), "{pause}");
        assert!(pause > before || pause >= LONGEST_PAUSE, "{count}: {pause} after {before}");
        assert_eq!(next.why, Why::PanelDown(u32::try_from(count).unwrap()));
        before = pause;
    }
}

#[test]
fn a_pause_brings_no_sync_forward() {
    // A person's sync has failed an hour after the last list.
    let next = decide("every 6h", Some(NOW - HOUR), &[failed(NOW, ErrorCode::PanelUnreachable)]);
    assert!(next.at.unwrap() >= NOW + 5 * HOUR);
    assert_eq!(next.why, Why::Schedule(schedule("every 6h")));
}

#[test]
fn each_failure_has_its_reason() {
    let why = |code| decide("every 6h", Some(NOW - DAY), &[failed(NOW, code)]).why;
    assert_eq!(why(ErrorCode::Truncated), Why::AnswerUnusable(1));
    assert_eq!(why(ErrorCode::LoginRefused), Why::Schedule(schedule("every 6h")), "the facts say it");
    assert_eq!(why(ErrorCode::Internal), Why::Failed(1));
    // The service itself knows of a full disk.
    for code in [ErrorCode::DiskFull, ErrorCode::ProfileBusy, ErrorCode::Cancelled] {
        assert!(decide("every 6h", Some(NOW - DAY), &[failed(NOW, code)]).is_due(NOW));
    }
    let behind = [failed(NOW, ErrorCode::DiskFull), failed(NOW - 60, ErrorCode::PanelUnreachable)];
    assert_eq!(decide("every 6h", None, &behind).why, Why::PanelDown(1), "what failed before counts");
    let interrupted = decide("every 6h", None, &[FailedAttempt { at: NOW, code: None }]);
    assert_eq!(interrupted.why, Why::Interrupted(1));
    assert!(!interrupted.is_due(NOW));
}

#[test]
fn an_account_that_has_ended_is_asked_once_a_day() {
    for count in [1, 2, 30] {
        let next =
            decide("every 1h", Some(NOW - 40 * DAY), &vec![failed(NOW - HOUR, ErrorCode::AccountInactive); count]);
        assert_eq!(next, Next { at: Some(NOW + 23 * HOUR), why: Why::AccountEnded });
    }
}

#[test]
fn refused_logins_pause_as_learnt() {
    let facts = |refusals| PanelFacts { refusals, refused_at: Some(NOW), ..PanelFacts::default() };
    let decide = |facts: &PanelFacts, rule: &str| {
        next(&profile(), Some(&schedule(rule)), facts, &PerKind::default(), time())[ContentKind::Movies].clone()
    };
    for (refusals, pause) in [(1, HOUR), (2, 2 * HOUR), (9, DAY)] {
        assert_eq!(decide(&facts(refusals), "every 1h"), Next { at: Some(NOW + pause), why: Why::LoginRefused });
    }
    assert_eq!(decide(&facts(3), "off").at, None, "a pause is no schedule");
}

#[test]
fn a_kind_that_is_not_offered_is_asked_for_once_a_day() {
    let decide = |not_offered, listed_at| {
        let mut facts = PanelFacts::default();
        facts.kinds[ContentKind::Movies].not_offered = not_offered;
        facts.kinds[ContentKind::Movies].not_offered_at = Some(NOW - HOUR);
        let history = PerKind::from_fn(|_| KindHistory { listed_at, probed_at: None, failures: vec![] });
        next(&profile(), Some(&schedule("every 1h")), &facts, &history, time())
    };
    for (not_offered, listed_at) in [(1, None), (2, None), (2, Some(NOW - 3 * DAY))] {
        let found = decide(not_offered, listed_at);
        assert_eq!(found[ContentKind::Movies], Next { at: Some(NOW + 23 * HOUR), why: Why::NotOffered });
        assert!(found[ContentKind::Series].is_due(NOW));
    }
    assert!(decide(1, Some(NOW - 3 * DAY))[ContentKind::Movies].is_due(NOW), "one denial of many lists proves little");
}

#[test]
fn a_wrong_clock_neither_stops_syncs_nor_repeats_them() {
    // The last run was recorded in a wrong future. There is one sync, and then the schedule goes on as usual.
    assert!(decide("every 6h", Some(NOW + 300 * DAY), &[]).is_due(NOW));
    assert!(decide("cron 0 4 * * *", Some(NOW + 300 * DAY), &[]).is_due(NOW));
    assert!(decide("every 6h", Some(NOW - DAY), &[failed(NOW + 300 * DAY, ErrorCode::PanelUnreachable)]).is_due(NOW));
    let facts = PanelFacts { refusals: 9, refused_at: Some(NOW + 300 * DAY), ..PanelFacts::default() };
    let found = next(&profile(), None, &facts, &PerKind::default(), time());
    assert!(found[ContentKind::Movies].is_due(NOW));
    // A clock that was set back by minutes doesn't repeat a sync.
    assert!(!decide("every 6h", Some(NOW + 600), &[]).is_due(NOW));
}

#[test]
fn a_kind_is_stale_after_36_hours_or_its_own_interval_and_a_half() {
    let after = |rule: &str, listed_at| stale_after(&schedule(rule), &AutoSettings::default(), listed_at, time());
    assert_eq!(after("every 6h", Some(NOW)), 36 * HOUR);
    assert_eq!(after("every 1d", None), 36 * HOUR);
    assert_eq!(after("every 4d", Some(NOW - DAY)), 6 * DAY);
    assert_eq!(after("off", Some(NOW)), 36 * HOUR);
    // 2026-11-27 was a Friday, and nothing is due at the weekend.
    let friday = 1_795_753_800;
    assert_eq!(after("cron 30 4 * * MON-FRI", Some(friday)), 3 * DAY + 36 * HOUR);
    assert_eq!(after("cron 30 4 * * MON-FRI", Some(friday + 3 * DAY)), 36 * HOUR);
}

#[test]
fn reasons_have_a_code_and_a_sentence() {
    for (why, code, text) in [
        (Why::Schedule(schedule("every 6h")), "schedule", "every 6h"),
        (Why::PanelDown(1), "panel_down", "the panel could not be reached once"),
        (Why::PanelDown(3), "panel_down", "the panel could not be reached 3 times in a row"),
        (Why::AccountEnded, "account_ended", "the account has ended or is locked"),
    ] {
        assert_eq!((why.code(), why.to_string().as_str()), (code, text));
    }
    assert!(Why::PanelDown(1).is_pause() && !Why::NeverSynced.is_pause() && !Why::ScheduleOff.is_pause());
}

#[test]
fn kinds_that_are_nearly_due_are_synced_together() {
    use ContentKind::{Channels, Movies, Series};
    let at = |after: i64, rule: &str| Next { at: Some(NOW + after), why: Why::Schedule(schedule(rule)) };
    let together =
        |channels: Next, movies: Next, series: Next| due_together(&PerKind::new(channels, movies, series), NOW);
    let never = || Next { at: None, why: Why::KindOff };
    assert_eq!(together(at(0, "every 1h"), at(360, "every 1h"), at(361, "every 1h")), [Channels, Movies]);
    assert_eq!(together(at(-9, "every 1d"), at(900, "every 1d"), at(901, "every 1d")), [Channels, Movies]);
    assert_eq!(together(at(1, "every 1d"), at(2, "every 1d"), never()), [], "nothing is due");
    // Neither the time of a cron expression nor a pause is moved.
    assert_eq!(together(at(1, "cron 0 4 * * *"), at(0, "off"), never()), [Movies]);
    let paused = Next { at: Some(NOW + 1), why: Why::PanelDown(1) };
    assert_eq!(together(paused, never(), at(0, "every 1h")), [Series]);
}

#[test]
fn a_list_that_is_too_slow_is_tried_a_few_times_a_day() {
    for (before, pause) in [
        (&[0][..], HOUR / 2),
        (&[0, HOUR], 2 * HOUR),
        (&[0, HOUR, 4 * HOUR], 6 * HOUR),
        (&[0, HOUR, 4 * HOUR, 11 * HOUR], DAY),
        // Failures of yesterday don't count.
        (&[0, DAY, DAY + HOUR], HOUR / 2),
    ] {
        let failures: Vec<_> = before.iter().map(|before| failed(NOW - before, ErrorCode::TooSlow)).collect();
        let found = decide("every 1h", Some(NOW - 9 * DAY), &failures);
        assert_eq!(found.at, Some(NOW + pause), "{before:?}");
        assert!(matches!(found.why, Why::TooSlow(_)) && found.why.is_pause());
    }
    let other = decide("every 1h", None, &[failed(NOW, ErrorCode::Truncated), failed(NOW - HOUR, ErrorCode::TooSlow)]);
    assert_eq!(other.why, Why::AnswerUnusable(2));
}

#[test]
fn a_kind_on_auto_is_looked_at_again_within_the_limits_with_a_reason() {
    let found = decide("auto", Some(NOW - HOUR), &[]);
    let Why::Learnt(learnt) = &found.why else { panic!("{found:?}") };
    assert_eq!(learnt.pattern, Pattern::Unknown);
    let after = found.at.unwrap() - (NOW - HOUR);
    assert!((HOUR..=DAY + HOUR).contains(&after), "{after}");
    assert_eq!(decide("auto", Some(NOW - HOUR), &[]), found, "the same as long as nothing is learnt");
    assert_eq!(decide("auto", None, &[]).why, Why::NeverSynced);
    assert!(decide("auto", Some(NOW + 2 * DAY), &[]).is_due(NOW), "the clock was wrong");
    assert!(decide("auto", Some(i64::MIN), &[]).is_due(NOW), "another program has written this");
    let failed = decide("auto", Some(NOW - 2 * DAY), &[failed(NOW, ErrorCode::PanelUnreachable)]);
    assert_eq!(failed.why, Why::PanelDown(1));
}

#[test]
fn a_sync_in_the_quiet_hours_waits_for_their_end() {
    // It is 08:00 UTC.
    let of = |rule: &str, quiet: &str, listed_at| {
        let mut profile = profile();
        profile.schedules.auto.quiet = Some(quiet.parse().unwrap());
        let history = PerKind::from_fn(|_| KindHistory { listed_at, ..KindHistory::default() });
        next(&profile, Some(&schedule(rule)), &PanelFacts::default(), &history, time())[ContentKind::Movies].clone()
    };
    for rule in ["every 6h", "auto"] {
        let late = of(rule, "07:00-09:00", Some(NOW - 3 * DAY));
        let after = late.at.unwrap() - (NOW + HOUR);
        assert!((0..=900).contains(&after), "{rule} {after}");
        assert_eq!(late.why, Why::QuietHours);
    }
    // It would have been due between 05:00 and 05:15. The quiet hours are over since 08:00.
    let moved = of("every 1d", "04:00-08:00", Some(NOW - DAY - 3 * HOUR)).at.unwrap();
    assert!((NOW..=NOW + 900).contains(&moved), "{}", moved - NOW);
    assert!(of("cron 0 8 * * *", "07:00-09:00", Some(NOW - 3 * DAY)).is_due(NOW), "somebody has chosen this time");
    assert_eq!(of("every 6h", "07:00-09:00", None).why, Why::NeverSynced);
    assert!(of("every 6h", "09:00-10:00", Some(NOW - 3 * DAY)).is_due(NOW));
    for hour in 0..24 {
        let at = of("auto", "00:00-06:00", Some(NOW - DAY + hour * HOUR)).at.unwrap();
        assert!(at.rem_euclid(DAY) >= 6 * HOUR, "{at}");
    }
}
