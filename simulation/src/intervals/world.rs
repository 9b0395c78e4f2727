//! The worlds of the simulation of intervals: the times of new titles at panels, and the dates of the titles.
//!
//! The parameters were chosen before the policy was written, after the patterns that `docs/policies/intervals.md`
//! names.

use fastrand::Rng;

/// An hour, in seconds.
pub const HOUR: i64 = 3600;
/// A day, in seconds.
pub const DAY: i64 = 86_400;

/// The start of the worlds: 2026-01-05 00:00 UTC, a Monday.
pub const START: i64 = 1_767_571_200;

/// The days before the first sync. The panel has titles with dates from this time.
pub const DAYS_BEFORE: i64 = 60;

/// The days of the simulation after the first sync.
pub const DAYS: i64 = 200;

/// The day on which the regime changes, after the first sync.
pub const CHANGE: i64 = 100;

/// The time by which the panel's clock is ahead of UTC, in seconds.
pub const PANEL_AHEAD: i64 = HOUR;

/// New titles that appear together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The time at which they appear, in unix seconds.
    pub at: i64,
    /// The number of titles.
    pub items: u32,
}

/// The pattern in which new titles of a kind appear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// One batch per night around a local hour, with a standard deviation in hours. Some nights have none.
    Nightly {
        /// The local hour.
        hour: f64,
        /// The standard deviation, in hours.
        spread: f64,
        /// The share of nights with a batch.
        share: f64,
    },
    /// Batches on the evenings of five days a week, at random times between two local hours.
    Evenings {
        /// The mean number of batches in an evening.
        mean: f64,
    },
    /// At random times, with a mean time between two, in hours.
    Even {
        /// The mean time between two, in hours.
        hours: f64,
    },
    /// Daily around 02:30 until the day [`CHANGE`], then daily around 15:00.
    Regimes,
}

/// The dates of new titles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamps {
    /// The moment at which the title appeared.
    True,
    /// A moment in the future.
    Future,
    /// The same moment for all titles.
    AllEqual,
    /// The time of the answer, for every title in every answer.
    OfNow,
    /// A random moment of the last sixty days.
    Random,
    /// Noon of the day before: the operator types the date in.
    DayBefore,
    /// Ten hours before the title appeared: it was made then, and published later.
    Early,
}

/// The world of the patterns, by name.
pub const PATTERNS: [(&str, Pattern); 3] = [
    ("nightly batch", Pattern::Nightly { hour: 2.5, spread: 0.75, share: 0.95 }),
    ("evenings, 5 days a week", Pattern::Evenings { mean: 4.0 }),
    ("even, one in 6 h", Pattern::Even { hours: 6.0 }),
];

/// The three kinds that share a budget: channels and movies that seldom change, and series with episodes all day.
pub const THREE_KINDS: [Pattern; 3] =
    [Pattern::Even { hours: 72.0 }, Pattern::Even { hours: 24.0 }, Pattern::Even { hours: 0.5 }];

/// The number of lists per day that the three kinds share.
pub const THREE_KINDS_BUDGET: u32 = 6;

/// Dates that are of no use, by name.
pub const BROKEN_STAMPS: [(&str, Stamps); 6] = [
    ("in the future", Stamps::Future),
    ("all equal", Stamps::AllEqual),
    ("of now", Stamps::OfNow),
    ("random", Stamps::Random),
    ("noon of the day before", Stamps::DayBefore),
    ("ten hours early", Stamps::Early),
];

impl Pattern {
    /// Returns the arrivals from [`DAYS_BEFORE`] days before the start on, in order.
    pub fn arrivals(self, seed: u64) -> Vec<Arrival> {
        let mut rng = Rng::with_seed(seed);
        let mut found = Vec::new();
        for day in -DAYS_BEFORE..DAYS {
            self.of_day(day, &mut rng, &mut found);
        }
        found.sort_by_key(|arrival| arrival.at);
        found
    }

    fn of_day(self, day: i64, rng: &mut Rng, found: &mut Vec<Arrival>) {
        let midnight = START + day * DAY - PANEL_AHEAD;
        let mut add = |hours: f64, items: u32| {
            found.push(Arrival { at: midnight + seconds(hours), items });
        };
        match self {
            Self::Nightly { hour, spread, share } => {
                if rng.f64() < share {
                    add(hour + spread * normal(rng), rng.u32(5..80));
                }
            }
            Self::Evenings { mean } => {
                if day.rem_euclid(7) < 5 {
                    for _ in 0..poisson(mean, rng) {
                        add(18.0 + 4.5 * rng.f64(), rng.u32(1..10));
                    }
                }
            }
            Self::Even { hours } => {
                for _ in 0..poisson(24.0 / hours, rng) {
                    add(24.0 * rng.f64(), rng.u32(1..10));
                }
            }
            Self::Regimes => {
                let hour = if day < CHANGE { 2.5 } else { 15.0 };
                Self::Nightly { hour, spread: 0.75, share: 0.95 }.of_day(day, rng, found);
            }
        }
    }

    /// Returns the true rate of arrivals at a time, per hour, as an oracle knows it.
    pub fn rate(self, at: i64) -> f64 {
        let local = at - START + PANEL_AHEAD;
        let (day, hour) = (local.div_euclid(DAY), local.rem_euclid(DAY) as f64 / HOUR as f64);
        match self {
            Self::Nightly { hour: middle, spread, share } => {
                // Only the curve of the nearest night counts. The others are too far away.
                let away = (hour - middle + 12.0).rem_euclid(24.0) - 12.0;
                share * (-0.5 * (away / spread).powi(2)).exp() / (spread * std::f64::consts::TAU.sqrt())
            }
            Self::Evenings { mean } if day.rem_euclid(7) < 5 && (18.0..22.5).contains(&hour) => mean / 4.5,
            Self::Evenings { .. } => 0.0,
            Self::Even { hours } => 1.0 / hours,
            Self::Regimes => {
                let hour = if day < CHANGE { 2.5 } else { 15.0 };
                Self::Nightly { hour, spread: 0.75, share: 0.95 }.rate(at)
            }
        }
    }
}

impl Stamps {
    /// Returns the date of a title that appeared at a time, as a list of `now` shows it.
    pub fn of(self, arrived: i64, now: i64, rng: &mut Rng) -> i64 {
        match self {
            Self::True => arrived,
            Self::Future => now + DAY + rng.i64(0..DAY),
            Self::AllEqual => START - 10 * DAY,
            Self::OfNow => now,
            Self::Random => now - rng.i64(0..60 * DAY),
            Self::Early => arrived - 10 * HOUR,
            Self::DayBefore => (arrived - DAY + PANEL_AHEAD).div_euclid(DAY) * DAY + 12 * HOUR - PANEL_AHEAD,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "hours of a day")]
fn seconds(hours: f64) -> i64 {
    (hours * 3600.0) as i64
}

/// Returns a standard normal number, by the method of Box and Muller.
fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}

/// Returns a Poisson number, by counting exponential times.
fn poisson(mean: f64, rng: &mut Rng) -> u32 {
    let (mut count, mut rest) = (0, mean);
    loop {
        rest += (1.0 - rng.f64()).ln();
        if rest < 0.0 {
            return count;
        }
        count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracles_rates_are_those_of_the_arrivals() {
        for (name, pattern) in PATTERNS.into_iter().chain([("regimes", Pattern::Regimes)]) {
            let slots = (DAYS_BEFORE + DAYS) * 48;
            let at = |slot: i64| START - DAYS_BEFORE * DAY + slot * HOUR / 2 + HOUR / 4;
            let expected: f64 = (0..slots).map(|slot| pattern.rate(at(slot)) / 2.0).sum();
            let found: Vec<_> = (0..20).map(|seed| pattern.arrivals(seed).len() as f64).collect();
            let mean = found.iter().sum::<f64>() / 20.0;
            assert!((mean / expected - 1.0).abs() < 0.05, "{name}: {mean} and {expected}");
        }
    }

    #[test]
    fn arrivals_are_in_order_and_the_same_for_a_seed() {
        for (name, pattern) in PATTERNS {
            let arrivals = pattern.arrivals(7);
            assert!(arrivals.is_sorted_by_key(|arrival| arrival.at), "{name}");
            assert_eq!(arrivals, pattern.arrivals(7));
            assert_ne!(arrivals, pattern.arrivals(8));
        }
    }
}
