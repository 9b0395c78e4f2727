//! The bars that a policy has to meet.

use std::fmt;

use crate::Failure;
use crate::stats::Estimate;

/// The bars of a simulation, and whether each is met.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    lines: Vec<(String, bool)>,
}

impl Bars {
    /// Adds a bar: a mean has to be at most this.
    pub fn at_most(&mut self, what: &str, value: impl Into<Estimate>, limit: f64) {
        let value = value.into();
        self.lines.push((format!("{what}: {value:.3}, at most {limit}"), value.mean <= limit));
    }

    /// Adds a bar: a ratio must not be worse than 1, so its interval has to reach down to 1.
    pub fn not_worse(&mut self, what: &str, ratio: Estimate) {
        self.lines.push((format!("{what}: {ratio:.3}, not worse than 1"), ratio.low <= 1.0));
    }

    /// Adds a bar: a condition has to hold.
    pub fn holds(&mut self, what: &str, is_so: bool) {
        self.lines.push((what.to_owned(), is_so));
    }

    /// Returns whether all bars are met.
    pub fn are_met(&self) -> bool {
        self.lines.iter().all(|(_, met)| *met)
    }

    /// Fails if a bar is missed.
    pub fn check(&self) -> Result<(), Failure> {
        let missed = self.lines.iter().filter(|(_, met)| !met).count();
        if missed == 0 { Ok(()) } else { Err(format!("{missed} of {} bars are missed", self.lines.len()).into()) }
    }
}

impl fmt::Display for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, met) in &self.lines {
            writeln!(f, "{} {line}", if *met { "ok    " } else { "MISSED" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bar_is_a_failure() {
        let mut bars = Bars::default();
        bars.at_most("delay", 0.5, 0.5);
        bars.not_worse("beside the rate alone", Estimate { mean: 1.2, low: 0.99, high: 1.4 });
        assert!(bars.are_met() && bars.check().is_ok());
        bars.not_worse("beside the rate alone", Estimate { mean: 1.2, low: 1.01, high: 1.4 });
        assert!(!bars.are_met());
        assert_eq!(bars.check().unwrap_err().to_string(), "1 of 3 bars are missed");
        assert!(bars.to_string().contains("MISSED beside the rate alone: 1.200 (1.010–1.400)"), "{bars}");
    }
}
