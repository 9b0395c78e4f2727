//! Compares this build of the command with another one, by pairs of runs, one after the other, so that other load on
//! the machine affects both alike.
//!
//! A figure is the median of the ratios of the pairs. Its interval holds the true median in 95 of 100 measurements, for
//! any distribution: its ends are two of the sorted ratios.

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::bodies::{Bodies, Counts, Version};
use crate::database::{self, PROFILE};
use crate::engine::{Engine, Reported};
use crate::figures::Spread;
use crate::measure::Taken;
use crate::panel::Panel;
use crate::stages;

/// The arguments of the comparison.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command of this build
    #[arg(long)]
    engine: PathBuf,
    /// The command of another build
    #[arg(long)]
    against: PathBuf,
    /// Where bodies are kept
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Pairs of runs
    #[arg(long, default_value_t = 20)]
    pairs: usize,
    /// Items of the catalogue
    #[arg(long, default_value_t = 230_000)]
    items: usize,
    /// Counts instructions by valgrind, once for each scenario, instead of measuring time
    #[arg(long)]
    instructions: bool,
}

/// One build, with a cache of its own. The other build may not know its schema.
struct Side {
    engine: Engine,
    empty: PathBuf,
    base: PathBuf,
    work: PathBuf,
}

const SCENARIOS: [&str; 3] = ["first", "unchanged", "1 % changed"];

pub(crate) fn main(args: &Args) -> Outcome {
    let bodies = Bodies::prepare(&args.folder.join("bodies"), args.items, true)?;
    let scratch = tempfile::Builder::new().prefix("versus-").tempdir_in(&args.folder)?;
    let mut panel = Panel::start(false)?;
    let side = |name: &str, program: &Path| Side::new(program, &scratch.path().join(name), panel.url());
    let sides = [side("this", &args.engine)?, side("other", &args.against)?];
    if args.instructions {
        return instructions(args, &sides, &mut panel, &bodies);
    }
    let mut ratios: [Vec<f64>; 3] = Default::default();
    for pair in 0..args.pairs.max(1) {
        // Each side is the first one in every other pair.
        let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
        for (at, ratios) in ratios.iter_mut().enumerate() {
            panel.serve(&bodies, if at == 2 { Version::Changed } else { Version::First })?;
            let mut cpu = [0.0; 2];
            for side in order {
                cpu[side] = sides[side].run(at, &bodies)?.cpu;
            }
            ratios.push(cpu[0] / cpu[1]);
        }
        eprintln!("Pair {} of {}.", pair + 1, args.pairs.max(1));
    }
    println!("CPU of {} ÷ CPU of {}, {} items", args.engine.display(), args.against.display(), args.items);
    println!("{:<12} {:>7}  95 % interval", "scenario", "median");
    for (name, ratios) in SCENARIOS.iter().zip(&mut ratios) {
        let (low, high) = interval(ratios);
        let median = Spread::of(ratios).map_or(f64::NAN, |spread| spread.median);
        println!("{name:<12} {median:>7.3}  {low:.3} to {high:.3}");
    }
    Ok(())
}

/// Counts the instructions of each side. The number differs by some hundredths of a per cent between runs, because
/// threads wait for each other.
fn instructions(args: &Args, sides: &[Side; 2], panel: &mut Panel, bodies: &Bodies) -> Outcome {
    println!("Instructions of {}, of {}, {} items", args.engine.display(), args.against.display(), args.items);
    for (at, name) in SCENARIOS.iter().enumerate() {
        panel.serve(bodies, if at == 2 { Version::Changed } else { Version::First })?;
        let mut counts = [0.0; 2];
        for (side, count) in sides.iter().zip(&mut counts) {
            *count = side.count(at, bodies)?;
        }
        let [this, other] = counts;
        println!("{name:<12} {this:>15} {other:>15}   {:+.2} %", 100.0 * (this / other - 1.0));
    }
    Ok(())
}

impl Side {
    fn new(program: &Path, folder: &Path, url: &str) -> Outcome<Self> {
        std::fs::create_dir_all(folder)?;
        let engine = Engine { program: program.to_owned(), scratch: folder.to_owned() };
        let empty = folder.join("empty.db");
        engine.add_profile(&empty, PROFILE, url)?;
        Ok(Self { engine, empty, base: folder.join("base.db"), work: folder.join("work.db") })
    }

    /// Counts the instructions of a scenario. The cache is afterwards as after a measured run.
    fn count(&self, scenario: usize, bodies: &Bodies) -> Outcome<f64> {
        let (from, to) = if scenario == 0 { (&self.empty, &self.base) } else { (&self.base, &self.work) };
        database::copy(from, to)?;
        let (said, counted) = stages::under_valgrind(
            &self.engine.program,
            &["--database", database::text(to)?, "sync", PROFILE, "--json"],
        )?;
        Reported::read(&said)?.check(expected(scenario, bodies)?)?;
        Ok(counted)
    }

    /// Runs a scenario once. The first one leaves the cache on which the others are based.
    fn run(&self, scenario: usize, bodies: &Bodies) -> Outcome<Taken> {
        let (from, to) = if scenario == 0 { (&self.empty, &self.base) } else { (&self.base, &self.work) };
        database::copy(from, to)?;
        self.engine.sync_expecting(to, PROFILE, expected(scenario, bodies)?)
    }
}

/// Returns the counts that a right sync of a scenario reports.
fn expected(scenario: usize, bodies: &Bodies) -> Outcome<Counts> {
    Ok(match scenario {
        0 => Counts { added: bodies.items as u64, ..Counts::default() },
        1 => Counts::default(),
        _ => bodies.expected(Version::Changed)?,
    })
}

/// Returns the two ratios between which the true median lies in 95 of 100 measurements: the least and the greatest one
/// if there are too few for that.
fn interval(ratios: &mut [f64]) -> (f64, f64) {
    ratios.sort_unstable_by(f64::total_cmp);
    let count = ratios.len();
    // The probability that the median lies below the k-th of n ratios is that of less than k heads in n throws of a
    // fair coin.
    let mut outside = 0.0;
    let mut term = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut skip = 0;
    while outside + term <= 0.025 && skip < count / 2 {
        outside += term;
        #[expect(clippy::cast_precision_loss, reason = "pairs are few")]
        let next = (count - skip) as f64 / (skip + 1) as f64;
        term *= next;
        skip += 1;
    }
    let skip = skip.saturating_sub(1);
    (ratios[skip], ratios[count - 1 - skip])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_sign_test() {
        // The table of the sign test: of 20 values the 6th and the 15th, of 10 the 2nd and the 9th.
        let mut twenty: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(interval(&mut twenty), (6.0, 15.0));
        let mut ten: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        assert_eq!(interval(&mut ten), (2.0, 9.0));
        assert_eq!(interval(&mut [3.0, 1.0, 2.0]), (1.0, 3.0), "too few to leave any out");
    }
}
