//! One attempt to sync a profile. The attempt is postponed, or it becomes a run.

use std::sync::Arc;
use std::time::Duration;

use sync_core::policy::due::looks_after_now;
use sync_core::policy::probe::ProbeSetting;
use sync_core::rate::deadline::{CHECK_BYTES, DEADLINE, is_fast_enough};
use sync_core::{
    Cache, Clock, ContentKind, ContentSource, Engine, Observer, PanelFacts, Profile, RunStatus, Schedule, StoreError,
    SyncOptions, SyncReport, Trigger, WallTime,
};
use tokio_util::sync::CancellationToken;

use super::event::{NotNow, WatchEvent, WatchObserver};
use super::logged_in::LoggedIn;
use super::ports::{Caches, Gate};
use crate::account::PanelAccount;
use crate::failover;
use crate::paced::Paced;
use crate::service::options_of;
use crate::source::SourceFactory;

/// The parts that an attempt needs.
pub(super) struct Attempt<'a, F: ?Sized> {
    pub(super) caches: &'a dyn Caches,
    pub(super) sources: &'a F,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) gate: &'a dyn Gate,
    pub(super) observer: &'a dyn WatchObserver,
    pub(super) progress: &'a Arc<dyn Observer>,
    pub(super) trigger: Trigger,
    pub(super) deadline: Option<Duration>,
    /// The schedule of all kinds, in place of the profiles' own.
    pub(super) schedule: Option<&'a Schedule>,
    /// Returns the time in the zone of the machine.
    pub(super) time: &'a (dyn Fn() -> WallTime + Send + Sync),
    pub(super) cancel: &'a CancellationToken,
}

/// A run that is due.
#[derive(Debug, Clone)]
pub(super) struct Due {
    pub(super) profile: Profile,
    /// The facts that runs have learnt about the panel.
    pub(super) facts: PanelFacts,
    pub(super) kinds: Vec<ContentKind>,
    /// The due kinds whose list was too slow for its deadline the last time.
    pub(super) slow: Vec<ContentKind>,
}

/// The parts of a run that may begin.
struct Prepared {
    cache: Arc<dyn Cache>,
    source: Arc<dyn ContentSource>,
    kinds: Vec<ContentKind>,
    paced: Paced,
}

/// The end of an attempt.
pub(super) enum AttemptEnd {
    /// There was a run.
    Ran(Box<SyncReport>),
    /// There was no run, for this reason.
    NotNow(NotNow),
    /// The cache can't be opened.
    NoCache(StoreError),
    /// The profile was removed.
    Gone,
    /// The watcher stops.
    Stopped,
}

impl<F: SourceFactory + ?Sized> Attempt<'_, F>
where
    F::Error: std::fmt::Display,
{
    /// Syncs the due kinds, unless there is a reason not to.
    pub(super) async fn run(&self, due: &Due) -> AttemptEnd {
        let profile = &due.profile;
        match self.cancel.run_until_cancelled(self.prepare(due)).await {
            None => AttemptEnd::Stopped,
            Some(Err(end)) => end,
            Some(Ok(Prepared { cache, source, kinds, paced })) => {
                self.observer.event(&WatchEvent::Began { profile, kinds: &kinds, trigger: self.trigger });
                let store = cache as _;
                let engine =
                    Engine::new(source, store, Arc::clone(self.clock)).with_observer(Arc::clone(self.progress));
                let next_look = looks_after_now(profile, self.schedule, &due.facts, (self.time)());
                let options = SyncOptions {
                    kinds,
                    trigger: self.trigger,
                    probe: profile.probes == ProbeSetting::Auto,
                    next_look,
                    ..options_of(profile)
                };
                let run = engine.run(&profile.id, &options, self.cancel);
                AttemptEnd::Ran(Box::new(Box::pin(paced.work(run)).await))
            }
        }
    }

    /// Returns whether another program syncs the profile. This is checked before the gate and the panel are asked.
    async fn is_under_way(&self, profile: &Profile) -> Result<bool, StoreError> {
        let cache = self.caches.for_reading().await?;
        match cache.runs(&profile.id, 1).await {
            Err(StoreError::UnknownProfile(_)) => Ok(false),
            runs => Ok(runs?.first().is_some_and(|run| run.status == RunStatus::Syncing)),
        }
    }

    /// Returns the parts of the run, or the reason why it doesn't begin.
    async fn prepare(&self, due: &Due) -> Result<Prepared, AttemptEnd> {
        let Due { profile, facts, kinds, .. } = due;
        let not_now = |why| Err(AttemptEnd::NotNow(why));
        if self.is_under_way(profile).await.map_err(AttemptEnd::NoCache)? {
            return not_now(NotNow::ProfileBusy);
        }
        if let Some(why) = self.gate.refusal(profile, kinds).await {
            return not_now(NotNow::Gate(why));
        }
        let source = failover::source(profile, facts, self.sources, self.clock.now()).await;
        let source = match source {
            Ok(source) => source,
            Err(error) => return not_now(NotNow::NoSource(error.to_string())),
        };
        let cache = self.caches.for_writing().await.map_err(AttemptEnd::NoCache)?;
        let port = Arc::clone(&cache) as _;
        let paced = Paced::try_enter(&port, self.clock, &PanelAccount::of(profile), true).await;
        let paced = paced.map_err(AttemptEnd::NoCache)?;
        let Some(paced) = paced else { return not_now(NotNow::AccountInUse) };
        paced.govern(&*source);
        let asked = self.ask(due, source);
        let (source, kinds) = paced.work(asked).await?;
        // A run creates a missing profile. A profile that was removed since the cache was read must stay removed.
        match cache.profile(&profile.id).await {
            Ok(Some(_)) => Ok(Prepared { cache, source, kinds, paced }),
            Ok(None) => Err(AttemptEnd::Gone),
            Err(error) => Err(AttemptEnd::NoCache(error)),
        }
    }

    /// Asks the panel whether a run makes sense now. Returns the source for the run, and the kinds for which it makes
    /// sense.
    async fn ask(
        &self,
        due: &Due,
        mut source: Arc<dyn ContentSource>,
    ) -> Result<(Arc<dyn ContentSource>, Vec<ContentKind>), AttemptEnd> {
        let Due { profile, kinds, .. } = due;
        if profile.postpone_when_busy {
            // Nothing is written yet. While somebody watches, the history gets no run, however often the panel is
            // asked.
            let answer = source.account().await;
            if let Some(why) = answer.as_ref().ok().and_then(NotNow::of_account) {
                return Err(AttemptEnd::NotNow(why));
            }
            source = Arc::new(LoggedIn::new(source, answer));
        }
        let kept_out = still_slow(&*source, due, self.deadline).await;
        let kinds: Vec<_> = kinds.iter().copied().filter(|kind| !kept_out.contains(kind)).collect();
        if kinds.is_empty() {
            return Err(AttemptEnd::NotNow(NotNow::StillSlow));
        }
        Ok((source, kinds))
    }
}

/// Returns the kinds whose list was too slow and would be too slow again. Small answers show this: the lists of
/// categories.
async fn still_slow(source: &dyn ContentSource, due: &Due, deadline: Option<Duration>) -> Vec<ContentKind> {
    if due.slow.is_empty() {
        return Vec::new();
    }
    let before = source.usage();
    // The slow kinds are asked first. Other kinds follow if the answers so far are too small to show the speed.
    let others = ContentKind::ALL.into_iter().filter(|kind| !due.slow.contains(kind));
    let mut check = before.since(before);
    for kind in due.slow.iter().copied().chain(others) {
        if source.categories(kind).await.is_err() {
            // The run will report the error.
            return Vec::new();
        }
        check = source.usage().since(before);
        if check.wire_bytes.is_none_or(|bytes| bytes >= CHECK_BYTES) {
            break;
        }
    }
    let Some(bytes) = check.wire_bytes.filter(|bytes| *bytes >= CHECK_BYTES) else { return Vec::new() };
    let deadline = deadline.or(due.profile.network.listing_deadline).unwrap_or(DEADLINE);
    let is_slow = |kind: &ContentKind| {
        let size = due.facts.kinds[*kind].listing_wire_bytes;
        size.is_some_and(|size| !is_fast_enough(bytes, check.streamed, size, deadline))
    };
    due.slow.iter().copied().filter(is_slow).collect()
}
