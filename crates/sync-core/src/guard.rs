//! The removal guard: a pure decision whether missing items are really gone.
//!
//! Panels answer `[]` after an outage, cut their lists, and renumber. A missing item is therefore
//! no removal until the listing was proved complete and the loss is plausible. What the guard
//! stops is *held*: the rows stay, and a person or later evidence decides.

use std::fmt;

use crate::policy::GuardThresholds;

/// Why removals are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum HoldReason {
    /// The listing has no item, the cache has some.
    EmptyListing,
    /// More is missing than is plausible.
    ShareLost,
    /// The listing was not proved complete.
    IncompleteListing,
    /// Elements could not be read, or not wholly: a missing item may be one of them.
    UnreadableIds,
    /// Something other than white space follows the listing.
    TrailingBytes,
    /// The categories of the kind were not answered.
    CategoriesMissing,
    /// The account's end has passed.
    AccountExpired,
    /// A category that had many items has none.
    CategoryLost,
    /// Many items are missing, and many new ones have their names: the panel has given new ids.
    Renumbered,
    /// More than is plausible is missing in several kinds at once.
    SeveralKinds,
}

impl HoldReason {
    /// The code used in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmptyListing => "empty_listing",
            Self::ShareLost => "share_lost",
            Self::IncompleteListing => "incomplete_listing",
            Self::UnreadableIds => "unreadable_ids",
            Self::TrailingBytes => "trailing_bytes",
            Self::CategoriesMissing => "categories_missing",
            Self::AccountExpired => "account_expired",
            Self::CategoryLost => "category_lost",
            Self::Renumbered => "renumbered",
            Self::SeveralKinds => "several_kinds",
        }
    }

    /// The reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == code)
    }

    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::EmptyListing,
        Self::ShareLost,
        Self::IncompleteListing,
        Self::UnreadableIds,
        Self::TrailingBytes,
        Self::CategoriesMissing,
        Self::AccountExpired,
        Self::CategoryLost,
        Self::Renumbered,
        Self::SeveralKinds,
    ];

    /// Whether the loss itself is implausible, rather than the listing in doubt. What is held for
    /// such a reason stays held when a later listing is better but still misses it.
    pub const fn is_loss(self) -> bool {
        matches!(
            self,
            Self::EmptyListing | Self::ShareLost | Self::CategoryLost | Self::Renumbered | Self::SeveralKinds
        )
    }

    /// Whether the kind as a whole shrank implausibly.
    pub const fn is_shrink(self) -> bool {
        matches!(self, Self::EmptyListing | Self::ShareLost)
    }

    /// Whether listings that go on missing an item release it in time.
    pub const fn yields_to_evidence(self) -> bool {
        matches!(self, Self::ShareLost | Self::CategoryLost | Self::Renumbered)
    }

    /// Whether a person's consent is enough. Where the panel didn't answer the whole question,
    /// nobody can know what to consent to.
    pub const fn yields_to_consent(self) -> bool {
        !matches!(self, Self::IncompleteListing | Self::CategoriesMissing)
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyListing => "the panel listed nothing at all",
            Self::ShareLost => "more items are missing than is plausible",
            Self::IncompleteListing => "the listing was not complete",
            Self::UnreadableIds => "some elements of the listing could not be read",
            Self::TrailingBytes => "something follows the end of the listing",
            Self::CategoriesMissing => "the panel didn't answer for the categories",
            Self::AccountExpired => "the account has passed its end",
            Self::CategoryLost => "a category that had many items has none",
            Self::Renumbered => "the panel seems to have given its items new ids",
            Self::SeveralKinds => "more is missing than is plausible, in several kinds at once",
        })
    }
}

/// What is known when the guard decides.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all of them go into one decision")]
pub struct RemovalEvidence {
    /// Rows of the scope in the store.
    pub stored: u64,
    /// Items that the listing has.
    pub listed: u64,
    /// Rows that the listing doesn't have.
    pub missing: u64,
    /// Whether the listing was proved complete.
    pub complete: bool,
    /// Elements that could not be read, or not wholly, and are not known.
    pub unreadable: u64,
    /// Whether something follows the listing.
    pub trailing_bytes: bool,
    /// Whether the categories of the kind were answered.
    pub categories_answered: bool,
    /// Whether the account's end has passed.
    pub account_expired: bool,
}

/// What the guard decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The missing rows may go.
    Allow,
    /// They stay.
    Hold(HoldReason),
}

/// Decides whether the missing rows of a scope may be removed.
///
/// The reasons are tried from the hardest to the softest, so that the one reported is the one that
/// has to be mended first.
pub fn judge_removals(evidence: &RemovalEvidence, thresholds: GuardThresholds) -> Verdict {
    if evidence.missing == 0 {
        return Verdict::Allow;
    }
    let share_lost =
        u128::from(evidence.missing) * 100 > u128::from(evidence.stored) * u128::from(thresholds.share_percent);
    let reasons = [
        (!evidence.complete, HoldReason::IncompleteListing),
        (!evidence.categories_answered, HoldReason::CategoriesMissing),
        (evidence.account_expired, HoldReason::AccountExpired),
        (evidence.listed == 0, HoldReason::EmptyListing),
        (evidence.unreadable > 0, HoldReason::UnreadableIds),
        (evidence.trailing_bytes, HoldReason::TrailingBytes),
        (share_lost && evidence.missing > thresholds.floor_rows, HoldReason::ShareLost),
    ];
    match reasons.into_iter().find(|(applies, _)| *applies) {
        Some((_, reason)) => Verdict::Hold(reason),
        None => Verdict::Allow,
    }
}

/// Whether the categories that a panel's list of categories lacks were dropped by the panel, so that it meant
/// their items to go. An empty list says nothing, and one that lacks much may be cut: it must have most of what
/// was known, or lack one category only, and have at least one that was known.
pub(crate) fn are_dropped(stored: usize, missing: usize, thresholds: GuardThresholds) -> bool {
    let share =
        (missing as u128).saturating_mul(100) <= (stored as u128).saturating_mul(thresholds.share_percent.into());
    missing > 0 && missing < stored && (missing == 1 || share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_32_a_list_of_categories_that_lacks_much_says_nothing() {
        let dropped = |stored, missing| are_dropped(stored, missing, GuardThresholds::default());
        for (stored, missing) in [(2, 1), (3, 1), (10, 1), (10, 3), (1000, 300)] {
            assert!(dropped(stored, missing), "{missing} of {stored}");
        }
        for (stored, missing) in [(0, 0), (1, 0), (1, 1), (2, 2), (3, 2), (10, 4), (10, 10), (1000, 301)] {
            assert!(!dropped(stored, missing), "{missing} of {stored}");
        }
        assert!(!are_dropped(usize::MAX, usize::MAX - 1, GuardThresholds::default()));
    }

    const SOUND: RemovalEvidence = RemovalEvidence {
        stored: 1000,
        listed: 990,
        missing: 10,
        complete: true,
        unreadable: 0,
        trailing_bytes: false,
        categories_answered: true,
        account_expired: false,
    };

    fn judged(evidence: RemovalEvidence) -> Verdict {
        judge_removals(&evidence, GuardThresholds::default())
    }

    #[test]
    fn every_reason_is_told_in_words_of_its_own() {
        let told: std::collections::BTreeSet<_> = HoldReason::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), HoldReason::ALL.len());
        assert!(told.iter().all(|words| words.contains(' ')), "{told:?}");
    }

    #[test]
    fn a_small_loss_in_a_sound_listing_is_allowed() {
        assert_eq!(judged(SOUND), Verdict::Allow);
        assert_eq!(judged(RemovalEvidence { missing: 300, listed: 700, ..SOUND }), Verdict::Allow, "exactly the share");
    }

    #[test]
    fn a_loss_is_implausible_above_the_share_and_above_the_floor() {
        assert_eq!(judged(RemovalEvidence { missing: 301, ..SOUND }), Verdict::Hold(HoldReason::ShareLost));
        assert_eq!(judged(RemovalEvidence { stored: 60, missing: 50, ..SOUND }), Verdict::Allow, "exactly the floor");
        assert_eq!(judged(RemovalEvidence { stored: 60, missing: 51, ..SOUND }), Verdict::Hold(HoldReason::ShareLost));
        let lax = GuardThresholds { share_percent: 90, ..GuardThresholds::default() };
        assert_eq!(judge_removals(&RemovalEvidence { missing: 900, ..SOUND }, lax), Verdict::Allow);
    }

    #[test]
    fn an_empty_listing_removes_nothing_however_small_the_cache() {
        for stored in [1, 3, 50, 100_000] {
            let evidence = RemovalEvidence { stored, missing: stored, listed: 0, ..SOUND };
            assert_eq!(judged(evidence), Verdict::Hold(HoldReason::EmptyListing));
        }
    }

    #[test]
    fn a_doubtful_listing_removes_nothing() {
        let cases = [
            (RemovalEvidence { complete: false, ..SOUND }, HoldReason::IncompleteListing),
            (RemovalEvidence { unreadable: 1, ..SOUND }, HoldReason::UnreadableIds),
            (RemovalEvidence { trailing_bytes: true, ..SOUND }, HoldReason::TrailingBytes),
            (RemovalEvidence { categories_answered: false, ..SOUND }, HoldReason::CategoriesMissing),
            (RemovalEvidence { account_expired: true, ..SOUND }, HoldReason::AccountExpired),
        ];
        for (evidence, reason) in cases {
            assert_eq!(judged(evidence), Verdict::Hold(reason));
            assert_eq!(judged(RemovalEvidence { missing: 0, ..evidence }), Verdict::Allow, "nothing to hold");
            assert_eq!(HoldReason::from_code(reason.as_str()), Some(reason));
        }
    }
}
