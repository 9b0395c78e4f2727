//! The next look at each kind, and the reason for its time.

use std::fmt;

use super::arrivals::Arrivals;
use super::plan::{Ahead, Limits, best, looks_a_day};
use super::settings::AutoSettings;
use super::stamps::HALF_HOUR;
use super::week::{WeekRates, slot_of};
use crate::model::{ContentKind, PerKind, ProfileId};
use crate::policy::schedule::Interval;
use crate::policy::zone::{PanelZone, TimeZone};
use crate::policy::{pause, ratio};

/// The cost of a look. The unit is an hour by which one new title is seen late.
pub const LOOK_COST: f64 = 8.0;

/// One look in so many is at a random time before the planned one, so that a changed pattern is noticed.
const EXPLORES_ONE_IN: u64 = 20;

/// The doublings of the cost after which a budget counts as impossible.
const DOUBLINGS: u32 = 12;

/// The steps by which the cost is narrowed down within a doubling.
const HALVINGS: u32 = 6;

/// The longest window of hours that is named, in half hours. Most new titles come within it.
const NAMED_WINDOW: usize = 12;

/// The share of the new titles that comes within a window that is named.
const NAMED_SHARE: f64 = 0.6;

/// The values on which the next look at a kind depends.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The last look, in unix seconds by our clock.
    pub last: i64,
    /// The facts about new titles.
    pub known: Option<&'a Arrivals>,
}

/// The reason for the time of the next look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learnt {
    /// The pattern.
    pub pattern: Pattern,
    /// Whether the look is at a random time, so that a changed pattern is noticed.
    pub explores: bool,
}

/// The known pattern of the times of new titles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pattern {
    /// Nothing is known yet.
    Unknown,
    /// New titles come between two times of day, in minutes after midnight (UTC).
    Between {
        /// The beginning.
        from: u16,
        /// The end.
        to: u16,
    },
    /// New titles come at any time, with this interval on average.
    Every(Interval),
}

impl fmt::Display for Learnt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pattern {
            _ if self.explores => f.write_str("to see whether new titles come at another time than known")?,
            Pattern::Unknown => f.write_str("because nothing is known yet of when new titles come")?,
            Pattern::Between { from, to } => {
                let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
                write!(f, "because new titles come between {} and {} UTC", time(from), time(to))?;
            }
            Pattern::Every(interval) => write!(f, "because new titles come about every {interval}")?,
        }
        Ok(())
    }
}

/// Returns the next look at each kind of a profile that has the schedule `auto`, with its reason. `zone` is the panel's
/// time zone, and `machine` that of the machine.
///
/// The result depends on the last looks and on the facts. It stays the same until the next look, however often this
/// function is called.
pub fn next_looks(
    profile: &ProfileId,
    settings: &AutoSettings,
    kinds: &PerKind<Option<Look<'_>>>,
    zone: PanelZone,
    machine: TimeZone,
) -> PerKind<Option<(i64, Learnt)>> {
    let limits = Limits::of_seconds(settings.shortest.seconds(), settings.longest.seconds());
    let plans = PerKind::from_fn(|kind| {
        kinds[kind].map(|look| Plan::new(look, f64::from(settings.weights[kind]), limits, settings, zone, machine))
    });
    let cost = cost_within_budget(&plans, settings.looks_a_day);
    PerKind::from_fn(|kind| {
        plans[kind].as_ref().map(|plan| plan.next(cost, pause::seed(profile, plan.start.wrapping_add(ordinal(kind)))))
    })
}

/// Returns a number by which each kind gets a random sequence of its own.
const fn ordinal(kind: ContentKind) -> i64 {
    match kind {
        ContentKind::Channels => 0,
        ContentKind::Movies => 1,
        ContentKind::Series => 2,
    }
}

/// Returns the least cost of a look with which all kinds together have at most so many looks a day.
///
/// One cost for all kinds shares the looks in the best way: a look is made where it saves the most waiting. With even
/// arrivals, the looks of a kind are in proportion to the root of its rate times its weight.
fn cost_within_budget(plans: &PerKind<Option<Plan<'_>>>, looks: u32) -> f64 {
    let fits = |cost: f64| {
        let total: f64 = plans.values().flatten().map(|plan| looks_a_day(&plan.looks(cost))).sum();
        total <= f64::from(looks)
    };
    if fits(LOOK_COST) {
        return LOOK_COST;
    }
    let mut high = LOOK_COST;
    for _ in 0..DOUBLINGS {
        high *= 2.0;
        if fits(high) {
            break;
        }
    }
    let mut low = high / 2.0;
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if fits(middle) { high = middle } else { low = middle }
    }
    high
}

/// The half hours ahead of a kind.
struct Plan<'a> {
    look: Look<'a>,
    /// The beginning of the half hour of the last look, in unix seconds.
    start: i64,
    ahead: Ahead,
    limits: Limits,
    rates: WeekRates,
    shortest: i64,
}

impl<'a> Plan<'a> {
    fn new(
        look: Look<'a>,
        weight: f64,
        limits: Limits,
        settings: &AutoSettings,
        zone: PanelZone,
        machine: TimeZone,
    ) -> Self {
        let rates = WeekRates::of(look.known, zone, look.last);
        // The last look counts as made at the nearest half hour.
        let start = (look.last + HALF_HOUR / 2).div_euclid(HALF_HOUR) * HALF_HOUR;
        let times = (0i64..).map(|slot| start + slot * HALF_HOUR).take(limits.horizon());
        let arrivals = times.clone().map(|at| rates.of_slot(slot_of(at, zone)) * weight).collect();
        let is_quiet = |at| settings.quiet.is_some_and(|quiet| quiet.contain(machine.local_time(at)));
        let quiet = times.map(is_quiet).collect();
        Self { look, start, ahead: Ahead { arrivals, quiet }, limits, rates, shortest: settings.shortest.seconds() }
    }

    fn looks(&self, cost: f64) -> Vec<usize> {
        best(&self.ahead, self.limits, cost)
    }

    fn next(&self, cost: f64, seed: u64) -> (i64, Learnt) {
        let planned = self.looks(cost).first().copied().unwrap_or(self.limits.longest);
        let pattern = self.pattern(planned);
        let earliest = self.look.last + self.shortest;
        let at = self.time(planned).max(earliest);
        if seed.is_multiple_of(EXPLORES_ONE_IN) && at > earliest {
            let tried = earliest + pause::part(seed / EXPLORES_ONE_IN, at - earliest);
            if !self.is_quiet(tried) {
                return (tried, Learnt { pattern, explores: true });
            }
        }
        // Many installations must not come at the same time.
        let spread = pause::most_jitter((at - self.look.last) / 2);
        let spread_at = (at - spread + pause::part(seed / EXPLORES_ONE_IN, 2 * spread)).max(earliest);
        (if self.is_quiet(spread_at) { at } else { spread_at }, Learnt { pattern, explores: false })
    }

    fn time(&self, slot: usize) -> i64 {
        self.start.saturating_add(i64::try_from(slot).unwrap_or(i64::MAX).saturating_mul(HALF_HOUR))
    }

    fn is_quiet(&self, at: i64) -> bool {
        let slot = usize::try_from((at - self.start).div_euclid(HALF_HOUR)).unwrap_or_default();
        self.ahead.quiet.get(slot).copied().unwrap_or_default()
    }

    /// Returns the known pattern of the arrivals in the day before the look.
    fn pattern(&self, planned: usize) -> Pattern {
        if self.look.known.is_none_or(|known| known.is_blank() || known.is_of_the_future(self.look.last)) {
            return Pattern::Unknown;
        }
        let from = planned.saturating_sub(48);
        let day = self.ahead.arrivals.get(from..planned).unwrap_or_default();
        let whole: f64 = day.iter().sum();
        let named = (1..=NAMED_WINDOW.min(day.len() / 3)).find_map(|length| {
            let sums = day.windows(length).map(|window| window.iter().sum::<f64>());
            let (at, most) = sums.enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
            (most >= NAMED_SHARE * whole).then_some((at, length))
        });
        if let Some((at, length)) = named {
            let minute =
                |slot: usize| u16::try_from(self.time(slot).div_euclid(60).rem_euclid(1440)).unwrap_or_default();
            return Pattern::Between { from: minute(from + at), to: minute(from + at + length) };
        }
        // The number is rounded, because it is an estimate.
        let hours = (24.0 / self.rates.per_day().max(ratio(1, 100))).round().max(1.0);
        #[expect(clippy::cast_possible_truncation, reason = "at most a hundred days")]
        let seconds = hours as i64 * 3600;
        Interval::of_seconds(seconds).map_or(Pattern::Unknown, Pattern::Every)
    }
}
