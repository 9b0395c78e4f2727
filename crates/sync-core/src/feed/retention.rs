//! Decides how long entries of the change log are kept. Pure functions.

use crate::run::options::Retention;
use crate::run::record::RunId;

/// A day in seconds.
const DAY: i64 = 86_400;

/// The facts about an entry on which pruning depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aged {
    /// The sequence of the entry.
    pub sequence: i64,
    /// The run of the entry.
    pub run: Option<RunId>,
    /// The time of the entry, in unix seconds.
    pub at: i64,
}

/// Returns the first sequence that is kept, or `None` if all entries are kept. The entries are those of a profile, by
/// ascending sequence.
///
/// Entries are pruned if they are too old or too many. The newest run is always kept completely, and so is a run of
/// which any entry is kept. The age of an entry is counted from `ages_from` at the earliest, so that entries of a
/// version without pruning age from the upgrade on.
pub fn kept_from(entries: &[Aged], retention: &Retention, ages_from: i64, now: i64) -> Option<i64> {
    let oldest = now.saturating_sub(i64::from(retention.feed_days).saturating_mul(DAY));
    let young = entries.iter().position(|entry| entry.at.max(ages_from) >= oldest).unwrap_or(entries.len());
    let room = usize::try_from(retention.feed_entries).unwrap_or(usize::MAX);
    let mut from = young.max(entries.len().saturating_sub(room));
    let begins = |run: RunId| entries.iter().position(|entry| entry.run == Some(run));
    let newest = entries.iter().rev().find_map(|entry| entry.run).and_then(begins);
    from = from.min(newest.unwrap_or(from));
    // Deletions by hand may lie between the entries of a run, but entries of another run never do.
    let cut = entries[from..].iter().find_map(|entry| entry.run).and_then(begins);
    from = from.min(cut.unwrap_or(from));
    let kept = entries.get(from).map(|entry| entry.sequence);
    (from > 0).then(|| kept.unwrap_or_else(|| entries[from - 1].sequence + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one entry per day, of these runs. 0 stands for no run.
    fn entries(runs: &[i64]) -> Vec<Aged> {
        let entry =
            |(at, run): (i64, &i64)| Aged { sequence: at + 1, run: (*run != 0).then_some(RunId(*run)), at: at * DAY };
        (0..).zip(runs).map(entry).collect()
    }

    #[test]
    fn whole_runs_are_pruned_when_they_are_too_old_or_too_many() {
        let keep = |feed_days, feed_entries| Retention { feed_days, feed_entries, ..Retention::default() };
        let runs = [1, 1, 2, 0, 3, 3];
        let cases = [
            ("nothing is old", keep(90, 100), 0, 6, None),
            ("the first run is old", keep(4, 100), 0, 6, Some(3)),
            ("half a run is old", keep(5, 100), 0, 6, None),
            ("a deletion by hand goes by itself", keep(2, 100), 0, 6, Some(5)),
            ("the newest run stays", keep(1, 100), 0, 900, Some(5)),
            ("there are too many", keep(90, 4), 0, 6, Some(3)),
            ("half a run is too much", keep(90, 5), 0, 6, None),
            ("the newest run stays though it is too much", keep(90, 1), 0, 6, Some(5)),
            ("nothing ages before the upgrade", keep(4, 100), 5 * DAY, 6, None),
        ];
        for (name, retention, ages_from, day, expected) in cases {
            assert_eq!(kept_from(&entries(&runs), &retention, ages_from, day * DAY), expected, "{name}");
        }
        let between = entries(&[1, 2, 0, 2, 3]);
        assert_eq!(kept_from(&between, &keep(90, 3), 0, 5 * DAY), Some(2), "a deletion by hand in the middle of a run");
        let none = keep(0, 0);
        assert_eq!(kept_from(&[], &none, 0, 9), None);
        assert_eq!(kept_from(&entries(&[0, 0]), &none, 0, 9 * DAY), Some(3), "all of it");
    }
}
