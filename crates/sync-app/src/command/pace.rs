//! The pace of an account in `status`.

use sync_core::policy::budget;
use sync_core::{AccountPace, Profile};

use super::terminal::{date, grouped};
use crate::json::Pace;

/// Returns the pace for scripts; `None` if the account was never asked.
pub(super) fn as_object(profile: &Profile, pace: Option<&AccountPace>, now: i64) -> Option<Pace> {
    let pace = pace?;
    Some(Pace {
        requests_per_second: (pace.rate * 1000.0).round() / 1000.0,
        held_until: pace.held(now),
        refused_at: pace.refused_at,
        requests_today: pace.requests_on(now),
        budget: budget::of(profile).unwrap_or_default(),
    })
}

/// Returns sentences about a pace that is reduced, an account that is on hold, or a budget that is used up.
pub(super) fn sentences(profile: &Profile, pace: Option<&AccountPace>, now: i64) -> Vec<String> {
    let Some(pace) = pace else { return Vec::new() };
    let mut sentences = Vec::new();
    if let Some(at) = pace.refused_at.filter(|_| pace.is_reduced(now)) {
        let at = date(at);
        let rate = pace.rate;
        sentences.push(format!("pace: {rate:.2} requests per second, because the panel refused requests on {at}"));
    }
    if let Some(until) = pace.held(now) {
        sentences.push(format!("pace: the panel is left alone until {}", date(until)));
    }
    let requests = pace.requests_on(now);
    if let Some(budget) = budget::of(profile).filter(|budget| requests >= *budget) {
        let (requests, budget) = (grouped(requests), grouped(budget));
        sentences
            .push(format!("budget: {requests} requests today (UTC) of {budget}; scheduled syncs wait for tomorrow"));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use sync_core::ProfileId;

    use super::*;

    const NOW: i64 = 1_900_000_000;

    #[test]
    fn only_a_reduced_or_held_pace_is_shown() {
        let mut profile = Profile::new(ProfileId::new("home").unwrap());
        let mut pace = AccountPace::new(NOW - 60);
        (pace.rate, pace.requests) = (0.456_789, 12);
        assert_eq!(sentences(&profile, None, NOW), [""; 0]);
        assert_eq!(sentences(&profile, Some(&pace), NOW), [""; 0]);
        assert_eq!(as_object(&profile, None, NOW), None);
        (pace.refused_at, pace.held_until) = (Some(NOW - 60), Some(NOW + 300));
        profile.network.daily_requests = Some(12);
        assert_eq!(
            sentences(&profile, Some(&pace), NOW),
            [
                "pace: 0.46 requests per second, because the panel refused requests on 2030-03-17 17:45 UTC",
                "pace: the panel is left alone until 2030-03-17 17:51 UTC",
                "budget: 12 requests today (UTC) of 12; scheduled syncs wait for tomorrow",
            ]
        );
        let expected = Pace {
            budget: 12,
            held_until: Some(NOW + 300),
            refused_at: Some(NOW - 60),
            requests_per_second: 0.457,
            requests_today: 12,
        };
        assert_eq!(as_object(&profile, Some(&pace), NOW), Some(expected));
        assert_eq!(sentences(&profile, Some(&pace), NOW + 2 * 86_400), [""; 0]);
    }
}
