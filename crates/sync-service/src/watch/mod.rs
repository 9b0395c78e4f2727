//! Syncs profiles by their schedules, for months.
//!
//! `sync_core::policy` decides when a kind is due. The [`Watcher`] waits, runs what is due, and tells an observer.
//! Nothing is remembered but short pauses: the history of runs says the rest, so a restart changes no decision.

mod attempt;
mod event;
mod hooks;
mod logged_in;
#[cfg(feature = "metrics")]
mod metrics;
mod pauses;
mod ports;
mod upcoming;
mod watcher;

pub use event::{NotNow, WatchEvent, WatchObserver};
pub use hooks::{HookParts, HookSender, Hooks, Logins, NAMES_TOLD, NotSent, Told};
#[cfg(feature = "metrics")]
pub use metrics::{METRICS, Metric, MetricType, Metrics};
pub use ports::{Caches, Gate};
pub use upcoming::Upcoming;
pub use watcher::{WatchEnd, WatchOptions, Watcher};
