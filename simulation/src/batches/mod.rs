//! Batches: the number of elements that go together from the source to the engine. The policy is
//! `sync_core::policy::batch`.

mod run;
pub mod world;

use crate::plot::{Axis, Chart};
use crate::results::Results;
use crate::stats::Estimate;
use crate::{Args, Failure, seeds};
use run::{Outcome, Rule, run};
use world::{LINKS, Link, SIZES, World};

/// The source of the policy. The seeds follow from it.
const SOURCES: [&str; 1] = [include_str!("../../../crates/sync-core/src/policy/batch.rs")];

/// Lets the policy decide, prints the figures, and fails if a bar is missed.
///
/// # Errors
///
/// A bar is missed, or a file can't be read or written.
pub fn main(args: &Args) -> Result<(), Failure> {
    if let Some(trace) = &args.trace {
        return run::trace(trace);
    }
    results(args.seeds).finish("batches", args)
}

/// Lets the policy decide over this many seeds.
pub fn results(count: usize) -> Results {
    let seeds = seeds::of_sources(&SOURCES, count);
    let heads = ["link", "rule", "seconds beside the best", "longest without progress, s", "cancel, ms"];
    let mut results = Results::new(&heads);
    let mut lines: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for link in LINKS {
        results.link(link, &seeds, &mut lines);
    }
    let mut chart =
        Chart::new("Longest time without progress", Axis::logarithmic("kbit/s"), Axis::logarithmic("seconds"));
    for (name, points) in lines {
        chart.line(&name, points);
    }
    results.charts.push(chart);
    results
}

impl Results {
    fn link(&mut self, link: Link, seeds: &[u64], lines: &mut Vec<(String, Vec<(f64, f64)>)>) {
        let over = |rule| -> Vec<Outcome> { seeds.iter().map(|seed| run(&World::new(link, *seed), rule)).collect() };
        let rules = [Rule::Policy].into_iter().chain(SIZES.map(Rule::Fixed));
        let all: Vec<_> = rules.map(|rule| (rule, over(rule))).collect();
        let best: Vec<f64> = (0..seeds.len())
            .map(|at| all.iter().map(|(_, outcomes)| outcomes[at].seconds).fold(f64::INFINITY, f64::min))
            .collect();
        for (number, (rule, outcomes)) in all.iter().enumerate() {
            let each = |value: fn(&Outcome) -> f64| outcomes.iter().map(value).collect::<Vec<_>>();
            let seconds = Estimate::of_ratio(&each(|it| it.seconds), &best);
            let silence = Estimate::of(&each(|it| it.silence));
            let cancel = Estimate::of(&each(|it| it.cancel * 1000.0));
            let name = rule.to_string();
            self.table.row(vec![
                link.name.to_owned(),
                name.clone(),
                format!("{seconds:.3}"),
                format!("{silence:.2}"),
                format!("{cancel:.1}"),
            ]);
            if lines.len() <= number {
                lines.push((name, Vec::new()));
            }
            lines[number].1.push((link.bits / 1000.0, silence.mean.max(0.001)));
            if *rule == Rule::Policy {
                self.bars.at_most(&format!("{}: seconds beside the best size", link.name), seconds, 1.05);
                self.bars.at_most(
                    &format!("{}: longest hold of an element, s", link.name),
                    outcomes_hold(outcomes),
                    0.5,
                );
                self.bars.at_most(&format!("{}: cancel, ms", link.name), cancel, 200.0);
            }
        }
    }
}

/// Returns the mean of the longest times for which an element waited for its batch.
fn outcomes_hold(outcomes: &[Outcome]) -> Estimate {
    Estimate::of(&outcomes.iter().map(|it| it.hold).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_even_on_a_slow_link_and_free_on_a_fast_one() {
        for link in [LINKS[0], LINKS[4]] {
            let world = World::new(link, 1);
            let policy = run(&world, Rule::Policy);
            let best =
                SIZES.map(|size| run(&world, Rule::Fixed(size)).seconds).into_iter().fold(f64::INFINITY, f64::min);
            assert!(policy.seconds < 1.1 * best && policy.hold < 0.5, "{}: {policy:?}, best {best}", link.name);
        }
        assert!(run(&World::new(LINKS[0], 1), Rule::Fixed(500)).hold > 1.0, "this is what the policy is for");
    }
}
