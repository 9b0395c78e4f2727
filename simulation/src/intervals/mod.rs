//! Intervals: the time of the next look at a kind. The policy is `sync_core::policy::auto`.

pub mod run;
pub mod world;

use sync_core::policy::auto::settings::AutoSettings;

use crate::plot::{Axis, Chart};
use crate::results::Results;
use crate::stats::Estimate;
use crate::{Args, Failure, seeds};
use run::{Outcome, Rule, kinds_together, one_kind};
use world::{BROKEN_STAMPS, CHANGE, HOUR, PATTERNS, Pattern, Stamps, THREE_KINDS, THREE_KINDS_BUDGET};

/// The sources of the policy. The seeds follow from them.
const SOURCES: [&str; 5] = [
    include_str!("../../../crates/sync-core/src/policy/auto/arrivals.rs"),
    include_str!("../../../crates/sync-core/src/policy/auto/next.rs"),
    include_str!("../../../crates/sync-core/src/policy/auto/plan.rs"),
    include_str!("../../../crates/sync-core/src/policy/auto/stamps.rs"),
    include_str!("../../../crates/sync-core/src/policy/auto/week.rs"),
];

/// The number of days after a change of the pattern after which the new pattern has to be learnt.
const LEARNT_AFTER: i64 = 14;

/// Lets the policy decide, prints the figures, and fails if a bar is missed.
///
/// # Errors
///
/// A bar is missed, or a file can't be read or written.
pub fn main(args: &Args) -> Result<(), Failure> {
    if let Some(trace) = &args.trace {
        return trace::main(trace);
    }
    results(args.seeds).finish("intervals", args)
}

/// Lets the policy decide over this many seeds.
pub fn results(count: usize) -> Results {
    let seeds = seeds::of_sources(&SOURCES, count);
    let mut results = Results::new(&["world", "rule", "looks a day", "mean delay, h", "cost beside the oracle"]);
    for (name, pattern) in PATTERNS {
        results.pattern(name, pattern, &seeds);
    }
    results.regimes(&seeds);
    results.three_kinds(&seeds);
    results.broken_stamps(&seeds);
    results
}

/// The results of one rule over all seeds.
struct Over(Vec<Outcome>);

impl Over {
    fn seeds(pattern: Pattern, rule: Rule, seeds: &[u64]) -> Self {
        Self(seeds.iter().map(|seed| one_kind(pattern, rule, *seed)).collect())
    }

    fn each(&self, value: impl Fn(&Outcome) -> f64) -> Vec<f64> {
        self.0.iter().map(value).collect()
    }

    fn mean(&self, value: impl Fn(&Outcome) -> f64) -> Estimate {
        Estimate::of(&self.each(value))
    }

    fn beside(&self, other: &Self, value: impl Fn(&Outcome) -> f64) -> Estimate {
        Estimate::of_ratio(&self.each(&value), &other.each(value))
    }
}

impl Results {
    fn row(&mut self, world: &str, rule: &str, over: &Over, oracle: Option<&Over>, from: i64) {
        self.table.row(vec![
            world.to_owned(),
            rule.to_owned(),
            format!("{:.2}", over.mean(|it| it.looks_a_day(from))),
            format!("{:.2}", over.mean(|it| it.delay(from))),
            oracle.map_or_else(String::new, |oracle| format!("{:.2}", over.beside(oracle, |it| it.cost(from)))),
        ]);
    }

    fn pattern(&mut self, name: &str, pattern: Pattern, seeds: &[u64]) {
        let over = |rule| Over::seeds(pattern, rule, seeds);
        let (policy, alone, oracle) = (over(Rule::Policy(Stamps::True)), over(Rule::RateAlone), over(Rule::Oracle));
        let twelve = over(Rule::Fixed(12 * HOUR));
        self.row(name, "learnt", &policy, Some(&oracle), 0);
        self.row(name, "the rate alone", &alone, Some(&oracle), 0);
        self.row(name, "every 12h", &twelve, Some(&oracle), 0);
        self.row(name, "oracle", &oracle, None, 0);
        let mut chart = Chart::new(name, Axis::even("looks a day"), Axis::even("mean delay, hours"));
        let point = |over: &Over| (over.mean(|it| it.looks_a_day(0)).mean, over.mean(|it| it.delay(0)).mean);
        let fixed = [24, 18, 12, 8, 6, 4].map(|hours| over(Rule::Fixed(hours * HOUR)));
        chart.line("fixed intervals", fixed.iter().map(point).collect());
        chart.points("learnt", vec![point(&policy)]);
        chart.points("the rate alone", vec![point(&alone)]);
        chart.points("oracle", vec![point(&oracle)]);
        self.charts.push(chart);
        if let Pattern::Even { .. } = pattern {
            // A fixed interval with as many looks. Each seed has its own interval.
            let same = Over(
                seeds
                    .iter()
                    .zip(&policy.0)
                    .map(|(seed, outcome)| {
                        #[expect(clippy::cast_possible_truncation, reason = "seconds of an interval")]
                        let interval = (24.0 * HOUR as f64 / outcome.looks_a_day(0)) as i64;
                        one_kind(pattern, Rule::Fixed(interval), *seed)
                    })
                    .collect(),
            );
            let ratio = policy.beside(&same, |it| it.delay(0));
            self.bars.at_most(&format!("{name}: delay beside a fixed interval with as many looks"), ratio, 1.1);
        } else {
            let looks = policy.beside(&twelve, |it| it.looks_a_day(0));
            self.bars.at_most(&format!("{name}: looks beside every 12h"), looks, 0.65);
            self.bars.at_most(
                &format!("{name}: delay beside every 12h"),
                policy.beside(&twelve, |it| it.delay(0)),
                0.5,
            );
        }
    }

    fn regimes(&mut self, seeds: &[u64]) {
        let name = "nightly, then in the afternoon";
        let over = |rule| Over::seeds(Pattern::Regimes, rule, seeds);
        let (policy, oracle) = (over(Rule::Policy(Stamps::True)), over(Rule::Oracle));
        let from = CHANGE + LEARNT_AFTER;
        self.row(&format!("{name}: from day 14 after it"), "learnt", &policy, Some(&oracle), from);
        self.row("", "oracle", &oracle, None, from);
        self.bars.at_most(
            &format!("{name}: cost beside the oracle from day 14 on"),
            policy.beside(&oracle, |it| it.cost(from)),
            1.3,
        );
        self.bars.at_most(
            &format!("{name}: delay beside the oracle from day 14 on"),
            policy.beside(&oracle, |it| it.delay(from)),
            1.3,
        );
    }

    fn three_kinds(&mut self, seeds: &[u64]) {
        let settings = AutoSettings { looks_a_day: THREE_KINDS_BUDGET, ..AutoSettings::default() };
        let over = |rule: Rule| -> Over {
            let joined = |seed: &u64| {
                let outcomes = kinds_together(THREE_KINDS.map(Some), rule, &settings, *seed, 0);
                let mut all = Outcome::default();
                for outcome in outcomes {
                    all.looks.extend(outcome.looks);
                    all.delays.extend(outcome.delays);
                }
                all
            };
            Over(seeds.iter().map(joined).collect())
        };
        let uniform = i64::from(24 * 3 / THREE_KINDS_BUDGET) * HOUR;
        let (policy, uniform) = (over(Rule::Policy(Stamps::True)), over(Rule::Fixed(uniform)));
        self.row("three kinds, 6 looks a day", "learnt", &policy, None, 0);
        self.row("", "every 12h each", &uniform, None, 0);
        self.bars.at_most(
            "three kinds: looks beside a uniform split",
            policy.beside(&uniform, |it| it.looks_a_day(0)),
            1.0,
        );
        self.bars.at_most("three kinds: delay beside a uniform split", policy.beside(&uniform, |it| it.delay(0)), 0.6);
    }

    fn broken_stamps(&mut self, seeds: &[u64]) {
        for (name, pattern) in PATTERNS {
            let alone = Over::seeds(pattern, Rule::RateAlone, seeds);
            for (broken, stamps) in BROKEN_STAMPS {
                let policy = Over::seeds(pattern, Rule::Policy(stamps), seeds);
                self.row(&format!("{name}, dates {broken}"), "learnt", &policy, None, 0);
                let ratio = policy.beside(&alone, |it| it.cost(0));
                self.bars.not_worse(&format!("{name}, dates {broken}: cost beside the rate alone"), ratio);
            }
        }
    }
}

mod trace;

#[cfg(test)]
mod tests {
    use super::*;

    /// There are few seeds, so the limits are wider than the bars.
    #[test]
    fn a_nightly_batch_is_learnt_from_the_dates() {
        let (name, pattern) = PATTERNS[0];
        for seed in seeds::of_sources(&SOURCES, 2) {
            let policy = one_kind(pattern, Rule::Policy(Stamps::True), seed);
            let twelve = one_kind(pattern, Rule::Fixed(12 * HOUR), seed);
            assert!(policy.looks_a_day(0) < 0.75 * twelve.looks_a_day(0), "{name}: {}", policy.looks_a_day(0));
            assert!(policy.delay(0) < 0.6 * twelve.delay(0), "{name}: {}", policy.delay(0));
        }
    }
}
