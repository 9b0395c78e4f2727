//! The port for the pace of accounts: the pace of each account, and the run that asks it now.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;

use crate::policy::pace::AccountPace;
use crate::ports::store::StoreError;

/// The time in seconds after which the pace of an account that is not asked is deleted: 90 days.
pub const FORGOTTEN: i64 = 90 * 86_400;

/// An account at a panel: the hosts at which the panel is reached, and the user name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey {
    hosts: BTreeSet<String>,
    username: String,
}

impl AccountKey {
    /// Returns the account of a user at a panel with these hosts. Each host is written in one way only.
    pub fn new(hosts: impl IntoIterator<Item = String>, username: impl Into<String>) -> Self {
        Self { hosts: hosts.into_iter().collect(), username: username.into() }
    }

    /// Returns the hosts, in their order. There are none if the profile has no readable address.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(String::as_str)
    }

    /// Returns the user name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns whether both may be the same account: they have a host and the user name in common.
    pub fn may_be(&self, other: &Self) -> bool {
        self.username == other.username && !self.hosts.is_disjoint(&other.hosts)
    }
}

/// Writes the account without the user name.
impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountKey").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// The right to send requests to an account, until it is dropped.
pub struct Entry(#[expect(dead_code, reason = "held, and dropped with the entry")] Box<dyn Send + Sync>);

impl Entry {
    /// Returns an entry that ends when `held` is dropped.
    pub fn new(held: impl Send + Sync + 'static) -> Self {
        Self(Box::new(held))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").finish_non_exhaustive()
    }
}

/// Stores the pace of accounts, and lets only one caller at a time send requests to an account.
///
/// A caller that sends more than one request enters the account first, reads its pace, and obeys it. It saves the pace
/// at once after a refusal, and before the entry ends. An account therefore has one pace, over profiles and processes.
///
/// # Contract
///
/// - While an entry lasts, no other caller enters an account that may be the same, in any process that uses the store.
///   Other accounts can be entered.
/// - An entry ends when it is dropped, and when its process ends, in whatever way.
/// - Entering doesn't wait. Profiles need not exist, and no row changes.
/// - A pace that was saved for an account is read for it, and for every account that may be the same. If there are
///   several paces, the result is that of [`AccountPace::more_careful`].
/// - The pace of an account that was not asked for 90 days is deleted when another one is saved later.
/// - Removing a profile, or its content, leaves the paces of accounts as they are.
/// - A store that is opened for reading changes nothing. Such a store can therefore enter an account that was never
///   entered through a writable store without leaving a trace.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Paces: Send + Sync {
    /// Enters an account. Returns `None` while another caller has entered it. An account without hosts can always be
    /// entered.
    async fn enter(&self, account: &AccountKey) -> Result<Option<Entry>, StoreError>;

    /// Returns the stored pace of an account; `None` if it was never asked.
    async fn pace(&self, account: &AccountKey) -> Result<Option<AccountPace>, StoreError>;

    /// Stores the pace of an account.
    async fn save_pace(&self, account: &AccountKey, pace: &AccountPace) -> Result<(), StoreError>;
}
