//! The world of a schedule: panels, clocks, and what every profile is known to look like.

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

/// When every schedule begins.
const START: i64 = 1_700_000_000;

/// Profiles of a schedule.
pub(crate) const PROFILES: usize = 2;

/// A profile in one of the caches, and what its rows are known to be. The first [`PROFILES`] are in the cache that asks
/// the panels. Behind them are the same profiles in a second cache, which takes change sets from the first one.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) profile: ProfileId,
    /// What values of the panel hold when this profile asks.
    pub(crate) login: Login,
    /// Whether anything was ever done to it. Before that it is not looked at.
    pub(crate) is_used: bool,
    /// As it was left by the last thing that may change it; `None` while there is no such profile.
    pub(crate) known: Option<State>,
    /// When a run has last taken the list of each kind, by our clock.
    pub(crate) listed_at: PerKind<Option<i64>>,
    /// When each missing item was missed by a sound listing: by our clock and the panel's.
    pub(crate) missed: PerKind<BTreeMap<i64, Vec<(i64, i64)>>>,
    /// In how many listings each defect was met: of unreadable elements (`false`) and of what follows.
    pub(crate) sighted: PerKind<BTreeMap<(bool, u64), u32>>,
    /// Runs that have the lease, as far as they know.
    pub(crate) holders: u32,
    /// The newest fence.
    pub(crate) fence: u64,
    /// Rises with every change of the rows, whoever made it.
    pub(crate) epoch: u64,
    pub(crate) guard: GuardThresholds,
    pub(crate) retention: Retention,
    pub(crate) history: History,
}

/// For how long the change log is kept: often not for long. It has dice of its own, so that kept seeds are the same
/// cases.
fn feed_retention(seed: u64) -> Retention {
    let mut dice = Dice::new(seed ^ 0xfeed);
    Retention {
        feed_days: dice.pick(&[90, 90, 90, 0, 1, 4]),
        feed_entries: dice.pick(&[500_000, 500_000, 500_000, 0, 5, 25]),
        ..Retention::default()
    }
}

const NAMES: [&str; PROFILES] = ["home", "'); away"];

/// User names and passwords in the cache that asks the panels, and in the other one. Some passwords are long enough to
/// be looked for in any text.
const LOGINS: [(&str, &str); PROFILES] = [("ann", "l0ng-s3cr3t-0f-ann"), ("cleo", "sh0rt")];
const OTHER_LOGINS: [(&str, &str); PROFILES] = [("bob", "l0ng-s3cr3t-0f-bob"), ("dan", "br13f")];

fn a_login((username, password): (&str, &str)) -> Login {
    Login::new(Some(username), Some(password))
}

/// The passwords that may be nowhere but in rows.
pub(crate) fn passwords() -> impl Iterator<Item = &'static str> {
    LOGINS.into_iter().chain(OTHER_LOGINS).map(|(_, password)| password)
}

/// The profile in the cache that asks the panels of which this one is, or follows.
pub(crate) const fn leader(site: usize) -> usize {
    site % PROFILES
}

/// The profile that follows this one.
pub(crate) const fn follower(site: usize) -> usize {
    leader(site) + PROFILES
}

/// What is behind the lock.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) now: i64,
    /// The latest that our clock ever showed.
    pub(crate) latest: i64,
    /// How far the panels' clocks are ahead of ours.
    pub(crate) ahead: i64,
    pub(crate) sites: Vec<Site>,
    pub(crate) panels: Vec<Panel>,
    /// Questions asked of panels.
    pub(crate) visits: u64,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
    /// The first promise that was broken inside a call.
    pub(crate) broken: Option<Violation>,
    monotonic: Duration,
}

impl Inner {
    /// The panel that a profile asks.
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
        // What came later has dice of its own, so that kept seeds stay the same cases.
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

    /// Remembers that something is done to a profile.
    pub(crate) fn used(&self, site: usize) {
        self.inner().sites[site].is_used = true;
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while holding it")
    }

    pub(crate) fn count(&self, what: &'static str, how: &'static str) {
        self.inner().tally.count(what, how);
    }

    /// Remembers the first promise that was broken.
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
