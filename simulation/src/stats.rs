//! Means over seeds, with the interval in which the true mean lies with 95 % confidence.

use std::fmt;

/// A mean and its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// The 97.5 % quantiles of Student's t distribution for 1, 2, 3 … degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// The same quantile for many degrees of freedom. It is a little too large, which makes the interval wider.
const STUDENT_MANY: f64 = 2.042;

impl Estimate {
    /// Returns the estimate from one value per seed. The interval of a single value is endless.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let Some(freedom) = values.len().checked_sub(2) else {
            return Self { mean, low: f64::NEG_INFINITY, high: f64::INFINITY };
        };
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let reach = STUDENT.get(freedom).unwrap_or(&STUDENT_MANY) * (variance / count).sqrt();
        Self { mean, low: mean - reach, high: mean + reach }
    }

    /// Returns the estimate of a ratio from pairs of values, one pair per seed. The ratios are averaged as logarithms,
    /// so that twice as much and half as much cancel out.
    pub fn of_ratio(values: &[f64], beside: &[f64]) -> Self {
        let ratios: Vec<_> = values.iter().zip(beside).map(|(value, beside)| (value / beside).ln()).collect();
        let Self { mean, low, high } = Self::of(&ratios);
        Self { mean: mean.exp(), low: low.exp(), high: high.exp() }
    }
}

/// A value that is known exactly.
impl From<f64> for Estimate {
    fn from(value: f64) -> Self {
        Self { mean: value, low: value, high: value }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        if self.low.to_bits() == self.high.to_bits() {
            return write!(f, "{:.digits$}", self.mean);
        }
        write!(f, "{:.digits$} ({:.digits$}–{:.digits$})", self.mean, self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_a_mean_with_students_interval() {
        let found = Estimate::of(&[1.0, 2.0, 3.0]);
        // The standard error is 1/√3, and t with two degrees of freedom is 4.303.
        assert!((found.mean - 2.0).abs() < 1e-12);
        assert!((found.high - (2.0 + 4.303 / 3f64.sqrt())).abs() < 1e-9, "{found:?}");
        assert_eq!(Estimate::of(&[5.0; 4]), Estimate::from(5.0));
        assert!(Estimate::of(&[5.0]).high.is_infinite());
    }

    #[test]
    fn ratios_are_averaged_as_logarithms() {
        let found = Estimate::of_ratio(&[2.0, 1.0], &[1.0, 2.0]);
        assert!((found.mean - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!(format!("{:.1}", Estimate::of_ratio(&[3.0, 3.0], &[2.0, 2.0])), "1.5");
    }

    #[test]
    fn more_values_than_the_table_has_are_no_error() {
        let many: Vec<_> = (0..200).map(|at| f64::from(at % 2)).collect();
        let found = Estimate::of(&many);
        assert!(found.low < 0.5 && found.high > 0.5 && found.high - found.low < 0.2, "{found:?}");
    }
}
