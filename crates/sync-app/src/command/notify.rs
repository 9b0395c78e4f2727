//! Tells systemd how the service is: that it is ready, that it lives, what comes next, and that it stops.

use std::sync::atomic::{AtomicBool, Ordering};

use sd_notify::NotifyState;
use sync_core::text::printable;
use sync_service::watch::{ProfilePlan, WatchEvent, WatchObserver};

use super::terminal::date;

/// Tells systemd the events of a watcher. Without systemd, nothing happens.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    is_ready: AtomicBool,
}

impl Notifier {
    pub(crate) fn new() -> Self {
        Self::default()
    }
}

impl WatchObserver for Notifier {
    fn event(&self, event: &WatchEvent<'_>) {
        let status;
        let states = match event {
            WatchEvent::Planned(plans) => {
                status = next_of(plans);
                let first = !self.is_ready.swap(true, Ordering::Relaxed);
                let ready = first.then_some(NotifyState::Ready);
                [NotifyState::Watchdog, NotifyState::Status(&status)].into_iter().chain(ready).collect()
            }
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
        // Whoever has set the variable and doesn't listen is no reason to fail.
        let _ = sd_notify::notify(&states);
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        let _ = sd_notify::notify(&[NotifyState::Stopping]);
    }
}

/// Returns the sync that comes next, in words.
fn next_of(plans: &[ProfilePlan]) -> String {
    let all = plans.iter().flat_map(|plan| plan.next.iter().map(move |(kind, next)| (plan, kind, next)));
    let next = all.filter_map(|(plan, kind, next)| Some((next.at?, plan, kind))).min_by_key(|(at, ..)| *at);
    match next {
        None => "nothing is scheduled".to_owned(),
        Some((at, plan, kind)) => format!("next: {} {kind}, {}", printable(plan.profile.id.as_str()), date(at)),
    }
}
