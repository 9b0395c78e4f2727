//! One attempt to sync a profile: it is postponed, or it runs.

use std::sync::Arc;

use sync_core::{
    Cache, Clock, ContentKind, ContentSource, Engine, Observer, PanelFacts, Profile, StoreError, SyncOptions,
    SyncReport, Trigger,
};
use tokio_util::sync::CancellationToken;

use super::event::{NotNow, WatchEvent, WatchObserver};
use super::logged_in::LoggedIn;
use super::ports::{Caches, Gate};
use crate::failover;
use crate::service::options_of;
use crate::source::SourceFactory;

/// What an attempt needs.
pub(super) struct Attempt<'a, F: ?Sized> {
    pub(super) caches: &'a dyn Caches,
    pub(super) sources: &'a F,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) gate: &'a dyn Gate,
    pub(super) observer: &'a dyn WatchObserver,
    pub(super) progress: &'a Arc<dyn Observer>,
    pub(super) trigger: Trigger,
    pub(super) cancel: &'a CancellationToken,
}

/// The end of an attempt.
pub(super) enum AttemptEnd {
    /// There was a run.
    Ran(Box<SyncReport>),
    /// There was none, for this reason.
    NotNow(NotNow),
    /// The cache can't be opened.
    NoCache(StoreError),
    /// The profile was removed.
    Gone,
    /// The watcher ends.
    Stopped,
}

impl<F: SourceFactory + ?Sized> Attempt<'_, F>
where
    F::Error: std::fmt::Display,
{
    /// Syncs these kinds of a profile, unless something speaks against it. The facts are those of the plan.
    pub(super) async fn run(&self, profile: &Profile, facts: &PanelFacts, kinds: &[ContentKind]) -> AttemptEnd {
        match self.cancel.run_until_cancelled(self.prepare(profile, facts, kinds)).await {
            None => AttemptEnd::Stopped,
            Some(Err(end)) => end,
            Some(Ok((cache, source))) => {
                self.observer.event(&WatchEvent::Began { profile, kinds, trigger: self.trigger });
                let store = cache as _;
                let engine =
                    Engine::new(source, store, Arc::clone(self.clock)).with_observer(Arc::clone(self.progress));
                // A run of all kinds names none: the engine then leaves out what the panel doesn't offer.
                let options = SyncOptions { kinds: kinds.to_vec(), trigger: self.trigger, ..options_of(profile) };
                AttemptEnd::Ran(Box::new(engine.run(&profile.id, &options, self.cancel).await))
            }
        }
    }

    async fn prepare(
        &self,
        profile: &Profile,
        facts: &PanelFacts,
        kinds: &[ContentKind],
    ) -> Result<(Arc<dyn Cache>, Arc<dyn ContentSource>), AttemptEnd> {
        let not_now = |why| Err(AttemptEnd::NotNow(why));
        if let Some(why) = self.gate.refusal(profile, kinds).await {
            return not_now(NotNow::Gate(why));
        }
        let source = failover::source(profile, facts, self.sources, self.clock.now()).await;
        let mut source = match source {
            Ok(source) => source,
            Err(error) => return not_now(NotNow::NoSource(error.to_string())),
        };
        if profile.postpone_when_busy {
            // Nothing is written yet: a panel that is asked too often while somebody watches gets no run in the history.
            let answer = source.account().await;
            if let Some(why) = answer.as_ref().ok().and_then(NotNow::of_account) {
                return not_now(why);
            }
            source = Arc::new(LoggedIn::new(source, answer));
        }
        let cache = self.caches.for_writing().await.map_err(AttemptEnd::NoCache)?;
        // A run makes a profile that is missing. One that was removed since the plan was read stays removed.
        match cache.profile(&profile.id).await {
            Ok(Some(_)) => Ok((cache, source)),
            Ok(None) => Err(AttemptEnd::Gone),
            Err(error) => Err(AttemptEnd::NoCache(error)),
        }
    }
}
