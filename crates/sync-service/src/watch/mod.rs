//! Syncs profiles by their schedules, for months.
//!
//! `sync_core::policy` decides when a kind is due. The [`Watcher`] waits, runs what is due, and informs an observer.
//! Only short pauses are kept in memory. Everything else is in the history of runs, so a restart changes no decision.

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
