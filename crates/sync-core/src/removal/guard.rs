//! The removal guard: the reasons to hold removals, and the thresholds above which a loss is implausible. Pure
//! functions.
//!
//! Panels answer `[]` after an outage, cut their lists, and renumber. A missing item is therefore
//! removed only if the listing is proved complete and the loss is plausible. All other removals are
//! *held*: the rows stay, until a person or later evidence decides.

use std::fmt;

use crate::run::options::GuardThresholds;

/// The reason why removals are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// The listing is in doubt. The next sound listing ends the hold.
    Doubt(Doubt),
    /// The loss itself is implausible. A listing that is only better doesn't end the hold.
    Loss(Loss),
}

/// The reason why a listing doesn't prove that an item is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Doubt {
    /// Elements could not be read, or only in part: a missing item may be one of them.
    UnreadableIds,
    /// Something other than white space follows the listing.
    TrailingBytes,
    /// The panel did not answer for the categories of the kind.
    CategoriesMissing,
    /// The account has expired.
    AccountExpired,
}

/// The reason why a loss is implausible, however sound the listing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// The listing has no items, and the cache has some.
    EmptyListing,
    /// More items are missing than the thresholds allow.
    ShareLost,
    /// A category that had many items has none.
    CategoryLost,
    /// Many items are missing, and most of them are listed under new ids.
    Renumbered,
    /// More items are missing than the thresholds allow, in several kinds in one run.
    SeveralKinds,
    /// An undo brought the item back, and the panel doesn't list it.
    Undone,
}

impl Doubt {
    /// Every doubt.
    pub const ALL: [Self; 4] =
        [Self::UnreadableIds, Self::TrailingBytes, Self::CategoriesMissing, Self::AccountExpired];

    const fn as_str(self) -> &'static str {
        match self {
            Self::UnreadableIds => "unreadable_ids",
            Self::TrailingBytes => "trailing_bytes",
            Self::CategoriesMissing => "categories_missing",
            Self::AccountExpired => "account_expired",
        }
    }

    /// Returns whether consent releases the removals. It doesn't without the categories, because a person can't know
    /// then what they consent to.
    pub const fn yields_to_consent(self) -> bool {
        !matches!(self, Self::CategoriesMissing)
    }
}

impl Loss {
    /// Every loss.
    pub const ALL: [Self; 6] =
        [Self::EmptyListing, Self::ShareLost, Self::CategoryLost, Self::Renumbered, Self::SeveralKinds, Self::Undone];

    const fn as_str(self) -> &'static str {
        match self {
            Self::EmptyListing => "empty_listing",
            Self::ShareLost => "share_lost",
            Self::CategoryLost => "category_lost",
            Self::Renumbered => "renumbered",
            Self::SeveralKinds => "several_kinds",
            Self::Undone => "undone",
        }
    }

    /// Returns whether the kind as a whole shrank implausibly.
    pub const fn is_shrink(self) -> bool {
        matches!(self, Self::EmptyListing | Self::ShareLost)
    }

    /// Returns whether evidence releases the removals: several sound listings over several days without the item.
    pub const fn yields_to_evidence(self) -> bool {
        matches!(self, Self::ShareLost | Self::CategoryLost | Self::Renumbered)
    }
}

impl HoldReason {
    /// Every reason, in the order in which they are printed.
    pub const ALL: [Self; 10] = [
        Self::Loss(Loss::EmptyListing),
        Self::Loss(Loss::ShareLost),
        Self::Doubt(Doubt::UnreadableIds),
        Self::Doubt(Doubt::TrailingBytes),
        Self::Doubt(Doubt::CategoriesMissing),
        Self::Doubt(Doubt::AccountExpired),
        Self::Loss(Loss::CategoryLost),
        Self::Loss(Loss::Renumbered),
        Self::Loss(Loss::SeveralKinds),
        Self::Loss(Loss::Undone),
    ];

    /// The codes of earlier versions that no run writes any more, each with the reason that replaces it.
    ///
    /// `incomplete_listing` was a doubt without consent, and of today's doubts only [`Doubt::CategoriesMissing`] is
    /// one. Nothing is decided about an incomplete listing any more.
    const FORMER: [(&'static str, Self); 1] = [("incomplete_listing", Self::Doubt(Doubt::CategoriesMissing))];

    /// Returns the code used in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Doubt(doubt) => doubt.as_str(),
            Self::Loss(loss) => loss.as_str(),
        }
    }

    /// Returns the reason with this code, or the one that replaces a code of an earlier version.
    pub fn from_code(code: &str) -> Option<Self> {
        let former = Self::FORMER.into_iter().find(|(known, _)| *known == code).map(|(_, reason)| reason);
        Self::ALL.into_iter().find(|reason| reason.as_str() == code).or(former)
    }

    /// Returns every code that [`Self::from_code`] reads.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(Self::as_str).chain(Self::FORMER.into_iter().map(|(code, _)| code))
    }

    /// Returns whether the loss itself is implausible, and not only the listing in doubt. A removal that is held for
    /// such a reason stays held if a later listing is better and still doesn't have the item.
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::Loss(_))
    }

    /// Returns whether the kind as a whole shrank implausibly.
    pub const fn is_shrink(self) -> bool {
        matches!(self, Self::Loss(loss) if loss.is_shrink())
    }

    /// Returns whether evidence releases the removals: several sound listings over several days without the item.
    pub const fn yields_to_evidence(self) -> bool {
        matches!(self, Self::Loss(loss) if loss.yields_to_evidence())
    }

    /// Returns whether consent releases the removals.
    pub const fn yields_to_consent(self) -> bool {
        match self {
            Self::Doubt(doubt) => doubt.yields_to_consent(),
            Self::Loss(_) => true,
        }
    }
}

impl From<Doubt> for HoldReason {
    fn from(doubt: Doubt) -> Self {
        Self::Doubt(doubt)
    }
}

impl From<Loss> for HoldReason {
    fn from(loss: Loss) -> Self {
        Self::Loss(loss)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnreadableIds => "some elements of the list could not be read",
            Self::TrailingBytes => "something follows the end of the list",
            Self::CategoriesMissing => "the panel didn't answer for the categories",
            Self::AccountExpired => "the account has expired",
        })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyListing => "the panel listed nothing",
            Self::ShareLost => "more items are missing than is plausible",
            Self::CategoryLost => "a category that had many items has none",
            Self::Renumbered => "the panel seems to have given its items new ids",
            Self::SeveralKinds => "more items are missing than is plausible, in several kinds at once",
            Self::Undone => "an undo brought the items back, and the panel doesn't list them",
        })
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doubt(doubt) => doubt.fmt(f),
            Self::Loss(loss) => loss.fmt(f),
        }
    }
}

/// Returns the reason why the loss of `missing` of `stored` items is implausible; `None` if it is plausible.
///
/// An empty listing is implausible however small the cache is. Any other loss is implausible if it exceeds both the
/// share and the floor.
pub fn implausible(stored: u64, listed: u64, missing: u64, thresholds: GuardThresholds) -> Option<Loss> {
    let share_lost = u128::from(missing) * 100 > u128::from(stored) * u128::from(thresholds.share_percent);
    match () {
        () if missing == 0 => None,
        () if listed == 0 => Some(Loss::EmptyListing),
        () => (share_lost && missing > thresholds.floor_rows).then_some(Loss::ShareLost),
    }
}

/// Returns whether the panel has dropped the categories that are missing in its list of categories, so that their items
/// were meant to go. A list that is empty or lacks many categories may be cut. It is believed only if it has at least
/// one known category, and either lacks no more than the share or lacks one category only.
pub(crate) fn are_dropped(stored: usize, missing: usize, thresholds: GuardThresholds) -> bool {
    let share =
        (missing as u128).saturating_mul(100) <= (stored as u128).saturating_mul(thresholds.share_percent.into());
    missing > 0 && missing < stored && (missing == 1 || share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_32_a_short_list_of_categories_proves_nothing() {
        let dropped = |stored, missing| are_dropped(stored, missing, GuardThresholds::default());
        for (stored, missing) in [(2, 1), (3, 1), (10, 1), (10, 3), (1000, 300)] {
            assert!(dropped(stored, missing), "{missing} of {stored}");
        }
        for (stored, missing) in [(0, 0), (1, 0), (1, 1), (2, 2), (3, 2), (10, 4), (10, 10), (1000, 301)] {
            assert!(!dropped(stored, missing), "{missing} of {stored}");
        }
        assert!(!are_dropped(usize::MAX, usize::MAX - 1, GuardThresholds::default()));
    }

    #[test]
    fn every_reason_has_its_own_words() {
        let told: std::collections::BTreeSet<_> = HoldReason::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), HoldReason::ALL.len());
        assert!(told.iter().all(|words| words.contains(' ')), "{told:?}");
    }

    /// Codes are stored, and scripts read them.
    #[test]
    fn codes_are_stable() {
        let codes = [
            "empty_listing",
            "share_lost",
            "unreadable_ids",
            "trailing_bytes",
            "categories_missing",
            "account_expired",
            "category_lost",
            "renumbered",
            "several_kinds",
            "undone",
        ];
        assert_eq!(HoldReason::ALL.map(HoldReason::as_str), codes);
        assert_eq!(HoldReason::from_code("?"), None);
        let all: Vec<_> = HoldReason::codes().collect();
        assert_eq!(all, [&codes[..], &["incomplete_listing"]].concat());
        for code in all {
            let reason = HoldReason::from_code(code).unwrap();
            assert_eq!(reason.as_str() == code, code != "incomplete_listing");
        }
    }

    #[test]
    fn every_reason_is_a_doubt_or_a_loss() {
        let reasons: std::collections::HashSet<_> = HoldReason::ALL.into_iter().collect();
        let doubts = Doubt::ALL.into_iter().map(HoldReason::from);
        assert_eq!(
            doubts.chain(Loss::ALL.into_iter().map(HoldReason::from)).collect::<std::collections::HashSet<_>>(),
            reasons
        );
    }

    /// A cache of an earlier version may have it.
    #[test]
    fn a_former_code_has_the_same_consequences() {
        let reason = HoldReason::from_code("incomplete_listing").unwrap();
        assert_eq!(reason, HoldReason::Doubt(Doubt::CategoriesMissing));
        assert!(
            !reason.is_loss() && !reason.is_shrink() && !reason.yields_to_evidence() && !reason.yields_to_consent()
        );
    }

    fn judged(stored: u64, missing: u64) -> Option<Loss> {
        implausible(stored, stored - missing + 5, missing, GuardThresholds::default())
    }

    #[test]
    fn a_small_loss_in_a_sound_listing_is_allowed() {
        assert_eq!(judged(1000, 10), None);
        assert_eq!(judged(1000, 300), None, "exactly the share");
    }

    #[test]
    fn a_loss_is_implausible_above_the_share_and_above_the_floor() {
        assert_eq!(judged(1000, 301), Some(Loss::ShareLost));
        assert_eq!(judged(60, 50), None, "exactly the floor");
        assert_eq!(judged(60, 51), Some(Loss::ShareLost));
        let lax = GuardThresholds { share_percent: 90, ..GuardThresholds::default() };
        assert_eq!(implausible(1000, 100, 900, lax), None);
    }

    #[test]
    fn an_empty_listing_removes_nothing_however_small_the_cache() {
        for stored in [1, 3, 50, 100_000] {
            assert_eq!(implausible(stored, 0, stored, GuardThresholds::default()), Some(Loss::EmptyListing));
        }
        assert_eq!(implausible(0, 0, 0, GuardThresholds::default()), None, "nothing to hold");
    }
}
