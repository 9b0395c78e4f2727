//! The times at which a look is worth its cost, by dynamic programming over half hours.
//!
//! The cost of a look is given in hours by which one new title is seen late. Between two looks, each arrival waits for
//! the next look. The best times have the least sum of both costs.

use super::stamps::HALF_HOUR;
use crate::policy::exact;

/// The half hours that are looked ahead beyond twice the longest interval. Arrivals so far ahead have no influence on
/// the decision.
const MARGIN: usize = 48;

/// The limits of an interval, in half hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The shortest interval.
    pub shortest: usize,
    /// The longest interval.
    pub longest: usize,
}

impl Limits {
    /// Returns limits from seconds. An interval is at least half an hour.
    pub fn of_seconds(shortest: i64, longest: i64) -> Self {
        let half_hours = |seconds: i64| usize::try_from(seconds / HALF_HOUR).unwrap_or(1).max(1);
        let shortest = half_hours(shortest);
        Self { shortest, longest: half_hours(longest).max(shortest) }
    }

    /// Returns the number of half hours that a plan looks ahead.
    pub const fn horizon(self) -> usize {
        2 * self.longest + MARGIN
    }
}

/// The half hours ahead: the arrivals that are expected in each, and whether a look may begin at its start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ahead {
    /// The arrivals that are expected in each half hour.
    pub arrivals: Vec<f64>,
    /// For each half hour, whether it is quiet, so that no look may begin at its start.
    pub quiet: Vec<bool>,
}

/// Returns the best times of the next looks, in half hours from the last look, which was at the beginning. `cost` is
/// the cost of a look, in hours by which one arrival waits. Only the first time is used; the others show how often
/// looks would follow.
pub fn best(ahead: &Ahead, limits: Limits, cost: f64) -> Vec<usize> {
    let delays = Delays::new(&ahead.arrivals);
    let end = ahead.arrivals.len();
    // For each half hour, the best plan from there on: its cost, and its next half hour. Plans end beyond the horizon.
    let mut ways = vec![(0.0, end); end + 1];
    for from in (0..end).rev() {
        let mut way = (f64::INFINITY, end);
        let mut look = |to: usize| {
            let on = if to < end { ways[to].0 } else { 0.0 };
            let total = cost + delays.between(from, to.min(end)) + on;
            if total < way.0 {
                way = (total, to);
            }
        };
        let is_quiet = |to: usize| ahead.quiet.get(to).copied().unwrap_or_default();
        let mut any = false;
        for to in from + limits.shortest..=from + limits.longest {
            if !is_quiet(to) {
                any = true;
                look(to);
            }
        }
        if !any {
            // If all of it is quiet time, the first moment after it is used.
            let first = (from + limits.longest + 1..end).find(|to| !is_quiet(*to));
            look(first.unwrap_or(end));
        }
        ways[from] = way;
    }
    let mut looks = Vec::new();
    let mut at = ways[0].1;
    while at < end {
        looks.push(at);
        at = ways[at].1;
    }
    if looks.is_empty() {
        looks.push(at);
    }
    looks
}

/// Returns the number of looks per day.
pub fn looks_a_day(looks: &[usize]) -> f64 {
    let last = looks.last().copied().unwrap_or(1).max(1);
    48.0 * exact(looks.len()) / exact(last)
}

/// The hours that arrivals wait. They can be read for any two half hours in constant time.
struct Delays {
    /// The arrivals before each half hour.
    count: Vec<f64>,
    /// The sum of the times of these arrivals, in half hours.
    moment: Vec<f64>,
}

impl Delays {
    fn new(arrivals: &[f64]) -> Self {
        let (mut count, mut moment) = (vec![0.0], vec![0.0]);
        let (mut counted, mut moments) = (0.0, 0.0);
        for (at, expected) in arrivals.iter().enumerate() {
            counted += expected;
            moments += expected * (exact(at) + 0.5);
            count.push(counted);
            moment.push(moments);
        }
        Self { count, moment }
    }

    /// Returns the hours that the arrivals between two half hours wait, if the next look is at the later one.
    fn between(&self, from: usize, to: usize) -> f64 {
        let arrivals = self.count[to] - self.count[from];
        let moments = self.moment[to] - self.moment[from];
        (arrivals * exact(to) - moments) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAILY: Limits = Limits { shortest: 2, longest: 48 };

    fn ahead(arrivals: impl Fn(usize) -> f64, quiet: impl Fn(usize) -> bool, limits: Limits) -> Ahead {
        let slots = 0..limits.horizon();
        Ahead { arrivals: slots.clone().map(arrivals).collect(), quiet: slots.map(quiet).collect() }
    }

    fn never(_: usize) -> bool {
        false
    }

    #[test]
    fn one_look_follows_a_nightly_batch() {
        // Arrivals between 02:00 and 03:00, once a day; the last look was at midnight.
        let ahead = ahead(|slot| if (4..6).contains(&(slot % 48)) { 0.5 } else { 0.0 }, never, DAILY);
        let looks = best(&ahead, DAILY, 12.0);
        assert_eq!(looks[..2], [6, 54]);
        assert!((looks_a_day(&looks[..2]) - 96.0 / 54.0).abs() < 1e-9);
    }

    #[test]
    fn looks_at_even_arrivals_follow_the_root_of_their_rate() {
        // The best interval is the root of twice the cost through the rate: 24 / (1 / 6) hours squared is 12 hours.
        let ahead = ahead(|_| 1.0 / 12.0, never, DAILY);
        let looks = best(&ahead, DAILY, 12.0);
        assert!((23..=25).contains(&looks[0]), "{looks:?}");
    }

    #[test]
    fn the_limits_and_quiet_hours_hold() {
        let none = ahead(|_| 0.0, never, DAILY);
        assert_eq!(best(&none, DAILY, 12.0)[0], 48);
        let many = ahead(|_| 1000.0, never, DAILY);
        assert_eq!(best(&many, DAILY, 0.1)[0], 2);
        let quiet = |slot: usize| (4..20).contains(&(slot % 48));
        let batch = ahead(|slot| if slot % 48 == 5 { 1.0 } else { 0.0 }, quiet, DAILY);
        assert_eq!(best(&batch, DAILY, 12.0)[0], 20);
        let long = Limits { shortest: 2, longest: 4 };
        assert_eq!(best(&ahead(|_| 1.0, |slot| slot < 11, long), long, 12.0)[0], 11, "nothing else is left");
        assert_eq!(best(&ahead(|_| 1.0, |_| true, long), long, 12.0), [long.horizon()]);
    }

    #[test]
    fn limits_are_never_empty() {
        assert_eq!(Limits::of_seconds(0, 0), Limits { shortest: 1, longest: 1 });
        assert_eq!(Limits::of_seconds(7200, 3600), Limits { shortest: 4, longest: 4 });
    }
}
