//! Sends the results of runs to hooks. Results of a profile are sent one after the other, and never delay a run.

mod news;
mod ports;
mod told;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use sync_core::{Clock, PerKind, Profile, ProfileId, SyncReport, Timer, Trigger};
use tokio::sync::Notify;

use super::event::{WatchEvent, WatchObserver};
use super::ports::Caches;
use crate::overlay::OverlayNews;
use crate::secrets::Login;
use crate::service::Service;

pub use ports::{HookSender, Logins, NotSent};
pub use told::Told;

/// The largest number of names that a result has per kind and sort of change.
pub const NAMES_TOLD: usize = 20;

/// The number of runs that are read to decide whether an error is new.
const RUNS: u32 = 30;

/// The pauses between the attempts to send a result. After the last attempt the result is given up.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(10), Duration::from_secs(50), Duration::from_secs(180), Duration::from_secs(360)];

/// The parts that hooks need.
pub struct HookParts {
    /// Opens the cache, to read what a run has changed.
    pub caches: Arc<dyn Caches>,
    /// Sends a result.
    pub sender: Arc<dyn HookSender>,
    /// Knows the logins, which are blanked in results.
    pub logins: Arc<dyn Logins>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Waits.
    pub timer: Arc<dyn Timer>,
    /// Receives the events about results that could not be sent.
    pub observer: Arc<dyn WatchObserver>,
    /// Whether every result is sent, regardless of the settings of the profile.
    pub always: bool,
}

/// Sends the results of a watcher through one sender.
///
/// As an observer, this type takes results and returns at once. [`Hooks::run`] sends them, while the watcher goes on.
pub struct Hooks {
    parts: HookParts,
    state: Mutex<State>,
    /// Signals that there is a result to send.
    wake: Notify,
    /// Signals that a result was sent or given up.
    done: Notify,
}

#[derive(Default)]
struct State {
    /// The newest result of each profile, unless it is already being sent.
    waiting: BTreeMap<ProfileId, Ended>,
    /// The profiles of which a result is being sent, each with the signal that ends a pause between two attempts.
    under_way: BTreeMap<ProfileId, Arc<Notify>>,
}

/// A run that has ended.
struct Ended {
    profile: Profile,
    report: SyncReport,
    trigger: Trigger,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl fmt::Debug for HookParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookParts").finish_non_exhaustive()
    }
}

impl Hooks {
    /// Returns hooks without results to send.
    pub fn new(parts: HookParts) -> Self {
        Self { parts, state: Mutex::default(), wake: Notify::new(), done: Notify::new() }
    }

    /// Sends results until the future is dropped. A result that is being sent at that time is given up.
    pub async fn run(&self) -> Infallible {
        let mut under_way = FuturesUnordered::new();
        loop {
            under_way.extend(self.take().into_iter().map(|(ended, newer)| self.tell(ended, newer)));
            let told = async { if let Some(profile) = under_way.next().await { profile } else { pending().await } };
            match select(pin!(told), pin!(self.wake.notified())).await {
                Either::Left((profile, _)) => {
                    self.state().under_way.remove(&profile);
                    self.done.notify_waiters();
                }
                Either::Right(_) => {}
            }
        }
    }

    /// Waits until no result is left to send.
    pub async fn idle(&self) {
        loop {
            let done = self.done.notified();
            {
                let state = self.state();
                if state.waiting.is_empty() && state.under_way.is_empty() {
                    return;
                }
            }
            done.await;
        }
    }

    /// Takes the results that can be sent now: at most one per profile.
    fn take(&self) -> Vec<(Ended, Arc<Notify>)> {
        let mut state = self.state();
        let State { waiting, under_way } = &mut *state;
        let ready: Vec<_> = waiting.keys().filter(|profile| !under_way.contains_key(*profile)).cloned().collect();
        let ready = ready.into_iter().filter_map(|profile| {
            let newer = Arc::new(Notify::new());
            let ended = waiting.remove(&profile)?;
            under_way.insert(profile, Arc::clone(&newer));
            Some((ended, newer))
        });
        ready.collect()
    }

    async fn tell(&self, ended: Ended, newer: Arc<Notify>) -> ProfileId {
        let id = ended.profile.id.clone();
        if let Some(told) = self.prepare(ended).await {
            self.send(&told, &newer).await;
        }
        id
    }

    /// Returns the message about a run; `None` if the run is no news.
    async fn prepare(&self, ended: Ended) -> Option<Told> {
        let Ended { profile, report, trigger } = ended;
        let always = self.parts.always || profile.hooks.always;
        // A result is sent even if the cache can't be read. It then has no names, and it may be sent although it is no
        // news.
        let cache = self.parts.caches.for_reading().await.ok();
        let service = cache.map(|cache| Service::new(cache, Arc::clone(&self.parts.clock)));
        let runs = match &service {
            Some(service) if !always => service.cache().runs(&profile.id, RUNS).await.unwrap_or_default(),
            _ => Vec::new(),
        };
        if !always && !news::is_news(&report, &runs) {
            return None;
        }
        let login = self.parts.logins.login(&profile).await;
        // A name may contain the login, which can be blanked only if it is known.
        let named = match (&service, &login) {
            (Some(service), Some(login)) => service.run_changes(&report, NAMES_TOLD, login).await.ok(),
            _ => None,
        };
        let overlay = match (&service, &login) {
            (Some(service), Some(login)) => service.overlay_news(&report, NAMES_TOLD, login).await,
            // Without the login no name can be blanked, so the findings are only counted.
            _ => PerKind::from_fn(|kind| OverlayNews::of(&report.overlay[kind], 0, &Login::default())),
        };
        let changes = named.unwrap_or_else(|| Service::counted_changes(&report));
        Some(Told::new(profile, report, trigger, changes).with_overlay(overlay))
    }

    /// Sends a message. If a newer result comes during a pause between two attempts, this message is given up.
    async fn send(&self, told: &Told, newer: &Notify) {
        let mut pauses = PAUSES.into_iter();
        while let Err(NotSent { why, may_pass }) = self.parts.sender.send(told).await {
            let pause = pauses.next().filter(|_| may_pass);
            let until = pause
                .map(|pause| self.parts.clock.now().saturating_add(i64::try_from(pause.as_secs()).unwrap_or(i64::MAX)));
            let (profile, hook) = (&told.profile, self.parts.sender.name());
            self.parts.observer.event(&WatchEvent::HookFailed { profile, hook, why: &why, until });
            let Some(pause) = pause else { return };
            if let Either::Right(_) = select(self.parts.timer.wait(pause), pin!(newer.notified())).await {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WatchObserver for Hooks {
    fn event(&self, event: &WatchEvent<'_>) {
        let WatchEvent::Ended { profile, report, trigger } = event else { return };
        if !self.parts.sender.is_set(profile) {
            return;
        }
        let ended = Ended { profile: (*profile).clone(), report: (*report).clone(), trigger: *trigger };
        let mut state = self.state();
        if let Some(newer) = state.under_way.get(&profile.id) {
            newer.notify_one();
        }
        state.waiting.insert(profile.id.clone(), ended);
        drop(state);
        self.wake.notify_one();
    }
}
