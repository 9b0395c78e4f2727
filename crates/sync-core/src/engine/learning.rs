//! The facts that a run learns about a panel, and how they change its requests.

use crate::facts::KindFacts;
use crate::model::ContentKind;
use crate::ports::source::{AnswerFault, Completeness, SourceError};
use crate::ports::store::SyncState;
use crate::removal::guard::Doubt;
use crate::run::options::SyncOptions;

/// The seconds after which a kind that is not offered, or a listing that was too much, is tried again.
const TRIED_AGAIN: i64 = 86_400;

/// The number of runs in a row that have to see the same before it has an effect.
const RUNS_IN_A_ROW: u32 = 2;

/// The strategy by which a kind is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FetchStrategy {
    /// In one listing.
    Whole,
    /// In one listing, and by category if that is too much for the panel.
    WholeThenByCategory,
    /// Category by category.
    ByCategory,
}

/// Returns whether a kind need not be asked for, because the panel said within the last day that it doesn't offer it.
pub(super) fn is_not_offered(state: &SyncState, options: &SyncOptions, kind: ContentKind, now: i64) -> bool {
    let said_at = state.facts.kinds[kind].not_offered_at;
    is_known_as_not_offered(state, options, kind) && said_at.is_some_and(|at| recent(at, now))
}

/// Returns whether a kind is known as not offered: after one run if the kind never had items, else after two.
///
/// A run that names its kinds asks for them in any case, because the person wants to know about them. A full run
/// doesn't: its mode says how items are compared, not which kinds are offered.
pub(super) fn is_known_as_not_offered(state: &SyncState, options: &SyncOptions, kind: ContentKind) -> bool {
    let empty = state.rows[kind] == 0 && state.last_sync[kind].is_none();
    let runs = if empty { 1 } else { RUNS_IN_A_ROW };
    let named = options.kinds.len() < ContentKind::ALL.len();
    !named && state.facts.kinds[kind].not_offered >= runs
}

/// Returns whether less than a day has passed. It has not if the clock was set back.
pub(super) fn recent(at: i64, now: i64) -> bool {
    (0..TRIED_AGAIN).contains(&now.saturating_sub(at))
}

/// Returns whether an error suggests that the whole listing was too much for the panel.
pub(super) fn is_overload(error: &SourceError) -> bool {
    matches!(
        error,
        SourceError::Unreachable { overloaded: true, .. } | SourceError::Unusable { fault: AnswerFault::Truncated, .. }
    )
}

impl KindFacts {
    /// Returns the strategy by which the kind is fetched in this run.
    pub(super) fn way(&self, now: i64) -> FetchStrategy {
        let ignored = self.filter_ignored_at.is_some_and(|at| recent(at, now));
        if ignored || self.overloads.saturating_add(1) < RUNS_IN_A_ROW {
            return FetchStrategy::Whole;
        }
        let known = self.overloads >= RUNS_IN_A_ROW;
        if known && self.whole_asked_at.is_some_and(|at| recent(at, now)) {
            FetchStrategy::ByCategory
        } else {
            FetchStrategy::WholeThenByCategory
        }
    }

    /// Records that the whole listing was too much for the panel.
    pub(super) fn overloaded(&mut self, now: i64) {
        self.overloads = self.overloads.saturating_add(1).min(RUNS_IN_A_ROW);
        self.whole_asked_at = Some(now);
    }

    /// Records that the whole listing failed for another reason: the count of runs in a row begins again, and a fact
    /// that is already learnt stays.
    pub(super) fn failed_otherwise(&mut self) {
        if self.overloads < RUNS_IN_A_ROW {
            self.whole_came();
        }
    }

    /// Records that the whole listing was received.
    pub(super) fn whole_came(&mut self) {
        self.overloads = 0;
        self.whole_asked_at = None;
    }

    /// Records the size of a complete listing, if its source tells it.
    pub(super) fn sized(&mut self, end: Completeness) {
        self.listing_wire_bytes = end.wire_bytes.or(self.listing_wire_bytes);
    }

    /// Records that the panel answered with a listing.
    pub(super) fn offered(&mut self) {
        self.not_offered = 0;
        self.not_offered_at = None;
    }

    /// Records that the panel denied the listing and answered for another kind.
    pub(super) fn denied(&mut self, now: i64) {
        self.not_offered = self.not_offered.saturating_add(1).min(RUNS_IN_A_ROW);
        self.not_offered_at = Some(now);
    }

    /// Records the defects of a complete listing; returns one that is not a known defect, if there is one.
    pub(super) fn defects(&mut self, end: Completeness) -> Option<Doubt> {
        let (unreadable, known) = Self::sighted(self.unreadable, end.unreadable > 0, end.unreadable_digest);
        self.unreadable = unreadable;
        let unreadable = end.unreadable > 0 && !known;
        let (trailing, known) = Self::sighted(self.trailing, end.trailing_bytes, end.trailing_digest);
        self.trailing = trailing;
        let trailing = end.trailing_bytes && !known;
        match (unreadable, trailing) {
            (true, _) => Some(Doubt::UnreadableIds),
            (_, true) => Some(Doubt::TrailingBytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::options::SyncMode;

    const NOW: i64 = 1_700_000_000;

    #[test]
    fn a_listing_that_is_too_much_breaks_off_or_overloads_the_panel() {
        let unreachable = |overloaded| SourceError::Unreachable { message: String::new(), attempts: 4, overloaded };
        let unusable = |fault| SourceError::Unusable { fault, message: String::new() };
        assert!(is_overload(&unreachable(true)) && is_overload(&unusable(AnswerFault::Truncated)));
        for other in [unreachable(false), unusable(AnswerFault::Html), SourceError::internal("?")] {
            assert!(!is_overload(&other), "{other:?}");
        }
    }

    /// A digest of no elements is none.
    #[test]
    fn only_defects_that_were_seen_become_known() {
        let stray = Completeness { unreadable_digest: Some(1), trailing_digest: Some(2), ..Completeness::default() };
        let seen = Completeness { unreadable: 1, trailing_bytes: true, ..stray };
        let mut facts = KindFacts::default();
        assert_eq!(facts.defects(seen), Some(Doubt::UnreadableIds));
        assert!(facts.unreadable.is_some() && facts.trailing.is_some());
        assert_eq!(facts.defects(stray), None);
        assert_eq!((facts.unreadable, facts.trailing), (None, None));
    }

    #[test]
    fn after_two_overloads_a_kind_is_fetched_by_category_for_a_day() {
        let mut facts = KindFacts::default();
        assert_eq!(facts.way(NOW), FetchStrategy::Whole);
        facts.overloaded(NOW);
        assert_eq!(facts.way(NOW), FetchStrategy::WholeThenByCategory);
        facts.failed_otherwise();
        assert_eq!(facts, KindFacts::default(), "not one after the other");
        facts.overloaded(NOW);
        facts.overloaded(NOW);
        facts.failed_otherwise();
        assert_eq!(facts.overloads, 2);
        assert_eq!(facts.way(NOW + 86_399), FetchStrategy::ByCategory);
        assert_eq!(facts.way(NOW + 86_400), FetchStrategy::WholeThenByCategory);
        assert_eq!(facts.way(NOW - 1), FetchStrategy::WholeThenByCategory, "a clock that was set back");
        facts.filter_ignored_at = Some(NOW);
        assert_eq!(facts.way(NOW), FetchStrategy::Whole);
        assert_eq!(facts.way(NOW + 86_400), FetchStrategy::WholeThenByCategory, "that is tried again as well");
        facts.filter_ignored_at = None;
        facts.whole_came();
        assert_eq!(facts, KindFacts::default());
    }

    #[test]
    fn an_empty_kind_is_not_offered_after_one_denial_and_others_after_two() {
        let mut state = SyncState::default();
        let movies = ContentKind::Movies;
        let options = SyncOptions::default();
        assert!(!is_not_offered(&state, &options, movies, NOW));
        state.facts.kinds[ContentKind::Movies].denied(NOW);
        assert!(is_not_offered(&state, &options, movies, NOW + 1));
        assert!(!is_not_offered(&state, &options, movies, NOW + 86_400), "asked again after a day");
        assert!(is_known_as_not_offered(&state, &options, movies), "and still known");
        assert!(!is_not_offered(&state, &SyncOptions { kinds: vec![movies], ..options.clone() }, movies, NOW));
        assert!(is_not_offered(&state, &SyncOptions { mode: SyncMode::Full, ..options.clone() }, movies, NOW));
        state.rows[ContentKind::Movies] = 5;
        assert!(!is_not_offered(&state, &options, movies, NOW));
        state.facts.kinds[ContentKind::Movies].denied(NOW);
        assert!(is_not_offered(&state, &options, movies, NOW));
        state.facts.kinds[ContentKind::Movies].offered();
        assert_eq!(state.facts.kinds[ContentKind::Movies], KindFacts::default());
    }

    #[test]
    fn field_26_these_answers_deny_a_kind_and_no_others() {
        let unusable = |fault| SourceError::Unusable { fault, message: String::new() };
        for fault in [AnswerFault::AccountObject, AnswerFault::ErrorObject, AnswerFault::UnknownRequest] {
            assert!(unusable(fault).denies_the_kind(), "{fault:?}");
        }
        for fault in [
            AnswerFault::Status,
            AnswerFault::OtherObject,
            AnswerFault::Html,
            AnswerFault::Empty,
            AnswerFault::NotAList,
        ] {
            assert!(!unusable(fault).denies_the_kind(), "{fault:?}");
        }
        assert!(!SourceError::Refused { message: String::new() }.denies_the_kind());
    }
}
