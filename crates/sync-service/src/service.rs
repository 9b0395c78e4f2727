//! Syncs a profile: from its settings to the report of a run.

use std::sync::Arc;

use sync_core::source::{Wait, WaitCause};
use sync_core::{
    Cache, Clock, Engine, Observer, PanelFacts, Phase, Profile, ProfileId, Progress, RunStatus, StoreError,
    SyncOptions, SyncReport,
};
use tokio_util::sync::CancellationToken;

use crate::account::PanelAccount;
use crate::failover;
use crate::paced::{self, Paced, Turn};
use crate::source::{ServiceError, SourceFactory};

/// The use cases, over a cache and a clock. Clones share both.
#[derive(Clone)]
pub struct Service {
    cache: Arc<dyn Cache>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Service {
    /// Returns the use cases over this cache.
    pub fn new(cache: Arc<dyn Cache>, clock: Arc<dyn Clock>) -> Self {
        Self { cache, clock }
    }

    /// Returns the cache.
    pub fn cache(&self) -> &Arc<dyn Cache> {
        &self.cache
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Returns the profiles with these ids, each once and in this order. If there are no ids, returns all profiles,
    /// ordered by id.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownProfile`] with the first id without a profile.
    pub async fn profiles(&self, ids: &[ProfileId]) -> Result<Vec<Profile>, StoreError> {
        if ids.is_empty() {
            return self.cache.profiles().await;
        }
        let mut profiles: Vec<Profile> = Vec::new();
        for id in ids {
            if profiles.iter().all(|known| known.id != *id) {
                let found = self.cache.profile(id).await?;
                profiles.push(found.ok_or_else(|| StoreError::UnknownProfile(id.to_string()))?);
            }
        }
        Ok(profiles)
    }

    /// Syncs a profile. If the profile has several addresses, the next one is asked if one can't be reached or is no
    /// panel, but never after a refused login. An address that worked is tried first for a day. Errors within the run
    /// are in the report. The run creates the profile if it is not in the cache yet.
    ///
    /// While another run asks the same account, in this process or in another one, this run waits, and reports the wait
    /// as a [`Wait`]. Its requests are sent at the pace of the account. The wait needs tokio's timer.
    ///
    /// [`options_of`] returns the options that follow from the profile's settings.
    ///
    /// # Errors
    ///
    /// The run could not begin: the cache can't be read, or there is no source.
    pub async fn sync<F: SourceFactory + ?Sized>(
        &self,
        profile: &Profile,
        options: &SyncOptions,
        sources: &F,
        observer: Arc<dyn Observer>,
        cancel: &CancellationToken,
    ) -> Result<SyncReport, ServiceError<F::Error>> {
        let learnt = self.learnt(&profile.id).await?;
        let source = failover::source(profile, &learnt, sources, self.now()).await.map_err(ServiceError::Source)?;
        let turn = cancel.run_until_cancelled(self.turn(profile, options, &*observer)).await.transpose()?;
        let store = Arc::clone(&self.cache) as _;
        let engine = Engine::new(Arc::clone(&source), store, Arc::clone(&self.clock)).with_observer(observer);
        let run = engine.run(&profile.id, options, cancel);
        Ok(match turn {
            Some(Some(paced)) => {
                paced.govern(&*source);
                Box::pin(paced.work(run)).await
            }
            Some(None) => SyncReport::not_begun(profile.id.clone(), options, &StoreError::Leased(profile.id.clone())),
            // The run was cancelled, and sends no request.
            None => run.await,
        })
    }

    /// Waits until no other run asks the account of a profile, and enters the account. Returns `None` if the profile
    /// itself is being synced.
    async fn turn(
        &self,
        profile: &Profile,
        options: &SyncOptions,
        observer: &dyn Observer,
    ) -> Result<Option<Paced>, StoreError> {
        let (paces, account) = (Arc::clone(&self.cache) as _, PanelAccount::of(profile));
        let mut turn = Turn::default();
        loop {
            if let Some(paced) = Paced::try_enter(&paces, &self.clock, &account, !options.dry_run).await? {
                return Ok(Some(paced));
            }
            if !options.dry_run && self.is_under_way(&profile.id).await? {
                return Ok(None);
            }
            if turn.is_to_be_told() {
                let mut progress = Progress::new(profile.id.clone(), None, Phase::Account);
                progress.wait = Some(Wait::new(WaitCause::AccountInUse, paced::REPORT));
                observer.progress(progress);
            }
            turn.look_again().await;
        }
    }

    /// Returns whether a run of a profile is under way.
    async fn is_under_way(&self, profile: &ProfileId) -> Result<bool, StoreError> {
        match self.cache.runs(profile, 1).await {
            Err(StoreError::UnknownProfile(_)) => Ok(false),
            runs => Ok(runs?.first().is_some_and(|run| run.status == RunStatus::Syncing)),
        }
    }

    /// Returns the facts that earlier runs have learnt about the panel of a profile. A new profile has the default
    /// facts.
    pub(crate) async fn learnt(&self, profile: &ProfileId) -> Result<PanelFacts, StoreError> {
        match self.cache.sync_state(profile).await {
            Err(StoreError::UnknownProfile(_)) => Ok(PanelFacts::default()),
            state => Ok(state?.facts),
        }
    }
}

/// Returns the options of a run that follow from the settings of a profile. The kinds are those that are not switched
/// off. The mode is the default.
pub fn options_of(profile: &Profile) -> SyncOptions {
    SyncOptions {
        kinds: profile.kinds(),
        policy: profile.policy,
        guard: profile.guard,
        retention: profile.retention,
        former_logins: profile.logins_before(),
        ..SyncOptions::default()
    }
}
