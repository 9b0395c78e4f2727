//! The pace of requests at eight panels: four with the limits of known panels, one that grows slower, and three with
//! random limits. The shipped pace is compared with fixed rates and an oracle that knows the limit.

pub mod run;
pub mod world;

use crate::bars::Bars;
use crate::plot::{Axis, Chart};
use crate::stats::Estimate;
use crate::table::Table;
use crate::{Args, Failure, page, seeds};

use run::{Outcome, fixed, shipped};
use world::{REQUESTS, World, oracle, worlds};

/// The fixed rates for comparison, in requests per second.
const FIXED: [f64; 3] = [8.0, 2.0, 0.5];

/// The bars.
const BESIDE_ORACLE: f64 = 1.25;
const REFUSED_SHARE: f64 = 0.15;

const SOURCES: [&str; 2] = [
    include_str!("../../../crates/sync-core/src/policy/pace.rs"),
    include_str!("../../../crates/sync-core/src/policy/latency.rs"),
];

/// The outcomes of one panel, one per seed.
struct OfPanel {
    name: &'static str,
    oracle: Vec<f64>,
    shipped: Vec<Outcome>,
    fixed: [Vec<Outcome>; FIXED.len()],
}

/// Runs the simulation and prints its table and bars.
///
/// # Errors
///
/// A bar is missed, or a file can't be read or written.
pub fn main(args: &Args) -> Result<(), Failure> {
    if let Some(file) = &args.trace {
        return trace::replay(&std::fs::read_to_string(file)?);
    }
    let panels = simulate(args.seeds, REQUESTS);
    let (table, bars) = (table(&panels), bars(&panels));
    print!("{table}\n{bars}");
    if args.write {
        let chart = Chart::svg(&[chart()]);
        page::write("pace", &format!("{table}\n{} seeds, {REQUESTS} requests each.\n", args.seeds), &chart)?;
    }
    bars.check()
}

fn simulate(count: usize, requests: usize) -> Vec<OfPanel> {
    let seeds = seeds::of_sources(&SOURCES, count);
    let of_seed: Vec<Vec<World>> = seeds.iter().map(|seed| worlds(*seed)).collect();
    (0..of_seed[0].len())
        .map(|at| {
            let with = || of_seed.iter().map(|worlds| &worlds[at]).zip(seeds.iter().copied());
            OfPanel {
                name: of_seed[0][at].name,
                oracle: with().map(|(world, _)| oracle(world, requests)).collect(),
                shipped: with().map(|(world, seed)| shipped(world, seed, requests, |_, _, _| {})).collect(),
                fixed: FIXED.map(|rate| with().map(|(world, seed)| fixed(world, seed, requests, rate)).collect()),
            }
        })
        .collect()
}

impl OfPanel {
    fn beside_oracle(&self, outcomes: &[Outcome]) -> Estimate {
        let seconds: Vec<_> = outcomes.iter().map(|outcome| outcome.seconds).collect();
        Estimate::of_ratio(&seconds, &self.oracle)
    }
}

fn bans(outcomes: &[Outcome]) -> usize {
    outcomes.iter().map(|outcome| outcome.bans).sum()
}

fn refused(outcomes: &[Outcome], requests: usize) -> Estimate {
    let share = |outcome: &Outcome| outcome.refused as f64 / (outcome.refused + requests) as f64;
    Estimate::of(&outcomes.iter().map(share).collect::<Vec<_>>())
}

fn table(panels: &[OfPanel]) -> Table {
    let mut table = Table::new(&["panel", "shipped: time", "refused", "bans", "8/s: time, bans", "2/s", "0.5/s"]);
    for panel in panels {
        let mut row = vec![
            panel.name.to_owned(),
            format!("×{:.2}", panel.beside_oracle(&panel.shipped)),
            format!("{:.1} %", refused(&panel.shipped, REQUESTS).mean * 100.0),
            bans(&panel.shipped).to_string(),
        ];
        row.extend(panel.fixed.iter().map(|outcomes| {
            let per_seed = bans(outcomes) as f64 / outcomes.len() as f64;
            format!("×{:.1}, {per_seed:.0}", panel.beside_oracle(outcomes).mean)
        }));
        table.row(row);
    }
    table
}

fn bars(panels: &[OfPanel]) -> Bars {
    let mut bars = Bars::default();
    for panel in panels {
        let name = panel.name;
        bars.at_most(&format!("{name}: time beside the oracle"), panel.beside_oracle(&panel.shipped), BESIDE_ORACLE);
        bars.at_most(&format!("{name}: share refused"), refused(&panel.shipped, REQUESTS), REFUSED_SHARE);
        bars.holds(&format!("{name}: no ban"), bans(&panel.shipped) == 0);
        let safe = FIXED.iter().zip(&panel.fixed).filter(|(_, outcomes)| bans(outcomes) == 0);
        let best = safe.map(|(_, outcomes)| panel.beside_oracle(outcomes).mean).fold(f64::INFINITY, f64::min);
        if best.is_finite() {
            let ratio = panel.beside_oracle(&panel.shipped).mean / best;
            bars.at_most(&format!("{name}: time beside the best safe fixed rate"), ratio, 1.25);
        }
    }
    bars
}

fn chart() -> Chart {
    let mut chart = Chart::new(
        "The rate over the first ten minutes, by panel",
        Axis::even("seconds"),
        Axis::logarithmic("requests per second"),
    );
    let seed = seeds::of_sources(&SOURCES, 1)[0];
    for world in worlds(seed).iter().take(5) {
        let mut points = Vec::new();
        shipped(world, seed, 2_000, |at, rate, _| {
            if at < 600.0 && points.last().is_none_or(|(last, _)| at - last >= 5.0) {
                points.push((at, rate));
            }
        });
        chart.line(world.name, points);
    }
    chart
}

mod trace {
    //! Replays the limits of a panel over time.
    //!
    //! Each line is `seconds,requests per second,burst`: from this time on, the panel has this limit. Lines that begin
    //! with `#` are comments.

    use super::run::shipped;
    use super::world::{Limit, World};
    use crate::Failure;

    pub(super) fn read(text: &str) -> Result<Vec<(f64, Limit)>, Failure> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let read = |line: &str| -> Result<(f64, Limit), Failure> {
            let numbers: Vec<f64> = line
                .split(',')
                .map(|number| number.trim().parse())
                .collect::<Result<_, _>>()
                .map_err(|_| wrong(line))?;
            match numbers[..] {
                [from, rate, burst] if rate > 0.0 && burst >= 1.0 => Ok((from, Limit::Bucket { rate, burst })),
                _ => Err(wrong(line)),
            }
        };
        let limits: Vec<_> = lines.map(read).collect::<Result<_, _>>()?;
        if limits.is_empty() || limits.windows(2).any(|pair| pair[1].0 < pair[0].0) {
            return Err("the trace has no lines, or they are not in order".into());
        }
        Ok(limits)
    }

    fn wrong(line: &str) -> Failure {
        format!("`{line}` is not `seconds,requests per second,burst`").into()
    }

    pub(super) fn replay(text: &str) -> Result<(), Failure> {
        let limits = read(text)?;
        let world = World { name: "trace", limit: limits[0].1, latency: 0.05, tells: false, later: limits };
        let (mut minute, mut sent, mut refused) = (0, 0, 0);
        println!("minute,requests,refused,requests_per_second");
        let outcome = shipped(&world, 1, super::REQUESTS, |at, rate, was_refused| {
            sent += 1;
            refused += u32::from(was_refused);
            let now = (at / 60.0) as u64;
            if now > minute {
                println!("{minute},{sent},{refused},{rate:.2}");
                (minute, sent, refused) = (now, 0, 0);
            }
        });
        println!("# {:.0} s, {} refused, {} bans", outcome.seconds, outcome.refused, outcome.bans);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_pace_is_noticed() {
        for panel in simulate(3, 1_500) {
            let beside = panel.beside_oracle(&panel.shipped).mean;
            assert!(beside < 1.6, "{}: ×{beside:.2}", panel.name);
            assert_eq!(bans(&panel.shipped), 0, "{}", panel.name);
        }
    }

    #[test]
    fn a_trace_is_read() {
        assert_eq!(trace::read("# limits\n0,5,5\n60, 1, 10\n").unwrap().len(), 2);
        for wrong in ["", "0,5", "0,x,1", "60,1,1\n0,1,1", "0,0,1"] {
            assert!(trace::read(wrong).is_err(), "{wrong}");
        }
    }
}
