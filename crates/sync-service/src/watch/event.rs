//! The events of a watcher.

use std::fmt;

use sync_core::{Account, ContentKind, Profile, StoreError, SyncReport, Trigger};

use super::upcoming::Upcoming;

/// Receives the events of a watcher. Logs, metrics and hooks are observers.
///
/// Calls come from the watcher's own task, one after the other. They must not block.
pub trait WatchObserver: Send + Sync {
    /// Receives one event.
    fn event(&self, event: &WatchEvent<'_>);
}

/// Ignores every event.
impl WatchObserver for () {
    fn event(&self, _: &WatchEvent<'_>) {}
}

/// Passes each event to several observers, in their order.
impl<T: WatchObserver + ?Sized> WatchObserver for Vec<std::sync::Arc<T>> {
    fn event(&self, event: &WatchEvent<'_>) {
        for observer in self {
            observer.event(event);
        }
    }
}

/// Something that happened in a watcher. Times are unix seconds.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchEvent<'a> {
    /// The cache was read. The value has the next syncs of each profile. The event comes at the start, after each run,
    /// and at least every minute, also while runs are under way. It is therefore a sign of life.
    Upcoming(&'a [Upcoming]),
    /// The watcher is alive, and can't read the cache for now. The event comes at least every minute.
    Alive,
    /// A run begins.
    Began {
        /// The profile.
        profile: &'a Profile,
        /// The kinds that are due.
        kinds: &'a [ContentKind],
        /// The trigger of the run.
        trigger: Trigger,
    },
    /// A run has ended.
    Ended {
        /// The profile.
        profile: &'a Profile,
        /// The result.
        report: &'a SyncReport,
        /// The trigger of the run.
        trigger: Trigger,
    },
    /// A run that is due doesn't begin now.
    Postponed {
        /// The profile.
        profile: &'a Profile,
        /// The reason.
        why: &'a NotNow,
        /// The time of the next attempt.
        until: i64,
    },
    /// The cache can't be read or written. The watcher tries again.
    CacheTrouble {
        /// The error.
        error: &'a StoreError,
        /// The time of the next attempt.
        until: i64,
    },
    /// The cache can be read and written again.
    CacheWorks,
    /// A result could not be sent to a hook.
    HookFailed {
        /// The profile.
        profile: &'a Profile,
        /// The name of the hook.
        hook: &'static str,
        /// The reason, without a secret.
        why: &'a str,
        /// The time of the next attempt; `None` if the result is given up.
        until: Option<i64>,
    },
    /// The settings were read again on request.
    Reloaded,
}

/// The reason why a run that is due doesn't begin now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotNow {
    /// All connections of the account are in use.
    AccountBusy {
        /// The number of connections in use.
        active: i64,
        /// The number of connections that the account has.
        most: i64,
    },
    /// The gate has refused the run, for this reason.
    Gate(String),
    /// A list was too slow for its deadline, and the lists of categories show that the link is still too slow.
    StillSlow,
    /// Another program syncs the profile.
    ProfileBusy,
    /// Another run asks the account.
    AccountInUse,
    /// The source can't be made, for example because the profile has no address or no password.
    NoSource(String),
}

impl NotNow {
    /// Returns a stable name, as metrics and logs use it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AccountBusy { .. } => "account_busy",
            Self::Gate(_) => "before_command",
            Self::StillSlow => "still_slow",
            Self::ProfileBusy => "profile_busy",
            Self::AccountInUse => "account_in_use",
            Self::NoSource(_) => "no_source",
        }
    }

    /// Returns the reason if all connections of an account are in use; `None` if not.
    pub(super) fn of_account(account: &Account) -> Option<Self> {
        let (active, most) = (account.active_connections?, account.max_connections?);
        (most > 0 && active >= most).then_some(Self::AccountBusy { active, most })
    }
}

impl fmt::Display for NotNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccountBusy { active, most } => write!(f, "{active} of {most} connections of the account are in use"),
            Self::Gate(why) => f.write_str(why),
            Self::StillSlow => f.write_str("the link is still too slow for the list to meet its deadline"),
            Self::ProfileBusy => f.write_str("another program syncs the profile"),
            Self::AccountInUse => f.write_str("another run asks the panel with the same account"),
            Self::NoSource(error) => f.write_str(error),
        }
    }
}
