//! A replay: the engine looks at a panel at each interval, as the service does, over a store in memory.

use std::sync::Arc;
use std::time::Duration;

use sync_core::testing::{FixedClock, profile};
use sync_core::{Clock, ContentKind, Engine, KindOutcome, PerKind, SyncOptions, Trigger};
use tokio_util::sync::CancellationToken;

use super::panel::Simulated;
use super::store::SmallStore;
use super::world::{DAYS, Event, Panel, What};

const DAY: i64 = 86_400;

/// The results of a replay.
#[derive(Debug, Clone, Default)]
pub(super) struct Replay {
    /// The bytes of all runs.
    pub(super) bytes: u64,
    /// The bytes of runs that take the whole list at each look.
    pub(super) whole_bytes: u64,
    /// The bytes of a whole list at the end.
    pub(super) list_bytes: u64,
    pub(super) looks: u64,
    pub(super) lists: u64,
    pub(super) probes: u64,
    /// The delays of new items.
    pub(super) new_items: Delays,
    /// The delays of edits and removals.
    pub(super) others: Delays,
    /// The delays of new items, if each look takes the whole list.
    pub(super) whole_new_items: Delays,
    /// The number of runs after which the store was wrong. After a list, it has to have the items of the panel. After a
    /// probe, it has to be unchanged.
    pub(super) wrong: u64,
}

/// The times from changes to the runs that have seen them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delays {
    count: u64,
    sum: i64,
    latest: i64,
}

impl Delays {
    fn add(&mut self, delay: i64) {
        self.count += 1;
        self.sum += delay;
        self.latest = self.latest.max(delay);
    }

    pub(super) fn mean_hours(&self) -> f64 {
        self.sum as f64 / (self.count.max(1) as f64) / 3600.0
    }

    pub(super) fn latest_hours(&self) -> f64 {
        self.latest as f64 / 3600.0
    }
}

impl Replay {
    /// Returns the bytes beside those of whole lists.
    pub(super) fn bytes_ratio(&self) -> f64 {
        self.bytes as f64 / self.whole_bytes as f64
    }

    /// Returns the bytes in excess of those of whole lists, in lists.
    pub(super) fn extra_lists(&self) -> f64 {
        (self.bytes as f64 - self.whole_bytes as f64) / self.list_bytes as f64
    }
}

/// Replays events at a panel.
pub(super) fn replay(panel: &Panel, events: &[Event]) -> Replay {
    replay_days(panel, events, DAYS)
}

/// Replays the events of some days.
pub(super) fn replay_days(panel: &Panel, events: &[Event], days: i64) -> Replay {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers");
    runtime.block_on(looks(panel, events, days))
}

async fn looks(panel: &Panel, events: &[Event], days: i64) -> Replay {
    let (source, store, clock) = (Simulated::new(*panel), SmallStore::default(), FixedClock::default());
    let begin = clock.now();
    let engine = Engine::new(Arc::new(source.clone()), Arc::new(store.clone()), Arc::new(clock.clone()));
    let (home, cancel) = (profile("home"), CancellationToken::new());
    let mut replay = Replay::default();
    let (mut coming, mut pending) = (events.iter().peekable(), Vec::new());
    let (mut rows, mut seen_until, mut lists) = (0, -1, 0);
    for look in 0..=(days * DAY / panel.look_every) {
        let at = look * panel.look_every;
        while let Some(event) = coming.next_if(|event| event.at <= at) {
            source.happen(event);
            // The first list has all items of the beginning.
            if event.at > 0 {
                pending.push(event);
            }
        }
        let options = SyncOptions {
            kinds: vec![ContentKind::Movies],
            trigger: Trigger::Schedule,
            probe: true,
            next_look: PerKind::from_fn(|_| Some(begin + at + panel.look_every)),
            ..SyncOptions::default()
        };
        let report = engine.run(&home, &options, &cancel).await;
        let outcome = report.kind(ContentKind::Movies).outcome;
        let fresh = pending.iter().filter(|event| event.at > seen_until && matches!(event.what, What::Add { .. }));
        fresh.for_each(|event| replay.whole_new_items.add(at - event.at));
        seen_until = at;
        replay.looks += 1;
        replay.whole_bytes += source.whole_bytes();
        let is_right = match outcome {
            KindOutcome::ProbedUnchanged => store.rows() == rows,
            KindOutcome::Completed | KindOutcome::Unchanged | KindOutcome::Held => {
                for event in pending.drain(..) {
                    let is_new = matches!(event.what, What::Add { .. });
                    let delays = if is_new { &mut replay.new_items } else { &mut replay.others };
                    delays.add(at - event.at);
                }
                rows = store.rows();
                // Not every run compares all ids, because that takes longer than the run.
                lists += 1;
                if lists % 8 == 0 { store.ids() == source.ids() } else { rows == source.rows() }
            }
            _ => false,
        };
        replay.wrong += u64::from(!is_right);
        clock.pass(Duration::from_secs(panel.look_every.unsigned_abs()));
    }
    (replay.bytes, replay.lists, replay.probes) = source.used();
    replay.list_bytes = source.list_bytes();
    replay
}
