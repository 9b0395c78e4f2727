//! Sends the progress of a run over a channel, and never waits for the reader.

use std::sync::{Mutex, PoisonError};

use sync_core::{Observer, Phase, Progress, SyncReport};
use tokio::sync::mpsc::{OwnedPermit, Sender};

use super::progress::{SyncProgress, SyncStatus};

/// Sends progress. Messages without room in the channel are dropped, except for the last one: a slot of the channel is
/// reserved for it from the start.
pub(crate) struct Sending {
    sender: Sender<SyncProgress>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    so_far: SyncProgress,
    /// The reserved slot for the last message.
    kept: Option<OwnedPermit<SyncProgress>>,
}

impl Sending {
    pub(crate) fn new(sender: &Sender<SyncProgress>) -> Self {
        let kept = sender.clone().try_reserve_owned().ok();
        Self { sender: sender.clone(), state: Mutex::new(State { kept, ..State::default() }) }
    }

    /// Sends the last message, and returns it.
    pub(crate) fn end(&self, report: &SyncReport) -> SyncProgress {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { so_far, kept } = std::mem::take(&mut *state);
        let end = SyncProgress::of_report(report, so_far.percent);
        match kept.or_else(|| self.sender.clone().try_reserve_owned().ok()) {
            Some(place) => drop(place.send(end.clone())),
            // The messages of earlier runs fill the channel. A task waits until one of them is read.
            None => {
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    let (sender, end) = (self.sender.clone(), end.clone());
                    // A reader that has gone is no error.
                    runtime.spawn(async move { sender.send(end).await });
                }
            }
        }
        end
    }
}

impl Observer for Sending {
    fn progress(&self, progress: Progress) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let so_far = &mut state.so_far;
        so_far.status = SyncStatus::Syncing;
        // 100 percent is kept for the report, because a run has ended only when its report exists.
        so_far.percent = progress.percent.min(99);
        so_far.step = match progress.kind {
            Some(kind) => format!("{kind}: {}", progress.phase.as_str()),
            None => progress.phase.as_str().to_owned(),
        };
        if let Some(kind) = progress.kind
            && progress.phase != Phase::Categories
        {
            *so_far.counts(kind) = progress.counts;
        }
        if state.kept.is_none() {
            state.kept = self.sender.clone().try_reserve_owned().ok();
        }
        let _ = self.sender.try_send(state.so_far.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{ContentKind, ProfileId, RunStatus};
    use tokio::sync::mpsc;

    fn progress(percent: u8) -> Progress {
        let (profile, kind) = (ProfileId::new("home").unwrap(), Some(ContentKind::Movies));
        let phase = Phase::Listing;
        let mut progress = Progress::new(profile, kind, phase);
        progress.percent = percent;
        progress
    }

    fn report(status: RunStatus) -> SyncReport {
        let mut report = SyncReport::new(ProfileId::new("home").unwrap());
        report.status = status;
        report
    }

    /// Sends the messages of a run with two hundred steps, and returns the last one.
    fn run(sender: &Sender<SyncProgress>, status: RunStatus) -> SyncProgress {
        let sending = Sending::new(sender);
        for percent in 0..200 {
            sending.progress(progress(percent.min(100)));
        }
        sending.end(&report(status))
    }

    #[test]
    fn the_end_arrives_at_a_reader_that_is_too_slow() {
        for capacity in [1, 2, 100, 1000] {
            let (sender, mut receiver) = mpsc::channel(capacity);
            let end = run(&sender, RunStatus::Completed);
            drop(sender);
            let mut last = None;
            while let Ok(message) = receiver.try_recv() {
                assert!(last.replace(message).is_none_or(|before| before.status == SyncStatus::Syncing));
            }
            assert_eq!(last, Some(end), "{capacity}");
        }
    }

    #[tokio::test]
    async fn the_end_of_each_run_arrives_even_if_the_one_before_was_not_read() {
        for capacity in [1, 5] {
            let (sender, mut receiver) = mpsc::channel(capacity);
            for _ in 0..3 {
                run(&sender, RunStatus::Partial);
            }
            drop(sender);
            let mut ends = 0;
            while let Some(message) = receiver.recv().await {
                ends += usize::from(message.status == SyncStatus::Partial);
            }
            assert_eq!(ends, 3, "{capacity}");
        }
    }

    #[test]
    fn a_dropped_reader_stops_nothing() {
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        assert_eq!(run(&sender, RunStatus::Completed).status, SyncStatus::Completed);
    }

    #[test]
    fn only_a_finished_run_is_a_hundred_percent() {
        let (sender, mut receiver) = mpsc::channel(1000);
        for (status, percent) in [
            (RunStatus::Completed, 100),
            (RunStatus::Partial, 100),
            (RunStatus::Failed, 99),
            (RunStatus::Cancelled, 99),
        ] {
            assert_eq!(run(&sender, status).percent, percent, "{status}");
        }
        let early = Sending::new(&sender);
        early.progress(progress(35));
        assert_eq!(early.end(&report(RunStatus::Failed)).percent, 35);
        while let Ok(message) = receiver.try_recv() {
            let is_done = matches!(message.status, SyncStatus::Completed | SyncStatus::Partial);
            assert_eq!(message.percent == 100, is_done, "{message:?}");
        }
    }
}
