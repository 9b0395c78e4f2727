//! The table: what was tried, what was hit, what broke.

use std::fmt;

use crate::campaign::Outcome;

/// What the engines came to.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<(&'static str, Outcome)>);

impl Table {
    pub(crate) fn add(&mut self, engine: &'static str, outcome: Outcome) {
        self.0.push((engine, outcome));
    }

    /// Whether every promise held.
    pub(crate) fn is_clean(&self) -> bool {
        self.0.iter().all(|(_, outcome)| outcome.violations.is_empty())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {:>10} {:>9} {:>10}  seeds that failed", "engine", "schedules", "seconds", "violations")?;
        for (engine, outcome) in &self.0 {
            let seeds: Vec<_> = outcome.violations.keys().map(u64::to_string).collect();
            let seeds = if seeds.is_empty() { "none".to_owned() } else { seeds.join(" ") };
            let (seconds, violations) = (outcome.took.as_secs_f64(), outcome.violations.len());
            writeln!(f, "{engine:<10} {:>10} {seconds:>9.1} {violations:>10}  {seeds}", outcome.cases)?;
        }
        for (engine, outcome) in &self.0 {
            for (what, number) in outcome.tally.all() {
                writeln!(f, "{engine:<10} {number:>10}  {what}")?;
            }
        }
        for (engine, outcome) in &self.0 {
            for (seed, violation) in &outcome.violations {
                writeln!(f, "\n{engine}, seed {seed}: {}", violation.0)?;
                writeln!(f, "again: cargo xtask torture --engine {engine} --seed {seed} --cases 1")?;
            }
        }
        Ok(())
    }
}
