//! Volatile fields: fields that a panel changes by itself in nearly every item.
//!
//! Some panels send the time of the answer as `last_modified` of every item. Others put a token into every address.
//! Such a field says nothing about its item, and would make every sync write every row. One rule finds these fields: if
//! the values of a field differ in nearly all rows of a kind, in two listings in a row, the field is volatile for that
//! panel and kind, and is no longer compared.
//!
//! [`Standing`] is what is known of one field, and [`FieldFacts`] of all fields of a kind. A run derives a
//! [`Treatment`] from them for its listing. The diff counts in a [`Tally`], and [`FieldFacts::after`] returns what
//! follows. Nothing here knows a panel or a store.

mod facts;
mod tally;
mod treatment;

pub use facts::FieldFacts;
pub(crate) use facts::Heard;
pub(crate) use tally::{Decoded, Note, Tally};
pub use treatment::{LeftOut, Treatment};

/// The number of listings in a row that have to show the same before it counts.
const LISTINGS_IN_A_ROW: u32 = 2;

/// The seconds after which a volatile field is compared again: seven days.
const LOOKED_AT_AGAIN: i64 = 7 * 86_400;

/// The least number of differing rows that is taken for a habit of the panel.
const ROWS_MIN: u64 = 20;

/// What is known of one field of a kind at one panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The field is compared and written.
    Compared {
        /// The number of listings in a row in which the field met the rule.
        met: u32,
    },
    /// The field is unproven. Its differences are counted, but are no reason to write a row.
    Trial {
        /// The number of comparisons in a row in which the field did not meet the rule.
        rested: u32,
        /// The number of comparisons in a row in which it did.
        met: u32,
        /// The greatest number of rows that may hold an old value of the field.
        behind: u64,
    },
    /// The field is not compared.
    Volatile {
        /// The time at which it was last compared, in unix seconds.
        looked_at: i64,
    },
    /// The field is volatile, but the last listing has written it, so that the next one can be compared with it.
    Written {
        /// The time at which it was compared before that, in unix seconds.
        looked_at: i64,
    },
}

/// The result of one listing for a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The number of rows that are both listed and stored.
    pub(crate) rows: u64,
    /// The number of these rows in which the field differs, or may differ.
    pub(crate) differing: u64,
    /// Whether the field is the address of an image. Only its scheme, host and query are counted.
    pub(crate) image: bool,
}

impl Seen {
    /// Returns whether the field meets the rule. Images have a lower threshold, because their paths are compared in any
    /// case.
    pub(crate) const fn meets(self) -> bool {
        if self.image {
            self.differing > self.rows / 2
        } else {
            self.differing >= ROWS_MIN && self.differing as u128 * 10 >= self.rows as u128 * 9
        }
    }
}

impl Standing {
    /// Returns the standing of a field that begins as unproven, if up to `behind` rows may hold an old value of it.
    pub(crate) const fn trial(behind: u64) -> Self {
        Self::Trial { rested: 0, met: 0, behind }
    }

    /// Returns whether the field is volatile.
    pub const fn is_volatile(self) -> bool {
        matches!(self, Self::Volatile { .. } | Self::Written { .. })
    }

    /// Returns whether a volatile field is to be compared again. It is if the clock was set back.
    pub(crate) fn is_due(self, now: i64) -> bool {
        matches!(self, Self::Volatile { looked_at } if !(0..LOOKED_AT_AGAIN).contains(&now.saturating_sub(looked_at)))
    }

    /// Returns the standing after a comparison of two listings.
    pub(crate) fn after(self, seen: Seen, now: i64) -> Self {
        if seen.rows == 0 {
            return self;
        }
        let enough = |listings: u32| listings.saturating_add(1) >= LISTINGS_IN_A_ROW;
        match (self, seen.meets()) {
            (Self::Compared { met } | Self::Trial { met, .. }, true) if enough(met) => {
                Self::Volatile { looked_at: now }
            }
            (Self::Compared { met }, true) => Self::Compared { met: met + 1 },
            (Self::Trial { met, behind, .. }, true) => Self::Trial { rested: 0, met: met + 1, behind },
            (Self::Trial { rested, behind, .. }, false) if !enough(rested) => {
                Self::Trial { rested: rested + 1, met: 0, behind }
            }
            (Self::Compared { .. } | Self::Trial { .. } | Self::Written { .. }, false) => Self::Compared { met: 0 },
            (Self::Written { .. }, true) => Self::Volatile { looked_at: now },
            (Self::Volatile { .. }, _) => self,
        }
    }

    /// Returns the text that a store keeps.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Compared { met } => format!("display {met}"),
            Self::Trial { rested, met, behind } => format!("trial {rested} {met} {behind}"),
            Self::Volatile { looked_at } => format!("volatile {looked_at}"),
            Self::Written { looked_at } => format!("written {looked_at}"),
        }
    }

    /// Reads [`Self::text`].
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let name = words.next()?;
        let standing = match name {
            "display" => Self::Compared { met: words.next()?.parse().ok()? },
            "trial" => Self::Trial {
                rested: words.next()?.parse().ok()?,
                met: words.next()?.parse().ok()?,
                behind: words.next()?.parse().ok()?,
            },
            "volatile" => Self::Volatile { looked_at: words.next()?.parse().ok()? },
            "written" => Self::Written { looked_at: words.next()?.parse().ok()? },
            _ => return None,
        };
        words.next().is_none().then_some(standing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn seen(rows: u64, differing: u64) -> Seen {
        Seen { rows, differing, image: false }
    }

    #[test]
    fn field_27_a_field_meets_the_rule_in_nine_tenths_of_the_rows_and_in_twenty() {
        for (rows, differing, meets) in [
            (20, 20, true),
            (19, 19, false),
            (22, 20, true),
            (23, 20, false),
            (100, 90, true),
            (100, 89, false),
            (0, 0, false),
            (u64::MAX, u64::MAX, true),
        ] {
            assert_eq!(seen(rows, differing).meets(), meets, "{differing} of {rows}");
        }
    }

    #[test]
    fn an_image_meets_the_rule_in_more_than_half_of_the_rows_however_few_they_are() {
        for (rows, differing, meets) in [(2, 0, false), (2, 1, false), (2, 2, true), (3, 1, false), (3, 2, true)] {
            assert_eq!(Seen { image: true, ..seen(rows, differing) }.meets(), meets, "{differing} of {rows}");
        }
    }

    /// Applies listings, one per letter: `m` meets the rule, `r` does not, and `-` has no row that is stored.
    fn run(from: Standing, listings: &str) -> Standing {
        listings.chars().fold(from, |standing, listing| {
            let (rows, differing) = match listing {
                'm' => (100, 100),
                'r' => (100, 5),
                _ => (0, 0),
            };
            standing.after(seen(rows, differing), NOW)
        })
    }

    #[test]
    fn field_27_two_listings_in_a_row_make_a_field_volatile() {
        let volatile = Standing::Volatile { looked_at: NOW };
        for (listings, becomes) in [
            ("m", Standing::Compared { met: 1 }),
            ("mm", volatile),
            ("mrm", Standing::Compared { met: 1 }),
            ("m-m", volatile),
            ("mrmm", volatile),
            ("rr", Standing::Compared { met: 0 }),
            ("mmrrrr", volatile),
        ] {
            assert_eq!(run(Standing::Compared { met: 0 }, listings), becomes, "{listings}");
        }
        let written = Standing::Written { looked_at: 5 };
        for (listings, becomes) in [("m", volatile), ("r", Standing::Compared { met: 0 }), ("-", written)] {
            assert_eq!(run(written, listings), becomes, "written, {listings}");
        }
    }

    #[test]
    fn field_28_two_comparisons_in_a_row_end_a_trial_either_way() {
        let trial = |rested, met| Standing::Trial { rested, met, behind: 7 };
        for (listings, becomes) in [
            ("r", trial(1, 0)),
            ("rr", Standing::Compared { met: 0 }),
            ("rm", trial(0, 1)),
            ("rmr", trial(1, 0)),
            ("mm", Standing::Volatile { looked_at: NOW }),
            ("mr-r", Standing::Compared { met: 0 }),
        ] {
            assert_eq!(run(Standing::trial(7), listings), becomes, "{listings}");
        }
    }

    #[test]
    fn a_volatile_field_is_compared_again_after_a_week() {
        let volatile = Standing::Volatile { looked_at: NOW };
        let week = 7 * 86_400;
        for (at, due) in [(NOW, false), (NOW + week - 1, false), (NOW + week, true), (NOW - 1, true), (i64::MAX, true)]
        {
            assert_eq!(volatile.is_due(at), due, "{at}");
        }
        assert!(!Standing::Written { looked_at: 0 }.is_due(NOW) && !Standing::trial(0).is_due(NOW));
    }

    #[test]
    fn a_standing_survives_as_text() {
        let all = [
            Standing::Compared { met: 1 },
            Standing::Trial { rested: 1, met: 0, behind: u64::MAX },
            Standing::Volatile { looked_at: -5 },
            Standing::Written { looked_at: NOW },
        ];
        for standing in all {
            assert_eq!(Standing::read(&standing.text()), Some(standing));
        }
        for text in ["", "display", "display x", "trial 1 2", "volatile 1 2", "new 1"] {
            assert_eq!(Standing::read(text), None, "{text}");
        }
    }
}
