//! Figures and bounds: medians of rounds, ratios of medians, and whether they keep their bounds.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::measure::Taken;

/// The measurements of every round, by their names.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    taken: BTreeMap<&'static str, Vec<Taken>>,
    values: BTreeMap<&'static str, Vec<f64>>,
}

/// Several rounds of one figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// The bound of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// No bound.
    None,
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    pub(crate) scenario: String,
    pub(crate) figure: String,
    #[serde(flatten)]
    pub(crate) spread: Spread,
    pub(crate) unit: &'static str,
    pub(crate) bound: Bound,
}

impl Rounds {
    /// Records the measurement of a process.
    pub(crate) fn note(&mut self, name: &'static str, taken: Taken) {
        self.taken.entry(name).or_default().push(taken);
    }

    /// Records any other number.
    pub(crate) fn note_value(&mut self, name: &'static str, value: f64) {
        self.values.entry(name).or_default().push(value);
    }

    /// Returns the CPU seconds, one number per round.
    pub(crate) fn cpu(&self, name: &str) -> Vec<f64> {
        self.of(name, |taken| taken.cpu)
    }

    /// Returns the seconds on the clock, one number per round.
    pub(crate) fn wall(&self, name: &str) -> Vec<f64> {
        self.of(name, |taken| taken.wall)
    }

    /// Returns the CPU seconds within the kernel, one number per round.
    pub(crate) fn system(&self, name: &str) -> Vec<f64> {
        self.of(name, |taken| taken.system)
    }

    /// Returns the peak of the resident memory in MiB, one number per round.
    pub(crate) fn peak(&self, name: &str) -> Vec<f64> {
        #[expect(clippy::cast_precision_loss, reason = "memory in KiB is far below 2^52")]
        self.of(name, |taken| taken.peak_kib as f64 / 1024.0)
    }

    /// Returns another number, as often as it was recorded.
    pub(crate) fn values(&self, name: &str) -> Vec<f64> {
        self.values.get(name).cloned().unwrap_or_default()
    }

    /// Returns the names of all measurements, in alphabetical order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.taken.keys().copied()
    }

    fn of(&self, name: &str, figure: impl Fn(&Taken) -> f64) -> Vec<f64> {
        self.taken.get(name).into_iter().flatten().map(figure).collect()
    }
}

impl Spread {
    /// Returns the spread of these numbers; `None` if there are none.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
        Some(Self { median, least, most })
    }

    /// Returns the spread of a ratio: its value is that of the medians, its range that of the rounds.
    pub(crate) fn of_ratio(values: &[f64], others: &[f64]) -> Option<Self> {
        let rounds: Vec<f64> = values.iter().zip(others).map(|(value, other)| value / other).collect();
        Some(Self { median: Self::of(values)?.median / Self::of(others)?.median, ..Self::of(&rounds)? })
    }

    /// Returns the spread of a number that is the same every time.
    pub(crate) const fn exactly(value: f64) -> Self {
        Self { median: value, least: value, most: value }
    }

    /// Returns the spread multiplied by a number.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { median: self.median * factor, least: self.least * factor, most: self.most * factor }
    }
}

impl Bound {
    pub(crate) const fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::None => true,
        }
    }

    /// Returns the part of the bound that a value takes. 1 is exactly the bound.
    pub(crate) fn share(self, value: f64) -> Option<f64> {
        match self {
            Self::AtMost(most) if most > 0.0 => Some(value / most),
            Self::AtMost(_) => Some(if value > 0.0 { 2.0 } else { 0.0 }),
            Self::AtLeast(least) => Some(least / value),
            Self::None => None,
        }
    }

    /// Returns the value as the table shows it.
    pub(crate) fn words(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", trimmed(most)),
            Self::AtLeast(least) => format!("≥ {}", trimmed(least)),
            Self::None => String::new(),
        }
    }
}

/// Returns a number with a sensible number of digits.
pub(crate) fn trimmed(value: f64) -> String {
    let digits = match value.abs() {
        size if size.fract() <= 0.0 || size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 0.1 => 2,
        _ => 4,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, least: 1.0, most: 3.0 }));
        assert_eq!(Spread::of(&[4.0, 1.0]), Some(Spread { median: 2.5, least: 1.0, most: 4.0 }));
        assert_eq!(Spread::of(&[]), None);
        let ratio = Spread::of_ratio(&[2.0, 4.0, 9.0], &[1.0, 4.0, 3.0]).unwrap();
        assert_eq!(ratio, Spread { median: 4.0 / 3.0, least: 1.0, most: 3.0 });
    }

    #[test]
    fn bounds_hold_up_to_their_number() {
        assert!(Bound::AtMost(1.5).holds(1.5) && !Bound::AtMost(1.5).holds(1.51));
        assert!(Bound::AtLeast(4.0).holds(4.0) && !Bound::AtLeast(4.0).holds(3.9));
        assert_eq!(Bound::AtLeast(4.0).share(8.0), Some(0.5));
        assert_eq!((Bound::AtMost(0.0).share(0.0), Bound::AtMost(0.0).share(1.0)), (Some(0.0), Some(2.0)));
    }

    #[test]
    fn numbers_are_short() {
        let words = [0.0, 12.0, 1.234, 0.0456, 123.456, 4567.8].map(trimmed);
        assert_eq!(words, ["0", "12", "1.23", "0.0456", "123.5", "4568"]);
    }
}
