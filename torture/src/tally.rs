//! Counts of the faults and of the places that they hit. A campaign that never hits its targets proves nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;

type Word = Cow<'static, str>;

/// Counts by the action, and by its result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally(BTreeMap<(Word, Word), u64>);

/// The end of a program, or its equivalent.
pub(crate) const KILL: &str = "kill";
/// Kills within a transaction that writes.
pub(crate) const INSIDE: &str = "inside a transaction";
/// Kills after a commit of the run, and not within a transaction.
pub(crate) const AFTER: &str = "after a commit";

/// With fewer kills, the shares are random.
const ENOUGH_KILLS: u64 = 400;
/// The least share of kills inside a transaction, and after a commit, in per cent.
const LEAST_SHARE: u64 = 30;

impl Tally {
    pub(crate) fn count(&mut self, what: impl Into<Word>, how: impl Into<Word>) {
        self.count_many(what, how, 1);
    }

    pub(crate) fn count_many(&mut self, what: impl Into<Word>, how: impl Into<Word>, times: u64) {
        *self.0.entry((what.into(), how.into())).or_default() += times;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for ((what, how), times) in &other.0 {
            self.count_many(what.clone(), how.clone(), *times);
        }
    }

    /// Returns the actions, each with its count and the counts of its results.
    pub(crate) fn all(&self) -> Vec<(&str, u64, String)> {
        let entries: Vec<_> = self.0.iter().collect();
        let by_what = entries.chunk_by(|((a, _), _), ((b, _), _)| a == b);
        by_what
            .map(|ways| {
                let told: Vec<_> = ways.iter().map(|((_, how), times)| format!("{how} {times}")).collect();
                (ways[0].0.0.as_ref(), ways.iter().map(|(_, times)| *times).sum(), told.join(", "))
            })
            .collect()
    }

    /// Returns the targets that too few kills have hit.
    pub(crate) fn missed(&self) -> Vec<String> {
        let kills: BTreeMap<&str, u64> = self
            .0
            .iter()
            .filter(|((what, _), _)| what == KILL)
            .map(|((_, how), times)| (how.as_ref(), *times))
            .collect();
        let all: u64 = kills.values().sum();
        let missed = |aim| {
            let hit = kills.get(aim).copied().unwrap_or_default();
            let words = || format!("{hit} of {all} kills were {aim}, which is less than {LEAST_SHARE} %");
            (all >= ENOUGH_KILLS && hit * 100 < all * LEAST_SHARE).then(words)
        };
        [INSIDE, AFTER].into_iter().filter_map(missed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_that_miss_are_reported() {
        let mut tally = Tally::default();
        tally.count_many(KILL, INSIDE, 200);
        tally.count_many(KILL, "elsewhere", 199);
        assert!(tally.missed().is_empty(), "too few to say");
        tally.count(KILL, AFTER);
        assert_eq!(tally.missed(), ["1 of 400 kills were after a commit, which is less than 30 %"]);
        tally.count_many(KILL, AFTER, 199);
        assert!(tally.missed().is_empty());
        let told = "after a commit 200, elsewhere 199, inside a transaction 200".to_owned();
        assert_eq!(tally.all(), [(KILL, 599, told)]);
    }
}
