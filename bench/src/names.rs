//! The names of the measurements, for the suite that records them and the report that reads them.

use crate::Outcome;

/// The name of the floor of a first sync.
pub(crate) const FLOOR: &str = "first, floor";

/// The name of the naive program without transactions.
pub(crate) const EACH: &str = "first, naive, a transaction a row";

/// Returns the names of the runs of another size.
pub(crate) fn slope_names(items: usize) -> Outcome<[&'static str; 3]> {
    match items {
        10_000 => Ok(["first, 10,000", "unchanged, 10,000", "first, floor, 10,000"]),
        1_000_000 => Ok(["first, 1,000,000", "unchanged, 1,000,000", "first, floor, 1,000,000"]),
        _ => Err(format!("{items} is no size of the slope").into()),
    }
}

/// Commands that people wait for, with their arguments.
pub(crate) const COMMANDS: [(&str, &[&str]); 3] =
    [("--help", &["--help"]), ("status", &["status"]), ("list --limit 10", &["list", "movies", "--limit", "10"])];
