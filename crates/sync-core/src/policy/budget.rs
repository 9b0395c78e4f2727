//! The daily budget of an account: after so many requests, scheduled syncs wait for the next day.
//!
//! Days are those of UTC, because panels don't know the time zone of this computer.

use super::due::{Next, Why};
use super::pace::AccountPace;
use super::pause;
use crate::model::PerKind;
use crate::ports::profiles::Profile;

/// The requests per day of a profile without a setting. A usual sync takes seven requests, and a sync by category takes
/// some hundreds, so the budget is reached only if something asks again and again.
pub const DAILY_REQUESTS: u64 = 5_000;

const DAY: i64 = 86_400;

/// The seconds after midnight within which the accounts begin again, each at its own moment.
const SPREAD: i64 = 900;

/// Returns the requests per day of a profile; `None` if there is no limit.
pub fn of(profile: &Profile) -> Option<u64> {
    Some(profile.network.daily_requests.unwrap_or(DAILY_REQUESTS)).filter(|budget| *budget > 0)
}

/// Postpones everything that would be due today to the next day, if the budget of a profile is used up.
pub fn postpone(next: &mut PerKind<Next>, profile: &Profile, pace: Option<&AccountPace>, now: i64) {
    let (Some(budget), Some(pace)) = (of(profile), pace) else { return };
    if pace.requests_on(now) < budget {
        return;
    }
    let midnight = now.div_euclid(DAY).saturating_add(1).saturating_mul(DAY);
    let spread = i64::try_from(pause::seed(&profile.id, midnight) % SPREAD.unsigned_abs()).unwrap_or_default();
    let until = midnight.saturating_add(spread);
    for next in next.values_mut().filter(|next| next.at.is_some_and(|at| at < until)) {
        *next = Next { at: Some(until), why: Why::BudgetUsed(budget) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContentKind, ProfileId};

    const NOW: i64 = 20_000 * DAY + 3600;

    fn postponed(daily_requests: Option<u64>, requests: u64, used_at: i64) -> PerKind<Next> {
        let mut profile = Profile::new(ProfileId::new("home").unwrap());
        profile.network.daily_requests = daily_requests;
        let mut next = PerKind::from_fn(|_| Next { at: Some(NOW), why: Why::NeverSynced });
        next[ContentKind::Movies] = Next { at: None, why: Why::KindOff };
        next[ContentKind::Series].at = Some(NOW + 3 * DAY);
        let pace = AccountPace { requests, ..AccountPace::new(used_at) };
        postpone(&mut next, &profile, Some(&pace), NOW);
        next
    }

    #[test]
    fn due_kinds_wait_for_the_next_day_if_the_budget_is_used_up() {
        for (budget, requests, used_at, waits) in [
            (None, DAILY_REQUESTS - 1, NOW, false),
            (None, DAILY_REQUESTS, NOW, true),
            (None, DAILY_REQUESTS, NOW - DAY, false),
            (Some(10), 9, NOW, false),
            (Some(10), 10, NOW - 3600, true),
            (Some(10), 10, NOW - 3601, false),
            (Some(0), u64::MAX, NOW, false),
        ] {
            let next = postponed(budget, requests, used_at);
            let channels = &next[ContentKind::Channels];
            assert_eq!(matches!(channels.why, Why::BudgetUsed(_)), waits, "{budget:?} {requests}");
            if waits {
                let midnight = 20_001 * DAY;
                assert!((midnight..midnight + SPREAD).contains(&channels.at.unwrap()));
            }
            assert_eq!(next[ContentKind::Movies], Next { at: None, why: Why::KindOff });
            assert_eq!(next[ContentKind::Series].at, Some(NOW + 3 * DAY), "it is later anyway");
        }
        let profile = Profile::new(ProfileId::new("home").unwrap());
        let mut next = PerKind::from_fn(|_| Next { at: Some(NOW), why: Why::NeverSynced });
        postpone(&mut next, &profile, None, NOW);
        assert_eq!(next[ContentKind::Movies].at, Some(NOW));
    }
}
