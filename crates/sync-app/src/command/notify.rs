//! Tells systemd the state of the service: that it is ready, that it is alive, what it does next, and that it stops.

use std::sync::atomic::{AtomicBool, Ordering};

use sd_notify::NotifyState;
use sync_core::text::printable;
use sync_service::watch::{Upcoming, WatchEvent, WatchObserver};

use super::terminal::date;

/// Tells systemd the events of a watcher. Does nothing without systemd.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    is_ready: AtomicBool,
}

impl Notifier {
    pub(crate) fn new() -> Self {
        Self::default()
    }
}

impl Notifier {
    /// Returns the message that the service is ready, but only the first time.
    fn ready(&self) -> Option<NotifyState<'static>> {
        (!self.is_ready.swap(true, Ordering::Relaxed)).then_some(NotifyState::Ready)
    }
}

impl WatchObserver for Notifier {
    fn event(&self, event: &WatchEvent<'_>) {
        let status;
        let told = match event {
            WatchEvent::Upcoming(upcoming) => {
                status = next_of(upcoming);
                let told = [NotifyState::Watchdog, NotifyState::Status(&status)];
                told.into_iter().chain(self.ready()).collect()
            }
            // Reading a cache that can't be read is tried again. A restart would not help.
            WatchEvent::Alive => [NotifyState::Watchdog].into_iter().chain(self.ready()).collect(),
            WatchEvent::Began { profile, .. } => {
                status = format!("syncing {}", printable(profile.id.as_str()));
                vec![NotifyState::Status(&status)]
            }
            WatchEvent::CacheTrouble { error, .. } => {
                status = error.to_string();
                vec![NotifyState::Watchdog, NotifyState::Status(&status)]
            }
            _ => return,
        };
        // If the variable is set and nothing listens there, the service goes on.
        let _ = sd_notify::notify(&told);
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        let _ = sd_notify::notify(&[NotifyState::Stopping]);
    }
}

/// Returns the next sync in words.
fn next_of(upcoming: &[Upcoming]) -> String {
    let all = upcoming.iter().flat_map(|upcoming| upcoming.next.iter().map(move |(kind, next)| (upcoming, kind, next)));
    let next = all.filter_map(|(upcoming, kind, next)| Some((next.at?, upcoming, kind))).min_by_key(|(at, ..)| *at);
    match next {
        None => "nothing is scheduled".to_owned(),
        Some((at, upcoming, kind)) => format!("next: {} {kind}, {}", printable(upcoming.profile.id.as_str()), date(at)),
    }
}
