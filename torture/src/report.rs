//! The table: the cases, the faults, and the broken promises.

use std::fmt;

use crate::campaign::Tried;

/// The results of the engines.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<(&'static str, Tried)>);

impl Table {
    pub(crate) fn add(&mut self, engine: &'static str, tried: Tried) {
        self.0.push((engine, tried));
    }

    /// Returns whether every promise held, and whether the kills hit their targets.
    pub(crate) fn is_clean(&self) -> bool {
        self.0.iter().all(|(_, tried)| tried.is_clean())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<8} {:>10} {:>9} {:>10}  seeds that failed", "engine", "schedules", "seconds", "violations")?;
        for (engine, tried) in &self.0 {
            let seeds: Vec<_> = tried.violations.keys().map(u64::to_string).collect();
            let seeds = if seeds.is_empty() { "none".to_owned() } else { seeds.join(" ") };
            let (seconds, violations) = (tried.took.as_secs_f64(), tried.violations.len() + tried.others.len());
            writeln!(f, "{engine:<8} {:>10} {seconds:>9.1} {violations:>10}  {seeds}", tried.cases)?;
        }
        writeln!(f, "\n{:<8} {:<12} {:>10}  how", "engine", "what", "times")?;
        for (engine, tried) in &self.0 {
            for (what, times, how) in tried.tally.all() {
                writeln!(f, "{engine:<8} {what:<12} {times:>10}  {how}")?;
            }
        }
        for (engine, tried) in &self.0 {
            for missed in tried.tally.missed() {
                writeln!(f, "\n{engine}: MISSED: {missed}")?;
            }
            for violation in &tried.others {
                writeln!(f, "\n{engine}: {}", violation.0)?;
            }
            for (seed, violation) in &tried.violations {
                writeln!(f, "\n{engine}, seed {seed}: {}", violation.0)?;
                writeln!(f, "again: cargo xtask torture --engine {engine} --seed {seed} --cases 1{}", tried.options)?;
            }
        }
        Ok(())
    }
}
