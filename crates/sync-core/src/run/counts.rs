//! The seven counts. They are the same in reports, tables, logs and tests.

use std::ops::AddAssign;

/// The counts of a run, for a kind or for all kinds.
///
/// `added + updated + refreshed + unchanged` are the listed items. `removed + held` are the items that the store had
/// and the listing didn't. `skipped` are elements of the listing that could not be read, or not completely.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counts {
    /// New items.
    pub added: u64,
    /// Items whose significant fields changed.
    pub updated: u64,
    /// Items of which only display fields changed.
    pub refreshed: u64,
    /// Removed items.
    pub removed: u64,
    /// Items without a change that counts.
    pub unchanged: u64,
    /// Missing items whose rows stay until the evidence is enough or a person agrees.
    pub held: u64,
    /// Elements that could not be read, or not completely.
    pub skipped: u64,
}

impl Counts {
    /// Returns the number of listed items.
    pub const fn listed(&self) -> u64 {
        self.added + self.updated + self.refreshed + self.unchanged
    }

    /// Returns whether there are entries of the change log: a row is new, gone, or has another significant field.
    pub const fn has_changes(&self) -> bool {
        self.added + self.updated + self.removed > 0
    }

    /// Returns whether no row was written or removed.
    pub const fn is_quiet(&self) -> bool {
        self.added + self.updated + self.refreshed + self.removed == 0
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.updated += other.updated;
        self.refreshed += other.refreshed;
        self.removed += other.removed;
        self.unchanged += other.unchanged;
        self.held += other.held;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(from: u64) -> Counts {
        let [added, updated, refreshed, removed, unchanged, held, skipped] = [0, 1, 2, 3, 4, 5, 6].map(|at| from << at);
        Counts { added, updated, refreshed, removed, unchanged, held, skipped }
    }

    #[test]
    fn every_count_is_added_up() {
        let mut sum = counts(3);
        sum += counts(7);
        assert_eq!(sum, counts(10));
    }

    #[test]
    fn listed_items_are_summed_up() {
        assert_eq!(counts(1).listed(), 1 + 2 + 4 + 16);
        assert_eq!(Counts::default().listed(), 0);
    }

    #[test]
    fn a_run_is_quiet_if_it_writes_no_row() {
        let none = Counts::default();
        assert!(Counts { unchanged: 1, held: 1, skipped: 1, ..none }.is_quiet());
        for loud in [
            Counts { added: 1, ..none },
            Counts { updated: 1, ..none },
            Counts { refreshed: 1, ..none },
            Counts { removed: 1, ..none },
        ] {
            assert!(!loud.is_quiet(), "{loud:?}");
        }
    }
}
