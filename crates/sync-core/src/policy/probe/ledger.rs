//! The facts about a way to probe: whether it is proved, and whether it is worth its bytes.

use std::fmt;

const DAY: i64 = 86_400;

/// The first time for which a way is dropped, in seconds. It doubles with each further time.
const DROPPED_FOR: i64 = 30 * DAY;

/// The greatest number of doublings.
const DOUBLINGS: u32 = 3;

/// The number of attempts at a proof that may end without a result before the way is dropped.
const ATTEMPTS: u32 = 5;

/// The number of looks after which a way is judged by its cost.
const JUDGED_AFTER: u32 = 8;

/// The number of looks after which all figures are halved, so that the past fades.
const FADES_AFTER: u32 = 64;

/// The number of lists in a row with unannounced additions after which a way is dropped. The probes before such a list
/// had seen nothing. A few such lists are normal, because the additions may have come after the last probe.
const MISSES: u32 = 8;

/// Whether a way can be used at a panel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// It is not known.
    #[default]
    Unknown,
    /// It was proved.
    Proved,
    /// It was dropped at this time, in unix seconds.
    Dropped(i64),
}

/// The costs and savings of a way, in wire bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The number of looks.
    pub looks: u32,
    /// The bytes of probes, and of the lists that followed them.
    pub spent: u64,
    /// The bytes of the lists that were not fetched.
    pub saved: u64,
}

/// The facts about a way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WayFacts {
    /// Whether it can be used.
    pub standing: Standing,
    /// The costs and savings.
    pub ledger: Ledger,
    /// The number of attempts at a proof so far.
    pub attempts: u32,
    /// The number of lists in a row with additions that no probe had announced.
    pub misses: u32,
    /// The number of times that it was dropped.
    pub drops: u32,
}

impl WayFacts {
    /// Returns the standing now. A way that was dropped is unknown again after 30 days, and after further times 60, 120
    /// and 240.
    pub fn standing(&self, now: i64) -> Standing {
        let Standing::Dropped(at) = self.standing else { return self.standing };
        let lasts = DROPPED_FOR << self.drops.saturating_sub(1).min(DOUBLINGS);
        if (0..lasts).contains(&now.saturating_sub(at)) { self.standing } else { Standing::Unknown }
    }

    /// Records a proof.
    pub(super) fn prove(&mut self) {
        *self = Self { standing: Standing::Proved, drops: self.drops, ..Self::default() };
    }

    /// Drops the way for a while.
    pub(super) fn drop_at(&mut self, now: i64) {
        *self = Self { standing: Standing::Dropped(now), drops: self.drops.saturating_add(1), ..Self::default() };
    }

    /// Records an attempt at a proof that ended without a result. After too many of them, the way is dropped.
    pub(super) fn unproved(&mut self, now: i64) {
        if self.standing(now) != Standing::Proved {
            *self = Self { standing: Standing::Unknown, attempts: self.attempts.saturating_add(1), ..*self };
            if self.attempts >= ATTEMPTS {
                self.drop_at(now);
            }
        }
    }

    /// Records the bytes of a probe that saw nothing, or of a probe that was followed by a list.
    pub(super) fn looked(&mut self, spent: u64, saved: u64, now: i64) {
        let ledger = &mut self.ledger;
        ledger.looks = ledger.looks.saturating_add(1);
        ledger.spent = ledger.spent.saturating_add(spent);
        ledger.saved = ledger.saved.saturating_add(saved);
        if ledger.looks >= FADES_AFTER {
            *ledger = Ledger { looks: ledger.looks / 2, spent: ledger.spent / 2, saved: ledger.saved / 2 };
        }
        if ledger.looks >= JUDGED_AFTER && ledger.spent > ledger.saved {
            self.drop_at(now);
        }
    }

    /// Records a list with additions that no probe had announced, although there were probes.
    pub(super) fn missed(&mut self, now: i64) {
        self.misses = self.misses.saturating_add(1);
        if self.misses >= MISSES {
            self.drop_at(now);
        }
    }

    /// Returns the row of the way; `None` if nothing is known.
    pub(super) fn text(&self) -> Option<String> {
        (*self != Self::default()).then(|| self.to_string())
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split(' ').collect();
        let [standing, at, looks, spent, saved, attempts, misses, drops] = words.as_slice() else { return None };
        Some(Self {
            standing: match *standing {
                "unknown" => Standing::Unknown,
                "proved" => Standing::Proved,
                "dropped" => Standing::Dropped(at.parse().ok()?),
                _ => return None,
            },
            ledger: Ledger { looks: looks.parse().ok()?, spent: spent.parse().ok()?, saved: saved.parse().ok()? },
            attempts: attempts.parse().ok()?,
            misses: misses.parse().ok()?,
            drops: drops.parse().ok()?,
        })
    }
}

impl fmt::Display for WayFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, at) = match self.standing {
            Standing::Unknown => ("unknown", 0),
            Standing::Proved => ("proved", 0),
            Standing::Dropped(at) => ("dropped", at),
        };
        let Ledger { looks, spent, saved } = self.ledger;
        write!(f, "{word} {at} {looks} {spent} {saved} {} {} {}", self.attempts, self.misses, self.drops)
    }
}
