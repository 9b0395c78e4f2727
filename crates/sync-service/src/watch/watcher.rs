//! The loop of the watcher: it reads the next syncs, runs what is due, and waits.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, pending, select};
use futures_util::stream::FuturesUnordered;
use sync_core::policy::due::due_together;
use sync_core::{
    Cache, Clock, ContentKind, ErrorClass, FailedAttempt, KindOutcome, Observer, Profile, ProfileId, Schedule,
    StoreError, SyncReport, TimeZone, Timer, Trigger, WallTime,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, AttemptEnd, Due};
use super::event::{NotNow, WatchEvent, WatchObserver};
use super::pauses::{Pauses, Trouble};
use super::ports::{Caches, Gate};
use super::upcoming::Upcoming;
use crate::account::PanelAccount;
use crate::source::SourceFactory;

/// The longest time between two reads of the cache and the clock. After this time at the latest, the watcher notices
/// changed settings and a clock that has jumped.
const LOOK: Duration = Duration::from_secs(60);

/// The time in which runs can end in order after the watcher was told to stop.
const GRACE: Duration = Duration::from_millis(1500);

/// The parts that a watcher needs.
pub struct Watcher<F> {
    /// Opens the cache.
    pub caches: Arc<dyn Caches>,
    /// Makes the sources of profiles.
    pub sources: F,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Waits.
    pub timer: Arc<dyn Timer>,
    /// Returns the time zone of the machine. It is asked before each decision.
    pub zone: fn() -> TimeZone,
    /// Decides before each run whether it may begin.
    pub gate: Arc<dyn Gate>,
    /// Receives the events.
    pub observer: Arc<dyn WatchObserver>,
    /// Receives the progress of the runs.
    pub progress: Arc<dyn Observer>,
    /// Wakes the watcher. It then reads the settings again, ends its pauses, and tries an unusable cache again.
    pub reload: Arc<Notify>,
    /// The options.
    pub options: WatchOptions,
}

/// The options of a watcher.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// The profiles to watch. If the list is empty, all profiles are watched, also those that are added later.
    pub profiles: Vec<ProfileId>,
    /// The schedule of all kinds, in place of the profiles' own schedules.
    pub schedule: Option<Schedule>,
    /// The largest number of profiles that are synced at the same time. The default is 2. Profiles of one account are
    /// synced one after the other in any case.
    pub at_once: NonZeroUsize,
    /// Whether the watcher runs once what is due, and ends. The default is false.
    pub once: bool,
    /// The deadline of lists, in place of the profiles' own. The check of a slow link uses it.
    pub deadline: Option<Duration>,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            profiles: Vec::new(),
            schedule: None,
            at_once: NonZeroUsize::new(2).expect("two"),
            once: false,
            deadline: None,
        }
    }
}

/// The reason why a watcher has ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchEnd {
    /// The watcher was told to stop, or everything that was due once is done.
    Stopped,
    /// A newer version of the program has made the cache.
    NewerCache(StoreError),
    /// The cache could not be read or written for a day. The value is the last error.
    CacheUnusable(StoreError),
}

impl<F> std::fmt::Debug for Watcher<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A run that is under way.
struct UnderWay {
    profile: ProfileId,
    account: PanelAccount,
}

/// A run that was due, and the end of the attempt.
type Ended = (Due, AttemptEnd);

type Running<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Ended> + Send + 'a>>>;

/// The reason why the loop goes on.
enum Woken {
    /// An attempt has ended.
    Ended(Box<Ended>),
    /// A reload was requested.
    Reload,
    /// The time is over, or the watcher was told to stop.
    Time,
}

/// The state of the loop.
#[derive(Default)]
struct Memory {
    pauses: Pauses,
    /// The state of a cache that can't be read.
    reading: Option<Trouble>,
    /// The state of a cache that can't be written: by any run (`None`), or by the runs of a profile.
    writing: BTreeMap<Option<ProfileId>, Trouble>,
    /// The first error of writing, if the watcher runs once.
    failed: Option<StoreError>,
    under_way: Vec<UnderWay>,
}

impl<F: SourceFactory> Watcher<F>
where
    F::Error: std::fmt::Display,
{
    /// Syncs what is due until the watcher is told to stop. Runs under way are then cancelled; what they have committed
    /// stays.
    pub async fn run(&self, stop: &CancellationToken) -> WatchEnd {
        let time = || self.time();
        let attempt = Attempt {
            caches: &*self.caches,
            sources: &self.sources,
            clock: &self.clock,
            gate: &*self.gate,
            observer: &*self.observer,
            progress: &self.progress,
            trigger: if self.options.once { Trigger::OnceDue } else { Trigger::Schedule },
            deadline: self.options.deadline,
            schedule: self.options.schedule.as_ref(),
            time: &time,
            cancel: &stop.child_token(),
        };
        let (mut memory, mut running) = (Memory::default(), Running::new());
        let Err(end) = self.watch(&attempt, &mut memory, &mut running, stop).await;
        attempt.cancel.cancel();
        self.end_runs(&mut memory, &mut running).await;
        match (end, memory.failed) {
            (WatchEnd::Stopped, Some(error)) => WatchEnd::CacheUnusable(error),
            (end, _) => end,
        }
    }

    async fn watch<'a>(
        &'a self,
        attempt: &'a Attempt<'a, F>,
        memory: &mut Memory,
        running: &mut Running<'a>,
        stop: &CancellationToken,
    ) -> Result<Infallible, WatchEnd> {
        let mut looked = false;
        let mut due = Vec::new();
        loop {
            if stop.is_cancelled() {
                return Err(WatchEnd::Stopped);
            }
            let mut wait = LOOK;
            if !(self.options.once && looked) {
                // Opening the cache may take seconds.
                let Some(upcoming) = stop.run_until_cancelled(self.look(memory)).await else {
                    return Err(WatchEnd::Stopped);
                };
                if let Some(upcoming) = upcoming? {
                    looked = true;
                    self.observer.event(&WatchEvent::Upcoming(&upcoming));
                    (due, wait) = self.due(memory, upcoming);
                } else {
                    self.observer.event(&WatchEvent::Alive);
                    due.clear();
                    wait = self.rest_of_trouble(memory);
                }
            }
            self.begin(attempt, memory, running, &mut due);
            if self.options.once && looked && running.is_empty() {
                return Err(WatchEnd::Stopped);
            }
            match self.wait(wait, running, stop).await {
                Woken::Ended(ended) => self.ended(memory, *ended)?,
                Woken::Reload => {
                    memory.pauses.end();
                    let now = self.clock.monotonic();
                    memory
                        .reading
                        .iter_mut()
                        .chain(memory.writing.values_mut())
                        .for_each(|trouble| trouble.until = now);
                    self.observer.event(&WatchEvent::Reloaded);
                }
                Woken::Time => {}
            }
        }
    }

    /// Waits until a run ends, a reload is requested, or the time is over.
    async fn wait(&self, time: Duration, running: &mut Running<'_>, stop: &CancellationToken) -> Woken {
        // If no run is under way, there is no end to wait for.
        let ends = async { if let Some(ended) = running.next().await { ended } else { pending().await } };
        let wakes = select(Box::pin(stop.cancelled()), Box::pin(self.reload.notified()));
        let wakes = select(wakes, self.timer.wait(time));
        match select(Box::pin(ends), wakes).await {
            Either::Left((ended, _)) => Woken::Ended(Box::new(ended)),
            Either::Right((Either::Left((Either::Right(_), _)), _)) => Woken::Reload,
            Either::Right(_) => Woken::Time,
        }
    }

    /// Reads the next syncs of all profiles. Returns `None` if the cache can't be read for now.
    async fn look(&self, memory: &mut Memory) -> Result<Option<Vec<Upcoming>>, WatchEnd> {
        if memory.reading.as_ref().is_some_and(|trouble| trouble.until > self.clock.monotonic()) {
            return Ok(None);
        }
        match self.upcoming().await {
            Ok(upcoming) => {
                if memory.reading.take().is_some() && memory.writing.is_empty() {
                    self.observer.event(&WatchEvent::CacheWorks);
                }
                memory.pauses.follow(upcoming.iter().map(|upcoming| &upcoming.profile));
                Ok(Some(upcoming))
            }
            Err(error) => {
                self.trouble(&mut memory.reading, error)?;
                Ok(None)
            }
        }
    }

    async fn upcoming(&self) -> Result<Vec<Upcoming>, StoreError> {
        let cache = match self.caches.for_reading().await {
            // Opening an older cache for a run upgrades it.
            Err(StoreError::Older) => self.caches.for_writing().await?,
            cache => cache?,
        };
        let mut upcoming = Vec::new();
        for profile in self.profiles(&*cache).await? {
            match Upcoming::read(&*cache, profile, self.options.schedule.as_ref(), self.time()).await {
                // The profile was removed meanwhile.
                Err(StoreError::UnknownProfile(_)) => {}
                read => upcoming.push(read?),
            }
        }
        Ok(upcoming)
    }

    /// Returns the profiles to watch. A missing profile is left out, because it may come back.
    async fn profiles(&self, cache: &dyn Cache) -> Result<Vec<Profile>, StoreError> {
        let mut profiles = cache.profiles().await?;
        let ids = &self.options.profiles;
        profiles.retain(|profile| ids.is_empty() || ids.contains(&profile.id));
        Ok(profiles)
    }

    fn time(&self) -> WallTime {
        WallTime { now: self.clock.now(), zone: (self.zone)() }
    }

    /// Returns the runs that are due, and the time until the next run is due.
    fn due(&self, memory: &mut Memory, upcoming: Vec<Upcoming>) -> (Vec<Due>, Duration) {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let (mut due, mut wait) = (Vec::new(), LOOK);
        for Upcoming { profile, mut next, history, facts, .. } in upcoming {
            for (kind, next) in next.iter_mut() {
                if let Some(rest) = memory.pauses.rest(&profile.id, kind, monotonic) {
                    wait = wait.min(rest);
                    next.at = None;
                } else if let Some(at) = next.at.filter(|at| *at > now) {
                    wait = wait.min(Duration::from_secs((at - now).unsigned_abs()));
                }
            }
            let kinds = due_together(&next, now);
            if !kinds.is_empty() {
                let was_slow =
                    |kind: &ContentKind| history[*kind].failures.first().is_some_and(FailedAttempt::is_too_slow);
                let slow = kinds.iter().copied().filter(was_slow).collect();
                due.push(Due { profile, facts, kinds, slow });
            }
        }
        // If no run is due after a pause, nothing would show whether the cache can be written again. The trouble then
        // ends.
        let is_due = |id: &Option<ProfileId>| due.iter().any(|due| id.as_ref().is_none_or(|id| due.profile.id == *id));
        let before = memory.writing.len();
        memory.writing.retain(|id, trouble| trouble.until > monotonic || is_due(id));
        if memory.writing.is_empty() && before > 0 && memory.reading.is_none() {
            self.observer.event(&WatchEvent::CacheWorks);
        }
        for trouble in memory.writing.values().filter(|trouble| trouble.until > monotonic) {
            wait = wait.min(trouble.until.saturating_sub(monotonic)).max(Duration::from_secs(1));
        }
        (due, wait)
    }

    /// Begins the runs that may begin now. The others stay in `due`.
    fn begin<'a>(
        &'a self,
        attempt: &'a Attempt<'a, F>,
        memory: &mut Memory,
        running: &mut Running<'a>,
        due: &mut Vec<Due>,
    ) {
        let now = self.clock.monotonic();
        let waits = |id: &Option<ProfileId>| memory.writing.get(id).is_some_and(|trouble| trouble.until > now);
        let all_wait = !self.options.once && waits(&None);
        let mut left = Vec::new();
        for next in due.drain(..) {
            if all_wait || waits(&Some(next.profile.id.clone())) {
                left.push(next);
                continue;
            }
            let account = PanelAccount::of(&next.profile);
            let is_free = |other: &UnderWay| other.profile != next.profile.id && !other.account.may_be(&account);
            if memory.under_way.len() >= self.options.at_once.get() || !memory.under_way.iter().all(is_free) {
                left.push(next);
                continue;
            }
            memory.under_way.push(UnderWay { profile: next.profile.id.clone(), account });
            running.push(Box::pin(async move {
                let end = attempt.run(&next).await;
                (next, end)
            }));
        }
        *due = left;
    }

    /// Processes the end of an attempt.
    fn ended(&self, memory: &mut Memory, ended: Ended) -> Result<(), WatchEnd> {
        let (Due { profile, kinds, slow, .. }, end) = ended;
        memory.under_way.retain(|run| run.profile != profile.id);
        match end {
            AttemptEnd::Stopped | AttemptEnd::Gone => Ok(()),
            AttemptEnd::NotNow(NotNow::StillSlow) => {
                let mut pause = Duration::ZERO;
                for kind in slow {
                    pause = memory.pauses.leave_out(&profile.id, kind, self.clock.monotonic());
                }
                let (why, until) = (&NotNow::StillSlow, self.time_in(pause));
                self.observer.event(&WatchEvent::Postponed { profile: &profile, why, until });
                Ok(())
            }
            AttemptEnd::NotNow(why) => {
                self.postpone(memory, &profile, &why);
                Ok(())
            }
            AttemptEnd::NoCache(error) => self.unwritable(memory, None, error),
            AttemptEnd::Ran(report) => self.ran(memory, &profile, &kinds, &report),
        }
    }

    fn ran(
        &self,
        memory: &mut Memory,
        profile: &Profile,
        kinds: &[ContentKind],
        report: &SyncReport,
    ) -> Result<(), WatchEnd> {
        let has = |class| report.errors.iter().any(|error| error.class() == class);
        if has(ErrorClass::Busy) && report.run.is_none() {
            self.postpone(memory, profile, &NotNow::ProfileBusy);
            return Ok(());
        }
        let trigger = if self.options.once { Trigger::OnceDue } else { Trigger::Schedule };
        self.observer.event(&WatchEvent::Ended { profile, report, trigger });
        for kind in kinds.iter().filter(|kind| report.kind(**kind).outcome == KindOutcome::Skipped) {
            memory.pauses.leave_out(&profile.id, *kind, self.clock.monotonic());
        }
        let error =
            report.errors.iter().find(|error| matches!(error.class(), ErrorClass::Store | ErrorClass::NewerCache));
        match error {
            Some(error) if error.class() == ErrorClass::NewerCache => {
                Err(WatchEnd::NewerCache(StoreError::Newer(error.message.clone())))
            }
            Some(error) => {
                self.unwritable(memory, Some(profile.id.clone()), StoreError::backend(error.message.clone()))
            }
            None => {
                let before = memory.writing.len();
                memory.writing.remove(&None);
                memory.writing.remove(&Some(profile.id.clone()));
                if before > 0 && memory.writing.is_empty() {
                    self.observer.event(&WatchEvent::CacheWorks);
                }
                Ok(())
            }
        }
    }

    /// Records that the cache could not be written: at all, or by the run of a profile.
    fn unwritable(&self, memory: &mut Memory, id: Option<ProfileId>, error: StoreError) -> Result<(), WatchEnd> {
        if self.options.once && error.class() != ErrorClass::NewerCache {
            // The other profiles still have their runs.
            self.observer.event(&WatchEvent::CacheTrouble { error: &error, until: self.clock.now() });
            memory.failed.get_or_insert(error);
            return Ok(());
        }
        let mut trouble = memory.writing.remove(&id);
        let noted = self.trouble(&mut trouble, error);
        memory.writing.extend(trouble.map(|trouble| (id, trouble)));
        noted
    }

    fn postpone(&self, memory: &mut Memory, profile: &Profile, why: &NotNow) {
        let pause = memory.pauses.postpone(&profile.id, why, self.clock.monotonic());
        self.observer.event(&WatchEvent::Postponed { profile, why, until: self.time_in(pause) });
    }

    /// Records that the cache could not be read or written, and reports this.
    fn trouble(&self, trouble: &mut Option<Trouble>, error: StoreError) -> Result<(), WatchEnd> {
        if error.class() == ErrorClass::NewerCache {
            return Err(WatchEnd::NewerCache(error));
        }
        match Trouble::note(trouble, self.clock.monotonic()).filter(|_| !self.options.once) {
            None => Err(WatchEnd::CacheUnusable(error)),
            Some(pause) => {
                self.observer.event(&WatchEvent::CacheTrouble { error: &error, until: self.time_in(pause) });
                Ok(())
            }
        }
    }

    fn rest_of_trouble(&self, memory: &Memory) -> Duration {
        let rest = memory.reading.as_ref().map(|trouble| trouble.until.saturating_sub(self.clock.monotonic()));
        rest.unwrap_or_default().clamp(Duration::from_secs(1), LOOK)
    }

    fn time_in(&self, pause: Duration) -> i64 {
        self.clock.now().saturating_add(i64::try_from(pause.as_secs()).unwrap_or(i64::MAX))
    }

    /// Gives runs under way the time to end in order.
    async fn end_runs(&self, memory: &mut Memory, running: &mut Running<'_>) {
        let ends = async {
            while let Some(ended) = running.next().await {
                // An error of the cache doesn't matter any more.
                let _ = self.ended(memory, ended);
            }
        };
        select(Box::pin(ends), self.timer.wait(GRACE)).await;
    }
}
