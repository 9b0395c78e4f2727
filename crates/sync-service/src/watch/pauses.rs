//! The short pauses that a watcher keeps in memory, because the history has no run for them.
//!
//! They are measured by the monotonic clock, so that a jump of the time of day doesn't matter.

use std::collections::BTreeMap;
use std::time::Duration;

use sync_core::policy::pause::after_failures;
use sync_core::{ContentKind, Profile, ProfileId};

use super::event::NotNow;

/// The time after which a postponed run is tried again.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// The time after which a profile or an account that another program uses is tried again.
const BUSY: Duration = Duration::from_secs(60);

/// The time for which a kind that a run has left out isn't asked for again.
const LEFT_OUT: Duration = Duration::from_secs(3600);

/// The first pause after the cache could not be read or written, in seconds.
const TROUBLE: i64 = 60;

/// The longest pause after the cache could not be read or written, in seconds.
const TROUBLE_MAX: i64 = 3600;

/// The time for which a cache may be unusable before the watcher ends.
const TROUBLE_ENDS: Duration = Duration::from_secs(86_400);

/// The time after the end of a pause after which a failure is a new one, and not one more in a row.
const FORGOTTEN: Duration = Duration::from_secs(1800);

/// The pauses of profiles and kinds.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// The time at which the pause of a profile or of one of its kinds ends, by the monotonic clock.
    until: BTreeMap<(ProfileId, Option<ContentKind>), Duration>,
    /// The settings of each profile when the cache was last read.
    known: BTreeMap<ProfileId, Profile>,
}

impl Pauses {
    /// Ends the pauses of profiles whose settings have changed, and of profiles that are gone.
    pub(super) fn follow<'a>(&mut self, profiles: impl Iterator<Item = &'a Profile>) {
        let now: BTreeMap<_, _> = profiles.map(|profile| (profile.id.clone(), profile.clone())).collect();
        let before = std::mem::replace(&mut self.known, now);
        let known = &self.known;
        self.until.retain(|(id, _), _| known.contains_key(id) && known.get(id) == before.get(id));
    }

    /// Ends all pauses.
    pub(super) fn end(&mut self) {
        self.until.clear();
    }

    /// Pauses a profile for this reason. Returns the length of the pause.
    pub(super) fn postpone(&mut self, profile: &ProfileId, why: &NotNow, now: Duration) -> Duration {
        let pause = if matches!(why, NotNow::ProfileBusy | NotNow::AccountInUse) { BUSY } else { LOOK_AGAIN };
        self.until.insert((profile.clone(), None), now + pause);
        pause
    }

    /// Pauses a kind that a run has left out, or whose list would be too slow. Returns the length of the pause.
    pub(super) fn leave_out(&mut self, profile: &ProfileId, kind: ContentKind, now: Duration) -> Duration {
        self.until.insert((profile.clone(), Some(kind)), now + LEFT_OUT);
        LEFT_OUT
    }

    /// Returns the rest of the pause of a kind; `None` if there is no pause.
    pub(super) fn rest(&self, profile: &ProfileId, kind: ContentKind, now: Duration) -> Option<Duration> {
        let of = |kind| self.until.get(&(profile.clone(), kind)).and_then(|until| until.checked_sub(now));
        of(None).max(of(Some(kind))).filter(|rest| !rest.is_zero())
    }
}

/// The state of a cache that can't be read, or can't be written.
#[derive(Debug)]
pub(super) struct Trouble {
    since: Duration,
    attempts: u32,
    /// The time of the next attempt, by the monotonic clock.
    pub(super) until: Duration,
}

impl Trouble {
    /// Counts a failed attempt. Returns the length of the pause; `None` if the cache has been unusable for too long.
    pub(super) fn note(trouble: &mut Option<Self>, now: Duration) -> Option<Duration> {
        let known = trouble.get_or_insert(Self { since: now, attempts: 0, until: now });
        if now.saturating_sub(known.until) > FORGOTTEN {
            // There was no attempt since then, so the cache may have been usable.
            *known = Self { since: now, attempts: 0, until: now };
        }
        if now.saturating_sub(known.since) >= TROUBLE_ENDS {
            return None;
        }
        // Failures of several profiles within one pause count as one attempt.
        if now >= known.until {
            known.attempts = known.attempts.saturating_add(1);
            let pause = after_failures(known.attempts, TROUBLE, 0).min(TROUBLE_MAX);
            known.until = now + Duration::from_secs(u64::try_from(pause).unwrap_or_default());
        }
        Some(known.until.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    const fn minutes(count: u64) -> Duration {
        Duration::from_secs(count * 60)
    }

    #[test]
    fn a_pause_concerns_the_profile_or_a_kind() {
        let (mut pauses, home) = (Pauses::default(), home());
        pauses.follow([&home].into_iter());
        let rest = |pauses: &Pauses, now| ContentKind::ALL.map(|kind| pauses.rest(&home.id, kind, minutes(now)));
        assert_eq!(rest(&pauses, 0), [None; 3]);
        assert_eq!(pauses.postpone(&home.id, &NotNow::ProfileBusy, minutes(5)), minutes(1));
        assert_eq!(rest(&pauses, 5), [Some(minutes(1)); 3]);
        assert_eq!(rest(&pauses, 6), [None; 3]);
        pauses.leave_out(&home.id, ContentKind::Movies, minutes(6));
        assert_eq!(rest(&pauses, 6), [None, Some(minutes(60)), None]);
        pauses.postpone(&home.id, &NotNow::Gate("no".to_owned()), minutes(6));
        assert_eq!(rest(&pauses, 6), [Some(minutes(10)), Some(minutes(60)), Some(minutes(10))]);
        pauses.end();
        assert_eq!(rest(&pauses, 6), [None; 3]);
    }

    #[test]
    fn changed_settings_end_a_pause() {
        let (mut pauses, home) = (Pauses::default(), home());
        pauses.follow([&home].into_iter());
        pauses.postpone(&home.id, &NotNow::NoSource("no password".to_owned()), minutes(0));
        pauses.follow([&home].into_iter());
        assert!(pauses.rest(&home.id, ContentKind::Movies, minutes(1)).is_some());
        let changed = Profile { username: Some("ann".to_owned()), ..home.clone() };
        pauses.follow([&changed].into_iter());
        assert_eq!(pauses.rest(&home.id, ContentKind::Movies, minutes(1)), None);
    }

    #[test]
    fn pauses_of_a_cache_grow_to_an_hour_and_end_after_a_day() {
        let (mut trouble, mut now, mut pauses) = (None, minutes(1000), Vec::new());
        while let Some(pause) = Trouble::note(&mut trouble, now) {
            pauses.push(pause.as_secs() / 60);
            now += pause;
        }
        assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        let lasted = now.saturating_sub(minutes(1000));
        assert!((TROUBLE_ENDS..TROUBLE_ENDS + minutes(60)).contains(&lasted), "{lasted:?}");
    }

    #[test]
    fn failures_within_a_pause_count_once() {
        let mut trouble = None;
        assert_eq!(Trouble::note(&mut trouble, minutes(0)), Some(minutes(1)));
        assert_eq!(Trouble::note(&mut trouble, minutes(0)), Some(minutes(1)));
        assert_eq!(Trouble::note(&mut trouble, minutes(1)), Some(minutes(2)));
    }
}
