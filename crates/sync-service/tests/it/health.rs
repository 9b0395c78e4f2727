//! The problems of a profile.

use sync_core::catalogue::{AccountStanding, ContentStatus};
use sync_core::testing::profile;
use sync_core::{Catalogue, ContentKind, ErrorCode, FailedAttempt, PerKind, Profile, Profiles, TimeZone, WallTime};
use sync_service::watch::Upcoming;
use sync_service::{WhatIsWrong, problems};

use crate::syncing::service;

const NOW: i64 = 2_000_000;
const HOUR: i64 = 3600;

/// Returns the problems of a profile whose kinds were all listed an hour ago. The test changes the profile first.
async fn found(
    max_age: Option<i64>,
    change: impl FnOnce(&mut Upcoming, &mut ContentStatus),
) -> Vec<(&'static str, Option<ContentKind>, Option<i64>)> {
    let (cache, service) = service();
    let home = Profile::new(profile("home"));
    cache.save_profile(&home).await.unwrap();
    let mut status = cache.content_status(&home.id).await.unwrap();
    let mut upcoming = service.upcoming(home, WallTime { now: NOW, zone: TimeZone::UTC }).await.unwrap();
    for history in upcoming.history.values_mut() {
        history.listed_at = Some(NOW - HOUR);
    }
    change(&mut upcoming, &mut status);
    let problems = problems(&upcoming, &status, max_age, NOW);
    problems.into_iter().map(|problem| (problem.what.as_str(), problem.kind, problem.since)).collect()
}

fn failed(at: i64, code: ErrorCode) -> FailedAttempt {
    FailedAttempt { at, code: Some(code) }
}

fn account(word: &str, expires_at: Option<i64>) -> AccountStanding {
    AccountStanding { status: word.to_owned(), expires_at, checked_at: Some(NOW - 7) }
}

const MOVIES: ContentKind = ContentKind::Movies;

#[tokio::test]
async fn a_kind_is_stale_after_its_own_time_or_that_of_the_caller() {
    assert_eq!(found(None, |_, _| {}).await, []);
    let aged = |age: i64| {
        move |upcoming: &mut Upcoming, _: &mut ContentStatus| upcoming.history[MOVIES].listed_at = Some(NOW - age)
    };
    assert_eq!(found(None, aged(36 * HOUR)).await, []);
    assert_eq!(found(None, aged(37 * HOUR)).await, [("stale", Some(MOVIES), Some(NOW - HOUR))]);
    assert_eq!(found(Some(2 * HOUR), aged(2 * HOUR)).await, []);
    assert_eq!(found(Some(2 * HOUR), aged(3 * HOUR)).await, [("stale", Some(MOVIES), Some(NOW - HOUR))]);
    let never = |upcoming: &mut Upcoming, _: &mut ContentStatus| upcoming.history[MOVIES].listed_at = None;
    assert_eq!(found(None, never).await, [("stale", Some(MOVIES), None)]);
}

#[tokio::test]
async fn kinds_that_are_off_or_not_offered_do_not_count() {
    let off = |upcoming: &mut Upcoming, _: &mut ContentStatus| {
        upcoming.profile.kinds_off.insert(MOVIES);
        (upcoming.history[MOVIES].listed_at, upcoming.held[MOVIES]) = (None, 3);
    };
    assert_eq!(found(None, off).await, []);
    let not_offered = |upcoming: &mut Upcoming, _: &mut ContentStatus| {
        upcoming.history[MOVIES].listed_at = None;
        upcoming.facts.kinds[MOVIES].not_offered = 1;
    };
    assert_eq!(found(None, not_offered).await, []);
}

#[tokio::test]
async fn failures_and_held_removals_are_reported_by_kind() {
    let failing = |upcoming: &mut Upcoming, _: &mut ContentStatus| {
        upcoming.history[MOVIES].failures =
            vec![failed(NOW - 5, ErrorCode::Truncated), failed(NOW - 9, ErrorCode::NotJson)];
        upcoming.history[ContentKind::Series].failures = vec![failed(NOW - 5, ErrorCode::ProfileBusy)];
        upcoming.held[ContentKind::Channels] = 2;
    };
    let expected = [("held", Some(ContentKind::Channels), None), ("failing", Some(MOVIES), Some(NOW - 9))];
    assert_eq!(found(None, failing).await, expected);
}

#[tokio::test]
async fn a_refused_login_and_an_ended_account_concern_the_profile() {
    let refused = |upcoming: &mut Upcoming, _: &mut ContentStatus| {
        (upcoming.facts.refusals, upcoming.facts.refused_at) = (2, Some(NOW - 3));
        upcoming.history = PerKind::all(upcoming.history[MOVIES].clone());
        upcoming.history[MOVIES].failures = vec![failed(NOW - 3, ErrorCode::LoginRefused)];
    };
    assert_eq!(found(None, refused).await, [("login_refused", None, Some(NOW - 3))]);
    let locked = |_: &mut Upcoming, status: &mut ContentStatus| status.account = Some(account("Banned", None));
    assert_eq!(found(None, locked).await, [("account_ended", None, Some(NOW - 7))]);
    let ended = |_: &mut Upcoming, status: &mut ContentStatus| {
        status.account = Some(account("Active", Some(NOW - HOUR + 1)));
    };
    assert_eq!(found(None, ended).await, [("account_ended", None, Some(NOW - HOUR + 1))]);
    let served = |_: &mut Upcoming, status: &mut ContentStatus| {
        status.account = Some(account("Active", Some(NOW - 2 * HOUR)));
    };
    assert_eq!(found(None, served).await, [], "a panel may serve an account beyond its end");
    assert_eq!(WhatIsWrong::Held.as_str(), "held");
}
