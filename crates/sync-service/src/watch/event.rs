//! What a watcher tells: the events of its life.

use std::fmt;

use sync_core::{Account, ContentKind, Profile, StoreError, SyncReport, Trigger};

use super::upcoming::Upcoming;

/// Hears the events of a watcher. Logs, metrics and hooks are observers.
///
/// Calls come from the watcher's own task, one after the other. They must not block.
pub trait WatchObserver: Send + Sync {
    /// Hears one event.
    fn event(&self, event: &WatchEvent<'_>);
}

/// Hears nothing.
impl WatchObserver for () {
    fn event(&self, _: &WatchEvent<'_>) {}
}

/// Several observers hear each event in their order.
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
    /// The cache was read: this comes next for each profile. It comes at the start, after each run, and at least every
    /// minute, also while runs are under way, so it is a sign of life.
    Upcoming(&'a [Upcoming]),
    /// The watcher lives, and can't read the cache for now. It comes at least every minute.
    Alive,
    /// A run begins.
    Began {
        /// The profile.
        profile: &'a Profile,
        /// The kinds that are due.
        kinds: &'a [ContentKind],
        /// What has started it.
        trigger: Trigger,
    },
    /// A run has ended.
    Ended {
        /// The profile.
        profile: &'a Profile,
        /// Its result.
        report: &'a SyncReport,
        /// What has started it.
        trigger: Trigger,
    },
    /// A run that is due doesn't begin now.
    Postponed {
        /// The profile.
        profile: &'a Profile,
        /// Why.
        why: &'a NotNow,
        /// When it is looked at again.
        until: i64,
    },
    /// The cache can't be read or written. It is tried again.
    CacheTrouble {
        /// The error.
        error: &'a StoreError,
        /// When it is tried again.
        until: i64,
    },
    /// The cache can be read and written again.
    CacheWorks,
    /// A hook could not be told of a result.
    HookFailed {
        /// The profile.
        profile: &'a Profile,
        /// The name of the hook.
        hook: &'static str,
        /// Why, without a secret.
        why: &'a str,
        /// When it is tried again; `None` if it is given up.
        until: Option<i64>,
    },
    /// Settings were read again because somebody asked for it.
    Reloaded,
}

/// Why a run that is due doesn't begin now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotNow {
    /// All connections of the account are in use.
    AccountBusy {
        /// The connections in use.
        active: i64,
        /// The connections that the account has.
        most: i64,
    },
    /// Somebody who was asked before said no.
    Gate(String),
    /// A list was too slow for its deadline, and a list of categories shows that the link is no better.
    StillSlow,
    /// Another program syncs the profile.
    ProfileBusy,
    /// Another run asks the account.
    AccountInUse,
    /// The source can't be made: the profile has no address or no password, for example.
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

    /// Returns the reason if all connections of an account are in use.
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
