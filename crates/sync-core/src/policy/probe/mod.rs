//! Probes: small questions that show whether a list has grown, so that the whole list needn't be fetched at each look.
//!
//! There are three ways to ask. *Growth* asks for the list from its last element on: if nothing was added or removed,
//! the answer is exactly this element. *Head* asks for the first elements of a list that has the newest first. *Canary*
//! asks for the categories to which new items have come so far. Whether a panel can be asked in a way is learnt by
//! proof for each kind ([`ProbeFacts`]). A way is given up when a list contradicts it, or when it costs more than it
//! saves.
//!
//! A probe that sees nothing is no evidence, neither for removals nor for edits. A whole list is therefore fetched at
//! least once a day, and at once if a probe sees a change.

mod base;
mod canary;
mod facts;
mod judge;
mod learning;
mod ledger;
mod news;

pub use base::Base;
pub use canary::{Candidate, chosen};
pub use facts::ProbeFacts;
pub use judge::{Answer, Verdict, is_same, of_category, of_growth, of_head};
pub use learning::{Asked, Listed, Question};
pub use ledger::{Ledger, Standing, WayFacts};
pub use news::News;

use std::fmt;

/// The greatest age of a whole list, in seconds. If the next look would come later than that, the list is fetched.
pub const WHOLE_WITHIN: i64 = 86_400;

/// The least size of a list, in wire bytes, for which a probe is worth its request.
pub const WORTH_BYTES: u64 = 32 << 10;

/// The number of elements that a growth probe asks for.
pub const PAGE: usize = 50;

/// The number of elements at the head of a list that have to be unchanged.
pub const HEAD: usize = 200;

/// Whether the service uses probes, as a profile sets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProbeSetting {
    /// Probes are used if the panel is known to answer them.
    #[default]
    Auto,
    /// Probes are never used.
    Off,
}

impl ProbeSetting {
    /// Returns the name used in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
        }
    }
}

/// A way to ask whether a list has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProbeWay {
    /// The elements behind an offset. There are more of them if the list has grown. Only for channels and movies.
    Growth,
    /// The first elements of a list that has the newest first.
    Head,
    /// The lists of the categories to which new items have come so far.
    Canary,
}

impl ProbeWay {
    /// Every way, the cheapest first.
    pub const ALL: [Self; 3] = [Self::Growth, Self::Head, Self::Canary];

    /// Returns the name used in facts and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Growth => "growth",
            Self::Head => "head",
            Self::Canary => "canary",
        }
    }
}

impl fmt::Display for ProbeWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kind of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The whole list is asked for, without a probe.
    Whole,
    /// A probe is asked for first, and the whole list only if the probe sees a change.
    Probe,
    /// A probe is asked for, and the whole list in any case, because it is old. The list shows whether the probe is
    /// reliable.
    Audit,
}

/// The circumstances of a look, besides the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// Our time, in unix seconds.
    pub now: i64,
    /// The time of the next look, in unix seconds, if there is one.
    pub next_look: Option<i64>,
    /// The watermark of the kind. Any other writer of the kind moves it.
    pub watermark: Option<i64>,
    /// The number of stored rows.
    pub rows: u64,
    /// The number of held removals.
    pub held: u64,
    /// The size of the last whole list, in bytes of the wire, if it is known.
    pub listing_bytes: Option<u64>,
}

/// Returns the kind of the next look.
///
/// A probe is asked for only if the last whole list is young enough, agrees with the store, and left nothing open.
pub fn look(facts: &ProbeFacts, at: &Circumstances) -> Look {
    let Some(base) = &facts.base else { return Look::Whole };
    let is_stored = Some(base.watermark) == at.watermark && base.rows == at.rows && at.held == 0;
    let is_worth_it = base.rows > 0 && at.listing_bytes.is_some_and(|bytes| bytes >= WORTH_BYTES);
    // A list of the future was received while the clock was wrong.
    if !is_stored || !is_worth_it || base.listed_at > at.now {
        return Look::Whole;
    }
    let is_young = at.next_look.is_some_and(|next| next <= base.listed_at.saturating_add(WHOLE_WITHIN));
    match () {
        () if is_young => Look::Probe,
        // A list can only contradict probes that came after the list before it.
        () if base.quiet > 0 => Look::Audit,
        () => Look::Whole,
    }
}

#[cfg(test)]
mod tests;
