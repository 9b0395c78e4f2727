//! Runs a rule in a world: looks follow each other, and each arrival waits for the next look.

use fastrand::Rng;
use sync_core::policy::auto::arrivals::Arrivals;
use sync_core::policy::auto::plan::{Ahead, Limits, best};
use sync_core::policy::auto::settings::AutoSettings;
use sync_core::policy::auto::stamps::{HALF_HOUR, StampTally};
use sync_core::policy::auto::{LOOK_COST, Look, next_looks};
use sync_core::policy::zone::PanelZone;
use sync_core::{ContentKind, PerKind, ProfileId, TimeZone};

use super::world::{Arrival, DAY, DAYS, HOUR, PANEL_AHEAD, Pattern, START, Stamps};

/// The rule for the time of the next look.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// The policy that is shipped, with the dates that the world shows.
    Policy(Stamps),
    /// The same policy without any dates: only the rate.
    RateAlone,
    /// Always after the same time, in seconds.
    Fixed(i64),
    /// The best plan for the true rates.
    Oracle,
}

/// The looks of a run, and the arrivals with their delays.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The times of the looks, in unix seconds.
    pub looks: Vec<i64>,
    /// The time of each arrival, and the seconds until the look that saw it.
    pub delays: Vec<(i64, i64)>,
    /// The number of runs that were added to the first one.
    pub more_runs: u32,
}

impl Outcome {
    /// Returns the looks a day from a day of the simulation on.
    pub fn looks_a_day(&self, from: i64) -> f64 {
        self.looks.iter().filter(|at| **at >= START + from * DAY).count() as f64 / self.days(from)
    }

    fn days(&self, from: i64) -> f64 {
        (DAYS - from) as f64 * f64::from(1 + self.more_runs)
    }

    /// Adds another run.
    pub fn add(&mut self, other: Self) {
        self.looks.extend(other.looks);
        self.delays.extend(other.delays);
        self.more_runs += 1 + other.more_runs;
    }

    /// Returns the mean delay of the arrivals from a day of the simulation on, in hours.
    pub fn delay(&self, from: i64) -> f64 {
        let seen: Vec<_> = self.delays.iter().filter(|(at, _)| *at >= START + from * DAY).collect();
        seen.iter().map(|(_, delay)| *delay as f64 / HOUR as f64).sum::<f64>() / seen.len() as f64
    }

    /// Returns the cost of looks and delays per day, in hours by which one arrival waits, from a day on.
    pub fn cost(&self, from: i64) -> f64 {
        let arrivals = self.delays.iter().filter(|(at, _)| *at >= START + from * DAY).count() as f64;
        LOOK_COST * self.looks_a_day(from) + self.delay(from) * arrivals / self.days(from)
    }

    fn look(&mut self, at: i64, arrivals: &[Arrival]) {
        if let Some(previous) = self.looks.last().copied() {
            let seen = arrivals.iter().filter(|arrival| arrival.at > previous && arrival.at <= at);
            self.delays.extend(seen.map(|arrival| (arrival.at, at - arrival.at)));
        }
        self.looks.push(at);
    }
}

/// The times of the day at which a person may have started a fixed interval.
const PHASES: u64 = 8;

/// Runs a rule for one kind. A fixed interval begins at several times of the day.
pub fn one_kind(pattern: Pattern, rule: Rule, seed: u64) -> Outcome {
    let phases = if let Rule::Fixed(_) = rule { PHASES } else { 1 };
    let mut all: Option<Outcome> = None;
    for phase in 0..phases {
        let [outcome, ..] = kinds_together([Some(pattern), None, None], rule, &AutoSettings::default(), seed, phase);
        match &mut all {
            Some(all) => all.add(outcome),
            None => all = Some(outcome),
        }
    }
    all.unwrap_or_default()
}

/// Runs a rule for several kinds that share a budget. The phase decides at which time of the day it begins.
pub fn kinds_together(
    kinds: [Option<Pattern>; 3],
    rule: Rule,
    settings: &AutoSettings,
    seed: u64,
    phase: u64,
) -> [Outcome; 3] {
    let arrivals: Vec<_> = (0..).zip(kinds).map(|(number, kind)| kind.map(|it| it.arrivals(seed ^ number))).collect();
    let mut rng = Rng::with_seed(seed);
    let begin = (rng.u64(0..86_400) + phase * 86_400 / PHASES) % 86_400;
    let begin = START + i64::try_from(begin).expect("seconds of a day");
    replay(kinds, &arrivals, rule, settings, (seed, begin), START + DAYS * DAY)
}

/// Runs a rule for these arrivals, until a time.
pub fn replay(
    kinds: [Option<Pattern>; 3],
    arrivals: &[Option<Vec<Arrival>>],
    rule: Rule,
    settings: &AutoSettings,
    (seed, begin): (u64, i64),
    until: i64,
) -> [Outcome; 3] {
    let profile = ProfileId::new(format!("{seed:x}")).expect("hexadecimal digits");
    let mut rng = Rng::with_seed(seed);
    let mut outcomes: [Outcome; 3] = std::array::from_fn(|_| Outcome::default());
    let mut known: [Option<Arrivals>; 3] = [None, None, None];
    let mut next = [begin; 3];
    loop {
        let present = |kind: &usize| arrivals[*kind].is_some();
        let Some(kind) = (0..3).filter(present).min_by_key(|kind| next[*kind]) else { return outcomes };
        let at = next[kind];
        if at >= until {
            return outcomes;
        }
        let arrived = arrivals[kind].as_deref().unwrap_or_default();
        let previous = outcomes[kind].looks.last().copied();
        outcomes[kind].look(at, arrived);
        match rule {
            Rule::Fixed(interval) => next[kind] = at + interval,
            Rule::Oracle => next[kind] = oracle(kinds[kind].expect("an oracle knows the pattern"), at, settings),
            Rule::Policy(_) | Rule::RateAlone => {
                let stamps = if let Rule::Policy(stamps) = rule { Some(stamps) } else { None };
                let tally = listing(arrived, previous, at, stamps, &mut rng);
                known[kind] = Some(Arrivals::after(known[kind].as_ref(), &tally, PanelZone::ahead(ahead())));
                let looks = PerKind::from_fn(|kind| {
                    let kind = number(kind);
                    outcomes[kind].looks.last().map(|last| Look { last: *last, known: known[kind].as_ref() })
                });
                let found = next_looks(&profile, settings, &looks, PanelZone::ahead(ahead()), TimeZone::UTC);
                for (kind, found) in found.iter() {
                    if let Some((at, _)) = found {
                        next[number(kind)] = *at;
                    }
                }
                next[kind] = next[kind].max(at + 60);
            }
        }
    }
}

fn number(kind: ContentKind) -> usize {
    ContentKind::ALL.iter().position(|known| *known == kind).expect("every kind is there")
}

fn ahead() -> i32 {
    i32::try_from(PANEL_AHEAD).expect("an hour")
}

/// Returns the dates of a listing.
fn listing(arrivals: &[Arrival], previous: Option<i64>, now: i64, stamps: Option<Stamps>, rng: &mut Rng) -> StampTally {
    let mut tally = StampTally::new(now, previous, 0);
    let since = previous.unwrap_or(i64::MIN);
    for arrival in arrivals.iter().filter(|arrival| arrival.at > since && arrival.at <= now) {
        tally.note(stamps.map(|stamps| stamps.of(arrival.at, now, rng)), true);
    }
    if stamps == Some(Stamps::OfNow) {
        // All titles have another date than before.
        for _ in 0..1000 {
            tally.note(Some(now), false);
        }
    }
    tally
}

/// Returns the best next look by the true rates, without knowledge of the arrivals.
fn oracle(pattern: Pattern, last: i64, settings: &AutoSettings) -> i64 {
    let limits = Limits::of_seconds(settings.shortest.seconds(), settings.longest.seconds());
    let start = (last + HALF_HOUR - 1).div_euclid(HALF_HOUR) * HALF_HOUR;
    let slots = (0i64..).take(limits.horizon());
    let arrivals = slots.map(|slot| pattern.rate(start + slot * HALF_HOUR + HALF_HOUR / 2) / 2.0).collect();
    let looks = best(&Ahead { arrivals, quiet: Vec::new() }, limits, LOOK_COST);
    start + i64::try_from(looks[0]).expect("half hours of some days") * HALF_HOUR
}
