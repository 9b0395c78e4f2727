//! The next sync of each kind of a profile. `status` shows it, and the watcher follows it.

use sync_core::policy::{budget, due};
use sync_core::{
    AccountPace, Cache, ContentKind, KindHistory, Next, PanelFacts, PerKind, Profile, Schedule, StoreError, WallTime,
    Why,
};

use crate::account::PanelAccount;
use crate::service::Service;

/// The next syncs of a profile, and the state of its kinds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Upcoming {
    /// The profile with its settings.
    pub profile: Profile,
    /// The next sync of each kind.
    pub next: PerKind<Next>,
    /// The time of the last complete listing of each kind, and the failures since then.
    pub history: PerKind<KindHistory>,
    /// The number of stored rows of each kind.
    pub rows: PerKind<u64>,
    /// The number of held removals of each kind.
    pub held: PerKind<u64>,
    /// The facts that runs have learnt about the panel.
    pub facts: PanelFacts,
    /// The pace of the account; `None` if the account was never asked.
    pub pace: Option<AccountPace>,
    /// The schedule in place of the profile's own ones, if there is one.
    schedule: Option<Schedule>,
    time: WallTime,
}

impl Upcoming {
    /// Reads the next syncs of a profile. `schedule` takes the place of the profile's own schedules.
    ///
    /// # Errors
    ///
    /// The cache can't be read, or there is no such profile.
    pub async fn read(
        cache: &dyn Cache,
        profile: Profile,
        schedule: Option<&Schedule>,
        time: WallTime,
    ) -> Result<Self, StoreError> {
        let (state, mut history) = (cache.sync_state(&profile.id).await?, cache.kind_histories(&profile.id).await?);
        for (kind, history) in history.iter_mut() {
            if state.last_sync[kind].is_none() {
                // The content was deleted since then, so no listing is current.
                history.listed_at = None;
            }
        }
        let pace = cache.pace(PanelAccount::of(&profile).key()).await?;
        let mut next = due::next(&profile, schedule, &state.facts, &history, time);
        budget::postpone(&mut next, &profile, pace.as_ref(), time.now);
        if !profile.has_login() {
            next = PerKind::from_fn(|_| Next { at: None, why: Why::NoLogin });
        }
        let schedule = schedule.cloned();
        let (rows, held, facts) = (state.rows, state.held, state.facts);
        Ok(Self { profile, next, history, rows, held, facts, pace, schedule, time })
    }

    /// Returns the age in seconds from which on a kind counts as stale; `None` if it is switched off.
    pub fn stale_after(&self, kind: ContentKind) -> Option<i64> {
        let own = self.profile.schedules.of(kind);
        let is_on = !self.profile.kinds_off.contains(&kind);
        let (schedule, settings) = (self.schedule.as_ref().unwrap_or(&own), &self.profile.schedules.auto);
        is_on.then(|| due::stale_after(schedule, settings, self.history[kind].listed_at, self.time))
    }
}

impl Service {
    /// Returns the next syncs of a profile. See [`Upcoming::read`].
    ///
    /// # Errors
    ///
    /// The cache can't be read, or there is no such profile.
    pub async fn upcoming(&self, profile: Profile, time: WallTime) -> Result<Upcoming, StoreError> {
        Upcoming::read(&**self.cache(), profile, None, time).await
    }
}
