//! The world of a schedule: panels, clocks, and the known states of the profiles.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use sync_core::testing::profile;
use sync_core::{Clock, GuardThresholds, Login, PerKind, ProfileId, Retention};

use super::feed::History;
use super::panel::Panel;
use super::state::State;
use crate::campaign::Violation;
use crate::dice::Dice;
use crate::tally::Tally;
use crate::trace::Trace;

/// The time at which every schedule begins.
const START: i64 = 1_700_000_000;

/// The number of profiles of a schedule.
pub(crate) const PROFILES: usize = 2;

/// A profile in one of the caches, and its known state. The first [`PROFILES`] are in the cache that asks the panels.
/// After them come the same profiles in a second cache, which takes change sets from the first one.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) profile: ProfileId,
    /// The login that values of the panel hold if this profile asks.
    pub(crate) login: Login,
    /// Whether anything was ever done to it. Before that, its state is not read.
    pub(crate) is_used: bool,
    /// The state after the last step that may have changed it; `None` if there is no such profile.
    pub(crate) known: Option<State>,
    /// The time by our clock at which a run last took the list of each kind.
    pub(crate) listed_at: PerKind<Option<i64>>,
    /// The times at which a sound listing missed each missing item: by our clock and by the panel's.
    pub(crate) missed: PerKind<BTreeMap<i64, Vec<(i64, i64)>>>,
    /// The number of listings with each defect: of unreadable elements (`false`), or of bytes behind the list.
    pub(crate) sighted: PerKind<BTreeMap<(bool, u64), u32>>,
    /// The runs that have the lease, as far as they know.
    pub(crate) holders: u32,
    /// The newest fence.
    pub(crate) fence: u64,
    /// A number that rises with every change of the rows.
    pub(crate) epoch: u64,
    pub(crate) guard: GuardThresholds,
    pub(crate) retention: Retention,
    pub(crate) history: History,
}

/// Returns how long the change log is kept. It is often a short time. The choice has dice of its own, so that stored
/// seeds give the same cases.
fn feed_retention(seed: u64) -> Retention {
    let mut dice = Dice::new(seed ^ 0xfeed);
    Retention {
        feed_days: dice.pick(&[90, 90, 90, 0, 1, 4]),
        feed_entries: dice.pick(&[500_000, 500_000, 500_000, 0, 5, 25]),
        ..Retention::default()
    }
}

const NAMES: [&str; PROFILES] = ["home", "'); away"];

/// The user names and passwords in the cache that asks the panels, and in the other one. Some passwords are long enough
/// to be searched for in any text.
const LOGINS: [(&str, &str); PROFILES] = [("ann", "l0ng-s3cr3t-0f-ann"), ("cleo", "sh0rt")];
const OTHER_LOGINS: [(&str, &str); PROFILES] = [("bob", "l0ng-s3cr3t-0f-bob"), ("dan", "br13f")];

fn a_login((username, password): (&str, &str)) -> Login {
    Login::new(Some(username), Some(password))
}

/// Returns the passwords that only rows may have.
pub(crate) fn passwords() -> impl Iterator<Item = &'static str> {
    LOGINS.into_iter().chain(OTHER_LOGINS).map(|(_, password)| password)
}

/// Returns the profile in the cache that asks the panels: this one, or the one that it follows.
pub(crate) const fn leader(site: usize) -> usize {
    site % PROFILES
}

/// Returns the profile that follows this one.
pub(crate) const fn follower(site: usize) -> usize {
    leader(site) + PROFILES
}

/// The values behind the lock.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) now: i64,
    /// The latest time that our clock ever showed.
    pub(crate) latest: i64,
    /// The time by which the panels' clocks are ahead of ours.
    pub(crate) ahead: i64,
    pub(crate) sites: Vec<Site>,
    pub(crate) panels: Vec<Panel>,
    /// The number of requests to panels.
    pub(crate) visits: u64,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
    /// The first promise that was broken inside a call.
    pub(crate) broken: Option<Violation>,
    monotonic: Duration,
}

impl Inner {
    /// Returns the panel that a profile asks.
    pub(crate) fn panel(&mut self, site: usize) -> &mut Panel {
        &mut self.panels[leader(site)]
    }
}

/// The world.
#[derive(Debug)]
pub(crate) struct World(Mutex<Inner>);

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let guard = GuardThresholds {
            share_percent: dice.pick(&[0, 30, 30, 50]),
            floor_rows: dice.pick(&[1, 2, 4]),
            category_rows: dice.pick(&[0, 2, 4]),
        };
        let retention = Retention {
            release_listings: dice.pick(&[2, 3]),
            release_days: dice.pick(&[0, 1, 3]),
            tombstone_days: dice.pick(&[0, 2, 30]),
            ..feed_retention(seed)
        };
        let site = |name: &str, login: Login, is_used: bool| Site {
            profile: profile(name),
            login,
            is_used,
            known: None,
            missed: PerKind::default(),
            listed_at: PerKind::default(),
            sighted: PerKind::default(),
            holders: 0,
            fence: 0,
            epoch: 0,
            guard,
            retention,
            history: History::default(),
        };
        let mut panels: Vec<_> = NAMES.iter().map(|_| Panel::new(&mut dice)).collect();
        // Later parts have dice of their own, so that stored seeds give the same cases.
        let mut later = Dice::new(seed ^ 0x70_726f_6265);
        for panel in &mut panels {
            panel.pages = later.percent(80);
        }
        let mut logins = Dice::new(seed ^ 0x6c_6f67_696e);
        let leading = NAMES.into_iter().zip(LOGINS).map(|(name, login)| site(name, a_login(login), true));
        let following = NAMES.into_iter().zip(OTHER_LOGINS).map(|(name, login)| {
            let login = if logins.percent(70) { a_login(login) } else { Login::default() };
            site(name, login, false)
        });
        let sites = leading.chain(following).collect();
        Self(Mutex::new(Inner {
            now: START,
            latest: START,
            ahead: dice.pick(&[0, 0, 3600, -7200]),
            sites,
            panels,
            visits: 0,
            tally: Tally::default(),
            trace: Trace::default(),
            broken: None,
            monotonic: Duration::ZERO,
        }))
    }

    /// Records that a step touches a profile.
    pub(crate) fn used(&self, site: usize) {
        self.inner().sites[site].is_used = true;
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while holding it")
    }

    pub(crate) fn count(&self, what: &'static str, how: &'static str) {
        self.inner().tally.count(what, how);
    }

    /// Records the first promise that was broken.
    pub(crate) fn broke(&self, violation: Violation) {
        self.inner().broken.get_or_insert(violation);
    }
}

impl Clock for World {
    fn now(&self) -> i64 {
        self.inner().now
    }

    fn monotonic(&self) -> Duration {
        let mut inner = self.inner();
        inner.monotonic += Duration::from_millis(1);
        inner.monotonic
    }
}
